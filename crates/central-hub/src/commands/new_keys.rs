//! `central-hub new-keys`: replaces the keys that the hub generated and keeps
//! in its database. Whoever has a copy of the database has these keys as well.

use crate::auth;
use crate::store::{Store, StoreError};

/// Replaces the keys of file links and of JWTs. Returns the message for the
/// user.
///
/// # Errors
/// Any [`StoreError`].
pub async fn renew(store: &Store) -> Result<String, StoreError> {
    store.renew_link_key().await?;
    auth::renew_jwt_key(store).await?;
    Ok(
        "the keys of links to files and of JWTs are new: restart the hub. Links that webhooks \
         told of before end, and programs with a JWT sign in again"
            .to_owned(),
    )
}
