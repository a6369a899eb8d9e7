//! Who may use which route: the one table of it.
//!
//! A route that is not in it answers nobody, so that none is open because it
//! was forgotten.

use axum::http::{HeaderValue, Method};

use super::{Caller, Scope};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, without sign-in; the handler looks for itself.
    Anyone,
    /// Whoever is known, programs too.
    Known,
    /// Whoever is known and is no program, unless that has `admin`.
    Person,
    /// Whoever has the scope; a cliente for what is its own.
    Everybody(Scope),
    /// Whoever has the scope and sees all businesses.
    Admins(Scope),
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// `GET` is `HEAD`, too.
    pub method: &'static str,
    /// As the router has it, without `/api`.
    pub path: &'static str,
    /// Who may.
    pub access: Access,
}

const fn rule(method: &'static str, path: &'static str, access: Access) -> Rule {
    Rule {
        method,
        path,
        access,
    }
}

use Access::{Admins, Anyone, Everybody, Known, Person};
use Scope::{Admin, Campaigns, Link, Read, Send};

/// Every route that is not open to health checks.
pub const ALL: &[Rule] = &[
    // Signing in.
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
    rule("GET", "/tokens", Person),
    rule("POST", "/tokens", Person),
    rule("DELETE", "/tokens/{id}", Person),
    // The page.
    rule("GET", "/config", Known),
    rule("GET", "/events", Everybody(Read)),
    rule("GET", "/overview", Everybody(Read)),
    // For monitors.
    rule("GET", "/metrics", Admins(Read)),
    // The session, which all businesses share.
    rule("GET", "/phone", Everybody(Read)),
    rule("GET", "/status", Admins(Read)),
    rule("GET", "/qr", Admins(Link)),
    rule("POST", "/connect", Admins(Link)),
    rule("GET", "/admin/whatsapp/status", Admins(Read)),
    rule("GET", "/admin/whatsapp/session", Admins(Read)),
    rule("GET", "/admin/whatsapp/qr", Admins(Link)),
    rule("POST", "/admin/whatsapp/connect", Admins(Link)),
    rule("POST", "/admin/whatsapp/disconnect", Admins(Link)),
    rule("POST", "/admin/whatsapp/logout", Admins(Link)),
    rule("POST", "/admin/whatsapp/pairing-code", Admins(Link)),
    rule("GET", "/admin/whatsapp/passkey", Admins(Link)),
    rule("POST", "/admin/whatsapp/passkey", Admins(Link)),
    rule("POST", "/admin/whatsapp/passkey/confirm", Admins(Link)),
    rule("POST", "/admin/whatsapp/passkey/cancel", Admins(Link)),
    // The same, asked for by a business: what would take the session from the
    // others is not for one of them.
    rule("GET", "/whatsapp/{cliente_id}/status", Everybody(Read)),
    rule("GET", "/whatsapp/{cliente_id}/session", Everybody(Read)),
    rule("GET", "/whatsapp/{cliente_id}/qr", Everybody(Link)),
    rule("POST", "/whatsapp/{cliente_id}/connect", Everybody(Link)),
    rule("POST", "/whatsapp/{cliente_id}/disconnect", Admins(Link)),
    rule("POST", "/whatsapp/{cliente_id}/logout", Admins(Link)),
    rule("POST", "/whatsapp/{cliente_id}/pairing-code", Admins(Link)),
    // As the Node hub's two screens ask for it, whoever has signed in there.
    rule("GET", "/qr-code", Everybody(Link)),
    rule("GET", "/whatsapp-v2/status", Everybody(Read)),
    rule("GET", "/whatsapp-v2/qr", Everybody(Link)),
    rule("POST", "/whatsapp-v2/connect", Everybody(Link)),
    // Messages.
    rule("POST", "/send", Everybody(Send)),
    // A file is known by an id that cannot be guessed, to whoever uploaded it.
    rule("POST", "/files", Everybody(Send)),
    rule("GET", "/files/{id}", Everybody(Send)),
    rule("DELETE", "/files/{id}", Everybody(Send)),
    rule("GET", "/sender/messages", Everybody(Read)),
    rule("GET", "/sender/messages.csv", Everybody(Read)),
    rule("POST", "/sender/messages/send", Everybody(Send)),
    rule("POST", "/sender/messages/bulk", Everybody(Send)),
    rule("GET", "/sender/messages/status/{id}", Everybody(Read)),
    rule("POST", "/sender/messages/{id}/retry", Everybody(Send)),
    // Campaigns. What lets messages go is for those who answer for the phone.
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
    // Who asked not to be written to, by any business.
    rule("GET", "/sender/bajas", Admins(Read)),
    rule("POST", "/sender/bajas", Everybody(Campaigns)),
    rule("GET", "/sender/bajas/palabras", Everybody(Read)),
    rule("PUT", "/sender/bajas/palabras", Admins(Campaigns)),
    rule("GET", "/sender/bajas/{telefono}", Everybody(Read)),
    rule("DELETE", "/sender/bajas/{telefono}", Admins(Campaigns)),
    // What comes in. Those who report messages have a token of their own.
    rule("GET", "/listener/status", Everybody(Read)),
    rule("POST", "/listener/mode", Admins(Admin)),
    rule("GET", "/listener/conversations", Everybody(Read)),
    rule("GET", "/listener/messages", Everybody(Read)),
    rule("GET", "/listener/history/{number}", Everybody(Read)),
    rule("POST", "/listener/incoming-message", Anyone),
    rule("POST", "/listener/outgoing-message", Anyone),
    // What the Node hub had beside these, by its names.
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
    // Who else is told of everything, wherever that is.
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

/// What the table says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// This.
    Rule(Access),
    /// The path has other methods.
    OtherMethods(HeaderValue),
    /// The path is not in it.
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
    // Of fixed words, so always a value.
    HeaderValue::from_str(&methods.join(",")).map_or(Found::Nothing, Found::OtherMethods)
}

impl Access {
    /// Whether this caller may. Whose things they are is another question.
    pub(super) fn admits(self, caller: &Caller) -> bool {
        match self {
            Self::Anyone | Self::Known => true,
            Self::Person => caller.is_person(),
            Self::Everybody(scope) => caller.may(scope),
            Self::Admins(scope) => caller.cliente_id.is_none() && caller.may(scope),
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
