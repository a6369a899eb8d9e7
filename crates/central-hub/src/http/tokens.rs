//! Serves `/api/tokens`: API tokens for programs. A cliente manages only the
//! tokens of its own business.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ApiPath, ApiQuery, ErrorReply};
use session_api::Timestamp;
use utoipa::{IntoParams, ToSchema};

use super::done::Done;
use super::users::{actor, page_size};
use crate::auth::{Caller, Scope, Scopes, forbidden, sha256, token};
use crate::error::HubError;
use crate::state::AppState;
use crate::store::{ApiToken, MAX_TOKENS, NewToken};

#[derive(Serialize, ToSchema)]
#[schema(as = tokens::Shown)]
struct Shown {
    id: i64,
    name: String,
    scopes: Vec<String>,
    cliente_id: Option<u64>,
    /// The user who created the token.
    user_id: Option<i64>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    used_at: Option<Timestamp>,
    /// Whether the token was created while the hub had no password, by any
    /// caller that could reach it.
    unguarded: bool,
}

impl From<ApiToken> for Shown {
    fn from(token: ApiToken) -> Self {
        Self {
            id: token.id,
            name: token.name,
            scopes: token.scopes.split(' ').map(str::to_owned).collect(),
            cliente_id: token.cliente_id,
            user_id: token.user_id,
            created_at: token.created_at,
            expires_at: token.expires_at,
            used_at: token.used_at,
            unguarded: token.unguarded,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TokensBody {
    before: Option<i64>,
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = tokens::Tokens)]
pub(crate) struct Tokens {
    tokens: Vec<Shown>,
    /// Cursor of the next page, to pass as `before`.
    next: Option<i64>,
}

/// Lists the tokens, newest first, by page.
#[utoipa::path(
    get, path = "/tokens", tag = "users", operation_id = "tokens_list",
    params(TokensBody),
    responses((status = 200, description = "One page", body = Tokens), Failures)
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(page): ApiQuery<TokensBody>,
) -> Result<Json<Tokens>, HubError> {
    let size = page_size(page.limit)?;
    let mut tokens = state
        .store
        .tokens(caller.cliente_id, page.before, size + 1)
        .await?;
    let has_more = tokens.len() > size as usize;
    tokens.truncate(size as usize);
    let last = tokens.last().map(|token| token.id);
    Ok(Json(Tokens {
        tokens: tokens.into_iter().map(Shown::from).collect(),
        next: last.filter(|_| has_more),
    }))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = tokens::Create)]
#[serde(deny_unknown_fields)]
pub(crate) struct Create {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    scopes: Vec<String>,
    #[serde(default)]
    cliente_id: Option<u64>,
    /// When the token expires; if omitted, it is valid until it is revoked.
    #[serde(default)]
    expires_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = tokens::Created)]
struct Created {
    /// The token itself, which only this response contains.
    token: String,
    #[serde(flatten)]
    shown: Shown,
}

/// Creates a token for a program.
#[utoipa::path(
    post, path = "/tokens", tag = "users", operation_id = "tokens_create",
    request_body(content = Create, example = json!({"name": "tienda", "scopes": ["send", "read"], "cliente_id": 51})),
    responses((status = 201, description = "Created; the token is returned only once", body = Created), Failures)
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(body): ApiJson<Create>,
) -> Result<Response, HubError> {
    let name = body.name.trim();
    if !(1..=100).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(ErrorReply::invalid_request("name must have 1 to 100 characters").into());
    }
    if body.expires_at.is_some_and(|end| end <= Timestamp::now()) {
        return Err(ErrorReply::invalid_request("expires_at is in the past").into());
    }
    let cliente_id = caller.cliente_for(body.cliente_id)?;
    let scopes = scopes(&body.scopes, cliente_id)?;
    if !caller.scopes.includes_all(scopes) {
        return Err(forbidden("a token cannot have more permissions than its creator").into());
    }
    let secret = token();
    let new = NewToken {
        name,
        hash: &sha256(&secret),
        scopes: &scopes.to_string(),
        cliente_id,
        user_id: caller.user_id(),
        expires_at: body.expires_at,
        unguarded: !state.auth.is_required(),
    };
    let Some(made) = state.store.add_token(new).await? else {
        return Err(ErrorReply::new(
            StatusCode::CONFLICT,
            "TOO_MANY_TOKENS",
            format!("this business already has {MAX_TOKENS} tokens: revoke one first"),
        )
        .into());
    };
    tracing::info!(
        token = made.id,
        scopes = made.scopes,
        cliente_id,
        by = %actor(&caller),
        "a token was created"
    );
    let created = Created {
        token: secret,
        shown: Shown::from(made),
    };
    Ok((StatusCode::CREATED, Json(created)).into_response())
}

fn scopes(names: &[String], cliente_id: Option<u64>) -> Result<Scopes, ErrorReply> {
    let scope_names = || Scope::ALL.map(|(name, _)| name).join(", ");
    let scopes: Scopes = names.join(" ").parse().map_err(|_| {
        ErrorReply::invalid_request(format!("scopes must be among {}", scope_names()))
    })?;
    if scopes == Scopes::NONE {
        return Err(ErrorReply::invalid_request(format!(
            "scopes needs at least one of {}",
            scope_names()
        )));
    }
    if cliente_id.is_some() && scopes.has(Scope::Admin) {
        return Err(ErrorReply::invalid_request(
            "admin covers all businesses: omit the scope, or cliente_id",
        ));
    }
    Ok(scopes)
}

/// Revokes a token.
#[utoipa::path(
    delete, path = "/tokens/{id}", tag = "users", operation_id = "tokens_revoke",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    responses((status = 200, description = "Revoked", body = Done), Failures)
)]
pub(crate) async fn revoke(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
) -> Result<Response, HubError> {
    let revoked = state.store.revoke_token(id, caller.cliente_id).await?;
    let Some(revoked) = revoked else {
        return Err(ErrorReply::new(
            StatusCode::NOT_FOUND,
            "TOKEN_NOT_FOUND",
            "there is no such token",
        )
        .into());
    };
    tracing::info!(token = revoked.id, by = %actor(&caller), "a token was revoked");
    Ok(Done::json().into_response())
}
