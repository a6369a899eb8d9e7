//! Stores leases, for work that only one of several hubs may do at a time.
//!
//! The holder renews its lease while it works, and checks in every transaction
//! that it still holds the lease. A hub that stalled therefore notices before
//! it writes. With SQLite there is only one hub, which at once takes over the
//! leases that it held before a crash.
//!
//! Which hub sends a message is decided in `outbox_claims`.

use session_api::Timestamp;

use super::error::StoreError;
use super::{Engine, Store, Tx, now};

impl Store {
    /// Takes a free lease until `until`. Returns whether it did.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn take_lease(
        &self,
        name: &str,
        who: &str,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let free_before = match self.engine() {
            Engine::Sqlite => i64::MAX,
            Engine::Postgres => now(),
        };
        let done = sqlx::query(
            "INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
             WHERE leases.holder = $2 OR leases.until <= $4",
        )
        .bind(name)
        .bind(who)
        .bind(until.as_millis())
        .bind(free_before)
        .execute(self.writer())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Extends the lease to `until`, within a transaction. Returns whether
    /// `who` still holds it.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn renew_lease_in(
        &self,
        tx: &mut Tx,
        name: &str,
        who: &str,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE leases SET until = $1 WHERE name = $2 AND holder = $3")
            .bind(until.as_millis())
            .bind(name)
            .bind(who)
            .execute(&mut **tx)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Releases the lease.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn drop_lease(&self, name: &str, who: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM leases WHERE name = $1 AND holder = $2")
            .bind(name)
            .bind(who)
            .execute(self.writer())
            .await?;
        Ok(())
    }

    /// Returns whether any hub holds the lease.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn is_leased(&self, name: &str) -> Result<bool, StoreError> {
        let count: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM leases WHERE name = $1 AND until > $2")
                .bind(name)
                .bind(now())
                .fetch_one(self.reader())
                .await?;
        Ok(count > 0)
    }
}
