//! Answers for a passkey for WhatsApp, as another machine of the account's owner would.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use whatsapp_standin::Phone;

/// The flags "user present" and "user verified".
const VERIFIED: u8 = 0x05;

/// A P-256 key and its id.
pub struct Authenticator {
    id: String,
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticator").finish_non_exhaustive()
    }
}

/// Properties of a response. The default is valid.
#[derive(Clone, Copy, Debug)]
pub struct AssertionOptions<'a> {
    /// The origin that the response is for.
    pub origin: &'a str,
    /// The relying party of the passkey.
    pub party: &'a str,
    /// The authenticator's flags.
    pub flags: u8,
}

impl Default for AssertionOptions<'_> {
    fn default() -> Self {
        Self {
            origin: "https://web.whatsapp.com",
            party: "whatsapp.com",
            flags: VERIFIED,
        }
    }
}

impl Authenticator {
    /// Creates a passkey that WhatsApp does not know.
    #[must_use]
    pub fn new(id: &str) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random);
        Self {
            id: URL_SAFE_NO_PAD.encode(id),
            pair: pair.expect("the same key"),
            random,
        }
    }

    /// Creates a passkey and adds it to the account of `phone`.
    #[must_use]
    pub fn of(phone: &Phone) -> Self {
        let new = Self::new("passkey");
        let key = URL_SAFE_NO_PAD.encode(new.pair.public_key().as_ref());
        phone.add_passkey(&new.id, &key).expect("a key of P-256");
        new
    }

    /// Responds to the request from `GET /passkey`.
    #[must_use]
    pub fn answer(&self, asked: &Value) -> Value {
        self.answer_with(asked, AssertionOptions::default())
    }

    /// Works like [`Self::answer`], but with these options, which may make the answer invalid.
    #[must_use]
    pub fn answer_with(&self, asked: &Value, answer: AssertionOptions<'_>) -> Value {
        let client_data = json!({
            "type": "webauthn.get",
            "challenge": asked["public_key"]["challenge"],
            "origin": answer.origin,
            "crossOrigin": false,
        });
        let client_data = client_data.to_string();
        let mut data = Sha256::digest(answer.party).to_vec();
        data.extend([answer.flags, 0, 0, 0, 1]);
        let signed = [data.clone(), Sha256::digest(&client_data).to_vec()].concat();
        let signature = self.pair.sign(&self.random, &signed).expect("it signs");
        json!({
            "id": self.id,
            "rawId": self.id,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
                "authenticatorData": URL_SAFE_NO_PAD.encode(data),
                "signature": URL_SAFE_NO_PAD.encode(signature.as_ref()),
                "userHandle": URL_SAFE_NO_PAD.encode("owner"),
            },
        })
    }
}
