//! A real mail server: aiosmtpd, of Debian's package `python3-aiosmtpd`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hub/smtp_server.py");

/// A mail server on a port of its own; gone with this value.
pub struct MailServer {
    pub port: u16,
    child: Child,
    folder: TempDir,
}

impl MailServer {
    pub fn start(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new(python())
            .arg(SCRIPT)
            .arg(folder.path())
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.unwrap();
        let mut line = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_line(&mut line).unwrap();
        let port = line.trim().parse();
        let port = port.expect("python3-aiosmtpd is not installed: cargo xtask setup");
        Self {
            port,
            child,
            folder,
        }
    }

    /// What it took, in the order in which it did.
    pub fn mails(&self) -> Vec<Value> {
        let entries = self.folder.path().read_dir().unwrap().flatten();
        let mut files: Vec<_> = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .collect();
        files.sort();
        let read = |path: &std::path::PathBuf| std::fs::read_to_string(path).unwrap();
        files
            .iter()
            .map(|path| serde_json::from_str(&read(path)).unwrap())
            .collect()
    }

    /// The subjects of those.
    pub fn subjects(&self) -> Vec<String> {
        let mails = self.mails();
        let subjects = mails.iter().map(|mail| mail["subject"].as_str().unwrap());
        subjects.map(str::to_owned).collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Debian's: its packages are there for no other.
fn python() -> &'static Path {
    let debian = Path::new("/usr/bin/python3");
    if debian.exists() {
        debian
    } else {
        Path::new("python3")
    }
}
