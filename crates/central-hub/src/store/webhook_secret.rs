//! Signs webhooks according to Standard Webhooks
//! (<https://www.standardwebhooks.com>): HMAC-SHA256 over
//! `{webhook-id}.{webhook-timestamp}.{body}`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
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

    /// Returns the signature `v1,…` of this message.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let text = self.expose();
        let encoded = text.strip_prefix(PREFIX).unwrap_or(text);
        // A secret that is not Base64 did not come from the hub; its bytes are the key.
        let key = STANDARD
            .decode(encoded)
            .unwrap_or_else(|_| text.as_bytes().to_vec());
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag))
    }
}

/// Returns the value of the `webhook-signature` header, which has one signature per secret.
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

    /// Checks the test vector of the standard's libraries.
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
