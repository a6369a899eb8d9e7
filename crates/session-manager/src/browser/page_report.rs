//! The data types that the page script reports: page state, messages, acks, limits.

use serde::{Deserialize, Deserializer};
use session_api::{MessageContent, NewChatStatus, PasskeyRequest};

/// What the page is doing: the page script's `facts` record, uninterpreted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PageReport {
    /// The page's `Socket.state`; `None` until its module is there.
    pub socket: Option<String>,
    /// The page's `Socket.stream`.
    pub stream: Option<String>,
    /// Whether the first sync is through.
    pub synced: bool,
    /// Whether the profile holds a linked device; `None` while unknown.
    pub registered: Option<bool>,
    /// The code's full string, while one is shown.
    pub code: Option<String>,
    /// Whether the page stopped showing codes and waits to be refreshed.
    pub idle: bool,
    /// Whether the messages that waited have been delivered; `None` where the
    /// page does not say.
    pub delivered: Option<bool>,
    /// Changes while the first sync or that delivery moves; empty after them.
    pub progress: String,
    /// The passkey that WhatsApp asks for before it links.
    pub passkey: Option<Box<PagePasskey>>,
    /// The code to type into the phone that is out.
    pub link_code: Option<PageLinkCode>,
    /// Whether all is there that sending and hearing need.
    pub tools: bool,
    /// The names of what they need and is not there.
    pub missing: Vec<String>,
    /// Which document of the page reports.
    pub document: String,
    /// Why the page logged out, where it did.
    pub logged_out: Option<String>,
    /// What WhatsApp tells the page's user in place of the chats.
    pub notice: Option<Notice>,
    /// Whether the page refuses this browser.
    pub unsupported: bool,
    /// The HTTP status that the page was answered with; 0 while unknown.
    pub http_status: u16,
    /// The linked account.
    pub account: Option<PageAccount>,
    /// The page's version.
    pub whatsapp_version: Option<String>,
    /// wa-js's version.
    pub wa_js_version: Option<String>,
}

impl PageReport {
    /// Whether the page is linked, synced and connected.
    ///
    /// All of it is needed: `hasSynced` alone stays true while the network is
    /// away, and `CONNECTED` alone is true before the first sync.
    pub fn is_connected(&self) -> bool {
        self.registered == Some(true)
            && self.socket.as_deref() == Some("CONNECTED")
            && self.stream.as_deref() == Some("CONNECTED")
            && self.synced
    }
}

/// What WhatsApp tells the page's user in place of the chats.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// The account is banned for a while.
    TemporaryBan {
        /// WhatsApp's number for the reason.
        code: Option<i64>,
        /// Until when, in milliseconds since 1970.
        until: Option<i64>,
    },
    /// WhatsApp's servers answer nobody.
    ServiceUnavailable,
    /// The page wants its user to log out.
    UnexpectedLogout {
        /// The page's word for why.
        reason: String,
    },
    /// One that this version does not know.
    #[serde(other)]
    Unknown,
}

/// How far the page is with the passkey that WhatsApp asks for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PagePasskey {
    /// What is waited for.
    pub stage: PasskeyStage,
    /// Counts the requests of one document.
    pub request: u64,
    /// What an authenticator is asked for, while an answer is waited for.
    #[serde(default, deserialize_with = "readable")]
    pub public_key: Option<PasskeyRequest>,
    /// What the phone shows as well.
    #[serde(default)]
    pub verification_code: Option<String>,
    /// The page goes on without a person.
    #[serde(default)]
    pub confirms_itself: bool,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum PasskeyStage {
    /// The page, which has not said what the passkey is asked for.
    Asked,
    /// An answer of the passkey.
    Required,
    /// WhatsApp and the phone.
    Answered,
    /// The verification code, to be confirmed.
    Confirm,
}

impl PasskeyStage {
    /// The word for it in `GET /session`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A request that has changed beyond recognition must not take the other facts
/// with it.
fn readable<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PasskeyRequest>, D::Error> {
    let value = Option::<serde_json::Value>::deserialize(from)?;
    Ok(value.and_then(|value| serde_json::from_value(value).ok()))
}

/// The code to type into the phone that is out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PageLinkCode {
    /// When WhatsApp takes it no more, in milliseconds since 1970.
    pub expires_at: i64,
}

/// The linked account as the page names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PageAccount {
    /// `…@c.us`.
    pub id: String,
    /// `…@lid`.
    pub lid: Option<String>,
    /// The name shown to others.
    pub pushname: Option<String>,
    /// The phone's platform.
    pub platform: Option<String>,
}

/// A message that the page reports.
#[derive(Clone, Deserialize)]
pub struct PageMessage {
    /// WhatsApp's id.
    pub message_id: String,
    /// The sender.
    pub from: String,
    /// The recipient.
    pub to: String,
    /// The other side's number.
    #[serde(default)]
    pub phone: Option<String>,
    /// The other side's `…@lid`.
    #[serde(default)]
    pub lid: Option<String>,
    /// The sender's name.
    #[serde(default)]
    pub pushname: Option<String>,
    /// Sent from the phone of this account.
    pub from_me: bool,
    /// WhatsApp's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The text.
    pub body: String,
    /// Milliseconds since 1970.
    pub at: i64,
    /// WhatsApp's number for how far it got.
    #[serde(default)]
    pub ack: i8,
    /// Its row in the page's database: of messages of one second, the later one
    /// has the larger. 0 while unknown.
    #[serde(default)]
    pub row: f64,
    /// No message, but a missed call that the page wrote into the chat.
    #[serde(default)]
    pub call: Option<PageCall>,
    /// What it holds beside its text.
    #[serde(flatten)]
    pub content: Box<MessageContent>,
}

/// A missed call.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct PageCall {
    /// Whether it was a video call.
    pub video: bool,
}

/// What became of a message after it was sent.
#[derive(Clone, Deserialize)]
pub struct PageChange {
    /// What.
    pub kind: PageChangeKind,
    /// Tells it from all others of its kind.
    pub key: String,
    /// WhatsApp's id of the message.
    pub message_id: String,
    /// The chat that it is in.
    pub chat: String,
    /// Digits.
    #[serde(default)]
    pub phone: Option<String>,
    /// `…@lid`.
    #[serde(default)]
    pub lid: Option<String>,
    /// The account itself did it.
    #[serde(default)]
    pub from_me: bool,
    /// Milliseconds since 1970.
    pub at: i64,
    /// The text now.
    #[serde(default)]
    pub body: String,
    /// The reaction; `None` takes it away.
    #[serde(default)]
    pub emoji: Option<String>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageChangeKind {
    /// It has another text.
    Edited,
    /// It was deleted for everyone.
    Deleted,
    /// Somebody's reaction to it changed.
    Reaction,
}

/// A message or an ack that the page reports.
#[derive(Clone)]
pub enum PageUpdate {
    /// A message came in, or was sent from another device.
    Message(Box<PageMessage>),
    /// Something became of a message.
    Change(Box<PageChange>),
    /// The delivery state of a sent message changed.
    Ack {
        /// WhatsApp's whole id.
        message_id: String,
        /// WhatsApp's number, -1 to 4.
        ack: i8,
    },
}

/// What the page knows of what WhatsApp lets the account do. Times in
/// milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PageLimits {
    /// The lock on writing to people who never wrote first.
    pub reach_out: PageLock,
    /// The monthly limit on new chats.
    pub new_chats: PageNewChats,
    /// How far the history is, in percent. `None`: the page has no such thing;
    /// within: it said nothing of it yet.
    #[serde(deserialize_with = "present")]
    pub history: Option<Option<u8>>,
}

/// What is there, be it `null`.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<u8>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// See [`PageLimits::reach_out`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PageLock {
    /// Whether it is on.
    pub locked: bool,
    /// When it ends.
    pub until: Option<i64>,
    /// WhatsApp's word for its kind.
    pub kind: Option<String>,
}

/// See [`PageLimits::new_chats`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PageNewChats {
    /// How near the limit is.
    pub status: NewChatStatus,
    /// New chats in this cycle.
    pub used: u64,
    /// How many there may be.
    pub total: Option<u64>,
    /// When the cycle ends.
    pub cycle_end: Option<i64>,
}

/// One entry of a batch from the page.
#[derive(Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PageEvent {
    /// The page changed what it is doing.
    #[serde(rename = "facts")]
    Report {
        /// The report.
        #[serde(rename = "facts")]
        report: PageReport,
    },
    /// A message came in.
    Message {
        /// The message.
        message: PageMessage,
    },
    /// Something became of a message.
    Change {
        /// What.
        change: PageChange,
    },
    /// A sent message moved on.
    Ack {
        /// WhatsApp's id.
        id: String,
        /// WhatsApp's number, -1 to 4.
        ack: i8,
    },
    /// What WhatsApp lets the account do.
    Limits {
        /// All of it.
        limits: PageLimits,
    },
    /// A line for the log; never a body or a number.
    Log {
        /// `warn` or `info`.
        level: String,
        /// The line.
        text: String,
    },
}
