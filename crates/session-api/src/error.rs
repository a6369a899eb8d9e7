//! `ErrorCode` and the body of an error.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The body of every failed request: `{"error":true,"code":…,"message":…}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// Always `true`.
    pub error: bool,
    /// The machine's word for it; one of [`ErrorCode`] when session-manager
    /// wrote it.
    pub code: String,
    /// A sentence for a person: the cause and, where there is one, the cure.
    pub message: String,
}

impl ErrorBody {
    /// A body with this code and message.
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
        /// A failure's code on the wire.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode { $($(#[$doc])* $name,)* }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code on the wire, such as `SESSION_NOT_READY`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status that goes with the code.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }
        }
    };
}

codes! {
    /// The body or a parameter is not what the route takes.
    InvalidRequest = "INVALID_REQUEST", 400;
    /// The body is not JSON.
    InvalidJson = "INVALID_JSON", 400;
    /// `X-Cliente-Id` is not a positive integer, or a header is malformed.
    InvalidHeader = "INVALID_HEADER", 400;
    /// Files are not fetched from there.
    UrlNotAllowed = "URL_NOT_ALLOWED", 400;
    /// The token is missing or wrong.
    Unauthorized = "UNAUTHORIZED", 401;
    /// This account has blocked the recipient: nothing was sent.
    RecipientBlocked = "RECIPIENT_BLOCKED", 403;
    /// No such path.
    NotFound = "NOT_FOUND", 404;
    /// No code can be scanned now.
    QrNotAvailable = "QR_NOT_AVAILABLE", 404;
    /// The number has no WhatsApp.
    NotOnWhatsapp = "NOT_ON_WHATSAPP", 404;
    /// No message with this id is known.
    MessageNotFound = "MESSAGE_NOT_FOUND", 404;
    /// No file with this id is known, or it is deleted.
    FileNotFound = "FILE_NOT_FOUND", 404;
    /// No message with this id came in with a file.
    MediaNotFound = "MEDIA_NOT_FOUND", 404;
    /// The path does not take this method; `Allow` says which it takes.
    MethodNotAllowed = "METHOD_NOT_ALLOWED", 405;
    /// The client took too long to send its request.
    RequestTimeout = "REQUEST_TIMEOUT", 408;
    /// The device is linked already: no code is needed.
    QrNotRequired = "QR_NOT_REQUIRED", 409;
    /// The device is linked already: no pairing code is needed.
    AlreadyLinked = "ALREADY_LINKED", 409;
    /// WhatsApp asks for no passkey now, or for another one.
    PasskeyNotPending = "PASSKEY_NOT_PENDING", 409;
    /// There is nothing to back up, or no key to do it with.
    BackupUnavailable = "BACKUP_UNAVAILABLE", 409;
    /// This key was used with another body.
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED", 409;
    /// A message that may have to be sent again needs the file.
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
    /// This caller has as many of these open as one may have.
    TooManyAtOnce = "TOO_MANY_AT_ONCE", 429;
    /// A defect of the service; its log has the cause.
    Internal = "INTERNAL", 500;
    /// Certainly not sent: safe to retry.
    SendFailed = "SEND_FAILED", 502;
    /// The file could not be fetched: nothing was sent.
    FetchFailed = "FETCH_FAILED", 502;
    /// WhatsApp's page did not give a pairing code.
    PairingFailed = "PAIRING_FAILED", 502;
    /// The page or the browser answered with a failure.
    BrowserFailed = "BROWSER_FAILED", 502;
    /// The session cannot send now.
    SessionNotReady = "SESSION_NOT_READY", 503;
    /// There is no browser to ask.
    BrowserNotRunning = "BROWSER_NOT_RUNNING", 503;
    /// The backup could not be written, or Chrome did not close by itself.
    BackupFailed = "BACKUP_FAILED", 503;
    /// What is asked to be sent cannot be written down: nothing was sent.
    LedgerUnavailable = "LEDGER_UNAVAILABLE", 503;
    /// More work than the service takes at once; try again.
    Overloaded = "OVERLOADED", 503;
    /// The service is stopping.
    ShuttingDown = "SHUTTING_DOWN", 503;
    /// The outcome is unknown; never to be resent blindly.
    SendUnconfirmed = "SEND_UNCONFIRMED", 504;
    /// The browser did not answer in time.
    BrowserTimeout = "BROWSER_TIMEOUT", 504;
    /// There is no room for the file.
    StorageFull = "STORAGE_FULL", 507;
}

impl ErrorCode {
    /// The code with this name on the wire.
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
