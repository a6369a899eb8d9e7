//! Serves `/api/sender/bajas/posibles`: messages that contain an opt-out word,
//! for a person to decide about.

use std::collections::HashMap;

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ApiPath};
use session_api::Timestamp;
use utoipa::ToSchema;

use super::super::users::actor;
use super::not_found;
use crate::auth::Caller;
use crate::error::HubError;
use crate::state::AppState;
use crate::store::PossibleOptOut;

/// Maximum number of entries in the response. Further entries follow as these are decided.
const MAX_ENTRIES: u32 = 100;

/// A message that may be an opt-out.
#[derive(Serialize, ToSchema)]
#[schema(as = possible_opt_outs::PossibleBody)]
pub(crate) struct PossibleBody {
    id: i64,
    telefono: String,
    /// The contact's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    nombre: Option<String>,
    /// The opt-out word that the message contains.
    palabra: String,
    /// The contact's message, shortened.
    mensaje: String,
    fecha: Timestamp,
}

impl PossibleBody {
    fn new(possible: PossibleOptOut, names: &HashMap<String, String>) -> Self {
        let number = possible.chat.strip_suffix("@c.us").map(str::to_owned);
        Self {
            id: possible.id,
            nombre: names.get(&possible.chat).cloned(),
            telefono: number.unwrap_or(possible.chat),
            palabra: possible.word,
            mensaje: possible.text,
            fecha: possible.created_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = possible_opt_outs::PossibleList)]
pub(crate) struct PossibleList {
    total: i64,
    posibles: Vec<PossibleBody>,
}

/// Lists the undecided messages that contain an opt-out word, oldest first, at most 100.
#[utoipa::path(
    get, path = "/sender/bajas/posibles", tag = "opt-outs", operation_id = "possible_opt_outs_list",
    responses((status = 200, description = "The oldest", body = PossibleList), Failures)
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<PossibleList>, HubError> {
    let found = state
        .store
        .possible_opt_outs(caller.cliente_id, MAX_ENTRIES);
    let (total, found) = found.await?;
    let chats = found.iter().map(|it| it.chat.as_str());
    let names = state.store.names_of(caller.cliente_id, chats).await?;
    let posibles = found.into_iter().map(|it| PossibleBody::new(it, &names));
    Ok(Json(PossibleList {
        total,
        posibles: posibles.collect(),
    }))
}

/// A person's decision about a message.
#[derive(Deserialize, Serialize, ToSchema)]
#[schema(as = possible_opt_outs::DecisionBody)]
pub(crate) struct DecisionBody {
    /// Whether the contact is put on the opt-out list.
    es_baja: bool,
}

/// Decides whether such a message is an opt-out.
#[utoipa::path(
    post, path = "/sender/bajas/posibles/{id}", tag = "opt-outs", operation_id = "possible_opt_outs_decide",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    request_body(content = DecisionBody, example = json!({"es_baja": true})),
    responses((status = 200, description = "The decision", body = DecisionBody), Failures)
)]
pub(crate) async fn decide(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
    ApiJson(request): ApiJson<DecisionBody>,
) -> Result<Json<DecisionBody>, HubError> {
    let by = actor(&caller);
    let is_decided = state
        .store
        .decide_possible_opt_out(id, caller.cliente_id, request.es_baja, &by)
        .await?;
    if !is_decided {
        return Err(not_found("there is no such message to decide"));
    }
    tracing::info!(
        id,
        by,
        opt_out = request.es_baja,
        "a possible opt-out was decided"
    );
    Ok(Json(request))
}
