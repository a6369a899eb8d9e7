//! The database check of `doctor`, which opens and verifies the database without changing it.

use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, Connection, Row};

use super::engine::connect_options;
use super::{Store, StoreError};
use crate::config::DatabaseLocation;

impl Store {
    /// Checks that the database at `location` can be opened and is intact,
    /// without changing it. Returns a description of the database.
    ///
    /// # Errors
    /// [`StoreError::Open`] if the database cannot be opened or is damaged.
    pub async fn examine(location: &DatabaseLocation) -> Result<String, StoreError> {
        inspect(location).await.map_err(|source| StoreError::Open {
            location: location.to_string(),
            source,
        })
    }
}

async fn inspect(location: &DatabaseLocation) -> Result<String, sqlx::Error> {
    install_default_drivers();
    let options = connect_options(location)?;
    let mut connection = AnyConnection::connect_with(&options).await?;
    let found = match location {
        DatabaseLocation::Sqlite(_) => {
            sqlx::query("PRAGMA query_only = ON")
                .execute(&mut connection)
                .await?;
            let row = sqlx::query("PRAGMA quick_check(1)")
                .fetch_one(&mut connection)
                .await?;
            let result: String = row.try_get(0)?;
            if result != "ok" {
                return Err(sqlx::Error::Protocol(result));
            }
            format!("{location} is whole")
        }
        DatabaseLocation::Postgres(_) => {
            let row = sqlx::query("SELECT current_setting('server_version')")
                .fetch_one(&mut connection)
                .await?;
            let version: String = row.try_get(0)?;
            format!("{location} answers, PostgreSQL {version}")
        }
    };
    connection.close().await?;
    Ok(found)
}
