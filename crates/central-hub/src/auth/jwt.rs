//! Issues and verifies the page's JWTs: HS256, with a key that is generated
//! once and stored, so that several hubs share it.
//!
//! The key alone grants no access: a JWT also carries a secret of its session,
//! of which the store keeps only a hash. Whoever reads the database can
//! therefore sign JWTs, but cannot sign in with them.
//!
//! The cryptography that jsonwebtoken needs is implemented here with ring,
//! which the hub uses for TLS anyway; the crate's two built-in backends would
//! add RSA and elliptic curves.

use std::sync::Once;

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{self, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ring::hmac;
use serde::{Deserialize, Serialize};

use super::secrets;
use crate::store::{Role, Store, StoreError};

const SETTING: &str = "jwt_key";
const ISSUER: &str = "leadmaster";

/// Replaces the key. A running hub keeps the old key until it is restarted.
///
/// # Errors
/// [`StoreError::Query`].
pub async fn renew_key(store: &Store) -> Result<(), StoreError> {
    store.set(SETTING, &secrets::random()).await
}

/// Claims of a JWT, under their registered names where such a name exists.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    /// The user's name.
    pub(super) sub: String,
    pub(super) role: Role,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) cliente_id: Option<u64>,
    /// The secret that identifies the session.
    pub(super) jti: String,
    /// When the JWT was issued, in seconds since 1970.
    pub(super) iat: i64,
    pub(super) exp: i64,
}

/// Signs and verifies JWTs.
pub(super) struct Jwt {
    signing: EncodingKey,
    checking: DecodingKey,
    validation: Validation,
}

impl Jwt {
    pub(super) async fn open(store: &Store) -> Result<Self, StoreError> {
        let key = store.setting_or(SETTING, &secrets::random()).await?;
        Ok(Self::new(&key))
    }

    fn new(key: &str) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // A provider that is already installed in this process is used instead.
            let _ = RING.install_default();
        });
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss"]);
        Self {
            signing: EncodingKey::from_secret(key.as_bytes()),
            checking: DecodingKey::from_secret(key.as_bytes()),
            validation,
        }
    }

    pub(super) fn issuer() -> String {
        ISSUER.to_owned()
    }

    /// Signs a JWT. Returns `None` if the claims cannot be serialized, which
    /// does not happen in practice.
    pub(super) fn issue(&self, claims: &Claims) -> Option<String> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.signing).ok()
    }

    /// Returns the claims of a JWT if this hub signed it and it has not expired.
    pub(super) fn check(&self, text: &str) -> Option<Claims> {
        let data = jsonwebtoken::decode::<Claims>(text, &self.checking, &self.validation).ok()?;
        Some(data.claims)
    }

    /// Returns whether `text` has the format of a JWT: a JSON object in base64,
    /// followed by two more parts.
    pub(super) fn looks_like(text: &str) -> bool {
        text.starts_with("eyJ") && text.bytes().filter(|byte| *byte == b'.').count() == 2
    }
}

struct Hmac(hmac::Key);

impl Signer<Vec<u8>> for Hmac {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hmac {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        hmac::verify(&self.0, message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Hmac {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hmac {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

fn hmac_of(algorithm: Algorithm, key: &[u8]) -> Result<Hmac, Error> {
    if algorithm != Algorithm::HS256 {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    Ok(Hmac(hmac::Key::new(hmac::HMAC_SHA256, key)))
}

static RING: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| Ok(Box::new(hmac_of(*algorithm, key.as_bytes())?)),
    verifier_factory: |algorithm, key| Ok(Box::new(hmac_of(*algorithm, key.try_get_as_bytes()?)?)),
    key_utils: KeyUtils::new_unimplemented(),
};

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn claims(exp: i64) -> Claims {
        Claims {
            iss: Jwt::issuer(),
            sub: "ana".to_owned(),
            role: Role::Cliente,
            cliente_id: Some(51),
            jti: "secret".to_owned(),
            iat: 0,
            exp,
        }
    }

    #[test]
    fn only_own_unexpired_jwts_are_accepted() {
        let jwt = Jwt::new("key");
        let now = session_api::Timestamp::now().as_millis() / 1000;
        let text = jwt.issue(&claims(now + 60)).unwrap();
        assert!(Jwt::looks_like(&text));
        assert_eq!(jwt.check(&text).unwrap().cliente_id, Some(51));
        assert!(Jwt::new("other").check(&text).is_none());
        assert!(jwt.check(&jwt.issue(&claims(now - 1)).unwrap()).is_none());
        let foreign = Claims {
            iss: "x".to_owned(),
            ..claims(now + 60)
        };
        assert!(jwt.check(&jwt.issue(&foreign).unwrap()).is_none());
        // Altered, unsigned, and signed under another algorithm's name.
        let [header, body, mac] = text.split('.').collect::<Vec<_>>()[..] else {
            panic!("{text}")
        };
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        let other = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS512","typ":"JWT"}"#);
        for wrong in [
            format!("{header}.{}.{mac}", body.replacen('e', "f", 1)),
            format!("{header}.{body}."),
            format!("{none}.{body}."),
            format!("{none}.{body}.{mac}"),
            format!("{other}.{body}.{mac}"),
            "eyJ..".to_owned(),
            String::new(),
        ] {
            assert!(jwt.check(&wrong).is_none(), "{wrong}");
        }
    }
}
