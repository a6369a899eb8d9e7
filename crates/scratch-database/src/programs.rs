//! Finds PostgreSQL's programs, and the user that may run them.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Debian's folder with the programs of each version. Only `psql` is on the PATH.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Finds a PostgreSQL program on PATH or in Debian's newest version.
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join(name));
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .collect();
    versions.sort_unstable();
    let by_version = versions.into_iter().rev();
    on_path
        .chain(by_version.map(|(_, folder)| folder.join("bin").join(name)))
        .find(|file| file.is_file())
}

/// A user other than root, who runs the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User {
    uid: u32,
    gid: u32,
}

impl User {
    /// Selects a user other than root, if this process runs as root; otherwise `None`.
    pub(crate) fn for_server() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let of = |name: &str| {
            let line = users
                .lines()
                .find(|line| line.split(':').next() == Some(name))?;
            let mut numbers = line.split(':').skip(2);
            let uid = numbers.next()?.parse().ok()?;
            let gid = numbers.next()?.parse().ok()?;
            Some(Self { uid, gid })
        };
        let nobody = Self {
            uid: 65_534,
            gid: 65_534,
        };
        Some(of("postgres").or_else(|| of("nobody")).unwrap_or(nobody))
    }

    pub(crate) fn owns(self, path: &Path) -> std::io::Result<()> {
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
    }

    /// Returns the command prefix that runs a program as this user, in a child of the shell.
    pub(crate) fn prefix(self) -> Vec<String> {
        vec![
            "setpriv".to_owned(),
            format!("--reuid={}", self.uid),
            format!("--regid={}", self.gid),
            "--clear-groups".to_owned(),
        ]
    }

    pub(crate) fn runs(self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }
}

/// Returns whether every user can access `folder`.
pub(crate) fn is_open_to_all(folder: &Path) -> bool {
    folder.ancestors().all(|folder| {
        folder
            .metadata()
            .is_ok_and(|data| data.permissions().mode() & 0o001 != 0)
    })
}

/// Runs one statement. An error is the output of the program.
pub(crate) fn psql(socket: &str, user: &str, statement: &str) -> Result<(), String> {
    let program = find("psql").ok_or("psql is not installed: run `cargo xtask setup`")?;
    let output = Command::new(program)
        .args(["--no-psqlrc", "--quiet", "--host", socket])
        .args(["--username", user, "--dbname", "postgres"])
        .args(["--command", statement])
        // Ignore other PostgreSQL variables of the environment.
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}
