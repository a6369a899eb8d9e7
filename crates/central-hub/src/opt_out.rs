//! "BAJA": people who do not want to be written to.
//!
//! The word has to be the whole message. "BAJA", "baja.", "¡Baja!" and "Baja
//! por favor" ask for it; "¿me das de baja el servicio?" or "la calidad es
//! baja" are for a person to read. Courtesy around the word is taken off.

use crate::text::fold;

/// What counts unless it is set otherwise.
pub const DEFAULT_WORDS: &[&str] = &[
    "BAJA",
    "DAR DE BAJA",
    "DARME DE BAJA",
    "STOP",
    "UNSUBSCRIBE",
];

/// The longest message that is looked at, in characters: the words are short,
/// and a letter is no such wish.
const LONGEST: usize = 100;
/// The longest word that can be set, in characters, and how many.
pub const LONGEST_WORD: usize = 40;
/// How many words can be set.
pub const MOST_WORDS: usize = 50;

/// What may stand around the word and changes nothing.
const COURTESY: &[&str] = &[
    "por favor",
    "porfavor",
    "please",
    "muchas gracias",
    "gracias",
    "hola",
];

/// Knows the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptOutWords {
    words: Vec<String>,
}

/// A word that cannot be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadWords {
    /// Nothing is left of a word without its punctuation, or it is too long.
    #[error("each word has to hold letters or digits, at most {LONGEST_WORD} characters")]
    Word,
    /// Too many.
    #[error("at most {MOST_WORDS} words")]
    TooMany,
}

impl Default for OptOutWords {
    fn default() -> Self {
        let words = DEFAULT_WORDS.iter().map(|word| plain(word)).collect();
        Self { words }
    }
}

impl OptOutWords {
    /// These words and no others; none at all switches the watch off.
    ///
    /// # Errors
    /// A word that could never be found, or too many.
    pub fn new<S: AsRef<str>>(words: &[S]) -> Result<Self, BadWords> {
        if words.len() > MOST_WORDS {
            return Err(BadWords::TooMany);
        }
        let mut plain_words = Vec::with_capacity(words.len());
        for word in words {
            let word = word.as_ref();
            let is_short = word.chars().count() <= LONGEST_WORD;
            match plain(word) {
                it if it.is_empty() || !is_short => return Err(BadWords::Word),
                it if plain_words.contains(&it) => {}
                it => plain_words.push(it),
            }
        }
        Ok(Self { words: plain_words })
    }

    /// As they are compared.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The word that this message consists of, if it asks not to be written to.
    #[must_use]
    pub fn find(&self, message: &str) -> Option<&str> {
        if message.chars().nth(LONGEST).is_some() {
            return None;
        }
        let message = plain(message);
        let found = |text: &str| self.words.iter().find(|word| *word == text);
        // The word may itself be courtesy: first as it stands.
        let word = found(&message).or_else(|| found(without_courtesy(&message)))?;
        Some(word)
    }
}

/// Letters and digits, folded, one space between words.
fn plain(text: &str) -> String {
    let spaced: String = fold(text)
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn without_courtesy(message: &str) -> &str {
    let mut text = message;
    loop {
        let before = text;
        for phrase in COURTESY {
            let rest = text.strip_suffix(phrase).filter(|rest| rest.ends_with(' '));
            text = rest.map_or(text, str::trim_end);
            let rest = text
                .strip_prefix(phrase)
                .filter(|rest| rest.starts_with(' '));
            text = rest.map_or(text, str::trim_start);
        }
        if text == before {
            return text;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_word_alone_asks() {
        let words = OptOutWords::default();
        for message in [
            "BAJA",
            "baja",
            " Baja. ",
            "¡¡BAJA!!",
            "bájà",
            "Baja por favor",
            "Hola, baja, muchas gracias.",
            "\"BAJA\"",
            "*BAJA*",
            "ＢＡＪＡ",
            "B\u{61}\u{301}ja",
            "dar de baja",
            "Stop",
            "baja 🙏",
        ] {
            assert!(words.find(message).is_some(), "{message}");
        }
    }

    #[test]
    fn a_sentence_with_the_word_is_for_a_person() {
        let words = OptOutWords::default();
        for message in [
            "",
            "   ",
            "¿me das de baja el servicio?",
            "la calidad es baja",
            "bajá la música",
            "planta baja",
            "no quiero la baja",
            "bajar",
            "rebaja",
            "por favor",
            &format!("baja{}", " ".repeat(200)),
        ] {
            assert_eq!(words.find(message), None, "{message}");
        }
    }

    #[test]
    fn words_are_set() {
        let words = OptOutWords::new(&["No más", "no mas!", "Gracias"]).unwrap();
        assert_eq!(words.words(), ["no mas", "gracias"]);
        assert_eq!(words.find("NO MÁS por favor"), Some("no mas"));
        assert_eq!(words.find("gracias"), Some("gracias"));
        assert_eq!(words.find("baja"), None);
        assert_eq!(OptOutWords::new(&["..."]), Err(BadWords::Word));
        assert_eq!(OptOutWords::new(&["a".repeat(41)]), Err(BadWords::Word));
        assert_eq!(OptOutWords::new(&["a"; 51]), Err(BadWords::TooMany));
        let off = OptOutWords::new::<&str>(&[]).unwrap();
        assert_eq!(off.find("baja"), None);
    }

    proptest! {
        #[test]
        fn decoration_changes_nothing(before in "[ .,!¡*_-]{0,8}", after in "[ .,!¡*_-]{0,8}") {
            let words = OptOutWords::default();
            let message = format!("{before}BaJá{after}");
            prop_assert_eq!(words.find(&message), Some("baja"));
        }

        #[test]
        fn nothing_panics(message in "\\PC{0,120}") {
            let _ = OptOutWords::default().find(&message);
        }
    }
}
