//! The wire protocol of page and server: JSON over one WebSocket. Private to
//! this crate, which also serves the page.

use serde::{Deserialize, Serialize};

use crate::codes::{Drawing, Keys};
use crate::world::{Details, Limits};

/// A line from the page.
#[derive(Debug, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(crate) enum FromPage {
    /// The first line of a connection: identifies the page.
    Hello { device: Option<Claim>, keys: Keys },
    /// Requests a new round of codes for an idle page.
    RefreshCodes,
    /// Requests a code for linking by number.
    LinkCode { tag: u64, phone: String },
    /// Requests the passkey options once more.
    PasskeyOptions { tag: u64 },
    /// The passkey assertion.
    PasskeyAnswer {
        tag: u64,
        assertion: serde_json::Value,
    },
    /// Confirms that the phone shows the same verification code.
    PasskeyConfirm { tag: u64 },
    /// The identity of a scan is stored in the profile.
    Paired,
    /// Sends a message.
    Send(Box<Outgoing>),
    /// The page stored a message and did not send it: its contact is blocked.
    HeldBack { key: String },
    /// The main thread was blocked for more than 50 ms.
    LongTask(LongTask),
    /// A store or delete on the phone's request is done.
    Stored,
    /// Inbound messages are stored in the profile.
    Got { keys: Vec<String> },
    /// An ack is stored in the profile.
    GotAck { key: String, ack: i8 },
    /// Requests whether a number has WhatsApp.
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
    /// A chat was read up to the message with this key.
    Seen {
        chat: String,
        key: String,
        count: u32,
    },
    /// A chat shows the account as typing, recording, or neither any more.
    ChatState { chat: String, state: ChatActivity },
    /// Requests the account's limits.
    Limits { tag: u64 },
    /// Unlinks the device.
    Logout { tag: u64 },
    /// Takes the session back from another page.
    Takeover,
    /// Sets whether the account shows as online.
    Presence { available: bool },
    /// The "What's new" dialog was acknowledged.
    WhatsNewSeen,
    /// Fingerprint of the browser, for tests.
    Browser { described: serde_json::Value },
}

/// What a chat shows of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatActivity {
    /// It is typing.
    Composing,
    /// It is recording a voice message.
    Recording,
    /// Neither, any more.
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

/// A line to the page.
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
    /// The 515: log in again on a new connection.
    Restart,
    Welcome {
        me: Identity,
    },
    Sync {
        percent: u8,
        messages: Vec<Incoming>,
    },
    SyncDone,
    /// Messages received while offline, sent after the page is connected.
    Offline {
        messages: Vec<Incoming>,
    },
    /// The offline delivery is complete.
    OfflineEnd,
    Message {
        message: Incoming,
    },
    /// Makes a ciphertext message readable.
    Reveal {
        key: String,
        body: String,
        /// The page's type of the message, if not text.
        kind: Option<String>,
        /// Whether it changes another message instead of being one.
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
    /// All contacts that the phone has saved, and all that it has blocked.
    Contacts {
        saved: Vec<Saved>,
        blocked: Vec<Blocked>,
    },
    /// The account's limits, pushed by the server.
    Limits {
        #[serde(flatten)]
        limits: Limits,
    },
    /// The account's limits, as a response.
    LimitsNow {
        tag: u64,
        #[serde(flatten)]
        limits: Limits,
    },
    /// Progress of the history.
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
    /// Makes the page request its user to log out.
    UnexpectedLogout {
        reason: String,
    },
    /// Makes the page store messages without an event.
    Store(Stored),
    /// Deletes a message from the page's database.
    Forget {
        key: String,
    },
    /// An event about the link code.
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

/// Messages that the page stores without an event.
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
    /// `None` if the phone knows only that it is a business.
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

/// An inbound message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Incoming {
    pub(crate) id: String,
    pub(crate) key: String,
    /// The chat it belongs to.
    pub(crate) chat: String,
    pub(crate) from_me: bool,
    pub(crate) body: String,
    /// Whether it arrives unreadable; a `Reveal` follows.
    pub(crate) ciphertext: bool,
    /// The page's type and subtype, if not text.
    #[serde(default)]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) subtype: Option<String>,
    pub(crate) name: String,
    /// The phone number behind a LID, if the page may know it.
    pub(crate) phone: Option<String>,
    pub(crate) lid: Option<String>,
    /// Unix seconds.
    pub(crate) at: i64,
    /// Whether it precedes the link of the device.
    #[serde(default)]
    pub(crate) history: bool,
    /// Additional fields of the page's message, under the page's names.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub(crate) fields: serde_json::Map<String, serde_json::Value>,
    /// A change of another message instead of a message of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) change: Option<Change>,
}

/// A change of a message that was already sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) kind: ChangeKind,
    /// The message's key.
    pub(crate) target: String,
    /// The new text, or the reaction; empty removes a reaction.
    #[serde(default)]
    pub(crate) text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChangeKind {
    Edit,
    Revoke,
    Reaction,
}
