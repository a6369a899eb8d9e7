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
        description = "Proxies to session-manager, stores messages, runs campaigns. \
            Paths that begin with `/api` also work without this prefix."
    ),
    components(schemas(Failure)),
    tags(
        (name = "session", description = "The WhatsApp session, which all businesses share"),
        (name = "messages", description = "Single messages and their outcomes"),
        (name = "campaigns", description = "One text for a list of recipients"),
        (name = "schedules", description = "The hours in which campaigns may send"),
        (name = "opt-outs", description = "People who opted out"),
        (name = "contacts", description = "The contacts of a business"),
        (name = "inbound", description = "Inbound messages"),
        (name = "webhooks", description = "Programs that receive events"),
        (name = "alerts", description = "Alerts for the operator"),
        (name = "users", description = "Users, sessions and tokens"),
        (name = "service", description = "The hub itself"),
        (name = "node", description = "Routes that only clients of the Node pair use"),
    )
)]
struct Document;

/// Returns the document without any routes.
pub(super) fn base() -> OpenApi {
    let word = "A token from `POST /api/tokens`, or the JWT from `POST /api/auth/login`";
    with_token(Document::openapi(), word)
}

/// Adds the required permissions to an operation.
pub(super) fn admit(access: Access, operation: &mut Operation) {
    let words = match access {
        Access::Anyone => return,
        Access::Known => "For any signed-in user or token.".to_owned(),
        Access::Person => "For users, and tokens with the scope `admin`.".to_owned(),
        Access::Owner => {
            "For users, and tokens with the scope `admin`; not for an agente.".to_owned()
        }
        Access::Business(scope) => format!(
            "Scope `{}`, not for an agente; a business sees its own data.",
            scope.name()
        ),
        Access::Attending(scope) => format!(
            "Scope `{}`, or an agente; a business sees its own data.",
            scope.name()
        ),
        Access::Office(scope) => {
            format!(
                "Scope `{}`, for all businesses, including agentes.",
                scope.name()
            )
        }
        Access::Everybody(scope) => {
            format!("Scope `{}`; a business sees its own data.", scope.name())
        }
        Access::Admins(scope) => format!("Scope `{}`, for all businesses.", scope.name()),
    };
    let description = operation.description.take();
    operation.description = Some(description.map_or(words.clone(), |description| {
        format!("{description}\n\n{words}")
    }));
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
