//! `Content`: a validated message, by kind (text, media, location, contact, …).

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Recipient;

/// A message and whom it goes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// Whom it goes to.
    pub to: Recipient,
    /// What it is.
    pub content: Content,
}

/// What a message is. As JSON it has the names of the request for it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// A text.
    Text(Text),
    /// A picture.
    Image(Media),
    /// A film.
    Video(Media),
    /// Sound: music, or a voice message.
    Audio(Media),
    /// Any file, as it is.
    Document(Media),
    /// A place.
    Location(Location),
    /// People's cards.
    Contact(Contacts),
    /// A sign on an earlier message.
    Reaction(Reaction),
}

/// A text.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// The text.
    pub message: String,
    /// Whether WhatsApp may look up the first link in it and show what is
    /// there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub link_preview: bool,
    /// What it belongs to.
    #[serde(flatten)]
    pub context: Context,
}

/// A file, by exactly one of `file_id`, `url` and, where both are missing, the
/// upload in the same request.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Media {
    /// A file that was uploaded before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_id: Option<String>,
    /// Where to get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What stands below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// The name that the recipient sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Whether a sound is a voice message.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub voice: bool,
    /// What it belongs to.
    #[serde(flatten)]
    pub context: Context,
}

/// What a message belongs to.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// The message that is answered: WhatsApp's id, or the last part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// Who is mentioned, as WhatsApp's ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
}

/// A place.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// Degrees, north positive.
    pub latitude: f64,
    /// Degrees, east positive.
    pub longitude: f64,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// People's cards.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Contacts {
    /// One or more.
    pub contacts: Vec<Card>,
}

/// Somebody's card.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The name.
    pub name: String,
    /// The number in international form.
    pub phone: String,
}

/// A sign on an earlier message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// That message: WhatsApp's id, or the last part of it.
    pub message_id: String,
    /// The sign; empty takes the one that is there away.
    pub emoji: String,
}

/// The kinds of [`Media`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// Sound.
    Audio,
    /// Any file.
    Document,
}

impl MediaKind {
    /// The word for it in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
        }
    }
}

impl Content {
    /// The word for its kind in a request.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Image(_) => "image",
            Self::Video(_) => "video",
            Self::Audio(_) => "audio",
            Self::Document(_) => "document",
            Self::Location(_) => "location",
            Self::Contact(_) => "contact",
            Self::Reaction(_) => "reaction",
        }
    }

    /// The file, if it is one.
    pub const fn media(&self) -> Option<(MediaKind, &Media)> {
        match self {
            Self::Image(media) => Some((MediaKind::Image, media)),
            Self::Video(media) => Some((MediaKind::Video, media)),
            Self::Audio(media) => Some((MediaKind::Audio, media)),
            Self::Document(media) => Some((MediaKind::Document, media)),
            _ => None,
        }
    }

    /// The file, if it is one.
    pub fn media_mut(&mut self) -> Option<&mut Media> {
        match self {
            Self::Image(media)
            | Self::Video(media)
            | Self::Audio(media)
            | Self::Document(media) => Some(media),
            _ => None,
        }
    }

    /// A text and nothing else.
    #[must_use]
    pub fn text(message: impl Into<String>) -> Self {
        Self::Text(Text {
            message: message.into(),
            link_preview: false,
            context: Context::default(),
        })
    }
}

// Texts, names, numbers and places are the customers': none may reach a log by
// way of a `{:?}`.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Content").field(&self.kind()).finish()
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Card").finish_non_exhaustive()
    }
}
