//! Backs up and restores `hub.db`. Each backup is one encrypted file, taken
//! while the hub runs and verified by reading it back.
//!
//! ```text
//!  VACUUM INTO a copy ─> checked ─> gzip ─> age ─> BACKUP_DIR/hub-….db.gz.age ─> read back
//!  restore FILE ─> unpacked next to it ─> checked ─> swapped in, the old one kept
//!  drill [FILE] ─> unpacked into a temporary folder ─> checked, migrated ─> removed
//! ```
//!
//! SQLite makes the copy, since a plain copy of a file that is being written is
//! not usable. PostgreSQL is backed up with `pg_dump`.

mod schedule;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use backup_files::{BackupFolder, BackupKey, OpenError, Stored};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use service_runtime::private;
use session_api::Timestamp;
use sha2::{Digest, Sha256};

pub(crate) use schedule::Schedule;

use crate::config::{BackupConfig, DatabaseLocation};
use crate::store::{CopyFacts, Store, StoreError, check_copy, copy_sqlite};

const PREFIX: &str = "hub-";
const SUFFIX: &str = ".db.gz.age";
/// Name of a temporary file next to the database, for backup and restore.
const COPY_NAME: &str = "hub-backup.partial";
const RESTORED_NAME: &str = "hub-restore.partial";

/// Why a backup or a restore failed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database is PostgreSQL, which has its own backup tools.
    #[error(
        "this command backs up SQLite files only, and the database is PostgreSQL: use pg_dump --format=custom --file=hub.dump, and pg_restore to restore it"
    )]
    Postgres,
    /// `BACKUP_KEY` is not set.
    #[error(
        "BACKUP_KEY is not set, and backups are always encrypted: create a key with `central-hub backup --new-key`, or use that of session-manager for both"
    )]
    NoKey,
    /// There is no database to back up.
    #[error("{} does not exist: there is nothing to back up", .0.display())]
    NoDatabase(PathBuf),
    /// The folder has no backup to restore.
    #[error("{} contains no backup: `central-hub backup` creates one", .0.display())]
    None(PathBuf),
    /// A hub has the database open.
    #[error("{} is in use by pid {pid}: stop the hub first", .file.display())]
    InUse {
        /// The database.
        file: PathBuf,
        /// The process that uses it.
        pid: i32,
    },
    /// A file could not be written.
    #[error("{} could not be written: {error}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// A file could not be read.
    #[error("{} could not be read: {error}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// Only the public half of the key is configured.
    #[error(
        "BACKUP_KEY is the public half (age1…); this requires the secret half (AGE-SECRET-KEY-1…)"
    )]
    PublicKeyOnly,
    /// The file is damaged, not a backup, or encrypted with another key.
    #[error(
        "{} cannot be opened: it is damaged, or was made with another BACKUP_KEY ({why})",
        .file.display()
    )]
    Damaged {
        /// The backup.
        file: PathBuf,
        /// The underlying error.
        why: String,
    },
    /// The file read back differs from what was written.
    #[error("{} does not contain what was written to it: check the disk", .0.display())]
    NotTheSame(PathBuf),
    /// The database or a copy is missing or damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes and restores backups of one database.
#[derive(Clone, Debug)]
pub struct Backups {
    config: BackupConfig,
    database: DatabaseLocation,
}

/// A backup that was taken.
#[derive(Clone, Debug)]
pub struct CompletedBackup {
    /// The file and its size.
    pub stored: Stored,
    /// The contents of the backup.
    pub facts: CopyFacts,
    /// Whether the backup was read back, which needs the secret half of the key.
    pub opened: bool,
}

/// A successful drill.
#[derive(Clone, Debug)]
pub struct DrillResult {
    /// The backup.
    pub file: PathBuf,
    /// The age of the backup, in seconds.
    pub age: u64,
    /// The contents of the backup.
    pub facts: CopyFacts,
}

impl Backups {
    /// Creates the backup service of this database.
    #[must_use]
    pub const fn new(config: BackupConfig, database: DatabaseLocation) -> Self {
        Self { config, database }
    }

    fn folder(&self) -> BackupFolder {
        BackupFolder {
            path: self.config.folder.clone(),
            prefix: PREFIX,
            suffix: SUFFIX,
            keep: self.config.keep,
        }
    }

    fn key(&self) -> Result<&BackupKey, BackupError> {
        self.config.key.as_ref().ok_or(BackupError::NoKey)
    }

    fn file(&self) -> Result<&Path, BackupError> {
        match &self.database {
            DatabaseLocation::Sqlite(file) => Ok(file),
            DatabaseLocation::Postgres(_) => Err(BackupError::Postgres),
        }
    }

    /// Returns when the newest backup was taken; `None` if there is none.
    #[must_use]
    pub fn newest(&self) -> Option<SystemTime> {
        self.folder().newest()
    }

    /// Takes a backup, whether or not the hub is running.
    ///
    /// # Errors
    /// Any [`BackupError`]; no file is left behind.
    pub async fn take(&self, now: Timestamp) -> Result<CompletedBackup, BackupError> {
        let (file, key) = (self.file()?, self.key()?.clone());
        if !file.exists() {
            return Err(BackupError::NoDatabase(file.to_owned()));
        }
        let copy = TemporaryFile::new(file.with_file_name(COPY_NAME))?;
        copy_sqlite(file, copy.path()).await?;
        let facts = check_copy(copy.path()).await?;
        let folder = self.folder();
        let packing = move || {
            let (mut written, mut plain) = (None, Some(copy));
            let write = |out: &File| {
                written = Some(pack(plain.as_ref().map(TemporaryFile::path), &key, out)?);
                Ok(())
            };
            let stored = folder
                .store(now, write)
                .map_err(|(path, error)| BackupError::Write { path, error })?;
            // The unencrypted copy is removed as soon as possible.
            drop(plain.take());
            let opened = match open_again(&stored.file, &key) {
                Ok(found) if Some(found) == written => true,
                Err(BackupError::PublicKeyOnly) => false,
                other => {
                    let _ = fs::remove_file(&stored.file);
                    other?;
                    return Err(BackupError::NotTheSame(stored.file));
                }
            };
            Ok((stored, opened))
        };
        let (stored, opened) = blocking(packing).await?;
        Ok(CompletedBackup {
            stored,
            facts,
            opened,
        })
    }

    /// Replaces the database with the contents of `file`; the hub must be
    /// stopped. Returns the contents and the path where the previous database
    /// is kept.
    ///
    /// # Errors
    /// Any [`BackupError`]; the database is then unchanged.
    pub async fn restore(&self, file: &Path) -> Result<(CopyFacts, Option<PathBuf>), BackupError> {
        let database = self.file()?.to_owned();
        let key = self.key()?.clone();
        if let Some(pid) = pid_using(&database) {
            let file = database;
            return Err(BackupError::InUse { file, pid });
        }
        let folder = database.parent().unwrap_or(Path::new("."));
        private::make_folder(folder).map_err(|error| BackupError::Write {
            path: folder.to_owned(),
            error,
        })?;
        let unpacked = TemporaryFile::new(database.with_file_name(RESTORED_NAME))?;
        let unpacked = unpack_into(file, &key, unpacked).await?;
        let facts = check_copy(unpacked.path()).await?;
        let kept = blocking(move || {
            swap(&database, unpacked.path()).map_err(|error| BackupError::Write {
                path: database.clone(),
                error,
            })
        })
        .await?;
        Ok((facts, kept))
    }

    /// Restores `file`, or the newest backup, into a temporary folder, opens
    /// the result as the hub would, and removes it.
    ///
    /// # Errors
    /// Any [`BackupError`] that a real restore would return.
    pub async fn drill(&self, file: Option<&Path>) -> Result<DrillResult, BackupError> {
        self.file()?;
        let key = self.key()?.clone();
        let folder = self.folder();
        let newest = || folder.files().pop();
        let file = file.map(Path::to_owned).or_else(newest);
        let file = file.ok_or_else(|| BackupError::None(folder.path.clone()))?;
        let folder = tempfile::Builder::new()
            .prefix("leadmaster-drill-")
            .tempdir()
            .map_err(|error| BackupError::Write {
                path: std::env::temp_dir(),
                error,
            })?;
        let restored = TemporaryFile::new(folder.path().join("hub.db"))?;
        let restored = unpack_into(&file, &key, restored).await?;
        let facts = check_copy(restored.path()).await?;
        // As when the hub starts, tables of an earlier version are migrated.
        let location = DatabaseLocation::Sqlite(restored.path().to_owned());
        let store = Store::open(&location).await?;
        let counted = store.outbox_queue().await.map(|_| ());
        store.close().await;
        counted?;
        let modified = file.metadata().and_then(|data| data.modified());
        let age = modified
            .ok()
            .and_then(|at| SystemTime::now().duration_since(at).ok());
        Ok(DrillResult {
            age: age.unwrap_or_default().as_secs(),
            file,
            facts,
        })
    }
}

/// A temporary file that is removed when this value is dropped.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    /// Creates an empty private file, replacing one that a killed run left.
    fn new(path: PathBuf) -> Result<Self, BackupError> {
        remove(&path);
        let created = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        match created {
            Ok(_) => Ok(Self(path)),
            Err(error) => Err(BackupError::Write { path, error }),
        }
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// Removes a database file and the files that SQLite keeps next to it.
fn remove(file: &Path) {
    for end in ["", "-wal", "-shm", "-journal"] {
        let _ = fs::remove_file(with_suffix(file, end));
    }
}

fn with_suffix(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(BackupError::Write {
            path: PathBuf::new(),
            error: io::Error::other(error),
        }),
    }
}

/// The length in bytes and the digest of the data.
type LengthAndDigest = (u64, [u8; 32]);

/// Writes a compressed and encrypted copy into `out`.
fn pack(copy: Option<&Path>, key: &BackupKey, out: &File) -> io::Result<LengthAndDigest> {
    let mut copy_file = File::open(copy.unwrap_or(Path::new("")))?;
    let mut packed = GzEncoder::new(backup_files::encrypt(key, out)?, Compression::fast());
    let copied = copy_with_digest(&mut copy_file, &mut packed)?;
    packed.finish()?.finish()?.flush()?;
    Ok(copied)
}

fn copy_with_digest(from: &mut impl Read, into: &mut impl Write) -> io::Result<LengthAndDigest> {
    let (mut digest, mut length) = (Sha256::new(), 0);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok((length, digest.finalize().into()));
        }
        digest.update(&buffer[..read]);
        into.write_all(&buffer[..read])?;
        length += read as u64;
    }
}

/// Unpacks a backup into `into`, to the last byte, which proves that it is intact.
fn unpack(
    file: &Path,
    key: &BackupKey,
    into: &mut impl Write,
) -> Result<LengthAndDigest, BackupError> {
    let damaged = |why: String| BackupError::Damaged {
        file: file.to_owned(),
        why,
    };
    let plain = backup_files::decrypt(key, file).map_err(|error| match error {
        OpenError::PublicKeyOnly => BackupError::PublicKeyOnly,
        OpenError::Read(error) => BackupError::Read {
            path: file.to_owned(),
            error,
        },
        OpenError::Decrypt(error) => damaged(error.to_string()),
    })?;
    let mut unzipped = GzDecoder::new(plain);
    let written =
        copy_with_digest(&mut unzipped, into).map_err(|error| damaged(error.to_string()))?;
    backup_files::rest(unzipped.get_mut()).map_err(|error| damaged(error.to_string()))?;
    Ok(written)
}

fn open_again(file: &Path, key: &BackupKey) -> Result<LengthAndDigest, BackupError> {
    unpack(file, key, &mut io::sink())
}

async fn unpack_into(
    file: &Path,
    key: &BackupKey,
    into: TemporaryFile,
) -> Result<TemporaryFile, BackupError> {
    let (file, key) = (file.to_owned(), key.clone());
    blocking(move || {
        let write_error = |error| BackupError::Write {
            path: into.path().to_owned(),
            error,
        };
        let mut out = File::options()
            .write(true)
            .open(into.path())
            .map_err(write_error)?;
        unpack(&file, &key, &mut out)?;
        out.sync_all().map_err(write_error)?;
        Ok(into)
    })
    .await
}

/// Replaces the database with `unpacked`. The previous database is kept next to
/// it, together with its write-ahead log, without which it would be incomplete.
fn swap(database: &Path, unpacked: &Path) -> io::Result<Option<PathBuf>> {
    let before = database.with_extension("db.before-restore");
    let kept = if database.exists() {
        remove(&before);
        for end in ["", "-wal"] {
            let source = with_suffix(database, end);
            if source.exists() {
                fs::rename(source, with_suffix(&before, end))?;
            }
        }
        Some(before)
    } else {
        None
    };
    remove(database);
    fs::rename(unpacked, database)?;
    if let Some(folder) = database.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(kept)
}

/// Returns the id of a process that has the database open, as far as this user can see.
fn pid_using(database: &Path) -> Option<i32> {
    let database_metadata = fs::metadata(database).ok()?;
    let this = std::process::id().cast_signed();
    let table = service_runtime::process::ProcessTable::scan().ok()?;
    let has = |pid: i32| {
        let open = fs::read_dir(format!("/proc/{pid}/fd"))
            .into_iter()
            .flatten();
        open.flatten().any(|entry| {
            fs::metadata(entry.path()).is_ok_and(|data| {
                (data.dev(), data.ino()) == (database_metadata.dev(), database_metadata.ino())
            })
        })
    };
    let mut others = table.alive().filter(|process| process.pid != this);
    others.find(|process| has(process.pid)).map(|it| it.pid)
}
