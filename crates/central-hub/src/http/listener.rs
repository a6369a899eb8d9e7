//! Serves `/api/listener/…`: inbound messages, conversations, and the history of a number.

use std::collections::HashMap;

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ApiPath, ApiQuery, ClienteId, ErrorReply};
use session_api::{Recipient, Timestamp};
use utoipa::{IntoParams, ToSchema};

use super::inbox::reader;
use super::node::refusals::not_served_here;
use super::numbers;
use crate::auth::Caller;
use crate::error::HubError;
use crate::inbound::Following;
use crate::message_content::ShownContent;
use crate::state::AppState;
use crate::store::{
    FOLLOWER, Filter, Message, MessagePage, MessageState, Talk, direction, phone_of,
};

/// Default page size of a list.
const PAGE: u32 = 50;
const MAX_PAGE_SIZE: u32 = 200;
const MAX_SEARCH_LENGTH: usize = 200;

#[derive(Serialize, ToSchema)]
#[schema(as = listener::Status)]
pub(crate) struct Status {
    ok: bool,
    mode: &'static str,
    recording: bool,
    /// Whether any hub instance follows session-manager's events.
    following: bool,
    /// Whether this hub is connected to session-manager; `null` if another
    /// instance follows the events.
    connected: Option<bool>,
    last_event_id: Option<String>,
    last_event_at: Option<Timestamp>,
    lag_ms: Option<i64>,
    last_message_at: Option<Timestamp>,
}

/// Returns whether messages are recorded, and how far the recording lags behind.
#[utoipa::path(
    get, path = "/listener/status", tag = "inbound", operation_id = "listener_status",
    responses((status = 200, description = "The current state", body = Status), Failures)
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

/// Turns the recording of messages on or off.
#[utoipa::path(
    post, path = "/listener/mode", tag = "inbound", operation_id = "listener_mode",
    request_body(content = ModeRequest, example = json!({"mode": "listen"})),
    responses((status = 200, description = "The current state", body = ModeAnswer), Failures)
)]
pub(crate) async fn mode(
    State(state): State<AppState>,
    ApiJson(request): ApiJson<ModeRequest>,
) -> Result<Json<ModeAnswer>, HubError> {
    let recording = match request.mode.as_str() {
        "listen" | "on" => true,
        "off" => false,
        "respond" => {
            let what = "the hub sends no automatic answers: a program can, see /api/webhooks; \
                        mode is listen or off";
            return Err(not_served_here(what).into());
        }
        _ => return Err(invalid("mode must be listen or off")),
    };
    state.store.set_recording(recording).await?;
    tracing::info!(
        mode = mode_of(recording),
        "the recording of messages was switched"
    );
    Ok(Json(ModeAnswer {
        ok: true,
        mode: mode_of(recording),
        recording,
    }))
}

/// A message, in the format of these routes.
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
    /// When the message was written, and when the hub recorded it.
    fecha: Timestamp,
    registrado: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The name of the file, if it was sent from the hub.
    #[serde(skip_serializing_if = "Option::is_none")]
    archivo: Option<String>,
    /// Whether it is a voice message that was sent from the hub.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    voz: bool,
    #[serde(flatten)]
    content: ShownContent,
}

impl MessageAnswer {
    fn new(mut message: Message, names: &HashMap<String, String>) -> Self {
        let contents = message.contents.take().map(|it| *it).unwrap_or_default();
        // The content of a message that was deleted for everyone is not returned.
        let is_there = contents.deleted_at.is_none();
        let sent = message.sent_file().filter(|_| is_there).unwrap_or_default();
        Self {
            archivo: sent.filename,
            voz: sent.voice,
            content: ShownContent::new(message.id, &message.chat, contents)
                .answering(message.request.as_deref()),
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

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TalksQuery {
    /// `sin_responder` for only the conversations that wait for a reply;
    /// `todas`, the default, for all.
    filtro: Option<String>,
}

/// Returns the text, or `None` if it is empty.
fn non_blank(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

impl ListQuery {
    fn limit(&self) -> Result<u32, HubError> {
        let limit = self.limite.unwrap_or(PAGE);
        if (1..=MAX_PAGE_SIZE).contains(&limit) {
            Ok(limit)
        } else {
            Err(invalid(format!("limite must be from 1 to {MAX_PAGE_SIZE}")))
        }
    }

    fn words(&self) -> Result<Option<&str>, HubError> {
        let words = non_blank(self.buscar.as_deref().map(str::trim));
        if words.is_some_and(|words| words.chars().count() > MAX_SEARCH_LENGTH) {
            let what = format!("buscar must have at most {MAX_SEARCH_LENGTH} characters");
            return Err(invalid(what));
        }
        Ok(words)
    }

    fn cliente_id(&self) -> Result<Option<u64>, HubError> {
        let read = |text| {
            ClienteId::parse(text)
                .map(|id| id.0)
                .ok_or_else(|| invalid("cliente_id must be a positive integer"))
        };
        non_blank(self.cliente_id.as_deref()).map(read).transpose()
    }

    /// Returns the direction to list; `None` means both.
    fn is_inbound(&self, otherwise: Option<bool>) -> Result<Option<bool>, HubError> {
        match non_blank(self.direccion.as_deref()) {
            None => Ok(otherwise),
            Some("entrante" | "in") => Ok(Some(true)),
            Some("saliente" | "out") => Ok(Some(false)),
            Some("todas" | "all") => Ok(None),
            Some(_) => Err(invalid("direccion must be entrante, saliente or todas")),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = listener::PageAnswer)]
pub(crate) struct PageAnswer {
    mensajes: Vec<MessageAnswer>,
    /// Cursor of the next page, to pass as `antes`.
    siguiente: Option<i64>,
}

/// Converts messages to the API's format, with the contacts' names.
pub(super) async fn to_answers(
    state: &AppState,
    cliente_id: Option<u64>,
    messages: Vec<Message>,
) -> Result<Vec<MessageAnswer>, HubError> {
    let chats = messages.iter().map(|it| it.chat.as_str());
    let names = state.store.names_of(cliente_id, chats).await?;
    let tell = |message| MessageAnswer::new(message, &names);
    Ok(messages.into_iter().map(tell).collect())
}

async fn answer(
    state: &AppState,
    cliente_id: Option<u64>,
    page: MessagePage,
) -> Result<PageAnswer, HubError> {
    let mut mensajes = to_answers(state, cliente_id, page.messages).await?;
    complete_quotes(state, cliente_id, &mut mensajes).await?;
    Ok(PageAnswer {
        siguiente: page.next,
        mensajes,
    })
}

/// Adds type and text to the quotes of which only the id is known: those of answers that were sent
/// from here.
async fn complete_quotes(
    state: &AppState,
    cliente_id: Option<u64>,
    answers: &mut [MessageAnswer],
) -> Result<(), HubError> {
    let ids: Vec<_> = answers
        .iter()
        .filter_map(|it| it.content.bare_quote())
        .collect();
    let originals = state.store.messages_by_wa_ids(cliente_id, &ids).await?;
    for answer in answers {
        let Some(original) = answer.content.bare_quote().and_then(|id| originals.get(id)) else {
            continue;
        };
        if original.chat != answer.chat || original.is_deleted() {
            continue;
        }
        let kind = match original.kind.as_str() {
            "text" => "chat",
            kind => kind,
        };
        let text = preview(original.body.clone());
        let text = Some(text).filter(|text| !text.is_empty());
        answer.content.complete_quote(kind.to_owned(), text);
    }
    Ok(())
}

/// Shortens a text to its beginning.
fn preview(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(PREVIEW_LENGTH) {
        text.truncate(end);
        text.push('…');
    }
    text
}

fn recipient(state: &AppState, text: &str) -> Result<Recipient, HubError> {
    numbers::recipient("telefono", text, &state.config.home)
}

async fn chat(state: &AppState, text: &str) -> Result<String, HubError> {
    Ok(state.store.chat_of(&recipient(state, text)?).await?)
}

/// Lists inbound or outbound messages in pages, newest first.
#[utoipa::path(
    get, path = "/listener/messages", tag = "inbound", operation_id = "listener_messages",
    params(ListQuery),
    responses((status = 200, description = "One page", body = PageAnswer), Failures)
)]
pub(crate) async fn messages(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<Json<PageAnswer>, HubError> {
    let chat = match non_blank(query.telefono.as_deref()) {
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
    let page = state.store.search_messages(&filter, words, limit).await?;
    Ok(Json(answer(&state, filter.cliente_id, page).await?))
}

/// Maximum length of a message preview, in characters.
const PREVIEW_LENGTH: usize = 160;

#[derive(Serialize, ToSchema)]
#[schema(as = listener::Conversation)]
pub(crate) struct Conversation {
    telefono: Option<String>,
    chat: String,
    nombre: Option<String>,
    /// Number of the contact's messages that the caller has not read.
    sin_leer: i64,
    /// When the contact's first unanswered message was written.
    sin_responder_desde: Option<Timestamp>,
    /// Place in the list, which falls from one conversation to the next. `antes` and `siguiente`
    /// are such places.
    posicion: i64,
    ultimo: MessageAnswer,
}

#[derive(Serialize, ToSchema)]
#[schema(as = listener::Conversations)]
pub(crate) struct Conversations {
    conversaciones: Vec<Conversation>,
    /// Cursor of the next page, to pass as `antes`.
    siguiente: Option<i64>,
}

/// Lists conversations in pages, each with its last message: contacts who
/// wrote, or to whom a user wrote by hand. A text search covers all contacts to
/// whom a message was ever sent.
#[utoipa::path(
    get, path = "/listener/conversations", tag = "inbound", operation_id = "listener_conversations",
    params(ListQuery, TalksQuery),
    responses((status = 200, description = "One page", body = Conversations), Failures)
)]
pub(crate) async fn conversations(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(query): ApiQuery<ListQuery>,
    ApiQuery(which): ApiQuery<TalksQuery>,
) -> Result<Json<Conversations>, HubError> {
    let cliente_id = caller.cliente_for(query.cliente_id()?)?;
    let (words, limit) = (query.words()?, query.limit()?);
    let waiting = match non_blank(which.filtro.as_deref()) {
        None | Some("todas") => false,
        Some("sin_responder") => true,
        Some(_) => return Err(invalid("filtro must be todas or sin_responder")),
    };
    let user = reader(&caller);
    let before = query.antes;
    let Some(words) = words else {
        let page = state
            .store
            .talks(cliente_id, user, waiting, before, limit)
            .await?;
        return talks(&state, cliente_id, page.talks, page.next).await;
    };
    let _held = state.limits.search(&caller)?;
    let page = state
        .store
        .conversations(cliente_id, Some(words), before, limit)
        .await?;
    let chats: Vec<_> = page.messages.iter().map(|it| it.chat.as_str()).collect();
    let known_talks = state.store.talks_with(cliente_id, user, &chats).await?;
    let known_talks: HashMap<_, _> = known_talks
        .into_iter()
        .map(|(chat, waits_since, unread)| (chat, (waits_since, unread)))
        .collect();
    let found = page.messages.into_iter().filter_map(|last| {
        let (waits_since, unread) = known_talks.get(&last.chat).copied().unwrap_or_default();
        let is_wanted =
            last.state != MessageState::Simulated && (!waiting || waits_since.is_some());
        is_wanted.then_some(Talk {
            place: last.id,
            waits_since,
            unread,
            last,
        })
    });
    talks(&state, cliente_id, found.collect(), page.next).await
}

async fn talks(
    state: &AppState,
    cliente_id: Option<u64>,
    talks: Vec<Talk>,
    next: Option<i64>,
) -> Result<Json<Conversations>, HubError> {
    let (states, messages): (Vec<_>, Vec<_>) = talks
        .into_iter()
        .map(|talk| ((talk.unread, talk.waits_since, talk.place), talk.last))
        .unzip();
    let row = |((sin_leer, sin_responder_desde, posicion), mut ultimo): (_, MessageAnswer)| {
        ultimo.mensaje = preview(ultimo.mensaje);
        ultimo.content.shorten();
        Conversation {
            telefono: ultimo.telefono.clone(),
            chat: ultimo.chat.clone(),
            nombre: ultimo.nombre.clone(),
            sin_leer,
            sin_responder_desde,
            posicion,
            ultimo,
        }
    };
    let messages = to_answers(state, cliente_id, messages).await?;
    Ok(Json(Conversations {
        siguiente: next,
        conversaciones: states.into_iter().zip(messages).map(row).collect(),
    }))
}

#[derive(Serialize, ToSchema)]
#[schema(as = listener::History)]
pub(crate) struct History {
    telefono: Option<String>,
    chat: String,
    nombre: Option<String>,
    /// The caller's unread count, as in the conversation list.
    sin_leer: i64,
    sin_responder_desde: Option<Timestamp>,
    #[serde(flatten)]
    page: PageAnswer,
}

/// Returns when the wait for a reply began, and the caller's unread count.
async fn waiting_and_unread(
    state: &AppState,
    caller: &Caller,
    chat: &str,
) -> Result<(Option<Timestamp>, i64), HubError> {
    let user = reader(caller);
    let chats = [chat];
    let known_talks = state.store.talks_with(caller.cliente_id, user, &chats);
    let known_talks = known_talks.await?.pop();
    Ok(known_talks.map_or((None, 0), |(_, waits_since, unread)| (waits_since, unread)))
}

/// Lists the messages of the conversation with a number in pages, newest first.
#[utoipa::path(
    get, path = "/listener/history/{number}", tag = "inbound", operation_id = "listener_history",
    params(("number" = String, Path, description = "A number in international form, or a WhatsApp id", example = "5491158254201"), ListQuery),
    responses((status = 200, description = "One page", body = History), Failures)
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
    let page = state.store.search_messages(&filter, words, limit).await?;
    let names = state.store.names_of(filter.cliente_id, [chat.as_str()]);
    let mut name = names.await?.remove(&chat);
    let (waits_since, unread) = waiting_and_unread(&state, &caller, &chat).await?;
    // A business without messages of this contact is told neither the contact's
    // name nor a number other than the one it requested.
    let is_known = caller.sees(None) || !page.messages.is_empty();
    name = name.filter(|_| is_known);
    let chat = if is_known {
        chat
    } else {
        asked.as_str().to_owned()
    };
    Ok(Json(History {
        telefono: phone_of(&chat).map(str::to_owned),
        nombre: name,
        sin_leer: unread,
        sin_responder_desde: waits_since,
        page: answer(&state, filter.cliente_id, page).await?,
        chat,
    }))
}

fn invalid(what: impl Into<String>) -> HubError {
    ErrorReply::invalid_request(what).into()
}
