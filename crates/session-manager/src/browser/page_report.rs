//! The data types that the page script reports: page state, messages, acks and limits.

use serde::{Deserialize, Deserializer};
use session_api::{InboundMedia, MessageContent, NewChatStatus, PasskeyRequest};

/// The page's state: the `facts` record of the page script, not interpreted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PageReport {
    /// The page's `Socket.state`; `None` until the page's module is loaded.
    pub socket: Option<String>,
    /// The page's `Socket.stream`.
    pub stream: Option<String>,
    /// Whether the first sync is complete.
    pub synced: bool,
    /// Whether the profile holds a linked device; `None` while that is unknown.
    pub registered: Option<bool>,
    /// The full text of the QR code, while one is displayed.
    pub code: Option<String>,
    /// Whether the page stopped displaying codes and waits for a refresh.
    pub idle: bool,
    /// Whether queued messages have been delivered. `None` if the page does not report it.
    pub delivered: Option<bool>,
    /// Changes while the first sync or the delivery of queued messages progresses; empty
    /// afterwards.
    pub progress: String,
    /// The passkey that WhatsApp requires before it links the device.
    pub passkey: Option<Box<PagePasskey>>,
    /// The pending pairing code, to type into the phone.
    pub link_code: Option<PageLinkCode>,
    /// Whether the functions needed to send and receive are all available.
    pub tools: bool,
    /// The names of the missing functions.
    pub missing: Vec<String>,
    /// Identifies the document that reports.
    pub document: String,
    /// Why the page logged out; `None` if it did not.
    pub logged_out: Option<String>,
    /// A notice that WhatsApp displays in place of the chats.
    pub notice: Option<Notice>,
    /// Whether the "What's new" dialog was acknowledged in this document.
    pub whats_new_seen: bool,
    /// Whether the page refuses this browser.
    pub unsupported: bool,
    /// The HTTP status of the page's response; 0 while unknown.
    pub http_status: u16,
    /// The linked account.
    pub account: Option<PageAccount>,
    /// The page's version.
    pub whatsapp_version: Option<String>,
    /// wa-js's version.
    pub wa_js_version: Option<String>,
}

impl PageReport {
    /// Returns whether the page is linked, synced and connected.
    ///
    /// All conditions are needed: `hasSynced` alone stays true without a
    /// network, and `CONNECTED` alone is true before the first sync.
    pub fn is_connected(&self) -> bool {
        self.registered == Some(true)
            && self.socket.as_deref() == Some("CONNECTED")
            && self.stream.as_deref() == Some("CONNECTED")
            && self.synced
    }
}

/// A notice that WhatsApp displays in place of the chats.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// The account is temporarily banned.
    TemporaryBan {
        /// WhatsApp's reason code.
        code: Option<i64>,
        /// End of the ban, in milliseconds since 1970.
        until: Option<i64>,
    },
    /// WhatsApp's servers are unavailable.
    ServiceUnavailable,
    /// The page requires its user to log out.
    UnexpectedLogout {
        /// The page's reason code.
        reason: String,
    },
    /// A notice that this version does not know.
    #[serde(other)]
    Unknown,
}

/// The page's state of the passkey ceremony.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PagePasskey {
    /// The pending step.
    pub stage: PasskeyStage,
    /// The number of the request in its document.
    pub request: u64,
    /// The request to the authenticator, while an answer is pending.
    #[serde(default, deserialize_with = "lenient_request")]
    pub public_key: Option<PasskeyRequest>,
    /// The verification code, which the phone displays as well.
    #[serde(default)]
    pub verification_code: Option<String>,
    /// Whether the page continues without a person's confirmation.
    #[serde(default)]
    pub confirms_itself: bool,
}

/// The step of a passkey ceremony that is pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum PasskeyStage {
    /// The page's passkey request, which has not arrived yet.
    Asked,
    /// An answer made with the passkey.
    Required,
    /// A reaction of WhatsApp and the phone.
    Answered,
    /// A person's confirmation of the verification code.
    Confirm,
}

impl PasskeyStage {
    /// Returns the step's name in `GET /session`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Deserializes the request leniently, since an unknown format must not fail the whole report.
fn lenient_request<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PasskeyRequest>, D::Error> {
    let value = Option::<serde_json::Value>::deserialize(from)?;
    Ok(value.and_then(|value| serde_json::from_value(value).ok()))
}

/// The pending pairing code, to type into the phone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PageLinkCode {
    /// When the code expires, in milliseconds since 1970.
    pub expires_at: i64,
}

/// The linked account as the page reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PageAccount {
    /// `…@c.us`.
    pub id: String,
    /// `…@lid`.
    pub lid: Option<String>,
    /// The public display name.
    pub pushname: Option<String>,
    /// The phone's platform.
    pub platform: Option<String>,
}

/// A message that the page reports.
#[derive(Clone, Deserialize)]
pub struct PageMessage {
    /// WhatsApp's id of the message.
    pub message_id: String,
    /// The sender.
    pub from: String,
    /// The recipient.
    pub to: String,
    /// The contact's phone number.
    #[serde(default)]
    pub phone: Option<String>,
    /// The contact's `…@lid`.
    #[serde(default)]
    pub lid: Option<String>,
    /// The sender's name.
    #[serde(default)]
    pub pushname: Option<String>,
    /// Whether the message was sent from the phone of this account.
    pub from_me: bool,
    /// WhatsApp's type of the message.
    #[serde(rename = "type")]
    pub kind: String,
    /// The text.
    pub body: String,
    /// The time of the message, in milliseconds since 1970.
    pub at: i64,
    /// WhatsApp's numeric ack, -1 to 4.
    #[serde(default)]
    pub ack: i8,
    /// The row of the message in the page's database; 0 while it is unknown. Of messages in the
    /// same second, the later one has the larger number.
    #[serde(default)]
    pub row: f64,
    /// The missed call, if the message is one: the page stores it as a message.
    #[serde(default)]
    pub call: Option<PageCall>,
    /// The content of the message other than its text.
    #[serde(flatten)]
    pub content: Box<MessageContent>,
}

/// A missed call.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct PageCall {
    /// Whether it was a video call.
    pub video: bool,
}

/// A later change of a message.
#[derive(Clone, Deserialize)]
pub struct PageChange {
    /// The kind of change.
    pub kind: PageChangeKind,
    /// Identifies the change among those of its kind.
    pub key: String,
    /// WhatsApp's id of the message.
    pub message_id: String,
    /// The chat of the message.
    pub chat: String,
    /// The other person's phone number, in digits.
    #[serde(default)]
    pub phone: Option<String>,
    /// The other person's `…@lid`.
    #[serde(default)]
    pub lid: Option<String>,
    /// Whether the account itself made the change.
    #[serde(default)]
    pub from_me: bool,
    /// The time of the change, in milliseconds since 1970.
    pub at: i64,
    /// The text after the change.
    #[serde(default)]
    pub body: String,
    /// The reaction; `None` if it was removed.
    #[serde(default)]
    pub emoji: Option<String>,
}

/// The kind of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageChangeKind {
    /// The text was edited.
    Edited,
    /// The message was deleted for everyone.
    Deleted,
    /// A reaction to the message changed.
    Reaction,
}

/// A message or an ack that the page reports.
#[derive(Clone)]
pub enum PageUpdate {
    /// A message was received, or was sent from another device.
    Message(Box<PageMessage>),
    /// A message was changed.
    Change(Box<PageChange>),
    /// The delivery state of a sent message changed.
    Ack {
        /// WhatsApp's full message id.
        message_id: String,
        /// WhatsApp's numeric ack, -1 to 4.
        ack: i8,
        /// The file that was sent, once the server has it.
        media: Option<Box<InboundMedia>>,
    },
}

/// The account's WhatsApp limits as the page knows them. Times are in milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PageLimits {
    /// The restriction on writing to people who never wrote first.
    pub reach_out: PageReachOut,
    /// The monthly limit on new chats.
    pub new_chats: PageNewChats,
    /// Progress of the history sync, in percent. The outer `None` means that the page has no such
    /// state, the inner one that it has not reported it yet.
    #[serde(deserialize_with = "present_value")]
    pub history: Option<Option<u8>>,
}

/// Deserializes a value that is present, even if it is `null`.
fn present_value<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<u8>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// See [`PageLimits::reach_out`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PageReachOut {
    /// Whether the restriction is active.
    pub locked: bool,
    /// When the restriction ends; `None` if that is unknown.
    pub until: Option<i64>,
    /// WhatsApp's name for the kind of restriction.
    pub kind: Option<String>,
}

/// See [`PageLimits::new_chats`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PageNewChats {
    /// How close the limit is.
    pub status: NewChatStatus,
    /// Number of new chats in the current cycle.
    pub used: u64,
    /// Maximum number of new chats in a cycle.
    pub total: Option<u64>,
    /// When the current cycle ends.
    pub cycle_end: Option<i64>,
}

/// One entry of a batch from the page.
#[derive(Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PageEvent {
    /// The page's state changed.
    #[serde(rename = "facts")]
    Report {
        /// The report.
        #[serde(rename = "facts")]
        report: PageReport,
    },
    /// A message was received.
    Message {
        /// The message.
        message: PageMessage,
    },
    /// A message was changed.
    Change {
        /// The change.
        change: PageChange,
    },
    /// Messages may have been changed without an event.
    ChangesMissed,
    /// The ack of a sent message changed.
    Ack {
        /// WhatsApp's message id.
        id: String,
        /// WhatsApp's numeric ack, -1 to 4.
        ack: i8,
        /// The file that was sent, once the server has it.
        #[serde(default)]
        media: Option<Box<InboundMedia>>,
    },
    /// The account's WhatsApp limits.
    Limits {
        /// All current limits.
        limits: PageLimits,
    },
    /// A line for the log; never contains a message body or a phone number.
    Log {
        /// `warn` or `info`.
        level: String,
        /// The line.
        text: String,
    },
}
