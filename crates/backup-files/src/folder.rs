//! Manages the backup folder: file names ordered by time, drafts, and pruning of the oldest
//! backups.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use service_runtime::private;
use session_api::Timestamp;

/// The suffix of a draft. A draft that already exists is left from an interrupted backup.
const PARTIAL: &str = ".partial";

/// The folder of one kind of backup.
#[derive(Clone, Debug)]
pub struct BackupFolder {
    /// The path of the folder, which other kinds of backup may share.
    pub path: PathBuf,
    /// The prefix of the file names.
    pub prefix: &'static str,
    /// The suffix of the file names.
    pub suffix: &'static str,
    /// Number of backups to keep, at least one.
    pub keep: usize,
}

/// A stored backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The file.
    pub file: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
}

impl BackupFolder {
    /// Stores a backup that `write` writes, and deletes the oldest backups beyond `keep`. Blocks.
    ///
    /// # Errors
    /// The path that could not be written, and why; no file is left then.
    pub fn store(
        &self,
        now: Timestamp,
        write: impl FnOnce(&File) -> io::Result<()>,
    ) -> Result<Stored, (PathBuf, io::Error)> {
        private::make_folder(&self.path).map_err(|error| (self.path.clone(), error))?;
        let stamp: String = now
            .to_string()
            .chars()
            .filter(|c| !matches!(c, '-' | ':' | '.'))
            .collect();
        let named = |end: &str| self.path.join(format!("{}{stamp}{end}", self.prefix));
        let (file, draft) = (named(self.suffix), named(PARTIAL));
        for left in self.files_with_suffix(PARTIAL) {
            let _ = fs::remove_file(left);
        }
        let written = write_durably(&draft, &file, write);
        if written.is_err() {
            let _ = fs::remove_file(&draft);
        }
        let bytes = written.map_err(|error| (file.clone(), error))?;
        self.prune();
        Ok(Stored { file, bytes })
    }

    /// Returns when the newest backup was stored; `None` if there is none.
    #[must_use]
    pub fn newest(&self) -> Option<SystemTime> {
        let newest = self.files().pop()?;
        newest.metadata().and_then(|data| data.modified()).ok()
    }

    /// Returns the backups, oldest first. Their names are ordered by time.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        self.files_with_suffix(self.suffix)
    }

    fn files_with_suffix(&self, suffix: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries
            .filter(|entry| {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                name.starts_with(self.prefix) && name.ends_with(suffix)
            })
            .map(|entry| entry.path())
            .collect();
        files.sort();
        files
    }

    fn prune(&self) {
        let files = self.files();
        let old = files.len().saturating_sub(self.keep.max(1));
        for file in &files[..old] {
            if let Err(error) = fs::remove_file(file) {
                tracing::warn!(file = %file.display(), %error, "an old backup was not deleted");
            }
        }
    }
}

/// Writes `draft` with `write`, and renames it to `file` once it is on disk. Returns its size in
/// bytes.
fn write_durably(
    draft: &Path,
    file: &Path,
    write: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<u64> {
    let out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)?;
    write(&out)?;
    out.sync_all()?;
    fs::rename(draft, file)?;
    if let Some(folder) = file.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(out.metadata()?.len())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;
    use crate::{BackupKey, OpenError, decrypt, encrypt, rest};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + seconds * 1000).unwrap()
    }

    #[test]
    fn backups_are_private_whole_and_the_newest_kept() {
        let home = tempfile::tempdir().unwrap();
        let folder = BackupFolder {
            path: home.path().join("backups"),
            prefix: "hub-",
            suffix: ".age",
            keep: 2,
        };
        let (secret, public) = BackupKey::generate();
        let public = BackupKey::parse(&public).unwrap();
        let write = |out: &File| {
            let mut encrypted = encrypt(&public, out)?;
            encrypted.write_all(b"what customers wrote")?;
            encrypted.finish()?.flush()
        };
        fs::create_dir(&folder.path).unwrap();
        fs::write(folder.path.join("hub-1.partial"), "cut off").unwrap();
        fs::write(folder.path.join("session-1.age"), "another's").unwrap();
        for second in 0..3 {
            folder.store(at(second), write).unwrap();
        }
        let files = folder.files();
        assert_eq!(files.len(), 2);
        assert_eq!(fs::read_dir(&folder.path).unwrap().count(), 3);
        let bytes = fs::read(&files[1]).unwrap();
        assert!(!bytes.windows(9).any(|window| window == b"customers"));
        let refused = decrypt(&public, &files[1]).err().unwrap();
        assert!(matches!(refused, OpenError::PublicKeyOnly));
        let secret = BackupKey::parse(&secret).unwrap();
        let mut text = String::new();
        let mut plain = decrypt(&secret, &files[1]).unwrap();
        plain.read_to_string(&mut text).unwrap();
        assert_eq!(text, "what customers wrote");
        // A truncated file opens without an error, and fails at its end.
        fs::write(&files[1], &bytes[..bytes.len() - 1]).unwrap();
        let cut = decrypt(&secret, &files[1]).map(|mut plain| rest(&mut plain));
        assert!(!matches!(cut, Ok(Ok(()))));
        let failed = folder.store(at(9), |_| Err(io::Error::other("full")));
        assert!(failed.is_err());
        assert_eq!(fs::read_dir(&folder.path).unwrap().count(), 3);
    }
}
