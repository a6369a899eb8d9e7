//! Serves the OpenAPI document of a service, and a page that shows it.
//!
//! ```text
//!  #[utoipa::path] on each handler ─> a service's document ─> GET /openapi.json
//!                                                                   │
//!                        GET /docs: Swagger UI, from npm, embedded ─┘ reads it
//! ```
//!
//! The document is generated on request, so that an idle service holds no copy.

mod events;
mod page;
mod parts;

pub use events::{EventType, session_events, with_events, with_schemas};
pub use page::routes;
pub use parts::{ClienteHeader, Failure, Failures, IdempotencyHeader, with_token};
