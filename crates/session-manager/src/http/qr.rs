//! Serves `/qr`: the linking QR code as JSON, PNG, SVG and text.

use std::sync::Arc;

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use session_api::{ErrorCode, QrBody, Timestamp, paths};

use crate::error::ApiError;
use crate::session::{QrImage, Snapshot};
use crate::state::AppState;

/// Returns the code as a data URL, or `NO_QR`.
#[utoipa::path(get, path = paths::QR, tag = "code", operation_id = "qr",
    responses((status = 200, description = "The code, or that there is none", body = QrBody), Failures))]
pub async fn json(State(state): State<AppState>) -> Json<QrBody> {
    let snapshot = state.session.snapshot();
    Json(match snapshot.unexpired_qr(Timestamp::now()) {
        Some(image) => QrBody::Available {
            qr: image.data_url.clone(),
        },
        None => QrBody::NoQr,
    })
}

/// Returns the code as a PNG.
#[utoipa::path(get, path = paths::QR_PNG, tag = "code", operation_id = "qr_png",
    responses((status = 200, description = "The image", body = Vec<u8>, content_type = "image/png"), Failures))]
pub async fn png(State(state): State<AppState>) -> Result<Response, ApiError> {
    let snapshot = state.session.snapshot();
    Ok(picture("image/png", current_qr(&snapshot)?.png.clone()))
}

/// Returns the code as an SVG.
#[utoipa::path(get, path = paths::QR_SVG, tag = "code", operation_id = "qr_svg",
    responses((status = 200, description = "The image", body = String, content_type = "image/svg+xml"), Failures))]
pub async fn svg(State(state): State<AppState>) -> Result<Response, ApiError> {
    let snapshot = state.session.snapshot();
    let svg = current_qr(&snapshot)?.svg().map_err(undrawable)?;
    Ok(picture("image/svg+xml", svg))
}

/// Returns the code as Unicode half blocks.
#[utoipa::path(get, path = paths::QR_TXT, tag = "code", operation_id = "qr_txt",
    responses((status = 200, description = "To scan from a terminal", body = String, content_type = "text/plain"), Failures))]
pub async fn text(State(state): State<AppState>) -> Result<Response, ApiError> {
    let snapshot = state.session.snapshot();
    let text = current_qr(&snapshot)?.half_blocks().map_err(undrawable)?;
    Ok(picture("text/plain; charset=utf-8", text))
}

fn current_qr(snapshot: &Arc<Snapshot>) -> Result<&QrImage, ApiError> {
    snapshot.unexpired_qr(Timestamp::now()).ok_or_else(|| {
        let state = snapshot.session.state;
        ApiError::new(
            ErrorCode::QrNotAvailable,
            format!("there is no code to scan now; the state is {state}"),
        )
    })
}

fn undrawable(error: String) -> ApiError {
    ApiError::new(ErrorCode::Internal, error)
}

fn picture(kind: &'static str, body: impl IntoResponse) -> Response {
    // A code is valid for seconds, so a cached one would be wrong.
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store")], body).into_response()
}
