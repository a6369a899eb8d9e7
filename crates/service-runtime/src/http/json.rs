//! Extracts JSON bodies. Strict about the body, lenient about `Content-Type`.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

use super::body_failed;
use super::middleware::Limits;
use super::reply::ErrorReply;

/// How many bytes of an oversized body are read and discarded, so that the client can read the
/// response instead of a connection reset.
const MAX_DISCARDED: usize = 16 * 1024 * 1024;

/// A body that is a JSON object of type `T`.
///
/// A missing content type counts as JSON, and so does the default of `curl -d`; any other that is
/// not JSON is rejected with 415. Invalid JSON is 400 `INVALID_JSON`. JSON that does not match `T`
/// is 400 `INVALID_REQUEST` with the name of the field. A body above [`Limits::body`] is 413, one
/// that takes longer than [`Limits::body_read`] is 408.
#[derive(Clone, Copy, Debug)]
pub struct ApiJson<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for ApiJson<T> {
    type Rejection = ErrorReply;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ErrorReply> {
        check_content_type(request.headers())?;
        let limits = Limits::of(request.extensions());
        let body = read_body(request.into_body(), limits.body, limits.body_read).await?;
        parse_object(&body).map(Self)
    }
}

fn check_content_type(headers: &HeaderMap) -> Result<(), ErrorReply> {
    let Some(content_type) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let content_type = content_type
        .to_str()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    match essence {
        ""
        | "application/json"
        | "application/x-www-form-urlencoded"
        | "text/plain"
        | "text/json" => Ok(()),
        other if other.starts_with("application/") && other.ends_with("+json") => Ok(()),
        _ => Err(ErrorReply::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "the body must be application/json",
        )),
    }
}

/// Reads the whole body. Returns 413 if it is too large, 408 if it takes too long, 400 if it cannot
/// be read.
async fn read_body(body: Body, limit: usize, timeout: Duration) -> Result<Bytes, ErrorReply> {
    tokio::time::timeout(timeout, collect_body(body, limit))
        .await
        .unwrap_or_else(|_| {
            Err(ErrorReply::new(
                StatusCode::REQUEST_TIMEOUT,
                "REQUEST_TIMEOUT",
                format!("the body did not arrive within {} s", timeout.as_secs()),
            ))
        })
}

async fn collect_body(mut body: Body, limit: usize) -> Result<Bytes, ErrorReply> {
    let mut received = Vec::new();
    let mut total = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            body_failed(&error, "the body was incomplete or not properly framed")
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        total = total.saturating_add(data.len());
        if total <= limit {
            received.extend_from_slice(&data);
        } else {
            received = Vec::new();
            if total > limit.saturating_add(MAX_DISCARDED) {
                break;
            }
        }
    }
    if total > limit {
        return Err(ErrorReply::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "PAYLOAD_TOO_LARGE",
            format!("the body is larger than {limit} bytes"),
        ));
    }
    Ok(received.into())
}

/// Parses a body that was already read, with the errors of [`ApiJson`].
///
/// # Errors
/// 400 `INVALID_JSON` or `INVALID_REQUEST`.
pub fn json_from<T: DeserializeOwned>(body: &[u8]) -> Result<T, ErrorReply> {
    parse_object(body)
}

fn parse_object<T: DeserializeOwned>(body: &[u8]) -> Result<T, ErrorReply> {
    let not_json = |error: &serde_json::Error| {
        let message = if body.iter().all(u8::is_ascii_whitespace) {
            "the body is empty; it must be JSON".to_owned()
        } else {
            format!(
                "the body is not JSON (line {}, column {})",
                error.line(),
                error.column()
            )
        };
        ErrorReply::new(StatusCode::BAD_REQUEST, "INVALID_JSON", message)
    };
    // serde accepts an array in place of a struct; no route does.
    if body.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice::<serde::de::IgnoredAny>(body).map_err(|error| not_json(&error))?;
        return Err(ErrorReply::invalid_request(
            "the body: expected an object, not an array",
        ));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        // serde may report a type error although a syntax error follows.
        if let Err(syntax) = serde_json::from_slice::<serde::de::IgnoredAny>(body) {
            return not_json(&syntax);
        }
        let path = error.path().to_string();
        let location = if path == "." {
            "the body".to_owned()
        } else {
            // The path can contain keys from the body, of any length.
            format!("field {:?}", path.chars().take(80).collect::<String>())
        };
        ErrorReply::invalid_request(format!("{location}: {}", safe_message(error.inner())))
    })?;
    deserializer.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

/// Returns serde's message without the position and without the values that it quotes: they may be
/// a phone number or the text of a message.
fn safe_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let is_about_field = ["missing field", "duplicate field", "unknown field"]
        .iter()
        .any(|beginning| text.starts_with(beginning));
    match text.rsplit_once(", expected ") {
        _ if is_about_field => text.chars().take(200).collect(),
        Some((_, expected)) => format!("expected {expected}"),
        None => "the value is not allowed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only whether it parses is of interest")]
    struct Target {
        to: String,
        count: Option<u8>,
    }

    fn failure(body: &str) -> (String, String) {
        let error = parse_object::<Target>(body.as_bytes()).unwrap_err();
        assert_eq!(error.status(), StatusCode::BAD_REQUEST);
        (error.code().to_owned(), error.message().to_owned())
    }

    #[test]
    fn error_names_the_problem_without_the_value() {
        for (body, code, message) in [
            ("", "INVALID_JSON", "the body is empty; it must be JSON"),
            (
                "{",
                "INVALID_JSON",
                "the body is not JSON (line 1, column 1)",
            ),
            (
                "to=1&message=2",
                "INVALID_JSON",
                "the body is not JSON (line 1, column 2)",
            ),
            (
                r#"{"to":"1"} x"#,
                "INVALID_JSON",
                "the body is not JSON (line 1, column 12)",
            ),
            (
                r#"{"to":5,"#,
                "INVALID_JSON",
                "the body is not JSON (line 1, column 8)",
            ),
            ("{}", "INVALID_REQUEST", "the body: missing field `to`"),
            (
                r#"{"to":5491158254201}"#,
                "INVALID_REQUEST",
                r#"field "to": expected a string"#,
            ),
            (
                r#"{"to":"1","count":-1}"#,
                "INVALID_REQUEST",
                r#"field "count": expected u8"#,
            ),
            (
                r#"{"to":"1","to":"2"}"#,
                "INVALID_REQUEST",
                "the body: duplicate field `to`",
            ),
            (
                r#""secret text""#,
                "INVALID_REQUEST",
                "the body: expected struct Target",
            ),
            (
                r#"["1",null]"#,
                "INVALID_REQUEST",
                "the body: expected an object, not an array",
            ),
            (
                "null",
                "INVALID_REQUEST",
                "the body: expected struct Target",
            ),
        ] {
            assert_eq!(
                failure(body),
                (code.to_owned(), message.to_owned()),
                "{body}"
            );
        }
    }

    #[test]
    fn nesting_depth_is_bounded() {
        let deep = "[".repeat(100_000);
        assert_eq!(failure(&deep).0, "INVALID_JSON");
    }

    #[test]
    fn content_types_of_json_are_accepted() {
        let check = |content_type: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
            check_content_type(&headers).is_ok()
        };
        for content_type in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/problem+json",
            "application/x-www-form-urlencoded",
            "text/plain;charset=UTF-8",
        ] {
            assert!(check(content_type), "{content_type}");
        }
        for content_type in [
            "multipart/form-data; boundary=x",
            "text/html",
            "image/png",
            "json",
        ] {
            assert!(!check(content_type), "{content_type}");
        }
    }

    #[tokio::test]
    async fn body_is_read_up_to_the_limit() {
        let timeout = Duration::from_secs(5);
        assert_eq!(
            read_body(Body::from("1234"), 4, timeout).await.unwrap(),
            "1234"
        );
        let error = read_body(Body::from("12345"), 4, timeout)
            .await
            .unwrap_err();
        assert_eq!(error.code(), "PAYLOAD_TOO_LARGE");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_value_or_an_error(body: Vec<u8>) {
            let _ = parse_object::<Target>(&body);
            let _ = parse_object::<serde_json::Value>(&body);
        }
    }
}
