//! The access table, which says which callers may use each route. The `routes`
//! module fills it.
//!
//! A route that is not in the table is refused for every caller, so that a
//! forgotten entry exposes nothing.

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::{HeaderValue, Method};

use super::{Caller, Scope};
use crate::store::Role;

/// The callers that may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// No authentication is required; the handler does its own check, if any.
    Anyone,
    /// Any authenticated caller, including API tokens.
    Known,
    /// A signed-in user, or a token with the scope `admin`.
    Person,
    /// Like `Person`, but not agentes.
    Owner,
    /// Any caller with the scope; a cliente is limited to its own data.
    Everybody(Scope),
    /// Like `Everybody`, but not agentes.
    Business(Scope),
    /// Like `Everybody`, and agentes whatever their scopes.
    Attending(Scope),
    /// A caller with the scope who sees all businesses, including agentes.
    Office(Scope),
    /// Like `Office`, but not agentes.
    Admins(Scope),
}

/// Who may use one route.
#[derive(Clone, Debug)]
pub struct Rule {
    /// `GET` also covers `HEAD`.
    pub method: &'static str,
    /// Path pattern as in the router, without `/api`.
    pub path: String,
    /// The callers that may use the route.
    pub access: Access,
}

/// The rules of all routes, by path.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccessTable(HashMap<String, Vec<(&'static str, Access)>>);

/// Result of a lookup in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The rule of the route.
    Rule(Access),
    /// The path exists with other methods only; the value is for the `Allow` header.
    OtherMethods(HeaderValue),
    /// The path is not in the table.
    Nothing,
}

impl AccessTable {
    /// Builds the table.
    pub(crate) fn new(rules: Vec<Rule>) -> Arc<Self> {
        let mut table = Self::default();
        for Rule {
            method,
            path,
            access,
        } in rules
        {
            table.0.entry(path).or_default().push((method, access));
        }
        Arc::new(table)
    }

    /// Looks up a request by the router's path pattern, which may begin with `/api`.
    pub(super) fn find(&self, method: &Method, pattern: &str) -> Found {
        let path = pattern.strip_prefix("/api").unwrap_or(pattern);
        let rule_method = if *method == Method::HEAD {
            "GET"
        } else {
            method.as_str()
        };
        let Some(rules) = self.0.get(path) else {
            return Found::Nothing;
        };
        let rule = rules.iter().find(|(method, _)| *method == rule_method);
        if let Some((_, access)) = rule {
            return Found::Rule(*access);
        }
        let mut methods = Vec::new();
        for (method, _) in rules {
            methods.push(*method);
            if *method == "GET" {
                methods.push("HEAD");
            }
        }
        // A list of method names is always a valid header value.
        HeaderValue::from_str(&methods.join(",")).map_or(Found::Nothing, Found::OtherMethods)
    }
}

impl Access {
    /// Returns whether the caller may use the route. The handlers check who owns the data.
    pub(super) fn admits(self, caller: &Caller) -> bool {
        let is_agente = caller.role == Role::Agente;
        match self {
            Self::Anyone | Self::Known => true,
            Self::Person => caller.is_person(),
            Self::Owner => caller.is_person() && !is_agente,
            Self::Everybody(scope) => caller.may(scope),
            Self::Business(scope) => caller.may(scope) && !is_agente,
            Self::Attending(scope) => caller.may(scope) || is_agente && caller.is_person(),
            Self::Office(scope) => caller.cliente_id.is_none() && caller.may(scope),
            Self::Admins(scope) => caller.cliente_id.is_none() && caller.may(scope) && !is_agente,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_found_with_and_without_the_prefix() {
        let everybody = Access::Everybody(Scope::Read);
        let table = AccessTable::new(vec![Rule {
            method: "GET",
            path: "/events".to_owned(),
            access: everybody,
        }]);
        for path in ["/events", "/api/events"] {
            assert_eq!(table.find(&Method::GET, path), Found::Rule(everybody));
            assert_eq!(table.find(&Method::HEAD, path), Found::Rule(everybody));
        }
        let other = Found::OtherMethods(HeaderValue::from_static("GET,HEAD"));
        assert_eq!(table.find(&Method::POST, "/api/events"), other);
        assert_eq!(table.find(&Method::GET, "/api"), Found::Nothing);
        assert_eq!(table.find(&Method::GET, "/events/51"), Found::Nothing);
    }
}
