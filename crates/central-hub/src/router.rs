//! Builds the router: middleware around the routes, and the web page.
//!
//! ```text
//!  standard ─> cross-site? ─> no password: is the host this machine? ─┬─> gate ─> routes
//!     └─> /health, open                                               └─> the page
//! ```

use axum::Router;
use axum::extract::{Extension, Request};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::any;
use service_runtime::http::{
    ClienteId, Limits, refuse_cross_site, require_loopback_host, standard,
};
use tower_http::compression::CompressionLayer;

use crate::auth::gate;
use crate::http::{node, web};
use crate::routes;
use crate::state::AppState;

/// Returns a router with every route of the service.
pub(crate) fn router(state: AppState) -> Router {
    let page = any(web::page)
        .layer(CompressionLayer::new().gzip(true))
        .layer(from_fn(node::refusals::not_served));
    let (guarded, access) = routes::guarded();
    let closed = Router::new()
        .merge(guarded.clone())
        .nest("/api", guarded)
        .fallback_service(page.with_state(()))
        .layer(from_fn(check_cliente_id))
        .layer(from_fn_with_state((state.auth.clone(), access), gate))
        .layer(from_fn(not_stored));
    let closed = if state.auth.is_required() {
        closed
    } else {
        closed.layer(from_fn(require_loopback_host))
    };
    let closed = closed
        .layer(from_fn(refuse_cross_site))
        .layer(Extension(state.config.trusted_proxies.clone()));
    let open = routes::open()
        .merge(api_docs::routes(routes::document))
        .layer(from_fn(not_stored));
    standard(open.merge(closed).with_state(state), Limits::default())
        .layer(from_fn(node::refusals::node_error_format))
}

/// Rejects a malformed `X-Cliente-Id`, although the id is only metadata.
async fn check_cliente_id(_: Option<ClienteId>, request: Request, next: Next) -> Response {
    next.run(request).await
}

/// Forbids caching, because QR codes and states change at any moment.
async fn not_stored(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
