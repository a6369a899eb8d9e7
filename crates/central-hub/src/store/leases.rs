//! Leases: work that only one of several hubs may do at a time.
//!
//! The holder renews while it works, and checks in every transaction that it
//! still is: who was away for too long finds out before it writes. On SQLite
//! there is one hub, so it takes over at once what it held before a crash.

use session_api::Timestamp;

use super::error::StoreError;
use super::{Engine, Store, Tx, now};

impl Store {
    /// Takes what nobody holds until `until`; whether it did.
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

    /// Keeps it until `until`, within a transaction; whether `who` still holds
    /// it.
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

    /// Leaves it to others.
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

    /// Whether anybody holds it.
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
