//! Serves `/api/users`: the management of users, for administrators.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ApiPath, ApiQuery, ClienteId, ErrorReply};
use session_api::Timestamp;
use utoipa::{IntoParams, ToSchema};

use super::done::Done;
use crate::auth::{Caller, Who, canonical_name, check_new_password, is_user_name};
use crate::error::HubError;
use crate::state::AppState;
use crate::store::{NewUser, Role, User, UserChange, UserOutcome};

#[derive(Serialize, ToSchema)]
#[schema(as = users::Shown)]
struct Shown {
    id: i64,
    username: String,
    role: Role,
    cliente_id: Option<u64>,
    disabled: bool,
    created_at: Timestamp,
    signed_in_at: Option<Timestamp>,
    /// Whether the user was created while the hub had no password, by any
    /// caller that could reach it, and still has that password.
    unguarded: bool,
}

impl From<User> for Shown {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            username: user.name,
            role: user.role,
            cliente_id: user.cliente_id,
            disabled: user.disabled,
            created_at: user.created_at,
            signed_in_at: user.signed_in_at,
            unguarded: user.unguarded,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsersBody {
    #[serde(default)]
    after: String,
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = users::Users)]
pub(crate) struct Users {
    users: Vec<Shown>,
    /// Cursor of the next page, to pass as `after`.
    next: Option<String>,
}

/// Default and maximum page size of a list.
pub(super) const PAGE: u32 = 100;
pub(super) const MAX_PAGE_SIZE: u32 = 500;

pub(super) fn page_size(asked: Option<u32>) -> Result<u32, ErrorReply> {
    match asked.unwrap_or(PAGE) {
        size if (1..=MAX_PAGE_SIZE).contains(&size) => Ok(size),
        _ => Err(ErrorReply::invalid_request(format!(
            "limit must be from 1 to {MAX_PAGE_SIZE}"
        ))),
    }
}

/// Lists the users by name, by page.
#[utoipa::path(
    get, path = "/users", tag = "users", operation_id = "users_list",
    params(UsersBody),
    responses((status = 200, description = "One page", body = Users), Failures)
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    ApiQuery(page): ApiQuery<UsersBody>,
) -> Result<Json<Users>, HubError> {
    let size = page_size(page.limit)?;
    let mut users = state.store.users(&page.after, size + 1).await?;
    let has_more = users.len() > size as usize;
    users.truncate(size as usize);
    let last = users.last().map(|user| user.name.clone());
    Ok(Json(Users {
        users: users.into_iter().map(Shown::from).collect(),
        next: last.filter(|_| has_more),
    }))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = users::Create)]
#[serde(deny_unknown_fields)]
pub(crate) struct Create {
    username: String,
    password: String,
    role: Role,
    #[serde(default)]
    cliente_id: Option<u64>,
}

/// Creates a user.
#[utoipa::path(
    post, path = "/users", tag = "users", operation_id = "users_create",
    request_body(content = Create, example = json!({"username": "lucia", "password": "una clave larga", "role": "cliente", "cliente_id": 51})),
    responses((status = 201, description = "Created", body = Shown), Failures)
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(body): ApiJson<Create>,
) -> Result<Response, HubError> {
    let name = canonical_name(&body.username);
    check_name(&name)?;
    check_new_password(&body.password)?;
    check_cliente(body.role, body.cliente_id)?;
    let phc = state.auth.hash(&body.password).await?;
    let new = NewUser {
        name: &name,
        password: &phc,
        role: body.role,
        cliente_id: body.cliente_id,
        unguarded: !state.auth.is_required(),
    };
    let user = state.store.add_user(new).await?.ok_or_else(|| {
        ErrorReply::new(
            StatusCode::CONFLICT,
            "USER_EXISTS",
            "there is already a user with this name",
        )
    })?;
    tracing::info!(user = user.name, role = %user.role, by = %actor(&caller), "a user was created");
    Ok((StatusCode::CREATED, Json(Shown::from(user))).into_response())
}

/// Returns a user.
#[utoipa::path(
    get, path = "/users/{id}", tag = "users", operation_id = "users_show",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    responses((status = 200, description = "The user", body = Shown), Failures)
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    ApiPath(id): ApiPath<i64>,
) -> Result<Json<impl Serialize>, HubError> {
    let user = state.store.user(id).await?.ok_or_else(unknown)?;
    Ok(Json(Shown::from(user)))
}

/// The fields of a user to change; omitted fields are kept.
#[derive(Deserialize, ToSchema)]
#[schema(as = users::Change)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    password: Option<String>,
    role: Option<Role>,
    cliente_id: Option<u64>,
    disabled: Option<bool>,
}

/// Changes a user; omitted fields are kept.
#[utoipa::path(
    put, path = "/users/{id}", tag = "users", operation_id = "users_change",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    request_body(content = Change, example = json!({"disabled": true})),
    responses((status = 200, description = "The current state", body = Shown), Failures)
)]
pub(crate) async fn change(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
    ApiJson(body): ApiJson<Change>,
) -> Result<Response, HubError> {
    let current = state.store.user(id).await?.ok_or_else(unknown)?;
    let role = body.role.unwrap_or(current.role);
    // A user who is no longer a cliente loses the business.
    let kept = current.cliente_id.filter(|_| role == Role::Cliente);
    let cliente_id = body.cliente_id.or(kept);
    check_cliente(role, cliente_id)?;
    let phc = match &body.password {
        Some(password) => {
            check_new_password(password)?;
            Some(state.auth.hash(password).await?)
        }
        None => None,
    };
    let change = UserChange {
        password: phc.as_deref(),
        role: Some((role, cliente_id)),
        disabled: body.disabled,
    };
    // A user who changes their own password keeps the current session.
    let kept_session = match caller.who {
        Who::Session {
            session_id,
            user_id,
            ..
        } if user_id == id => Some(session_id),
        _ => None,
    };
    let user = done(state.store.change_user(id, change, kept_session).await?)?;
    tracing::info!(
        user = user.name,
        role = %user.role,
        disabled = user.disabled,
        password_changed = phc.is_some(),
        by = %actor(&caller),
        "a user was changed"
    );
    Ok(Json(Shown::from(user)).into_response())
}

/// Removes a user and ends the user's sessions.
#[utoipa::path(
    delete, path = "/users/{id}", tag = "users", operation_id = "users_remove",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    responses((status = 200, description = "Deleted", body = Done), Failures)
)]
pub(crate) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
) -> Result<Response, HubError> {
    let user = done(state.store.remove_user(id).await?)?;
    tracing::info!(user = user.name, by = %actor(&caller), "a user was deleted");
    Ok(Done::json().into_response())
}

/// Returns the caller's name for the log.
pub(super) fn actor(caller: &Caller) -> String {
    match &caller.who {
        Who::Machine => "this machine".to_owned(),
        Who::Session { name, .. } | Who::Password { name, .. } => name.clone(),
        Who::Token { id, .. } => format!("token {id}"),
    }
}

fn done(outcome: UserOutcome) -> Result<User, ErrorReply> {
    match outcome {
        UserOutcome::Done(user) => Ok(user),
        UserOutcome::Unknown => Err(unknown()),
        UserOutcome::LastAdmin => Err(ErrorReply::new(
            StatusCode::CONFLICT,
            "LAST_ADMIN",
            "nobody could manage the users any more: create another administrator first",
        )),
    }
}

fn unknown() -> ErrorReply {
    ErrorReply::new(
        StatusCode::NOT_FOUND,
        "USER_NOT_FOUND",
        "there is no such user",
    )
}

fn check_name(name: &str) -> Result<(), ErrorReply> {
    if is_user_name(name) {
        return Ok(());
    }
    Err(ErrorReply::invalid_request(
        "username must be 1 to 64 letters, digits, or any of . _ - + @",
    ))
}

fn check_cliente(role: Role, cliente_id: Option<u64>) -> Result<(), ErrorReply> {
    match (role, cliente_id) {
        (Role::Admin | Role::Agente, None) => Ok(()),
        (Role::Admin | Role::Agente, Some(_)) => Err(ErrorReply::invalid_request(
            "an admin and an agente see all businesses: omit cliente_id",
        )),
        (Role::Cliente, Some(id)) if ClienteId::parse(&id.to_string()).is_some() => Ok(()),
        (Role::Cliente, _) => Err(ErrorReply::invalid_request(
            "a cliente needs cliente_id, a positive integer",
        )),
    }
}
