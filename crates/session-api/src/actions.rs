//! Bodies of the actions on a sent message or a chat other than sending: edits,
//! deletions, read receipts, typing; also the WhatsApp profile of a contact.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::emoji::is_one_emoji;
use crate::validate::{Invalid, MAX_MESSAGE_CHARS, NOT_ONE_EMOJI, refuse, text};

/// Maximum time for which a chat shows the account as typing, in seconds.
pub const MAX_TYPING_SECONDS: u32 = 60;
/// Default of that time, in seconds.
const TYPING: u32 = 10;

/// The body of `PUT /messages/{id}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EditRequest {
    /// The new text or, for a picture, video or document, the new caption.
    pub message: String,
}

// The text is the customer's data and stays out of logs.
impl std::fmt::Debug for EditRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EditRequest")
            .field("message_bytes", &self.message.len())
            .finish()
    }
}

impl EditRequest {
    /// Returns the text without surrounding white space, as WhatsApp expects
    /// it.
    ///
    /// # Errors
    /// The same as for the text of a message.
    pub fn validate(&self) -> Result<&str, Invalid> {
        let message = self.message.trim();
        if message.is_empty() {
            return refuse("message", "is empty");
        }
        text("message", message, MAX_MESSAGE_CHARS)?;
        Ok(message)
    }
}

/// The body of `PUT /messages/{id}/reaction`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReactionRequest {
    /// One emoji; an empty text takes the reaction away.
    pub emoji: String,
}

impl ReactionRequest {
    /// Returns the emoji.
    ///
    /// # Errors
    /// If the text is neither empty nor exactly one emoji.
    pub fn validate(&self) -> Result<&str, Invalid> {
        if !self.emoji.is_empty() && !is_one_emoji(&self.emoji) {
            return refuse("emoji", NOT_ONE_EMOJI);
        }
        Ok(&self.emoji)
    }
}

/// The response of `PUT` and `DELETE /messages/{id}`, and of those of
/// `/messages/{id}/reaction`, after the change was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangedBody {
    /// Always `true`.
    pub ok: bool,
    /// WhatsApp's id of the message.
    pub message_id: String,
    /// Present and `true` for a dry run, in which nothing was changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

impl ChangedBody {
    /// Returns the response for a message with this id.
    #[must_use]
    pub fn new(message_id: impl Into<String>) -> Self {
        Self {
            ok: true,
            message_id: message_id.into(),
            dry_run: false,
        }
    }
}

/// The response of `POST /chats/{to}/read`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadBody {
    /// Always `true`.
    pub ok: bool,
    /// The chat as WhatsApp addresses it; absent if there is no chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<String>,
    /// Number of messages that were unread.
    pub unread: u32,
    /// Present and `true` for a dry run, in which nothing was marked as read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// The response of `DELETE /chats/{to}/messages`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChatForgottenBody {
    /// Number of deleted records.
    pub deleted: u64,
    /// Number of messages and changes that are kept until their outcome is known.
    pub unsettled: u64,
}

/// The body of `POST /chats/{to}/typing`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TypingRequest {
    /// Duration in seconds, by default 10; 0 ends the indicator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 60)]
    pub seconds: Option<u32>,
}

impl TypingRequest {
    /// Returns the duration in seconds.
    ///
    /// # Errors
    /// If the duration is longer than [`MAX_TYPING_SECONDS`].
    pub fn validate(&self) -> Result<u32, Invalid> {
        match self.seconds.unwrap_or(TYPING) {
            seconds @ 0..=MAX_TYPING_SECONDS => Ok(seconds),
            _ => refuse("seconds", format!("has to be 0 to {MAX_TYPING_SECONDS}")),
        }
    }
}

/// The response of `POST /chats/{to}/typing`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TypingBody {
    /// Always `true`.
    pub ok: bool,
    /// The chat as WhatsApp addresses it; absent for a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<String>,
    /// For how long the chat shows the account as typing, in seconds.
    pub seconds: u32,
    /// Present and `true` for a dry run, in which nothing is shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// The response of `GET /contacts/{to}`: the WhatsApp profile of a number.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContactBody {
    /// Always `true`.
    pub ok: bool,
    /// Whether the number has WhatsApp. If not, nothing else is known.
    pub exists: bool,
    /// The WhatsApp id of the number, as WhatsApp spells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<String>,
    /// The digits of the number, if the page knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The contact's LID, if the page knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lid: Option<String>,
    /// The name under which the phone has saved the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name that the contact chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushname: Option<String>,
    /// The contact's about text, if the contact shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Whether the account is a business account.
    #[serde(default)]
    pub business: bool,
    /// The link to the contact's picture at WhatsApp, if the contact shows it.
    /// The link is valid only for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture_url: Option<String>,
}

// Names and numbers stay out of logs.
impl std::fmt::Debug for ContactBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContactBody")
            .field("exists", &self.exists)
            .field("business", &self.business)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edit_is_validated_as_a_text_and_trimmed() {
        let edit = |message: &str| EditRequest {
            message: message.to_owned(),
        };
        assert_eq!(edit(" hola\n").validate(), Ok("hola"));
        for bad in ["", " \n", "a\0b"] {
            assert!(edit(bad).validate().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn typing_is_bounded() {
        let typing = |seconds| TypingRequest { seconds }.validate();
        assert_eq!(typing(None), Ok(10));
        assert_eq!(typing(Some(0)), Ok(0));
        assert_eq!(typing(Some(60)), Ok(60));
        assert!(typing(Some(61)).is_err());
    }
}
