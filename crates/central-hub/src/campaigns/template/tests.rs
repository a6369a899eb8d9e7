use proptest::prelude::*;

use super::*;

fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn fill(text: &str, pairs: &[(&str, &str)]) -> String {
    Template::parse(text).unwrap().fill(&fields(pairs))
}

#[test]
fn values_are_filled_in() {
    let ana = [("nombre", "Ana"), ("razon_social", "Ñandú S.A.")];
    for (text, expected) in [
        ("Hola", "Hola"),
        ("Hola {nombre}!", "Hola Ana!"),
        ("Hola {nombre_destino}!", "Hola Ana!"),
        ("{ NOMBRE } de {Razón Social}", "Ana de Ñandú S.A."),
        ("{nombre}{nombre}", "AnaAna"),
        ("{{nombre}} {{{nombre}}}", "{nombre} {Ana}"),
        ("}}{{", "}{"),
        ("{ciudad|tu ciudad}", "tu ciudad"),
        ("{ciudad| }x", " x"),
        ("{nombre|amigo}", "Ana"),
        ("una\nlínea {nombre}\n", "una\nlínea Ana\n"),
    ] {
        assert_eq!(fill(text, &ana), expected, "{text}");
    }
}

#[test]
fn filled_values_are_not_expanded_again() {
    let pairs = [("nombre", "{empresa} }{ {{"), ("empresa", "secreta")];
    assert_eq!(fill("Hola {nombre}", &pairs), "Hola {empresa} }{ {{");
}

#[test]
fn faults_have_a_place() {
    for (text, fault, offset, line, column) in [
        ("", Fault::Empty, 0, 1, 1),
        (" \n ", Fault::Empty, 0, 1, 1),
        ("Hola {nombre", Fault::Unclosed, 5, 1, 6),
        ("Hola {nombre\n}", Fault::Unclosed, 5, 1, 6),
        ("Hola {nombre {empresa}", Fault::Unclosed, 5, 1, 6),
        ("ñandú\nhola }", Fault::Unopened, 11, 2, 6),
        ("a\n\n{}", Fault::Nameless, 3, 3, 1),
        ("{ - }", Fault::Nameless, 0, 1, 1),
        ("{|x}", Fault::Nameless, 0, 1, 1),
        ("{", Fault::Unclosed, 0, 1, 1),
        ("{{}", Fault::Unopened, 2, 1, 3),
    ] {
        let error = Template::parse(text).unwrap_err();
        let place = Position {
            offset,
            line,
            column,
        };
        assert_eq!((error.fault, error.place), (fault, place), "{text:?}");
    }
    let long = format!("{{{}}}", "a".repeat(MAX_NAME_LENGTH + 1));
    assert_eq!(
        Template::parse(&long).unwrap_err().fault,
        Fault::NameTooLong
    );
}

#[test]
fn an_unknown_variable_is_named_with_its_place() {
    let template = Template::parse("Hola {nombre},\nde {Empresa} en {ciudad}").unwrap();
    let columns = ["empresa".to_owned()];
    let error = template.check(&columns).unwrap_err();
    assert_eq!(error.fault, Fault::Unknown);
    assert_eq!(error.variable.as_deref(), Some("ciudad"));
    let place = Position {
        offset: 31,
        line: 2,
        column: 17,
    };
    assert_eq!(error.place, place);
    assert_eq!(
        error.to_string(),
        "{ciudad} is not a column of the list (line 2, column 17)"
    );
    let columns = ["empresa".to_owned(), "ciudad".to_owned()];
    assert_eq!(template.check(&columns), Ok(()));
    // A default value does not make an unknown column valid.
    let template = Template::parse("{ciudad|acá}").unwrap();
    assert!(template.check(&[]).is_err());
}

#[test]
fn missing_values_are_reported() {
    let template = Template::parse("{nombre} {empresa} {ciudad|acá} {empresa|x}").unwrap();
    assert_eq!(template.variables(), ["nombre", "empresa", "ciudad"]);
    assert_eq!(template.required(), ["nombre", "empresa"]);
    assert_eq!(template.missing(&fields(&[])), Some("nombre"));
    let ana = fields(&[("nombre", "Ana"), ("empresa", "")]);
    assert_eq!(template.missing(&ana), Some("empresa"));
    let ana = fields(&[("nombre_destino", "Ana"), ("empresa", "X")]);
    assert_eq!(template.missing(&ana), None);
}

#[test]
fn texts_do_not_reach_a_log() {
    let template = Template::parse("secreto {nombre|escondido}").unwrap();
    let shown = format!("{template:?}");
    assert!(
        !shown.contains("secreto") && !shown.contains("escondido"),
        "{shown}"
    );
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_with_a_place_in_it(text in "[a-z{}|\n ñ]{0,40}") {
        match Template::parse(&text) {
            Ok(template) => {
                let all: Fields = template
                    .variables()
                    .into_iter()
                    .map(|name| (name.to_owned(), "v".to_owned()))
                    .collect();
                prop_assert_eq!(template.missing(&all), None);
                let _ = template.fill(&all);
                let _ = template.fill(&Fields::new());
            }
            Err(error) => {
                let length = text.chars().count();
                prop_assert!(error.place.offset <= length);
                let before: String = text.chars().take(error.place.offset).collect();
                prop_assert_eq!(error.place.line, before.matches('\n').count() + 1);
                let last = before.rsplit('\n').next().unwrap_or_default();
                prop_assert_eq!(error.place.column, last.chars().count() + 1);
            }
        }
    }

    #[test]
    fn a_text_with_its_braces_doubled_stays_itself(text in "[a-z{}|\n ñ]{1,40}") {
        prop_assume!(!text.trim().is_empty());
        let doubled = text.replace('{', "{{").replace('}', "}}");
        prop_assert_eq!(Template::parse(&doubled).unwrap().fill(&Fields::new()), text);
    }

    #[test]
    fn values_come_through_untouched(value in "\\PC{1,30}") {
        let filled = fill("<{nombre}>", &[("nombre", &value)]);
        prop_assert_eq!(filled, format!("<{value}>"));
    }
}
