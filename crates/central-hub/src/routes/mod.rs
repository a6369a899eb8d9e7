//! The table of routes: it lists each handler, which documents its own path,
//! with the callers that may use it. The router, the access table and the
//! OpenAPI document are built from this table.

mod guarded;
mod openapi;
mod webhook_bodies;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{map_request, map_response};
use service_runtime::http::{with_body_limit, with_success};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use self::guarded::GuardedRoutes;
use crate::auth::Access::{
    Admins, Anyone, Attending, Business, Everybody, Known, Office, Owner, Person,
};
use crate::auth::Scope::{Admin, Campaigns, Link, Read, Send};
use crate::auth::{AccessTable, Rule};
use crate::http::{
    admin, alerts, auth, campaigns, cliente, config, contact_checks, contacts, events, files,
    health, inbox, listener, media, message_actions, messages, metrics, node, numbers, overview,
    passkey, qr_code, quick_answers, reports, send, sender, sending, tokens, users, v2, webhooks,
};
use crate::state::AppState;

/// Returns the health checks, which are open to anyone.
pub(crate) fn open() -> Router<AppState> {
    health_checks().split_for_parts().0
}

/// Returns the routes that are served with and without the prefix `/api`, and
/// the table of who may use them.
pub(crate) fn guarded() -> (Router<AppState>, Arc<AccessTable>) {
    let routes = all_routes();
    (
        routes.router.split_for_parts().0,
        AccessTable::new(routes.rules),
    )
}

/// Returns the access to each route except the open health checks.
#[must_use]
pub fn rules() -> Vec<Rule> {
    all_routes().rules
}

/// Builds the OpenAPI document.
#[must_use]
pub(crate) fn document() -> OpenApi {
    let events = events::event_types();
    let document = api_docs::with_events(documented_routes(), "/api/events", &events);
    webhook_bodies::with_webhooks(document)
}

fn documented_routes() -> OpenApi {
    let base = OpenApiRouter::with_openapi(openapi::base());
    let with_health = base.merge(health_checks());
    with_health.nest("/api", all_routes().router).into_openapi()
}

fn health_checks() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(health::health))
        .routes(routes!(health::deep))
        .routes(routes!(health::details))
}

fn all_routes() -> GuardedRoutes {
    GuardedRoutes::new()
        .merge(sign_in())
        .merge(page())
        .merge(session())
        .merge(messages())
        .merge(campaigns())
        .merge(opt_outs())
        .merge(conversations())
        .merge(contacts())
        .merge(of_node())
        .merge(notifications())
}

/// Routes of sign-in, users and tokens.
fn sign_in() -> GuardedRoutes {
    GuardedRoutes::new()
        .route(Anyone, routes!(auth::login))
        .route(Known, routes!(auth::logout))
        .route(Known, routes!(auth::refresh))
        .route(Known, routes!(auth::me))
        .route(Person, routes!(auth::password))
        .route(Known, routes!(node::auth::verify))
        .route(Person, routes!(node::auth::change_password))
        .route(Admins(Admin), routes!(users::list))
        .route(Admins(Admin), routes!(users::create))
        .route(Admins(Admin), routes!(users::show))
        .route(Admins(Admin), routes!(users::change))
        .route(Admins(Admin), routes!(users::remove))
        .route(Owner, routes!(tokens::list))
        .route(Owner, routes!(tokens::create))
        .route(Owner, routes!(tokens::revoke))
}

/// Routes that the web page as a whole uses: settings, events, overview and the
/// stop switch; also the metrics.
fn page() -> GuardedRoutes {
    GuardedRoutes::new()
        .route(Known, routes!(config::config))
        .route(Everybody(Read), routes!(events::events))
        .route(Everybody(Read), routes!(overview::overview))
        // The switch that stops all sending.
        .route(Everybody(Read), routes!(sending::show))
        .route(Admins(Admin), routes!(sending::switch))
        // For monitoring systems.
        .route(Admins(Read), routes!(metrics::metrics))
}

/// Routes of the session, which all businesses share.
fn session() -> GuardedRoutes {
    GuardedRoutes::new()
        .route(Everybody(Read), routes!(numbers::phone))
        .alias("/status", Admins(Read), routes!(admin::status))
        .alias("/qr", Admins(Link), routes!(admin::qr))
        .alias("/connect", Admins(Link), routes!(admin::connect))
        .route(Office(Read), routes!(admin::status))
        .route(Office(Read), routes!(admin::session))
        .route(Admins(Link), routes!(admin::qr))
        .route(Admins(Link), routes!(admin::connect))
        .route(Admins(Link), routes!(admin::disconnect))
        .route(Admins(Link), routes!(admin::logout))
        .route(Admins(Link), routes!(admin::pairing_code))
        .route(Admins(Link), routes!(passkey::passkey))
        .route(Admins(Link), routes!(passkey::answer))
        .route(Admins(Link), routes!(passkey::confirm))
        .route(Admins(Link), routes!(passkey::cancel))
        // The same routes for one business. Operations that would take the
        // session from the other businesses are for administrators.
        .route(Everybody(Read), routes!(cliente::status))
        .route(Everybody(Read), routes!(cliente::session))
        .route(Everybody(Link), routes!(cliente::qr))
        .route(Everybody(Link), routes!(cliente::connect))
        .route(Admins(Link), routes!(cliente::disconnect))
        .route(Admins(Link), routes!(cliente::logout))
        .route(Admins(Link), routes!(cliente::pairing_code))
        // Routes of the Node hub's two screens, for any signed-in user.
        .route(Everybody(Link), routes!(qr_code::qr_code))
        .route(Everybody(Read), routes!(v2::status))
        .route(Everybody(Link), routes!(v2::qr))
        .route(Everybody(Link), routes!(v2::connect))
}

/// Routes of messages and files.
fn messages() -> GuardedRoutes {
    GuardedRoutes::new()
        .route(
            Everybody(Send),
            routes!(send::send)
                .layer(DefaultBodyLimit::disable())
                .layer(map_response(with_success)),
        )
        // A file id cannot be guessed, so only the uploader can use it.
        .route(Everybody(Send), routes!(files::upload))
        .route(Everybody(Send), routes!(files::file))
        .route(Everybody(Send), routes!(files::delete))
        .route(Everybody(Read), routes!(messages::list))
        .route(Everybody(Read), routes!(messages::csv))
        .route(Everybody(Send), routes!(sender::send))
        // A message to many recipients at once is not a reply, so agentes may not send it.
        .route(
            Business(Send),
            routes!(sender::bulk).layer(map_request(bulk_limit)),
        )
        .route(Everybody(Read), routes!(sender::status))
        .route(Everybody(Send), routes!(sender::retry))
        .route(Everybody(Send), routes!(sender::decide))
}

/// Routes of campaigns and schedules. Only administrators, who are responsible
/// for the phone, can start sending.
fn campaigns() -> GuardedRoutes {
    GuardedRoutes::new()
        .route(Everybody(Read), routes!(campaigns::list))
        .route(Everybody(Campaigns), routes!(campaigns::edit::create))
        .route(Everybody(Read), routes!(campaigns::one))
        .route(Everybody(Campaigns), routes!(campaigns::edit::edit))
        .route(Everybody(Campaigns), routes!(campaigns::delete))
        .route(Admins(Campaigns), routes!(campaigns::approve))
        .route(Everybody(Campaigns), routes!(campaigns::pause))
        .route(Admins(Campaigns), routes!(campaigns::resume))
        .route(Everybody(Campaigns), routes!(campaigns::copy))
        .route(Everybody(Read), routes!(campaigns::stats::stats))
        .route(Everybody(Read), routes!(campaigns::replies::replies))
        .route(Everybody(Read), routes!(campaigns::recipients::list))
        .route(Everybody(Campaigns), routes!(campaigns::upload::upload))
        .route(
            Everybody(Campaigns),
            routes!(campaigns::recipients::retry_all),
        )
        .route(Everybody(Read), routes!(campaigns::recipients::one))
        .route(Everybody(Campaigns), routes!(campaigns::recipients::retry))
        .route(Everybody(Read), routes!(campaigns::checks::progress))
        .route(Business(Campaigns), routes!(campaigns::checks::begin))
        .route(Business(Campaigns), routes!(campaigns::checks::skip))
        .route(Everybody(Read), routes!(campaigns::imports::list))
        .route(Everybody(Read), routes!(campaigns::imports::one))
        .route(Everybody(Campaigns), routes!(campaigns::imports::delete))
        .route(Everybody(Read), routes!(campaigns::imports::rejected))
        .route(Everybody(Read), routes!(campaigns::schedules::list))
        .route(Everybody(Campaigns), routes!(campaigns::schedules::create))
        .route(Everybody(Read), routes!(campaigns::schedules::one))
        .route(Everybody(Campaigns), routes!(campaigns::schedules::edit))
        .route(Everybody(Campaigns), routes!(campaigns::schedules::delete))
        .route(Admins(Campaigns), routes!(campaigns::schedules::approve))
        .route(Admins(Campaigns), routes!(campaigns::schedules::reject))
        .route(Everybody(Campaigns), routes!(campaigns::schedules::pause))
}

/// Routes of the opt-out list, which all businesses share.
fn opt_outs() -> GuardedRoutes {
    GuardedRoutes::new()
        .route(Office(Read), routes!(campaigns::opt_outs::list))
        // Users who answer conversations are the first to receive opt-outs.
        .route(Attending(Campaigns), routes!(campaigns::opt_outs::add))
        .route(Everybody(Read), routes!(campaigns::opt_outs::words))
        .route(Admins(Campaigns), routes!(campaigns::opt_outs::set_words))
        .route(Everybody(Read), routes!(campaigns::possible_opt_outs::list))
        .route(
            Attending(Campaigns),
            routes!(campaigns::possible_opt_outs::decide),
        )
        .route(Everybody(Read), routes!(campaigns::opt_outs::answer))
        .route(Admins(Campaigns), routes!(campaigns::opt_outs::set_answer))
        .route(Everybody(Read), routes!(campaigns::opt_outs::one))
        .route(Admins(Campaigns), routes!(campaigns::opt_outs::remove))
}

/// Routes of inbound messages. Programs that report messages authenticate with `INTERNAL_TOKEN`.
fn conversations() -> GuardedRoutes {
    GuardedRoutes::new()
        .route(Everybody(Read), routes!(listener::status))
        .route(Admins(Admin), routes!(listener::mode))
        .route(Everybody(Read), routes!(listener::conversations))
        .route(Everybody(Read), routes!(inbox::counts))
        // Marks: what a user has read, and what needs no reply.
        .route(Person, routes!(inbox::read))
        .route(Everybody(Send), routes!(inbox::attended))
        .route(Everybody(Read), routes!(listener::messages))
        .route(Everybody(Read), routes!(listener::history))
        .route(Everybody(Read), routes!(media::media))
        // Actions that WhatsApp shows to the contact; they need the same rights as sending.
        .route(Everybody(Send), routes!(message_actions::edit))
        .route(Everybody(Send), routes!(message_actions::delete))
        .route(Everybody(Send), routes!(message_actions::react))
        .route(Everybody(Send), routes!(message_actions::remove_reaction))
        .route(Everybody(Send), routes!(message_actions::seen))
        .route(Everybody(Send), routes!(message_actions::typing))
        .route(Everybody(Send), routes!(message_actions::profile))
        // The token in the path is the credential.
        .route(Anyone, routes!(media::linked))
        .route(Anyone, routes!(reports::incoming))
        .route(Anyone, routes!(reports::outgoing))
}

/// Routes of contacts and quick answers. Merging and splitting contacts affects
/// all businesses, so it is for administrators only.
fn contacts() -> GuardedRoutes {
    GuardedRoutes::new()
        .route(Everybody(Read), routes!(contacts::list))
        .route(Everybody(Read), routes!(contacts::csv))
        .route(Business(Campaigns), routes!(contact_checks::check))
        .route(Everybody(Read), routes!(contacts::one))
        .route(Everybody(Campaigns), routes!(contacts::change))
        .route(Everybody(Campaigns), routes!(contacts::forget))
        .route(Admins(Campaigns), routes!(contacts::join))
        .route(Admins(Campaigns), routes!(contacts::part))
        // Prepared texts, which the users who answer conversations also maintain.
        .route(Everybody(Read), routes!(quick_answers::list))
        .route(Everybody(Send), routes!(quick_answers::create))
        .route(Everybody(Send), routes!(quick_answers::change))
        .route(Everybody(Send), routes!(quick_answers::remove))
}

/// Additional routes of the Node hub, under its names.
fn of_node() -> GuardedRoutes {
    GuardedRoutes::new()
        .route(
            Everybody(Send),
            routes!(node::messages::send).layer(DefaultBodyLimit::disable()),
        )
        .route(Everybody(Read), routes!(node::recipients::list))
        .route(Everybody(Read), routes!(node::recipients::summary))
        .route(Everybody(Campaigns), routes!(node::recipients::add))
        .route(Everybody(Campaigns), routes!(node::recipients::remove))
        .route(Admins(Read), routes!(node::session::sessions))
        .route(Admins(Read), routes!(node::session::status))
        .route(Admins(Read), routes!(node::session::state))
        .route(Admins(Link), routes!(node::session::qr))
        .route(Admins(Link), routes!(node::session::login))
        .route(Admins(Link), routes!(node::session::logout))
        .alias("/stats/health", Anyone, routes!(health::details))
        .alias(
            "/stats/dashboard",
            Everybody(Read),
            routes!(overview::overview),
        )
}

/// Routes of alerts and webhooks. A webhook can send every event to any
/// address, so these are for administrators only.
fn notifications() -> GuardedRoutes {
    GuardedRoutes::new()
        .route(Admins(Admin), routes!(alerts::show))
        .route(Admins(Admin), routes!(alerts::test))
        .route(Admins(Admin), routes!(webhooks::list))
        .route(Admins(Admin), routes!(webhooks::create))
        .route(Admins(Admin), routes!(webhooks::show))
        .route(Admins(Admin), routes!(webhooks::change))
        .route(Admins(Admin), routes!(webhooks::remove))
        .route(Admins(Admin), routes!(webhooks::rotate))
        .route(Admins(Admin), routes!(webhooks::test))
        .route(Admins(Admin), routes!(webhooks::deliveries::list))
        .route(Admins(Admin), routes!(webhooks::deliveries::replay_all))
        .route(Admins(Admin), routes!(webhooks::deliveries::show))
        .route(Admins(Admin), routes!(webhooks::deliveries::replay))
}

/// Limits the body to the size of the largest `bulk` request.
async fn bulk_limit(request: Request) -> Request {
    with_body_limit(request, sender::MAX_BULK_BYTES)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use utoipa::openapi::security::SecurityRequirement;

    use super::openapi::operations;
    use super::*;

    #[test]
    fn every_route_is_in_it_and_nothing_else() {
        let mut document = document();
        let mut documented = BTreeSet::new();
        for (path, item) in &mut document.paths.paths {
            for (method, operation) in operations(item) {
                assert!(operation.summary.is_some(), "{method} {path}");
                documented.insert((method, path.clone()));
            }
        }
        let open = [
            ("GET", "/health".to_owned()),
            ("GET", "/health/deep".to_owned()),
            ("GET", "/api/health".to_owned()),
        ];
        let ruled = rules()
            .into_iter()
            .map(|rule| (rule.method, format!("/api{}", rule.path)));
        assert_eq!(documented, open.into_iter().chain(ruled).collect());
    }

    /// Schemas are distinguished by their name alone, and the events add theirs to those of the
    /// routes.
    #[test]
    fn schemas_of_events_and_webhooks_replace_no_others() {
        let schemas = |document: OpenApi| document.components.unwrap().schemas;
        let complete = schemas(document());
        for (name, schema) in schemas(documented_routes()) {
            assert!(complete[&name] == schema, "{name}");
        }
    }

    #[test]
    fn operations_document_who_may_call_them() {
        let mut document = document();
        let paths = &mut document.paths.paths;
        let send = paths["/api/send"].post.as_ref().unwrap();
        let words = send.description.as_ref().unwrap();
        assert!(
            words.ends_with("Scope `send`; a business sees its own data."),
            "{words}"
        );
        assert!(send.security.as_ref().is_some_and(|all| all.len() == 1));
        let login = paths["/api/auth/login"].post.as_ref().unwrap();
        assert!(login.security == Some(vec![SecurityRequirement::default()]));
    }
}
