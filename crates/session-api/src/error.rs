//! `ErrorCode` and the body of an error response.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The body of every failed request: `{"error":true,"code":…,"message":…}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// Always `true`.
    pub error: bool,
    /// The machine-readable code, which is one of [`ErrorCode`] in session-manager's responses.
    pub code: String,
    /// A human-readable message with the cause and, if there is one, the remedy.
    pub message: String,
}

impl ErrorBody {
    /// Creates a body from a code and a message.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            error: true,
            code: code.as_str().to_owned(),
            message: message.into(),
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal;)*) => {
        /// The code of an error in JSON.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode { $($(#[$doc])* $name,)* }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Returns the code in JSON, such as `SESSION_NOT_READY`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Returns the HTTP status of the code.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }
        }
    };
}

codes! {
    /// The body or a parameter is invalid for the route.
    InvalidRequest = "INVALID_REQUEST", 400;
    /// The body is not JSON.
    InvalidJson = "INVALID_JSON", 400;
    /// `X-Cliente-Id` is not a positive integer, or a header is malformed.
    InvalidHeader = "INVALID_HEADER", 400;
    /// The service does not fetch files from this URL.
    UrlNotAllowed = "URL_NOT_ALLOWED", 400;
    /// The token is missing or wrong.
    Unauthorized = "UNAUTHORIZED", 401;
    /// This account has blocked the recipient, so nothing was sent.
    RecipientBlocked = "RECIPIENT_BLOCKED", 403;
    /// The path does not exist.
    NotFound = "NOT_FOUND", 404;
    /// There is no QR code to scan now.
    QrNotAvailable = "QR_NOT_AVAILABLE", 404;
    /// The number is not on WhatsApp.
    NotOnWhatsapp = "NOT_ON_WHATSAPP", 404;
    /// There is no message with this id.
    MessageNotFound = "MESSAGE_NOT_FOUND", 404;
    /// There is no file with this id, or it was deleted.
    FileNotFound = "FILE_NOT_FOUND", 404;
    /// No inbound message with this id has a file.
    MediaNotFound = "MEDIA_NOT_FOUND", 404;
    /// The path does not support this method; the `Allow` header lists the supported ones.
    MethodNotAllowed = "METHOD_NOT_ALLOWED", 405;
    /// The client took too long to send its request.
    RequestTimeout = "REQUEST_TIMEOUT", 408;
    /// The device is already linked, so no QR code is needed.
    QrNotRequired = "QR_NOT_REQUIRED", 409;
    /// The device is already linked, so no pairing code is needed.
    AlreadyLinked = "ALREADY_LINKED", 409;
    /// WhatsApp currently requests no passkey, or a different one.
    PasskeyNotPending = "PASSKEY_NOT_PENDING", 409;
    /// There is no session to back up, or no key to encrypt it.
    BackupUnavailable = "BACKUP_UNAVAILABLE", 409;
    /// This idempotency key was already used with another body.
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED", 409;
    /// This account did not send the message, so it cannot change it.
    MessageNotOwn = "MESSAGE_NOT_OWN", 409;
    /// WhatsApp does not let anyone change this message, because it is deleted
    /// or of a kind that cannot be changed.
    MessageNotChangeable = "MESSAGE_NOT_CHANGEABLE", 409;
    /// The message is too old for WhatsApp to allow a change.
    MessageTooOld = "MESSAGE_TOO_OLD", 409;
    /// The file cannot be deleted, because a message that may be sent again needs it.
    FileInUse = "FILE_IN_USE", 409;
    /// Inbound files are not fetched (`MEDIA_DOWNLOAD`).
    MediaOff = "MEDIA_OFF", 409;
    /// WhatsApp no longer has the file.
    MediaGone = "MEDIA_GONE", 410;
    /// The body is larger than the route allows.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE", 413;
    /// The body is not declared as JSON.
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE", 415;
    /// WhatsApp's limit on writing to people who never wrote first (its error
    /// 463). The message was certainly not sent.
    ReachOutLimit = "REACH_OUT_LIMIT", 429;
    /// WhatsApp's monthly limit on new chats (its error 475). The message was certainly not sent.
    NewChatLimit = "NEW_CHAT_LIMIT", 429;
    /// There were too many wrong tokens from this address.
    TooManyAttempts = "TOO_MANY_ATTEMPTS", 429;
    /// This client has reached its limit of concurrent requests of this kind.
    TooManyAtOnce = "TOO_MANY_AT_ONCE", 429;
    /// The service has a defect; its log contains the cause.
    Internal = "INTERNAL", 500;
    /// The message was certainly not sent, so a retry is safe.
    SendFailed = "SEND_FAILED", 502;
    /// The file could not be fetched, so nothing was sent.
    FetchFailed = "FETCH_FAILED", 502;
    /// WhatsApp's page returned no pairing code.
    PairingFailed = "PAIRING_FAILED", 502;
    /// The page or the browser failed.
    BrowserFailed = "BROWSER_FAILED", 502;
    /// The session cannot send now.
    SessionNotReady = "SESSION_NOT_READY", 503;
    /// The browser is not running.
    BrowserNotRunning = "BROWSER_NOT_RUNNING", 503;
    /// The backup could not be written, or Chrome did not close by itself.
    BackupFailed = "BACKUP_FAILED", 503;
    /// The send request cannot be stored, so nothing was sent.
    LedgerUnavailable = "LEDGER_UNAVAILABLE", 503;
    /// The outcome of an earlier message to this number is not known yet.
    /// Nothing was sent, so that the order is kept. Messages to other numbers
    /// can be sent.
    EarlierUnconfirmed = "EARLIER_UNCONFIRMED", 503;
    /// The service has more work than it accepts at once; try again.
    Overloaded = "OVERLOADED", 503;
    /// The service is stopping.
    ShuttingDown = "SHUTTING_DOWN", 503;
    /// The outcome is unknown; the message must not be sent again blindly.
    SendUnconfirmed = "SEND_UNCONFIRMED", 504;
    /// The outcome could not be settled, and the service has stopped trying, so
    /// a person decides. The same request with the same key makes one more
    /// attempt.
    SendUndecided = "SEND_UNDECIDED", 504;
    /// The browser did not respond in time.
    BrowserTimeout = "BROWSER_TIMEOUT", 504;
    /// There is not enough space for the file.
    StorageFull = "STORAGE_FULL", 507;
}

impl ErrorCode {
    /// Returns the code with this name in JSON.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|known| known.as_str() == code)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
