//! The types of the passkey (WebAuthn) ceremony. Fields of the browser's API keep their names.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{Invalid, Timestamp};

/// The response of `GET /passkey`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "status")]
pub enum PasskeyBody {
    /// No action is needed: either no passkey is requested, or WhatsApp is processing the response.
    #[serde(rename = "NO_PASSKEY")]
    NoPasskey,
    /// WhatsApp is waiting for a response of the account's passkey.
    #[serde(rename = "PASSKEY_REQUIRED")]
    Required {
        /// The argument for `navigator.credentials.get`, on
        /// `https://web.whatsapp.com`.
        public_key: PasskeyRequest,
        /// When WhatsApp's request expires.
        expires_at: Timestamp,
    },
    /// The phone should show the same verification code.
    #[serde(rename = "PASSKEY_CONFIRM")]
    Confirm {
        /// The code, such as `ABCD-EFGH`.
        verification_code: String,
    },
}

/// `PublicKeyCredentialRequestOptions` as JSON: binary fields are base64url.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyRequest {
    /// The challenge to sign.
    pub challenge: String,
    /// The timeout of WhatsApp's request, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// The relying party for which the passkey was created: `whatsapp.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rp_id: Option<String>,
    /// The allowed passkeys; if empty, any passkey is allowed.
    #[serde(default)]
    pub allow_credentials: Vec<PasskeyDescriptor>,
    /// The required user verification (fingerprint, face or screen lock), such as `required`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_verification: Option<String>,
    /// Other fields of WhatsApp's request.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub more: Map<String, Value>,
}

/// `PublicKeyCredentialDescriptor` as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasskeyDescriptor {
    /// The credential's id, in base64url.
    pub id: String,
    /// The type: `public-key`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Other fields of the descriptor.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub more: Map<String, Value>,
}

/// The body of `POST /passkey`: the result of `PublicKeyCredential.toJSON()`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyCredential {
    /// The credential's id, in base64url.
    pub id: String,
    /// The same id as `id`.
    pub raw_id: String,
    /// The type: `public-key`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The authenticator's response.
    pub response: PasskeyAssertion,
    /// Other fields that the browser sent.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub more: Map<String, Value>,
}

// For a short time, a credential can link a device, so it stays out of logs.
impl std::fmt::Debug for PasskeyCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasskeyCredential").finish_non_exhaustive()
    }
}

/// `AuthenticatorAssertionResponse` as JSON; all fields are base64url.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyAssertion {
    /// The browser's data about the request.
    #[serde(rename = "clientDataJSON")]
    pub client_data: String,
    /// The authenticator's data about itself.
    pub authenticator_data: String,
    /// The authenticator's signature over both.
    pub signature: String,
    /// The owner of the passkey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_handle: Option<String>,
}

impl std::fmt::Debug for PasskeyAssertion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasskeyAssertion").finish_non_exhaustive()
    }
}

/// Maximum length of a field of a credential, in bytes.
const MAX_FIELD_CHARS: usize = 16 * 1024;

impl PasskeyCredential {
    /// Checks the format of the fields.
    ///
    /// # Errors
    /// The first invalid field.
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
    if text.len() > MAX_FIELD_CHARS {
        Err(invalid(field, "is longer than any answer of a passkey"))
    } else if is_base64url {
        Ok(())
    } else {
        Err(invalid(field, "has to be base64url"))
    }
}
