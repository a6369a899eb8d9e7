//! Recognizes columns by their headings in Spanish, Portuguese and English,
//! with numbers and punctuation around the word (`Nro. de celular`,
//! `Celular 1`, `Billing Phone`, `Phone 1 - Value`).

use super::columns::{NAME, NAME_ALIAS};

/// Kinds of number columns; the kind most likely to be on WhatsApp comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Number {
    Mobile,
    Whatsapp,
    Phone,
    /// `numero`, `to`: unspecific, used only if no heading is more specific.
    Unspecific,
    Landline,
}

const MOBILE: &[&str] = &[
    "celular",
    "celulares",
    "cel",
    "celu",
    "movil",
    "moviles",
    "mobile",
    "mobiles",
    "cell",
    "telemovel",
    "telemoveis",
    "smartphone",
    "cellular",
    "mov",
];
const WHATSAPP: &[&str] = &[
    "whatsapp", "whatsap", "watsapp", "watsap", "wasap", "wapp", "wsp", "wpp", "wa", "whats",
];
const PHONE: &[&str] = &[
    "telefono",
    "telefonos",
    "tel",
    "tels",
    "telef",
    "tele",
    "tlf",
    "tlfno",
    "tfno",
    "fono",
    "phone",
    "phones",
    "telephone",
    "telefone",
    "telefones",
    "fone",
    "msisdn",
];
const UNSPECIFIC: &[&str] = &[
    "numero",
    "number",
    "nro",
    "num",
    "destinatario",
    "destinatarios",
    "to",
    "recipient",
];
const LANDLINE: &[&str] = &[
    "fijo",
    "fijos",
    "fija",
    "linea",
    "landline",
    "fixo",
    "residencial",
    "casa",
    "home",
    "hogar",
    "particular",
    "oficina",
    "office",
    "work",
    "trabajo",
    "trabalho",
    "laboral",
    "comercial",
];
/// Prefixes that are long enough to be unambiguous, as in `telefonocelular`.
/// Trailing digits are removed before the comparison.
const STEMS: &[(&str, Number)] = &[
    ("celular", Number::Mobile),
    ("mobilephone", Number::Mobile),
    ("mobilenumber", Number::Mobile),
    ("cellphone", Number::Mobile),
    ("telefonocelular", Number::Mobile),
    ("telefonomovil", Number::Mobile),
    ("nrocelular", Number::Mobile),
    ("whatsapp", Number::Whatsapp),
    ("telefono", Number::Phone),
    ("telefone", Number::Phone),
    ("phonenumber", Number::Phone),
    ("numerodetelefono", Number::Phone),
    ("numerotelefono", Number::Phone),
    ("nrotelefono", Number::Phone),
];
/// Words that show that a column relates to numbers but holds none.
const NOT_THE_NUMBER: &[&str] = &[
    "fax",
    "tipo",
    "type",
    "label",
    "etiqueta",
    "fecha",
    "date",
    "data",
    "hora",
    "modelo",
    "model",
    "marca",
    "brand",
    "compania",
    "operador",
    "operadora",
    "carrier",
    "plan",
    "plano",
    "precio",
    "price",
    "preco",
    "estado",
    "status",
    "verificado",
    "verified",
    "valido",
    "valid",
    "extension",
    "ext",
    "interno",
    "codigo",
    "code",
    "area",
    "prefijo",
    "prefixo",
    "prefix",
    "country",
    "pais",
    "dni",
    "cuit",
    "cuil",
    "cpf",
    "cantidad",
    "count",
    "email",
    "mail",
    "correo",
    "direccion",
    "address",
    "calle",
    "nombre",
    "name",
    "apellido",
    "notas",
    "nota",
    "notes",
    "observaciones",
    "comentario",
    "comentarios",
    "mensaje",
    "message",
    "opt",
    "acepta",
    "optin",
];
/// Filler words that carry no meaning.
const FILLERS: &[&str] = &[
    "de",
    "del",
    "la",
    "el",
    "da",
    "do",
    "of",
    "the",
    "n",
    "no",
    "nr",
    "principal",
    "primary",
    "main",
    "value",
    "valor",
    "contacto",
    "contact",
    "contato",
    "billing",
    "shipping",
    "your",
    "su",
    "tu",
    "seu",
    "id",
];

/// Headings of the name column, the likeliest first.
const NAME_HEADINGS: &[&str] = &[
    NAME,
    NAME_ALIAS,
    "nombre_completo",
    "nombre_y_apellido",
    "nombre_y_apellidos",
    "nombres_y_apellidos",
    "apellido_y_nombre",
    "apellido_y_nombres",
    "apellidos_y_nombres",
    "nombre_apellido",
    "apellido_nombre",
    "nombre_del_cliente",
    "nombre_cliente",
    "contacto",
    "name",
    "full_name",
    "first_name",
    "contact",
    "nome",
    "nome_completo",
    "given_name",
    "nombres",
    "billing_first_name",
];

/// Headings of the explanation column in the file of rejected lines that the
/// page creates. When a user corrects that file and uploads it again, this
/// column is not data of the recipients.
const NOTE_HEADINGS: &[&str] = &["que_corregir", "what_to_correct"];

/// Returns the columns of phone numbers among these keys, the likeliest first.
/// The others are the fallbacks for an empty cell.
#[must_use]
pub fn phone_columns(keys: &[String]) -> Vec<usize> {
    let mut found: Vec<_> = keys
        .iter()
        .enumerate()
        .filter_map(|(index, key)| Some((number(key)?, index)))
        .collect();
    found.sort_unstable();
    // Unspecific headings count only if there is no specific one.
    if found.iter().any(|(kind, _)| *kind != Number::Unspecific) {
        found.retain(|(kind, _)| *kind != Number::Unspecific);
    }
    found.into_iter().map(|(_, index)| index).collect()
}

/// Returns whether the column only explains a rejection and is skipped.
#[must_use]
pub fn is_note(key: &str) -> bool {
    NOTE_HEADINGS.contains(&key)
}

/// Returns whether a heading marks a column that holds no phone number (`DNI`, `Fecha`),
/// whatever its cells contain.
#[must_use]
pub fn is_not_a_phone_heading(key: &str) -> bool {
    words(key).any(|word| NOT_THE_NUMBER.contains(&word))
}

/// Returns the words of a key, without trailing digits.
fn words(key: &str) -> impl Iterator<Item = &str> {
    key.split('_')
        .map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()))
        .filter(|word| !word.is_empty())
}

fn number(key: &str) -> Option<Number> {
    let words: Vec<_> = words(key).collect();
    if is_not_a_phone_heading(key) {
        return None;
    }
    let has = |known: &[&str]| words.iter().any(|word| known.contains(word));
    let stem = words.iter().find_map(|word| {
        let stems = STEMS.iter().filter(|(stem, _)| word.starts_with(stem));
        stems
            .max_by_key(|(stem, _)| stem.len())
            .map(|(_, kind)| *kind)
    });
    let kind = if has(MOBILE) {
        Number::Mobile
    } else if has(WHATSAPP) {
        Number::Whatsapp
    } else if let Some(kind) = stem {
        kind
    } else if has(PHONE) {
        Number::Phone
    } else {
        // No other word may follow these, as it does in `numero de cuotas`.
        let is_plain = |word: &&str| UNSPECIFIC.contains(word) || FILLERS.contains(word);
        return (has(UNSPECIFIC) && words.iter().all(is_plain)).then_some(Number::Unspecific);
    };
    Some(match kind {
        Number::Phone if has(LANDLINE) => Number::Landline,
        kind => kind,
    })
}

/// Returns the index of the name column among these keys.
#[must_use]
pub fn name_column(keys: &[String]) -> Option<usize> {
    let find = |keys: &[String]| {
        NAME_HEADINGS
            .iter()
            .find_map(|name| keys.iter().position(|key| key == name))
    };
    find(keys).or_else(|| {
        let without_digits: Vec<_> = keys
            .iter()
            .map(|key| words(key).collect::<Vec<_>>().join("_"))
            .collect();
        find(&without_digits)
    })
}

#[cfg(test)]
mod tests {
    use super::super::columns::key;
    use super::*;

    fn chosen(headings: &[&str]) -> Vec<usize> {
        let keys: Vec<_> = headings.iter().map(|it| key(it)).collect();
        phone_columns(&keys)
    }

    #[test]
    fn headings_of_a_number() {
        for heading in [
            "Nro. de celular",
            "Celular 1",
            "Billing Phone",
            "Phone 1 - Value",
            "N° de teléfono",
            "Teléfono móvil",
            "TEL.",
            "Cel:",
            "Celular (WhatsApp)",
            "Número de WhatsApp",
            "WhatsApp Number",
            "wa_id",
            "Mobile Phone",
            "Cell",
            "phoneNumber",
            "TELEFONO2",
            "Telefone celular",
            "Nº do telemóvel",
            "Fone",
            "Home Phone",
            "Tel. fijo",
            "Teléfono de contacto",
            "Número",
            "destinatario",
            "to",
            "Número principal",
        ] {
            assert_eq!(chosen(&["Nombre", heading]), [1], "{heading}");
        }
    }

    #[test]
    fn headings_that_are_of_something_else() {
        for heading in [
            "Phone 1 - Type",
            "Phone 1 - Label",
            "Fax",
            "Número de cliente",
            "Nro. documento",
            "Modelo de celular",
            "Automóvil",
            "Hotel",
            "Phonetic First Name",
            "Código de área",
            "Casa",
            "Numero de cuotas",
            "Fecha del teléfono",
            "Home",
            "",
        ] {
            assert!(chosen(&["Nombre", heading]).is_empty(), "{heading}");
        }
    }

    #[test]
    fn mobiles_before_whatsapp_before_phones_before_landlines() {
        let headings = ["Tel fijo", "Teléfono", "WhatsApp", "Número", "Celular"];
        assert_eq!(chosen(&headings), [4, 2, 1, 0]);
        assert_eq!(chosen(&["Nombre", "Telefono", "Celular"]), [2, 1]);
        assert_eq!(chosen(&["Phone 2 - Value", "Phone 1 - Value"]), [0, 1]);
    }

    #[test]
    fn the_likeliest_column_is_taken() {
        let keys = |names: &[&str]| names.iter().map(|name| key(name)).collect::<Vec<_>>();
        let headings = keys(&["Número", "Nombre_destino", "Celular", "Nombre"]);
        assert_eq!(phone_columns(&headings), [2]);
        assert_eq!(name_column(&headings), Some(3));
        let headings = keys(&["Full name", "Mobile"]);
        assert_eq!(phone_columns(&headings), [1]);
        assert_eq!(name_column(&headings), Some(0));
        for heading in [
            "Apellido y nombre",
            "APELLIDO/NOMBRE",
            "Nombre y Apellido",
            "Nombre del cliente",
        ] {
            let headings = keys(&["Celular", "Barrio", heading]);
            assert_eq!(name_column(&headings), Some(2), "{heading}");
        }
        assert!(phone_columns(&keys(&["Empresa", "Ciudad"])).is_empty());
    }
}
