//! Serves `/api/auth/…`: login, logout, current user and password change. The
//! routes also accept the field names of the former Node hub.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ErrorReply};
use utoipa::ToSchema;

use super::done::Done;
use super::node;
use crate::auth::{
    Caller, ClientAddress, JWT_LIFE, Who, check_new_password, cleared_cookie, forbidden, is_https,
};
use crate::error::HubError;
use crate::state::AppState;
use crate::store::{Role, User, UserChange, UserOutcome};

#[derive(Deserialize, ToSchema)]
#[schema(as = auth::Login)]
pub(crate) struct Login {
    username: Option<String>,
    /// Alias of `username`, sent by the Node hub's page.
    usuario: Option<String>,
    password: String,
}

/// The public fields of a user.
#[derive(Serialize, ToSchema)]
#[schema(as = auth::Me)]
struct Me<'a> {
    id: i64,
    username: &'a str,
    role: Role,
    cliente_id: Option<u64>,
    #[serde(flatten)]
    node: node::auth::Names<'a>,
}

impl<'a> From<&'a User> for Me<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: user.id,
            username: &user.name,
            role: user.role,
            cliente_id: user.cliente_id,
            node: node::auth::Names::of(&user.name, user.role),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = auth::Issued)]
struct Issued {
    token: String,
    token_type: &'static str,
    expires_in: u64,
}

impl Issued {
    fn new(token: String) -> Self {
        Self {
            token,
            token_type: "Bearer",
            expires_in: JWT_LIFE.as_secs(),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = auth::SignedIn)]
struct SignedIn<'a> {
    ok: bool,
    success: bool,
    #[serde(flatten)]
    issued: Issued,
    csrf: String,
    user: Me<'a>,
}

pub(super) fn wrong_password() -> ErrorReply {
    ErrorReply::new(
        StatusCode::UNAUTHORIZED,
        "WRONG_PASSWORD",
        "the user name or the password is wrong",
    )
}

/// Builds the sign-in response for the Node hub's page where no sign-in is
/// required: the page cannot get past its form without one. The token is a
/// placeholder that is never checked.
fn sign_in_without_password() -> Json<SignedIn<'static>> {
    let (name, role) = (node::auth::MACHINE, Role::Admin);
    Json(SignedIn {
        ok: true,
        success: true,
        issued: Issued::new(name.to_owned()),
        csrf: String::new(),
        user: Me {
            id: 0,
            username: name,
            role,
            cliente_id: Some(node::auth::HOME),
            node: node::auth::Names::of(name, role),
        },
    })
}

/// Signs a user in.
#[utoipa::path(
    post, path = "/auth/login", tag = "users", operation_id = "auth_login",
    security(()),
    request_body(content = Login, example = json!({"username": "admin", "password": "una clave larga"})),
    responses((status = 200, description = "Signed in; a cookie comes with it", body = SignedIn<'_>), Failures)
)]
pub(crate) async fn login(
    State(state): State<AppState>,
    address: ClientAddress,
    uri: Uri,
    headers: HeaderMap,
    ApiJson(login): ApiJson<Login>,
) -> Result<Response, HubError> {
    let auth = &state.auth;
    let by_node_page = login.usuario.is_some();
    let Some(name) = login.username.or(login.usuario) else {
        return Err(ErrorReply::invalid_request("the body: missing field `username`").into());
    };
    if by_node_page && !auth.is_required() && state.store.users("", 1).await?.is_empty() {
        return Ok(sign_in_without_password().into_response());
    }
    let user = auth
        .user_with_password(&name, &login.password, address)
        .await?
        .ok_or_else(|| {
            if by_node_page {
                node::auth::wrong_password()
            } else {
                wrong_password()
            }
        })?;
    // The browser's previous session ends here.
    if let Some(session_id) = auth.session_of_request(&headers).await? {
        state.store.end_session(session_id).await?;
    }
    let begun = auth.begin_session(&user, is_https(&headers, &uri)).await?;
    tracing::info!(address = %address.0, user = user.name, "signed in");
    let mut shown = Me::from(&user);
    if by_node_page {
        shown.cliente_id.get_or_insert(node::auth::HOME);
    }
    let mut response = Json(SignedIn {
        ok: true,
        success: true,
        issued: Issued::new(begun.jwt),
        csrf: begun.csrf,
        user: shown,
    })
    .into_response();
    if let Some(cookie) = begun.set_cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Ends the session; its cookie and its JWT both become invalid.
#[utoipa::path(
    post, path = "/auth/logout", tag = "users", operation_id = "auth_logout",
    responses((status = 200, description = "Signed out", body = Done), Failures)
)]
pub(crate) async fn logout(
    State(state): State<AppState>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, HubError> {
    if let Who::Session {
        session_id, name, ..
    } = &caller.who
    {
        state.store.end_session(*session_id).await?;
        tracing::info!(address = %caller.address, user = name, "signed out");
    }
    let mut response = Done::json().into_response();
    if let Some(cookie) = cleared_cookie(is_https(&headers, &uri)) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

#[derive(Serialize, ToSchema)]
#[schema(as = auth::Identity)]
struct Identity<'a> {
    ok: bool,
    /// Whether sign-in is required.
    auth_required: bool,
    /// The signed-in user; `null` for the local machine without a password, and for a program.
    user: Option<Me<'a>>,
    role: Role,
    cliente_id: Option<u64>,
    scopes: Vec<&'static str>,
    csrf: Option<String>,
}

/// Returns who the caller is and what it may do.
#[utoipa::path(
    get, path = "/auth/me", tag = "users", operation_id = "auth_me",
    responses((status = 200, description = "The caller", body = Identity<'_>), Failures)
)]
pub(crate) async fn me(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
) -> Response {
    let user = match &caller.who {
        Who::Session { user_id, name, .. } | Who::Password { user_id, name, .. } => Some(Me {
            id: *user_id,
            username: name,
            role: caller.role,
            cliente_id: caller.cliente_id,
            node: node::auth::Names::of(name, caller.role),
        }),
        Who::Machine | Who::Token { .. } => None,
    };
    let is_session = matches!(caller.who, Who::Session { .. });
    Json(Identity {
        ok: true,
        auth_required: state.auth.is_required(),
        user,
        role: caller.role,
        cliente_id: caller.cliente_id,
        scopes: caller.scopes.names().collect(),
        csrf: is_session.then(|| state.auth.csrf(&headers)).flatten(),
    })
    .into_response()
}

/// Issues another JWT for the session of the request.
#[utoipa::path(
    post, path = "/auth/refresh", tag = "users", operation_id = "auth_refresh",
    responses((status = 200, description = "Another JWT", body = Issued), Failures)
)]
pub(crate) async fn refresh(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, HubError> {
    let not_a_session = || forbidden("only a session has a JWT: POST /api/auth/login first");
    let Who::Session { user_id, .. } = caller.who else {
        return Err(not_a_session().into());
    };
    let user = state.store.user(user_id).await?.ok_or_else(not_a_session)?;
    let jwt = state
        .auth
        .renewed_jwt(&headers, &user)
        .ok_or_else(not_a_session)?;
    Ok(Json(Issued::new(jwt)).into_response())
}

#[derive(Deserialize, ToSchema)]
#[schema(as = auth::NewPassword)]
pub(crate) struct NewPassword {
    pub(super) current_password: String,
    pub(super) new_password: String,
}

/// Changes the caller's own password and ends the user's other sessions.
#[utoipa::path(
    post, path = "/auth/password", tag = "users", operation_id = "auth_password",
    request_body(content = NewPassword, example = json!({"current_password": "una clave larga", "new_password": "otra clave larga"})),
    responses((status = 200, description = "It is changed", body = Done), Failures)
)]
pub(crate) async fn password(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(change): ApiJson<NewPassword>,
) -> Result<Response, HubError> {
    let (user_id, kept) = match caller.who {
        Who::Session {
            session_id,
            user_id,
            ..
        } => (user_id, Some(session_id)),
        Who::Password { user_id, .. } => (user_id, None),
        Who::Machine | Who::Token { .. } => {
            return Err(forbidden("only a user has a password").into());
        }
    };
    check_new_password(&change.new_password)?;
    let user = state
        .store
        .user(user_id)
        .await?
        .ok_or_else(wrong_password)?;
    state
        .auth
        .user_with_password(
            &user.name,
            &change.current_password,
            ClientAddress(caller.address),
        )
        .await?
        .ok_or_else(wrong_password)?;
    let phc = state.auth.hash(&change.new_password).await?;
    let change = UserChange {
        password: Some(&phc),
        ..UserChange::default()
    };
    match state.store.change_user(user_id, change, kept).await? {
        UserOutcome::Done(user) => {
            tracing::info!(address = %caller.address, user = user.name, "a user changed its password");
            Ok(Done::json().into_response())
        }
        UserOutcome::Unknown | UserOutcome::LastAdmin => Err(wrong_password().into()),
    }
}
