//! Builds the router: routes, authentication and middleware.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::header;
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use service_runtime::http::{
    ClienteId, ErrorReply, Limits, refuse_cross_site, require_loopback_host, standard, with_success,
};
use session_api::{ErrorCode, paths};
use subtle::{Choice, ConstantTimeEq};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use crate::error::ApiError;
use crate::http::{self, chats, events, files, media, metrics, passkey, qr, send, session, status};
use crate::state::AppState;

/// Returns the router with every route of the service.
pub fn router(state: AppState) -> Router {
    let is_unprotected = state.token.is_none();
    let (open, protected) = (open_routes(), protected_routes());
    let protected = protected
        .split_for_parts()
        .0
        .layer(from_fn(check_cliente_id))
        .layer(from_fn_with_state(state.clone(), require_token));
    // Without a token, loopback is the only protection, and a web page in a browser on this host
    // can get past it.
    let protected = if is_unprotected {
        protected
            .layer(from_fn(require_loopback_host))
            .layer(from_fn(refuse_cross_site))
    } else {
        protected
    };
    let open = open
        .split_for_parts()
        .0
        .merge(api_docs::routes(document))
        .layer(from_fn(check_cliente_id));
    standard(
        open.merge(protected)
            .fallback(|| async { ErrorReply::not_found() })
            .with_state(state),
        Limits::default(),
    )
}

/// Builds the OpenAPI document.
fn document() -> OpenApi {
    let routes = OpenApiRouter::with_openapi(http::openapi::base())
        .merge(open_routes())
        .merge(protected_routes());
    let events = api_docs::session_events();
    api_docs::with_events(routes.into_openapi(), paths::EVENTS, &events)
}

/// Returns the routes that need no token.
fn open_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(status::health))
        .routes(routes!(status::deep))
}

/// Returns the routes that need the token, if one is set.
fn protected_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(status::status))
        .routes(routes!(qr::json))
        .routes(routes!(qr::png))
        .routes(routes!(qr::svg))
        .routes(routes!(qr::text))
        .routes(routes!(session::connect))
        .routes(routes!(session::disconnect))
        .routes(routes!(session::logout))
        .routes(routes!(session::pairing_code))
        .routes(routes!(passkey::passkey))
        .routes(routes!(passkey::answer))
        .routes(routes!(passkey::confirm))
        .routes(routes!(passkey::cancel))
        .routes(routes!(metrics::metrics))
        .routes(routes!(session::backup))
        .routes(routes!(session::session))
        .routes(routes!(send::send).layer(map_response(with_success)))
        .routes(routes!(send::look_up))
        .routes(routes!(send::check))
        .routes(routes!(files::upload))
        .routes(routes!(files::file))
        .routes(routes!(files::delete))
        // These handlers themselves limit how much they read.
        .layer(DefaultBodyLimit::disable())
        .routes(routes!(send::message))
        .routes(routes!(send::edit))
        .routes(routes!(send::delete))
        .routes(routes!(send::react))
        .routes(routes!(send::remove_reaction))
        .routes(routes!(chats::read))
        .routes(routes!(chats::typing))
        .routes(routes!(chats::forget))
        .routes(routes!(chats::contact))
        .routes(routes!(media::media))
        .routes(routes!(media::delete))
        .routes(routes!(events::events))
        .routes(routes!(session::screenshot))
}

/// Rejects a malformed `X-Cliente-Id`, although the header is only metadata.
async fn check_cliente_id(_: Option<ClienteId>, request: Request, next: Next) -> Response {
    next.run(request).await
}

async fn require_token(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let Some(token) = &state.token else {
        return next.run(request).await;
    };
    let presented = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "))
        .unwrap_or_default();
    // Compare in constant time: the response time must not reveal a matching prefix.
    let matches_token = |token: &SecretString| token.expose_secret().as_bytes().ct_eq(presented);
    let previous = state.previous_token.as_deref();
    let is_valid = matches_token(token) | previous.map_or(Choice::from(0), matches_token);
    let is_valid = bool::from(is_valid);
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let address = address.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    // A request without a token does not count as a guess.
    let admitted = match presented.is_empty() && !is_valid {
        true => Ok(false),
        false => state.guesses.judge(address, is_valid),
    };
    match admitted {
        Ok(true) => return next.run(request).await,
        Ok(false) => {}
        Err(refusal) => return refusal.into_response(),
    }
    ApiError::new(
        ErrorCode::Unauthorized,
        "this service requires `Authorization: Bearer <SESSION_MANAGER_TOKEN>`",
    )
    .into_response()
}

#[cfg(test)]
mod tests {
    use openapi_check::Document;
    use serde_json::{Value, json};
    use session_api::EventKind;
    use session_client::SseEvent;

    use super::*;
    use crate::event_log::json;

    const AT: &str = "2026-11-29T12:00:00.000Z";

    fn with(mut event: Value, fields: &Value) -> Value {
        for (name, value) in fields.as_object().unwrap() {
            event[name] = value.clone();
        }
        event
    }

    /// Returns events of each kind, with few fields and with all.
    fn samples() -> Vec<(EventKind, Value)> {
        let media = json!({
            "mime": "image/jpeg", "size": 9120, "filename": "a.jpg", "seconds": 7, "width": 4,
            "height": 3, "thumbnail": "data:image/jpeg;base64,/9j/", "state": "remote",
        });
        let message = json!({
            "message_id": "false_1@c.us_A", "from": "1@c.us", "to": "2@c.us", "phone": null,
            "lid": null, "pushname": null, "from_me": false, "type": "chat", "body": "Hola",
            "at": AT,
        });
        let parts = json!({
            "phone": "1", "lid": "8@lid", "pushname": "Ana", "media": media,
            "quoted": {
                "message_id": "true_1@c.us_B", "author": "2@c.us", "from_me": true,
                "type": "chat", "text": "¿La de dos?",
            },
            "location": {
                "latitude": -34.6037, "longitude": -58.3816, "name": "Obelisco",
                "address": "Av. Corrientes", "url": "https://example.com/", "live": true,
            },
            "contacts": [{
                "name": "Leo", "phones": [{"number": "+54 9 11", "whatsapp": "54911"}],
                "emails": ["leo@example.com"], "organization": "Casas",
            }],
            "poll": {"name": "¿Qué día?", "options": ["lunes", "martes"], "multiple": false},
            "selected": {"kind": "list", "id": "si", "text": "Sí", "description": "claro"},
            "order": {"id": "1", "title": "Silla", "items": 2, "total": 1500.5, "currency": "ARS"},
            "ad": {
                "source": "instagram", "id": "12", "title": "Casas", "text": "en venta",
                "url": "https://example.com/",
            },
            "view_once": true, "forwarded": true,
        });
        let change = json!({
            "message_id": "false_1@c.us_A", "chat": "1@c.us", "phone": "1", "lid": null, "at": AT,
        });
        let ack = json!({"message_id": "true_1@c.us_B", "ack": -1, "status": "failed", "at": AT});
        let limits = json!({
            "reach_out": {"locked": true, "until": AT, "kind": "WEB_COMPANION_ONLY"},
            "new_chats": {"status": "CAPPED", "used": 100, "total": 100, "cycle_end": null},
            "first_sync": {"complete": false, "progress": 40},
        });
        vec![
            (
                EventKind::State,
                json!({"status": "READY", "generation": 7, "since": AT, "cause": "SYNCED", "message": "linked"}),
            ),
            (EventKind::Qr, json!({"status": "NO_QR"})),
            (
                EventKind::Qr,
                json!({"status": "QR_AVAILABLE", "qr": "data:image/png;base64,iVBO", "expires_at": AT, "expires_in_ms": 19_000}),
            ),
            (EventKind::Message, message.clone()),
            (EventKind::Message, with(message, &parts)),
            (EventKind::Ack, ack.clone()),
            (EventKind::Ack, with(ack, &json!({ "media": media }))),
            (
                EventKind::MessageEdited,
                with(
                    change.clone(),
                    &json!({"from_me": true, "body": "a las diez"}),
                ),
            ),
            (
                EventKind::MessageDeleted,
                with(change.clone(), &json!({"from_me": false})),
            ),
            (
                EventKind::Reaction,
                with(change.clone(), &json!({"from_me": false, "emoji": "👍"})),
            ),
            (
                EventKind::Reaction,
                with(change, &json!({"from_me": true, "emoji": null})),
            ),
            (
                EventKind::Call,
                json!({
                    "call_id": "C", "from": "1@c.us", "phone": "1", "lid": "8@lid",
                    "pushname": "Ana", "video": true, "outcome": "missed", "at": AT,
                }),
            ),
            (EventKind::Limits, limits),
            (
                EventKind::Gap,
                json!({"after": 1, "told_after": 7, "message": "no longer stored"}),
            ),
        ]
    }

    #[test]
    fn openapi_has_every_event_as_it_is_sent() {
        let document = Document::parse(&document().to_json().unwrap());
        assert_eq!(
            document.events(paths::EVENTS),
            EventKind::ALL.map(EventKind::as_str)
        );
        let samples = samples();
        for kind in EventKind::ALL {
            assert!(samples.iter().any(|sample| sample.0 == kind), "{kind:?}");
        }
        for (kind, sample) in samples {
            let received = SseEvent {
                id: None,
                name: kind.as_str().to_owned(),
                data: sample.to_string(),
            };
            let event = received.parse().unwrap().unwrap();
            let sent: Value = serde_json::from_str(&json(&event).unwrap()).unwrap();
            assert_eq!(sent, sample, "no field may be missing");
            document
                .event(paths::EVENTS, kind.as_str())
                .assert_fits(&sent);
        }
    }

    #[test]
    fn openapi_has_every_path() {
        let document = document();
        let source = include_str!("../../session-api/src/paths.rs");
        let mut seen = 0;
        for path in source
            .split("= \"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
        {
            assert!(document.paths.paths.contains_key(path), "{path}");
            seen += 1;
        }
        assert_eq!(seen, document.paths.paths.len());
    }
}
