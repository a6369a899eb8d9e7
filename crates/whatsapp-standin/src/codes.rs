//! Rotates linking codes: how long each QR code is shown, and when it expires.
//!
//! ```text
//!          first_code        next_code … next_code
//! start ──▶ code 1 ──▶ code 2 ──▶ … ──▶ code n ──▶ idle ──refresh──▶ code 1 …
//! ```
//!
//! This module does no I/O: each call receives the current time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::settings::Settings;

/// The URL prefix of the code in some versions of the page.
const URL_PREFIX: &str = "https://wa.me/settings/linked_devices#";

/// The sixth field of the code in some versions of the page.
const HELP_FIELD: &str = "https://faq.whatsapp.com/r/ld";

/// The public keys of a page's profile, as encoded in the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Keys {
    pub(crate) static_key: String,
    pub(crate) identity_key: String,
    pub(crate) adv_key: String,
    pub(crate) platform: String,
}

/// A round of codes on one page.
#[derive(Debug)]
pub(crate) struct CodeCycle {
    reference: Option<String>,
    shown: u32,
    until: Option<Instant>,
    spent: Vec<String>,
}

/// The result of matching a scanned text against a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scan {
    /// The code that is currently shown.
    Current,
    /// A code that this page showed before.
    Expired,
    /// The reference matches, but the keys do not: a client composed it
    /// wrongly.
    WrongKeys,
    /// A code of another page.
    Unknown,
}

impl CodeCycle {
    pub(crate) fn start(settings: &Settings, now: Instant) -> Self {
        let mut cycle = Self {
            reference: None,
            shown: 0,
            until: None,
            spent: Vec::new(),
        };
        cycle.turn(settings, now);
        cycle
    }

    /// Returns the current reference; `None` if the page is idle.
    pub(crate) fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    /// Returns the position of the code in its round, counted from 1.
    pub(crate) fn number(&self) -> u32 {
        self.shown
    }

    /// Returns when [`CodeCycle::turn`] is due; `None` if the page is idle.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// Moves to the next code, or to idle after the last code.
    pub(crate) fn turn(&mut self, settings: &Settings, now: Instant) {
        if let Some(old) = self.reference.take() {
            // A user scans only recent codes, and the limit bounds the memory.
            if self.spent.len() >= 32 {
                self.spent.remove(0);
            }
            self.spent.push(old);
        }
        if self.shown >= settings.codes {
            self.until = None;
            return;
        }
        let life = if self.shown == 0 {
            settings.first_code
        } else {
            settings.next_code
        };
        self.shown += 1;
        self.until = Some(now + life);
        self.reference = Some(new_reference());
    }

    /// Starts a new round.
    pub(crate) fn refresh(&mut self, settings: &Settings, now: Instant) {
        self.shown = 0;
        self.turn(settings, now);
    }

    /// Matches a scanned text against this page.
    pub(crate) fn scan(&self, text: &str, keys: &Keys) -> Scan {
        let text = text.trim();
        let text = text.strip_prefix(URL_PREFIX).unwrap_or(text);
        let text = text
            .strip_suffix(HELP_FIELD)
            .and_then(|text| text.strip_suffix(','))
            .unwrap_or(text);
        let mut parts = text.split(',');
        let reference = parts.next().unwrap_or_default();
        if self.spent.iter().any(|old| old == reference) {
            return Scan::Expired;
        }
        if self.reference.as_deref() != Some(reference) {
            return Scan::Unknown;
        }
        let given: Vec<&str> = parts.collect();
        let right = [&keys.static_key, &keys.identity_key, &keys.adv_key];
        // Some clients omit the platform; the phone does not need it.
        let complete = given.len() == 3 || (given.len() == 4 && given[3] == keys.platform);
        if complete && given.iter().zip(right).all(|(given, right)| given == right) {
            Scan::Current
        } else {
            Scan::WrongKeys
        }
    }
}

/// Builds the full text of a code, as the page renders it.
pub(crate) fn compose(reference: &str, keys: &Keys, settings: &Settings) -> String {
    let code = format!(
        "{reference},{},{},{},{}",
        keys.static_key, keys.identity_key, keys.adv_key, keys.platform
    );
    if settings.code_as_url {
        format!("{URL_PREFIX}{code}")
    } else if settings.code_with_help {
        format!("{code},{HELP_FIELD}")
    } else {
        code
    }
}

/// Generates a link code in the format of the page: `ABCD-EFGH`.
pub(crate) fn new_link_code() -> String {
    // Without characters that are easily confused.
    const LETTERS: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTVWXYZ";
    let text: String = (0..8)
        .map(|_| char::from(LETTERS[rand::random_range(0..LETTERS.len())]))
        .collect();
    format!("{}-{}", &text[..4], &text[4..])
}

fn new_reference() -> String {
    let bytes: [u8; 48] = rand::random();
    format!("2@{}", STANDARD.encode(bytes))
}

/// A rendered QR code: one character per module, with the rows joined.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Drawing {
    size: usize,
    bits: String,
}

/// Renders a code. Returns `None` if the text is too long.
pub(crate) fn draw(text: &str) -> Option<Drawing> {
    let code = qrcode::QrCode::new(text).ok()?;
    let bits = code
        .to_colors()
        .into_iter()
        .map(|color| {
            if color == qrcode::Color::Dark {
                '1'
            } else {
                '0'
            }
        })
        .collect();
    Some(Drawing {
        size: code.width(),
        bits,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn keys() -> Keys {
        Keys {
            static_key: "S=".into(),
            identity_key: "I=".into(),
            adv_key: "A=".into(),
            platform: "1".into(),
        }
    }

    #[test]
    fn six_codes_the_first_for_a_minute_then_idle() {
        let settings = Settings::default();
        let start = Instant::now();
        let mut cycle = CodeCycle::start(&settings, start);
        let mut now = start;
        let mut seen = Vec::new();
        while let Some(until) = cycle.until() {
            seen.push((cycle.number(), (until - now).as_secs()));
            now = until;
            cycle.turn(&settings, now);
        }
        assert_eq!(seen, [(1, 60), (2, 20), (3, 20), (4, 20), (5, 20), (6, 20)]);
        assert_eq!(now - start, Duration::from_secs(160));
        assert_eq!(cycle.reference(), None);

        cycle.refresh(&settings, now);
        assert_eq!(cycle.number(), 1);
        assert_eq!(cycle.until(), Some(now + Duration::from_secs(60)));
    }

    #[test]
    fn only_the_code_now_shown_links() {
        let settings = Settings::default();
        let now = Instant::now();
        let mut cycle = CodeCycle::start(&settings, now);
        let first = compose(cycle.reference().expect("a code"), &keys(), &settings);
        assert_eq!(cycle.scan(&first, &keys()), Scan::Current);
        let with_help = Settings {
            code_with_help: true,
            ..Settings::default()
        };
        let six = compose(cycle.reference().expect("a code"), &keys(), &with_help);
        assert_eq!(six.split(',').count(), 6);
        assert_eq!(cycle.scan(&six, &keys()), Scan::Current);
        let without_platform = first.rsplit_once(',').expect("parts").0;
        assert_eq!(cycle.scan(without_platform, &keys()), Scan::Current);
        assert_eq!(
            cycle.scan(&first.replace("A=", "B="), &keys()),
            Scan::WrongKeys
        );
        assert_eq!(cycle.scan("2@else,S=,I=,A=", &keys()), Scan::Unknown);

        cycle.turn(&settings, now);
        assert_eq!(cycle.scan(&first, &keys()), Scan::Expired);
        let as_url = Settings {
            code_as_url: true,
            ..Settings::default()
        };
        let second = compose(cycle.reference().expect("a code"), &keys(), &as_url);
        assert!(second.starts_with("https://wa.me/"));
        assert_eq!(cycle.scan(&second, &keys()), Scan::Current);
    }

    #[test]
    fn a_link_code_is_two_groups_of_four() {
        let code = new_link_code();
        assert_eq!(code.len(), 9);
        assert_eq!(code.as_bytes()[4], b'-');
    }

    #[test]
    fn a_full_code_can_be_drawn() {
        let text = compose(&new_reference(), &keys(), &Settings::default());
        let drawing = draw(&text).expect("it fits");
        assert_eq!(drawing.bits.len(), drawing.size * drawing.size);
    }
}
