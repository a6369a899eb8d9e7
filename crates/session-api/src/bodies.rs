//! Request and response bodies of session-manager. The order of the fields is their order in JSON.

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
    /// Whether all workers respond. If not, only a restart helps, and the status is 503.
    pub alive: bool,
    /// Whether the service can work now, that is, whether its dependencies are available.
    pub ready: bool,
    /// A sentence that names the hanging or missing part.
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
    /// Always `true`, because the request was accepted.
    pub success: bool,
    /// The next step, as a human-readable text.
    pub message: String,
    /// Always [`crate::SESSION_NAME`].
    pub session: String,
    /// The state at the time of the response.
    pub state: SessionState,
    /// Whether the session was already linked and connected.
    #[serde(rename = "alreadyConnected")]
    pub already_connected: bool,
}

/// The response of `POST /disconnect` and `POST /logout`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TransitionBody {
    /// Always `true`.
    pub success: bool,
    /// The completed action, as a human-readable text.
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
    /// The size of the file, in bytes.
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
    /// The code to type into the phone, such as `ABCD-EFGH`.
    pub code: String,
    /// When the code expires. Until then, a request for the same number returns
    /// the same code; the code is renewed when it expires.
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
    /// The chat to which the message was sent, as WhatsApp addresses it. If a
    /// person has several numbers and LIDs, WhatsApp chooses among them, not
    /// the caller. Absent for a dry run, and until WhatsApp's id is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<String>,
    /// Present and `true` for a dry run, in which nothing was sent.
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

/// Returns the chat that WhatsApp's id of an outbound message, `true_<chat>_<key>`, contains.
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

/// The response of `POST /lookup`: what WhatsApp's server knows about a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LookupBody {
    /// Always `true`.
    pub ok: bool,
    /// Whether the number has WhatsApp.
    pub exists: bool,
    /// The WhatsApp id of the number, as WhatsApp spells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<String>,
    /// The LID of the number, if the page knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lid: Option<String>,
}

/// The response of `GET /messages/{id}`: the delivery status of a message, without its text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageBody {
    /// WhatsApp's id of the message or, until that is known, the ledger's id.
    pub message_id: String,
    /// The ledger's id, which is the last part of WhatsApp's id.
    pub ledger_id: String,
    /// The status: `accepted, sent, delivered, read, played, failed, unconfirmed`.
    pub status: String,
    /// The recipient, as a WhatsApp id.
    pub to: String,
    /// When the send was requested.
    pub created_at: Timestamp,
    /// When WhatsApp's server accepted the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// When the message reached the recipient's phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
    /// When the recipient read the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// When the recipient played the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub played_at: Option<Timestamp>,
    /// When the message failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<Timestamp>,
    /// Why the message failed, as one of [`crate::ErrorCode`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When the service stopped settling the outcome of an `unconfirmed`
    /// message, so that a person has to decide. Check the phone: repeating the
    /// request with the same `Idempotency-Key` makes one more attempt under the
    /// same id, which WhatsApp drops if it already has the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undecided_at: Option<Timestamp>,
    /// The `type` of the message, as in the request.
    #[serde(default, rename = "type")]
    pub kind: String,
    /// When this service last edited the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    /// When this service deleted the message for everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// `edit`, `delete` or `reaction`, while the outcome of such a change is not known.
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
    /// The name with which the file was uploaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// When the file is deleted, unless a message still needs it.
    pub expires_at: Timestamp,
}

// A file name is the customer's data and stays out of logs.
impl std::fmt::Debug for FileBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileBody")
            .field("file_id", &self.file_id)
            .field("size", &self.size)
            .field("mime", &self.mime)
            .finish_non_exhaustive()
    }
}

/// The response of `POST /send/check` if the message could be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckBody {
    /// Always `true`.
    pub ok: bool,
}
