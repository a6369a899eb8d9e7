//! The wire protocol of page and server: JSON over one WebSocket. Private to this
//! crate: the page is served from here.

use serde::{Deserialize, Serialize};

use crate::codes::{Drawing, Keys};
use crate::world::{Details, Limits};

/// From the page.
#[derive(Debug, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(crate) enum FromPage {
    /// The first thing said on a connection: who is there.
    Hello { device: Option<Claim>, keys: Keys },
    /// The page is idle and wants a new round of codes.
    RefreshCodes,
    /// A code for linking by number.
    LinkCode { tag: u64, phone: String },
    /// What the passkey is to be asked for, once more.
    PasskeyOptions { tag: u64 },
    /// The passkey's answer.
    PasskeyAnswer {
        tag: u64,
        assertion: serde_json::Value,
    },
    /// The verification code is the phone's.
    PasskeyConfirm { tag: u64 },
    /// The identity of a scan is stored in the profile.
    Paired,
    /// A message.
    Send(Box<Outgoing>),
    /// The main thread was busy for more than 50 ms at a stretch.
    LongTask(LongTask),
    /// What the phone had it store or forget is stored or forgotten.
    Stored,
    /// Inbound messages that are stored in the profile.
    Got { keys: Vec<String> },
    /// An ack that is stored in the profile.
    GotAck { key: String, ack: i8 },
    /// Does this number have WhatsApp?
    QueryExists {
        tag: u64,
        user: String,
        server: String,
    },
    /// What may this account do?
    Limits { tag: u64 },
    /// The device unlinks itself.
    Logout { tag: u64 },
    /// This page takes the session back from another one.
    Takeover,
    /// Whether the account shows as online.
    Presence { available: bool },
    /// The "What's new" dialog was acknowledged.
    WhatsNewSeen,
    /// How the browser presents itself, for whoever looks.
    Browser { described: serde_json::Value },
}

/// A stretch in which the page did nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LongTask {
    /// When it began, in milliseconds since 1970.
    pub at: f64,
    /// How long it took, in milliseconds.
    pub ms: f64,
}

/// What a profile says it is.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Claim {
    pub(crate) id: String,
    pub(crate) token: String,
}

/// A message on its way out.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Outgoing {
    /// The id that the server knows messages by.
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

/// To the page.
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
    /// The account wants its passkey before it links this page.
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
    /// The 515: log in anew, on a new connection.
    Restart,
    Welcome {
        me: Identity,
    },
    Sync {
        percent: u8,
        messages: Vec<Incoming>,
    },
    SyncDone,
    /// What arrived while away, after the page is connected.
    Offline {
        messages: Vec<Incoming>,
    },
    /// All of it was delivered.
    OfflineEnd,
    Message {
        message: Incoming,
    },
    /// A ciphertext message can be read now.
    Reveal {
        key: String,
        body: String,
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
    /// What the phone has saved and whom it has blocked, all of it.
    Contacts {
        saved: Vec<Saved>,
        blocked: Vec<Blocked>,
    },
    /// What this account may do, of the server's own accord.
    Limits {
        #[serde(flatten)]
        limits: Limits,
    },
    /// The same, asked for.
    LimitsNow {
        tag: u64,
        #[serde(flatten)]
        limits: Limits,
    },
    /// How far the history is.
    History {
        percent: u8,
    },
    Exists {
        tag: u64,
        on_whatsapp: bool,
        user: String,
        lid: String,
    },
    Unlinked {
        /// The page's word for why it logs out.
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
    /// The login is refused, and the connection closed.
    Failure {
        reason: u16,
        #[serde(flatten)]
        ban: Option<Ban>,
    },
    /// The page is to ask its user to log out.
    UnexpectedLogout {
        reason: String,
    },
    /// Messages that the page stores without a word to anyone.
    Store(Stored),
    /// The page's database loses a message.
    Forget {
        key: String,
    },
    /// What the server says of the code to type in.
    LinkCodeEvent {
        name: LinkCodeEvent,
    },
}

/// A ban that ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// WhatsApp's number for the reason.
    pub code: u16,
    /// How long it lasts, in seconds.
    pub expire: u64,
}

/// Messages that the page has, and that nobody was told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// So many chats.
    pub chats: u32,
    /// So many messages in each, written now.
    pub each: u32,
    /// And so many before them, written a day ago.
    #[serde(default)]
    pub old: u32,
}

/// What WhatsApp says of the code to type in that is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkCodeEvent {
    /// A new one is wanted.
    RefreshAltLinkingCode,
    /// None is made anew by itself any more.
    ForceManualRefresh,
}

/// A contact that the phone has saved.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Saved {
    pub(crate) user: String,
    pub(crate) name: String,
}

/// Somebody whom the phone has blocked.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Blocked {
    pub(crate) user: String,
    pub(crate) lid: String,
}

/// A linked device, as the page keeps it in its profile.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) user: String,
    pub(crate) lid: String,
    pub(crate) pushname: String,
}

/// A message on its way in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Incoming {
    pub(crate) id: String,
    pub(crate) key: String,
    /// The chat it belongs to.
    pub(crate) chat: String,
    pub(crate) from_me: bool,
    pub(crate) body: String,
    /// Arrives unreadable; a `Reveal` follows.
    pub(crate) ciphertext: bool,
    /// The page's type and subtype, where it is no text.
    #[serde(default)]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) subtype: Option<String>,
    pub(crate) name: String,
    /// The phone number behind a LID, where the page may know it.
    pub(crate) phone: Option<String>,
    pub(crate) lid: Option<String>,
    /// Unix seconds.
    pub(crate) at: i64,
    /// Was there before the device was linked.
    #[serde(default)]
    pub(crate) history: bool,
    /// Further fields of the page's message, by the page's own names.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub(crate) fields: serde_json::Map<String, serde_json::Value>,
    /// No message of its own, but something that becomes of another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) change: Option<Change>,
}

/// What becomes of a message after it was sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) kind: ChangeKind,
    /// The message's key.
    pub(crate) target: String,
    /// The new text, or the reaction; empty takes a reaction away.
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
