//! The wire types of session-manager's HTTP API.
//!
//! ```text
//!  curl, cron ─┐
//!  central-hub ├── paths ──> session-manager
//!              └── bodies, events <──┘
//! ```
//!
//! Types only: no HTTP framework, no I/O. The bodies that deployed clients
//! depend on to the letter are pinned by the golden tests in
//! `tests/golden.rs`; their keys and the order of their keys are part of the
//! contract.

mod bodies;
mod content;
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

pub use bodies::{
    BackupBody, CheckBody, ConnectBody, DeepHealthBody, FileBody, HealthBody, MessageBody,
    PairingCodeBody, PairingCodeRequest, QrBody, SendBody, StatusBody, TransitionBody,
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
pub use validate::{Invalid, LONGEST_MESSAGE, check_filename, is_file_id, is_invisible};

/// The name that the contract gives the one session: `"admin"`.
pub const SESSION_NAME: &str = "admin";

/// The service's name in `GET /health`.
pub const SERVICE_NAME: &str = "session-manager";

/// The optional header that says for which business a request is made.
///
/// A positive integer; metadata for logs and billing, never a session
/// selector.
pub const CLIENTE_ID_HEADER: &str = "x-cliente-id";
