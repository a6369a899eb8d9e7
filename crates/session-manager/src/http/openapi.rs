//! Serves `GET /openapi.json`. This module holds the general part of the document; the handlers
//! document their routes, and the router collects them.

use api_docs::{Failure, with_token};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "session-manager",
        description = "Holds one WhatsApp Web session in headless Chrome."
    ),
    components(schemas(Failure)),
    security(("token" = [])),
    tags(
        (name = "session", description = "The one session and its states"),
        (name = "code", description = "Linking a phone"),
        (name = "messages", description = "Sending, and what becomes of it"),
        (name = "chats", description = "What else is done in a chat"),
        (name = "files", description = "Files to send"),
        (name = "service", description = "The service itself"),
    )
)]
struct Document;

/// Returns the document without routes.
pub(crate) fn base() -> OpenApi {
    let word = "`SESSION_MANAGER_TOKEN`, where the service has one";
    with_token(Document::openapi(), word)
}
