//! Authenticates and authorizes requests, by credentials, sessions and the
//! access table.
//!
//! ```text
//!  Authorization: Basic user:password ──> limits ──> argon2 ──┐
//!                 Bearer <password of admin> ──┘              │
//!                 Bearer <JWT> ──> signature ──> session ─────┤
//!                 Bearer lm_… ──> token ──────────────────────┼──> Caller ──> access ──> handler
//!  Cookie ──> session ──> X-CSRF-Token, where it changes ─────┤
//!  no HUB_ADMIN_PASSWORD: this machine, by its own name ──────┘
//! ```
//!
//! The hub implements sessions itself instead of using tower-sessions. That
//! crate stores session ids in plain text, so whoever reads the database could
//! use them (the hub stores hashes); its records do not know the user, whose
//! sessions must end with a password change; and each of its stores takes a
//! pool of one database engine, while the hub uses sqlx's `Any`. No session
//! state is kept in a signed cookie: every request looks up its session, so
//! signing out, a new password and disabling a user take effect at once.

mod access;
mod address;
mod caller;
mod credentials;
mod first_user;
mod gate;
mod jwt;
mod limits;
mod passwords;
mod refusal;
mod scopes;
mod secrets;
mod sessions;

use std::sync::Arc;

pub(crate) use access::AccessTable;
pub use access::{Access, Rule};
pub(crate) use address::ClientAddress;
pub(crate) use caller::{Caller, Who};
pub(crate) use gate::gate;
pub use jwt::renew_key as renew_jwt_key;
pub(crate) use passwords::{canonical_name, check_new_password, is_bcrypt, is_user_name};
pub(crate) use refusal::forbidden;
pub use scopes::{Scope, Scopes};
pub(crate) use secrets::{sha256, token};
pub(crate) use sessions::{JWT_LIFE, StartedSession, cleared_cookie, is_https};

use crate::auth::jwt::Jwt;
use crate::auth::limits::SignInLimits;
use crate::auth::passwords::Passwords;
use crate::config::Config;
use crate::store::{Store, StoreError};

/// The authentication service, which resolves a request to its caller. It is cheap to clone.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    store: Store,
    /// Whether sign-in is required.
    is_required: bool,
    passwords: Passwords,
    limits: SignInLimits,
    jwt: Jwt,
    /// Whether this start of the hub set the first user's password.
    has_set_password: bool,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").finish_non_exhaustive()
    }
}

impl Auth {
    /// Creates the first user and the JWT key, if they do not exist yet.
    pub(crate) async fn open(config: &Config, store: &Store) -> Result<Self, StoreError> {
        let passwords = Passwords::new();
        let has_set_password = match &config.admin_password {
            Some(password) => first_user::ensure(store, &passwords, password).await?,
            None => false,
        };
        Ok(Self(Arc::new(Inner {
            jwt: Jwt::open(store).await?,
            store: store.clone(),
            is_required: config.admin_password.is_some(),
            passwords,
            limits: SignInLimits::default(),
            has_set_password,
        })))
    }

    /// Logs what this start changed, and warns of tokens and users that were
    /// created while no password was required.
    pub(crate) async fn report(&self) {
        if self.0.has_set_password {
            tracing::info!("the password of the user admin was set to HUB_ADMIN_PASSWORD");
        }
        if !self.0.is_required {
            return;
        }
        // The failure of an unavailable database is reported elsewhere.
        let Ok((tokens, users)) = self.0.store.unguarded().await else {
            return;
        };
        if tokens + users > 0 {
            tracing::warn!(
                tokens,
                users,
                "tokens and users that were created while the hub had no password are still valid: revoke the tokens, and change the password of each user or delete it (the page marks them)"
            );
        }
    }

    /// Returns whether sign-in is required.
    pub(crate) fn is_required(&self) -> bool {
        self.0.is_required
    }
}
