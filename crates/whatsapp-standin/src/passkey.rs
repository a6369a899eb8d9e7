//! Simulates the server side of a passkey: creates the request, and verifies the assertion.
//!
//! ```text
//!  asked ──assertion taken──▶ the phone's turn ──▶ verification code ──confirmed──▶ linked
//!    ▲ │ refused                                        (or by the page itself)
//!    └─┘ a new challenge
//! ```
//!
//! This module does no I/O: each call receives the current time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::settings::Settings;

/// The relying party of the passkeys.
pub(crate) const RELYING_PARTY: &str = "whatsapp.com";

/// Length of an uncompressed P-256 point, in bytes: the last bytes of a public key in DER.
const POINT: usize = 65;
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;

/// A passkey of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credential {
    id: Vec<u8>,
    point: Vec<u8>,
}

impl Credential {
    /// Returns whether both passkeys have the same id.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.id == other.id
    }

    /// Parses base64url. `key` is in the format of `AuthenticatorAttestationResponse.getPublicKey`
    /// (`SubjectPublicKeyInfo` in DER), or the bare point.
    pub(crate) fn parse(id: &str, key: &str) -> Result<Self, String> {
        let id = decode("credential_id", id)?;
        let key = decode("public_key", key)?;
        let point = key
            .len()
            .checked_sub(POINT)
            .and_then(|from| key.get(from..))
            .filter(|point| point.first() == Some(&4))
            .ok_or("public_key is no public key of P-256")?;
        Ok(Self {
            id,
            point: point.to_vec(),
        })
    }
}

/// An assertion in the page's format.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Assertion {
    raw_id: String,
    response: AssertionResponse,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssertionResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    authenticator_data: String,
    signature: String,
}

#[derive(Deserialize)]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
}

/// The latest challenge.
#[derive(Debug)]
pub(crate) struct Challenge {
    text: String,
    until: Instant,
}

impl Challenge {
    pub(crate) fn new(settings: &Settings, now: Instant) -> Self {
        let bytes: [u8; 32] = rand::random();
        Self {
            text: URL_SAFE_NO_PAD.encode(bytes),
            until: now + settings.passkey_life,
        }
    }

    /// Returns `PublicKeyCredentialRequestOptions` as JSON, as WhatsApp sends
    /// them: any passkey of the account is accepted.
    pub(crate) fn options(&self, settings: &Settings) -> Value {
        json!({
            "challenge": self.text,
            "timeout": u64::try_from(settings.passkey_life.as_millis()).unwrap_or(u64::MAX),
            "rpId": RELYING_PARTY,
            "allowCredentials": [],
            "userVerification": "required",
            "extensions": {"uvm": true},
        })
    }

    /// Verifies an assertion of this challenge. The error is its API code.
    pub(crate) fn verify(
        &self,
        assertion: &Assertion,
        credentials: &[Credential],
        origin: &str,
        now: Instant,
    ) -> Result<(), &'static str> {
        if now >= self.until {
            return Err("passkey_expired");
        }
        let bytes = |text: &str| decode("", text).map_err(|_| "passkey_malformed");
        let client_data = bytes(&assertion.response.client_data)?;
        let data = bytes(&assertion.response.authenticator_data)?;
        let client: ClientData =
            serde_json::from_slice(&client_data).map_err(|_| "passkey_malformed")?;
        if client.r#type != "webauthn.get" || client.challenge != self.text {
            return Err("passkey_wrong_challenge");
        }
        if client.origin != origin {
            return Err("passkey_wrong_origin");
        }
        let (Some(party), Some(flags)) = (data.get(..32), data.get(32)) else {
            return Err("passkey_malformed");
        };
        if party != Sha256::digest(RELYING_PARTY).as_slice() {
            return Err("passkey_wrong_relying_party");
        }
        if flags & USER_PRESENT == 0 || flags & USER_VERIFIED == 0 {
            return Err("passkey_user_not_verified");
        }
        let id = bytes(&assertion.raw_id)?;
        let credential = credentials
            .iter()
            .find(|known| known.id == id)
            .ok_or("passkey_unknown")?;
        let signed = [data, Sha256::digest(&client_data).to_vec()].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &credential.point)
            .verify(&signed, &bytes(&assertion.response.signature)?)
            .map_err(|_| "passkey_wrong_signature")
    }
}

/// Decodes base64url, with or without padding: clients send both.
fn decode(name: &str, text: &str) -> Result<Vec<u8>, String> {
    URL_SAFE_NO_PAD
        .decode(text.trim_end_matches('='))
        .map_err(|_| format!("{name} is not base64url"))
}

/// The progress of linking a page with a passkey.
#[derive(Debug)]
pub(crate) struct Ceremony {
    /// The account to link.
    pub(crate) user: String,
    pub(crate) stage: Stage,
}

/// The step that is awaited.
#[derive(Debug)]
pub(crate) enum Stage {
    /// An assertion of this challenge.
    Assertion(Challenge),
    /// The phone's approval.
    Phone,
    /// Confirmation by the page or its user: page and phone show the same code.
    Confirmation,
}

/// Generates a verification code: eight letters, displayed in two groups.
pub(crate) fn new_verification_code() -> String {
    crate::codes::new_link_code().replace('-', "")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

    use super::*;

    const ORIGIN: &str = "https://web.whatsapp.com";

    struct Key {
        pair: EcdsaKeyPair,
        credential: Credential,
    }

    fn key() -> Key {
        let random = SystemRandom::new();
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("a key");
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random)
                .expect("the same key");
        let point = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let credential = Credential::parse(&URL_SAFE_NO_PAD.encode("id"), &point).expect("one");
        Key { pair, credential }
    }

    fn answer(key: &Key, challenge: &str, origin: &str, party: &str, flags: u8) -> Assertion {
        let client =
            json!({"type": "webauthn.get", "challenge": challenge, "origin": origin}).to_string();
        let mut data = Sha256::digest(party).to_vec();
        data.extend([flags, 0, 0, 0, 1]);
        let signed = [data.clone(), Sha256::digest(&client).to_vec()].concat();
        let signature = key
            .pair
            .sign(&SystemRandom::new(), &signed)
            .expect("it signs");
        serde_json::from_value(json!({
            "rawId": URL_SAFE_NO_PAD.encode("id"),
            "response": {
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
                "authenticatorData": URL_SAFE_NO_PAD.encode(data),
                "signature": URL_SAFE_NO_PAD.encode(signature.as_ref()),
            },
        }))
        .expect("an assertion")
    }

    #[test]
    fn only_the_right_answer_is_taken() {
        let (now, settings) = (Instant::now(), Settings::default());
        let challenge = Challenge::new(&settings, now);
        let (mine, other) = (key(), key());
        let known = [mine.credential.clone()];
        let judge = |assertion: &Assertion, at| challenge.verify(assertion, &known, ORIGIN, at);
        let text = challenge.text.clone();
        let right = answer(&mine, &text, ORIGIN, RELYING_PARTY, 5);
        assert_eq!(judge(&right, now), Ok(()));
        let late = now + Duration::from_secs(600);
        assert_eq!(judge(&right, late), Err("passkey_expired"));
        for (assertion, why) in [
            (
                answer(&mine, "else", ORIGIN, RELYING_PARTY, 5),
                "passkey_wrong_challenge",
            ),
            (
                answer(&mine, &text, "https://hub.example", RELYING_PARTY, 5),
                "passkey_wrong_origin",
            ),
            (
                answer(&mine, &text, ORIGIN, "hub.example", 5),
                "passkey_wrong_relying_party",
            ),
            (
                answer(&mine, &text, ORIGIN, RELYING_PARTY, 1),
                "passkey_user_not_verified",
            ),
            (
                answer(&other, &text, ORIGIN, RELYING_PARTY, 5),
                "passkey_wrong_signature",
            ),
        ] {
            assert_eq!(judge(&assertion, now), Err(why));
        }
        let unknown = challenge.verify(&right, &[], ORIGIN, now);
        assert_eq!(unknown, Err("passkey_unknown"));
    }

    #[test]
    fn a_key_that_is_none_is_refused() {
        for (id, key) in [("é", "AA"), ("AA", "AA"), ("AA", "!")] {
            Credential::parse(id, key).expect_err("no key");
        }
    }
}
