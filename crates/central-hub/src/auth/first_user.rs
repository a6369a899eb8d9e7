//! `HUB_ADMIN_PASSWORD` and the user `admin`.
//!
//! The variable creates the first user. Later a changed variable sets that
//! user's password, which is the way back in when it is forgotten; an unchanged
//! one does nothing, so a password changed on the page survives restarts. The
//! variable's previous value is identified by its hash.

use secrecy::{ExposeSecret, SecretString};

use super::credentials::FIRST_USER;
use super::passwords::Passwords;
use crate::store::{NewUser, Role, Store, StoreError, UserChange};

const SETTING: &str = "hub_admin_password";

/// Creates the user or sets its password; returns whether it did.
pub(super) async fn ensure(
    store: &Store,
    passwords: &Passwords,
    password: &SecretString,
) -> Result<bool, StoreError> {
    let password = password.expose_secret();
    if let Some(applied) = store.setting(SETTING).await?
        && passwords.fits(&applied, password).await
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
