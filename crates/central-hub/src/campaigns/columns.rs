//! Normalizes the names of columns and variables as people and spreadsheets
//! write them.
//!
//! `Teléfono `, `TELEFONO` and `telefono` are the same name; so are
//! `Razón social` and `{razon_social}`.

use std::collections::BTreeMap;

use crate::text::fold;

/// The key of the recipient's name, whatever the column's heading is.
pub const NAME: &str = "nombre";
/// Alias of [`NAME`] in templates.
pub const NAME_ALIAS: &str = "nombre_destino";

/// Normalizes a heading to the name of its column and variable: lower case, no
/// accents, and one `_` for anything between words. The result is empty if
/// nothing is left.
#[must_use]
pub fn key(heading: &str) -> String {
    let mut key = String::new();
    for c in fold(heading).chars() {
        if c.is_alphanumeric() {
            key.push(c);
        } else if !key.is_empty() && !key.ends_with('_') {
            key.push('_');
        }
    }
    key.truncate(key.trim_end_matches('_').len());
    key
}

/// The values of one recipient, by column key.
pub type Fields = BTreeMap<String, String>;

/// Returns the value of a variable, from its column or from the alias of the name.
#[must_use]
pub fn value<'a>(fields: &'a Fields, variable: &str) -> Option<&'a str> {
    let found = fields.get(variable).filter(|value| !value.is_empty());
    let other = match variable {
        NAME => NAME_ALIAS,
        NAME_ALIAS => NAME,
        _ => return found.map(String::as_str),
    };
    found
        .or_else(|| fields.get(other).filter(|value| !value.is_empty()))
        .map(String::as_str)
}

/// Returns whether a template may use `variable` with these columns.
#[must_use]
pub fn is_known<'a>(variable: &str, mut columns: impl Iterator<Item = &'a str>) -> bool {
    matches!(variable, NAME | NAME_ALIAS) || columns.any(|column| column == variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings() {
        for (heading, expected) in [
            ("Teléfono ", "telefono"),
            ("TELÉFONO", "telefono"),
            ("  Razón   social / Fantasía ", "razon_social_fantasia"),
            ("Año", "ano"),
            ("e-mail", "e_mail"),
            ("N° de teléfono", "n_de_telefono"),
            ("Straße", "straße"),
            ("名前", "名前"),
            ("_ - _", ""),
            ("", ""),
        ] {
            assert_eq!(key(heading), expected, "{heading}");
            assert_eq!(key(&key(heading)), key(heading), "a key is its own key");
        }
        // Decomposed Unicode, as macOS writes it.
        assert_eq!(key("Tele\u{301}fono"), "telefono");
    }

    #[test]
    fn two_words_for_the_name() {
        let fields: Fields = [("nombre".to_owned(), "Ana".to_owned())].into();
        assert_eq!(value(&fields, "nombre"), Some("Ana"));
        assert_eq!(value(&fields, "nombre_destino"), Some("Ana"));
        let fields: Fields = [
            ("nombre".to_owned(), String::new()),
            ("nombre_destino".to_owned(), "Bea".to_owned()),
        ]
        .into();
        assert_eq!(value(&fields, "nombre"), Some("Bea"));
        assert_eq!(value(&fields, "empresa"), None);
    }
}
