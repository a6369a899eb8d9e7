//! A cell with a number, and what spreadsheets do to it.
//!
//! `Recipient` says what a number is; here only the spreadsheet is taken off
//! it first. What a spreadsheet has destroyed (`5.49116E+12` has lost its last
//! digits) is refused and never guessed.

use session_api::Recipient;

/// Why a cell is no number to write to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PhoneFault {
    /// There is nothing in it.
    Empty,
    /// `5.49116E+12`: digits are lost.
    Scientific,
    /// `5491158254201.37`.
    Fraction,
    /// `11 5825-4201 / 11 4444-5555`.
    Several,
    /// A group or another kind of id.
    NotAPerson,
    /// Anything else.
    NotANumber,
}

impl PhoneFault {
    /// The machine's word for it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "PHONE_EMPTY",
            Self::Scientific => "PHONE_SCIENTIFIC",
            Self::Fraction => "PHONE_FRACTION",
            Self::Several => "PHONE_SEVERAL",
            Self::NotAPerson => "PHONE_NOT_A_PERSON",
            Self::NotANumber => "PHONE_INVALID",
        }
    }

    /// For a person: what is wrong and what helps.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Empty => "there is no number",
            Self::Scientific => {
                "the spreadsheet wrote the number as 5.49E+12 and lost its last digits: format the column as text and enter the number again"
            }
            Self::Fraction => "the number has decimals: format the column as text",
            Self::Several => "there is more than one number: give each a line of its own",
            Self::NotAPerson => "only persons can be written to, not groups or other ids",
            Self::NotANumber => {
                "it has to be a number in international form, 8 to 15 digits such as 5491158254201"
            }
        }
    }
}

/// The recipient that a cell names. A number without `+` and of at most ten
/// digits gets `prefix` (digits, such as `549`) in front, if there is one: it
/// is local.
///
/// # Errors
/// Why it names none.
pub fn parse(cell: &str, prefix: Option<&str>) -> Result<Recipient, PhoneFault> {
    let text = unwrapped(cell);
    if text.is_empty() {
        return Err(PhoneFault::Empty);
    }
    if let Some((_, server)) = text.rsplit_once('@') {
        return Recipient::parse(text).map_err(|_| match server {
            "c.us" | "s.whatsapp.net" | "lid" => PhoneFault::NotANumber,
            _ => PhoneFault::NotAPerson,
        });
    }
    if is_scientific(text) {
        return Err(PhoneFault::Scientific);
    }
    if text.contains(['/', ';', '|', '\n']) || text.matches('+').count() > 1 {
        return Err(PhoneFault::Several);
    }
    let number = without_fraction(text)?;
    let number = without_thousands(&number);
    if let Some(prefix) = prefix.filter(|_| !number.starts_with('+')) {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let local = digits.trim_start_matches('0');
        // What is no number stays none: only its digits are not looked at.
        if local.len() <= 10 && Recipient::parse(&format!("1{number}")).is_ok() {
            return Recipient::parse(&format!("{prefix}{local}"))
                .map_err(|_| PhoneFault::NotANumber);
        }
    }
    Recipient::parse(&number).map_err(|_| PhoneFault::NotANumber)
}

/// Without what a spreadsheet or a person puts around a number to keep it
/// text: `'549…`, `="549…"`, `tel:549…`.
fn unwrapped(cell: &str) -> &str {
    let is_around = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '\'' | '"' | '`' | '\u{200e}' | '\u{202a}' | '\u{202c}' | '\u{feff}'
            )
    };
    let text = cell.trim_matches(is_around);
    let text = text.strip_prefix('=').unwrap_or(text);
    let text = text.trim_matches(is_around);
    match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => text[4..].trim(),
        _ => text,
    }
}

/// `5.49116E+12`, `5,49116e12`.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(exponent.trim_start_matches(['+', '-'])) && digits(&mantissa.replace(['.', ','], ""))
}

/// `5491158254201.0` and `5491158254201,00` are whole numbers; the dot must
/// not be taken for a separator, or the zero would become a digit.
fn without_fraction(text: &str) -> Result<String, PhoneFault> {
    let Some((whole, fraction)) = text.rsplit_once(['.', ',']) else {
        return Ok(text.to_owned());
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // A plain number with one mark in it: what a spreadsheet exports. Groups
    // of three are a person's `5.491.158`, which has more than one mark, or a
    // number too short to write to.
    if !digits(whole) || whole.len() < 8 || !digits(fraction) {
        return Ok(text.to_owned());
    }
    if fraction.bytes().all(|byte| byte == b'0') {
        return Ok(whole.to_owned());
    }
    Err(PhoneFault::Fraction)
}

/// `5,491,158,254,201`; dots `Recipient` drops by itself.
fn without_thousands(text: &str) -> String {
    let mut groups = text.split(',');
    let first = groups.next().unwrap_or_default();
    let is_group = |group: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_digit())
    };
    if text.contains(',') && is_group(first, 1..=3) && groups.all(|group| is_group(group, 3..=3)) {
        return text.replace(',', "");
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(cell: &str) -> Result<String, PhoneFault> {
        parse(cell, None).map(|recipient| recipient.as_str().to_owned())
    }

    #[test]
    fn numbers_as_spreadsheets_write_them() {
        for cell in [
            "5491158254201",
            " +54 9 11 5825-4201 ",
            "5491158254201.0",
            "5491158254201,00",
            "'5491158254201",
            "=\"5491158254201\"",
            "tel:+54-911-5825-4201",
            "Tel: 5491158254201",
            "5.491.158.254.201",
            "5,491,158,254,201",
            "+54 (911) 5825.4201",
            "\u{202a}+54 9 11 5825-4201\u{202c}",
            "5491158254201@c.us",
            "5491158254201@s.whatsapp.net",
        ] {
            assert_eq!(id(cell), Ok("5491158254201@c.us".to_owned()), "{cell}");
        }
        assert_eq!(
            id("123456789012345678@lid"),
            Ok("123456789012345678@lid".to_owned())
        );
    }

    #[test]
    fn what_is_lost_is_not_guessed() {
        for (cell, fault) in [
            ("", PhoneFault::Empty),
            (" ' ", PhoneFault::Empty),
            ("5.49116E+12", PhoneFault::Scientific),
            ("5,49116E+12", PhoneFault::Scientific),
            ("5e12", PhoneFault::Scientific),
            ("5491158254201.37", PhoneFault::Fraction),
            ("1158254201 / 1144445555", PhoneFault::Several),
            ("+5491158254201 +5491144445555", PhoneFault::Several),
            ("5491158254201; 5491144445555", PhoneFault::Several),
            ("1234567890-123@g.us", PhoneFault::NotAPerson),
            ("ana@example.com", PhoneFault::NotAPerson),
            ("hola@c.us", PhoneFault::NotANumber),
            ("no tiene", PhoneFault::NotANumber),
            ("011 5825-4201", PhoneFault::NotANumber),
            ("12345", PhoneFault::NotANumber),
            ("5491158254201 (Ana)", PhoneFault::NotANumber),
        ] {
            assert_eq!(id(cell), Err(fault), "{cell}");
            assert!(!fault.reason().is_empty() && !fault.code().is_empty());
        }
    }

    #[test]
    fn local_numbers_get_the_prefix() {
        let with = |cell| parse(cell, Some("549")).map(|it| it.as_str().to_owned());
        assert_eq!(with("11 5825-4201"), Ok("5491158254201@c.us".to_owned()));
        assert_eq!(with("011 5825-4201"), Ok("5491158254201@c.us".to_owned()));
        assert_eq!(with("5491158254201"), Ok("5491158254201@c.us".to_owned()));
        assert_eq!(with("+1 212 555 0100"), Ok("12125550100@c.us".to_owned()));
        for cell in ["11 5825 a201", "", "(ver) 11"] {
            assert!(with(cell).is_err(), "{cell}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(cell in "\\PC{0,30}") {
            let _ = parse(&cell, None);
            let _ = parse(&cell, Some("549"));
        }

        /// However a number is decorated, it is that number or refused.
        #[test]
        fn no_number_becomes_another(digits in "[1-9][0-9]{9,13}", form in 0..6) {
            let cell = match form {
                0 => digits.clone(),
                1 => format!("+{digits}"),
                2 => format!("{digits}.0"),
                3 => format!("{digits},000"),
                4 => format!("'{digits}"),
                _ => format!("{} {}", &digits[..3], &digits[3..]),
            };
            prop_assert_eq!(id(&cell), Ok(format!("{digits}@c.us")));
        }
    }
}
