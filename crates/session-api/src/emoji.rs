//! Tells one emoji from other texts.

use unicode_properties::UnicodeEmoji;

const JOINER: char = '\u{200D}';
const EMOJI_VARIATION: char = '\u{FE0F}';
const KEYCAP: char = '\u{20E3}';
const TAG_END: char = '\u{E007F}';
/// The longest emoji have about ten characters: two people with skin tones and what is between them.
const MAX_CHARS: usize = 16;

const fn is_regional_indicator(c: char) -> bool {
    matches!(c, '\u{1F1E6}'..='\u{1F1FF}')
}

const fn is_skin_tone(c: char) -> bool {
    matches!(c, '\u{1F3FB}'..='\u{1F3FF}')
}

const fn is_tag(c: char) -> bool {
    matches!(c, '\u{E0020}'..='\u{E007E}')
}

/// Returns whether a text is exactly one emoji, in the form of UTS #51: a flag, a keycap, or one or
/// more joined symbols, each with its skin tone. Of two letters of a flag any are taken.
pub(crate) fn is_one_emoji(text: &str) -> bool {
    if text.chars().count() > MAX_CHARS {
        return false;
    }
    let mut rest = text.chars().peekable();
    loop {
        let Some(first) = rest.next() else {
            return false;
        };
        if is_regional_indicator(first) {
            return rest.next().is_some_and(is_regional_indicator) && rest.next().is_none();
        }
        if matches!(first, '0'..='9' | '#' | '*') {
            rest.next_if_eq(&EMOJI_VARIATION);
            return rest.next() == Some(KEYCAP) && rest.next().is_none();
        }
        if !first.is_emoji_char() || is_skin_tone(first) {
            return false;
        }
        if rest.next_if(|c| is_skin_tone(*c)).is_none() {
            rest.next_if_eq(&EMOJI_VARIATION);
        }
        // The flags of regions without a code of two letters.
        if rest.next_if(|c| is_tag(*c)).is_some() {
            while rest.next_if(|c| is_tag(*c)).is_some() {}
            return rest.next() == Some(TAG_END) && rest.next().is_none();
        }
        match rest.next() {
            None => return true,
            Some(JOINER) => {}
            Some(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_emoji_is_one() {
        for emoji in [
            "👍",
            "👍🏽",
            "❤️",
            "❤",
            "😂",
            "😮",
            "😢",
            "🙏",
            "🇦🇷",
            "1️⃣",
            "#⃣",
            "👨‍👩‍👧‍👦",
            "👩🏽‍❤️‍💋‍👨🏿",
            "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
            "🏳️‍🌈",
            "☝🏿",
            "🫶",
            "©️",
        ] {
            assert!(is_one_emoji(emoji), "{emoji}");
        }
        for other in [
            "",
            " ",
            "a",
            "á",
            "1",
            "#",
            "👍👍",
            "👍 ",
            " 👍",
            "👍a",
            "a👍",
            "🇦",
            "🇦🇷🇺🇾",
            "👍\u{200D}",
            "\u{200D}👍",
            "🏽",
            "\u{FE0F}",
            "日",
            "́",
            "👍\u{0}",
            "🏴\u{E0067}",
        ] {
            assert!(!is_one_emoji(other), "{other:?}");
        }
        assert!(!is_one_emoji(&"👍\u{200D}".repeat(40)));
    }
}
