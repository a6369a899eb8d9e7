//! The parts of an inbound message other than its text: files, locations, contact cards and more.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The parts of a message other than its text; absent parts are omitted. The
/// content is untrusted, so each part is limited in size, and unreadable parts
/// are dropped.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct MessageContent {
    /// The attached file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<InboundMedia>,
    /// The message to which this one replies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted: Option<Quoted>,
    /// A location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<InboundLocation>,
    /// Contact cards, at most 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contacts: Option<Vec<ContactCard>>,
    /// A poll.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poll: Option<Poll>,
    /// The button or list item that the sender chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected: Option<Selected>,
    /// An order from the catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// The advertisement through which the person came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ad: Option<Ad>,
    /// Whether the message can be viewed only once, and only on the phone.
    #[serde(skip_serializing_if = "is_false")]
    pub view_once: bool,
    /// Whether the message was forwarded.
    #[serde(skip_serializing_if = "is_false")]
    pub forwarded: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !value
}

// Message contents stay out of logs.
impl std::fmt::Debug for MessageContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageContent").finish_non_exhaustive()
    }
}

/// Whether a message's file is available.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaState {
    /// WhatsApp stores the file, which has not been fetched yet.
    #[default]
    Remote,
    /// The file is no longer available to this device.
    Gone,
}

/// A message's file, as its sender describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct InboundMedia {
    /// The declared MIME type.
    pub mime: String,
    /// The size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The file name, without folders and invisible characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// The duration in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// The width in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// The height in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// A small JPEG preview, `data:image/jpeg;base64,…`, at most 32 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<String>,
    /// Whether the file is available.
    pub state: MediaState,
}

/// The message to which another one replies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Quoted {
    /// WhatsApp's message id.
    pub message_id: String,
    /// WhatsApp's id of the sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Whether this account sent the message.
    pub from_me: bool,
    /// The message's type, as WhatsApp names it.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The beginning of the message's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A location.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct InboundLocation {
    /// Latitude in degrees, north positive.
    pub latitude: f64,
    /// Longitude in degrees, east positive.
    pub longitude: f64,
    /// The name of the location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The postal address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The URL of a web page about the location, `http` or `https`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whether the location is live, so that it moves with the sender.
    #[serde(skip_serializing_if = "is_false")]
    pub live: bool,
}

/// A contact card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ContactCard {
    /// The name of the person.
    pub name: String,
    /// The phone numbers, at most 10.
    pub phones: Vec<CardPhone>,
    /// The e-mail addresses, at most 10.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
    /// The person's employer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
}

/// A phone number on a card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct CardPhone {
    /// The number as written on the card.
    pub number: String,
    /// The number's digits on WhatsApp, if it is registered there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whatsapp: Option<String>,
}

/// A poll.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Poll {
    /// The question.
    pub name: String,
    /// The options.
    pub options: Vec<String>,
    /// Whether several options may be chosen.
    pub multiple: bool,
}

/// The button or list item that the sender chose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Selected {
    /// The kind of choice: `button`, `template` or `list`.
    pub kind: String,
    /// The id that the author of the buttons or list assigned.
    pub id: String,
    /// The label of the button or list item.
    pub text: String,
    /// The description below the label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// An order from the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Order {
    /// WhatsApp's id of the order.
    pub id: String,
    /// The title of the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The number of items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<u32>,
    /// The total price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<f64>,
    /// The currency of the price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// The advertisement through which a person came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Ad {
    /// The platform, such as `facebook` or `instagram`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The advertisement's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The advertisement's headline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The advertisement's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The advertisement's URL, `http` or `https`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
