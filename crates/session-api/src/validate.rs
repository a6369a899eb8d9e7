//! Validates messages by the same rules in both services, so that a dry run
//! rejects what a real send would.

use std::borrow::Cow;
use std::fmt;

use crate::content::{Card, Contacts, Content, Context, Location, Media, Outgoing, Reaction, Text};
use crate::emoji::is_one_emoji;
use crate::recipient::Recipient;
use crate::send::SendRequest;

/// Maximum length of a text, in characters, which is WhatsApp's own limit.
pub const MAX_MESSAGE_CHARS: usize = 65_536;
/// Maximum length of a location's name and address and of a name on a card, in characters.
const MAX_LINE_CHARS: usize = 1_024;
const MAX_URL_CHARS: usize = 2_048;
/// What a text lacks that is not one emoji.
pub(crate) const NOT_ONE_EMOJI: &str = "has to be one emoji, or empty to take it away";
const MAX_MENTIONS: usize = 256;
const MAX_CARDS: usize = 50;
/// An invalid part of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The name of the field.
    pub field: Cow<'static, str>,
    /// The expected value. The given value is never repeated, because it may be
    /// a phone number or a customer's text.
    pub wants: Cow<'static, str>,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.wants)
    }
}

impl std::error::Error for Invalid {}

/// The fields that one type of message accepts in addition to `cliente_id` and `to`.
struct Takes {
    kind: &'static str,
    fields: &'static [&'static str],
}

const MEDIA: &[&str] = &[
    "file_id", "url", "caption", "filename", "reply_to", "mentions",
];

const KINDS: &[Takes] = &[
    Takes {
        kind: "text",
        fields: &["message", "link_preview", "reply_to", "mentions"],
    },
    Takes {
        kind: "image",
        fields: MEDIA,
    },
    Takes {
        kind: "video",
        fields: &[
            "file_id", "url", "caption", "filename", "gif", "reply_to", "mentions",
        ],
    },
    // `caption` is missing because WhatsApp shows no caption below audio.
    Takes {
        kind: "audio",
        fields: &["file_id", "url", "filename", "voice", "reply_to"],
    },
    Takes {
        kind: "document",
        fields: MEDIA,
    },
    // `caption` is missing because WhatsApp shows a sticker alone.
    Takes {
        kind: "sticker",
        fields: &["file_id", "url", "filename", "reply_to"],
    },
    Takes {
        kind: "location",
        fields: &["latitude", "longitude", "name", "address"],
    },
    Takes {
        kind: "contact",
        fields: &["contact", "contacts"],
    },
    Takes {
        kind: "reaction",
        fields: &["message_id", "emoji"],
    },
];

impl SendRequest {
    /// Validates the whole request, and returns the message to send. `upload`
    /// says whether a file came with the request.
    ///
    /// # Errors
    /// The first invalid field.
    pub fn validate(&self, upload: bool) -> Result<Outgoing, Invalid> {
        let in_bounds = |id| id > 0 && i64::try_from(id).is_ok();
        if !self.cliente_id.is_none_or(in_bounds) {
            return refuse("cliente_id", "has to be a positive integer");
        }
        let takes = self.takes()?;
        let to = Recipient::parse(&self.to)?;
        let content = match takes.kind {
            "image" => Content::Image(self.media(upload)?),
            "video" => Content::Video(self.media(upload)?),
            "audio" => Content::Audio(self.media(upload)?),
            "document" => Content::Document(self.media(upload)?),
            "sticker" => Content::Sticker(self.media(upload)?),
            _ if upload => return refuse("file", format!("does not go with type {}", takes.kind)),
            "location" => Content::Location(self.location()?),
            "contact" => Content::Contact(self.contacts()?),
            "reaction" => Content::Reaction(self.reaction()?),
            _ => Content::Text(self.words()?),
        };
        Ok(Outgoing { to, content })
    }

    fn takes(&self) -> Result<&'static Takes, Invalid> {
        let kinds = || KINDS.iter().map(|takes| takes.kind);
        let Some(kind) = &self.kind else {
            // For compatibility, unknown fields are ignored; known fields,
            // however, must not get lost.
            let text = &KINDS[0];
            return match self.given().find(|name| !text.fields.contains(name)) {
                None => Ok(text),
                Some(name) => {
                    let fitting = KINDS.iter().filter(|takes| takes.fields.contains(&name));
                    let fitting = fitting.map(|takes| takes.kind).collect::<Vec<_>>();
                    let fitting = fitting.join(", ");
                    refuse("type", format!("is missing: {name} goes with {fitting}"))
                }
            };
        };
        let Some(takes) = KINDS.iter().find(|takes| takes.kind == kind) else {
            let known = kinds().collect::<Vec<_>>().join(", ");
            return refuse("type", format!("has to be one of {known}"));
        };
        if let Some(name) = self.given().find(|name| !takes.fields.contains(name)) {
            let fields = takes.fields.join(", ");
            return refuse(
                name,
                format!("does not go with type {kind}, which takes {fields}"),
            );
        }
        match &self.unknown {
            None => Ok(takes),
            // The name of a field is also the client's text.
            Some(name) => {
                let is_name =
                    name.len() <= 40 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
                let name = if is_name {
                    name.clone()
                } else {
                    "a field".into()
                };
                let fields = takes.fields.join(", ");
                refuse(name, format!("is not known: type {kind} takes {fields}"))
            }
        }
    }

    fn words(&self) -> Result<Text, Invalid> {
        let Some(message) = &self.message else {
            return refuse("message", "is missing");
        };
        if message.trim().is_empty() {
            return refuse("message", "is empty");
        }
        text("message", message, MAX_MESSAGE_CHARS)?;
        Ok(Text {
            message: message.clone(),
            link_preview: self.link_preview.unwrap_or_default(),
            context: self.context()?,
        })
    }

    fn context(&self) -> Result<Context, Invalid> {
        if let Some(id) = &self.reply_to {
            message_id("reply_to", id)?;
        }
        let mentions = self.mentions.as_deref().unwrap_or_default();
        if mentions.len() > MAX_MENTIONS {
            return refuse("mentions", format!("are more than {MAX_MENTIONS}"));
        }
        let mentions = mentions
            .iter()
            .map(|who| Recipient::parse_as("mentions", who).map(|who| who.as_str().to_owned()))
            .collect::<Result<_, _>>()?;
        Ok(Context {
            reply_to: self.reply_to.clone(),
            mentions,
        })
    }

    fn media(&self, upload: bool) -> Result<Media, Invalid> {
        let sources = [self.file_id.is_some(), self.url.is_some(), upload];
        match sources.iter().filter(|given| **given).count() {
            1 => {}
            0 => {
                return refuse(
                    "file_id",
                    "is missing: a file is given by file_id, by url, or as the part file of a multipart request",
                );
            }
            _ => {
                return refuse(
                    "file_id",
                    "has to be the only source: one of file_id, url and the part file of a multipart request",
                );
            }
        }
        if let Some(id) = &self.file_id
            && !is_file_id(id)
        {
            return refuse("file_id", "has to be what POST /files answered");
        }
        if let Some(url) = &self.url {
            let web = url.starts_with("https://") || url.starts_with("http://");
            if !web || url.len() > MAX_URL_CHARS || url.chars().any(|c| c.is_control() || c == ' ')
            {
                return refuse("url", "has to be an absolute http:// or https:// URL");
            }
        }
        if let Some(caption) = &self.caption {
            text("caption", caption, MAX_MESSAGE_CHARS)?;
        }
        if let Some(name) = &self.filename {
            check_filename("filename", name)?;
        }
        Ok(Media {
            file_id: self.file_id.clone(),
            url: self.url.clone(),
            caption: self.caption.clone().filter(|it| !it.trim().is_empty()),
            filename: self.filename.clone(),
            voice: self.voice.unwrap_or_default(),
            gif: self.gif.unwrap_or_default(),
            context: self.context()?,
        })
    }

    fn location(&self) -> Result<Location, Invalid> {
        let degrees = |field: &'static str, value: Option<f64>, most: f64| match value {
            None => refuse(field, "is missing"),
            Some(value) if value.abs() <= most => Ok(value),
            Some(_) => refuse(field, format!("has to be degrees from -{most} to {most}")),
        };
        for (field, value) in [("name", &self.name), ("address", &self.address)] {
            text(field, value.as_deref().unwrap_or_default(), MAX_LINE_CHARS)?;
        }
        Ok(Location {
            latitude: degrees("latitude", self.latitude, 90.0)?,
            longitude: degrees("longitude", self.longitude, 180.0)?,
            name: self.name.clone(),
            address: self.address.clone(),
        })
    }

    fn contacts(&self) -> Result<Contacts, Invalid> {
        let cards = match (&self.contact, &self.contacts) {
            (Some(card), None) => vec![card.clone()],
            (None, Some(cards)) => cards.clone(),
            (None, None) => return refuse("contact", "is missing: an object of name and phone"),
            (Some(_), Some(_)) => {
                return refuse("contact", "and contacts: one of the two is to be given");
            }
        };
        if cards.is_empty() || cards.len() > MAX_CARDS {
            return refuse("contacts", format!("have to be from 1 to {MAX_CARDS}"));
        }
        let mut contacts = Vec::new();
        for card in cards {
            if card.name.trim().is_empty() {
                return refuse("contact.name", "is empty");
            }
            text("contact.name", &card.name, MAX_LINE_CHARS)?;
            // A phone saves the card, so the card needs a number.
            let number = Recipient::parse_as("contact.phone", &card.phone)?;
            let Some((phone, "c.us")) = number.as_str().split_once('@') else {
                return refuse("contact.phone", "has to be a number, not a LID");
            };
            contacts.push(Card {
                name: card.name,
                phone: phone.to_owned(),
            });
        }
        Ok(Contacts { contacts })
    }

    fn reaction(&self) -> Result<Reaction, Invalid> {
        let Some(id) = &self.message_id else {
            return refuse("message_id", "is missing: the message to react to");
        };
        message_id("message_id", id)?;
        let Some(emoji) = &self.emoji else {
            return refuse("emoji", "is missing; empty takes a reaction away");
        };
        if !emoji.is_empty() && !is_one_emoji(emoji) {
            return refuse("emoji", NOT_ONE_EMOJI);
        }
        Ok(Reaction {
            message_id: id.clone(),
            emoji: emoji.clone(),
        })
    }
}

pub(crate) fn refuse<T>(
    field: impl Into<Cow<'static, str>>,
    wants: impl Into<Cow<'static, str>>,
) -> Result<T, Invalid> {
    Err(Invalid {
        field: field.into(),
        wants: wants.into(),
    })
}

pub(crate) fn text(field: &'static str, value: &str, longest: usize) -> Result<(), Invalid> {
    if value.chars().count() > longest {
        return refuse(field, format!("is longer than {longest} characters"));
    }
    if value.contains('\0') {
        return refuse(field, "holds a NUL character");
    }
    Ok(())
}

/// Checks that `id` is WhatsApp's whole id (`true_…@c.us_3EB0…`) or the last part of it.
fn message_id(field: &'static str, id: &str) -> Result<(), Invalid> {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"@._:-".contains(&b);
    if (1..=128).contains(&id.len()) && id.bytes().all(known) {
        return Ok(());
    }
    refuse(
        field,
        "has to be the id of a message, as /send answers or /events tells it",
    )
}

/// Returns whether a text has the format of an id from `POST /files`.
#[must_use]
pub fn is_file_id(id: &str) -> bool {
    id.len() == 32
        && id
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'))
}

/// Checks the file name that the recipient sees.
///
/// # Errors
/// If the name is empty, too long, or contains a character that no file name
/// has.
pub fn check_filename(field: &'static str, name: &str) -> Result<(), Invalid> {
    let odd =
        |c: char| c.is_control() || matches!(c, '/' | '\\') || is_invisible(c) && !is_joiner(c);
    // Joiners combine emoji and shape letters, but are invisible next to ASCII.
    let mut last = None;
    let hides = name.chars().any(|c| {
        let before: Option<char> = last.replace(c);
        // A keycap digit is written like this.
        let is_keycap = c == '\u{fe0f}' && before.is_some_and(|it| it.is_ascii_digit());
        is_joiner(c) && !is_keycap && before.is_none_or(|before| before.is_ascii())
    });
    // Empty names, `.` and `..` denote folders.
    let is_none = name.trim().trim_matches('.').is_empty();
    if hides || is_none || name.len() > 255 || name.chars().any(odd) {
        return refuse(
            field,
            "has to be a file's name of at most 255 bytes, without a path and without invisible characters",
        );
    }
    Ok(())
}

/// Returns whether a character is invisible or changes the text direction of
/// others: `factura\u{202e}fdp.exe` looks like `facturaexe.pdf`.
#[must_use]
pub const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        // Direction marks.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        // Invisible characters.
        | '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        // Line separators.
        | '\u{2028}' | '\u{2029}'
    )
}

/// Returns whether a character joins emoji, or letters of some alphabets.
const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filenames_are_what_they_look_like() {
        for good in [
            "menú.pdf",
            "año 2026 (1).jpg",
            "👨\u{200d}👩\u{200d}👧 ❤\u{fe0f}.png",
            "حساب.pdf",
        ] {
            assert!(check_filename("filename", good).is_ok(), "{good:?}");
        }
        for bad in [
            "",
            " ",
            ".",
            " ..",
            "a/b",
            "a\\b",
            "a\u{0}b",
            "factura\u{202e}fdp.exe",
            "a\u{2066}b",
            "a\u{200b}b.pdf",
            "a\u{200d}b.pdf",
            "\u{feff}a.pdf",
            "a\u{ad}b",
            "a\u{e0041}b",
            "a\u{2028}b",
        ] {
            assert!(check_filename("filename", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn messages() {
        let request = |message: &str| SendRequest::text(None, "5491158254201", message);
        assert!(request("hola").validate(false).is_ok());
        assert!(
            request(&"ñ".repeat(MAX_MESSAGE_CHARS))
                .validate(false)
                .is_ok()
        );
        for bad in ["", " \n", "a\0b", &"a".repeat(MAX_MESSAGE_CHARS + 1)] {
            assert_eq!(request(bad).validate(false).unwrap_err().field, "message");
        }
        let mut anonymous = request("hola");
        for beyond in [0, 1 << 63] {
            anonymous.cliente_id = Some(beyond);
            assert_eq!(anonymous.validate(false).unwrap_err().field, "cliente_id");
        }
    }
}
