//! Provides temporary databases for tests: SQLite files, a real PostgreSQL from Debian's package,
//! and a real MariaDB, from which the hub can import.
//!
//! ```text
//!  cargo xtask test ── Server ──(LEADMASTER_TEST_POSTGRES)──> tests ── Database
//!  a test by hand ──── Server of its own, once per process ──┘
//!      │ pipe
//!      └─> sh ─> postgres     the pipe closes: stopped, folder removed
//! ```
//!
//! The server listens only on a Unix socket, so it needs no port. It watches a pipe of its parent
//! process: however the parent ends, the server stops and removes its folder. It gives up
//! durability, which makes it fast. If the tests run as root, it runs as `postgres` or `nobody`,
//! since PostgreSQL refuses to run as root.
//!
//! A test for both engines is written once:
//!
//! ```text
//! scratch_database::on_both_engines! {
//!     async fn a_setting_is_remembered(database: Database) {
//!         let store = Store::open(&database.url().parse().unwrap()).await.unwrap();
//!         // …
//!     }
//! }
//! ```
//!
//! and runs as `a_setting_is_remembered::sqlite` and `a_setting_is_remembered::postgres`.

#![expect(
    clippy::missing_panics_doc,
    reason = "a harness panics so that the test fails"
)]

mod mail;
mod mariadb;
mod programs;
mod server;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

pub use mail::{MailServer, mail_python};
pub use mariadb::{MariaDb, mariadb_program};
pub use programs::find as program;
pub use server::{Server, ServerError};
use tempfile::TempDir;

/// The variable by which a test run passes on its server: the folder of the socket.
pub const VARIABLE: &str = "LEADMASTER_TEST_POSTGRES";

/// The database user of every server in this crate.
const USER: &str = "leadmaster";

/// Generates two tests from each function: on SQLite and on PostgreSQL.
#[macro_export]
macro_rules! on_both_engines {
    ($($(#[$meta:meta])* async fn $name:ident($database:ident: Database) $body:block)*) => {$(
        mod $name {
            #[expect(unused_imports, reason = "not every test needs them")]
            use super::*;

            $(#[$meta])*
            async fn test($database: $crate::Database) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                test($crate::Database::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                test($crate::Database::postgres()).await;
            }
        }
    )*};
}

/// A temporary database, which is removed on drop.
#[derive(Debug)]
pub enum Database {
    /// A file that does not exist yet, in a temporary folder.
    Sqlite(TempDir),
    /// An empty database on a server.
    Postgres {
        /// The folder of the server's socket.
        socket: String,
        /// The name of the database.
        name: String,
    },
}

impl Database {
    /// Creates an SQLite database.
    #[must_use]
    pub fn sqlite() -> Self {
        match tempfile::tempdir() {
            Ok(folder) => Self::Sqlite(folder),
            Err(error) => panic!("no temporary folder: {error}"),
        }
    }

    /// Creates a database in the server of this test run, or else in this process's own server.
    #[must_use]
    pub fn postgres() -> Self {
        Self::in_socket(shared())
    }

    /// Creates a database in this server.
    #[must_use]
    pub fn in_server(server: &Server) -> Self {
        Self::in_socket(server.socket())
    }

    fn in_socket(socket: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        if let Err(error) = programs::psql(socket, USER, &format!("CREATE DATABASE {name}")) {
            panic!("{name} cannot be created: {error}");
        }
        let socket = socket.to_owned();
        Self::Postgres { socket, name }
    }

    /// Returns the `DATABASE_URL` of the database.
    #[must_use]
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}/hub.db", folder.path().display()),
            Self::Postgres { socket, name } => {
                let socket = socket.replace('%', "%25").replace('/', "%2F");
                format!("postgres://{USER}@localhost/{name}?host={socket}")
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Postgres { socket, name } = self {
            // A server that was stopped on purpose has no database left to drop.
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            let _ = programs::psql(socket, USER, &drop);
        }
    }
}

/// Returns the socket of the server that all tests of this process share.
fn shared() -> &'static str {
    static HANDED: OnceLock<Option<String>> = OnceLock::new();
    static OWN: OnceLock<Server> = OnceLock::new();
    let handed = HANDED.get_or_init(|| std::env::var(VARIABLE).ok().filter(|it| !it.is_empty()));
    match handed {
        Some(socket) => socket,
        None => OWN
            .get_or_init(|| match Server::start() {
                Ok(server) => server,
                Err(error) => panic!("{error}"),
            })
            .socket(),
    }
}
