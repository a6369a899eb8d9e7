//! What a message that came in holds beside its text: files, places, cards and more.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a message holds beside its text; what it does not is left out. Strangers
/// wrote it: each part is bounded in size, and what could not be read is not there.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct MessageContent {
    /// Its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<InboundMedia>,
    /// The message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted: Option<Quoted>,
    /// A place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<InboundLocation>,
    /// Contact cards, at most 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contacts: Option<Vec<ContactCard>>,
    /// A poll.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poll: Option<Poll>,
    /// What was chosen of buttons or a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected: Option<Selected>,
    /// An order from the catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// The advertisement that the person came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ad: Option<Ad>,
    /// It can be seen once, and only on the phone.
    #[serde(skip_serializing_if = "is_false")]
    pub view_once: bool,
    /// It was forwarded.
    #[serde(skip_serializing_if = "is_false")]
    pub forwarded: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !value
}

// What people write stays out of logs.
impl std::fmt::Debug for MessageContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageContent").finish_non_exhaustive()
    }
}

/// Where a message's file is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaState {
    /// At WhatsApp, to be fetched.
    #[default]
    Remote,
    /// Nowhere that this device could fetch it from.
    Gone,
}

/// A message's file, as its sender describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct InboundMedia {
    /// What it is said to be.
    pub mime: String,
    /// In bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its name, without folders and without what is not seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// How long it plays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// In pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// In pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// A small JPEG, `data:image/jpeg;base64,…`, at most 32 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<String>,
    /// Where it is.
    pub state: MediaState,
}

/// The message that another one answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Quoted {
    /// WhatsApp's id of it.
    pub message_id: String,
    /// Who wrote it, as WhatsApp's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Whether the account itself did.
    pub from_me: bool,
    /// WhatsApp's type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The beginning of its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct InboundLocation {
    /// Degrees, north positive.
    pub latitude: f64,
    /// Degrees, east positive.
    pub longitude: f64,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// A page of it, `http` or `https`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// It moves with the person.
    #[serde(skip_serializing_if = "is_false")]
    pub live: bool,
}

/// A contact card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ContactCard {
    /// Whose it is.
    pub name: String,
    /// At most 10.
    pub phones: Vec<CardPhone>,
    /// At most 10.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
    /// Where they work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
}

/// A number on a card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct CardPhone {
    /// As it stands there.
    pub number: String,
    /// The digits by which WhatsApp knows it, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whatsapp: Option<String>,
}

/// A poll.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Poll {
    /// The question.
    pub name: String,
    /// What can be chosen.
    pub options: Vec<String>,
    /// More than one may be.
    pub multiple: bool,
}

/// What was chosen of buttons or a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Selected {
    /// `button`, `template` or `list`.
    pub kind: String,
    /// The id that its sender gave it.
    pub id: String,
    /// What stands on it.
    pub text: String,
    /// What stands below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// An order from the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Order {
    /// WhatsApp's id of it.
    pub id: String,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How many things.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<u32>,
    /// What it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<f64>,
    /// In which currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// The advertisement that a person came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Ad {
    /// `facebook`, `instagram` and the like.
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
    /// Where it is, `http` or `https`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
