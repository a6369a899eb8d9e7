//! Signatures as Standard Webhooks say
//! (<https://www.standardwebhooks.com>): HMAC-SHA256 over
//! `{webhook-id}.{webhook-timestamp}.{body}`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};

const PREFIX: &str = "whsec_";
/// The standard wants 24 to 64.
const BYTES: usize = 32;

/// What a webhook's signatures are made with: `whsec_` and Base64.
#[derive(Clone)]
pub struct WebhookSecret(SecretString);

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl WebhookSecret {
    /// A new one, of the system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        let bytes: [u8; BYTES] = rand::random();
        Self(format!("{PREFIX}{}", STANDARD.encode(bytes)).into())
    }

    /// As it was written down.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text.into())
    }

    /// To be written down, or shown once.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// `v1,…` for this message.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let text = self.expose();
        let encoded = text.strip_prefix(PREFIX).unwrap_or(text);
        // What is not Base64 was not made here; its bytes are as good a key.
        let key = STANDARD
            .decode(encoded)
            .unwrap_or_else(|_| text.as_bytes().to_vec());
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag))
    }
}

/// The `webhook-signature` header: one signature for each secret.
pub(crate) fn signatures(
    secrets: &[WebhookSecret],
    id: &str,
    timestamp: i64,
    body: &str,
) -> String {
    let all: Vec<_> = secrets
        .iter()
        .map(|secret| secret.sign(id, timestamp, body))
        .collect();
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector that the standard's libraries share.
    #[test]
    fn the_standards_own_example() {
        let secret = WebhookSecret::stored("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let signature = secret.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn secrets_differ_and_are_not_shown() {
        let (one, other) = (WebhookSecret::generate(), WebhookSecret::generate());
        assert_ne!(one.expose(), other.expose());
        let encoded = one.expose().strip_prefix(PREFIX).unwrap();
        assert_eq!(STANDARD.decode(encoded).unwrap().len(), BYTES);
        assert!(!format!("{one:?}").contains(encoded));
        let both = signatures(&[one.clone(), other.clone()], "msg_1", 1, "{}");
        let expected = format!(
            "{} {}",
            one.sign("msg_1", 1, "{}"),
            other.sign("msg_1", 1, "{}")
        );
        assert_eq!(both, expected);
    }
}
