//! The wire types of session-manager's HTTP API.
//!
//! ```text
//!  curl, cron ─┐
//!  central-hub ├── paths ──> session-manager
//!              └── bodies, events <──┘
//! ```
//!
//! The crate contains only types: no HTTP framework and no I/O. The golden
//! tests in `tests/golden.rs` pin, byte for byte, the bodies that deployed
//! clients depend on; their keys and the order of the keys are part of the API.

mod actions;
mod bodies;
mod content;
mod emoji;
mod error;
mod event;
mod limits;
mod line_key;
mod message_content;
mod parts;
mod passkey;
pub mod paths;
mod recipient;
mod send;
mod session;
mod state;
mod time;
mod validate;

pub use actions::{
    ChangedBody, ChatForgottenBody, ContactBody, EditRequest, MAX_TYPING_SECONDS, ReactionRequest,
    ReadBody, TypingBody, TypingRequest,
};
pub use bodies::{
    BackupBody, CheckBody, ConnectBody, DeepHealthBody, FileBody, HealthBody, LookupBody,
    LookupRequest, MessageBody, PairingCodeBody, PairingCodeRequest, QrBody, SendBody, StatusBody,
    TransitionBody, chat_of_sent,
};
pub use content::{
    Card, Contacts, Content, Context, Location, Media, MediaKind, Outgoing, Reaction, Text,
};
pub use error::{ErrorBody, ErrorCode};
pub use event::{
    AckEvent, CallEvent, Event, EventKind, GapEvent, LimitsEvent, MessageDeletedEvent,
    MessageEditedEvent, MessageEvent, QrEvent, ReactionEvent, StateEvent,
};
pub use limits::{FirstSync, Limits, NewChatStatus, NewChats, ReachOutLock};
pub use line_key::line_key;
pub use message_content::{
    Ad, CardPhone, ContactCard, InboundLocation, InboundMedia, MediaState, MessageContent, Order,
    Poll, Quoted, Selected,
};
pub use parts::{FileParts, SendParts};
pub use passkey::{
    PasskeyAssertion, PasskeyBody, PasskeyCredential, PasskeyDescriptor, PasskeyRequest,
};
pub use recipient::Recipient;
pub use send::SendRequest;
pub use session::{
    Account, BrowserInfo, HistoryEntry, LastError, PageInfo, PairingCodeInfo, PasskeyInfo, QrInfo,
    RestartInfo, SelfTest, ServiceInfo, SessionBody,
};
pub use state::{SessionState, UnknownState};
pub use time::Timestamp;
pub use validate::{Invalid, MAX_MESSAGE_CHARS, check_filename, is_file_id, is_invisible};

/// The name of the only session: `"admin"`.
pub const SESSION_NAME: &str = "admin";

/// The service's name in `GET /health`.
pub const SERVICE_NAME: &str = "session-manager";

/// The optional header that names the business for which a request is made.
///
/// Its value is a positive integer. It is metadata for logs and billing, and
/// never selects a session.
pub const CLIENTE_ID_HEADER: &str = "x-cliente-id";
