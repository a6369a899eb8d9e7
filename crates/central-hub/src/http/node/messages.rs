//! Requests to send by the names of the Node hub's programs.

use serde::Deserialize;
use utoipa::ToSchema;

use super::lenient;

/// A recipient of `bulk`: with a text of its own, or a number alone.
#[derive(Deserialize, ToSchema)]
#[schema(as = node::BulkRecipient)]
#[serde(
    untagged,
    expecting = "a number, or an object with destinatario and mensaje"
)]
pub(crate) enum Recipient {
    /// With what is to be said to it.
    Whole(Whole),
    /// A number; the text is the request's.
    Number(u64),
    /// A number as text, likewise.
    Text(String),
}

/// A recipient by all the names that a request may have for it.
#[derive(Deserialize, ToSchema)]
#[schema(as = node::BulkMessage)]
pub(crate) struct Whole {
    #[serde(
        alias = "to",
        alias = "telefono",
        alias = "phoneNumber",
        deserialize_with = "lenient::text"
    )]
    pub(crate) destinatario: String,
    #[serde(alias = "message", alias = "texto")]
    pub(crate) mensaje: Option<String>,
    #[serde(default, deserialize_with = "lenient::integer")]
    pub(crate) cliente_id: Option<u64>,
}

impl From<Recipient> for Whole {
    fn from(recipient: Recipient) -> Self {
        let of = |destinatario| Self {
            destinatario,
            mensaje: None,
            cliente_id: None,
        };
        match recipient {
            Recipient::Whole(whole) => whole,
            Recipient::Number(number) => of(number.to_string()),
            Recipient::Text(text) => of(text),
        }
    }
}
