//! Adds the fields `success` and `detail_code`, which clients of the former Node services read.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::reply::ErrorReply;

/// Maximum size of a response to a send, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// Adds `success` next to `ok`, and `detail_code` to an error about a field. A layer of a route,
/// for [`axum::middleware::map_response`].
pub async fn with_success(response: Response) -> Response {
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !is_json {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, MAX_BYTES).await else {
        return ErrorReply::internal().into_response();
    };
    let body = with_fields(parts.status.is_success(), &bytes);
    let length = HeaderValue::from(body.len());
    parts.headers.insert(header::CONTENT_LENGTH, length);
    Response::from_parts(parts, Body::from(body))
}

/// Adds the fields to a response body. Leaves a body that is not a JSON object as it is.
fn with_fields(success: bool, answer: &[u8]) -> Vec<u8> {
    let parsed = serde_json::from_slice::<Map<String, Value>>(answer);
    let Some(fields) = answer.trim_ascii().strip_suffix(b"}") else {
        return answer.to_vec();
    };
    let Ok(object) = parsed else {
        return answer.to_vec();
    };
    let message = object.get("message").and_then(Value::as_str);
    let is_refusal = object.get("code").and_then(Value::as_str) == Some("INVALID_REQUEST");
    let detail = message.filter(|_| is_refusal).and_then(detail_code);
    let mut added = Vec::new();
    if !object.contains_key("success") {
        added.push(format!("\"success\":{success}"));
    }
    if let Some(code) = detail.filter(|_| !object.contains_key("detail_code")) {
        added.push(format!("\"detail_code\":\"{code}\""));
    }
    if added.is_empty() {
        return answer.to_vec();
    }
    let comma = if object.is_empty() { "" } else { "," };
    let added = format!("{comma}{}}}", added.join(","));
    [fields.trim_ascii_end(), added.as_bytes()].concat()
}

/// Returns the code for the field that an error message is about. The field is the message's first
/// word, or its first quoted word.
fn detail_code(message: &str) -> Option<&'static str> {
    let quoted = message.split(['`', '"']).nth(1);
    let first = message.split_whitespace().next();
    let first = first.map(|word| word.trim_end_matches(':'));
    [quoted, first]
        .into_iter()
        .flatten()
        .find_map(|field| match field {
            "cliente_id" => Some("INVALID_CLIENTE_ID"),
            "to" => Some("INVALID_TO"),
            "message" => Some("INVALID_MESSAGE"),
            _ => None,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add_fields(success: bool, answer: &str) -> String {
        String::from_utf8(with_fields(success, answer.as_bytes())).unwrap()
    }

    #[test]
    fn success_is_returned_in_addition_to_ok() {
        let sent = r#"{"ok":true,"message_id":"x"}"#;
        assert_eq!(
            add_fields(true, sent),
            r#"{"ok":true,"message_id":"x","success":true}"#
        );
        assert_eq!(
            add_fields(true, &add_fields(true, sent)),
            add_fields(true, sent)
        );
        assert_eq!(add_fields(false, "{}"), r#"{"success":false}"#);
        assert_eq!(add_fields(false, "gone"), "gone");
    }

    #[test]
    fn refusal_has_the_code_of_its_field() {
        for (message, code) in [
            (
                "cliente_id has to be a positive integer",
                "INVALID_CLIENTE_ID",
            ),
            ("the body: missing field `to`", "INVALID_TO"),
            (r#"field \"to\": expected a string"#, "INVALID_TO"),
            ("message is empty", "INVALID_MESSAGE"),
        ] {
            let refusal =
                format!(r#"{{"error":true,"code":"INVALID_REQUEST","message":"{message}"}}"#);
            let expected = format!(r#","success":false,"detail_code":"{code}"}}"#);
            let body = add_fields(false, &refusal);
            assert!(body.ends_with(&expected), "{body}");
        }
        let other = r#"{"error":true,"code":"SESSION_NOT_READY","message":"to be or not"}"#;
        assert!(!add_fields(false, other).contains("detail_code"));
    }
}
