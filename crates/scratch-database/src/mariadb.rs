//! Runs a MariaDB server in a temporary folder, as the database of the former Node services.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::programs::User;
use crate::server::{ServerError, folder};

/// Startup timeout, longer than a loaded machine needs.
const STARTUP_TIMEOUT: Duration = Duration::from_secs(60);

/// A script that waits at a pipe until the parent process ends, then stops the server and removes
/// its folder. `$1` is the folder, the rest is the program.
const KEEPER: &str = r#"
folder=$1
shift
"$@" --no-defaults --datadir="$folder/data" --socket="$folder/s" --pid-file="$folder/pid" \
    --skip-networking --character-set-server=latin1 --default-storage-engine=InnoDB \
    --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=64M \
    --innodb-log-file-size=8M --skip-log-bin >"$folder/log" 2>&1 </dev/null &
server=$!
read -r word
kill -TERM "$server"
wait "$server"
rm -rf "$folder"
"#;

/// A running MariaDB server. On drop it is stopped and its folder removed.
#[derive(Debug)]
pub struct MariaDb {
    /// The folder, which must be dropped after the keeper has ended.
    folder: TempDir,
    keeper: Option<Child>,
}

/// The folders where Debian puts the server's programs. Not every user has them on the PATH.
const DEBIAN: [&str; 3] = ["/usr/sbin", "/usr/bin", "/usr/libexec"];

/// Finds a MariaDB program on PATH or in Debian's folders.
#[must_use]
pub fn mariadb_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join(name));
    let debian = DEBIAN.iter().map(|folder| PathBuf::from(folder).join(name));
    on_path.chain(debian).find(|file| file.is_file())
}

fn program(name: &str) -> Result<PathBuf, ServerError> {
    mariadb_program(name).ok_or_else(|| {
        ServerError::new(format!(
            "{name} is not installed: run `cargo xtask setup` (Debian: apt-get install \
             mariadb-server-core mariadb-client-core)"
        ))
    })
}

impl MariaDb {
    /// Starts a server with an empty database of this name, and waits until it responds.
    ///
    /// # Errors
    /// If MariaDB is not installed, or does not start.
    pub fn start(database: &str) -> Result<Self, ServerError> {
        let user = User::for_server();
        let folder = folder(user).map_err(|error| ServerError::new(error.to_string()))?;
        let mut install = Command::new(program("mariadb-install-db")?);
        install
            .args(["--no-defaults", "--skip-test-db", "--skip-name-resolve"])
            .arg("--auth-root-authentication-method=normal")
            // Keep files small, so that several servers do not fill a disk.
            .args(["--innodb-log-file-size=8M", "--innodb-buffer-pool-size=16M"])
            .arg(format!(
                "--datadir={}",
                folder.path().join("data").display()
            ))
            .current_dir(folder.path())
            // The caller's TMPDIR may be inaccessible to other users.
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null());
        if let Some(user) = user {
            user.runs(&mut install);
        }
        let made = install
            .output()
            .map_err(|error| ServerError::new(error.to_string()))?;
        if !made.status.success() {
            let said = [made.stdout, made.stderr].concat();
            return Err(ServerError::new(
                String::from_utf8_lossy(&said).into_owned(),
            ));
        }
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .arg(folder.path())
            // The shell keeps its user, so that it can remove the folder.
            .args(user.map(User::prefix).unwrap_or_default())
            .arg(program("mariadbd")?)
            .current_dir(folder.path())
            .env("TMPDIR", folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| ServerError::new(error.to_string()))?;
        let server = Self {
            folder,
            keeper: Some(keeper),
        };
        let deadline = Instant::now() + STARTUP_TIMEOUT;
        loop {
            match server.run("", &format!("CREATE DATABASE IF NOT EXISTS {database}")) {
                Ok(_) => return Ok(server),
                Err(error) if Instant::now() > deadline => {
                    let log = std::fs::read_to_string(server.folder.path().join("log"));
                    let log = log.unwrap_or_default();
                    return Err(ServerError::new(format!("{error}; its log: {log}")));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Runs statements in a database. Returns their output as tab-separated lines.
    ///
    /// # Errors
    /// The output of the program.
    pub fn run(&self, database: &str, statements: &str) -> Result<String, String> {
        use std::io::Write;
        let program = program("mariadb").map_err(|error| error.to_string())?;
        let mut client = Command::new(program)
            .args([
                "--no-defaults",
                "--user=root",
                "--batch",
                "--skip-column-names",
            ])
            .arg("--default-character-set=utf8mb4")
            .arg(format!("--socket={}", self.socket().display()))
            .arg(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        if let Some(mut pipe) = client.stdin.take() {
            // The write fails if the server is not there yet; the exit status tells that.
            let _ = pipe.write_all(statements.as_bytes());
        }
        let output = client
            .wait_with_output()
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    /// Returns the `mysql://…` URL of a database, as its administrator.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let socket = self.socket().to_string_lossy().replace('/', "%2F");
        format!("mysql://root@localhost/{database}?socket={socket}")
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}
