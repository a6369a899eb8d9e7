//! Provides the standard middleware of every router: request id, timeout, tracing and limits.

use std::any::Any;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::field::Empty;
use tracing::{Instrument, debug, error, info_span};

use super::REQUEST_ID_HEADER;
use super::reply::ErrorReply;
use crate::metrics::count_response;
use crate::traces;

/// Limits of a request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Maximum size of the body, in bytes.
    pub body: usize,
    /// Timeout for the whole body.
    pub body_read: Duration,
    /// Maximum length of path and query, in bytes.
    pub path: usize,
    /// Maximum size of all header names and values, in bytes.
    pub headers: usize,
}

impl Default for Limits {
    /// Returns a limit of 512 KiB for the body, 30 s to read it, 8 KiB for the path and 32 KiB for
    /// the headers.
    fn default() -> Self {
        Self {
            body: 512 * 1024,
            body_read: Duration::from_secs(30),
            path: 8 * 1024,
            headers: 32 * 1024,
        }
    }
}

impl Limits {
    pub(super) fn of(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or_default()
    }
}

/// The id of a request, in its extensions and in the response header `x-request-id`: the client's
/// own id if it is valid, else a random one.
#[derive(Clone, Debug)]
pub struct RequestId(HeaderValue);

impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    /// Returns the id that [`standard`] set, or else determines it in the same way.
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let existing = parts.extensions.get().cloned();
        Ok(existing.unwrap_or_else(|| Self::of(&parts.headers)))
    }
}

impl RequestId {
    /// Returns the id as a header value, to pass on to another service.
    pub const fn header(&self) -> &HeaderValue {
        &self.0
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    fn of(headers: &HeaderMap) -> Self {
        let is_valid = |value: &&HeaderValue| {
            (1..=128).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
        };
        Self(
            headers
                .get(REQUEST_ID_HEADER)
                .filter(is_valid)
                .cloned()
                .unwrap_or_else(|| {
                    HeaderValue::from_str(&format!("{:016x}", rand::random::<u64>()))
                        .unwrap_or_else(|_| HeaderValue::from_static("0"))
                }),
        )
    }
}

/// Allows JSON bodies of up to `bytes` bytes on a route, in place of [`Limits::body`]. For
/// [`axum::middleware::map_request`].
pub fn with_body_limit(mut request: Request, bytes: usize) -> Request {
    let limits = Limits {
        body: bytes,
        ..Limits::of(request.extensions())
    };
    request.extensions_mut().insert(limits);
    request
}

/// Adds the standard layers to a router whose routes are complete: request ids, an access log at
/// `debug` level (with the pattern of the route, never its values), limits, and JSON bodies for
/// unknown paths, wrong methods, rejections by axum's extractors and panics. Keeps the router's own
/// fallback, if it has one.
pub fn standard<S: Clone + Send + Sync + 'static>(router: Router<S>, limits: Limits) -> Router<S> {
    router
        .layer(DefaultBodyLimit::max(limits.body))
        .layer(CatchPanicLayer::custom(on_panic))
        .layer(from_fn_with_state(limits, handle))
}

/// Converts an error that is empty or plain text, as axum and its layers write it, to JSON. Keeps
/// other headers, such as `Allow`.
fn to_json_error(response: Response) -> Response {
    let status = response.status();
    let is_failure = status.is_client_error() || status.is_server_error();
    let kind = response.headers().get(header::CONTENT_TYPE);
    if !is_failure || kind.is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain")) {
        return response;
    }
    let (code, message) = match status {
        StatusCode::NOT_FOUND => ("NOT_FOUND", "there is no such path"),
        StatusCode::METHOD_NOT_ALLOWED => (
            "METHOD_NOT_ALLOWED",
            "this path does not allow this method; the header Allow names those that it does",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => ("PAYLOAD_TOO_LARGE", "the body is too large"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (
            "UNSUPPORTED_MEDIA_TYPE",
            "the body must be application/json",
        ),
        StatusCode::REQUEST_TIMEOUT => ("REQUEST_TIMEOUT", "the request took too long"),
        _ if status.is_client_error() => {
            ("INVALID_REQUEST", "the request is not valid for this route")
        }
        _ => (
            "INTERNAL",
            "an internal error; the service's log has the cause",
        ),
    };
    let mut headers = response.into_parts().0.headers;
    headers.remove(header::CONTENT_TYPE);
    headers.remove(header::CONTENT_LENGTH);
    let mut shaped = ErrorReply::new(status, code, message).into_response();
    shaped.headers_mut().extend(headers);
    shaped
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature is tower-http's"
)]
fn on_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let cause = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a value that is not text");
    error!(cause, "a handler panicked");
    ErrorReply::internal().into_response()
}

async fn handle(State(limits): State<Limits>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::of(request.headers());
    let method = request.method().clone();
    // Log the pattern, not the path: a path may contain a phone number.
    let route = request.extensions().get::<MatchedPath>().cloned();
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(limits);
    let pattern = route.as_ref().map_or("none", MatchedPath::as_str);
    // All log lines of the request carry the id of this span.
    let span = info_span!(
        "request",
        request_id = id.as_str(),
        otel.name = Empty,
        otel.kind = Empty
    );
    traces::continued(&span, request.headers(), format_args!("{method} {pattern}"));
    let mut response = match too_large(&request, limits) {
        Some(reply) => reply.into_response(),
        None => to_json_error(next.run(request).instrument(span.clone()).await),
    };
    let elapsed = started.elapsed();
    traces::answered(&span, response.status().as_u16());
    count_response(
        method.as_str(),
        pattern,
        response.status().as_u16(),
        elapsed,
    );
    debug!(
        %method,
        route = pattern,
        status = response.status().as_u16(),
        request_id = id.as_str(),
        micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        "request"
    );
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID_HEADER, id.0);
    headers
        .entry(header::X_CONTENT_TYPE_OPTIONS)
        .or_insert(HeaderValue::from_static("nosniff"));
    response
}

fn too_large(request: &Request, limits: Limits) -> Option<ErrorReply> {
    let target = request
        .uri()
        .path_and_query()
        .map_or(0, |path| path.as_str().len());
    if target > limits.path {
        return Some(ErrorReply::new(
            StatusCode::URI_TOO_LONG,
            "URI_TOO_LONG",
            format!("the path is longer than {} bytes", limits.path),
        ));
    }
    let headers: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    (headers > limits.headers).then(|| {
        ErrorReply::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "HEADERS_TOO_LARGE",
            format!(
                "the headers are larger than {} bytes in total",
                limits.headers
            ),
        )
    })
}
