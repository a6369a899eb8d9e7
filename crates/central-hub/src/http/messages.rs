//! Serves `GET /api/sender/messages` and `messages.csv`: search and export of messages.

use std::collections::HashMap;

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiQuery, ErrorReply};
use session_api::Timestamp;
use utoipa::{IntoParams, ToSchema};

use super::numbers;
use super::sender::MessageAnswer;
use super::spreadsheet::{self, Rows};
use crate::auth::Caller;
use crate::caller_limits::HeldSlots;
use crate::error::HubError;
use crate::sending_windows::midnight;
use crate::state::AppState;
use crate::store::{Filter, Message, MessageState, Store, StoreError};

/// Default page size of a list.
const PAGE: u32 = 50;
const MAX_PAGE_SIZE: u32 = 500;
/// Number of rows that an export reads from the database at once, which bounds its memory use.
const EXPORT_ROWS_PER_QUERY: u32 = 1_000;
const MAX_SEARCH_LENGTH: usize = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    cliente_id: Option<u64>,
    #[serde(rename = "campañaId", alias = "campaniaId", alias = "campania_id")]
    campaign_id: Option<i64>,
    destinatario: Option<String>,
    estado: Option<String>,
    direccion: Option<String>,
    desde: Option<String>,
    hasta: Option<String>,
    buscar: Option<String>,
    antes: Option<i64>,
    #[param(minimum = 1, maximum = 500)]
    limite: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = messages::Page)]
pub(crate) struct MessagesBody {
    mensajes: Vec<MessageAnswer>,
    /// Cursor of the next page, to pass as `antes`.
    siguiente: Option<i64>,
}

/// Returns the value of a parameter; `None` if it is blank.
pub(super) fn non_blank(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// Returns the search words of `buscar`.
///
/// # Errors
/// If they are too long.
pub(super) fn search_words(buscar: Option<&str>) -> Result<Option<&str>, HubError> {
    let words = non_blank(buscar);
    if words.is_some_and(|words| words.chars().count() > MAX_SEARCH_LENGTH) {
        return Err(invalid(format!(
            "buscar must have at most {MAX_SEARCH_LENGTH} characters"
        )));
    }
    Ok(words)
}

fn invalid(what: impl Into<String>) -> HubError {
    ErrorReply::invalid_request(what.into()).into()
}

/// Parses a timestamp or a day. A day stands for its first moment in the
/// business's time zone or, with `is_end`, for the first moment of the next
/// day.
fn parse_date_bound(
    name: &str,
    text: &str,
    is_end: bool,
    zone: &TimeZone,
) -> Result<Timestamp, HubError> {
    let wrong = || {
        invalid(format!(
            "{name} must be a date such as 2026-03-31, or a time such as 2026-03-31T12:00:00Z"
        ))
    };
    if let Ok(day) = text.parse::<Date>()
        && text.len() == 10
    {
        let day = if is_end { day.tomorrow() } else { Ok(day) };
        let at = midnight(day.map_err(|_| wrong())?, zone);
        return at.map(Timestamp::from).ok_or_else(wrong);
    }
    text.parse::<jiff::Timestamp>()
        .map(Timestamp::from)
        .map_err(|_| wrong())
}

impl ListQuery {
    fn limit(&self) -> Result<u32, HubError> {
        let limit = self.limite.unwrap_or(PAGE);
        if (1..=MAX_PAGE_SIZE).contains(&limit) {
            return Ok(limit);
        }
        Err(invalid(format!("limite must be from 1 to {MAX_PAGE_SIZE}")))
    }

    fn words(&self) -> Result<Option<&str>, HubError> {
        search_words(self.buscar.as_deref())
    }

    async fn filter(&self, state: &AppState, caller: &Caller) -> Result<Filter, HubError> {
        let (zone, home) = (&state.config.zone, &state.config.home);
        let message_state = match non_blank(self.estado.as_deref()) {
            None => None,
            Some(estado) => Some(MessageState::from_estado(estado).ok_or_else(|| {
                let names: Vec<_> = MessageState::ALL.iter().map(|it| it.estado()).collect();
                invalid(format!("estado must be one of {}", names.join(", ")))
            })?),
        };
        let chat = match non_blank(self.destinatario.as_deref()) {
            None => None,
            Some(number) => {
                let recipient = numbers::recipient("destinatario", number, home)?;
                Some(state.store.chat_of(&recipient).await?)
            }
        };
        let is_inbound = match non_blank(self.direccion.as_deref()) {
            None | Some("saliente") => Some(false),
            Some("entrante") => Some(true),
            Some("todas") => None,
            Some(_) => return Err(invalid("direccion must be saliente, entrante or todas")),
        };
        let time = |name, text: &Option<String>, is_end| {
            let text = non_blank(text.as_deref());
            text.map(|text| parse_date_bound(name, text, is_end, zone))
                .transpose()
        };
        Ok(Filter {
            cliente_id: caller.cliente_for(self.cliente_id)?,
            campaign_id: self.campaign_id,
            chat,
            is_inbound,
            state: message_state,
            since: time("desde", &self.desde, false)?,
            until: time("hasta", &self.hasta, true)?,
            before: self.antes,
        })
    }
}

/// Lists outbound messages, sent or queued, in pages, newest first.
#[utoipa::path(
    get, path = "/sender/messages", tag = "messages", operation_id = "messages_list",
    params(ListQuery),
    responses((status = 200, description = "One page", body = MessagesBody), Failures)
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<Json<MessagesBody>, HubError> {
    let limit = query.limit()?;
    let filter = query.filter(&state, &caller).await?;
    let words = query.words()?;
    let _held = words.map(|_| state.limits.search(&caller)).transpose()?;
    let page = state.store.search_messages(&filter, words, limit).await?;
    let names = names_of(&state.store, &filter, &page.messages).await?;
    let named = |message| MessageAnswer::named(message, &names);
    Ok(Json(MessagesBody {
        mensajes: page.messages.into_iter().map(named).collect(),
        siguiente: page.next,
    }))
}

/// Returns the contacts' names as the listed business knows them.
async fn names_of(
    store: &Store,
    filter: &Filter,
    messages: &[Message],
) -> Result<HashMap<String, String>, StoreError> {
    let chats = messages.iter().map(|it| it.chat.as_str());
    store.names_of(filter.cliente_id, chats).await
}

/// Exports all pages of the same list as CSV. Rows are read only as fast as the
/// client takes them, and at most one page is held in memory.
#[utoipa::path(
    get, path = "/sender/messages.csv", tag = "messages", operation_id = "messages_csv",
    params(ListQuery),
    responses((status = 200, description = "A table", body = String, content_type = "text/csv"), Failures)
)]
pub(crate) async fn csv(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<Response, HubError> {
    // The export ignores `limite`, but still validates it.
    query.limit()?;
    let filter = query.filter(&state, &caller).await?;
    let words = query.words()?.map(str::to_owned);
    // The search permit is held until the export ends.
    let held = words.as_ref().map(|_| state.limits.search(&caller));
    let rest = Rest {
        _held: held.transpose()?,
        store: state.store.clone(),
        zone: state.config.zone.clone(),
        filter: Some(filter),
        words,
    };
    // The name contains the date, since people save several exports in one folder.
    let now = state.config.zone.to_datetime(jiff::Timestamp::now());
    let name = format!("mensajes-{}.csv", now.date());
    Ok(spreadsheet::file(&name, COLUMNS, rest))
}

/// The part of an export that is not read yet.
struct Rest {
    _held: Option<HeldSlots>,
    store: Store,
    zone: TimeZone,
    /// The filter of the next page; `None` after the last page.
    filter: Option<Filter>,
    words: Option<String>,
}

impl Rows<12> for Rest {
    async fn next(&mut self) -> Result<Option<Vec<[String; 12]>>, StoreError> {
        let Some(mut filter) = self.filter.take() else {
            return Ok(None);
        };
        let page = self
            .store
            .search_messages(&filter, self.words.as_deref(), EXPORT_ROWS_PER_QUERY)
            .await?;
        let names = names_of(&self.store, &filter, &page.messages).await?;
        let rows = page.messages.iter().map(|it| row(it, &names, &self.zone));
        filter.before = page.next;
        self.filter = page.next.map(|_| filter);
        Ok(Some(rows.collect()))
    }
}

const COLUMNS: [&str; 12] = [
    "id",
    "fecha",
    "direccion",
    "numero",
    "nombre",
    "mensaje",
    "tipo",
    "estado",
    "error",
    "cliente_id",
    "campania_id",
    "message_id",
];

fn row(message: &Message, names: &HashMap<String, String>, zone: &TimeZone) -> [String; 12] {
    let at = jiff::Timestamp::from_millisecond(message.at().as_millis());
    let at = at.map(|at| {
        zone.to_datetime(at)
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string()
    });
    let optional = |number: Option<String>| number.unwrap_or_default();
    [
        message.id.to_string(),
        at.unwrap_or_default(),
        if message.is_inbound {
            "entrante"
        } else {
            "saliente"
        }
        .to_owned(),
        number_cell(&message.chat),
        optional(names.get(&message.chat).cloned()),
        message.body.clone(),
        message.kind.clone(),
        message.state.estado().to_owned(),
        optional(message.error_code.clone()),
        optional(message.cliente_id.map(|id| id.to_string())),
        optional(message.campaign_id.map(|id| id.to_string())),
        optional(message.wa_id.clone()),
    ]
}

/// Formats a number so that a spreadsheet keeps it: with spaces, because it
/// would turn plain digits into `5,49E+12`, and without `+`, which would start
/// a formula.
fn number_cell(chat: &str) -> String {
    let digits = chat.trim_end_matches("@c.us");
    phone_number::spaced(digits).unwrap_or_else(|| digits.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_the_business_s() {
        let zone = TimeZone::get("America/Argentina/Buenos_Aires").unwrap();
        let read =
            |text, is_end| parse_date_bound("desde", text, is_end, &zone).map(|at| at.to_string());
        assert_eq!(
            read("2026-03-31", false).unwrap(),
            "2026-03-31T03:00:00.000Z"
        );
        assert_eq!(
            read("2026-03-31", true).unwrap(),
            "2026-04-01T03:00:00.000Z"
        );
        let moment = "2026-03-31T12:00:00Z";
        assert_eq!(read(moment, true).unwrap(), "2026-03-31T12:00:00.000Z");
        for wrong in ["ayer", "2026-02-30", "2026-3-1", "9999-12-31T23:59:59"] {
            assert!(read(wrong, false).is_err(), "{wrong}");
        }
    }
}
