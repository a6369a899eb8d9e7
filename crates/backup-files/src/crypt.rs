//! Encrypts and decrypts backups.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read};
use std::iter;
use std::path::Path;

use crate::BackupKey;

/// A writer that encrypts into a file. [`age::stream::StreamWriter::finish`] completes the file.
pub type Encrypted<'a> = age::stream::StreamWriter<BufWriter<&'a File>>;
/// A reader that decrypts a file. The content is fully authenticated only at its end.
pub type Decrypted = age::stream::StreamReader<BufReader<File>>;

/// Why a backup cannot be decrypted.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The key is only the public half, which cannot decrypt.
    #[error("BACKUP_KEY holds the public half (age1…); restoring requires the AGE-SECRET-KEY-1…")]
    PublicKeyOnly,
    /// The file could not be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// The file was encrypted with another key, is not a backup, or is damaged.
    #[error(transparent)]
    Decrypt(#[from] age::DecryptError),
}

/// Returns a writer that encrypts into `out`.
///
/// # Errors
/// If `out` cannot be written.
pub fn encrypt<'a>(key: &BackupKey, out: &'a File) -> io::Result<Encrypted<'a>> {
    let recipient = key.recipient();
    let recipients = iter::once(&recipient as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
    encryptor.wrap_output(BufWriter::new(out))
}

/// Returns a reader that decrypts `file`. Read it to the end, for instance with [`rest`]: the last
/// block proves that nothing is missing.
///
/// # Errors
/// Any [`OpenError`].
pub fn decrypt(key: &BackupKey, file: &Path) -> Result<Decrypted, OpenError> {
    let identity = key.identity().ok_or(OpenError::PublicKeyOnly)?;
    let encrypted = BufReader::new(File::open(file)?);
    let decryptor = age::Decryptor::new_buffered(encrypted)?;
    let identities = iter::once(identity as &dyn age::Identity);
    Ok(decryptor.decrypt(identities)?)
}

/// Reads the remaining content, which proves that nothing is missing.
///
/// # Errors
/// If part of the content is missing or damaged.
pub fn rest(plain: &mut impl Read) -> io::Result<()> {
    io::copy(plain, &mut io::sink())?;
    Ok(())
}
