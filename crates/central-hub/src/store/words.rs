//! Words as a search compares them, and the numbers by which the index knows
//! them: `Casa` and `cása` are one, a word is letters and digits.
//!
//! An index holds numbers, not words: so what somebody searches for never gets
//! into the syntax of a database's own search, and both engines divide texts
//! alike. Two words may have one number; whoever asks the index compares the
//! words of what it found.

use std::collections::{BTreeSet, HashSet};

use crate::text::{fold, folded};

/// Of a word that is not complete, so many letters are in the index.
const LONGEST_BEGINNING: usize = 16;

/// What a number stands for.
#[derive(Clone, Copy)]
enum Kind {
    Word,
    Beginning,
    Direction,
    Cliente,
}

/// 31 bits of FNV-1a: stored, so it never changes.
fn number(kind: Kind, text: &str) -> i32 {
    let kind = match kind {
        Kind::Word => 0,
        Kind::Beginning => 1,
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

/// The first letters of a word, as far as the index knows them.
fn beginning(word: &str) -> &str {
    let end = word.char_indices().nth(LONGEST_BEGINNING);
    end.and_then(|(end, _)| word.get(..end)).unwrap_or(word)
}

/// What the index holds of a text: its words and their beginnings.
pub(super) fn numbers_of(text: &str) -> BTreeSet<i32> {
    let folded = fold(text);
    let words: HashSet<_> = split(&folded).collect();
    let mut numbers = BTreeSet::new();
    for word in words {
        numbers.insert(number(Kind::Word, word));
        let ends = word
            .char_indices()
            .map(|(at, letter)| at + letter.len_utf8());
        for begun in ends
            .take(LONGEST_BEGINNING)
            .filter_map(|end| word.get(..end))
        {
            numbers.insert(number(Kind::Beginning, begun));
        }
    }
    numbers
}

/// Joins the words of the texts, folded and with a space around each, as
/// `contacts.words` stores them.
pub(super) fn spaced<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut spaced = " ".to_owned();
    for text in texts {
        for word in split(&fold(text)) {
            spaced.push_str(word);
            spaced.push(' ');
        }
    }
    spaced
}

/// What somebody searches for: all of these words in any order, the last of
/// them perhaps not complete.
#[derive(Clone, Debug)]
pub(super) struct Words {
    whole: Vec<String>,
    begun: String,
}

impl Words {
    /// `None` where there is no word in it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let folded = fold(text);
        let mut whole: Vec<_> = split(&folded).map(str::to_owned).collect();
        let begun = whole.pop()?;
        whole.sort();
        whole.dedup();
        Some(Self { whole, begun })
    }

    /// What a text with all of them has in the index.
    pub(super) fn numbers(&self) -> Vec<i32> {
        let whole = self.whole.iter().map(|word| number(Kind::Word, word));
        let begun = number(Kind::Beginning, beginning(&self.begun));
        whole.chain([begun]).collect()
    }

    /// Reads no more of the text than it has to.
    pub(super) fn are_in(&self, text: &str) -> bool {
        let mut missing: HashSet<&str> = self.whole.iter().map(String::as_str).collect();
        let mut is_begun = false;
        let mut word = String::new();
        for letter in folded(text).chain([' ']) {
            if letter.is_alphanumeric() {
                word.push(letter);
                continue;
            }
            missing.remove(word.as_str());
            is_begun |= word.starts_with(&self.begun);
            if is_begun && missing.is_empty() {
                return true;
            }
            word.clear();
        }
        false
    }

    /// As patterns for `LIKE` on [`spaced`] words; there is nothing to escape
    /// in letters and digits.
    pub(super) fn patterns(&self) -> Vec<String> {
        let whole = self.whole.iter().map(|word| format!("% {word} %"));
        whole.chain([format!("% {}%", self.begun)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_order_and_the_last_begun() {
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
            assert!(words.are_in(text), "{wanted}");
            assert!(
                words.numbers().iter().all(|it| numbers.contains(it)),
                "{wanted}"
            );
        }
        for other in ["cas centro", "casas", "asa", "centro casa playa"] {
            let words = Words::read(other).unwrap();
            assert!(!words.are_in(text), "{other}");
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
    fn a_long_word_is_found_by_all_of_it() {
        let long = "desoxirribonucleico";
        let words = Words::read("desoxirribonucleido").unwrap();
        assert!(
            words
                .numbers()
                .iter()
                .all(|it| numbers_of(long).contains(it))
        );
        assert!(!words.are_in(long));
        assert!(Words::read(long).unwrap().are_in(long));
    }

    /// They are in every database.
    #[test]
    fn numbers_stay_as_they_are() {
        assert_eq!(
            spaced(["Ana María", "5491158254201@c.us"].into_iter()),
            " ana maria 5491158254201 c us "
        );
        assert_eq!(number(Kind::Word, "casa"), number(Kind::Word, "casa"));
        assert_ne!(number(Kind::Word, "casa"), number(Kind::Beginning, "casa"));
    }
}
