//! Stores settings in a key-value table.

use super::error::StoreError;
use super::{Store, Tx, now};

const WRITE_SETTING: &str = "INSERT INTO settings (name, value, updated_at) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";

const READ_SETTING: &str = "SELECT value FROM settings WHERE name = $1";

/// Returns the value of this setting, within a transaction.
pub(super) async fn setting_in(tx: &mut Tx, name: &str) -> Result<Option<String>, StoreError> {
    let value = sqlx::query_scalar(READ_SETTING)
        .bind(name)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(value)
}

impl Store {
    /// Returns the value of this setting.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let value = sqlx::query_scalar(READ_SETTING)
            .bind(name)
            .fetch_optional(self.reader())
            .await?;
        Ok(value)
    }

    /// Returns the value of this setting, after storing `value` if it has none.
    /// Concurrent hubs agree on one value.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn setting_or(&self, name: &str, value: &str) -> Result<String, StoreError> {
        // Nothing is written if the setting has a value.
        if let Some(kept) = self.setting(name).await? {
            return Ok(kept);
        }
        // The update changes nothing, but makes `RETURNING` return the row.
        let value = sqlx::query_scalar(
            "INSERT INTO settings (name, value, updated_at) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET value = settings.value
             RETURNING value",
        )
        .bind(name)
        .bind(value)
        .bind(now())
        .fetch_one(self.writer())
        .await?;
        Ok(value)
    }

    /// Stores the value of this setting.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn set(&self, name: &str, value: &str) -> Result<(), StoreError> {
        sqlx::query(WRITE_SETTING)
            .bind(name)
            .bind(value)
            .bind(now())
            .execute(self.writer())
            .await?;
        Ok(())
    }

    /// Stores the value of this setting like [`Store::set`], within the
    /// transaction of the related data.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn set_in(&self, tx: &mut Tx, name: &str, value: &str) -> Result<(), StoreError> {
        sqlx::query(WRITE_SETTING)
            .bind(name)
            .bind(value)
            .bind(now())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }
}
