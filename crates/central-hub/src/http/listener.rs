//! `/api/listener/…`: inbound messages, conversations, and the history of a
//! number.

use std::collections::HashMap;

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ApiPath, ApiQuery, ClienteId, ErrorReply};
use session_api::{Recipient, Timestamp};
use utoipa::{IntoParams, ToSchema};

use super::node::refusals::not_served_here;
use super::numbers;
use crate::auth::Caller;
use crate::error::HubError;
use crate::inbound::Following;
use crate::state::AppState;
use crate::store::{FOLLOWER, Filter, Message, Page, direction, phone_of};

/// A page of a list.
const PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 200;
const LONGEST_WORDS: usize = 200;

#[derive(Serialize, ToSchema)]
#[schema(as = listener::Status)]
pub(crate) struct Status {
    ok: bool,
    mode: &'static str,
    recording: bool,
    /// Whether a hub follows session-manager's events, this one or another.
    following: bool,
    /// Whether it hears them; `null` where another hub follows.
    connected: Option<bool>,
    last_event_id: Option<String>,
    last_event_at: Option<Timestamp>,
    lag_ms: Option<i64>,
    last_message_at: Option<Timestamp>,
}

/// Whether messages are written down, and how far behind that is.
#[utoipa::path(
    get, path = "/listener/status", tag = "inbound", operation_id = "listener_status",
    responses((status = 200, description = "How it goes", body = Status), Failures)
)]
pub(crate) async fn status(State(state): State<AppState>) -> Result<Json<Status>, HubError> {
    let recording = state.store.is_recording().await?;
    let place = state.store.cursor().await?;
    let following = state.follower.state();
    let by_another = following == Following::No && state.store.is_leased(FOLLOWER).await?;
    Ok(Json(Status {
        ok: true,
        mode: mode_of(recording),
        recording,
        following: by_another || following != Following::No,
        connected: (!by_another).then_some(following == Following::Connected),
        last_event_id: place.id,
        last_event_at: place.at.and_then(Timestamp::from_millis),
        lag_ms: place.lag_ms,
        last_message_at: place.message_at.and_then(Timestamp::from_millis),
    }))
}

const fn mode_of(recording: bool) -> &'static str {
    if recording { "listen" } else { "off" }
}

#[derive(Deserialize, ToSchema)]
#[schema(as = listener::ModeRequest)]
pub(crate) struct ModeRequest {
    mode: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = listener::ModeAnswer)]
pub(crate) struct ModeAnswer {
    ok: bool,
    mode: &'static str,
    recording: bool,
}

/// Switches the writing down of messages on or off.
#[utoipa::path(
    post, path = "/listener/mode", tag = "inbound", operation_id = "listener_mode",
    request_body(content = ModeRequest, example = json!({"mode": "listen"})),
    responses((status = 200, description = "As it is now", body = ModeAnswer), Failures)
)]
pub(crate) async fn mode(
    State(state): State<AppState>,
    ApiJson(request): ApiJson<ModeRequest>,
) -> Result<Json<ModeAnswer>, HubError> {
    let recording = match request.mode.as_str() {
        "listen" | "on" => true,
        "off" => false,
        "respond" => {
            let what = "nothing answers by itself here: a program can, see /api/webhooks; \
                        mode takes listen or off";
            return Err(not_served_here(what).into());
        }
        _ => return Err(invalid("mode has to be listen or off")),
    };
    state.store.set_recording(recording).await?;
    tracing::info!(
        mode = mode_of(recording),
        "the recording of messages is switched"
    );
    Ok(Json(ModeAnswer {
        ok: true,
        mode: mode_of(recording),
        recording,
    }))
}

/// A message, as these routes tell it.
#[derive(Serialize, ToSchema)]
#[schema(as = listener::MessageAnswer)]
pub(crate) struct MessageAnswer {
    id: i64,
    message_id: Option<String>,
    direccion: &'static str,
    telefono: Option<String>,
    chat: String,
    nombre: Option<String>,
    tipo: String,
    mensaje: String,
    estado: &'static str,
    cliente_id: Option<u64>,
    #[serde(rename = "campañaId")]
    campaign_id: Option<i64>,
    /// When it was written, and when the hub wrote it down.
    fecha: Timestamp,
    registrado: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl MessageAnswer {
    fn of(message: Message, names: &HashMap<String, String>) -> Self {
        Self {
            id: message.id,
            direccion: direction(message.is_inbound),
            telefono: phone_of(&message.chat).map(str::to_owned),
            nombre: names.get(&message.chat).cloned(),
            tipo: message.kind.clone(),
            estado: message.state.estado(),
            cliente_id: message.cliente_id,
            campaign_id: message.campaign_id,
            fecha: message.at(),
            registrado: message.created_at,
            message_id: message.wa_id,
            error: message.error_code,
            chat: message.chat,
            mensaje: message.body,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    #[serde(alias = "cliente")]
    cliente_id: Option<String>,
    #[serde(alias = "phone", alias = "from")]
    telefono: Option<String>,
    #[serde(alias = "direction")]
    direccion: Option<String>,
    #[serde(alias = "since")]
    desde: Option<Timestamp>,
    #[serde(alias = "search")]
    buscar: Option<String>,
    #[serde(alias = "before")]
    antes: Option<i64>,
    #[serde(alias = "limit")]
    limite: Option<u32>,
}

/// What is there, and not empty.
fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

impl ListQuery {
    fn limit(&self) -> Result<u32, HubError> {
        let limit = self.limite.unwrap_or(PAGE);
        if (1..=LARGEST_PAGE).contains(&limit) {
            Ok(limit)
        } else {
            Err(invalid(format!("limite has to be 1 to {LARGEST_PAGE}")))
        }
    }

    fn words(&self) -> Result<Option<&str>, HubError> {
        let words = given(self.buscar.as_deref().map(str::trim));
        if words.is_some_and(|words| words.chars().count() > LONGEST_WORDS) {
            let what = format!("buscar has to be at most {LONGEST_WORDS} characters");
            return Err(invalid(what));
        }
        Ok(words)
    }

    fn cliente_id(&self) -> Result<Option<u64>, HubError> {
        let read = |text| {
            ClienteId::parse(text)
                .map(|id| id.0)
                .ok_or_else(|| invalid("cliente_id has to be a positive integer"))
        };
        given(self.cliente_id.as_deref()).map(read).transpose()
    }

    /// `None` is both.
    fn is_inbound(&self, otherwise: Option<bool>) -> Result<Option<bool>, HubError> {
        match given(self.direccion.as_deref()) {
            None => Ok(otherwise),
            Some("entrante" | "in") => Ok(Some(true)),
            Some("saliente" | "out") => Ok(Some(false)),
            Some("todas" | "all") => Ok(None),
            Some(_) => Err(invalid("direccion has to be entrante, saliente or todas")),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = listener::PageAnswer)]
pub(crate) struct PageAnswer {
    mensajes: Vec<MessageAnswer>,
    /// What to give as `antes` for the page after this one.
    siguiente: Option<i64>,
}

/// Messages with the names of whom they are from.
pub(super) async fn told(
    state: &AppState,
    caller: &Caller,
    messages: Vec<Message>,
) -> Result<Vec<MessageAnswer>, HubError> {
    let mut chats: Vec<_> = messages.iter().map(|it| it.chat.as_str()).collect();
    chats.sort_unstable();
    chats.dedup();
    let names = state.store.names(&chats, caller.cliente_id).await?;
    let tell = |message| MessageAnswer::of(message, &names);
    Ok(messages.into_iter().map(tell).collect())
}

async fn answer(state: &AppState, caller: &Caller, page: Page) -> Result<PageAnswer, HubError> {
    Ok(PageAnswer {
        siguiente: page.next,
        mensajes: told(state, caller, page.messages).await?,
    })
}

fn recipient(state: &AppState, text: &str) -> Result<Recipient, HubError> {
    numbers::recipient("telefono", text, &state.config.home)
}

async fn chat(state: &AppState, text: &str) -> Result<String, HubError> {
    Ok(state.store.chat_of(&recipient(state, text)?).await?)
}

/// What came in (or went out), the newest first, page by page.
#[utoipa::path(
    get, path = "/listener/messages", tag = "inbound", operation_id = "listener_messages",
    params(ListQuery),
    responses((status = 200, description = "A page of them", body = PageAnswer), Failures)
)]
pub(crate) async fn messages(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<Json<PageAnswer>, HubError> {
    let chat = match given(query.telefono.as_deref()) {
        Some(text) => Some(chat(&state, text).await?),
        None => None,
    };
    let filter = Filter {
        cliente_id: caller.cliente_for(query.cliente_id()?)?,
        chat,
        is_inbound: query.is_inbound(Some(true))?,
        since: query.desde,
        until: None,
        before: query.antes,
        ..Filter::default()
    };
    let limit = query.limit()?;
    let words = query.words()?;
    let _held = words.map(|_| state.limits.search(&caller)).transpose()?;
    let page = state.store.page(&filter, words, limit).await?;
    Ok(Json(answer(&state, &caller, page).await?))
}

/// So much of a message tells what it is about.
const SHOWN: usize = 160;

#[derive(Serialize, ToSchema)]
#[schema(as = listener::Conversation)]
pub(crate) struct Conversation {
    telefono: Option<String>,
    chat: String,
    nombre: Option<String>,
    ultimo: MessageAnswer,
}

#[derive(Serialize, ToSchema)]
#[schema(as = listener::Conversations)]
pub(crate) struct Conversations {
    conversaciones: Vec<Conversation>,
    /// What to give as `antes` for the page after this one.
    siguiente: Option<i64>,
}

/// With whom there is a conversation, and its last message, page by page.
#[utoipa::path(
    get, path = "/listener/conversations", tag = "inbound", operation_id = "listener_conversations",
    params(ListQuery),
    responses((status = 200, description = "A page of them", body = Conversations), Failures)
)]
pub(crate) async fn conversations(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<Json<Conversations>, HubError> {
    let cliente_id = caller.cliente_for(query.cliente_id()?)?;
    let (words, limit) = (query.words()?, query.limit()?);
    let _held = words.map(|_| state.limits.search(&caller)).transpose()?;
    let page = state
        .store
        .conversations(cliente_id, words, query.antes, limit)
        .await?;
    let row = |mut ultimo: MessageAnswer| {
        if let Some((end, _)) = ultimo.mensaje.char_indices().nth(SHOWN) {
            ultimo.mensaje.truncate(end);
            ultimo.mensaje.push('…');
        }
        Conversation {
            telefono: ultimo.telefono.clone(),
            chat: ultimo.chat.clone(),
            nombre: ultimo.nombre.clone(),
            ultimo,
        }
    };
    Ok(Json(Conversations {
        siguiente: page.next,
        conversaciones: told(&state, &caller, page.messages)
            .await?
            .into_iter()
            .map(row)
            .collect(),
    }))
}

#[derive(Serialize, ToSchema)]
#[schema(as = listener::History)]
pub(crate) struct History {
    telefono: Option<String>,
    chat: String,
    nombre: Option<String>,
    #[serde(flatten)]
    page: PageAnswer,
}

/// The conversation with a number, the newest first, page by page.
#[utoipa::path(
    get, path = "/listener/history/{number}", tag = "inbound", operation_id = "listener_history",
    params(("number" = String, Path, description = "A number in international form, or a WhatsApp id", example = "5491158254201"), ListQuery),
    responses((status = 200, description = "A page of it", body = History), Failures)
)]
pub(crate) async fn history(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(number): ApiPath<String>,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<Json<History>, HubError> {
    let asked = recipient(&state, &number)?;
    let chat = state.store.chat_of(&asked).await?;
    let filter = Filter {
        cliente_id: caller.cliente_for(query.cliente_id()?)?,
        chat: Some(chat.clone()),
        is_inbound: query.is_inbound(None)?,
        since: query.desde,
        until: None,
        before: query.antes,
        ..Filter::default()
    };
    let limit = query.limit()?;
    let words = query.words()?;
    let _held = words.map(|_| state.limits.search(&caller)).transpose()?;
    let page = state.store.page(&filter, words, limit).await?;
    let mut names = state.store.names(&[&chat], caller.cliente_id).await?;
    // Who is nobody to a business has no name for it, and no other number than
    // the one that it asked for.
    let is_known = caller.sees(None) || !page.messages.is_empty();
    let name = names.remove(&chat).filter(|_| is_known);
    let chat = if is_known {
        chat
    } else {
        asked.as_str().to_owned()
    };
    Ok(Json(History {
        telefono: phone_of(&chat).map(str::to_owned),
        nombre: name,
        page: answer(&state, &caller, page).await?,
        chat,
    }))
}

fn invalid(what: impl Into<String>) -> HubError {
    ErrorReply::invalid_request(what).into()
}
