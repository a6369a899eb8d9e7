//! `ErrorCode` and the body of an error.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The body of every failed request: `{"error":true,"code":…,"message":…}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// Always `true`.
    pub error: bool,
    /// The machine-readable code; one of [`ErrorCode`] in session-manager's
    /// responses.
    pub code: String,
    /// A human-readable message: the cause and the remedy, if any.
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
    /// Files are not fetched from this URL.
    UrlNotAllowed = "URL_NOT_ALLOWED", 400;
    /// The token is missing or wrong.
    Unauthorized = "UNAUTHORIZED", 401;
    /// This account has blocked the recipient: nothing was sent.
    RecipientBlocked = "RECIPIENT_BLOCKED", 403;
    /// The path does not exist.
    NotFound = "NOT_FOUND", 404;
    /// There is no QR code to scan now.
    QrNotAvailable = "QR_NOT_AVAILABLE", 404;
    /// The number is not on WhatsApp.
    NotOnWhatsapp = "NOT_ON_WHATSAPP", 404;
    /// The message id is unknown.
    MessageNotFound = "MESSAGE_NOT_FOUND", 404;
    /// The file id is unknown, or the file is deleted.
    FileNotFound = "FILE_NOT_FOUND", 404;
    /// No message with this id came in with a file.
    MediaNotFound = "MEDIA_NOT_FOUND", 404;
    /// The path does not take this method; `Allow` says which it takes.
    MethodNotAllowed = "METHOD_NOT_ALLOWED", 405;
    /// The client took too long to send its request.
    RequestTimeout = "REQUEST_TIMEOUT", 408;
    /// The device is linked already: no QR code is needed.
    QrNotRequired = "QR_NOT_REQUIRED", 409;
    /// The device is linked already: no pairing code is needed.
    AlreadyLinked = "ALREADY_LINKED", 409;
    /// WhatsApp requests no passkey now, or another one.
    PasskeyNotPending = "PASSKEY_NOT_PENDING", 409;
    /// There is no session to back up, or no key to encrypt it.
    BackupUnavailable = "BACKUP_UNAVAILABLE", 409;
    /// This idempotency key was used with another body.
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED", 409;
    /// The message is not this account's: only its own can be changed.
    MessageNotOwn = "MESSAGE_NOT_OWN", 409;
    /// WhatsApp lets nobody change this message: it is deleted, or of a kind
    /// that cannot be changed.
    MessageNotChangeable = "MESSAGE_NOT_CHANGEABLE", 409;
    /// WhatsApp lets nobody change the message any more.
    MessageTooOld = "MESSAGE_TOO_OLD", 409;
    /// A message that may be sent again needs the file.
    FileInUse = "FILE_IN_USE", 409;
    /// Files that come in are not fetched (`MEDIA_DOWNLOAD`).
    MediaOff = "MEDIA_OFF", 409;
    /// WhatsApp has the file no more.
    MediaGone = "MEDIA_GONE", 410;
    /// The body is larger than the route takes.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE", 413;
    /// The body is not declared as JSON.
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE", 415;
    /// WhatsApp's limit on writing to people who never wrote first (its error
    /// 463): certainly not sent.
    ReachOutLimit = "REACH_OUT_LIMIT", 429;
    /// WhatsApp's monthly limit on new chats (its error 475): certainly not
    /// sent.
    NewChatLimit = "NEW_CHAT_LIMIT", 429;
    /// Too many wrong tokens from this address.
    TooManyAttempts = "TOO_MANY_ATTEMPTS", 429;
    /// This client has reached its limit of concurrent requests of this kind.
    TooManyAtOnce = "TOO_MANY_AT_ONCE", 429;
    /// A defect of the service; its log has the cause.
    Internal = "INTERNAL", 500;
    /// Certainly not sent: safe to retry.
    SendFailed = "SEND_FAILED", 502;
    /// The file could not be fetched: nothing was sent.
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
    /// The send request cannot be stored: nothing was sent.
    LedgerUnavailable = "LEDGER_UNAVAILABLE", 503;
    /// What became of an earlier message to this number is not known yet:
    /// nothing was sent, so that the order stays. Others can be written to.
    EarlierUnconfirmed = "EARLIER_UNCONFIRMED", 503;
    /// More work than the service takes at once; try again.
    Overloaded = "OVERLOADED", 503;
    /// The service is stopping.
    ShuttingDown = "SHUTTING_DOWN", 503;
    /// The outcome is unknown; must not be resent blindly.
    SendUnconfirmed = "SEND_UNCONFIRMED", 504;
    /// The outcome could not be found out, and the service stopped trying: a
    /// person decides. The same request with the same key is one more try.
    SendUndecided = "SEND_UNDECIDED", 504;
    /// The browser did not answer in time.
    BrowserTimeout = "BROWSER_TIMEOUT", 504;
    /// There is no space for the file.
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
