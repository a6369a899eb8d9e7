//! Serves `/api/sender/bajas`: the opt-out list, and the words by which
//! contacts add themselves to it.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ApiPath, ApiQuery};
use session_api::{Recipient, Timestamp};
use utoipa::{IntoParams, ToSchema};

use super::super::users::actor;
use super::{ReasonBody, invalid, not_found, page_size, paginate};
use crate::auth::{Caller, forbidden};
use crate::error::HubError;
use crate::http::numbers;
use crate::opt_out::OptOutWords;
use crate::state::AppState;
use crate::store::campaigns::OptOut;

/// Maximum length of the reply to an opt-out, in characters.
const MAX_ANSWER_LENGTH: usize = 500;

/// An entry of the opt-out list.
#[derive(Serialize, ToSchema)]
#[schema(as = opt_outs::OptOutBody)]
pub(crate) struct OptOutBody {
    id: i64,
    telefono: String,
    /// The contact's name; only in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    nombre: Option<String>,
    /// `mensaje`: the contact sent an opt-out word; `persona`: a user added the
    /// entry.
    origen: &'static str,
    /// What the contact wrote (the opt-out word, if messages are not recorded),
    /// or the reason that a user gave; `null` for a caller without access to the
    /// business that added the entry.
    motivo: Option<String>,
    /// The business that added the entry, and its user.
    cliente_id: Option<u64>,
    por: Option<String>,
    fecha: Timestamp,
}

impl OptOutBody {
    /// Builds the body that this caller may see. Every caller may see that a
    /// contact has opted out, but only the business that recorded the opt-out
    /// sees the reason.
    fn for_caller(opt_out: OptOut, caller: &Caller) -> Self {
        let is_own = caller.sees(opt_out.cliente_id);
        let number = opt_out.chat.strip_suffix("@c.us").map(str::to_owned);
        Self {
            id: opt_out.id,
            origen: if opt_out.source == "message" {
                "mensaje"
            } else {
                "persona"
            },
            motivo: opt_out.reason.filter(|_| is_own),
            cliente_id: opt_out.cliente_id.filter(|_| is_own),
            por: opt_out.added_by.filter(|_| is_own),
            fecha: opt_out.created_at,
            nombre: None,
            telefono: number.unwrap_or(opt_out.chat),
        }
    }

    /// Builds the body for a lookup by address. A business that asked by LID
    /// gets the LID back, never the phone number behind it.
    fn for_asked(opt_out: OptOut, asked: &Recipient, caller: &Caller) -> Self {
        let mut body = Self::for_caller(opt_out, caller);
        if caller.cliente_id.is_some() && asked.as_str().ends_with("@lid") {
            body.telefono = asked.as_str().to_owned();
        }
        body
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    antes: Option<i64>,
    limite: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = opt_outs::OptOutPage)]
pub(crate) struct OptOutPage {
    bajas: Vec<OptOutBody>,
    siguiente: Option<i64>,
}

/// Lists opt-outs, newest first, one page at a time.
#[utoipa::path(
    get, path = "/sender/bajas", tag = "opt-outs", operation_id = "opt_outs_list",
    params(Query),
    responses((status = 200, description = "One page", body = OptOutPage), Failures)
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(query): ApiQuery<Query>,
) -> Result<Json<OptOutPage>, HubError> {
    let limit = page_size(query.limite)?;
    let mut found = state.store.opt_outs(query.antes, limit + 1).await?;
    let siguiente = paginate(&mut found, limit, |it| it.id);
    let chats = found.iter().map(|it| it.chat.as_str());
    let names = state.store.names_of(caller.cliente_id, chats).await?;
    let body_of = |opt_out: OptOut| {
        let nombre = names.get(&opt_out.chat).cloned();
        OptOutBody {
            nombre,
            ..OptOutBody::for_caller(opt_out, &caller)
        }
    };
    Ok(Json(OptOutPage {
        bajas: found.into_iter().map(body_of).collect(),
        siguiente,
    }))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = opt_outs::Add)]
pub(crate) struct Add {
    telefono: String,
    #[serde(flatten)]
    why: ReasonBody,
}

fn recipient(state: &AppState, telefono: &str) -> Result<Recipient, HubError> {
    numbers::recipient("telefono", telefono, &state.config.home)
}

/// Adds a contact to the opt-out list. A business can add only its own contacts.
#[utoipa::path(
    post, path = "/sender/bajas", tag = "opt-outs", operation_id = "opt_outs_add",
    request_body(content = Add, example = json!({"telefono": "5491158254201", "motivo": "lo pidió por teléfono"})),
    responses((status = 201, description = "Added to the list", body = OptOutBody), Failures)
)]
pub(crate) async fn add(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(request): ApiJson<Add>,
) -> Result<(StatusCode, Json<OptOutBody>), HubError> {
    let recipient = recipient(&state, &request.telefono)?;
    let reason = request.why.text()?;
    if let Some(own) = caller.cliente_id {
        let chat = state.store.chat_of(&recipient).await?;
        if !state.store.is_person_of(own, &chat).await? {
            let message = "a business can opt out only its own contacts (with a message or in a campaign of the business); an administrator can opt out any number";
            return Err(forbidden(message).into());
        }
    }
    let by = actor(&caller);
    let added = state
        .store
        .opt_out(recipient.as_str(), reason, caller.cliente_id, &by)
        .await?;
    tracing::info!(
        id = added.id,
        cliente_id = caller.cliente_id,
        by,
        "opt-out added manually"
    );
    let body = OptOutBody::for_asked(added, &recipient, &caller);
    Ok((StatusCode::CREATED, Json(body)))
}

/// The reply to an opt-out.
#[derive(Deserialize, Serialize, ToSchema)]
#[schema(as = opt_outs::Answer)]
pub(crate) struct AnswerBody {
    /// The text; `null` while the reply is switched off.
    texto: Option<String>,
}

/// Returns the text that is sent once to a person who opts out.
#[utoipa::path(
    get, path = "/sender/bajas/respuesta", tag = "opt-outs", operation_id = "opt_outs_answer",
    responses((status = 200, description = "The text", body = AnswerBody), Failures)
)]
pub(crate) async fn answer(State(state): State<AppState>) -> Result<Json<AnswerBody>, HubError> {
    let texto = state.store.opt_out_answer().await?;
    Ok(Json(AnswerBody { texto }))
}

/// Sets the text that is sent once to a person who opts out; `null` switches the reply off.
#[utoipa::path(
    put, path = "/sender/bajas/respuesta", tag = "opt-outs", operation_id = "opt_outs_set_answer",
    request_body(content = AnswerBody, example = json!({"texto": "Listo, no te escribimos más."})),
    responses((status = 200, description = "The current text", body = AnswerBody), Failures)
)]
pub(crate) async fn set_answer(
    State(state): State<AppState>,
    ApiJson(request): ApiJson<AnswerBody>,
) -> Result<Json<AnswerBody>, HubError> {
    let texto = request.texto.filter(|text| !text.trim().is_empty());
    if let Some(text) = &texto
        && text.chars().nth(MAX_ANSWER_LENGTH).is_some()
    {
        return Err(invalid(format!(
            "texto must have at most {MAX_ANSWER_LENGTH} characters"
        )));
    }
    if texto.as_ref().is_some_and(|text| text.contains('\0')) {
        return Err(invalid("texto contains a NUL character".to_owned()));
    }
    state.store.set_opt_out_answer(texto.as_deref()).await?;
    Ok(Json(AnswerBody { texto }))
}

fn opt_out_not_found() -> HubError {
    not_found("this number is not on the list")
}

/// Returns the opt-out of a number; 404 if the number is not on the list.
#[utoipa::path(
    get, path = "/sender/bajas/{telefono}", tag = "opt-outs", operation_id = "opt_outs_one",
    params(("telefono" = String, Path, description = "A number in international form, or a WhatsApp id", example = "5491158254201")),
    responses((status = 200, description = "The entry", body = OptOutBody), Failures)
)]
pub(crate) async fn one(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(telefono): ApiPath<String>,
) -> Result<Json<OptOutBody>, HubError> {
    let recipient = recipient(&state, &telefono)?;
    let found = state.store.find_opt_out(&recipient).await?;
    let found = found.ok_or_else(opt_out_not_found)?;
    Ok(Json(OptOutBody::for_asked(found, &recipient, &caller)))
}

/// Removes a contact from the opt-out list, because the contact agreed to receive messages again.
#[utoipa::path(
    delete, path = "/sender/bajas/{telefono}", tag = "opt-outs", operation_id = "opt_outs_remove",
    params(("telefono" = String, Path, description = "A number in international form, or a WhatsApp id", example = "5491158254201")),
    responses((status = 204, description = "Removed from the list"), Failures)
)]
pub(crate) async fn remove(
    State(state): State<AppState>,
    ApiPath(telefono): ApiPath<String>,
) -> Result<StatusCode, HubError> {
    let recipient = recipient(&state, &telefono)?;
    if !state.store.opt_in(&recipient).await? {
        return Err(opt_out_not_found());
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The opt-out words.
#[derive(Deserialize, Serialize, ToSchema)]
#[schema(as = opt_outs::Words)]
pub(crate) struct Words {
    palabras: Vec<String>,
}

/// Returns the opt-out words.
#[utoipa::path(
    get, path = "/sender/bajas/palabras", tag = "opt-outs", operation_id = "opt_outs_words",
    responses((status = 200, description = "The words", body = Words), Failures)
)]
pub(crate) async fn words(State(state): State<AppState>) -> Result<Json<Words>, HubError> {
    let words = state.store.opt_out_words().await?;
    Ok(Json(Words {
        palabras: words.words().to_vec(),
    }))
}

/// Replaces the opt-out words.
#[utoipa::path(
    put, path = "/sender/bajas/palabras", tag = "opt-outs", operation_id = "opt_outs_set_words",
    request_body(content = Words, example = json!({"palabras": ["BAJA", "STOP"]})),
    responses((status = 200, description = "The current words", body = Words), Failures)
)]
pub(crate) async fn set_words(
    State(state): State<AppState>,
    ApiJson(request): ApiJson<Words>,
) -> Result<Json<Words>, HubError> {
    let words = OptOutWords::new(&request.palabras)
        .map_err(|error| invalid(format!("palabras: {error}")))?;
    state.store.set_opt_out_words(&words).await?;
    Ok(Json(Words {
        palabras: words.words().to_vec(),
    }))
}
