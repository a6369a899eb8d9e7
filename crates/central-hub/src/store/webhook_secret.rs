//! The secret of a webhook's signatures (`WebhookSecret`). `webhooks::signature` signs with it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

const PREFIX: &str = "whsec_";
/// Length of a secret, in bytes. The standard requires 24 to 64.
const BYTES: usize = 32;

/// The secret key of a webhook's signatures, as `whsec_` followed by Base64.
#[derive(Clone)]
pub struct WebhookSecret(SecretString);

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl WebhookSecret {
    /// Generates a secret from the system's random source.
    #[must_use]
    pub fn generate() -> Self {
        let bytes: [u8; BYTES] = rand::random();
        Self(format!("{PREFIX}{}", STANDARD.encode(bytes)).into())
    }

    /// Wraps a stored secret.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text.into())
    }

    /// Returns the secret, to be stored or displayed once.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Returns the key that the secret encodes. A secret that is not Base64 did
    /// not come from the hub; its bytes are the key.
    pub(crate) fn key(&self) -> Vec<u8> {
        let text = self.expose();
        let encoded = text.strip_prefix(PREFIX).unwrap_or(text);
        STANDARD
            .decode(encoded)
            .unwrap_or_else(|_| text.as_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_debug_output_hides_them() {
        let (first, second) = (WebhookSecret::generate(), WebhookSecret::generate());
        assert_ne!(first.expose(), second.expose());
        let encoded = first.expose().strip_prefix(PREFIX).unwrap();
        assert_eq!(STANDARD.decode(encoded).unwrap().len(), BYTES);
        assert!(!format!("{first:?}").contains(encoded));
    }

    #[test]
    fn key_of_a_secret_that_is_not_base64_is_its_text() {
        let secret = |text: &str| WebhookSecret::stored(text.to_owned());
        assert_eq!(secret("whsec_AQI=").key(), [1, 2]);
        assert_eq!(secret("not Base64").key(), b"not Base64");
    }
}
