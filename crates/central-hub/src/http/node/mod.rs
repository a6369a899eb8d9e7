//! Compatibility with the clients of the former Node services: their routes,
//! field names, ways to write a value, and error bodies.
//!
//! ```text
//!  request ─> refusals ─> the hub's routes ─┬─> a handler of the hub; its body
//!                ^                          │   flattens what stands here
//!                │                          ├─> a route of theirs alone (below)
//!  {"ok":false,"success":false,             └─> nothing ─> not_served ─> 501
//!   "error":CODE,…} <── {"error":true,…}
//! ```
//!
//! | module | for |
//! | --- | --- |
//! | [`auth`] | `usuario`, `tipo`, verify, change-password |
//! | [`campaigns`] | further fields of a campaign, and the answer to a change |
//! | [`connect`] | the session that began by itself there |
//! | [`lenient`] | numbers as text, hours with seconds, Spanish days |
//! | [`messages`] | further names in a request to send, and `/sender/send` |
//! | [`paging`] | arrays where nobody asks for a page |
//! | [`mod@recipients`] | `/sender/destinatarios` |
//! | [`refusals`] | the body of a refusal, and what belongs to other systems |
//! | [`schedules`] | a schedule as a row of the bare array |
//! | [`session`] | `state`, and `/session-manager` |
//!
//! To take it out one day: delete the folder, then what the compiler names.

pub(crate) mod auth;
pub(crate) mod campaigns;
pub(crate) mod connect;
pub(crate) mod lenient;
pub(crate) mod messages;
pub(crate) mod paging;
pub(crate) mod recipients;
pub(crate) mod refusals;
pub(crate) mod schedules;
pub(crate) mod session;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{health, overview};
use crate::state::AppState;

/// The part of the API's document that is about these routes.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    auth::verify,
    auth::change_password,
    messages::send,
    recipients::list,
    recipients::summary,
    recipients::add,
    recipients::remove,
    session::sessions,
    session::login,
    session::logout,
    session::status,
    session::state,
    session::qr,
))]
pub(super) struct Document;

/// The routes that only the Node hub had.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/auth/verify", post(auth::verify))
        .route("/auth/change-password", post(auth::change_password))
        .route(
            "/sender/send",
            post(messages::send).layer(DefaultBodyLimit::disable()),
        )
        .nest("/sender/destinatarios/campania/{id}", recipients())
        .route("/session-manager/sessions", get(session::sessions))
        .route("/session-manager/admin/login", post(session::login))
        .route("/session-manager/admin/logout", post(session::logout))
        .route("/session-manager/status", get(session::status))
        .route("/session-manager/state", get(session::state))
        .route("/session-manager/qr", get(session::qr))
        .route("/stats/health", get(health::details))
        .route("/stats/dashboard", get(overview::overview))
}

fn recipients() -> Router<AppState> {
    Router::new()
        .route("/", get(recipients::list))
        .route("/resumen", get(recipients::summary))
        .route("/agregar", post(recipients::add))
        .route("/quitar", delete(recipients::remove))
}

/// An answer with `success` beside what it says.
#[derive(Serialize, ToSchema)]
pub(crate) struct Success<T> {
    #[serde(flatten)]
    body: T,
    success: bool,
}

impl<T> Success<T> {
    pub(crate) const fn of(body: T) -> Self {
        Self {
            body,
            success: true,
        }
    }
}

/// An answer that has its content below `data`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Data<T> {
    success: bool,
    data: T,
}

impl<T> Data<T> {
    pub(crate) const fn of(data: T) -> Self {
        Self {
            success: true,
            data,
        }
    }
}
