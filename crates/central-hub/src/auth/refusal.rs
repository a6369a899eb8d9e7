//! Error replies of authentication: 401, 403, 429, 503.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use service_runtime::http::ErrorReply;

/// Returns 401 `UNAUTHORIZED`. With the `Bearer` challenge, no browser shows
/// its password dialog; the page has its own.
pub(super) fn unauthorized(message: &str) -> ErrorReply {
    ErrorReply::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message).with_header(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static(r#"Bearer realm="LeadMaster""#),
    )
}

/// Returns 403 `FORBIDDEN`: the caller is authenticated, but not authorized.
pub(crate) fn forbidden(message: &str) -> ErrorReply {
    ErrorReply::new(StatusCode::FORBIDDEN, "FORBIDDEN", message)
}

pub(super) fn csrf() -> ErrorReply {
    ErrorReply::new(
        StatusCode::FORBIDDEN,
        "CSRF_TOKEN_INVALID",
        "a change with the session cookie needs the X-CSRF-Token from GET /api/auth/me",
    )
}

pub(super) fn too_many(wait: Duration) -> ErrorReply {
    let seconds = wait.as_secs().max(1);
    ErrorReply::new(
        StatusCode::TOO_MANY_REQUESTS,
        "TOO_MANY_ATTEMPTS",
        format!("too many wrong passwords: try again in {seconds} s"),
    )
    .with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
}

pub(super) fn overloaded() -> ErrorReply {
    ErrorReply::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "OVERLOADED",
        "too many passwords are being checked now: try again",
    )
    .with_header(header::RETRY_AFTER, HeaderValue::from(1))
}
