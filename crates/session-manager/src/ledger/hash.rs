//! What makes two requests the same message.

use session_api::{Content, Context, Recipient, Text};
use sha2::{Digest, Sha256};

/// The recipient and the content, and which rules these were read by.
pub(super) fn body_hash(recipient: &Recipient, content: &Content) -> Vec<u8> {
    let plain = match content {
        Content::Text(Text {
            message,
            link_preview: false,
            context,
        }) if *context == Context::default() => Some(message),
        _ => None,
    };
    let json;
    let parts: [&str; 4] = match plain {
        // As it was before there were other kinds: a key of then is good now.
        Some(message) => ["1", "text", recipient.as_str(), message],
        None => {
            json = serde_json::to_string(content).unwrap_or_default();
            ["2", content.kind(), recipient.as_str(), &json]
        }
    };
    let mut hash = Sha256::new();
    for part in parts {
        // No part can hold the NUL that ends it.
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().to_vec()
}
