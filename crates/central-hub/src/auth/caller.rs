//! The authenticated caller of a request (`Caller`), with its permissions and its business.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use service_runtime::http::ErrorReply;

use super::scopes::{Scope, Scopes};
use super::{ClientAddress, forbidden, sha256};
use crate::store::{ApiToken, Role, User};

/// Maximum length of a caller's key that still fits together with the
/// business's prefix and the suffix that `bulk` appends.
const MAX_KEY_LENGTH: usize = 200;

/// How a caller authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Any client on this machine, because the hub has no password.
    Machine,
    /// A user with a session, by cookie or JWT.
    Session {
        session_id: i64,
        user_id: i64,
        name: String,
    },
    /// A user whose name and password came with the request.
    Password {
        user_id: i64,
        name: String,
        /// SHA-256 of the stored hash that the password matched. It changes when the password does.
        fingerprint: String,
    },
    /// An API token.
    Token { id: i64, user_id: Option<i64> },
}

/// The authenticated caller and its permissions. A handler that takes a
/// `Caller` runs only for callers that the access table admits; the handler
/// still has to check who owns the data.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) who: Who,
    pub(crate) role: Role,
    /// The only business whose data the caller sees; `None` if it sees all of them.
    pub(crate) cliente_id: Option<u64>,
    pub(crate) scopes: Scopes,
    /// The client's address, for the log.
    pub(crate) address: IpAddr,
}

/// Permissions of a caller: role, business, scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Permissions {
    role: Role,
    cliente_id: Option<u64>,
    scopes: Scopes,
}

impl Permissions {
    pub(super) fn of_user(user: &User) -> Self {
        Self {
            role: user.role,
            cliente_id: user.cliente_id,
            scopes: match user.role {
                Role::Admin => Scopes::ALL,
                Role::Agente => Scopes::AGENTE,
                Role::Cliente => Scopes::CLIENTE,
            },
        }
    }

    /// Returns the permissions of a token, limited to its creator's present
    /// ones; `None` if the token was created for a business other than the
    /// creator's.
    pub(super) fn of_token(token: &ApiToken, creator: Option<&User>) -> Option<Self> {
        let limit = creator.and_then(|creator| creator.cliente_id);
        let cliente_id = token.cliente_id.or(limit);
        if limit.is_some() && cliente_id != limit {
            return None;
        }
        let (role, maximum) = match (cliente_id, creator.map(|creator| creator.role)) {
            (Some(_), Some(Role::Agente)) => (Role::Cliente, Scopes::AGENTE),
            (Some(_), _) => (Role::Cliente, Scopes::CLIENTE),
            // The creator had more permissions when the token was created.
            (None, Some(Role::Agente)) => (Role::Agente, Scopes::AGENTE),
            (None, _) => (Role::Admin, Scopes::ALL),
        };
        // An unknown scope of a later version grants nothing.
        let scopes: Scopes = token.scopes.parse().unwrap_or(Scopes::NONE);
        Some(Self {
            role,
            cliente_id,
            scopes: scopes.intersection(maximum),
        })
    }

    pub(super) fn of_caller(caller: &Caller) -> Self {
        Self {
            role: caller.role,
            cliente_id: caller.cliente_id,
            scopes: caller.scopes,
        }
    }

    pub(super) fn into_caller(self, who: Who, address: ClientAddress) -> Caller {
        Caller {
            who,
            role: self.role,
            cliente_id: self.cliente_id,
            scopes: self.scopes,
            address: address.0,
        }
    }
}

impl Caller {
    /// Returns whether the caller has `scope`.
    pub(crate) fn may(&self, scope: Scope) -> bool {
        self.scopes.has(scope)
    }

    /// Returns whether the caller is a user, or a token with the scope `admin`.
    pub(crate) fn is_person(&self) -> bool {
        !matches!(self.who, Who::Token { .. }) || self.may(Scope::Admin)
    }

    /// Returns whether the caller manages the whole service: it sees all
    /// businesses and is not limited to answering conversations.
    pub(crate) fn manages_all(&self) -> bool {
        self.cliente_id.is_none() && self.role == Role::Admin
    }

    /// Returns the user behind the caller, if there is one.
    pub(crate) fn user_id(&self) -> Option<i64> {
        match &self.who {
            Who::Machine => None,
            Who::Session { user_id, .. } | Who::Password { user_id, .. } => Some(*user_id),
            Who::Token { user_id, .. } => *user_id,
        }
    }

    /// Returns the business of an operation: the requested one, or else the
    /// caller's own. The error is 403 for another caller's business and 400 for
    /// an invalid number.
    pub(crate) fn cliente_for(&self, asked: Option<u64>) -> Result<Option<u64>, ErrorReply> {
        // A database column cannot hold a larger number.
        if asked.is_some_and(|id| id == 0 || i64::try_from(id).is_err()) {
            let what = "cliente_id must be a positive integer";
            return Err(ErrorReply::invalid_request(what));
        }
        match (self.cliente_id, asked) {
            (None, asked) => Ok(asked),
            (Some(own), None) => Ok(Some(own)),
            (Some(own), Some(asked)) if own == asked => Ok(Some(own)),
            (Some(_), Some(_)) => Err(foreign_business()),
        }
    }

    /// Prefixes an `Idempotency-Key` with the caller's business, so that two
    /// businesses can both number their keys from 1 and neither finds the
    /// other's messages.
    pub(crate) fn scoped_key(&self, key: String) -> String {
        match self.cliente_id {
            None => key,
            Some(id) if key.len() <= MAX_KEY_LENGTH => format!("cliente-{id}:{key}"),
            Some(id) => format!("cliente-{id}:{}", sha256(&key)),
        }
    }

    /// Returns whether the caller may see data of this business. If not, the
    /// handler replies 404, as if the data did not exist.
    pub(crate) fn sees(&self, cliente_id: Option<u64>) -> bool {
        self.cliente_id.is_none() || self.cliente_id == cliente_id
    }
}

pub(super) fn foreign_business() -> ErrorReply {
    forbidden("cliente_id belongs to another business: omit it, or send your own")
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ErrorReply;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ErrorReply> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            tracing::error!("a handler of a public route asks for the caller");
            ErrorReply::internal()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cliente_asks_for_itself_only() {
        let caller = |cliente_id| Caller {
            who: Who::Machine,
            role: Role::Cliente,
            cliente_id,
            scopes: Scopes::CLIENTE,
            address: [127, 0, 0, 1].into(),
        };
        let (admin, own) = (caller(None), caller(Some(51)));
        assert_eq!(admin.cliente_for(Some(7)).unwrap(), Some(7));
        assert_eq!(admin.cliente_for(None).unwrap(), None);
        assert!(admin.sees(None) && admin.sees(Some(7)));
        assert_eq!(own.cliente_for(None).unwrap(), Some(51));
        assert_eq!(own.cliente_for(Some(51)).unwrap(), Some(51));
        assert_eq!(own.cliente_for(Some(7)).unwrap_err().code(), "FORBIDDEN");
        for beyond in [0, 1 << 63] {
            let refused = admin.cliente_for(Some(beyond)).unwrap_err();
            assert_eq!(refused.code(), "INVALID_REQUEST");
        }
        assert_eq!(admin.scoped_key("1".to_owned()), "1");
        assert_eq!(own.scoped_key("1".to_owned()), "cliente-51:1");
        for long in ["x".repeat(200), "x".repeat(255)] {
            assert!(own.scoped_key(long).len() <= 240);
        }
        assert!(own.sees(Some(51)) && !own.sees(Some(7)) && !own.sees(None));
    }
}
