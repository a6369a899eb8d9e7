//! The parts of an inbound message besides its text: files, locations, contact
//! cards and more.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The parts of a message besides its text; absent parts are omitted. The content
/// is untrusted: each part is limited in size, and unreadable parts are dropped.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct MessageContent {
    /// The attached file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<InboundMedia>,
    /// The message that it replies to.
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
    /// The chosen button or list item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected: Option<Selected>,
    /// An order from the catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// The advertisement that the person came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ad: Option<Ad>,
    /// Whether it can be viewed only once, and only on the phone.
    #[serde(skip_serializing_if = "is_false")]
    pub view_once: bool,
    /// Whether it was forwarded.
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

/// The availability of a message's file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaState {
    /// Stored by WhatsApp, and not fetched yet.
    #[default]
    Remote,
    /// No longer available to this device.
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
    /// The availability of the file.
    pub state: MediaState,
}

/// The message that another one replies to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Quoted {
    /// WhatsApp's message id.
    pub message_id: String,
    /// WhatsApp's id of the sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Whether this account sent it.
    pub from_me: bool,
    /// WhatsApp's message type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The beginning of its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A location.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct InboundLocation {
    /// Degrees, north positive.
    pub latitude: f64,
    /// Degrees, east positive.
    pub longitude: f64,
    /// The name of the location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The postal address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// A web page about it, `http` or `https`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whether it is a live location, which moves with the sender.
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

/// A number on a card.
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

/// The chosen button or list item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Selected {
    /// `button`, `template` or `list`.
    pub kind: String,
    /// The id that the sender of the buttons or list assigned.
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
    /// Its title.
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

/// The advertisement that a person came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Ad {
    /// The platform, such as `facebook` or `instagram`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The advertisement's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its headline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its URL, `http` or `https`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
