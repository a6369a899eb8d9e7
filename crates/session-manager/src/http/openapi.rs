//! `GET /openapi.json`: what the OpenAPI document says of the whole. The handlers
//! document their routes, and the router collects them.

use api_docs::{Failure, bearer};
use utoipa::openapi::OpenApi;
use utoipa::{Modify, OpenApi as _};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "session-manager",
        description = "Holds one WhatsApp Web session in headless Chrome."
    ),
    components(schemas(Failure)),
    modifiers(&Token),
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

struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = bearer("`SESSION_MANAGER_TOKEN`, where the service has one");
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("token", scheme);
    }
}

/// Returns the document without any route.
pub(crate) fn base() -> OpenApi {
    Document::openapi()
}
