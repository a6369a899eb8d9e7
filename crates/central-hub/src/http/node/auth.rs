//! User fields under the Node hub's names, the sign-in of its page, and its two
//! additional routes.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ErrorReply};
use utoipa::ToSchema;

use crate::auth::{Caller, StartedSession, Who};
use crate::error::HubError;
use crate::http::auth::{Credentials, Me, NewPassword, password, signed_in};
use crate::state::AppState;
use crate::store::Role;

/// The business that is reported for an administrator, because the page
/// requests the session's state only for a user with a business. It is metadata
/// and restricts nothing.
pub(super) const HOME: u64 = 1;

/// Name of the user where sign-in is not required.
const MACHINE: &str = "localhost";

/// Builds the usual error response in Spanish, because the page displays its text.
fn wrong_password() -> ErrorReply {
    ErrorReply::new(
        StatusCode::UNAUTHORIZED,
        "WRONG_PASSWORD",
        "El usuario o la contraseña no es correcta",
    )
}

/// A user's fields under their Node names.
#[derive(Serialize, ToSchema)]
#[schema(as = node::UserFields)]
pub(crate) struct Names<'a> {
    usuario: &'a str,
    /// Alias of `role`.
    tipo: Role,
}

impl<'a> Names<'a> {
    pub(crate) const fn new(usuario: &'a str, tipo: Role) -> Self {
        Self { usuario, tipo }
    }
}

/// Signs a person in who uses the Node hub's page.
pub(in crate::http) async fn login(
    state: &AppState,
    credentials: Credentials<'_>,
) -> Result<Response, HubError> {
    if !state.auth.is_required() && state.store.users("", 1).await?.is_empty() {
        return Ok(as_this_machine());
    }
    let signed_in_as = credentials.sign_in(state).await?;
    let (user, begun) = signed_in_as.ok_or_else(wrong_password)?;
    let cliente_id = user.cliente_id.unwrap_or(HOME);
    let user = Me::new(user.id, &user.name, user.role, Some(cliente_id));
    Ok(signed_in(user, begun))
}

/// Builds the sign-in where no sign-in is required: the page cannot pass its
/// form without one. The token is a placeholder and is never checked.
fn as_this_machine() -> Response {
    let session = StartedSession {
        set_cookie: None,
        csrf: String::new(),
        jwt: MACHINE.to_owned(),
    };
    signed_in(Me::new(0, MACHINE, Role::Admin, Some(HOME)), session)
}

/// A user in the Node page's format.
#[derive(Serialize, ToSchema)]
#[schema(as = node::User)]
struct User {
    id: i64,
    cliente_id: u64,
    usuario: String,
    tipo: Role,
}

impl User {
    fn for_caller(caller: &Caller) -> Self {
        let (id, usuario) = match &caller.who {
            Who::Session { user_id, name, .. } | Who::Password { user_id, name, .. } => {
                (*user_id, name.clone())
            }
            Who::Token { id, user_id } => (user_id.unwrap_or_default(), format!("token {id}")),
            Who::Machine => (0, MACHINE.to_owned()),
        };
        Self {
            id,
            cliente_id: caller.cliente_id.unwrap_or(HOME),
            usuario,
            tipo: caller.role,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = node::Verified)]
pub(crate) struct Verified {
    success: bool,
    user: User,
}

/// Returns the user to whom the token belongs.
#[utoipa::path(
    post, path = "/auth/verify", tag = "node", operation_id = "node_verify",
    responses((status = 200, description = "It holds", body = Verified), Failures)
)]
pub(crate) async fn verify(caller: Caller) -> Json<Verified> {
    Json(Verified {
        success: true,
        user: User::for_caller(&caller),
    })
}

#[derive(Deserialize, ToSchema)]
#[schema(as = node::PasswordChange)]
pub(crate) struct Change {
    #[serde(rename = "oldPassword")]
    old: String,
    #[serde(rename = "newPassword")]
    new: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = node::PasswordChanged)]
pub(crate) struct Changed {
    success: bool,
    message: &'static str,
}

/// Changes the caller's own password, as `POST /api/auth/password` does.
#[utoipa::path(
    post, path = "/auth/change-password", tag = "node", operation_id = "node_change_password",
    request_body(content = Change, example = json!({"oldPassword": "una clave larga", "newPassword": "otra clave larga"})),
    responses((status = 200, description = "Changed", body = Changed), Failures)
)]
pub(crate) async fn change_password(
    state: State<AppState>,
    caller: Caller,
    ApiJson(change): ApiJson<Change>,
) -> Result<Json<Changed>, HubError> {
    let change = NewPassword {
        current_password: change.old,
        new_password: change.new,
    };
    password(state, caller, ApiJson(change)).await?;
    Ok(Json(Changed {
        success: true,
        message: "Contraseña actualizada",
    }))
}
