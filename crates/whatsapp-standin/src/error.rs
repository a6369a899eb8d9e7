//! Defines the errors of the phone's API.

use crate::world::LinkError;

/// An error of a phone operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// No page shows any code.
    #[error("no page shows a code now")]
    NoCode,
    /// The code was shown before and has expired.
    #[error("that code is no longer shown")]
    CodeExpired,
    /// The code's reference matches, but its keys are not those of the page.
    #[error("the code's keys are not those of the page that shows it")]
    CodeWrongKeys,
    /// No page shows this code.
    #[error("no page shows that code")]
    CodeUnknown,
    /// The network is down.
    #[error("the network is down")]
    NetworkDown,
    /// No device is linked, or none is connected.
    #[error("no linked device is connected")]
    NoDevice,
    /// No message has that id.
    #[error("no message has that id")]
    MessageUnknown,
    /// The request is invalid. The text gives the reason.
    #[error("{0}")]
    BadRequest(String),
}

impl PhoneError {
    /// Returns the error code of the HTTP API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoCode => "no_code_shown",
            Self::CodeExpired => "code_expired",
            Self::CodeWrongKeys => "code_wrong_keys",
            Self::CodeUnknown => "code_unknown",
            Self::NetworkDown => "network_down",
            Self::NoDevice => "no_device",
            Self::MessageUnknown => "message_unknown",
            Self::BadRequest(_) => "bad_request",
        }
    }
}

impl From<LinkError> for PhoneError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::NoCode => Self::NoCode,
            LinkError::Expired => Self::CodeExpired,
            LinkError::WrongKeys => Self::CodeWrongKeys,
            LinkError::Unknown => Self::CodeUnknown,
            LinkError::NetworkDown => Self::NetworkDown,
        }
    }
}
