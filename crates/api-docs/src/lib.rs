//! Serves the OpenAPI document of a service, and a page that shows it.
//!
//! ```text
//!  #[utoipa::path] on each handler ─> a service's document ─> GET /openapi.json
//!                                                                   │
//!                        GET /docs: Swagger UI, from npm, embedded ─┘ reads it
//! ```
//!
//! The document is generated on request, so that an idle service holds no copy.

mod page;
mod parts;

pub use page::routes;
pub use parts::{ClienteHeader, Events, Failure, Failures, IdempotencyHeader, with_token};
