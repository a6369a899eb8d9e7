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
    Caller, ClientAddress, JWT_LIFE, StartedSession, Who, check_new_password, cleared_cookie,
    forbidden, is_https,
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
pub(super) struct Me<'a> {
    id: i64,
    username: &'a str,
    role: Role,
    cliente_id: Option<u64>,
    #[serde(flatten)]
    node: node::auth::Names<'a>,
}

impl<'a> Me<'a> {
    pub(super) const fn new(
        id: i64,
        username: &'a str,
        role: Role,
        cliente_id: Option<u64>,
    ) -> Self {
        Self {
            id,
            username,
            role,
            cliente_id,
            node: node::auth::Names::new(username, role),
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

/// What a person signs in with.
pub(super) struct Credentials<'a> {
    name: String,
    password: String,
    address: ClientAddress,
    uri: &'a Uri,
    headers: &'a HeaderMap,
}

impl Credentials<'_> {
    /// Begins a session; `None` if the user name or the password is wrong.
    pub(super) async fn sign_in(
        self,
        state: &AppState,
    ) -> Result<Option<(User, StartedSession)>, HubError> {
        let (auth, address) = (&state.auth, self.address);
        let user = auth.user_with_password(&self.name, &self.password, address);
        let Some(user) = user.await? else {
            return Ok(None);
        };
        // The browser's previous session ends here.
        if let Some(session_id) = auth.session_of_request(self.headers).await? {
            state.store.end_session(session_id).await?;
        }
        let secure = is_https(self.headers, self.uri);
        let session = auth.begin_session(&user, secure).await?;
        tracing::info!(address = %address.0, user = user.name, "signed in");
        Ok(Some((user, session)))
    }
}

/// Builds the response to a sign-in, with the session's cookie.
pub(super) fn signed_in(user: Me<'_>, begun: StartedSession) -> Response {
    let body = SignedIn {
        ok: true,
        success: true,
        issued: Issued::new(begun.jwt),
        csrf: begun.csrf,
        user,
    };
    let mut response = Json(body).into_response();
    if let Some(cookie) = begun.set_cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
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
    let by_node_page = login.usuario.is_some();
    let Some(name) = login.username.or(login.usuario) else {
        return Err(ErrorReply::invalid_request("the body: missing field `username`").into());
    };
    let credentials = Credentials {
        name,
        password: login.password,
        address,
        uri: &uri,
        headers: &headers,
    };
    if by_node_page {
        return node::auth::login(&state, credentials).await;
    }
    let signed_in_as = credentials.sign_in(&state).await?;
    let (user, begun) = signed_in_as.ok_or_else(wrong_password)?;
    let user = Me::new(user.id, &user.name, user.role, user.cliente_id);
    Ok(signed_in(user, begun))
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
        Who::Session { user_id, name, .. } | Who::Password { user_id, name, .. } => {
            Some(Me::new(*user_id, name, caller.role, caller.cliente_id))
        }
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
    let not_a_session =
        || forbidden("only a session can have a JWT: call POST /api/auth/login first");
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
    responses((status = 200, description = "Changed", body = Done), Failures)
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
            return Err(forbidden("only users have a password").into());
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
