//! Manages a folder of backups, each one file that is encrypted with
//! [age](https://age-encryption.org). Files are written atomically, readable only by their owner,
//! and limited to the newest ones.
//!
//! ```text
//!  BackupFolder::store ─> name.partial ─(on the disk)─> name ─> the oldest deleted
//!        write: encrypt(key, file) <── the service's own bytes
//!  decrypt(key, file) ──> the service's own bytes, authenticated at their end
//! ```

#![warn(missing_docs)]

mod crypt;
mod folder;
mod key;

pub use crypt::{Decrypted, Encrypted, OpenError, decrypt, encrypt, rest};
pub use folder::{BackupFolder, Stored};
pub use key::BackupKey;
