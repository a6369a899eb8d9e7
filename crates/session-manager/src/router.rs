//! The router: routes, authentication and middleware.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::header;
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use secrecy::{ExposeSecret, SecretString};
use service_runtime::http::{
    ClienteId, ErrorReply, Limits, refuse_cross_site, require_loopback_host, standard, with_success,
};
use session_api::{ErrorCode, paths};
use subtle::{Choice, ConstantTimeEq};

use crate::error::ApiError;
use crate::http;
use crate::state::AppState;

/// Returns the router with every route of the service.
pub fn router(state: AppState) -> Router {
    let guarded = state.token.is_none();
    let protected = Router::new()
        .route(paths::STATUS, get(http::status::status))
        .route(paths::QR, get(http::qr::json))
        .route(paths::QR_PNG, get(http::qr::png))
        .route(paths::QR_SVG, get(http::qr::svg))
        .route(paths::QR_TXT, get(http::qr::text))
        .route(paths::CONNECT, post(http::session::connect))
        .route(paths::DISCONNECT, post(http::session::disconnect))
        .route(paths::LOGOUT, post(http::session::logout))
        .route(paths::PAIRING_CODE, post(http::session::pairing_code))
        .route(
            paths::PASSKEY,
            get(http::passkey::passkey).post(http::passkey::answer),
        )
        .route(paths::PASSKEY_CONFIRM, post(http::passkey::confirm))
        .route(paths::PASSKEY_CANCEL, post(http::passkey::cancel))
        .route(paths::METRICS, get(http::metrics::metrics))
        .route(paths::BACKUP, post(http::session::backup))
        .route(paths::SESSION, get(http::session::session))
        .route(
            paths::SEND,
            post(http::send::send).layer(map_response(with_success)),
        )
        .route(paths::LOOKUP, post(http::send::look_up))
        .route(paths::SEND_CHECK, post(http::send::check))
        .route(paths::FILES, post(http::files::upload))
        .route(
            paths::FILE,
            get(http::files::file).delete(http::files::delete),
        )
        // These handlers limit what they read by themselves.
        .layer(DefaultBodyLimit::disable())
        .route(
            paths::MESSAGE,
            get(http::send::message)
                .put(http::send::edit)
                .delete(http::send::delete),
        )
        .route(paths::CHAT_READ, post(http::chats::read))
        .route(paths::CHAT_TYPING, post(http::chats::typing))
        .route(paths::CHAT_MESSAGES, delete(http::chats::forget))
        .route(paths::CONTACT, get(http::chats::contact))
        .route(
            paths::MESSAGE_MEDIA,
            get(http::media::media).delete(http::media::delete),
        )
        .route(paths::EVENTS, get(http::events::events))
        .route(paths::SCREENSHOT, get(http::session::screenshot))
        .layer(from_fn(check_cliente_id))
        .layer(from_fn_with_state(state.clone(), require_token));
    // Without a token loopback is the only protection, and a web page in a
    // browser on this host can get past it.
    let protected = if guarded {
        protected
            .layer(from_fn(require_loopback_host))
            .layer(from_fn(refuse_cross_site))
    } else {
        protected
    };
    let open = Router::new()
        .route(paths::HEALTH, get(http::status::health))
        .route(paths::HEALTH_DEEP, get(http::status::deep))
        .merge(api_docs::routes(http::document))
        .layer(from_fn(check_cliente_id));
    standard(
        open.merge(protected)
            .fallback(|| async { ErrorReply::not_found() })
            .with_state(state),
        Limits::default(),
    )
}

/// Rejects a malformed `X-Cliente-Id`, although it is only metadata.
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
    // In constant time: the response time must not reveal a matching prefix.
    let is = |token: &SecretString| token.expose_secret().as_bytes().ct_eq(presented);
    let previous = state.previous_token.as_deref();
    let is_right = is(token) | previous.map_or(Choice::from(0), is);
    let is_right = bool::from(is_right);
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let address = address.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    // A request without a token is not a guess.
    let is_let_in = match presented.is_empty() && !is_right {
        true => Ok(false),
        false => state.guesses.judge(address, is_right),
    };
    match is_let_in {
        Ok(true) => return next.run(request).await,
        Ok(false) => {}
        Err(refusal) => return refusal.into_response(),
    }
    ApiError::new(
        ErrorCode::Unauthorized,
        "this service wants `Authorization: Bearer <SESSION_MANAGER_TOKEN>`",
    )
    .into_response()
}
