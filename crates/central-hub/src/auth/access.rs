//! Access table: the callers that may use each route.
//!
//! A route that is not in the table is refused for every caller, so that a
//! forgotten entry opens nothing.

use axum::http::{HeaderValue, Method};

use super::{Caller, Scope};
use crate::store::Role;

/// The callers that may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// No authentication; the handler does its own check, if any.
    Anyone,
    /// Any authenticated caller, API tokens included.
    Known,
    /// A signed-in user, or a token with the scope `admin`.
    Person,
    /// As `Person`, without agentes.
    Owner,
    /// Any caller with the scope; a cliente is limited to its own data.
    Everybody(Scope),
    /// As `Everybody`, without agentes.
    Business(Scope),
    /// As `Everybody`, and agentes, whatever their scopes.
    Attending(Scope),
    /// A caller with the scope who sees all businesses, agentes included.
    Office(Scope),
    /// As `Office`, without agentes.
    Admins(Scope),
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// `GET` also covers `HEAD`.
    pub method: &'static str,
    /// Path pattern as in the router, without `/api`.
    pub path: &'static str,
    /// The callers that may use it.
    pub access: Access,
}

const fn rule(method: &'static str, path: &'static str, access: Access) -> Rule {
    Rule {
        method,
        path,
        access,
    }
}

use Access::{Admins, Anyone, Attending, Business, Everybody, Known, Office, Owner, Person};
use Scope::{Admin, Campaigns, Link, Read, Send};

/// All routes except the open health checks.
pub const ALL: &[Rule] = &[
    // Sign-in.
    rule("POST", "/auth/login", Anyone),
    rule("POST", "/auth/logout", Known),
    rule("POST", "/auth/refresh", Known),
    rule("GET", "/auth/me", Known),
    rule("POST", "/auth/password", Person),
    rule("POST", "/auth/verify", Known),
    rule("POST", "/auth/change-password", Person),
    rule("GET", "/users", Admins(Admin)),
    rule("POST", "/users", Admins(Admin)),
    rule("GET", "/users/{id}", Admins(Admin)),
    rule("PUT", "/users/{id}", Admins(Admin)),
    rule("DELETE", "/users/{id}", Admins(Admin)),
    rule("GET", "/tokens", Owner),
    rule("POST", "/tokens", Owner),
    rule("DELETE", "/tokens/{id}", Owner),
    // The page.
    rule("GET", "/config", Known),
    rule("GET", "/events", Everybody(Read)),
    rule("GET", "/overview", Everybody(Read)),
    // What stops all sending.
    rule("GET", "/sending", Everybody(Read)),
    rule("PUT", "/sending", Admins(Admin)),
    // For monitors.
    rule("GET", "/metrics", Admins(Read)),
    // The session, which all businesses share.
    rule("GET", "/phone", Everybody(Read)),
    rule("GET", "/status", Admins(Read)),
    rule("GET", "/qr", Admins(Link)),
    rule("POST", "/connect", Admins(Link)),
    rule("GET", "/admin/whatsapp/status", Office(Read)),
    rule("GET", "/admin/whatsapp/session", Office(Read)),
    rule("GET", "/admin/whatsapp/qr", Admins(Link)),
    rule("POST", "/admin/whatsapp/connect", Admins(Link)),
    rule("POST", "/admin/whatsapp/disconnect", Admins(Link)),
    rule("POST", "/admin/whatsapp/logout", Admins(Link)),
    rule("POST", "/admin/whatsapp/pairing-code", Admins(Link)),
    rule("GET", "/admin/whatsapp/passkey", Admins(Link)),
    rule("POST", "/admin/whatsapp/passkey", Admins(Link)),
    rule("POST", "/admin/whatsapp/passkey/confirm", Admins(Link)),
    rule("POST", "/admin/whatsapp/passkey/cancel", Admins(Link)),
    // The same for one business; operations that would take the session from
    // the other businesses are for administrators.
    rule("GET", "/whatsapp/{cliente_id}/status", Everybody(Read)),
    rule("GET", "/whatsapp/{cliente_id}/session", Everybody(Read)),
    rule("GET", "/whatsapp/{cliente_id}/qr", Everybody(Link)),
    rule("POST", "/whatsapp/{cliente_id}/connect", Everybody(Link)),
    rule("POST", "/whatsapp/{cliente_id}/disconnect", Admins(Link)),
    rule("POST", "/whatsapp/{cliente_id}/logout", Admins(Link)),
    rule("POST", "/whatsapp/{cliente_id}/pairing-code", Admins(Link)),
    // Routes of the Node hub's two screens, for any signed-in user.
    rule("GET", "/qr-code", Everybody(Link)),
    rule("GET", "/whatsapp-v2/status", Everybody(Read)),
    rule("GET", "/whatsapp-v2/qr", Everybody(Link)),
    rule("POST", "/whatsapp-v2/connect", Everybody(Link)),
    // Messages.
    rule("POST", "/send", Everybody(Send)),
    // A file id cannot be guessed, so only the uploader can use it.
    rule("POST", "/files", Everybody(Send)),
    rule("GET", "/files/{id}", Everybody(Send)),
    rule("DELETE", "/files/{id}", Everybody(Send)),
    rule("GET", "/sender/messages", Everybody(Read)),
    rule("GET", "/sender/messages.csv", Everybody(Read)),
    rule("POST", "/sender/messages/send", Everybody(Send)),
    // To many at once is no answer.
    rule("POST", "/sender/messages/bulk", Business(Send)),
    rule("GET", "/sender/messages/status/{id}", Everybody(Read)),
    rule("POST", "/sender/messages/{id}/retry", Everybody(Send)),
    rule("POST", "/sender/messages/{id}/decide", Everybody(Send)),
    // Campaigns. Starting to send is for administrators, who are responsible
    // for the phone.
    rule("GET", "/sender/campaigns", Everybody(Read)),
    rule("POST", "/sender/campaigns", Everybody(Campaigns)),
    rule("GET", "/sender/campaigns/{id}", Everybody(Read)),
    rule("PUT", "/sender/campaigns/{id}", Everybody(Campaigns)),
    rule("DELETE", "/sender/campaigns/{id}", Everybody(Campaigns)),
    rule("POST", "/sender/campaigns/{id}/approve", Admins(Campaigns)),
    rule("POST", "/sender/campaigns/{id}/pause", Everybody(Campaigns)),
    rule("POST", "/sender/campaigns/{id}/resume", Admins(Campaigns)),
    rule("POST", "/sender/campaigns/{id}/copy", Everybody(Campaigns)),
    rule("GET", "/sender/campaigns/{id}/stats", Everybody(Read)),
    rule("GET", "/sender/campaigns/{id}/replies", Everybody(Read)),
    rule("GET", "/sender/campaigns/{id}/recipients", Everybody(Read)),
    rule(
        "POST",
        "/sender/campaigns/{id}/recipients",
        Everybody(Campaigns),
    ),
    rule(
        "POST",
        "/sender/campaigns/{id}/recipients/retry",
        Everybody(Campaigns),
    ),
    rule(
        "GET",
        "/sender/campaigns/{id}/recipients/{recipient}",
        Everybody(Read),
    ),
    rule(
        "POST",
        "/sender/campaigns/{id}/recipients/{recipient}/retry",
        Everybody(Campaigns),
    ),
    rule("GET", "/sender/campaigns/{id}/check", Everybody(Read)),
    rule("POST", "/sender/campaigns/{id}/check", Business(Campaigns)),
    rule(
        "POST",
        "/sender/campaigns/{id}/check/skip",
        Business(Campaigns),
    ),
    rule("GET", "/sender/campaigns/{id}/imports", Everybody(Read)),
    rule(
        "GET",
        "/sender/campaigns/{id}/imports/{import}",
        Everybody(Read),
    ),
    rule(
        "DELETE",
        "/sender/campaigns/{id}/imports/{import}",
        Everybody(Campaigns),
    ),
    rule(
        "GET",
        "/sender/campaigns/{id}/imports/{import}/rejected",
        Everybody(Read),
    ),
    rule("GET", "/sender/programaciones", Everybody(Read)),
    rule("POST", "/sender/programaciones", Everybody(Campaigns)),
    rule("GET", "/sender/programaciones/{id}", Everybody(Read)),
    rule("PUT", "/sender/programaciones/{id}", Everybody(Campaigns)),
    rule(
        "DELETE",
        "/sender/programaciones/{id}",
        Everybody(Campaigns),
    ),
    rule(
        "POST",
        "/sender/programaciones/{id}/approve",
        Admins(Campaigns),
    ),
    rule(
        "POST",
        "/sender/programaciones/{id}/reject",
        Admins(Campaigns),
    ),
    rule(
        "POST",
        "/sender/programaciones/{id}/pause",
        Everybody(Campaigns),
    ),
    // The opt-out list, which all businesses share.
    rule("GET", "/sender/bajas", Office(Read)),
    // Users who answer conversations receive opt-outs first.
    rule("POST", "/sender/bajas", Attending(Campaigns)),
    rule("GET", "/sender/bajas/palabras", Everybody(Read)),
    rule("PUT", "/sender/bajas/palabras", Admins(Campaigns)),
    rule("GET", "/sender/bajas/posibles", Everybody(Read)),
    rule("POST", "/sender/bajas/posibles/{id}", Attending(Campaigns)),
    rule("GET", "/sender/bajas/respuesta", Everybody(Read)),
    rule("PUT", "/sender/bajas/respuesta", Admins(Campaigns)),
    rule("GET", "/sender/bajas/{telefono}", Everybody(Read)),
    rule("DELETE", "/sender/bajas/{telefono}", Admins(Campaigns)),
    // Inbound messages. Programs that report messages authenticate with
    // `INTERNAL_TOKEN`.
    rule("GET", "/listener/status", Everybody(Read)),
    rule("POST", "/listener/mode", Admins(Admin)),
    rule("GET", "/listener/conversations", Everybody(Read)),
    rule("GET", "/listener/inbox", Everybody(Read)),
    // What a person has read, and what needs no answer.
    rule("POST", "/listener/conversations/{number}/read", Person),
    rule(
        "POST",
        "/listener/conversations/{number}/attended",
        Everybody(Send),
    ),
    rule("GET", "/listener/messages", Everybody(Read)),
    rule("GET", "/listener/history/{number}", Everybody(Read)),
    rule("GET", "/listener/messages/{id}/media", Everybody(Read)),
    // What leaves beside messages: rights as for sending.
    rule("PUT", "/listener/messages/{id}", Everybody(Send)),
    rule("DELETE", "/listener/messages/{id}", Everybody(Send)),
    rule(
        "POST",
        "/listener/conversations/{number}/seen",
        Everybody(Send),
    ),
    rule(
        "POST",
        "/listener/conversations/{number}/typing",
        Everybody(Send),
    ),
    rule("GET", "/contacts/{telefono}/whatsapp", Everybody(Send)),
    // The token in the path is the credential.
    rule("GET", "/media/{token}", Anyone),
    rule("POST", "/listener/incoming-message", Anyone),
    rule("POST", "/listener/outgoing-message", Anyone),
    // Contacts. Merging and splitting affects all businesses: administrators only.
    rule("GET", "/contacts", Everybody(Read)),
    rule("GET", "/contacts.csv", Everybody(Read)),
    rule("POST", "/contacts/check", Business(Campaigns)),
    rule("GET", "/contacts/{telefono}", Everybody(Read)),
    rule("PUT", "/contacts/{telefono}", Everybody(Campaigns)),
    rule("DELETE", "/contacts/{telefono}", Everybody(Campaigns)),
    rule("POST", "/contacts/{telefono}/join", Admins(Campaigns)),
    rule("POST", "/contacts/{telefono}/part", Admins(Campaigns)),
    // Texts for whoever answers, who also keeps them.
    rule("GET", "/quick-answers", Everybody(Read)),
    rule("POST", "/quick-answers", Everybody(Send)),
    rule("PUT", "/quick-answers/{id}", Everybody(Send)),
    rule("DELETE", "/quick-answers/{id}", Everybody(Send)),
    // Further routes of the Node hub, under its names.
    rule("POST", "/sender/send", Everybody(Send)),
    rule(
        "GET",
        "/sender/destinatarios/campania/{id}",
        Everybody(Read),
    ),
    rule(
        "GET",
        "/sender/destinatarios/campania/{id}/resumen",
        Everybody(Read),
    ),
    rule(
        "POST",
        "/sender/destinatarios/campania/{id}/agregar",
        Everybody(Campaigns),
    ),
    rule(
        "DELETE",
        "/sender/destinatarios/campania/{id}/quitar",
        Everybody(Campaigns),
    ),
    rule("GET", "/session-manager/sessions", Admins(Read)),
    rule("GET", "/session-manager/status", Admins(Read)),
    rule("GET", "/session-manager/state", Admins(Read)),
    rule("GET", "/session-manager/qr", Admins(Link)),
    rule("POST", "/session-manager/admin/login", Admins(Link)),
    rule("POST", "/session-manager/admin/logout", Admins(Link)),
    rule("GET", "/stats/health", Anyone),
    rule("GET", "/stats/dashboard", Everybody(Read)),
    // What a person has to know of, and by which ways.
    rule("GET", "/alerts", Admins(Admin)),
    rule("POST", "/alerts/test", Admins(Admin)),
    // Webhooks can send every event to any address: administrators only.
    rule("GET", "/webhooks", Admins(Admin)),
    rule("POST", "/webhooks", Admins(Admin)),
    rule("GET", "/webhooks/{id}", Admins(Admin)),
    rule("PUT", "/webhooks/{id}", Admins(Admin)),
    rule("DELETE", "/webhooks/{id}", Admins(Admin)),
    rule("POST", "/webhooks/{id}/rotate", Admins(Admin)),
    rule("POST", "/webhooks/{id}/test", Admins(Admin)),
    rule("GET", "/webhooks/{id}/deliveries", Admins(Admin)),
    rule("POST", "/webhooks/{id}/deliveries/replay", Admins(Admin)),
    rule("GET", "/webhooks/{id}/deliveries/{number}", Admins(Admin)),
    rule(
        "POST",
        "/webhooks/{id}/deliveries/{number}/replay",
        Admins(Admin),
    ),
];

/// Result of a lookup in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The rule of the route.
    Rule(Access),
    /// The path exists with other methods (the `Allow` header).
    OtherMethods(HeaderValue),
    /// The path is not in the table.
    Nothing,
}

/// Looks up a request by the router's pattern, which may begin with `/api`.
pub(super) fn find(method: &Method, pattern: &str) -> Found {
    let path = pattern.strip_prefix("/api").unwrap_or(pattern);
    let wanted = if *method == Method::HEAD {
        "GET"
    } else {
        method.as_str()
    };
    let mut methods = Vec::new();
    for rule in ALL.iter().filter(|rule| rule.path == path) {
        if rule.method == wanted {
            return Found::Rule(rule.access);
        }
        methods.push(rule.method);
        if rule.method == "GET" {
            methods.push("HEAD");
        }
    }
    if methods.is_empty() {
        return Found::Nothing;
    }
    // Method names are always a valid header value.
    HeaderValue::from_str(&methods.join(",")).map_or(Found::Nothing, Found::OtherMethods)
}

impl Access {
    /// Whether the caller may use the route. Ownership of data is checked by
    /// the handlers.
    pub(super) fn admits(self, caller: &Caller) -> bool {
        let only_answers = caller.role == Role::Agente;
        match self {
            Self::Anyone | Self::Known => true,
            Self::Person => caller.is_person(),
            Self::Owner => caller.is_person() && !only_answers,
            Self::Everybody(scope) => caller.may(scope),
            Self::Business(scope) => caller.may(scope) && !only_answers,
            Self::Attending(scope) => caller.may(scope) || only_answers && caller.is_person(),
            Self::Office(scope) => caller.cliente_id.is_none() && caller.may(scope),
            Self::Admins(scope) => {
                caller.cliente_id.is_none() && caller.may(scope) && !only_answers
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn one_rule_for_one_route() {
        let mut seen = HashSet::new();
        for rule in ALL {
            assert!(seen.insert((rule.method, rule.path)), "{rule:?}");
            assert!(!rule.path.starts_with("/api"), "{rule:?}");
        }
    }

    #[test]
    fn rules_are_found_with_and_without_the_prefix() {
        let read = Found::Rule(Everybody(Read));
        for path in ["/events", "/api/events"] {
            assert_eq!(find(&Method::GET, path), read);
            assert_eq!(find(&Method::HEAD, path), read);
        }
        let other = Found::OtherMethods(HeaderValue::from_static("GET,HEAD"));
        assert_eq!(find(&Method::POST, "/api/events"), other);
        assert_eq!(find(&Method::GET, "/api"), Found::Nothing);
        assert_eq!(find(&Method::GET, "/whatsapp/51/status"), Found::Nothing);
    }
}
