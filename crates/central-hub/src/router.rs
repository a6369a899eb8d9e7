//! The router: routes, middleware, web page.
//!
//! ```text
//!  standard ─> cross-site? ─> no password: is the host this machine? ─┬─> gate ─> routes
//!     └─> /health, open                                               └─> the page
//! ```

use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension, Request};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_request, map_response};
use axum::response::Response;
use axum::routing::{any, delete, get, post, put};
use service_runtime::http::{
    ClienteId, Limits, refuse_cross_site, require_loopback_host, standard, with_body_limit,
    with_success,
};
use tower_http::compression::CompressionLayer;

use crate::auth::gate;
use crate::http::{
    admin, alerts, auth, campaigns, cliente, config, contact_checks, contacts, events, files,
    health, inbox, listener, media, message_actions, messages, metrics, node, numbers, openapi,
    overview, passkey, qr_code, quick_answers, reports, send, sender, sending, tokens, users, v2,
    web, webhooks,
};
use crate::state::AppState;

/// Every route of the service.
pub(crate) fn router(state: AppState) -> Router {
    let page = any(web::page)
        .layer(CompressionLayer::new().gzip(true))
        .layer(from_fn(node::refusals::not_served));
    let closed = Router::new()
        .merge(api())
        .nest("/api", api())
        .fallback_service(page.with_state(()))
        .layer(from_fn(check_cliente_id))
        .layer(from_fn_with_state(state.auth.clone(), gate))
        .layer(from_fn(not_stored));
    let closed = if state.auth.is_required() {
        closed
    } else {
        closed.layer(from_fn(require_loopback_host))
    };
    let closed = closed
        .layer(from_fn(refuse_cross_site))
        .layer(Extension(state.config.trusted_proxies.clone()));
    let open = Router::new()
        .route("/health", get(health::health))
        .route("/health/deep", get(health::deep))
        .route("/api/health", get(health::details))
        .merge(api_docs::routes(openapi::document))
        .layer(from_fn(not_stored));
    standard(open.merge(closed).with_state(state), Limits::default())
        .layer(from_fn(node::refusals::in_their_shape))
}

/// Routes served with and without the prefix `/api`. Each needs a line in
/// `auth/access.rs`, which defines who may use it.
fn api() -> Router<AppState> {
    Router::new()
        .route("/status", get(admin::status))
        .route("/qr", get(admin::qr))
        .route("/connect", post(admin::connect))
        // session-manager limits how much of a file it reads.
        .route(
            "/send",
            post(send::send)
                .layer(DefaultBodyLimit::disable())
                .layer(map_response(with_success)),
        )
        .route("/phone", get(numbers::phone))
        .route("/sending", get(sending::show).put(sending::turn))
        .nest("/sender/messages", sender())
        .route("/sender/messages.csv", get(messages::csv))
        .nest("/sender/campaigns", campaigns::campaigns())
        .nest("/sender/programaciones", campaigns::programaciones())
        .nest("/sender/bajas", campaigns::bajas())
        .route("/files", post(files::upload))
        .route("/files/{id}", get(files::file).delete(files::delete))
        .nest("/admin/whatsapp", administration())
        .nest("/whatsapp/{cliente_id}", of_cliente())
        .route("/whatsapp-v2/status", get(v2::status))
        .route("/whatsapp-v2/qr", get(v2::qr))
        .route("/whatsapp-v2/connect", post(v2::connect))
        .route("/qr-code", get(qr_code::qr_code))
        .route("/config", get(config::config))
        .route("/events", get(events::events))
        .route("/metrics", get(metrics::metrics))
        .route("/overview", get(overview::overview))
        .nest("/auth", authentication())
        .route("/users", get(users::list).post(users::create))
        .route(
            "/users/{id}",
            get(users::show).put(users::change).delete(users::remove),
        )
        .route("/tokens", get(tokens::list).post(tokens::create))
        .route("/tokens/{id}", delete(tokens::revoke))
        .nest("/listener", conversations())
        .route("/media/{token}", get(media::linked))
        .route("/contacts", get(contacts::list))
        .route("/contacts.csv", get(contacts::csv))
        .route("/contacts/check", post(contact_checks::check))
        .nest("/contacts/{telefono}", contact())
        .route(
            "/quick-answers",
            get(quick_answers::list).post(quick_answers::create),
        )
        .route(
            "/quick-answers/{id}",
            put(quick_answers::change).delete(quick_answers::remove),
        )
        .route("/alerts", get(alerts::show))
        .route("/alerts/test", post(alerts::test))
        .nest("/webhooks", subscriptions())
        .merge(reports())
        .merge(node::routes())
}

fn authentication() -> Router<AppState> {
    Router::new()
        .route("/login", post(auth::login))
        .route("/logout", post(auth::logout))
        .route("/refresh", post(auth::refresh))
        .route("/me", get(auth::me))
        .route("/password", post(auth::password))
}

/// Routes that are authenticated with a token of their own.
fn reports() -> Router<AppState> {
    Router::new()
        .route("/listener/incoming-message", post(reports::incoming))
        .route("/listener/outgoing-message", post(reports::outgoing))
}

fn conversations() -> Router<AppState> {
    Router::new()
        .route("/status", get(listener::status))
        .route("/mode", post(listener::mode))
        .route("/inbox", get(inbox::counts))
        .route("/conversations", get(listener::conversations))
        .route("/conversations/{number}/read", post(inbox::read))
        .route("/conversations/{number}/attended", post(inbox::attended))
        .route("/conversations/{number}/seen", post(message_actions::seen))
        .route(
            "/conversations/{number}/typing",
            post(message_actions::typing),
        )
        .route("/messages", get(listener::messages))
        .route(
            "/messages/{id}",
            put(message_actions::edit).delete(message_actions::delete),
        )
        .route("/messages/{id}/media", get(media::media))
        .route("/history/{number}", get(listener::history))
}

fn contact() -> Router<AppState> {
    let one = get(contacts::one)
        .put(contacts::change)
        .delete(contacts::forget);
    Router::new()
        .route("/", one)
        .route("/join", post(contacts::join))
        .route("/part", post(contacts::part))
        .route("/whatsapp", get(message_actions::profile))
}

fn subscriptions() -> Router<AppState> {
    let one = get(webhooks::show)
        .put(webhooks::change)
        .delete(webhooks::remove);
    Router::new()
        .route("/", get(webhooks::list).post(webhooks::create))
        .route("/{id}", one)
        .route("/{id}/rotate", post(webhooks::rotate))
        .route("/{id}/test", post(webhooks::test))
        .route("/{id}/deliveries", get(webhooks::deliveries::list))
        .route(
            "/{id}/deliveries/replay",
            post(webhooks::deliveries::replay_all),
        )
        .route("/{id}/deliveries/{number}", get(webhooks::deliveries::show))
        .route(
            "/{id}/deliveries/{number}/replay",
            post(webhooks::deliveries::replay),
        )
}

fn sender() -> Router<AppState> {
    Router::new()
        .route("/", get(messages::list))
        .route("/send", post(sender::send))
        .route(
            "/bulk",
            post(sender::bulk).layer(map_request(async |request: Request| {
                with_body_limit(request, sender::LARGEST_BULK)
            })),
        )
        .route("/status/{id}", get(sender::status))
        .route("/{id}/retry", post(sender::retry))
        .route("/{id}/decide", post(sender::decide))
}

fn administration() -> Router<AppState> {
    Router::new()
        .route("/status", get(admin::status))
        .route("/qr", get(admin::qr))
        .route("/session", get(admin::session))
        .route("/connect", post(admin::connect))
        .route("/disconnect", post(admin::disconnect))
        .route("/logout", post(admin::logout))
        .route("/pairing-code", post(admin::pairing_code))
        .route("/passkey", get(passkey::passkey).post(passkey::answer))
        .route("/passkey/confirm", post(passkey::confirm))
        .route("/passkey/cancel", post(passkey::cancel))
}

fn of_cliente() -> Router<AppState> {
    Router::new()
        .route("/status", get(cliente::status))
        .route("/qr", get(cliente::qr))
        .route("/session", get(cliente::session))
        .route("/connect", post(cliente::connect))
        .route("/disconnect", post(cliente::disconnect))
        .route("/logout", post(cliente::logout))
        .route("/pairing-code", post(cliente::pairing_code))
}

/// `X-Cliente-Id` is metadata, but a malformed one is rejected.
async fn check_cliente_id(_: Option<ClienteId>, request: Request, next: Next) -> Response {
    next.run(request).await
}

/// QR codes and states change at any moment: no cache may keep them.
async fn not_stored(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
