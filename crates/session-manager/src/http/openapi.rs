//! `GET /openapi.json`: the OpenAPI document, collected from the handlers.

use api_docs::{Failure, bearer};
use utoipa::openapi::OpenApi;
use utoipa::{Modify, OpenApi as _};

use super::{chats, events, files, media, metrics, passkey, qr, send, session, status};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "session-manager",
        description = "Holds one WhatsApp Web session in headless Chrome."
    ),
    paths(
        status::health, status::deep, status::status, session::session, session::connect,
        session::disconnect, session::logout, qr::json, qr::png, qr::svg, qr::text,
        session::pairing_code, passkey::passkey, passkey::answer, passkey::confirm,
        passkey::cancel, send::send, send::check, send::look_up, send::message, send::edit,
        send::delete, chats::read, chats::typing, chats::contact, chats::forget, media::media,
        media::delete, events::events, files::upload, files::file, files::delete, session::backup,
        session::screenshot,
        metrics::metrics,
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

/// Returns the document.
#[must_use]
pub fn document() -> OpenApi {
    Document::openapi()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openapi_has_every_path() {
        let document = document();
        let source = include_str!("../../../session-api/src/paths.rs");
        let mut seen = 0;
        for path in source
            .split("= \"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
        {
            assert!(document.paths.paths.contains_key(path), "{path}");
            seen += 1;
        }
        assert_eq!(seen, document.paths.paths.len());
    }
}
