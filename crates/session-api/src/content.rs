//! `Content`: a validated message of any kind (text, media, location, contact, …).

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Recipient;

/// A message with its recipient.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// The recipient.
    pub to: Recipient,
    /// The content of the message.
    pub content: Content,
}

/// The content of a message. Its JSON has the field names of the request.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// A text.
    Text(Text),
    /// An image.
    Image(Media),
    /// A video.
    Video(Media),
    /// Audio: music, or a voice message.
    Audio(Media),
    /// Any file, unchanged.
    Document(Media),
    /// A sticker.
    Sticker(Media),
    /// A location.
    Location(Location),
    /// Contact cards.
    Contact(Contacts),
    /// A reaction to an earlier message.
    Reaction(Reaction),
}

/// A text message.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// The text.
    pub message: String,
    /// Whether WhatsApp may look up the first link in the text and show a
    /// preview.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub link_preview: bool,
    /// The message that is replied to, and mentions.
    #[serde(flatten)]
    pub context: Context,
}

/// A file: given by `file_id`, by `url` or, if both are missing, by the upload in the same request.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Media {
    /// The id of a file that was uploaded before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_id: Option<String>,
    /// The URL to fetch the file from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The caption below the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// The name that the recipient sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Whether audio is a voice message.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub voice: bool,
    /// Whether a video plays like a GIF: automatically, silently and repeatedly.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gif: bool,
    /// The message that is replied to, and mentions.
    #[serde(flatten)]
    pub context: Context,
}

/// The message that is replied to, and mentions.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// The message that is replied to, as WhatsApp's id or the last part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The mentioned users, as WhatsApp ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
}

/// A location.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// Latitude in degrees, north positive.
    pub latitude: f64,
    /// Longitude in degrees, east positive.
    pub longitude: f64,
    /// The name of the location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address of the location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// Contact cards.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Contacts {
    /// One or more cards.
    pub contacts: Vec<Card>,
}

/// A contact card.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The name of the contact.
    pub name: String,
    /// The phone number in international form.
    pub phone: String,
}

/// A reaction to an earlier message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// The earlier message, as WhatsApp's id or the last part of it.
    pub message_id: String,
    /// The emoji; an empty text removes the existing reaction.
    pub emoji: String,
}

/// The kinds of [`Media`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// An image.
    Image,
    /// A video.
    Video,
    /// Audio.
    Audio,
    /// Any file.
    Document,
    /// A sticker.
    Sticker,
}

impl MediaKind {
    /// Returns the value of `type` in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }
}

impl Content {
    /// Returns the value of `type` in a request.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Image(_) => "image",
            Self::Video(_) => "video",
            Self::Audio(_) => "audio",
            Self::Document(_) => "document",
            Self::Sticker(_) => "sticker",
            Self::Location(_) => "location",
            Self::Contact(_) => "contact",
            Self::Reaction(_) => "reaction",
        }
    }

    /// Returns the kind and the file; `None` if the content is not media.
    pub const fn media(&self) -> Option<(MediaKind, &Media)> {
        match self {
            Self::Image(media) => Some((MediaKind::Image, media)),
            Self::Video(media) => Some((MediaKind::Video, media)),
            Self::Audio(media) => Some((MediaKind::Audio, media)),
            Self::Document(media) => Some((MediaKind::Document, media)),
            Self::Sticker(media) => Some((MediaKind::Sticker, media)),
            _ => None,
        }
    }

    /// Returns the file; `None` if the content is not media.
    pub fn media_mut(&mut self) -> Option<&mut Media> {
        match self {
            Self::Image(media)
            | Self::Video(media)
            | Self::Audio(media)
            | Self::Document(media)
            | Self::Sticker(media) => Some(media),
            _ => None,
        }
    }

    /// Creates a text without a reply or mentions.
    #[must_use]
    pub fn text(message: impl Into<String>) -> Self {
        Self::Text(Text {
            message: message.into(),
            link_preview: false,
            context: Context::default(),
        })
    }
}

// Texts, names, numbers and locations are the customers' data, which `{:?}`
// must not write to a log.
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
