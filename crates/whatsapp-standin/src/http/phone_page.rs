//! Serves the phone's HTML page, at `/phone`.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use super::assets;
use crate::shared::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/phone",
            get(async || asset("text/html; charset=utf-8", assets::PHONE_HTML)),
        )
        .route(
            "/phone/",
            get(async || asset("text/html; charset=utf-8", assets::PHONE_HTML)),
        )
        .route(
            "/phone/phone.js",
            get(async || asset("text/javascript", assets::PHONE_JS)),
        )
        .route(
            "/phone/lead.js",
            get(async || asset("text/javascript", assets::LEAD_JS)),
        )
        .route(
            "/phone/conversations.js",
            get(async || asset("text/javascript", assets::CONVERSATIONS_JS)),
        )
        .route(
            "/phone/phone.css",
            get(async || asset("text/css", assets::PHONE_CSS)),
        )
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "no-store"),
        ],
        text,
    )
}
