//! Normalizes texts by case folding and accent removal (Unicode NFKD), for
//! comparing column headings, search words and opt-out words.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Returns the text in lower case and without accents.
#[must_use]
pub fn fold(text: &str) -> String {
    folded(text).collect()
}

/// Returns the letters of the folded text lazily; see [`fold`].
pub fn folded(text: &str) -> impl Iterator<Item = char> {
    text.nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
}
