//! Stores the sessions of signed-in users.

use session_api::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::User;
use crate::store::error::StoreError;
use crate::store::{Store, now};

/// A session to create.
#[derive(Clone, Copy)]
pub struct NewSession<'a> {
    /// SHA-256 of the cookie.
    pub cookie_hash: &'a str,
    /// SHA-256 of the secret that the JWT carries.
    pub bearer_hash: &'a str,
    /// The user's id.
    pub user_id: i64,
    /// When the session expires, however much it is used.
    pub expires_at: Timestamp,
}

/// SQL that joins a valid session with its user, who must not be disabled.
macro_rules! session_where {
    ($condition:literal) => {
        concat!(
            "SELECT users.*, sessions.id AS session_id FROM sessions
             JOIN users ON users.id = sessions.user_id
             WHERE ",
            $condition,
            " AND users.disabled = 0 AND sessions.expires_at > $2 AND sessions.seen_at > $3"
        )
    };
}

impl Store {
    /// Creates a session, stores the user's sign-in time, and removes expired
    /// sessions.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn begin_session(
        &self,
        session: NewSession<'_>,
        seen_after: Timestamp,
    ) -> Result<i64, StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM sessions WHERE expires_at <= $1 OR seen_at <= $2")
            .bind(now())
            .bind(seen_after.as_millis())
            .execute(&mut *tx)
            .await?;
        sqlx::query("UPDATE users SET signed_in_at = $1 WHERE id = $2")
            .bind(now())
            .bind(session.user_id)
            .execute(&mut *tx)
            .await?;
        let id = sqlx::query_scalar(
            "INSERT INTO sessions (cookie_hash, bearer_hash, user_id, created_at, seen_at, expires_at)
             VALUES ($1, $2, $3, $4, $4, $5) RETURNING id",
        )
        .bind(session.cookie_hash)
        .bind(session.bearer_hash)
        .bind(session.user_id)
        .bind(now())
        .bind(session.expires_at.as_millis())
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Returns the id and the user of the session with this cookie, if it is
    /// valid and was used after `seen_after`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn session_of_cookie(
        &self,
        hash: &str,
        seen_after: Timestamp,
    ) -> Result<Option<(i64, User)>, StoreError> {
        let sql = session_where!("sessions.cookie_hash = $1");
        self.session_row(sqlx::query(sql).bind(hash.to_owned()), seen_after)
            .await
    }

    /// Returns the session like [`Store::session_of_cookie`], by the hash of
    /// the JWT's secret.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn session_of_bearer(
        &self,
        hash: &str,
        seen_after: Timestamp,
    ) -> Result<Option<(i64, User)>, StoreError> {
        let sql = session_where!("sessions.bearer_hash = $1");
        self.session_row(sqlx::query(sql).bind(hash.to_owned()), seen_after)
            .await
    }

    /// Returns the session like [`Store::session_of_cookie`], by its id.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn session_with_id(
        &self,
        id: i64,
        seen_after: Timestamp,
    ) -> Result<Option<(i64, User)>, StoreError> {
        let sql = session_where!("sessions.id = $1");
        self.session_row(sqlx::query(sql).bind(id), seen_after)
            .await
    }

    async fn session_row(
        &self,
        query: sqlx::query::Query<'_, sqlx::Any, sqlx::any::AnyArguments>,
        seen_after: Timestamp,
    ) -> Result<Option<(i64, User)>, StoreError> {
        let row = query
            .bind(now())
            .bind(seen_after.as_millis())
            .fetch_optional(self.reader())
            .await?;
        let read = |row: AnyRow| Ok((row.try_get("session_id")?, User::read(&row)?));
        row.map(read).transpose()
    }

    /// Stores that a session is in use, unless a use after `unless_after` is
    /// already stored.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn session_seen(&self, id: i64, unless_after: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE sessions SET seen_at = $1 WHERE id = $2 AND seen_at < $3")
            .bind(now())
            .bind(id)
            .bind(unless_after.as_millis())
            .execute(self.writer())
            .await?;
        Ok(())
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn end_session(&self, id: i64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sessions WHERE id = $1")
            .bind(id)
            .execute(self.writer())
            .await?;
        self.access_changed();
        Ok(())
    }
}
