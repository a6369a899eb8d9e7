//! Normalizes the mobile mark in a phone number (`line_key`).
//!
//! In three countries a mobile number can be written with or without a mark.
//! WhatsApp knows each account under one of the two forms, depending on the
//! year in which the account was created:
//!
//! ```text
//!  Argentina  54 9 AAA XXXXXXX   54 AAA XXXXXXX    ENACOM's numbering plan: the 9 is dialled
//!                                                  from abroad; area and line are 10 digits,
//!                                                  which no other line has
//!  Brazil     55 DD 9 XXXXXXXX   55 DD XXXXXXXX    Anatel, Resolução 553/2010: a 9 before the
//!                                                  mobile numbers, which began with 6 to 9
//!  Mexico     52 1 XXXXXXXXXX    52 XXXXXXXXXX     IFT, dialling plan of 3 August 2019: the 1
//!                                                  is gone; national numbers begin with 2 to 9
//! ```
//!
//! WhatsApp's own help ("About international phone number format") names the
//! same marks for Argentina and Mexico.

use std::borrow::Cow;

/// Returns the normal form of a number (digits with the country code): with
/// Argentina's 9 and Brazil's ninth digit, without Mexico's 1. Any other number
/// is returned unchanged.
#[must_use]
pub fn line_key(number: &str) -> Cow<'_, str> {
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Cow::Borrowed(number);
    }
    match number.as_bytes() {
        // Argentine area codes begin with 1, 2 or 3.
        [b'5', b'4', b'1'..=b'3', ..] if number.len() == 12 => {
            Cow::Owned(format!("549{}", &number[2..]))
        }
        // A Brazilian landline begins with 2 to 5 and never had the ninth digit.
        [b'5', b'5', b'1'..=b'9', b'1'..=b'9', b'6'..=b'9', ..] if number.len() == 12 => {
            Cow::Owned(format!("{}9{}", &number[..4], &number[4..]))
        }
        [b'5', b'2', b'1', b'2'..=b'9', ..] if number.len() == 13 => {
            Cow::Owned(format!("52{}", &number[3..]))
        }
        _ => Cow::Borrowed(number),
    }
}

#[cfg(test)]
mod tests {
    use super::line_key;

    #[test]
    fn both_spellings_are_one_line() {
        for (one, other, key) in [
            ("541158254201", "5491158254201", "5491158254201"),
            ("543815551234", "5493815551234", "5493815551234"),
            ("542966123456", "5492966123456", "5492966123456"),
            ("551187654321", "5511987654321", "5511987654321"),
            ("552161234567", "5521961234567", "5521961234567"),
            ("5215512345678", "525512345678", "525512345678"),
            ("5213312345678", "523312345678", "523312345678"),
        ] {
            assert_eq!(line_key(one), key, "{one}");
            assert_eq!(line_key(other), key, "{other}");
        }
    }

    #[test]
    fn other_lines_stay_apart() {
        for number in [
            // Argentina's 0800, and numbers that are too long or too short.
            "548001234567",
            "54115825420",
            "54911582542011",
            // A landline in São Paulo, and a mobile that never had eight digits.
            "551132654321",
            "5511932654321",
            // No Brazilian area code contains a 0.
            "550187654321",
            // A Mexican number of ten digits, and one whose first digit only looks like a mark.
            "525512345678",
            "5211512345678",
            // Other countries and formats.
            "12125550100",
            "34612345678",
            "",
            "5411 5825-4201",
        ] {
            assert_eq!(line_key(number), number);
        }
    }

    #[test]
    fn line_key_is_idempotent() {
        for number in [
            "541158254201",
            "551187654321",
            "5215512345678",
            "4915112345678",
        ] {
            let key = line_key(number).into_owned();
            assert_eq!(line_key(&key), key);
        }
    }
}
