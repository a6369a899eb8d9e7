//! `HUB_ADMIN_PASSWORD` and the user `admin`.
//!
//! The variable makes the first user. Later a changed variable sets that
//! user's password, which is the way back in when it is forgotten; one that is
//! as it was changes nothing, so a password that was changed on the page stays
//! through restarts. What the variable last held is known by its hash.

use secrecy::{ExposeSecret, SecretString};

use super::credentials::FIRST_USER;
use super::passwords::Passwords;
use crate::store::{NewUser, Role, Store, StoreError, UserChange};

const SETTING: &str = "hub_admin_password";

/// Whether the password was set now.
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
