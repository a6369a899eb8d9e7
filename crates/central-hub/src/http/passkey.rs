//! Serves the passkey request that WhatsApp makes at linking: session-manager's
//! responses, byte for byte, for administrators.

use api_docs::{ClienteHeader, Failures};
use service_runtime::http::ApiJson;
use session_api::{PasskeyBody, PasskeyCredential, TransitionBody};
use session_client::Endpoint;

use crate::error::HubError;
use crate::http::upstream::{Upstream, Verbatim};

type Answer = Result<Verbatim, HubError>;

/// Returns the passkey request that WhatsApp makes before it links the device.
#[utoipa::path(
    get, path = "/admin/whatsapp/passkey", tag = "session", operation_id = "admin_passkey",
    params(ClienteHeader),
    responses((status = 200, description = "session-manager's answer", body = PasskeyBody), Failures)
)]
pub(crate) async fn passkey(Upstream(client): Upstream) -> Answer {
    Verbatim::request::<PasskeyBody>(&client, Endpoint::Passkey, None).await
}

/// Submits the passkey assertion that a browser made on
/// `https://web.whatsapp.com`.
#[utoipa::path(
    post, path = "/admin/whatsapp/passkey", tag = "session", operation_id = "admin_answer_passkey",
    params(ClienteHeader),
    request_body(content = PasskeyCredential, example = json!({
        "id": "AQIDBA", "rawId": "AQIDBA", "type": "public-key",
        "response": {
            "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiQUFBQSIsIm9yaWdpbiI6Imh0dHBzOi8vd2ViLndoYXRzYXBwLmNvbSJ9",
            "authenticatorData": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAFAAAAAA",
            "signature": "MAYCAQECAQE"
        }
    })),
    responses((status = 200, description = "session-manager's answer", body = TransitionBody), Failures)
)]
pub(crate) async fn answer(
    Upstream(client): Upstream,
    ApiJson(credential): ApiJson<PasskeyCredential>,
) -> Answer {
    let json = serde_json::to_vec(&credential).unwrap_or_default().into();
    Verbatim::request::<TransitionBody>(&client, Endpoint::AnswerPasskey, Some(json)).await
}

/// Confirms that the phone shows the same verification code.
#[utoipa::path(
    post, path = "/admin/whatsapp/passkey/confirm", tag = "session", operation_id = "admin_confirm_passkey",
    params(ClienteHeader),
    responses((status = 200, description = "session-manager's answer", body = TransitionBody), Failures)
)]
pub(crate) async fn confirm(Upstream(client): Upstream) -> Answer {
    Verbatim::request::<TransitionBody>(&client, Endpoint::ConfirmPasskey, None).await
}

/// Cancels the passkey request and returns to a QR code to scan.
#[utoipa::path(
    post, path = "/admin/whatsapp/passkey/cancel", tag = "session", operation_id = "admin_cancel_passkey",
    params(ClienteHeader),
    responses((status = 200, description = "session-manager's answer", body = TransitionBody), Failures)
)]
pub(crate) async fn cancel(Upstream(client): Upstream) -> Answer {
    Verbatim::request::<TransitionBody>(&client, Endpoint::CancelPasskey, None).await
}
