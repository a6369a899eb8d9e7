//! Cleans phone numbers as they are written: removes links, prefixes,
//! decorations and invisible characters.

use std::borrow::Cow;

use session_api::is_invisible;

use crate::PhoneFault;

/// Maximum length of the input, in bytes; no phone number is as long.
const MAX_INPUT_BYTES: usize = 200;

/// The beginnings of links to a chat.
const LINKS: &[&str] = &[
    "https://wa.me/",
    "http://wa.me/",
    "wa.me/",
    "https://api.whatsapp.com/send?phone=",
    "whatsapp://send?phone=",
    "tel:",
];

/// Returns the text without invisible characters.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let drop = |c: char| is_invisible(c) || c == '\u{20e3}';
    let text = text.trim();
    if text.contains(drop) {
        return text.replace(drop, "").trim().to_owned().into();
    }
    text.into()
}

/// Reduces a text to digits, `+` and plain separators: removes spreadsheet text
/// markers (`'549…`, `="549…"`), chat links and number formats. A number that a
/// spreadsheet has destroyed (`5.49116E+12` has lost its last digits) is
/// rejected, never guessed.
pub(crate) fn clean(text: &str) -> Result<String, PhoneFault> {
    if text.len() > MAX_INPUT_BYTES {
        return Err(PhoneFault::TooLong);
    }
    let text = visible(text);
    let text = unwrapped(&text);
    if text.is_empty() {
        return Err(PhoneFault::Empty);
    }
    if is_scientific(text) {
        return Err(PhoneFault::Scientific);
    }
    let mut plain: String = text.chars().map(plain_sign).collect();
    if !is_several(&plain) {
        plain = without_thousands(&without_fraction(&plain)?);
    }
    Ok(plain)
}

/// Replaces a look-alike character with the plain one.
fn plain_sign(c: char) -> char {
    match c {
        '\u{ff10}'..='\u{ff19}' => char::from_digit(u32::from(c) - 0xff10, 10).unwrap_or(c),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' | '\u{fe58}' | '\u{fe63}' | '~' => '-',
        '\u{ff0b}' => '+',
        '\u{b7}' | '\u{2022}' | '\u{2024}' => '.',
        // A line break within a cell separates numbers.
        '\n' | '\r' => '\n',
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

/// Returns whether the text has more than one number: it contains a separator,
/// or two country codes with `+`.
pub(crate) fn is_several(plain: &str) -> bool {
    plain.contains(['/', ';', '|', '\n']) || plain.contains(":::") || {
        let after = plain.get(1..).unwrap_or_default();
        after.trim_start_matches(['(', ' ', '+']).contains('+')
    }
}

/// Splits the text of a cell that contains several numbers.
pub(crate) fn parts(plain: &str) -> impl Iterator<Item = &str> {
    plain
        .split(['/', ';', '|', '\n', ':'])
        .flat_map(by_plus)
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// Splits a text such as `+54… +54…` before each `+`, which begins a number.
fn by_plus(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let next = rest.char_indices().skip(1).find(|(_, c)| *c == '+');
        let (part, after) = rest.split_at(next.map_or(rest.len(), |(at, _)| at));
        rest = after;
        Some(part)
    })
}

fn unwrapped(text: &str) -> &str {
    let is_around =
        |c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '`' | '’' | '‘' | '“' | '”');
    let text = text.trim_matches(is_around);
    let text = text.strip_prefix('=').unwrap_or(text);
    let text = text.trim_matches(is_around);
    let starts = |link: &&&str| {
        text.get(..link.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(link))
    };
    match LINKS.iter().find(starts) {
        Some(link) => text[link.len()..]
            .split(['?', '&'])
            .next()
            .unwrap_or_default()
            .trim(),
        None => text,
    }
}

/// Returns whether the text is in scientific notation: `5.49116E+12`, `5,49116e12`.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(exponent.trim_start_matches(['+', '-'])) && digits(&mantissa.replace(['.', ','], ""))
}

/// Removes a zero fraction: `5491158254201.0` and `5491158254201,00` are
/// integers. If the dot were dropped as a separator, the zero would become a
/// digit of the number.
fn without_fraction(text: &str) -> Result<String, PhoneFault> {
    let Some((whole, fraction)) = text.rsplit_once(['.', ',']) else {
        return Ok(text.to_owned());
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // A plain number that contains one such mark is a spreadsheet's export. A
    // number written by hand in groups of three (`5.491.158`) has more than one
    // mark, or is too short for a phone number.
    if !digits(whole) || whole.len() < 8 || !digits(fraction) {
        return Ok(text.to_owned());
    }
    if fraction.bytes().all(|byte| byte == b'0') {
        return Ok(whole.to_owned());
    }
    Err(PhoneFault::Fraction)
}

/// Removes thousands separators, as in `5,491,158,254,201`. Dots are dropped
/// later, with the other separators.
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
