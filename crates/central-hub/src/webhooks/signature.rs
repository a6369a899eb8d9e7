//! Signs webhooks according to Standard Webhooks
//! (<https://www.standardwebhooks.com>): HMAC-SHA256 over
//! `{webhook-id}.{webhook-timestamp}.{body}`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use crate::store::WebhookSecret;

/// Returns the signature `v1,…` of this message.
#[must_use]
pub fn sign(secret: &WebhookSecret, id: &str, timestamp: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret.key());
    let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag))
}

/// Returns the value of the `webhook-signature` header, which has one signature per secret.
pub(super) fn signature_header(
    secrets: &[WebhookSecret],
    id: &str,
    timestamp: i64,
    body: &str,
) -> String {
    let signatures: Vec<_> = secrets
        .iter()
        .map(|secret| sign(secret, id, timestamp, body))
        .collect();
    signatures.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the test vector of the standard's libraries.
    #[test]
    fn signature_matches_the_example_of_the_standard() {
        let secret = WebhookSecret::stored("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let signature = sign(
            &secret,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn header_has_one_signature_per_secret() {
        let secrets = [WebhookSecret::generate(), WebhookSecret::generate()];
        let expected = format!(
            "{} {}",
            sign(&secrets[0], "msg_1", 1, "{}"),
            sign(&secrets[1], "msg_1", 1, "{}")
        );
        assert_eq!(signature_header(&secrets, "msg_1", 1, "{}"), expected);
    }
}
