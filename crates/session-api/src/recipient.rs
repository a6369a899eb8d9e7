//! `Recipient`: parses and normalizes phone numbers and WhatsApp ids.

use std::fmt;

use crate::validate::{Invalid, is_invisible, refuse};

const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
/// Number of digits of a LID, which is not a phone number and can be longer.
const LID_DIGITS: std::ops::RangeInclusive<usize> = 5..=20;

/// A recipient in WhatsApp's own form: `5491158254201@c.us` or `123456@lid`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Recipient(String);

// Full numbers stay out of logs.
impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.0.len().saturating_sub(self.server().len() + 1);
        let tail = end.saturating_sub(3);
        write!(f, "Recipient(…{})", &self.0[tail..])
    }
}

impl Recipient {
    /// Parses a number in international form, or a WhatsApp id (`…@c.us`,
    /// `…@lid`). Spaces, dashes, dots and parentheses are accepted only after a
    /// `+`: `381 15 555-1234` is Argentine to the person who writes it, but
    /// Serbian by its first digits, and this function knows no region to
    /// decide. Argentina's 9 after 54 is kept as given.
    ///
    /// # Errors
    /// If the text is neither; groups (`…@g.us`) are rejected as well.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::parse_as("to", text)
    }

    pub(crate) fn parse_as(field: &'static str, text: &str) -> Result<Self, Invalid> {
        let refuse = |wants: &'static str| refuse(field, wants);
        let text = text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
        let (number, server) = match text.rsplit_once('@') {
            None => (text, "c.us"),
            Some((number, "c.us" | "s.whatsapp.net")) => (number, "c.us"),
            Some((number, "lid")) => (number, "lid"),
            Some((_, "g.us")) => return refuse("is a group: only persons can be written to"),
            Some(_) => return refuse("has an unknown kind of WhatsApp id: use …@c.us or …@lid"),
        };
        let visible: String = number.chars().filter(|c| !is_invisible(*c)).collect();
        let says_its_country = visible.starts_with('+') || text.contains('@');
        let number = visible.strip_prefix('+').unwrap_or(&visible);
        if !says_its_country && number.contains(is_separator) {
            return refuse(
                "is written as a local number: begin with + and the country code, such as +54 9 11 5825-4201",
            );
        }
        let number = number.replace(is_separator, "");
        let length = if server == "lid" { LID_DIGITS } else { DIGITS };
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || !length.contains(&number.len()) || number.starts_with('0') {
            return refuse(
                "has to be a number in international form, 8 to 15 digits such as 5491158254201",
            );
        }
        Ok(Self(format!("{number}@{server}")))
    }

    /// Returns the WhatsApp id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn server(&self) -> &str {
        self.0.rsplit('@').next().unwrap_or_default()
    }
}

/// Returns whether people write this character between the digits of a number:
/// spaces, dots, parentheses and dashes of any kind.
fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '-' | '.' | '(' | ')' | '\u{2010}'
                ..='\u{2015}' | '\u{2212}' | '\u{ff0d}' | '\u{fe58}' | '\u{fe63}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_are_normalised() {
        for (given, id) in [
            ("5491158254201", "5491158254201@c.us"),
            ("+54 9 11 5825-4201", "5491158254201@c.us"),
            (" +54 (911) 5825.4201 ", "5491158254201@c.us"),
            (
                "+54\u{2011}9\u{2009}11\u{202f}5825–4201",
                "5491158254201@c.us",
            ),
            (
                "\u{2066}+54\u{200b}9 11 58254201\u{2069}",
                "5491158254201@c.us",
            ),
            ("\u{202d}5491158254201\u{202c}", "5491158254201@c.us"),
            ("5491158254201@c.us", "5491158254201@c.us"),
            ("5491158254201@s.whatsapp.net", "5491158254201@c.us"),
            ("541158254201", "541158254201@c.us"),
            ("123456789012345678@lid", "123456789012345678@lid"),
        ] {
            assert_eq!(Recipient::parse(given).unwrap().as_str(), id, "{given}");
        }
    }

    #[test]
    fn invalid_values_are_rejected_without_being_repeated() {
        for given in [
            "",
            "hola",
            "1234567",
            "1234567890123456",
            "012345678",
            "++5491158254201",
            "5491158254201@g.us",
            "5491158254201@example.com",
            "@c.us",
            "5491158254201@",
            "５４９１１５８２５４２０１",
            "549115825420\u{0}1",
        ] {
            let error = Recipient::parse(given).unwrap_err().to_string();
            assert!(given.len() < 5 || !error.contains(given), "{error}");
        }
    }

    #[test]
    fn local_numbers_are_not_read_as_another_countrys() {
        for given in [
            "381 15 555-1234",
            "11 5825-4201",
            "(381) 155551234",
            "351\u{2011}5551234",
            "\u{2066}381 155551234\u{2069}",
            "54 9 11 5825-4201",
        ] {
            let error = Recipient::parse(given).unwrap_err().to_string();
            assert!(error.contains("country code"), "{given}: {error}");
        }
    }

    #[test]
    fn only_the_end_of_a_number_reaches_a_log() {
        let shown = format!("{:?}", Recipient::parse("5491158254201").unwrap());
        assert_eq!(shown, "Recipient(…201@c.us)");
    }
}
