//! Collects routes together with their access and their part of the OpenAPI
//! document.
//!
//! ```text
//!  access ─┬─ #[utoipa::path] of a handler ─> router
//!          │                     └──────────> OpenAPI document
//!          └──────────────────────────> rule ─────^
//! ```

use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::openapi::{admit, operations};
use crate::auth::{Access, Rule};
use crate::state::AppState;

/// A set of routes. A route cannot be added without its access.
pub(super) struct GuardedRoutes {
    pub(super) router: OpenApiRouter<AppState>,
    pub(super) rules: Vec<Rule>,
}

impl GuardedRoutes {
    pub(super) fn new() -> Self {
        Self {
            router: OpenApiRouter::new(),
            rules: Vec::new(),
        }
    }

    /// Adds a handler under its own path and method.
    pub(super) fn route(
        mut self,
        access: Access,
        (schemas, mut paths, methods): UtoipaMethodRouter<AppState>,
    ) -> Self {
        for (path, item) in &mut paths.paths {
            for (method, operation) in operations(item) {
                admit(access, operation);
                self.rules.push(Rule {
                    method,
                    path: path.clone(),
                    access,
                });
            }
        }
        self.router = self.router.routes((schemas, paths, methods));
        self
    }

    /// Adds a handler under another path, which clients of earlier versions use.
    pub(super) fn alias(
        self,
        alias: &str,
        access: Access,
        (schemas, mut paths, methods): UtoipaMethodRouter<AppState>,
    ) -> Self {
        let items = std::mem::take(&mut paths.paths).into_values();
        for mut item in items {
            for (_, operation) in operations(&mut item) {
                operation.operation_id = Some(format!("short_{}", alias.trim_start_matches('/')));
            }
            paths.paths.insert(alias.to_owned(), item);
        }
        self.route(access, (schemas, paths, methods))
    }

    pub(super) fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.rules.extend(other.rules);
        self
    }
}
