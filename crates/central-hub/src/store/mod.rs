//! Stores the hub's data, in an SQLite file in the data folder or on a
//! PostgreSQL server that several hubs share.
//!
//! ```text
//!              ┌─ write ─> one connection ───┐
//!  Store ──────┤                             ├─> SQLite (WAL)
//!              └─ read ──> some connections ─┘
//!              both ─────> one pool ─────────> PostgreSQL
//! ```
//!
//! Both engines run the same code through sqlx's `Any` driver: SQL is written
//! once, with `$1` placeholders, which both accept. The alternative, one type
//! with a pool for each engine behind it, would need every query twice or trait
//! bounds on every function. The price is that a row can contain only integers,
//! floats, texts and blobs: times are milliseconds, flags are 0 and 1, JSON is
//! text, and a `SUM` needs a `CAST(… AS BIGINT)`. All differences between the
//! engines are in [`Engine`]; the tables are also written only once
//! (`migrations`).
//!
//! Code that holds a transaction of [`Store::begin`] must not call the store in
//! any other way until the transaction ends, because there is only one write
//! connection to SQLite.

mod access;
mod addresses;
mod alerts;
pub mod campaigns;
mod chat_deletions;
mod composed_message;
mod contact_cards;
mod contact_list;
mod contact_names;
mod contacts;
mod conversation_rows;
mod conversations;
mod deletion_queue;
mod deliveries;
pub mod dump;
mod engine;
mod error;
mod inbound;
mod inbox;
mod integrity_check;
mod leases;
mod lookups;
mod media_deletions;
mod merge_records;
mod message_changes;
mod message_contents;
mod message_history;
mod message_state;
mod messages;
mod migrations;
mod node_import;
mod opt_out_answers;
mod outbox_claims;
mod overview;
mod people;
mod people_by_hand;
mod possible_opt_outs;
mod queue_lengths;
mod quick_answers;
mod recording;
mod rows;
mod search;
mod search_index;
mod search_words;
mod sending_switch;
mod settings;
mod sqlite_copy;
mod transitions;
mod undecided;
mod webhook_events;
mod webhook_secret;
mod webhooks;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use service_runtime::private;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions, Connection, Transaction};
use tokio::sync::{Notify, Semaphore, watch};

pub use access::{
    ApiToken, MAX_TOKENS, NewSession, NewToken, NewUser, Role, TokenRow, User, UserChange,
    UserOutcome,
};
pub use alerts::{NewNotice, Notice, NoticeOutcome, Sighting, StoredAlert};
pub(crate) use composed_message::is_file;
pub use composed_message::{Composed, SentFile};
pub use contact_cards::{Card, CardChange};
pub use contact_list::{ContactDetails, ContactFilter, ContactMerge, KnownAddress};
pub use contacts::Contact;
pub(crate) use deliveries::enqueue_delivery_in;
pub use deliveries::{Attempt, Delivery, DeliveryState, Next, PastAttempt};
pub use engine::Engine;
pub use error::StoreError;
pub use inbound::{Cursor, FOLLOWER, InboundMessage, Recorded, SourceEvent};
pub use inbox::{ChangedTalk, INBOX_PLANS, InboxCounts, MAX_COUNTED, NOBODY, Talk, Talks};
pub use lookups::{Lookup, LookupPriority};
pub use message_history::{Change, Transition};
pub use message_state::MessageState;
pub(crate) use message_state::states;
pub use messages::{Filter, Inserted, Message, NewMessage, Origin};
pub use node_import::{NodeKind, NodeMessage, NodeRecipient, NodeStep};
pub use outbox_claims::CLAIM_PLANS;
pub use overview::{ANSWERED_PLANS, DeadLetters, MAX_DEAD_LETTERS, OVERVIEW_PLANS, WEEK};
pub use people_by_hand::{DeleteOutcome, MergeOutcome, SplitOutcome};
pub use possible_opt_outs::PossibleOptOut;
pub use quick_answers::{MAX_QUICK_ANSWERS, QuickAnswer, SaveOutcome};
pub(crate) use rows::{now, wa_key};
pub use search::MessagePage;
pub use sending_switch::SendingSwitch;
pub use sqlite_copy::{CopyFacts, check_copy, copy_sqlite};
pub use undecided::Decision;
pub use webhook_events::Topic;
pub(crate) use webhook_events::{
    AckData, CampaignData, DeletedData, EditedData, Envelope, MessageData, ReactionData, direction,
    envelope, new_event_id, phone_of,
};
pub use webhook_secret::WebhookSecret;
pub use webhooks::{MAX_WEBHOOKS, NewWebhook, Webhook};

use crate::config::DatabaseLocation;
use crate::media_links::MediaLinks;

/// A write transaction.
pub type Tx = Transaction<'static, Any>;

/// How long a caller waits for a connection before the store counts as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long startup waits for PostgreSQL.
const FIRST_CONNECTION: Duration = Duration::from_secs(10);
/// Settings by which a response is not sent before its data is on disk.
const SQLITE_PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL";
const AT_ONCE: Duration = Duration::from_secs(1);
const READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 12;
/// The setting that holds the key of file links, which all hubs share.
const LINK_KEY: &str = "media.link_key";

/// The result of checking whether the database answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reachability {
    /// The database answers.
    Works,
    /// PostgreSQL cannot be reached.
    Away,
}

/// The open store; clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    engine: Engine,
    write: AnyPool,
    read: AnyPool,
    /// Notified when webhook deliveries may be pending.
    told: Arc<Notify>,
    /// Changes when a user's access may have been reduced.
    access: watch::Sender<()>,
    /// Notified when a contact wrote, got a reply, or needs none.
    inbox: Arc<Notify>,
    /// Whether all sending was stopped at the last check.
    stopped: Arc<AtomicBool>,
    /// Whether messages that the store itself composes are dry runs.
    dry_run: Arc<AtomicBool>,
    /// Limits the number of concurrent searches.
    searching: Arc<Semaphore>,
    /// Notified when files of messages are to be deleted.
    deletions_queued: Arc<Notify>,
    /// Signs links to files; the key is one of the settings.
    links: Option<MediaLinks>,
}

impl Store {
    /// Opens the database, creates the file if it is missing, and applies the
    /// migrations.
    ///
    /// # Errors
    /// Any [`StoreError`], with its cause and remedy.
    pub async fn open(location: &DatabaseLocation) -> Result<Self, StoreError> {
        let mut store = Self::migrated(location, migrations::newest()).await?;
        let key = store.setting_or(LINK_KEY, &MediaLinks::new_key()).await?;
        store.links = Some(MediaLinks::with_key(&key));
        store.merge_existing_addresses().await?;
        store.fill_inbox().await?;
        store.fill_index().await?;
        Ok(store)
    }

    /// Opens the database with only the migrations up to `newest`, as an older
    /// hub left it. For the benchmark of the migrations.
    ///
    /// # Errors
    /// As for [`Store::open`].
    #[doc(hidden)]
    pub async fn migrated(location: &DatabaseLocation, newest: i64) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        if let DatabaseLocation::Sqlite(file) = location {
            prepare(file)?;
        }
        let options = engine::connect_options(location).map_err(|error| StoreError::Open {
            location: location.to_string(),
            source: error,
        })?;
        first_connection(location, &options).await?;
        let store = match location {
            DatabaseLocation::Sqlite(_) => Self::sqlite(options),
            DatabaseLocation::Postgres(_) => Self::postgres(options),
        };
        migrations::run(&store, newest)
            .await
            .map_err(|source| StoreError::Migrate {
                location: location.to_string(),
                source,
            })?;
        Ok(store)
    }

    /// Replaces the key of file links. A running hub keeps the old key until it
    /// is restarted.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn renew_link_key(&self) -> Result<(), StoreError> {
        self.set(LINK_KEY, &MediaLinks::new_key()).await
    }

    fn sqlite(options: AnyConnectOptions) -> Self {
        let pool = || {
            AnyPoolOptions::new()
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
        };
        let write = pool().max_connections(1).after_connect(|connection, _| {
            Box::pin(async move { run(connection, SQLITE_PRAGMAS).await })
        });
        let read = pool()
            .max_connections(READERS)
            .after_connect(|connection, _| {
                Box::pin(async move { run(connection, "PRAGMA query_only = ON").await })
            });
        Self {
            engine: Engine::Sqlite,
            write: write.connect_lazy_with(options.clone()),
            read: read.connect_lazy_with(options),
            told: Arc::default(),
            access: watch::Sender::new(()),
            inbox: Arc::default(),
            stopped: Arc::default(),
            dry_run: Arc::default(),
            searching: Arc::new(Semaphore::new(search::CONCURRENT_SEARCHES)),
            deletions_queued: Arc::default(),
            links: None,
        }
    }

    fn postgres(options: AnyConnectOptions) -> Self {
        let pool = AnyPoolOptions::new()
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .max_connections(POSTGRES_CONNECTIONS)
            .connect_lazy_with(options);
        Self {
            engine: Engine::Postgres,
            write: pool.clone(),
            read: pool,
            told: Arc::default(),
            access: watch::Sender::new(()),
            inbox: Arc::default(),
            stopped: Arc::default(),
            dry_run: Arc::default(),
            searching: Arc::new(Semaphore::new(search::CONCURRENT_SEARCHES)),
            deletions_queued: Arc::default(),
            links: None,
        }
    }

    /// Returns the database engine.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// Sets whether messages that the store itself composes are dry runs.
    pub(crate) fn set_dry_run(&self, on: bool) {
        self.dry_run.store(on, Ordering::Relaxed);
    }

    fn is_dry_run(&self) -> bool {
        self.dry_run.load(Ordering::Relaxed)
    }

    /// Returns the pool for queries that only read.
    #[must_use]
    pub const fn reader(&self) -> &AnyPool {
        &self.read
    }

    /// Returns the pool for a single statement that writes. For several
    /// statements, use [`Store::begin`].
    #[must_use]
    pub const fn writer(&self) -> &AnyPool {
        &self.write
    }

    /// Returns the notification that webhook deliveries may be pending. It may
    /// come shortly before the deliveries can be read.
    pub(crate) fn delivery_enqueued(&self) -> &Notify {
        &self.told
    }

    /// Returns a receiver that changes when a user, a session or a token of this hub does.
    pub(crate) fn access_changes(&self) -> watch::Receiver<()> {
        self.access.subscribe()
    }

    fn access_changed(&self) {
        self.access.send_replace(());
    }

    /// Returns the notification that a conversation may have changed. It may
    /// come shortly before the change can be read.
    pub(crate) fn inbox_news(&self) -> &Notify {
        &self.inbox
    }

    fn inbox_changed(&self) {
        self.inbox.notify_one();
    }

    /// Returns the notification that files of messages have to be deleted. It
    /// may come shortly before the rows can be read.
    pub(crate) fn deletions_queued(&self) -> &Notify {
        &self.deletions_queued
    }

    /// Returns the signer of links to the files of messages; `None` while the
    /// database is being opened.
    pub(crate) const fn media_links(&self) -> Option<&MediaLinks> {
        self.links.as_ref()
    }

    /// Begins a write transaction. Dropping the transaction rolls it back.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        match self.write.begin_with(self.engine.begin()).await {
            // SQLite rolls back by itself when the disk is full. sqlx 0.9 still
            // considers that transaction open, so the connection can no longer
            // be used.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                let _ = self.write.acquire().await?.close().await;
                Ok(self.write.begin_with(self.engine.begin()).await?)
            }
            begun => Ok(begun?),
        }
    }

    /// Returns whether the database answers within a second.
    pub async fn is_up(&self) -> bool {
        let ask = sqlx::query("SELECT 1").fetch_one(&self.read);
        matches!(tokio::time::timeout(AT_ONCE, ask).await, Ok(Ok(_)))
    }

    /// Checks that a connection for reading answers, even with an error. SQLite
    /// runs in this process, so no answer means a hang. With PostgreSQL, no
    /// answer counts as a hang only if a new connection does get one, since
    /// restarting the hub would not bring the server back.
    ///
    /// # Errors
    /// If the store's own connections do not answer.
    pub async fn answers(&self) -> Result<Reachability, StoreError> {
        let hung = || StoreError::from(sqlx::Error::PoolTimedOut);
        match (answer_of(&self.read).await, self.engine) {
            (Some(Ok(())), _) | (Some(Err(_)), Engine::Sqlite) => return Ok(Reachability::Works),
            (Some(Err(_)), Engine::Postgres) => return Ok(Reachability::Away),
            (None, Engine::Sqlite) => return Err(hung()),
            (None, Engine::Postgres) => {}
        }
        let options = self.read.connect_options();
        let anew = async {
            let mut connection = options.connect().await?;
            sqlx::query("SELECT 1").execute(&mut connection).await?;
            connection.close().await
        };
        match tokio::time::timeout(ACQUIRE_TIMEOUT, anew).await {
            Ok(Ok(())) => Err(hung()),
            _ => Ok(Reachability::Away),
        }
    }

    /// Returns whether a connection for writing answers, even with an error. A
    /// large transaction may hold the connection for seconds.
    pub async fn writer_answers(&self) -> bool {
        answer_of(&self.write).await.is_some()
    }

    /// Finishes pending writes and closes the connections.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

/// Runs a query on a pool. Returns `None` if no connection answers in time.
async fn answer_of(pool: &AnyPool) -> Option<sqlx::Result<()>> {
    let answer = sqlx::query("SELECT 1").execute(pool);
    match tokio::time::timeout(ACQUIRE_TIMEOUT, answer).await {
        Ok(Err(sqlx::Error::PoolTimedOut)) | Err(_) => None,
        Ok(answer) => Some(answer.map(|_| ())),
    }
}

async fn run(connection: &mut AnyConnection, statements: &'static str) -> sqlx::Result<()> {
    sqlx::raw_sql(statements).execute(connection).await?;
    Ok(())
}

/// Opens a single connection to learn the cause of a failure, because a pool
/// reports only a timeout.
async fn first_connection(
    location: &DatabaseLocation,
    options: &AnyConnectOptions,
) -> Result<(), StoreError> {
    let open = |source| StoreError::Open {
        location: location.to_string(),
        source,
    };
    let connect = async {
        let mut connection = options.connect().await?;
        if matches!(location, DatabaseLocation::Sqlite(_)) {
            // SQLite opens a file without reading it, so the statement makes it read the file.
            run(&mut connection, SQLITE_PRAGMAS).await?;
        }
        connection.close().await
    };
    match tokio::time::timeout(FIRST_CONNECTION, connect).await {
        Ok(result) => result.map_err(open),
        Err(_) => Err(open(sqlx::Error::PoolTimedOut)),
    }
}

/// Creates the folder and the file so that only their owner can read them.
fn prepare(file: &Path) -> Result<(), StoreError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::File { path, source }
    };
    if let Some(folder) = file.parent() {
        private::make_folder(folder).map_err(failed(folder))?;
    }
    private::make_file(file).map_err(failed(file))
}

#[cfg(test)]
pub(crate) mod tests;
