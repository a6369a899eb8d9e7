//! Keeps a hash of each message of a forgotten chat, so that none is published again.

use sha2::{Digest, Sha256};

/// Returns the hash of the message's key, which distinguishes it from all other messages.
pub(super) fn forgotten_hash(message_key: &str) -> Vec<u8> {
    Sha256::digest(message_key).to_vec()
}
