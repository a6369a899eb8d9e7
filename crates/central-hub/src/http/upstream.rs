//! Extractor of the session-manager client for one request (`Upstream`), and
//! session-manager's responses as they are.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use service_runtime::http::{ClienteId, ErrorReply, RequestId};
use session_client::{Endpoint, RawAnswer, SessionClient};
use utoipa::ToSchema;

use crate::error::HubError;
use crate::outbox::traced;
use crate::state::AppState;

/// The session-manager client for this request, with its `X-Cliente-Id`,
/// request id and `Idempotency-Key`.
pub(crate) struct Upstream(pub(crate) SessionClient);

impl FromRequestParts<AppState> for Upstream {
    type Rejection = ErrorReply;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ErrorReply> {
        let cliente =
            <ClienteId as OptionalFromRequestParts<AppState>>::from_request_parts(parts, state)
                .await?;
        let mut client = state.session.for_cliente(cliente.map(|it| it.0));
        if let Some(id) = parts.extensions.get::<RequestId>() {
            client = client.with_request_id(id.header().clone());
        }
        if let Some(key) = idempotency_key(&parts.headers)? {
            client = client.with_idempotency_key(key);
        }
        Ok(Self(traced(client)))
    }
}

/// The `Idempotency-Key` of a request, if it has one.
pub(crate) struct Key(pub(crate) Option<String>);

impl FromRequestParts<AppState> for Key {
    type Rejection = ErrorReply;

    async fn from_request_parts(parts: &mut Parts, _state: &AppState) -> Result<Self, ErrorReply> {
        let key = idempotency_key(&parts.headers)?;
        Ok(Self(
            key.and_then(|key| key.to_str().ok().map(str::to_owned)),
        ))
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<HeaderValue>, ErrorReply> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    let is_sane = (1..=255).contains(&key.len()) && key.as_bytes().iter().all(u8::is_ascii_graphic);
    if is_sane && keys.next().is_none() {
        Ok(Some(key.clone()))
    } else {
        Err(ErrorReply::invalid_header(
            "Idempotency-Key must be one value of 1 to 255 visible ASCII characters",
        ))
    }
}

/// A response of session-manager, byte for byte.
pub(crate) struct Verbatim(pub(crate) RawAnswer);

impl Verbatim {
    /// Sends a request. A successful response must parse as `T`.
    pub(crate) async fn request<T: DeserializeOwned>(
        client: &SessionClient,
        endpoint: Endpoint,
        json: Option<Bytes>,
    ) -> Result<Self, HubError> {
        Ok(Self(client.proxied::<T>(endpoint, json).await?))
    }

    /// Returns whether the response is a success.
    pub(crate) fn is_success(&self) -> bool {
        self.0.status.is_success()
    }

    /// Inserts `"ok":true` into the body of a successful response; leaves errors unchanged.
    pub(crate) fn with_ok(mut self) -> Self {
        let body = self.0.body.trim_ascii();
        if self.0.status.is_success()
            && let Some(fields) = body.strip_prefix(b"{")
        {
            let separator: &[u8] = if fields.trim_ascii_start().starts_with(b"}") {
                b""
            } else {
                b","
            };
            self.0.body = [b"{\"ok\":true", separator, fields].concat().into();
        }
        self
    }
}

/// session-manager's response with `"ok":true`.
#[derive(Serialize, ToSchema)]
pub(super) struct WithOk<T> {
    ok: bool,
    #[serde(flatten)]
    answer: T,
}

impl From<RawAnswer> for Verbatim {
    fn from(answer: RawAnswer) -> Self {
        Self(answer)
    }
}

impl IntoResponse for Verbatim {
    fn into_response(self) -> Response {
        let RawAnswer {
            status,
            content_type,
            body,
            retry_after,
        } = self.0;
        let mut response = (status, body).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            content_type.unwrap_or(HeaderValue::from_static("application/json")),
        );
        if let Some(after) = retry_after {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, after.as_secs().into());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    fn body(status: StatusCode, text: &'static str) -> Bytes {
        let answer = RawAnswer {
            status,
            content_type: None,
            body: Bytes::from_static(text.as_bytes()),
            retry_after: None,
        };
        Verbatim(answer).with_ok().0.body
    }

    #[test]
    fn ok_comes_first_and_the_rest_stays() {
        assert_eq!(
            body(StatusCode::OK, r#" {"success":true, "a" : [1]}"#),
            r#"{"ok":true,"success":true, "a" : [1]}"#
        );
        assert_eq!(body(StatusCode::OK, "{ }"), r#"{"ok":true }"#);
        assert_eq!(
            body(StatusCode::CONFLICT, r#"{"error":true}"#),
            r#"{"error":true}"#
        );
    }
}
