//! Serves `/api/quick-answers`: prepared texts for users who answer conversations.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ApiPath, ApiQuery, ErrorReply};
use session_api::Timestamp;
use utoipa::{IntoParams, ToSchema};

use super::campaigns::{invalid, template};
use super::users::actor;
use crate::auth::Caller;
use crate::error::HubError;
use crate::state::AppState;
use crate::store::{MAX_QUICK_ANSWERS, QuickAnswer, SaveOutcome};

const MAX_SHORTCUT_LENGTH: usize = 30;
/// The fields of a contact that a text may contain as variables; the page fills them in.
const FIELDS: [&str; 2] = ["nombre", "telefono"];

/// A quick answer.
#[derive(Serialize, ToSchema)]
#[schema(as = quick_answers::QuickAnswer)]
pub(crate) struct QuickAnswerBody {
    id: i64,
    /// The business; `null` for the quick answers of callers who see all businesses.
    cliente_id: Option<u64>,
    /// The shortcut to type after the `/`.
    atajo: String,
    texto: String,
    actualizada: Timestamp,
}

impl From<QuickAnswer> for QuickAnswerBody {
    fn from(it: QuickAnswer) -> Self {
        Self {
            id: it.id,
            cliente_id: it.cliente_id,
            atajo: it.shortcut,
            texto: it.text,
            actualizada: it.updated_at,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfBusiness {
    /// Only quick answers of this business.
    cliente_id: Option<u64>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = quick_answers::List)]
pub(crate) struct ListBody {
    respuestas: Vec<QuickAnswerBody>,
}

/// Lists the quick answers, ordered by shortcut.
#[utoipa::path(
    get, path = "/quick-answers", tag = "messages", operation_id = "quick_answers_list",
    params(OfBusiness),
    responses((status = 200, description = "The complete list", body = ListBody), Failures)
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(query): ApiQuery<OfBusiness>,
) -> Result<Json<ListBody>, HubError> {
    let cliente_id = caller.cliente_for(query.cliente_id)?;
    let found = state.store.quick_answers(cliente_id).await?;
    Ok(Json(ListBody {
        respuestas: found.into_iter().map(QuickAnswerBody::from).collect(),
    }))
}

/// The shortcut and the text of a quick answer.
#[derive(Deserialize, ToSchema)]
#[schema(as = quick_answers::Write)]
pub(crate) struct WriteBody {
    /// The shortcut to type after the `/`: one word of up to 30 characters.
    atajo: String,
    /// The text, which may contain `{nombre}` and `{telefono}` like the text of a campaign.
    texto: String,
}

impl WriteBody {
    /// Validates the shortcut and the text, and returns the shortcut.
    fn shortcut(&self) -> Result<&str, HubError> {
        let shortcut = self.atajo.trim();
        let shortcut = shortcut.strip_prefix('/').unwrap_or(shortcut);
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !(1..=MAX_SHORTCUT_LENGTH).contains(&shortcut.chars().count())
            || !shortcut.chars().all(is_word)
        {
            return Err(invalid(format!(
                "atajo must be 1 to {MAX_SHORTCUT_LENGTH} letters, digits, '-', '_' or '.'"
            )));
        }
        template("texto", &self.texto, &FIELDS.map(str::to_owned))?;
        Ok(shortcut)
    }
}

fn to_answer(outcome: SaveOutcome) -> Result<QuickAnswer, HubError> {
    let conflict = |code, what: String| ErrorReply::new(StatusCode::CONFLICT, code, what).into();
    match outcome {
        SaveOutcome::Done(answer) => Ok(answer),
        SaveOutcome::Duplicate => Err(conflict(
            "QUICK_ANSWER_EXISTS",
            "another quick answer has this shortcut".to_owned(),
        )),
        SaveOutcome::Full => Err(conflict(
            "QUICK_ANSWERS_FULL",
            format!(
                "the maximum of {MAX_QUICK_ANSWERS} quick answers is reached: delete one first"
            ),
        )),
        SaveOutcome::Unknown => Err(not_found()),
    }
}

fn not_found() -> HubError {
    let what = "there is no such quick answer";
    ErrorReply::new(StatusCode::NOT_FOUND, "QUICK_ANSWER_NOT_FOUND", what).into()
}

/// A quick answer to add.
#[derive(Deserialize, ToSchema)]
#[schema(as = quick_answers::Add)]
pub(crate) struct AddBody {
    #[serde(flatten)]
    written: WriteBody,
    /// The business to which the quick answer belongs.
    cliente_id: Option<u64>,
}

/// Adds a quick answer.
#[utoipa::path(
    post, path = "/quick-answers", tag = "messages", operation_id = "quick_answers_create",
    request_body(content = AddBody, example = json!({"atajo": "horario", "texto": "Hola {nombre|vecino}, atendemos de 9 a 18."})),
    responses((status = 201, description = "Stored", body = QuickAnswerBody), Failures)
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    ApiJson(request): ApiJson<AddBody>,
) -> Result<(StatusCode, Json<QuickAnswerBody>), HubError> {
    let cliente_id = caller.cliente_for(request.cliente_id)?;
    let shortcut = request.written.shortcut()?;
    let text = &request.written.texto;
    let added = state.store.add_quick_answer(cliente_id, shortcut, text);
    let added = to_answer(added.await?)?;
    tracing::info!(id = added.id, cliente_id, by = %actor(&caller), "a quick answer was created");
    Ok((StatusCode::CREATED, Json(added.into())))
}

/// Replaces the shortcut and the text of a quick answer.
#[utoipa::path(
    put, path = "/quick-answers/{id}", tag = "messages", operation_id = "quick_answers_change",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    request_body(content = WriteBody, example = json!({"atajo": "horario", "texto": "Atendemos de 9 a 18."})),
    responses((status = 200, description = "The changed answer", body = QuickAnswerBody), Failures)
)]
pub(crate) async fn change(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
    ApiJson(request): ApiJson<WriteBody>,
) -> Result<Json<QuickAnswerBody>, HubError> {
    let shortcut = request.shortcut()?;
    let own = caller.cliente_id;
    let changed = state
        .store
        .change_quick_answer(id, own, shortcut, &request.texto)
        .await?;
    let changed = to_answer(changed)?;
    tracing::info!(id, by = %actor(&caller), "a quick answer was changed");
    Ok(Json(changed.into()))
}

/// Deletes a quick answer.
#[utoipa::path(
    delete, path = "/quick-answers/{id}", tag = "messages", operation_id = "quick_answers_remove",
    params(("id" = i64, Path, description = "Its number", minimum = 1, example = 1)),
    responses((status = 204, description = "Deleted"), Failures)
)]
pub(crate) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<i64>,
) -> Result<StatusCode, HubError> {
    let removed = state.store.remove_quick_answer(id, caller.cliente_id);
    if !removed.await? {
        return Err(not_found());
    }
    tracing::info!(id, by = %actor(&caller), "a quick answer was deleted");
    Ok(StatusCode::NO_CONTENT)
}
