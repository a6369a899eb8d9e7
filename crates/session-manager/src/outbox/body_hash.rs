//! Computes the hash by which idempotency decides whether two requests are the same message.

use session_api::{Content, Context, Recipient, Text};
use sha2::{Digest, Sha256};

use crate::files::FileMeta;

/// Returns the hash of the recipient, the content and the format version. A file counts by its
/// content, not by the id of its upload.
#[must_use]
pub fn body_hash(recipient: &Recipient, content: &Content, file: Option<&FileMeta>) -> Vec<u8> {
    let mut content = content.clone();
    if let Some(media) = content.media_mut() {
        media.file_id = None;
    }
    let content = &content;
    let file = file.map(|file| format!("{} {}", hex::encode(&file.sha256), file.mime));
    let plain = match content {
        Content::Text(Text {
            message,
            link_preview: false,
            context,
        }) if *context == Context::default() => Some(message),
        _ => None,
    };
    let json;
    let parts: &[&str] = match plain {
        // This format is unchanged since text was the only kind, so that old keys stay valid.
        Some(message) => &["1", "text", recipient.as_str(), message],
        None => {
            json = serde_json::to_string(content).unwrap_or_default();
            let file = file.as_deref().unwrap_or_default();
            &["2", content.kind(), recipient.as_str(), &json, file]
        }
    };
    let mut hash = Sha256::new();
    for part in parts {
        // No part can contain the NUL that ends it.
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use session_api::SendRequest;

    use super::*;

    fn hash(json: &str, file: Option<(u8, &str)>) -> Vec<u8> {
        let request: SendRequest = serde_json::from_str(json).unwrap();
        let outgoing = request.validate(false).unwrap();
        let meta = file.map(|(byte, mime)| FileMeta {
            sha256: vec![byte; 32],
            size: 1,
            mime: mime.into(),
        });
        body_hash(&outgoing.to, &outgoing.content, meta.as_ref())
    }

    #[test]
    fn equivalent_requests_hash_the_same() {
        let text = hash(r#"{"to":"5491158254201","message":"hola"}"#, None);
        // The format of the first version, whose keys are still valid.
        let mut first = Sha256::new();
        first.update(["1", "text", "5491158254201@c.us", "hola", ""].join("\0"));
        assert_eq!(text, first.finalize().to_vec());
        for same in [
            r#"{"to":"+54 9 11 5825-4201","message":"hola","cliente_id":5}"#,
            r#"{"to":"5491158254201","type":"text","message":"hola","link_preview":false}"#,
        ] {
            assert_eq!(hash(same, None), text, "{same}");
        }
        for other in [
            r#"{"to":"5491158254202","message":"hola"}"#,
            r#"{"to":"5491158254201","type":"text","message":"hola","link_preview":true}"#,
            r#"{"to":"5491158254201","type":"text","message":"hola","reply_to":"3EB0"}"#,
        ] {
            assert_ne!(hash(other, None), text, "{other}");
        }
    }

    #[test]
    fn file_counts_by_content_not_by_id() {
        let image = |id: &str, more: &str| {
            let id = id.repeat(32);
            format!(r#"{{"to":"5491158254201","type":"image","file_id":"{id}"{more}}}"#)
        };
        let one = hash(&image("a", ""), Some((1, "image/png")));
        assert_eq!(hash(&image("b", ""), Some((1, "image/png"))), one);
        for (json, file) in [
            (image("a", ""), (2, "image/png")),
            (image("a", ""), (1, "image/jpeg")),
            (image("a", r#","caption":"hola""#), (1, "image/png")),
            (image("a", r#","filename":"a.png""#), (1, "image/png")),
        ] {
            assert_ne!(hash(&json, Some(file)), one, "{json}");
        }
    }
}
