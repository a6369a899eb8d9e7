//! The types of the passkey (WebAuthn) ceremony. What comes from the browser's API
//! keeps that API's names.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{Invalid, Timestamp};

/// The answer of `GET /passkey`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "status")]
pub enum PasskeyBody {
    /// Nobody has to do anything: no passkey is asked for, or WhatsApp works on
    /// the answer.
    #[serde(rename = "NO_PASSKEY")]
    NoPasskey,
    /// WhatsApp waits for an answer of the account's passkey.
    #[serde(rename = "PASSKEY_REQUIRED")]
    Required {
        /// What `navigator.credentials.get` is to be called with, on
        /// `https://web.whatsapp.com`.
        public_key: PasskeyRequest,
        /// When WhatsApp takes no answer any more.
        expires_at: Timestamp,
    },
    /// The phone shows the same code, if all is well.
    #[serde(rename = "PASSKEY_CONFIRM")]
    Confirm {
        /// Such as `ABCD-EFGH`.
        verification_code: String,
    },
}

/// `PublicKeyCredentialRequestOptions` as JSON: binary fields are base64url.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyRequest {
    /// What is signed.
    pub challenge: String,
    /// How long WhatsApp waits, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// Whose passkey: `whatsapp.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rp_id: Option<String>,
    /// Which of them; any where it is empty.
    #[serde(default)]
    pub allow_credentials: Vec<PasskeyDescriptor>,
    /// `required`: fingerprint, face or screen lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_verification: Option<String>,
    /// Whatever else WhatsApp asks for.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub more: Map<String, Value>,
}

/// `PublicKeyCredentialDescriptor` as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasskeyDescriptor {
    /// The credential's id, base64url.
    pub id: String,
    /// `public-key`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whatever else is said of it.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub more: Map<String, Value>,
}

/// The body of `POST /passkey`: what `PublicKeyCredential.toJSON()` gives.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyCredential {
    /// The credential's id, base64url.
    pub id: String,
    /// The same.
    pub raw_id: String,
    /// `public-key`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the authenticator made.
    pub response: PasskeyAssertion,
    /// Whatever else the browser says.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub more: Map<String, Value>,
}

// With it a device can be linked, for a moment.
impl std::fmt::Debug for PasskeyCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasskeyCredential").finish_non_exhaustive()
    }
}

/// `AuthenticatorAssertionResponse` as JSON: all base64url.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyAssertion {
    /// What the browser says of the request.
    #[serde(rename = "clientDataJSON")]
    pub client_data: String,
    /// What the authenticator says of itself.
    pub authenticator_data: String,
    /// Its signature of both.
    pub signature: String,
    /// Whose passkey it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_handle: Option<String>,
}

impl std::fmt::Debug for PasskeyAssertion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasskeyAssertion").finish_non_exhaustive()
    }
}

/// The longest field of a credential that is taken, in characters.
const LONGEST_FIELD: usize = 16 * 1024;

impl PasskeyCredential {
    /// Whether its fields can be what they are named.
    ///
    /// # Errors
    /// The field that is wrong.
    pub fn check(&self) -> Result<(), Invalid> {
        let PasskeyAssertion {
            client_data,
            authenticator_data,
            signature,
            user_handle,
        } = &self.response;
        let fields = [
            ("id", &self.id),
            ("rawId", &self.raw_id),
            ("response.clientDataJSON", client_data),
            ("response.authenticatorData", authenticator_data),
            ("response.signature", signature),
        ];
        for (field, text) in fields {
            check_base64url(field, text)?;
            if text.is_empty() {
                return Err(invalid(field, "must not be empty"));
            }
        }
        if let Some(handle) = user_handle {
            check_base64url("response.userHandle", handle)?;
        }
        if self.id.trim_end_matches('=') != self.raw_id.trim_end_matches('=') {
            return Err(invalid("rawId", "has to be the same as id"));
        }
        if self.kind != "public-key" {
            return Err(invalid("type", "has to be \"public-key\""));
        }
        Ok(())
    }
}

fn invalid(field: &'static str, wants: &'static str) -> Invalid {
    Invalid {
        field: field.into(),
        wants: wants.into(),
    }
}

fn check_base64url(field: &'static str, text: &str) -> Result<(), Invalid> {
    let letters = text.trim_end_matches('=');
    let is_base64url = letters
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && letters.len() % 4 != 1;
    if text.len() > LONGEST_FIELD {
        Err(invalid(field, "is longer than any answer of a passkey"))
    } else if is_base64url {
        Ok(())
    } else {
        Err(invalid(field, "has to be base64url"))
    }
}
