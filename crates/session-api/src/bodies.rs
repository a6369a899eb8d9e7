//! Request and response bodies of session-manager. Field order is the order on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{SessionState, Timestamp};

/// `GET /health` of either service. **Exact.**
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HealthBody {
    /// `ok` (session-manager) or `healthy` (central-hub).
    pub status: String,
    /// The service's name.
    pub service: String,
    /// Now.
    pub timestamp: Timestamp,
}

/// `GET /health/deep` of either service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeepHealthBody {
    /// The service's name.
    pub service: String,
    /// Whether what does the work answers; if not, only a restart helps, and the
    /// status is 503.
    pub alive: bool,
    /// Whether it can do its work now: what it depends on is there.
    pub ready: bool,
    /// What hangs or is missing, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Now.
    pub timestamp: Timestamp,
}

/// `GET /status`. **Exact.**
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatusBody {
    /// The session's state.
    pub status: SessionState,
}

/// `GET /qr`. **Exact.**
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "status")]
pub enum QrBody {
    /// No code can be scanned now.
    #[serde(rename = "NO_QR")]
    NoQr,
    /// The code that the page shows now.
    #[serde(rename = "QR_AVAILABLE")]
    Available {
        /// `data:image/png;base64,…`
        qr: String,
    },
}

/// The answer of `POST /connect`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectBody {
    /// Always `true`: the wish was taken.
    pub success: bool,
    /// What happens now, for a person.
    pub message: String,
    /// Always [`crate::SESSION_NAME`].
    pub session: String,
    /// The state at the time of the answer.
    pub state: SessionState,
    /// Whether the session was linked and connected already.
    #[serde(rename = "alreadyConnected")]
    pub already_connected: bool,
}

/// The answer of `POST /disconnect` and `POST /logout`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TransitionBody {
    /// Always `true`.
    pub success: bool,
    /// What was done, for a person.
    pub message: String,
    /// Always [`crate::SESSION_NAME`].
    pub session: String,
    /// The state now.
    pub state: SessionState,
}

/// The answer of `POST /backup`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BackupBody {
    /// Always `true`.
    pub success: bool,
    /// The file, on the service's machine.
    pub file: String,
    /// Its size.
    pub bytes: u64,
}

/// The body of `POST /pairing-code`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PairingCodeRequest {
    /// The phone's number in international form; `+`, spaces, dashes and
    /// parentheses are dropped.
    pub phone: String,
}

/// The answer of `POST /pairing-code`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PairingCodeBody {
    /// What to type into the phone: `ABCD-EFGH`.
    pub code: String,
    /// When WhatsApp takes it no more. Asking again before that, for the same
    /// number, gives the same code and has it renewed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// The answer of `POST /send`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SendBody {
    /// Always `true`.
    pub ok: bool,
    /// WhatsApp's id of the message, or `dry-run-…`.
    pub message_id: String,
    /// Present and `true` when nothing left the hub.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// The answer of `GET /messages/{id}`: what is known of a sent message, but for
/// its text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageBody {
    /// WhatsApp's id of the message; the ledger's until that is known.
    pub message_id: String,
    /// The ledger's id: the last part of WhatsApp's.
    pub ledger_id: String,
    /// `accepted, sent, delivered, read, played, failed, unconfirmed`.
    pub status: String,
    /// The recipient, as WhatsApp's id.
    pub to: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When WhatsApp's server took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// When it reached the recipient's phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
    /// When it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// When it was played.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub played_at: Option<Timestamp>,
    /// When it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<Timestamp>,
    /// Why it failed: one of [`crate::ErrorCode`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When the service stopped finding out by itself what became of an
    /// `unconfirmed` message: a person decides. Look at the phone; the same
    /// request with the same `Idempotency-Key` is one more try under the same
    /// id, which WhatsApp drops if it has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undecided_at: Option<Timestamp>,
    /// Its `type`, as the request for it says.
    #[serde(default, rename = "type")]
    pub kind: String,
}

// Whole numbers stay out of logs.
impl std::fmt::Debug for MessageBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageBody")
            .field("ledger_id", &self.ledger_id)
            .field("status", &self.status)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// The answer of `POST /files` and `GET /files/{id}`: what is known of a file,
/// but for what is in it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileBody {
    /// What a message names it by.
    pub file_id: String,
    /// In bytes.
    pub size: u64,
    /// What it is: found in the file itself where that can be.
    pub mime: String,
    /// In hexadecimal.
    pub sha256: String,
    /// The name it came with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// When it is deleted, unless a message still needs it.
    pub expires_at: Timestamp,
}

// A file's name is the customer's.
impl std::fmt::Debug for FileBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileBody")
            .field("file_id", &self.file_id)
            .field("size", &self.size)
            .field("mime", &self.mime)
            .finish_non_exhaustive()
    }
}

/// The answer of `POST /send/check`: the message could be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckBody {
    /// Always `true`.
    pub ok: bool,
}
