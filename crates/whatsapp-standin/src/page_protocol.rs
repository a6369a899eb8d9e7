//! Defines the wire protocol between page and server: JSON over one WebSocket. It is private to
//! this crate, which also serves the page.

use serde::{Deserialize, Serialize};

use crate::codes::{Drawing, Keys};
use crate::world::{Details, Limits};

/// A line from the page to the server.
#[derive(Debug, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(crate) enum FromPage {
    /// Identifies the page, in the first line of a connection.
    Hello { device: Option<Claim>, keys: Keys },
    /// Requests a new round of codes for an idle page.
    RefreshCodes,
    /// Requests a code for linking by number.
    LinkCode { tag: u64, phone: String },
    /// Requests the passkey options again.
    PasskeyOptions { tag: u64 },
    /// Sends the passkey assertion.
    PasskeyAnswer {
        tag: u64,
        assertion: serde_json::Value,
    },
    /// Confirms that the phone shows the same verification code.
    PasskeyConfirm { tag: u64 },
    /// Reports that the identity from a scan is stored in the profile.
    Paired,
    /// Sends a message.
    Send(Box<Outgoing>),
    /// Reports a message that the page stored but did not send, because its contact is blocked.
    HeldBack { key: String },
    /// Reports that the main thread was blocked for more than 50 ms.
    LongTask(LongTask),
    /// Reports that a store or delete on the phone's request is done.
    Stored,
    /// Reports that inbound messages are stored in the profile.
    Got { keys: Vec<String> },
    /// Reports that an ack is stored in the profile.
    GotAck { key: String, ack: i8 },
    /// Asks whether a number has WhatsApp.
    QueryExists {
        tag: u64,
        user: String,
        server: String,
    },
    /// Requests the about text and the picture of a contact.
    Profile {
        tag: u64,
        user: String,
        server: String,
    },
    /// Reports that a chat was read up to the message with this key.
    Seen {
        chat: String,
        key: String,
        count: u32,
    },
    /// Reports that a chat shows the account as typing, as recording, or as neither any more.
    ChatState { chat: String, state: ChatActivity },
    /// Requests the account's limits.
    Limits { tag: u64 },
    /// Unlinks the device.
    Logout { tag: u64 },
    /// Takes the session back from another page.
    Takeover,
    /// Sets whether the account shows as online.
    Presence { available: bool },
    /// Reports that the "What's new" dialog was acknowledged.
    WhatsNewSeen,
    /// Sends a fingerprint of the browser, for tests.
    Browser { described: serde_json::Value },
}

/// The activity of the account that a chat shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatActivity {
    /// The account is typing.
    Composing,
    /// The account is recording a voice message.
    Recording,
    /// The account is no longer typing or recording.
    Paused,
}

/// A period in which the page's main thread was blocked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LongTask {
    /// Start, in milliseconds since 1970.
    pub at: f64,
    /// Duration, in milliseconds.
    pub ms: f64,
}

/// The identity that a profile claims.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Claim {
    pub(crate) id: String,
    pub(crate) token: String,
}

/// An outbound message.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Outgoing {
    /// The message id on the server.
    pub(crate) id: String,
    /// The page's full key.
    pub(crate) key: String,
    /// The chat: `…@c.us` or `…@lid`.
    pub(crate) to: String,
    #[serde(default)]
    pub(crate) body: String,
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) details: Details,
}

/// A line from the server to the page.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(crate) enum ToPage {
    Code {
        reference: String,
        text: String,
        number: u32,
        drawing: Option<Drawing>,
    },
    Idle,
    LinkCode {
        tag: u64,
        code: String,
    },
    Failed {
        tag: u64,
        code: &'static str,
    },
    /// Requests the account's passkey before this page is linked.
    PasskeyRequest {
        options: serde_json::Value,
    },
    PasskeyOptions {
        tag: u64,
        options: serde_json::Value,
    },
    PasskeyTaken {
        tag: u64,
    },
    PasskeyCode {
        code: String,
    },
    Pair {
        device: Identity,
    },
    /// The 515: makes the page log in again on a new connection.
    Restart,
    Welcome {
        me: Identity,
    },
    Sync {
        percent: u8,
        messages: Vec<Incoming>,
    },
    SyncDone,
    /// Sends the messages that were received while offline, after the page is connected.
    Offline {
        messages: Vec<Incoming>,
    },
    /// Reports that the offline delivery is complete.
    OfflineEnd,
    Message {
        message: Incoming,
    },
    /// Makes a ciphertext message readable.
    Reveal {
        key: String,
        body: String,
        /// The page's type of the message, if it is not text.
        kind: Option<String>,
        /// Whether the line changes another message instead of being a message.
        is_change: bool,
    },
    Ack {
        key: String,
        ack: i8,
    },
    Refused {
        key: String,
        result: &'static str,
        error_code: Option<u16>,
    },
    /// Sends all contacts that the phone has saved, and all that it has blocked.
    Contacts {
        saved: Vec<Saved>,
        blocked: Vec<Blocked>,
    },
    /// Sends the account's limits unasked.
    Limits {
        #[serde(flatten)]
        limits: Limits,
    },
    /// Sends the account's limits in response to a request.
    LimitsNow {
        tag: u64,
        #[serde(flatten)]
        limits: Limits,
    },
    /// Reports the progress of the history.
    History {
        percent: u8,
    },
    Exists {
        tag: u64,
        on_whatsapp: bool,
        user: String,
        lid: String,
    },
    Profile {
        tag: u64,
        about: Option<String>,
        picture: Option<String>,
    },
    Unlinked {
        /// The page's logout reason.
        reason: Option<String>,
    },
    LoggedOut {
        tag: u64,
    },
    Conflict,
    Block {
        state: &'static str,
    },
    Unblock,
    Hang {
        ms: u64,
    },
    DropEvents {
        ms: u64,
    },
    /// Rejects the login and closes the connection.
    Failure {
        reason: u16,
        #[serde(flatten)]
        ban: Option<Ban>,
    },
    /// Makes the page ask its user to log out.
    UnexpectedLogout {
        reason: String,
    },
    /// Makes the page store messages without an event.
    Store(Stored),
    /// Deletes a message from the page's database.
    Forget {
        key: String,
    },
    /// Sends an event about the link code.
    LinkCodeEvent {
        name: LinkCodeEvent,
    },
}

/// A ban that expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// WhatsApp's numeric reason.
    pub code: u16,
    /// Duration, in seconds.
    pub expire: u64,
}

/// A request to store messages without an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// Number of chats.
    pub chats: u32,
    /// Number of messages in each chat, written now.
    pub each: u32,
    /// Number of messages in each chat before them, written a day ago.
    #[serde(default)]
    pub old: u32,
}

/// An event about a link code that a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkCodeEvent {
    /// Requests a new code.
    RefreshAltLinkingCode,
    /// Disables the automatic refresh.
    ForceManualRefresh,
    /// The code was entered on the phone, which continues.
    PrimaryHelloReceived,
}

/// A contact saved on the phone.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Saved {
    pub(crate) user: String,
    /// The saved name; `None` if the phone knows only that the contact is a business.
    pub(crate) name: Option<String>,
    pub(crate) business: bool,
}

/// A contact blocked on the phone.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Blocked {
    pub(crate) user: String,
    pub(crate) lid: String,
}

/// A linked device, as stored in the page's profile.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) user: String,
    pub(crate) lid: String,
    pub(crate) pushname: String,
}

/// An inbound message, as the server sends it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Incoming {
    pub(crate) id: String,
    pub(crate) key: String,
    /// The chat that the message belongs to.
    pub(crate) chat: String,
    pub(crate) from_me: bool,
    pub(crate) body: String,
    /// Whether the message arrives unreadable. A `Reveal` follows.
    pub(crate) ciphertext: bool,
    /// The page's type and subtype, if the message is not text.
    #[serde(default)]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) subtype: Option<String>,
    pub(crate) name: String,
    /// The phone number behind a LID, if the page may know it.
    pub(crate) phone: Option<String>,
    pub(crate) lid: Option<String>,
    /// The time of the message, in seconds since 1970.
    pub(crate) at: i64,
    /// Whether the message is older than the link of the device.
    #[serde(default)]
    pub(crate) history: bool,
    /// Additional fields of the page's message, under the names that the page uses.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub(crate) fields: serde_json::Map<String, serde_json::Value>,
    /// The change of another message, if this is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) change: Option<Box<Change>>,
}

/// A change of a message that was already sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) kind: ChangeKind,
    /// The key of the message that is changed.
    pub(crate) target: String,
    /// The new text, or the reaction. An empty text removes a reaction.
    #[serde(default)]
    pub(crate) text: String,
    /// When the account itself made the change, on the phone, in milliseconds since 1970; `None` if
    /// the contact made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account_at: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChangeKind {
    Edit,
    Revoke,
    Reaction,
}
