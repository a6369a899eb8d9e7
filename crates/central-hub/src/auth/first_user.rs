//! Creates the user `admin` from `HUB_ADMIN_PASSWORD`.
//!
//! The variable creates the first user. If its value changes later, that user's
//! password is set to the new value, which restores access when the password is
//! forgotten. An unchanged variable does nothing, so a password that was
//! changed on the page survives restarts. The store keeps a hash of the
//! variable's previous value for this comparison.

use secrecy::{ExposeSecret, SecretString};

use super::credentials::FIRST_USER;
use super::passwords::Passwords;
use crate::store::{NewUser, Role, Store, StoreError, UserChange};

const SETTING: &str = "hub_admin_password";

/// Creates the user or sets its password, and returns whether it did either.
pub(super) async fn ensure(
    store: &Store,
    passwords: &Passwords,
    password: &SecretString,
) -> Result<bool, StoreError> {
    let password = password.expose_secret();
    if let Some(applied) = store.setting(SETTING).await?
        && passwords.verify(&applied, password).await
    {
        return Ok(false);
    }
    let Ok(phc) = passwords.hash(password).await else {
        return Ok(false);
    };
    let new = NewUser {
        name: FIRST_USER,
        password: &phc,
        role: Role::Admin,
        cliente_id: None,
        unguarded: false,
    };
    if store.add_user(new).await?.is_none()
        && let Some(user) = store.user_named(FIRST_USER).await?
    {
        let change = UserChange {
            password: Some(&phc),
            role: Some((Role::Admin, None)),
            disabled: Some(false),
        };
        store.change_user(user.id, change, None).await?;
    }
    store.set(SETTING, &phc).await?;
    Ok(true)
}
