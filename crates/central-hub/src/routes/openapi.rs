//! Builds the OpenAPI document's general part, and adds to each route who may
//! use it. Each handler documents its own parameters and responses.

use api_docs::{Failure, with_token};
use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{OpenApi, PathItem};

use crate::auth::Access;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "central-hub",
        description = "Proxies to session-manager, keeps what was written, runs campaigns. \
            Whatever begins with `/api` answers without it, too."
    ),
    components(schemas(Failure)),
    tags(
        (name = "session", description = "The WhatsApp session, which all businesses share"),
        (name = "messages", description = "Single messages, and what became of them"),
        (name = "campaigns", description = "One text for a list of recipients"),
        (name = "schedules", description = "When campaigns may write"),
        (name = "opt-outs", description = "Who is not to be written to"),
        (name = "contacts", description = "With whom a business has to do"),
        (name = "inbound", description = "What comes in"),
        (name = "webhooks", description = "Which programs are told of what"),
        (name = "alerts", description = "What a person has to know of"),
        (name = "users", description = "Who may do what"),
        (name = "service", description = "The hub itself"),
        (name = "node", description = "What only the Node pair's clients ask for"),
    )
)]
struct Document;

/// Returns the document without any routes.
pub(super) fn base() -> OpenApi {
    let word = "A token of `POST /api/tokens`, or what `POST /api/auth/login` answered";
    with_token(Document::openapi(), word)
}

/// Adds the required permissions to an operation.
pub(super) fn admit(access: Access, operation: &mut Operation) {
    let words = match access {
        Access::Anyone => return,
        Access::Known => "For whoever is signed in or has a token.".to_owned(),
        Access::Person => "For people, and tokens with the scope `admin`.".to_owned(),
        Access::Owner => "For people, and tokens with the scope `admin`; for no agente.".to_owned(),
        Access::Business(scope) => format!(
            "Scope `{}`, for no agente; a business sees its own.",
            scope.name()
        ),
        Access::Attending(scope) => format!(
            "Scope `{}`, or an agente; a business sees its own.",
            scope.name()
        ),
        Access::Office(scope) => {
            format!("Scope `{}`, for all businesses, agentes too.", scope.name())
        }
        Access::Everybody(scope) => {
            format!("Scope `{}`; a business sees its own.", scope.name())
        }
        Access::Admins(scope) => format!("Scope `{}`, for all businesses.", scope.name()),
    };
    let known = operation.description.take();
    operation.description =
        Some(known.map_or(words.clone(), |known| format!("{known}\n\n{words}")));
    let token = SecurityRequirement::new::<_, _, &str>("token", []);
    operation.security = Some(vec![token]);
}

/// Returns the operations of a path, by method.
pub(super) fn operations(
    item: &mut PathItem,
) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("GET", &mut item.get),
        ("POST", &mut item.post),
        ("PUT", &mut item.put),
        ("DELETE", &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}
