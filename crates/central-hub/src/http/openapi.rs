//! The OpenAPI document of the hub for `GET /openapi.json`: it lists the
//! handlers, each of which documents its parameters and responses. Permissions
//! are added from the table in `auth/access.rs`.

use api_docs::{Failure, bearer};
use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{OpenApi, PathItem};

use super::{
    admin, alerts, auth, campaigns, cliente, config, contact_checks, contacts, events, files,
    health, inbox, listener, media, message_actions, messages, metrics, node, numbers, overview,
    passkey, qr_code, quick_answers, reports, send, sender, sending, tokens, users, v2, webhooks,
};
use crate::auth::{Access, ROUTES};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "central-hub",
        description = "Proxies to session-manager, keeps what was written, runs campaigns. \
            Whatever begins with `/api` answers without it, too."
    ),
    paths(health::health, health::deep, health::details),
    nest((path = "/api", api = Closed), (path = "/api", api = campaigns::Document), (path = "/api", api = node::Document)),
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

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    admin::status,
    admin::qr,
    admin::session,
    admin::connect,
    admin::disconnect,
    admin::logout,
    admin::pairing_code,
    passkey::passkey,
    passkey::answer,
    passkey::confirm,
    passkey::cancel,
    cliente::status,
    cliente::session,
    cliente::connect,
    cliente::disconnect,
    cliente::logout,
    cliente::qr,
    cliente::pairing_code,
    v2::status,
    v2::qr,
    v2::connect,
    qr_code::qr_code,
    config::config,
    events::events,
    metrics::metrics,
    overview::overview,
    auth::login,
    auth::logout,
    auth::me,
    auth::refresh,
    auth::password,
    users::list,
    users::create,
    users::show,
    users::change,
    users::remove,
    tokens::list,
    tokens::create,
    tokens::revoke,
    send::send,
    numbers::phone,
    sending::show,
    sending::turn,
    sender::send,
    sender::bulk,
    sender::status,
    sender::retry,
    sender::decide,
    messages::list,
    messages::csv,
    files::upload,
    files::file,
    files::delete,
    listener::status,
    listener::mode,
    listener::conversations,
    inbox::counts,
    inbox::read,
    inbox::attended,
    listener::messages,
    listener::history,
    message_actions::edit,
    message_actions::delete,
    message_actions::seen,
    message_actions::typing,
    message_actions::profile,
    media::media,
    media::linked,
    contacts::list,
    contacts::csv,
    contacts::one,
    contacts::change,
    contacts::forget,
    contacts::join,
    contacts::part,
    contact_checks::check,
    quick_answers::list,
    quick_answers::create,
    quick_answers::change,
    quick_answers::remove,
    reports::incoming,
    reports::outgoing,
    alerts::show,
    alerts::test,
    webhooks::list,
    webhooks::create,
    webhooks::show,
    webhooks::change,
    webhooks::remove,
    webhooks::rotate,
    webhooks::test,
    webhooks::deliveries::list,
    webhooks::deliveries::replay_all,
    webhooks::deliveries::show,
    webhooks::deliveries::replay,
))]
struct Closed;

/// Alias paths, each with the path it documents; the alias is the older.
const SHORT: [(&str, &str); 5] = [
    ("/api/stats/health", "/api/health"),
    ("/api/stats/dashboard", "/api/overview"),
    ("/api/status", "/api/admin/whatsapp/status"),
    ("/api/qr", "/api/admin/whatsapp/qr"),
    ("/api/connect", "/api/admin/whatsapp/connect"),
];

/// Builds the OpenAPI document.
#[must_use]
pub(crate) fn document() -> OpenApi {
    let mut document = Document::openapi();
    for (short, long) in SHORT {
        let Some(mut item) = document.paths.paths.get(long).cloned() else {
            continue;
        };
        for (_, operation) in operations(&mut item) {
            operation.operation_id = Some(short.replace("/api/", "short_"));
        }
        document.paths.paths.insert(short.to_owned(), item);
    }
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            let path = path.trim_start_matches("/api");
            let rule = ROUTES
                .iter()
                .find(|rule| (rule.method, rule.path) == (method, path));
            if let Some(rule) = rule {
                admit(rule.access, operation);
            }
        }
    }
    let components = document.components.get_or_insert_default();
    let word = "A token of `POST /api/tokens`, or what `POST /api/auth/login` answered";
    components.add_security_scheme("token", bearer(word));
    document
}

/// Adds the required permissions to an operation.
fn admit(access: Access, operation: &mut Operation) {
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

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("GET", &mut item.get),
        ("POST", &mut item.post),
        ("PUT", &mut item.put),
        ("DELETE", &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_is_in_it_and_nothing_else() {
        let mut document = document();
        let mut told = BTreeSet::new();
        for (path, item) in &mut document.paths.paths {
            for (method, operation) in operations(item) {
                assert!(operation.summary.is_some(), "{method} {path}");
                told.insert((method, path.clone()));
            }
        }
        let open = [
            ("GET", "/health".to_owned()),
            ("GET", "/health/deep".to_owned()),
            ("GET", "/api/health".to_owned()),
        ];
        let ruled = ROUTES
            .iter()
            .map(|rule| (rule.method, format!("/api{}", rule.path)));
        assert_eq!(told, open.into_iter().chain(ruled).collect());
    }

    #[test]
    fn operations_document_who_may_call_them() {
        let mut document = document();
        let paths = &mut document.paths.paths;
        let send = paths["/api/send"].post.as_ref().unwrap();
        let words = send.description.as_ref().unwrap();
        assert!(
            words.ends_with("Scope `send`; a business sees its own."),
            "{words}"
        );
        assert!(send.security.as_ref().is_some_and(|all| all.len() == 1));
        let login = paths["/api/auth/login"].post.as_ref().unwrap();
        assert!(login.security == Some(vec![SecurityRequirement::default()]));
    }
}
