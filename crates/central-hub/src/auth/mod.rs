//! Who asks, and what it may.
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
//! Sessions are the hub's own two hundred lines rather than tower-sessions:
//! that one keeps a session's id as it is, where a reader of the database
//! could use it (here are hashes only), knows no user in its records, whose
//! sessions end with a new password, and has stores for a pool of one engine
//! each, while the hub's is sqlx's `Any`. Nothing of a session is a signed
//! cookie that outlives it: what is presented is looked up, every time, so
//! signing out, a new password and a disabled user count at once.

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
mod secrets;
mod sessions;

use std::sync::Arc;

pub use access::{ALL as ROUTES, Access, Rule};
pub(crate) use address::ClientAddress;
pub(crate) use caller::{Caller, Who};
pub use caller::{Scope, Scopes};
pub(crate) use gate::gate;
pub(crate) use passwords::{canonical_name, check_new_password, is_bcrypt, is_user_name};
pub(crate) use refusal::forbidden;
pub(crate) use secrets::{sha256, token};
pub(crate) use sessions::{JWT_LIFE, cleared_cookie, is_https};

use crate::auth::jwt::Jwt;
use crate::auth::limits::Limits;
use crate::auth::passwords::Passwords;
use crate::config::Config;
use crate::store::{Store, StoreError};

/// Everything that tells who asks; cheap to clone.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    store: Store,
    /// Whether anybody has to sign in at all.
    is_required: bool,
    passwords: Passwords,
    limits: Limits,
    jwt: Jwt,
    /// Whether this start set the first user's password.
    has_set_password: bool,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").finish_non_exhaustive()
    }
}

impl Auth {
    /// Makes the first user, and what is made once.
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
            limits: Limits::default(),
            has_set_password,
        })))
    }

    /// Tells the log what the start has changed, once it may be told, and what
    /// lets somebody in that nobody with a password made.
    pub(crate) async fn report(&self) {
        if self.0.has_set_password {
            tracing::info!("the password of the user admin is HUB_ADMIN_PASSWORD now");
        }
        if !self.0.is_required {
            return;
        }
        // A database that is away is told of elsewhere.
        let Ok((tokens, users)) = self.0.store.unguarded().await else {
            return;
        };
        if tokens + users > 0 {
            tracing::warn!(
                tokens,
                users,
                "tokens and users that were made while the hub had no password go on: revoke the tokens, and give each user another password or remove it (the page marks them)"
            );
        }
    }

    /// Whether anybody has to sign in at all.
    pub(crate) fn is_required(&self) -> bool {
        self.0.is_required
    }
}
