//! Message details in addition to the text: quotes, reactions, previews.

use serde::{Deserialize, Serialize};

/// Details of a message in addition to its text; absent ones are omitted.
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
    /// Id of the message that an edit changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edits: Option<String>,
    /// Id of the message that is deleted for everyone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revokes: Option<String>,
    /// An attached file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<SentFile>,
}

/// A location.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Latitude in degrees, north positive.
    pub latitude: f64,
    /// Longitude in degrees, east positive.
    pub longitude: f64,
    /// Name and address, one per line.
    pub text: String,
}

/// A file, and the server's record of it.
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
    /// Size of the upload.
    #[serde(default)]
    pub size: u64,
    /// SHA-256 of the upload, in hexadecimal.
    #[serde(default)]
    pub sha256: String,
}
