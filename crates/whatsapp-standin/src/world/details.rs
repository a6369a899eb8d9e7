//! Message details beside the text: quotes, reactions, previews.

use serde::{Deserialize, Serialize};

/// What a message is beside its text; what it is not is left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// What stands below a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// A place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Place>,
    /// Cards, as vCards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cards: Option<Vec<String>>,
    /// The id of the message it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted: Option<String>,
    /// Who is mentioned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mentions: Option<Vec<String>>,
    /// A link in the text is shown with what is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link_preview: Option<bool>,
    /// The id of the message that a reaction is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reacts_to: Option<String>,
    /// A file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<SentFile>,
}

/// A place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Degrees, north positive.
    pub latitude: f64,
    /// Degrees, east positive.
    pub longitude: f64,
    /// Name and address, a line each.
    pub text: String,
}

/// A file, and what the server has of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentFile {
    /// Where it lies.
    pub path: String,
    /// Its type, as the page says.
    pub mime: String,
    /// Its name, as the page says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Its size, as it was uploaded.
    #[serde(default)]
    pub size: u64,
    /// SHA-256 of what was uploaded, in hexadecimal.
    #[serde(default)]
    pub sha256: String,
}
