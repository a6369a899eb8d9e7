//! Serves the clients of the former Node services, with their routes, field
//! names, value formats and error bodies.
//!
//! ```text
//!  request ─> refusals ─> the hub's routes ─┬─> a handler of the hub; its body
//!                ^                          │   flattens fields of this module
//!                │                          ├─> a Node-only route (below)
//!  {"ok":false,"success":false,             └─> no route ─> not_served ─> 501
//!   "error":CODE,…} <── {"error":true,…}
//! ```
//!
//! | module | for |
//! | --- | --- |
//! | [`auth`] | `usuario`, `tipo`, verify, change-password |
//! | [`campaigns`] | additional fields of a campaign, and the response to a change |
//! | [`connect`] | the session, which the Node services started by themselves |
//! | [`lenient`] | numbers as text, hours with seconds, Spanish days |
//! | [`messages`] | aliases in a send request, and `/sender/send` |
//! | [`paging`] | arrays where the request names no page |
//! | [`mod@recipients`] | `/sender/destinatarios` |
//! | [`refusals`] | error bodies, and routes of other systems |
//! | [`schedules`] | a schedule as a row of the bare array |
//! | [`session`] | `state`, and `/session-manager` |
//!
//! To remove the module: delete the folder, then fix the compiler's errors.

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

use serde::Serialize;
use utoipa::ToSchema;

/// A response body with `success` added.
#[derive(Serialize, ToSchema)]
pub(crate) struct Success<T> {
    #[serde(flatten)]
    body: T,
    success: bool,
}

impl<T> Success<T> {
    pub(crate) const fn new(body: T) -> Self {
        Self {
            body,
            success: true,
        }
    }
}

/// A response body nested below `data`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Data<T> {
    success: bool,
    data: T,
}

impl<T> Data<T> {
    pub(crate) const fn new(data: T) -> Self {
        Self {
            success: true,
            data,
        }
    }
}
