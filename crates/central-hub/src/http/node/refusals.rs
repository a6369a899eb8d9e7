//! Converts error bodies to the Node services' format, and answers 501 on the
//! Node routes that the hub does not serve.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};
use service_runtime::http::ErrorReply;

/// Roots of the Node hub's routes, whose error bodies have the code in `error`,
/// which the Node page displays.
const NODE_ROOTS: [&str; 8] = [
    "auth",
    "whatsapp",
    "whatsapp-v2",
    "admin/whatsapp",
    "qr-code",
    "sender",
    "listener",
    "session-manager",
];

/// Maximum size of an error body, in bytes.
const MAX_ERROR_BODY: usize = 64 * 1024;

/// Routes that belong to other systems, each with its error message.
const OTHER_SYSTEMS: [(&str, &str); 8] = [
    (
        "sender/prospectos",
        "another system manages prospects: upload a list to the campaign instead",
    ),
    (
        "sender/lugares",
        "another system manages places: upload a list to the campaign instead",
    ),
    (
        "sender/envios",
        "the hub sends messages, not people: see /api/sender/messages",
    ),
    (
        "leads",
        "another system manages leads: upload a list to a campaign instead",
    ),
    ("email", "another system sends e-mail"),
    ("mailer", "another system sends e-mail"),
    (
        "listener/ia",
        "the hub sends no automatic answers: a program can, see /api/webhooks",
    ),
    ("sync-contacts", "another system manages Google contacts"),
];

fn find_root<'a>(path: &str, roots: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let path = path.strip_prefix("/api").unwrap_or(path);
    let path = path.strip_prefix('/')?;
    roots.into_iter().find(|root| {
        path.strip_prefix(root)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Builds a 501 `NOT_SERVED_HERE` response.
pub(crate) fn not_served_here(what: &str) -> ErrorReply {
    ErrorReply::new(StatusCode::NOT_IMPLEMENTED, "NOT_SERVED_HERE", what)
}

/// Middleware around the fallback handler: responds 501 on the Node hub's
/// routes that belong to other systems.
pub(crate) async fn not_served(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if let Some(root) = find_root(path, OTHER_SYSTEMS.iter().map(|(root, _)| *root)) {
        let what = OTHER_SYSTEMS.iter().find(|(it, _)| *it == root);
        return not_served_here(what.map_or("", |(_, what)| what)).into_response();
    }
    next.run(request).await
}

/// Middleware around all routes: converts errors on the Node hub's routes to
/// the format that its clients expect.
pub(crate) async fn node_error_format(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let other = OTHER_SYSTEMS.iter().map(|(root, _)| *root);
    let is_theirs = find_root(path, NODE_ROOTS)
        .or_else(|| find_root(path, other))
        .is_some();
    let response = next.run(request).await;
    let status = response.status();
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !is_theirs || !is_json || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, MAX_ERROR_BODY).await else {
        return ErrorReply::internal().into_response();
    };
    let parsed = serde_json::from_slice::<Map<String, Value>>(&bytes);
    let Some(converted) = parsed.ok().and_then(to_node_error) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(converted.len()));
    Response::from_parts(parts, Body::from(converted))
}

/// Converts an error body. Returns `None` if `body` is not one.
fn to_node_error(mut body: Map<String, Value>) -> Option<Vec<u8>> {
    let code = match (&body.get("code"), body.get("error")) {
        (Some(Value::String(code)), _) | (_, Some(Value::String(code))) => code.clone(),
        _ => return None,
    };
    for flag in ["ok", "success"] {
        body.insert(flag.to_owned(), Value::Bool(false));
    }
    for name in ["error", "code"] {
        body.insert(name.to_owned(), Value::String(code.clone()));
    }
    serde_json::to_vec(&body).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_are_below_whole_words() {
        let is_theirs = |path| find_root(path, NODE_ROOTS).is_some();
        for path in [
            "/api/auth/login",
            "/auth/login",
            "/api/whatsapp/51/qr",
            "/whatsapp-v2/connect",
            "/api/admin/whatsapp/status",
            "/qr-code",
            "/api/sender",
        ] {
            assert!(is_theirs(path), "{path}");
        }
        for path in [
            "/api/users",
            "/api/senders",
            "/send",
            "/status",
            "/api",
            "/admin",
        ] {
            assert!(!is_theirs(path), "{path}");
        }
    }

    #[test]
    fn code_is_in_the_error_field_and_details_remain() {
        let translate = |body: Value| {
            let body = to_node_error(body.as_object().unwrap().clone())?;
            serde_json::from_slice::<Value>(&body).ok()
        };
        let expected = json!({
            "ok": false, "success": false, "error": "X", "code": "X", "message": "m", "lugar": 3,
        });
        let ours = json!({"error": true, "code": "X", "message": "m", "lugar": 3});
        assert_eq!(translate(ours), Some(expected.clone()));
        let old = json!({"ok": false, "error": "X", "message": "m", "lugar": 3});
        assert_eq!(translate(old), Some(expected));
        assert_eq!(translate(json!({"error": true})), None);
    }
}
