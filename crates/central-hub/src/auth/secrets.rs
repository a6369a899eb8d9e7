//! Generates random secrets and API tokens, and hashes them for storage.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use sha2::{Digest, Sha256};

const TOKEN_PREFIX: &str = "lm_";
/// Length of 256 bits in base64, in characters.
const CHARACTERS: usize = 43;

/// Returns 256 random bits as text.
pub(super) fn random() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// Generates an API token.
pub(crate) fn token() -> String {
    format!("{TOKEN_PREFIX}{}", random())
}

/// Returns whether `text` has the format of an API token.
pub(crate) fn is_token(text: &str) -> bool {
    text.strip_prefix(TOKEN_PREFIX).is_some_and(|rest| {
        rest.len() == CHARACTERS
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

/// Returns the SHA-256 that the store keeps of a random 256-bit secret. A slow
/// hash is not needed, because such a secret cannot be found by brute force.
pub(crate) fn sha256(secret: &str) -> String {
    let digest = Sha256::digest(secret);
    digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Derives another secret for `purpose`; `secret` cannot be recovered from it.
pub(super) fn derive(secret: &str, purpose: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    URL_SAFE_NO_PAD.encode(hmac::sign(&key, purpose.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_recognized_by_their_format() {
        let (one, other) = (token(), token());
        assert!(is_token(&one) && one != other);
        for text in [
            "",
            "lm_",
            "lm_short",
            &one[1..],
            &format!("{one}A"),
            "hunter2",
        ] {
            assert!(!is_token(text), "{text}");
        }
    }

    #[test]
    fn each_purpose_has_its_own_secret() {
        let secret = random();
        assert_eq!(derive(&secret, "csrf"), derive(&secret, "csrf"));
        assert_ne!(derive(&secret, "csrf"), derive(&secret, "bearer"));
        assert_ne!(derive(&secret, "csrf"), derive(&random(), "csrf"));
        assert_eq!(
            sha256("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
