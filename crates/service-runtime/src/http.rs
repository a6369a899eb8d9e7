//! Provides the HTTP building blocks of both services: error bodies, extractors, and the layers
//! around a router.
//!
//! ```text
//!  request ─> id, size of head ─> panic guard ─> route ─> extractor ─> handler
//!                   │                  │           │           │          │
//!  {"error":true,"code":…,"message":…} ┴───────────┴───────────┴──────────┘
//! ```

mod attachment;
mod body;
mod cross_site_guard;
mod extract;
mod json;
mod middleware;
mod multipart;
mod part_name;
mod reply;
mod success;
mod token_guesses;

pub use attachment::{add_untrusted_file_headers, disposition};
use body::find_source;
pub use body::{body_failed, is_stalled};
pub use cross_site_guard::{
    is_loopback_host, is_same_origin, refuse_cross_site, require_loopback_host,
};
pub use extract::{ApiPath, ApiQuery, ClienteId};
pub use json::{ApiJson, json_from};
pub use middleware::{Limits, RequestId, standard, with_body_limit};
pub use multipart::{Parts, broken_part, is_multipart, json_part, parts_of};
pub use part_name::part_file_name;
pub use reply::ErrorReply;
pub use success::with_success;
pub use token_guesses::Guesses;

/// The header that carries the id of a request, in requests and responses.
pub const REQUEST_ID_HEADER: &str = "x-request-id";

/// The header that names the business on whose behalf a request is made.
pub const CLIENTE_ID_HEADER: &str = "x-cliente-id";
