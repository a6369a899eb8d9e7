//! Request and response bodies of session-manager. Field order is the order in
//! JSON.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{SessionState, Timestamp};

/// The response of `GET /health` of either service. **Exact.**
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HealthBody {
    /// `ok` (session-manager) or `healthy` (central-hub).
    pub status: String,
    /// The service's name.
    pub service: String,
    /// The current time.
    pub timestamp: Timestamp,
}

/// The response of `GET /health/deep` of either service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeepHealthBody {
    /// The service's name.
    pub service: String,
    /// Whether all workers respond; if not, only a restart helps, and the
    /// status is 503.
    pub alive: bool,
    /// Whether the service can work now: its dependencies are available.
    pub ready: bool,
    /// The hanging or missing part, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The current time.
    pub timestamp: Timestamp,
}

/// The response of `GET /status`. **Exact.**
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatusBody {
    /// The session's state.
    pub status: SessionState,
}

/// The response of `GET /qr`. **Exact.**
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "status")]
pub enum QrBody {
    /// There is no QR code to scan now.
    #[serde(rename = "NO_QR")]
    NoQr,
    /// The QR code that the page shows now.
    #[serde(rename = "QR_AVAILABLE")]
    Available {
        /// The code as `data:image/png;base64,…`.
        qr: String,
    },
}

/// The response of `POST /connect`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectBody {
    /// Always `true`: the request was accepted.
    pub success: bool,
    /// The next step, human-readable.
    pub message: String,
    /// Always [`crate::SESSION_NAME`].
    pub session: String,
    /// The state at the time of the response.
    pub state: SessionState,
    /// Whether the session was linked and connected already.
    #[serde(rename = "alreadyConnected")]
    pub already_connected: bool,
}

/// The response of `POST /disconnect` and `POST /logout`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TransitionBody {
    /// Always `true`.
    pub success: bool,
    /// The completed action, human-readable.
    pub message: String,
    /// Always [`crate::SESSION_NAME`].
    pub session: String,
    /// The new state.
    pub state: SessionState,
}

/// The response of `POST /backup`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BackupBody {
    /// Always `true`.
    pub success: bool,
    /// The path of the file on the service's machine.
    pub file: String,
    /// The size of the file.
    pub bytes: u64,
}

/// The body of `POST /pairing-code`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PairingCodeRequest {
    /// The phone number in international form; `+`, spaces, dashes and
    /// parentheses are dropped.
    pub phone: String,
}

/// The response of `POST /pairing-code`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PairingCodeBody {
    /// The code to type into the phone: `ABCD-EFGH`.
    pub code: String,
    /// When the code expires. A request before that, for the same number,
    /// returns the same code, which is then renewed on expiry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// The response of `POST /send`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SendBody {
    /// Always `true`.
    pub ok: bool,
    /// WhatsApp's id of the message, or `dry-run-…`.
    pub message_id: String,
    /// The chat that it went to, as WhatsApp addresses it: WhatsApp chooses
    /// among a person's numbers and LIDs, not the caller. Absent for a dry run
    /// and until WhatsApp's id is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<String>,
    /// Present and `true` for a dry run: nothing was sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

impl SendBody {
    /// Returns the response for a message that WhatsApp accepted.
    #[must_use]
    pub fn sent(message_id: String) -> Self {
        Self {
            ok: true,
            chat: chat_of_sent(&message_id).map(str::to_owned),
            message_id,
            dry_run: false,
        }
    }

    /// Returns the response for a message that a dry run did not send.
    #[must_use]
    pub fn dry_run(message_id: String) -> Self {
        Self {
            ok: true,
            message_id,
            chat: None,
            dry_run: true,
        }
    }
}

/// Returns the chat in WhatsApp's id of an outbound message,
/// `true_<chat>_<key>`.
#[must_use]
pub fn chat_of_sent(message_id: &str) -> Option<&str> {
    let (chat, _) = message_id.strip_prefix("true_")?.split_once('_')?;
    Some(chat).filter(|chat| chat.contains('@'))
}

/// The body of `POST /lookup`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LookupRequest {
    /// A number in international form, or a WhatsApp id.
    pub to: String,
}

/// The response of `POST /lookup`: what WhatsApp's server says of a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LookupBody {
    /// Always `true`.
    pub ok: bool,
    /// Whether it has WhatsApp.
    pub exists: bool,
    /// The number as WhatsApp spells it, as a WhatsApp id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<String>,
    /// Its LID, if the page knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lid: Option<String>,
}

/// The response of `GET /messages/{id}`: the delivery status of a message,
/// without the text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageBody {
    /// WhatsApp's id of the message; the ledger's id until that is known.
    pub message_id: String,
    /// The ledger's id: the last part of WhatsApp's id.
    pub ledger_id: String,
    /// The status:
    /// `accepted, sent, delivered, read, played, failed, unconfirmed`.
    pub status: String,
    /// The recipient, as a WhatsApp id.
    pub to: String,
    /// When the send was requested.
    pub created_at: Timestamp,
    /// When WhatsApp's server accepted it.
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
    /// When the service stopped checking the outcome of an `unconfirmed`
    /// message: a user must decide. Check the phone; the same request with the
    /// same `Idempotency-Key` is one more attempt under the same id, which
    /// WhatsApp drops if it has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undecided_at: Option<Timestamp>,
    /// The `type` of the message, as in the request.
    #[serde(default, rename = "type")]
    pub kind: String,
    /// When it was last edited by this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    /// When it was deleted for everyone by this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// `edit` or `delete`: one whose outcome is not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsettled_change: Option<String>,
}

// Full numbers stay out of logs.
impl std::fmt::Debug for MessageBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageBody")
            .field("ledger_id", &self.ledger_id)
            .field("status", &self.status)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// The response of `POST /files` and `GET /files/{id}`: the metadata of a file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileBody {
    /// The id by which a message refers to the file.
    pub file_id: String,
    /// The size in bytes.
    pub size: u64,
    /// The media type, detected from the content if possible.
    pub mime: String,
    /// The SHA-256 in hexadecimal.
    pub sha256: String,
    /// The name it was uploaded with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// When it is deleted, unless a message still needs it.
    pub expires_at: Timestamp,
}

// A file name is the customer's.
impl std::fmt::Debug for FileBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileBody")
            .field("file_id", &self.file_id)
            .field("size", &self.size)
            .field("mime", &self.mime)
            .finish_non_exhaustive()
    }
}

/// The response of `POST /send/check`: the message could be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckBody {
    /// Always `true`.
    pub ok: bool,
}
