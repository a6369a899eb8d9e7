//! Splits texts into the words that a search compares, and computes their
//! numbers in the index. A word consists of letters and digits; `Casa` and
//! `cása` are the same word.
//!
//! The index stores numbers instead of words: search terms never reach the
//! query syntax of a database's own full-text search, and both engines split
//! texts in the same way. Two words may share a number, so a search also
//! compares the words of the messages found.

use std::collections::{BTreeSet, HashSet};

use crate::text::{fold, folded};

/// Maximum length of an indexed prefix, in characters.
const MAX_PREFIX_LENGTH: usize = 16;

/// The kind of value that a number stands for.
#[derive(Clone, Copy)]
enum Kind {
    Word,
    Prefix,
    Direction,
    Cliente,
}

/// Returns 31 bits of the FNV-1a hash of a value. The numbers are stored, so
/// this function must never change.
fn number(kind: Kind, text: &str) -> i32 {
    let kind = match kind {
        Kind::Word => 0,
        Kind::Prefix => 1,
        Kind::Direction => 2,
        Kind::Cliente => 3,
    };
    let hash = std::iter::once(kind)
        .chain(text.bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    i32::try_from((hash ^ (hash >> 32)) & 0x7fff_ffff).unwrap_or(0)
}

pub(super) fn direction_number(is_inbound: bool) -> i32 {
    number(Kind::Direction, if is_inbound { "in" } else { "out" })
}

pub(super) fn cliente_number(cliente_id: i64) -> i32 {
    number(Kind::Cliente, &cliente_id.to_string())
}

fn split(folded: &str) -> impl Iterator<Item = &str> {
    folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// Returns the indexed prefix of a word.
fn prefix(word: &str) -> &str {
    let end = word.char_indices().nth(MAX_PREFIX_LENGTH);
    end.and_then(|(end, _)| word.get(..end)).unwrap_or(word)
}

/// Returns the numbers of a text in the index, which are those of its words and of their prefixes.
pub(super) fn numbers_of(text: &str) -> BTreeSet<i32> {
    let folded = fold(text);
    let words: HashSet<_> = split(&folded).collect();
    let mut numbers = BTreeSet::new();
    for word in words {
        numbers.insert(number(Kind::Word, word));
        let ends = word
            .char_indices()
            .map(|(at, letter)| at + letter.len_utf8());
        for prefix in ends
            .take(MAX_PREFIX_LENGTH)
            .filter_map(|end| word.get(..end))
        {
            numbers.insert(number(Kind::Prefix, prefix));
        }
    }
    numbers
}

/// Joins the words of the texts, folded and with a space around each, in the
/// form in which `contacts.words` stores them.
pub(super) fn joined_words<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut joined_words = " ".to_owned();
    for text in texts {
        for word in split(&fold(text)) {
            joined_words.push_str(word);
            joined_words.push(' ');
        }
    }
    joined_words
}

/// The words of a search, which match in any order; the last one may be a prefix.
#[derive(Clone, Debug)]
pub(super) struct Words {
    whole: Vec<String>,
    prefix: String,
}

impl Words {
    /// Parses a search. Returns `None` if it contains no word.
    pub(super) fn read(text: &str) -> Option<Self> {
        let folded = fold(text);
        let mut whole: Vec<_> = split(&folded).map(str::to_owned).collect();
        let prefix = whole.pop()?;
        whole.sort();
        whole.dedup();
        Some(Self { whole, prefix })
    }

    /// Returns the numbers that the index contains for a matching text.
    pub(super) fn numbers(&self) -> Vec<i32> {
        let whole = self.whole.iter().map(|word| number(Kind::Word, word));
        let prefix = number(Kind::Prefix, prefix(&self.prefix));
        whole.chain([prefix]).collect()
    }

    /// Returns whether a text contains the words. Reading stops once it does.
    pub(super) fn match_text(&self, text: &str) -> bool {
        let mut missing: HashSet<&str> = self.whole.iter().map(String::as_str).collect();
        let mut has_prefix = false;
        let mut word = String::new();
        for letter in folded(text).chain([' ']) {
            if letter.is_alphanumeric() {
                word.push(letter);
                continue;
            }
            missing.remove(word.as_str());
            has_prefix |= word.starts_with(&self.prefix);
            if has_prefix && missing.is_empty() {
                return true;
            }
            word.clear();
        }
        false
    }

    /// Returns `LIKE` patterns for [`joined_words`] words. Letters and digits need no escaping.
    pub(super) fn patterns(&self) -> Vec<String> {
        let whole = self.whole.iter().map(|word| format!("% {word} %"));
        whole.chain([format!("% {}%", self.prefix)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_match_in_any_order_and_the_last_by_prefix() {
        let text = "¡La CASA queda en el céntro! Tel. 11-7777-0001";
        let numbers = numbers_of(text);
        for wanted in [
            "casa centro",
            "centro casa",
            "Céntro LA cas",
            "11 7777",
            "7777-0001",
            "c",
        ] {
            let words = Words::read(wanted).unwrap();
            assert!(words.match_text(text), "{wanted}");
            assert!(
                words.numbers().iter().all(|it| numbers.contains(it)),
                "{wanted}"
            );
        }
        for other in ["cas centro", "casas", "asa", "centro casa playa"] {
            let words = Words::read(other).unwrap();
            assert!(!words.match_text(text), "{other}");
            assert!(
                !words.numbers().iter().all(|it| numbers.contains(it)),
                "{other}"
            );
        }
        for nothing in ["", " \0", "\"*:^(){}'--%_", "😀"] {
            assert!(Words::read(nothing).is_none(), "{nothing}");
        }
    }

    #[test]
    fn long_words_are_compared_beyond_the_indexed_prefix() {
        let long = "desoxirribonucleico";
        let words = Words::read("desoxirribonucleido").unwrap();
        assert!(
            words
                .numbers()
                .iter()
                .all(|it| numbers_of(long).contains(it))
        );
        assert!(!words.match_text(long));
        assert!(Words::read(long).unwrap().match_text(long));
    }

    /// Checks that the numbers do not change, because every database stores them.
    #[test]
    fn spaced_words_and_kinds_of_numbers() {
        assert_eq!(
            joined_words(["Ana María", "5491158254201@c.us"].into_iter()),
            " ana maria 5491158254201 c us "
        );
        assert_eq!(number(Kind::Word, "casa"), number(Kind::Word, "casa"));
        assert_ne!(number(Kind::Word, "casa"), number(Kind::Prefix, "casa"));
    }
}
