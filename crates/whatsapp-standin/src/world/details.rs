//! Defines details of a message besides its text: quotes, reactions, previews and others.

use serde::{Deserialize, Serialize};

/// Details of a message besides its text. Absent details are omitted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Caption of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// A location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Place>,
    /// Contact cards, as vCards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cards: Option<Vec<String>>,
    /// Id of the quoted message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted: Option<String>,
    /// Mentioned contacts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mentions: Option<Vec<String>>,
    /// Whether a link in the text has a preview.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link_preview: Option<bool>,
    /// Id of the message that a reaction belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reacts_to: Option<String>,
    /// Id of the message that this edit changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edits: Option<String>,
    /// Id of the message that this line deletes for everyone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revokes: Option<String>,
    /// An attached file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<SentFile>,
}

/// A location.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The latitude in degrees, positive in the north.
    pub latitude: f64,
    /// The longitude in degrees, positive in the east.
    pub longitude: f64,
    /// The name and the address, each on its own line.
    pub text: String,
}

/// A file as sent, with the server's record of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentFile {
    /// Path of the file.
    pub path: String,
    /// MIME type, according to the page.
    pub mime: String,
    /// Name, according to the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Whether a video plays like a GIF, according to the page.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gif: bool,
    /// Size of the upload, in bytes.
    #[serde(default)]
    pub size: u64,
    /// SHA-256 of the upload, in hexadecimal.
    #[serde(default)]
    pub sha256: String,
}
