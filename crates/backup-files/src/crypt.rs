//! What goes into a backup encrypted, and comes out of it.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read};
use std::iter;
use std::path::Path;

use crate::BackupKey;

/// Takes what is encrypted into a file; [`age::stream::StreamWriter::finish`]
/// ends it.
pub type Encrypted<'a> = age::stream::StreamWriter<BufWriter<&'a File>>;
/// Gives what was encrypted. What is read is proved at its end alone.
pub type Decrypted = age::stream::StreamReader<BufReader<File>>;

/// Why a backup does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Only the public half of the key is there.
    #[error("BACKUP_KEY holds the public half (age1…); restoring wants the AGE-SECRET-KEY-1…")]
    PublicKeyOnly,
    /// The file could not be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// The file is of another key, or no backup, or damaged.
    #[error(transparent)]
    Decrypt(#[from] age::DecryptError),
}

/// Begins to encrypt into `out`.
///
/// # Errors
/// It cannot be written.
pub fn encrypt<'a>(key: &BackupKey, out: &'a File) -> io::Result<Encrypted<'a>> {
    let recipient = key.recipient();
    let recipients = iter::once(&recipient as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
    encryptor.wrap_output(BufWriter::new(out))
}

/// Begins to decrypt `file`. To its end it has to be read: the last block is what
/// proves that nothing is missing ([`rest`] of it does).
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

/// Reads what is left, which proves that nothing is missing.
///
/// # Errors
/// Something is.
pub fn rest(plain: &mut impl Read) -> io::Result<()> {
    io::copy(plain, &mut io::sink())?;
    Ok(())
}
