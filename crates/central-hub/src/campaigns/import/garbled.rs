//! Detects text that was decoded in a wrong encoding: `Mu¤oz`, `TelŽfono`, `MuÃ±oz`.

use std::borrow::Cow;

use encoding_rs::{MACINTOSH, UTF_8, WINDOWS_1252};

use super::charset::Charset;

/// Letters of Spanish and Portuguese beyond ASCII.
const LETTERS: &str = "áéíóúüñçãõâêôàÁÉÍÓÚÜÑÇÃÕÂÊÔÀ";
/// Characters that never follow a letter: the bytes of [`LETTERS`] in the DOS
/// and Macintosh encodings, decoded as Windows-1252.
const NEVER_AFTER_A_LETTER: &str = "¤¢£¥‚ƒ„‡†ˆ‰¡¿‹µ¶§¬¦";
/// Such characters that never precede a letter.
const NEVER_BEFORE_A_LETTER: &str = "¤¥µƒ¶§¬";
/// Such characters that never stand between two lower-case letters.
const NEVER_BETWEEN_LETTERS: &str = "–—™›÷×¯¸¼½¾±";

/// How a text is garbled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Garbled {
    /// The text is in another encoding, with this name, in which it reads as the given text.
    Other(&'static str, String),
    /// The text is UTF-8 that was decoded as Windows-1252 and encoded again;
    /// the field is the original text.
    Twice(String),
    /// The original encoding is unknown.
    Unknown,
}

impl Garbled {
    /// Returns how `text` is garbled; `None` if it looks correct.
    pub(super) fn find(text: &str) -> Option<Self> {
        if text.is_ascii() || !is_garbled(text) {
            return None;
        }
        let Some(bytes) = as_bytes(text) else {
            return Some(Self::Unknown);
        };
        if let Some(whole) = Charset::Web(UTF_8).decode(&bytes) {
            return Some(Self::Twice(whole));
        }
        let other = readings(text).into_iter().next();
        Some(other.map_or(Self::Unknown, |(name, whole)| Self::Other(name, whole)))
    }

    /// Returns the remedy, worded to follow the name of the column.
    pub(super) fn remedy(&self, text: &str) -> String {
        let text = shortened(text);
        match self {
            Self::Other(name, whole) => format!(
                "reads «{text}»: with codificacion={name} it would be «{}»",
                shortened(whole)
            ),
            Self::Twice(whole) => format!(
                "reads «{text}» for «{}»: the list was converted twice; export it again as CSV UTF-8",
                shortened(whole)
            ),
            Self::Unknown => format!(
                "reads «{text}»: this is not the list's encoding; export it again as CSV UTF-8, or name its encoding with codificacion="
            ),
        }
    }
}

/// Returns the other encodings in which this text would be Spanish or
/// Portuguese words, each with those words.
pub(super) fn readings(text: &str) -> Vec<(&'static str, String)> {
    if text.is_ascii() {
        return Vec::new();
    }
    let Some(bytes) = as_bytes(text) else {
        return Vec::new();
    };
    let read = |charset: Charset| {
        let whole = charset.decode(&bytes)?;
        let is_whole = is_of_letters(&whole) && !is_garbled(&whole) && !has_capital_within(&whole);
        is_whole.then(|| (charset.name(), whole))
    };
    let others = [Charset::Cp850, Charset::Web(MACINTOSH)];
    others.into_iter().filter_map(read).collect()
}

/// Returns the bytes of `text` before it was decoded as Windows-1252; `None` if
/// they cannot be restored.
fn as_bytes(text: &str) -> Option<Cow<'_, [u8]>> {
    let (bytes, _, is_lossy) = WINDOWS_1252.encode(text);
    (!is_lossy).then_some(bytes)
}

/// Returns whether all non-ASCII characters are letters of Spanish or Portuguese.
pub(super) fn is_of_letters(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii() || LETTERS.contains(c))
}

/// Returns whether `text` has a character in a position where a name rarely has
/// it: `Garc’a`, `Raœl`, `GARCêA`, `çngel`. On its own this proves nothing.
pub(super) fn is_odd(text: &str) -> bool {
    let chars: Vec<_> = text.chars().collect();
    chars.iter().enumerate().any(|(index, &c)| {
        let before = index.checked_sub(1).and_then(|index| chars.get(index));
        let after = chars.get(index + 1);
        let is_letter = |c: Option<&char>| c.is_some_and(|c| c.is_alphabetic());
        let is_small = |c: Option<&char>| c.is_some_and(|c| c.is_lowercase());
        let is_capital = |c: Option<&char>| c.is_some_and(|c| c.is_uppercase());
        match c {
            '’' => is_small(before) && (is_small(after) || !is_letter(after)),
            'œ' => is_letter(before) || is_letter(after),
            '„' => !is_letter(before) && is_letter(after) && !text.contains(['“', '”']),
            'ç' | 'î' | 'ò' if !is_letter(before) && is_letter(after) => true,
            _ if c.is_ascii() || !c.is_lowercase() => false,
            // A lower-case letter among capitals.
            _ => {
                (is_capital(before) && !is_small(after))
                    || (!is_letter(before) && is_capital(after))
            }
        }
    })
}

/// Returns whether a non-ASCII capital follows a lower-case letter: `JosÄ`.
fn has_capital_within(text: &str) -> bool {
    let pairs = text.chars().zip(text.chars().skip(1));
    let is_odd = |(a, b): (char, char)| a.is_lowercase() && !b.is_ascii() && b.is_uppercase();
    pairs.into_iter().any(is_odd)
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

fn is_garbled(text: &str) -> bool {
    let chars: Vec<_> = text.chars().collect();
    let at = |index: Option<usize>| index.and_then(|index| chars.get(index)).copied();
    chars.iter().enumerate().any(|(index, &c)| {
        let (before, after) = (at(index.checked_sub(1)), at(Some(index + 1)));
        let is_letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
        let is_small = |c: Option<char>| c.is_some_and(char::is_lowercase);
        match c {
            '\u{80}'..='\u{9f}' => true,
            // The lead bytes of two- and three-byte UTF-8, decoded as Windows-1252.
            'Ã' | 'Â' | 'â' if after.is_some_and(is_continuation) => true,
            // `TelŽfono`, `JosŽ`; not `McÓscar`.
            'Ž' | 'Š' | 'Ð' | 'Þ' | 'Ÿ'
                if is_small(before) && !after.is_some_and(char::is_uppercase) =>
            {
                true
            }
            _ if NEVER_AFTER_A_LETTER.contains(c) && is_letter(before) => true,
            _ if NEVER_BEFORE_A_LETTER.contains(c) && is_letter(after) => true,
            _ => NEVER_BETWEEN_LETTERS.contains(c) && is_small(before) && is_small(after),
        }
    })
}

/// Returns whether `c` is a UTF-8 continuation byte decoded as Windows-1252.
/// Letters are excluded, since they may follow an `Ã` within a word.
fn is_continuation(c: char) -> bool {
    matches!(c, '\u{a0}'..='\u{bf}' | '\u{80}'..='\u{9f}') || "€‚ƒ„…†‡ˆ‰‹‘’“”•–—˜™›".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correct_text_is_not_garbled() {
        for text in [
            "Muñoz",
            "José Ángel",
            "O’Brien",
            "D'Angelo",
            "São João",
            "CORAÇÃO",
            "Ñandú €5",
            "«Ana»",
            "¡Hola! ¿Qué tal?",
            "Müller & Söhne",
            "Łukasz",
            "Šárka Ždanova",
            "Marca™",
            "3½ m²",
            "Av. 9 de Julio – 3° piso",
            "Œuvre",
            "Björk Guðmundsdóttir",
            "林",
            "🙂 Ana",
            "Peña\u{a0}Gómez",
            "“Pepe”",
            "Nº 5",
            "1.000 £",
            "Pé-de-moleque…",
            "câmara",
            "Ana¹",
        ] {
            assert_eq!(Garbled::find(text), None, "{text}");
        }
    }

    #[test]
    fn other_encodings_are_noticed_and_named() {
        let read_as_windows = |bytes: &[u8]| WINDOWS_1252.decode(bytes).0.into_owned();
        for word in [
            "Muñoz",
            "José",
            "García",
            "Núñez",
            "Begoña",
            "Conceição",
            "Ñandú",
            "Raúl",
            "Ángel",
            "Óscar",
            "Úrsula",
            "GARCÍA",
            "RAÚL",
            "Noemí",
        ] {
            let (mac, _, _) = MACINTOSH.encode(word);
            let text = read_as_windows(&mac);
            // Garbled text is recognized on its own or by the rest of the list.
            match Garbled::find(&text) {
                Some(found) => assert_eq!(found, Garbled::Other("macintosh", word.to_owned())),
                None => {
                    assert!(is_odd(&text), "{text}");
                    assert!(readings(&text).contains(&("macintosh", word.to_owned())));
                }
            }
        }
        let table = &oem_cp::code_table::ENCODING_TABLE_CP850;
        for word in [
            "Muñoz", "José", "García", "Núñez", "Begoña", "Ñandú", "Simón",
        ] {
            let dos = oem_cp::encode_string_checked(word, table).unwrap();
            let found = Garbled::find(&read_as_windows(&dos));
            assert_eq!(found, Some(Garbled::Other("cp850", word.to_owned())));
        }
        for word in ["Muñoz", "José", "Ángel", "João", "€ 5"] {
            let twice = read_as_windows(word.as_bytes());
            assert_eq!(Garbled::find(&twice), Some(Garbled::Twice(word.to_owned())));
        }
    }
}
