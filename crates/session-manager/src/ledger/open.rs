//! Opens, migrates, probes and closes the SQLite file.

use std::path::Path;
use std::time::Duration;

use service_runtime::private;
use session_api::Timestamp;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection as _, SqlSafeStr};
use tokio::sync::broadcast;

use super::error::LedgerError;
use super::send_state_machine::SendEvent;
use super::store::{Store, TransitionData};
use super::writer::Writer;
use crate::event_log::EventLog;

/// The file's name in `DATA_DIR`.
pub(super) const FILE_NAME: &str = "ledger.db";
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_READERS: u32 = 2;
/// How many notifications of changed rows are kept. A reader that lags further behind queries the
/// file instead.
const ROW_CHANGES_CAPACITY: usize = 1024;

/// The migrations: number, name and statements.
pub(super) const MIGRATIONS: [(i64, &str, &str); 13] = [
    (1, "sends", include_str!("../../migrations/0001_sends.sql")),
    (
        2,
        "events",
        include_str!("../../migrations/0002_events.sql"),
    ),
    (
        3,
        "content",
        include_str!("../../migrations/0003_content.sql"),
    ),
    (
        4,
        "hearing",
        include_str!("../../migrations/0004_hearing.sql"),
    ),
    (
        5,
        "limits",
        include_str!("../../migrations/0005_limits.sql"),
    ),
    (
        6,
        "files_by_cliente",
        include_str!("../../migrations/0006_files_by_cliente.sql"),
    ),
    (
        7,
        "changes",
        include_str!("../../migrations/0007_changes.sql"),
    ),
    (8, "media", include_str!("../../migrations/0008_media.sql")),
    (9, "lanes", include_str!("../../migrations/0009_lanes.sql")),
    (
        10,
        "message_changes",
        include_str!("../../migrations/0010_message_changes.sql"),
    ),
    (
        11,
        "forgotten",
        include_str!("../../migrations/0011_forgotten.sql"),
    ),
    (
        12,
        "file_uses",
        include_str!("../../migrations/0012_file_uses.sql"),
    ),
    (
        13,
        "reactions",
        include_str!("../../migrations/0013_reactions.sql"),
    ),
];

impl Store {
    /// Opens the file in `folder`, and creates both if they are missing. Settles rows that an
    /// earlier process left unfinished. Events are published to `log`.
    pub async fn open(folder: &Path, log: EventLog) -> Result<Self, LedgerError> {
        let path = folder.join(FILE_NAME);
        prepare(folder, &path)?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .journal_mode(SqliteJournalMode::Wal)
            // A response must not be ahead of the disk.
            .synchronous(SqliteSynchronous::Full)
            // In KiB, for each connection. The default of 2 MB fills up within an hour, and gains
            // nothing for rows that are found by an index.
            .pragma("cache_size", "-512")
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            // A full disk aborts a transaction midway. sqlx still counts the transaction as open,
            // and would begin no other one on this connection.
            .before_acquire(|connection, _| {
                Box::pin(async move { Ok(!connection.is_in_transaction()) })
            })
            .connect_with(options.clone())
            .await?;
        let check_result: String = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_one(&pool)
            .await?;
        if check_result != "ok" {
            return Err(LedgerError::Damaged(path, check_result));
        }
        migrations()
            .run(&pool)
            .await
            .map_err(|error| LedgerError::Migrate(path, error))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(MAX_READERS)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(options.read_only(true));
        let row_changes = broadcast::channel(ROW_CHANGES_CAPACITY).0;
        let store = Self {
            writer: Writer::start(pool.clone(), log.clone(), row_changes.clone()),
            pool,
            readers,
            log,
            row_changes,
        };
        store.reserve_ids().await?;
        store.recover().await?;
        Ok(store)
    }

    /// Checks that the file can be written.
    pub async fn probe(&self) -> Result<(), LedgerError> {
        // Writes the header's application-defined number, which is otherwise unused. It is a write
        // like any other.
        let number = Timestamp::now().as_millis() & 0x7fff_ffff;
        let probe = format!("PRAGMA user_version = {number}");
        sqlx::raw_sql(AssertSqlSafe(probe))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Flushes the queued writes and closes the file.
    pub async fn close(&self) {
        // Flush the queued writes; a write that fails is settled later.
        let _ = self.flush().await;
        // The last connection that closes checkpoints the write-ahead log.
        self.readers.close().await;
        self.pool.close().await;
    }

    /// Settles rows whose worker died with an earlier process.
    async fn recover(&self) -> Result<(), LedgerError> {
        let unfinished = sqlx::query("SELECT id FROM sends WHERE state IN ('accepted', 'sending')")
            .fetch_all(&self.pool)
            .await?;
        for row in unfinished {
            let id = sqlx::Row::try_get(&row, "id")?;
            let data = TransitionData {
                error: Some(session_api::ErrorCode::SendFailed.as_str()),
                ..TransitionData::default()
            };
            self.apply(id, SendEvent::Restart, data).await?;
        }
        self.recover_changes().await
    }
}

fn migrations() -> Migrator {
    let steps = MIGRATIONS.map(|(number, name, statements)| {
        Migration::new(
            number,
            name.into(),
            MigrationType::Simple,
            statements.into_sql_str(),
            false,
        )
    });
    Migrator::with_migrations(steps.into())
}

/// Creates the folder and the file, private to the service's user, since they contain customers'
/// data.
pub(super) fn prepare(folder: &Path, path: &Path) -> Result<(), LedgerError> {
    let open_error = |path: &Path| {
        let path = path.to_owned();
        move |error| LedgerError::Folder(path, error)
    };
    private::make_folder(folder).map_err(open_error(folder))?;
    private::make_file(path).map_err(open_error(path))
}
