//! Serves `GET /qr-code`: the linking code, or the reason why there is none.

use api_docs::{ClienteHeader, Failures};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service_runtime::http::ClienteId;
use utoipa::ToSchema;

use super::linking_code::{Code, NOT_AVAILABLE, NOT_REQUIRED, fetch_code};
use super::node::connect::{self, ByPage};
use super::node::session::Linked;
use crate::error::HubError;
use crate::http::upstream::Upstream;
use crate::state::AppState;

#[derive(Serialize, ToSchema)]
#[schema(as = qr_code::Shown)]
struct Shown {
    ok: bool,
    qr: String,
    /// Alias of `qr`.
    qr_code_base64: String,
}

/// The contract's error body, with `ok` added as in a successful response.
#[derive(Serialize, ToSchema)]
#[schema(as = qr_code::Refusal)]
struct QrErrorBody<'a> {
    ok: bool,
    /// The error code, as on every route below this root.
    #[schema(value_type = String)]
    error: bool,
    code: &'a str,
    message: &'a str,
    #[serde(flatten)]
    node: Option<Linked>,
}

/// Returns the linking code, or the reason why there is none. If the request
/// has `X-Cliente-Id` and comes from a page of the hub's own origin, it also
/// requests the session if needed and waits briefly for the code.
#[utoipa::path(
    get, path = "/qr-code", tag = "session", operation_id = "qr_code_qr_code",
    params(ClienteHeader),
    responses((status = 200, description = "The code", body = Shown),
        (status = 404, description = "There is no code to scan", body = QrErrorBody<'_>),
        (status = 409, description = "No code is needed: a phone is linked", body = QrErrorBody<'_>),
        (status = "5XX", description = "session-manager cannot be asked", body = QrErrorBody<'_>), Failures)
)]
pub(crate) async fn qr_code(
    State(state): State<AppState>,
    ByPage(by_page): ByPage,
    cliente: Option<ClienteId>,
    Upstream(client): Upstream,
) -> Response {
    let refuse = |status: StatusCode, code: &str, message: &str, node| {
        let body = QrErrorBody {
            ok: false,
            error: true,
            code,
            message,
            node,
        };
        (status, Json(body)).into_response()
    };
    let found = match fetch_code(&client).await {
        Ok(Code::NotAvailable(_)) if by_page && cliente.is_some() => {
            connect::code(&state, &client).await
        }
        found => found,
    };
    match found.map_err(HubError::from) {
        Ok(Code::Shown(qr)) => Json(Shown {
            ok: true,
            qr_code_base64: qr.clone(),
            qr,
        })
        .into_response(),
        Ok(Code::NotAvailable(_)) => refuse(
            StatusCode::NOT_FOUND,
            "QR_NOT_AVAILABLE",
            NOT_AVAILABLE,
            None,
        ),
        Ok(Code::NotRequired(state)) => refuse(
            StatusCode::CONFLICT,
            "QR_NOT_REQUIRED",
            NOT_REQUIRED,
            Some(Linked::from_state(state)),
        ),
        Err(error) => refuse(error.status(), error.code(), error.message(), None),
    }
}
