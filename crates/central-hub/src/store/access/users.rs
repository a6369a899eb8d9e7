//! Stores users.

use std::fmt;

use session_api::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Role, as_known, as_stored};
use crate::store::error::StoreError;
use crate::store::rows::timestamp;
use crate::store::{Store, Tx, now};

/// A user who can sign in.
#[derive(Clone)]
pub struct User {
    /// The row's id.
    pub id: i64,
    /// The name, in lower case.
    pub name: String,
    /// The Argon2id hash of the password, as a PHC string.
    pub password: String,
    /// The user's role.
    pub role: Role,
    /// The user's business; only for the role `cliente`.
    pub cliente_id: Option<u64>,
    /// Whether the user is disabled.
    pub disabled: bool,
    /// When the user was created.
    pub created_at: Timestamp,
    /// When the user last signed in.
    pub signed_in_at: Option<Timestamp>,
    /// Whether the user was created while the hub had no password, and still
    /// has the password of that time.
    pub unguarded: bool,
}

// Not even the hash of a password belongs in a log.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("role", &self.role)
            .field("cliente_id", &self.cliente_id)
            .field("disabled", &self.disabled)
            .finish_non_exhaustive()
    }
}

impl User {
    /// Reads a row with all columns of `users`.
    pub(super) fn read(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            password: row.try_get("password")?,
            role: Role::of_stored(row.try_get("role")?, row.try_get("answers_only")?)?,
            cliente_id: as_known(row.try_get("cliente_id")?),
            disabled: row.try_get::<i64, _>("disabled")? != 0,
            created_at: timestamp(row.try_get("created_at")?),
            signed_in_at: row
                .try_get::<Option<i64>, _>("signed_in_at")?
                .map(timestamp),
            unguarded: row.try_get::<i64, _>("unguarded")? != 0,
        })
    }
}

/// A user to create.
#[derive(Clone, Copy)]
pub struct NewUser<'a> {
    /// The name, in lower case.
    pub name: &'a str,
    /// The Argon2id hash of the password, as a PHC string.
    pub password: &'a str,
    /// The user's role.
    pub role: Role,
    /// The user's business; only for the role `cliente`.
    pub cliente_id: Option<u64>,
    /// Whether the hub currently has no password.
    pub unguarded: bool,
}

/// Changes to a user; `None` leaves a field unchanged.
#[derive(Clone, Copy, Default)]
pub struct UserChange<'a> {
    /// The Argon2id hash of the new password, as a PHC string.
    pub password: Option<&'a str>,
    /// The role, and the business for the role `cliente`.
    pub role: Option<(Role, Option<u64>)>,
    /// Whether the user is disabled.
    pub disabled: Option<bool>,
}

/// The outcome of a change to a user.
#[derive(Clone, Debug)]
pub enum UserOutcome {
    /// The user after the change, or before the removal.
    Done(User),
    /// There is no user with this id.
    Unknown,
    /// Refused, because no user who can manage the others would be left.
    LastAdmin,
}

impl Store {
    /// Creates a user. Returns `None` if the name is taken.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn add_user(&self, user: NewUser<'_>) -> Result<Option<User>, StoreError> {
        let mut tx = self.begin().await?;
        let user = self.add_user_in(&mut tx, user).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Creates a user like [`Store::add_user`], within a transaction.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn add_user_in(
        &self,
        tx: &mut Tx,
        user: NewUser<'_>,
    ) -> Result<Option<User>, StoreError> {
        let (role, answers_only) = user.role.stored();
        let row = sqlx::query(
            "INSERT INTO users (name, password, role, cliente_id, created_at, updated_at, unguarded,
                 answers_only)
             VALUES ($1, $2, $3, $4, $5, $5, $6, $7)
             ON CONFLICT (name) DO NOTHING
             RETURNING *",
        )
        .bind(user.name)
        .bind(user.password)
        .bind(role)
        .bind(as_stored(user.cliente_id))
        .bind(now())
        .bind(i64::from(user.unguarded))
        .bind(answers_only)
        .fetch_optional(&mut **tx)
        .await?;
        row.as_ref().map(User::read).transpose()
    }

    /// Stores another hash of the same password. Sessions stay valid.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn rehash_password(&self, id: i64, from: &str, to: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE users SET password = $1 WHERE id = $2 AND password = $3")
            .bind(to)
            .bind(id)
            .bind(from)
            .execute(self.writer())
            .await?;
        Ok(())
    }

    /// Disables a user, within a transaction.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn disable_user_in(&self, tx: &mut Tx, id: i64) -> Result<(), StoreError> {
        sqlx::query("UPDATE users SET disabled = 1 WHERE id = $1")
            .bind(id)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Returns the user with this name, which must be in lower case.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn user_named(&self, name: &str) -> Result<Option<User>, StoreError> {
        let row = sqlx::query("SELECT * FROM users WHERE name = $1")
            .bind(name)
            .fetch_optional(self.reader())
            .await?;
        row.as_ref().map(User::read).transpose()
    }

    /// Returns the user with this id.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn user(&self, id: i64) -> Result<Option<User>, StoreError> {
        let row = sqlx::query("SELECT * FROM users WHERE id = $1")
            .bind(id)
            .fetch_optional(self.reader())
            .await?;
        row.as_ref().map(User::read).transpose()
    }

    /// Lists the users whose name comes after `after`, ordered by name.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn users(&self, after: &str, limit: u32) -> Result<Vec<User>, StoreError> {
        let rows = sqlx::query("SELECT * FROM users WHERE name > $1 ORDER BY name LIMIT $2")
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(User::read).collect()
    }

    /// Updates a user. A new password, or disabling the user, ends the user's
    /// sessions except for `kept`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn change_user(
        &self,
        id: i64,
        change: UserChange<'_>,
        kept: Option<i64>,
    ) -> Result<UserOutcome, StoreError> {
        let mut tx = self.begin().await?;
        let Some(user) = self.lock_user(&mut tx, id).await? else {
            return Ok(UserOutcome::Unknown);
        };
        let (role, cliente_id) = change.role.unwrap_or((user.role, user.cliente_id));
        let disabled = change.disabled.unwrap_or(user.disabled);
        let leaves = role != Role::Admin || disabled;
        if leaves && self.is_last_admin(&mut tx, &user).await? {
            return Ok(UserOutcome::LastAdmin);
        }
        let (stored, answers_only) = role.stored();
        let row = sqlx::query(
            "UPDATE users SET password = $1, role = $2, cliente_id = $3, disabled = $4,
                 updated_at = $5, unguarded = $7, answers_only = $8
             WHERE id = $6 RETURNING *",
        )
        .bind(change.password.unwrap_or(&user.password))
        .bind(stored)
        .bind(as_stored(cliente_id))
        .bind(i64::from(disabled))
        .bind(now())
        .bind(id)
        .bind(i64::from(user.unguarded && change.password.is_none()))
        .bind(answers_only)
        .fetch_one(&mut *tx)
        .await?;
        if change.password.is_some() || disabled {
            sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND id <> $2")
                .bind(id)
                .bind(kept.unwrap_or(-1))
                .execute(&mut *tx)
                .await?;
        }
        if (role, cliente_id) != (user.role, user.cliente_id) {
            self.forget_unread_in(&mut tx, id).await?;
        }
        let changed = User::read(&row)?;
        tx.commit().await?;
        self.access_changed();
        Ok(UserOutcome::Done(changed))
    }

    /// Removes a user with all sessions and tokens of that user.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn remove_user(&self, id: i64) -> Result<UserOutcome, StoreError> {
        let mut tx = self.begin().await?;
        let Some(user) = self.lock_user(&mut tx, id).await? else {
            return Ok(UserOutcome::Unknown);
        };
        if self.is_last_admin(&mut tx, &user).await? {
            return Ok(UserOutcome::LastAdmin);
        }
        sqlx::query("DELETE FROM users WHERE id = $1")
            .bind(id)
            .execute(&mut *tx)
            .await?;
        self.forget_unread_in(&mut tx, id).await?;
        tx.commit().await?;
        self.access_changed();
        Ok(UserOutcome::Done(user))
    }

    /// Returns the user after locking all admins, so that two admins who remove
    /// each other at the same time are serialized.
    async fn lock_user(&self, tx: &mut Tx, id: i64) -> Result<Option<User>, StoreError> {
        let lock = self.engine().pick(
            "SELECT id FROM users WHERE role = 'admin' ORDER BY id",
            "SELECT id FROM users WHERE role = 'admin' ORDER BY id FOR UPDATE",
        );
        sqlx::query(lock).fetch_all(&mut **tx).await?;
        let row = sqlx::query("SELECT * FROM users WHERE id = $1")
            .bind(id)
            .fetch_optional(&mut **tx)
            .await?;
        row.as_ref().map(User::read).transpose()
    }

    async fn is_last_admin(&self, tx: &mut Tx, user: &User) -> Result<bool, StoreError> {
        if user.role != Role::Admin || user.disabled {
            return Ok(false);
        }
        let others: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM users
             WHERE role = 'admin' AND answers_only = 0 AND disabled = 0 AND id <> $1",
        )
        .bind(user.id)
        .fetch_one(&mut **tx)
        .await?;
        Ok(others == 0)
    }
}
