//! Serves `GET /{id}/replies`: who answered a campaign, and who opted out.

use std::collections::HashMap;

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiPath, ApiQuery};
use session_api::Timestamp;
use utoipa::{IntoParams, ToSchema};

use super::{find, page_size};
use crate::auth::Caller;
use crate::error::HubError;
use crate::state::AppState;
use crate::store::campaigns::{Replies, Reply};
use crate::store::phone_of;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    limite: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = replies::RepliesBody)]
pub(crate) struct RepliesBody {
    /// Contacts who wrote after receiving the campaign's message.
    respuestas: PeopleBody,
    /// Contacts who opted out after receiving the campaign's message.
    bajas: PeopleBody,
}

/// The latest contacts of a group, and the size of the group.
#[derive(Serialize, ToSchema)]
#[schema(as = replies::People)]
struct PeopleBody {
    total: i64,
    personas: Vec<PersonBody>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = replies::Person)]
struct PersonBody {
    chat: String,
    /// The phone number; `null` if it is unknown.
    telefono: Option<String>,
    nombre: Option<String>,
    fecha: Timestamp,
}

impl PeopleBody {
    fn new(replies: Replies, names: &HashMap<String, String>) -> Self {
        let person = |reply: Reply| PersonBody {
            telefono: phone_of(&reply.chat).map(str::to_owned),
            nombre: names.get(&reply.chat).cloned(),
            chat: reply.chat,
            fecha: reply.at,
        };
        Self {
            total: replies.total,
            personas: replies.people.into_iter().map(person).collect(),
        }
    }
}

/// Lists who answered a campaign and who opted out after its message, latest first.
#[utoipa::path(
    get, path = "/sender/campaigns/{id}/replies", tag = "campaigns", operation_id = "replies_replies",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1), Query),
    responses((status = 200, description = "The latest reply of each contact", body = RepliesBody), Failures)
)]
pub(crate) async fn replies(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
    ApiQuery(query): ApiQuery<Query>,
) -> Result<Json<RepliesBody>, HubError> {
    let limit = page_size(query.limite)?;
    let campaign = find(&state, &caller, id).await?;
    let store = &state.store;
    let (answered, out) =
        tokio::try_join!(store.replies(id, limit), store.opt_outs_since(id, limit))?;
    let people = answered.people.iter().chain(&out.people);
    let chats: Vec<_> = people.map(|it| it.chat.clone()).collect();
    let names = store
        .names_of(campaign.cliente_id, chats.iter().map(String::as_str))
        .await?;
    Ok(Json(RepliesBody {
        respuestas: PeopleBody::new(answered, &names),
        bajas: PeopleBody::new(out, &names),
    }))
}
