//! Signs WhatsApp's passkey requests, as another device of the account's owner would.

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
    pub relying_party: &'a str,
    /// The authenticator's flags.
    pub flags: u8,
}

impl Default for AssertionOptions<'_> {
    fn default() -> Self {
        Self {
            origin: "https://web.whatsapp.com",
            relying_party: "whatsapp.com",
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
        let key_document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, key_document.as_ref(), &random);
        Self {
            id: URL_SAFE_NO_PAD.encode(id),
            pair: pair.expect("the same key"),
            random,
        }
    }

    /// Creates a passkey, and registers it with the account of `phone`.
    #[must_use]
    pub fn registered_with(phone: &Phone) -> Self {
        let authenticator = Self::new("passkey");
        let key = URL_SAFE_NO_PAD.encode(authenticator.pair.public_key().as_ref());
        phone
            .add_passkey(&authenticator.id, &key)
            .expect("a key of P-256");
        authenticator
    }

    /// Signs the request in a body of `GET /passkey`.
    #[must_use]
    pub fn sign_request(&self, request: &Value) -> Value {
        self.sign_request_with(request, AssertionOptions::default())
    }

    /// Works like [`Self::sign_request`], but with options that may make the response invalid.
    #[must_use]
    pub fn sign_request_with(&self, request: &Value, options: AssertionOptions<'_>) -> Value {
        let client_data = json!({
            "type": "webauthn.get",
            "challenge": request["public_key"]["challenge"],
            "origin": options.origin,
            "crossOrigin": false,
        });
        let client_data = client_data.to_string();
        let mut authenticator_data = Sha256::digest(options.relying_party).to_vec();
        authenticator_data.extend([options.flags, 0, 0, 0, 1]);
        let signed_bytes = [
            authenticator_data.clone(),
            Sha256::digest(&client_data).to_vec(),
        ]
        .concat();
        let signature = self
            .pair
            .sign(&self.random, &signed_bytes)
            .expect("a signature");
        json!({
            "id": self.id,
            "rawId": self.id,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
                "authenticatorData": URL_SAFE_NO_PAD.encode(authenticator_data),
                "signature": URL_SAFE_NO_PAD.encode(signature.as_ref()),
                "userHandle": URL_SAFE_NO_PAD.encode("owner"),
            },
        })
    }
}
