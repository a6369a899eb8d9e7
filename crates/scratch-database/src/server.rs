//! Runs a PostgreSQL server in a temporary folder.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::USER;
use crate::programs::{self, User};

/// Startup timeout, longer than a loaded machine needs.
const STARTUP_TIMEOUT: Duration = Duration::from_secs(60);

/// Maximum length of the path to the folder of a Unix socket, in bytes.
const MAX_SOCKET_FOLDER_LENGTH: usize = 80;

/// A script that waits at a pipe until the parent process ends, then stops the server and removes
/// its folder. `$1` is the folder. The rest is the program, optionally with a prefix that changes
/// the user.
const KEEPER: &str = r#"
folder=$1
shift
"$@" -D "$folder/data" -k "$folder" -c listen_addresses= \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
    -c max_connections=300 -c shared_buffers=64MB -c autovacuum_naptime=10min \
    -c logging_collector=off >"$folder/log" 2>&1 </dev/null &
server=$!
read -r word
kill -INT "$server"
wait "$server"
if [ "$word" != "keep" ]; then rm -rf "$folder"; fi
"#;

/// Why a server could not be started.
#[derive(Debug)]
pub struct ServerError(String);

impl ServerError {
    pub(crate) const fn new(why: String) -> Self {
        Self(why)
    }
}

impl std::fmt::Display for ServerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "a database server for the tests cannot be started: {}",
            self.0
        )
    }
}

impl std::error::Error for ServerError {}

/// A running server. On drop it is stopped and its folder removed.
#[derive(Debug)]
pub struct Server {
    /// The folder, which must be dropped after the keeper has ended.
    folder: TempDir,
    socket: String,
    keeper: Option<Child>,
}

impl Server {
    /// Starts a server and waits until it responds.
    ///
    /// # Errors
    /// If PostgreSQL is not installed, or does not start.
    pub fn start() -> Result<Self, ServerError> {
        let user = User::for_server();
        let folder = folder(user).map_err(|error| ServerError(error.to_string()))?;
        make_cluster(folder.path(), user)?;
        let socket = folder.path().to_string_lossy().into_owned();
        let mut server = Self {
            folder,
            socket,
            keeper: None,
        };
        server.resume()?;
        Ok(server)
    }

    /// Returns the folder of the server's socket.
    #[must_use]
    pub fn socket(&self) -> &str {
        &self.socket
    }

    /// Stops the server, as in an outage. Its databases stay.
    pub fn pause(&mut self) {
        self.end("keep\n");
    }

    /// Starts the server again after [`Server::pause`].
    ///
    /// # Errors
    /// If the server does not start.
    pub fn resume(&mut self) -> Result<(), ServerError> {
        let mut keeper = Command::new("sh");
        keeper
            .args(["-c", KEEPER, "sh"])
            .arg(self.folder.path())
            // The shell keeps its user, so that it can remove the folder.
            .args(User::for_server().map(User::prefix).unwrap_or_default())
            .arg(program("postgres")?)
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let keeper = keeper
            .spawn()
            .map_err(|error| ServerError(error.to_string()))?;
        self.keeper = Some(keeper);
        self.wait()
    }

    fn wait(&self) -> Result<(), ServerError> {
        let deadline = Instant::now() + STARTUP_TIMEOUT;
        loop {
            match programs::psql(&self.socket, USER, "SELECT 1") {
                Ok(()) => return Ok(()),
                Err(error) if Instant::now() > deadline => {
                    let log = std::fs::read_to_string(self.folder.path().join("log"));
                    let log = log.unwrap_or_default();
                    return Err(ServerError(format!("{error}; its log: {log}")));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    fn end(&mut self, word: &str) {
        use std::io::Write;
        if let Some(mut keeper) = self.keeper.take() {
            if let Some(mut pipe) = keeper.stdin.take() {
                let _ = pipe.write_all(word.as_bytes());
            }
            let _ = keeper.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end("");
    }
}

/// Creates a folder that the server's user can access, with a short name.
pub(crate) fn folder(user: Option<User>) -> std::io::Result<TempDir> {
    let own = std::env::temp_dir();
    let fits = |folder: &Path| {
        folder.as_os_str().len() < MAX_SOCKET_FOLDER_LENGTH
            && (user.is_none() || programs::is_open_to_all(folder))
    };
    let parent = if fits(&own) {
        own
    } else {
        PathBuf::from("/tmp")
    };
    let folder = tempfile::Builder::new().prefix("pg-").tempdir_in(parent)?;
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
    if let Some(user) = user {
        user.owns(folder.path())?;
    }
    Ok(folder)
}

fn program(name: &str) -> Result<PathBuf, ServerError> {
    programs::find(name).ok_or_else(|| {
        ServerError(format!(
            "{name} is not installed: run `cargo xtask setup` (Debian: apt-get install postgresql)"
        ))
    })
}

fn make_cluster(folder: &Path, user: Option<User>) -> Result<(), ServerError> {
    let mut initdb = Command::new(program("initdb")?);
    initdb
        .args(["--no-sync", "--no-instructions", "--auth=trust"])
        .args(["--encoding=UTF8", "--locale=C.UTF-8", "--username", USER])
        .arg("--pgdata")
        .arg(folder.join("data"))
        .current_dir(folder)
        .stdin(Stdio::null());
    if let Some(user) = user {
        user.runs(&mut initdb);
    }
    let output = initdb
        .output()
        .map_err(|error| ServerError(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(ServerError(format!("initdb: {why}")))
}
