//! Messages of forgotten chats: of each a hash is kept, so that none is told
//! again.

use sha2::{Digest, Sha256};

/// Returns the hash of what tells a message from all others.
pub(super) fn forgotten_hash(message_key: &str) -> Vec<u8> {
    Sha256::digest(message_key).to_vec()
}
