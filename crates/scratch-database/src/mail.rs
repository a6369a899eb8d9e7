//! Runs a real mail server for the tests: aiosmtpd from Debian's package `python3-aiosmtpd`, with a
//! script that keeps the mails it receives.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::ServerError;

const SCRIPT: &str = include_str!("mail_server.py");

/// A running mail server on a free port. It stops when this value is dropped.
#[derive(Debug)]
pub struct MailServer {
    port: u16,
    child: Child,
    folder: TempDir,
}

/// Returns a Python that has aiosmtpd: Debian's own, the only one that sees Debian's packages, or
/// else the one on the PATH. `None` if neither has it.
#[must_use]
pub fn mail_python() -> Option<PathBuf> {
    ["/usr/bin/python3", "python3"]
        .into_iter()
        .find_map(|python| {
            let has = Command::new(python)
                .args(["-c", "import aiosmtpd"])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            has.is_ok_and(|status| status.success())
                .then(|| PathBuf::from(python))
        })
}

impl MailServer {
    /// Starts a mail server. `options` are those of the script: `--refuse N`, `--auth
    /// USER:PASSWORD`, `--tls CERTIFICATE KEY` or `--wrapped CERTIFICATE KEY`.
    ///
    /// # Errors
    /// If aiosmtpd is not installed, or the server does not start.
    pub fn start(options: &[&str]) -> Result<Self, ServerError> {
        let failed = |error: std::io::Error| ServerError::new(error.to_string());
        let python = mail_python().ok_or_else(|| {
            ServerError::new(
                "aiosmtpd is not installed: run `cargo xtask setup` (Debian: apt-get install \
                 python3-aiosmtpd)"
                    .to_owned(),
            )
        })?;
        let folder = tempfile::tempdir().map_err(failed)?;
        let script = folder.path().join("mail_server.py");
        std::fs::File::create(&script)
            .and_then(|mut file| file.write_all(SCRIPT.as_bytes()))
            .map_err(failed)?;
        let mut child = Command::new(python)
            .arg(&script)
            .arg(folder.path())
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let mut line = String::new();
        let read = match child.stdout.take() {
            Some(out) => BufReader::new(out).read_line(&mut line),
            None => Ok(0),
        };
        let port = read.ok().and_then(|_| line.trim().parse().ok());
        let Some(port) = port else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(ServerError::new(
                "the mail server does not start: its output is above".to_owned(),
            ));
        };
        Ok(Self {
            port,
            child,
            folder,
        })
    }

    /// Returns the server's port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns the mails that the server received, in order of arrival. Each is JSON with `from`,
    /// `to`, `subject`, `text`, `id`, `auto`, `encrypted`, `user`.
    #[must_use]
    pub fn mails(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).into_iter().flatten();
        let mut files: Vec<_> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension() == Some("json".as_ref()))
            .collect();
        files.sort();
        let read = |path: &PathBuf| std::fs::read_to_string(Path::new(path)).ok();
        files.iter().filter_map(read).collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
