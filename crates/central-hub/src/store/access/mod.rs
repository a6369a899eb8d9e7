//! Stores users, sessions and API tokens.

mod sessions;
mod tokens;
mod users;

use std::fmt;
use std::str::FromStr;

pub use sessions::NewSession;
pub use tokens::{ApiToken, MAX_TOKENS, NewToken, TokenRow};
pub use users::{NewUser, User, UserChange, UserOutcome};

/// The role of a user.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Full access.
    Admin,
    /// Reads and answers all conversations, but changes nothing else.
    Agente,
    /// Access only to the data of the user's own business.
    Cliente,
}

impl Role {
    /// Returns the role's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Agente => "agente",
            Self::Cliente => "cliente",
        }
    }

    /// Returns the stored form: an `agente` is stored as an `admin` who only answers conversations.
    const fn stored(self) -> (&'static str, i64) {
        match self {
            Self::Admin => ("admin", 0),
            Self::Agente => ("admin", 1),
            Self::Cliente => ("cliente", 0),
        }
    }

    fn of_stored(role: &str, answers_only: i64) -> Result<Self, super::StoreError> {
        match (role.parse()?, answers_only) {
            (Self::Admin, 1) => Ok(Self::Agente),
            (role, _) => Ok(role),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = super::StoreError;

    fn from_str(text: &str) -> Result<Self, super::StoreError> {
        match text {
            "admin" => Ok(Self::Admin),
            "cliente" => Ok(Self::Cliente),
            _ => Err(super::StoreError::Query(sqlx::Error::Decode(
                "a role from a later version".into(),
            ))),
        }
    }
}

fn as_stored(cliente_id: Option<u64>) -> Option<i64> {
    cliente_id.map(|id| i64::try_from(id).unwrap_or(i64::MAX))
}

fn as_known(cliente_id: Option<i64>) -> Option<u64> {
    cliente_id.and_then(|id| u64::try_from(id).ok())
}
