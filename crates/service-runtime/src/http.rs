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
mod extract;
mod guard;
mod guesses;
mod json;
mod multipart;
mod part_name;
mod reply;
mod standard;
mod success;

pub use attachment::{disposition, distrust};
use body::find_source;
pub use body::{body_failed, is_stalled};
pub use extract::{ApiPath, ApiQuery, ClienteId};
pub use guard::{is_loopback_host, is_same_origin, refuse_cross_site, require_loopback_host};
pub use guesses::Guesses;
pub use json::{ApiJson, json_from};
pub use multipart::{Parts, broken_part, is_multipart, json_part, parts_of};
pub use part_name::part_file_name;
pub use reply::ErrorReply;
pub use standard::{Limits, RequestId, standard, with_body_limit};
pub use success::with_success;

/// The header that carries the id of a request, in requests and responses.
pub const REQUEST_ID_HEADER: &str = "x-request-id";

/// The header that names the business on whose behalf a request is made.
pub const CLIENTE_ID_HEADER: &str = "x-cliente-id";
