//! The API of a service, for programs and for people.
//!
//! ```text
//!  #[utoipa::path] on each handler ─> a service's document ─> GET /openapi.json
//!                                                                   │
//!                        GET /docs: Swagger UI, from npm, embedded ─┘ reads it
//! ```
//!
//! The document is made when somebody asks for it: at idle it costs nothing.

mod page;
mod parts;

pub use page::routes;
pub use parts::{ClienteHeader, Events, Failure, Failures, IdempotencyHeader, bearer};
