//! `/api/sender/bajas`: who asked not to be written to.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ApiPath, ApiQuery};
use session_api::{Recipient, Timestamp};

use super::{Why, cut, invalid, not_found, page_size};
use crate::campaigns::data::OptOut;
use crate::campaigns::opt_out::OptOutWords;
use crate::error::HubError;
use crate::router::AppState;

/// Somebody on the list.
#[derive(Serialize)]
pub(crate) struct OptOutBody {
    id: i64,
    telefono: String,
    /// `mensaje`: they wrote it; `persona`: somebody put them here.
    origen: &'static str,
    motivo: Option<String>,
    fecha: Timestamp,
}

impl From<OptOut> for OptOutBody {
    fn from(opt_out: OptOut) -> Self {
        let number = opt_out.chat.strip_suffix("@c.us").map(str::to_owned);
        Self {
            id: opt_out.id,
            origen: if opt_out.source == "message" {
                "mensaje"
            } else {
                "persona"
            },
            motivo: opt_out.reason,
            fecha: opt_out.created_at,
            telefono: number.unwrap_or(opt_out.chat),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Query {
    antes: Option<i64>,
    limite: Option<u32>,
}

#[derive(Serialize)]
pub(crate) struct OptOutPage {
    bajas: Vec<OptOutBody>,
    siguiente: Option<i64>,
}

/// The newest first, page by page.
pub(super) async fn list(
    State(state): State<AppState>,
    ApiQuery(query): ApiQuery<Query>,
) -> Result<Json<OptOutPage>, HubError> {
    let limit = page_size(query.limite)?;
    let mut found = state.store.opt_outs(query.antes, limit + 1).await?;
    let siguiente = cut(&mut found, limit, |it| it.id);
    Ok(Json(OptOutPage {
        bajas: found.into_iter().map(OptOutBody::from).collect(),
        siguiente,
    }))
}

#[derive(Deserialize)]
pub(crate) struct Add {
    telefono: String,
    #[serde(flatten)]
    why: Why,
}

fn recipient(telefono: &str) -> Result<Recipient, HubError> {
    Recipient::parse(telefono).map_err(|error| invalid(format!("telefono {}", error.wants)))
}

/// Puts somebody on the list.
pub(super) async fn add(
    State(state): State<AppState>,
    ApiJson(request): ApiJson<Add>,
) -> Result<(StatusCode, Json<OptOutBody>), HubError> {
    let recipient = recipient(&request.telefono)?;
    let reason = request.why.text()?;
    let added = state
        .store
        .opt_out(recipient.as_str(), "person", reason)
        .await?;
    Ok((StatusCode::CREATED, Json(added.into())))
}

fn not_there() -> HubError {
    not_found("this number is not on the list")
}

pub(super) async fn one(
    State(state): State<AppState>,
    ApiPath(telefono): ApiPath<String>,
) -> Result<Json<OptOutBody>, HubError> {
    let recipient = recipient(&telefono)?;
    let found = state.store.find_opt_out(recipient.as_str()).await?;
    Ok(Json(found.ok_or_else(not_there)?.into()))
}

/// Takes somebody off the list: they asked to be written to again.
pub(super) async fn remove(
    State(state): State<AppState>,
    ApiPath(telefono): ApiPath<String>,
) -> Result<StatusCode, HubError> {
    let recipient = recipient(&telefono)?;
    if !state.store.opt_in(recipient.as_str()).await? {
        return Err(not_there());
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The words that ask for it.
#[derive(Deserialize, Serialize)]
pub(crate) struct Words {
    palabras: Vec<String>,
}

pub(super) async fn words(State(state): State<AppState>) -> Result<Json<Words>, HubError> {
    let words = state.store.opt_out_words().await?;
    Ok(Json(Words {
        palabras: words.words().to_vec(),
    }))
}

pub(super) async fn set_words(
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
