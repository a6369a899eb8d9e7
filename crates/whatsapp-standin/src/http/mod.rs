//! Defines the HTTP routes: WhatsApp's page at `/`, the phone at `/phone`.

mod api;
mod assets;
mod phone_page;
mod web;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;

use crate::shared::Shared;

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .merge(web::routes(&shared))
        .merge(phone_page::routes())
        .merge(api::routes())
        .layer(DefaultBodyLimit::max(1024 * 1024))
        .with_state(shared)
}
