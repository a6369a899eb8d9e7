//! Serves `/api/contacts`: the contacts of a business, with names, tags and notes.

use std::time::Duration;

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ApiPath, ApiQuery, ErrorReply};
use session_api::{Recipient, Timestamp};
use utoipa::{IntoParams, ToSchema};

use super::campaigns::{invalid, page_size, paginate};
use super::listener::{MessageAnswer, to_answers};
use super::messages::{non_blank, search_words};
use super::numbers;
use super::spreadsheet::{self, Rows};
use super::users::actor;
use crate::auth::Caller;
use crate::caller_limits::HeldSlots;
use crate::error::HubError;
use crate::session_deleter;
use crate::state::AppState;
use crate::store::campaigns::ContactCampaign;
use crate::store::{
    Card, CardChange, ContactDetails, ContactFilter, DeleteOutcome, Filter, MergeOutcome,
    SplitOutcome, Store, StoreError, phone_of,
};

const MAX_NAME_LENGTH: usize = 200;
const MAX_TAG_LENGTH: usize = 50;
const MAX_TAGS: usize = 20;
const MAX_NOTE_LENGTH: usize = 4_000;
/// Number of messages that are listed with a contact.
const LISTED_MESSAGES: u32 = 10;
/// Number of campaigns that are listed with a contact.
const LISTED_CAMPAIGNS: u32 = 5;
/// How long a deletion waits for session-manager; what is left then is deleted later.
const DELETION_TIMEOUT: Duration = Duration::from_secs(5);
/// Number of rows that are read at once for the CSV file.
const ROWS: u32 = 500;

/// A contact: a person with messages, or with a name, tags or a note.
#[derive(Serialize, ToSchema)]
#[schema(as = contacts::Contact)]
pub(crate) struct ContactBody {
    id: i64,
    telefono: Option<String>,
    chat: String,
    /// The name that the business gave the contact.
    nombre: Option<String>,
    /// The name that the contact chose in WhatsApp.
    nombre_whatsapp: Option<String>,
    etiquetas: Vec<String>,
    nota: Option<String>,
    /// Whether the contact opted out.
    baja: bool,
    ultimo: Option<MessageAnswer>,
}

/// The contact card of one business; only for callers who see all businesses.
#[derive(Serialize, ToSchema)]
#[schema(as = contacts::Card)]
pub(crate) struct CardBody {
    cliente_id: u64,
    nombre: Option<String>,
    etiquetas: Vec<String>,
    nota: Option<String>,
}

/// A number or LID of a contact.
#[derive(Serialize, ToSchema)]
#[schema(as = contacts::Address)]
pub(crate) struct AddressBody {
    direccion: String,
    telefono: Option<String>,
    /// How the address became known: `inbound`, `send`, `lookup`, `import`, `migration` or `hand`.
    fuente: String,
    fecha: Timestamp,
}

/// A merge of two contacts.
#[derive(Serialize, ToSchema)]
#[schema(as = contacts::Joining)]
pub(crate) struct JoiningBody {
    de: String,
    a: String,
    fuente: String,
    fecha: Timestamp,
    /// When a user undid the merge; `null` if it stands.
    deshecha: Option<Timestamp>,
}

/// The origin of an opt-out, who added it, and when.
#[derive(Serialize, ToSchema)]
#[schema(as = contacts::OptOut)]
pub(crate) struct OptOutBody {
    origen: &'static str,
    /// The user who added the opt-out; only for callers with access to the business that added it.
    por: Option<String>,
    fecha: Timestamp,
}

/// A campaign that has the contact among its recipients.
#[derive(Serialize, ToSchema)]
#[schema(as = contacts::Campaign)]
pub(crate) struct CampaignBody {
    id: i64,
    nombre: String,
    /// The contact's state in the campaign: `pendiente`, `en_cola`, `enviado`,
    /// `fallido`, `simulado` or `omitido`.
    estado: &'static str,
    /// When that state last changed.
    fecha: Timestamp,
}

impl From<ContactCampaign> for CampaignBody {
    fn from(campaign: ContactCampaign) -> Self {
        Self {
            id: campaign.id,
            nombre: campaign.name,
            estado: campaign.state.estado(),
            fecha: campaign.at,
        }
    }
}

/// A contact with its details.
#[derive(Serialize, ToSchema)]
#[schema(as = contacts::One)]
pub(crate) struct OneBody {
    #[serde(flatten)]
    contact: ContactBody,
    /// The newest messages with the contact.
    mensajes: Vec<MessageAnswer>,
    /// The newest campaigns that have the contact among their recipients.
    campanias: Vec<CampaignBody>,
    desde_baja: Option<OptOutBody>,
    /// The contact's addresses, its merges and the card of each business; only
    /// for callers who see all businesses.
    direcciones: Vec<AddressBody>,
    uniones: Vec<JoiningBody>,
    negocios: Vec<CardBody>,
}

pub(super) fn not_found() -> HubError {
    let what = "there is no such contact: it has no messages and no stored data";
    ErrorReply::new(StatusCode::NOT_FOUND, "CONTACT_NOT_FOUND", what).into()
}

fn conflict(code: &'static str, what: &str) -> HubError {
    ErrorReply::new(StatusCode::CONFLICT, code, what).into()
}

/// Separates the card of the caller's business from the others. If it has no
/// name, the first name on the other cards is used; only callers who see all
/// businesses get other cards.
fn split(known: ContactDetails, cliente_id: Option<u64>) -> (ContactDetails, Card, Vec<Card>) {
    let mut known = known;
    let mut cards = std::mem::take(&mut known.cards);
    let own_card = cards.iter().position(|card| card.cliente_id == cliente_id);
    let own_card = own_card.map(|at| cards.remove(at));
    let mut shown_card = own_card.unwrap_or_else(|| Card {
        chat: known.chat.clone(),
        cliente_id,
        name: None,
        tags: Vec::new(),
        note: None,
        updated_at: Timestamp::now(),
    });
    if shown_card.name.is_none() {
        shown_card.name = cards.iter().find_map(|card| card.name.clone());
    }
    (known, shown_card, cards)
}

fn body(known: ContactDetails, shown: Card, ultimo: Option<MessageAnswer>) -> ContactBody {
    ContactBody {
        id: known.id,
        telefono: phone_of(&known.chat).map(str::to_owned),
        nombre: shown.name,
        nombre_whatsapp: known.pushname,
        etiquetas: shown.tags,
        nota: shown.note,
        baja: known.is_opted_out,
        ultimo,
        chat: known.chat,
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only contacts of this business.
    cliente_id: Option<u64>,
    /// Words of the name or the tags, or digits of the number.
    buscar: Option<String>,
    /// Only contacts with this tag.
    etiqueta: Option<String>,
    antes: Option<i64>,
    limite: Option<u32>,
}

impl ListQuery {
    fn filter(&self, caller: &Caller) -> Result<ContactFilter, HubError> {
        let words = search_words(self.buscar.as_deref())?;
        Ok(ContactFilter {
            cliente_id: caller.cliente_for(self.cliente_id)?,
            words: words.map(str::to_owned),
            tag: non_blank(self.etiqueta.as_deref()).map(str::to_owned),
            before: self.antes,
        })
    }

    fn is_search(&self) -> bool {
        non_blank(self.buscar.as_deref()).is_some() || non_blank(self.etiqueta.as_deref()).is_some()
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = contacts::Page)]
pub(crate) struct PageBody {
    contactos: Vec<ContactBody>,
    /// The value of `antes` for the next page; `null` on the last page.
    siguiente: Option<i64>,
}

/// Lists the contacts of a business in pages, most recent first.
#[utoipa::path(
    get, path = "/contacts", tag = "contacts", operation_id = "contacts_list",
    params(ListQuery),
    responses((status = 200, description = "One page of contacts", body = PageBody), Failures)
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<Json<PageBody>, HubError> {
    let limit = page_size(query.limite)?;
    let filter = query.filter(&caller)?;
    let _held = query
        .is_search()
        .then(|| state.limits.search(&caller))
        .transpose()?;
    let mut found = state.store.contact_list(&filter, limit + 1).await?;
    let siguiente = paginate(&mut found, limit, |it| it.id);
    // All last messages are converted together, so that their names are looked up once.
    let (mut rows, mut lasts) = (Vec::with_capacity(found.len()), Vec::new());
    for known in found {
        let (mut known, shown, _) = split(known, filter.cliente_id);
        let last = known.last.take();
        rows.push((known, shown, last.is_some()));
        lasts.extend(last);
    }
    let mut lasts = to_answers(&state, filter.cliente_id, lasts)
        .await?
        .into_iter();
    let contactos = rows
        .into_iter()
        .map(|(known, shown, has_last)| {
            let last = if has_last { lasts.next() } else { None };
            body(known, shown, last)
        })
        .collect();
    Ok(Json(PageBody {
        contactos,
        siguiente,
    }))
}

fn person(state: &AppState, telefono: &str) -> Result<Recipient, HubError> {
    numbers::recipient("telefono", telefono, &state.config.home)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfBusiness {
    /// The business from whose point of view the contact is returned.
    cliente_id: Option<u64>,
}

async fn show(
    state: &AppState,
    caller: &Caller,
    chat: &str,
    cliente_id: Option<u64>,
) -> Result<Json<OneBody>, HubError> {
    let known = state.store.contact_details(chat, cliente_id).await?;
    let (mut known, shown, others) = split(known.ok_or_else(not_found)?, cliente_id);
    let filter = Filter {
        cliente_id,
        chat: Some(chat.to_owned()),
        ..Filter::default()
    };
    let page = state
        .store
        .search_messages(&filter, None, LISTED_MESSAGES)
        .await?;
    let mensajes = to_answers(state, cliente_id, page.messages).await?;
    let campaigns = state
        .store
        .campaigns_of_contact(chat, cliente_id, LISTED_CAMPAIGNS)
        .await?;
    let last = known.last.take().into_iter().collect();
    let ultimo = to_answers(state, cliente_id, last).await?.pop();
    let opt_out = match (known.is_opted_out, Recipient::parse(chat)) {
        (true, Ok(person)) => state.store.find_opt_out(&person).await?,
        _ => None,
    };
    let (mut direcciones, mut uniones) = (Vec::new(), Vec::new());
    if caller.sees(None) && cliente_id.is_none() {
        for it in state.store.addresses_of(chat).await? {
            direcciones.push(AddressBody {
                telefono: phone_of(&it.address).map(str::to_owned),
                direccion: it.address,
                fuente: it.source,
                fecha: it.since,
            });
        }
        for it in state.store.merges_of(chat).await? {
            uniones.push(JoiningBody {
                de: it.from,
                a: it.to,
                fuente: it.source,
                fecha: it.at,
                deshecha: it.undone_at,
            });
        }
    }
    let negocios = others
        .into_iter()
        .filter_map(|card| {
            Some(CardBody {
                cliente_id: card.cliente_id?,
                nombre: card.name,
                etiquetas: card.tags,
                nota: card.note,
            })
        })
        .collect();
    Ok(Json(OneBody {
        contact: body(known, shown, ultimo),
        mensajes,
        campanias: campaigns.into_iter().map(CampaignBody::from).collect(),
        desde_baja: opt_out.map(|it| OptOutBody {
            origen: if it.source == "message" {
                "mensaje"
            } else {
                "persona"
            },
            por: it.added_by.filter(|_| caller.sees(it.cliente_id)),
            fecha: it.created_at,
        }),
        direcciones,
        uniones,
        negocios,
    }))
}

/// Returns a contact with its newest messages.
#[utoipa::path(
    get, path = "/contacts/{telefono}", tag = "contacts", operation_id = "contacts_one",
    params(("telefono" = String, Path, description = "A number in international form, or a WhatsApp id", example = "5491158254201"), OfBusiness),
    responses((status = 200, description = "The contact", body = OneBody), Failures)
)]
pub(crate) async fn one(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(telefono): ApiPath<String>,
    ApiQuery(query): ApiQuery<OfBusiness>,
) -> Result<Json<OneBody>, HubError> {
    let cliente_id = caller.cliente_for(query.cliente_id)?;
    let person = person(&state, &telefono)?;
    let chat = state.store.contact_chat(&person, cliente_id).await?;
    show(&state, &caller, &chat, cliente_id).await
}

/// The fields to change. Omitted fields stay; empty fields are deleted.
#[derive(Deserialize, ToSchema)]
#[schema(as = contacts::Change)]
pub(crate) struct ChangeBody {
    nombre: Option<String>,
    etiquetas: Option<Vec<String>>,
    nota: Option<String>,
    /// The business whose card is changed.
    cliente_id: Option<u64>,
}

impl ChangeBody {
    fn read(self) -> Result<CardChange, HubError> {
        let text = |name: &str, text: Option<String>, longest: usize| {
            let text = text.map(|text| text.trim().to_owned());
            if text.as_ref().is_some_and(|it| it.chars().count() > longest) {
                return Err(invalid(format!(
                    "{name} must have at most {longest} characters"
                )));
            }
            if text.as_ref().is_some_and(|it| it.contains('\0')) {
                return Err(invalid(format!("{name} contains an invalid character")));
            }
            Ok(text)
        };
        let mut tags = None;
        if let Some(given) = self.etiquetas {
            let mut unique: Vec<String> = Vec::new();
            for tag in given {
                let tag = text("etiquetas", Some(tag), MAX_TAG_LENGTH)?.unwrap_or_default();
                if !tag.is_empty() && !unique.contains(&tag) {
                    unique.push(tag);
                }
            }
            if unique.len() > MAX_TAGS {
                return Err(invalid(format!(
                    "etiquetas must have at most {MAX_TAGS} entries"
                )));
            }
            tags = Some(unique);
        }
        Ok(CardChange {
            name: text("nombre", self.nombre, MAX_NAME_LENGTH)?,
            tags,
            note: text("nota", self.nota, MAX_NOTE_LENGTH)?,
        })
    }
}

/// Changes the name, tags and note that a business stores about a contact, and
/// creates the business's card if there is none.
#[utoipa::path(
    put, path = "/contacts/{telefono}", tag = "contacts", operation_id = "contacts_change",
    params(("telefono" = String, Path, description = "A number in international form, or a WhatsApp id", example = "5491158254201")),
    request_body(content = ChangeBody, example = json!({"nombre": "Ana", "etiquetas": ["alquiler"], "nota": "llama de noche"})),
    responses((status = 200, description = "The changed contact", body = OneBody), Failures)
)]
pub(crate) async fn change(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(telefono): ApiPath<String>,
    ApiJson(request): ApiJson<ChangeBody>,
) -> Result<Json<OneBody>, HubError> {
    let cliente_id = caller.cliente_for(request.cliente_id)?;
    let person = person(&state, &telefono)?;
    let change = request.read()?;
    let card = state
        .store
        .change_card(person.as_str(), cliente_id, change)
        .await?;
    show(&state, &caller, &card.chat, cliente_id).await
}

#[derive(Deserialize, ToSchema)]
#[schema(as = contacts::Join)]
pub(crate) struct JoinBody {
    /// The other contact: a number or a WhatsApp id.
    con: String,
}

/// Merges two contacts with their messages, cards and campaign recipients. The
/// contact in the path remains.
#[utoipa::path(
    post, path = "/contacts/{telefono}/join", tag = "contacts", operation_id = "contacts_join",
    params(("telefono" = String, Path, description = "A number in international form, or a WhatsApp id", example = "5491158254201")),
    request_body(content = JoinBody, example = json!({"con": "247033104567642@lid"})),
    responses((status = 200, description = "The merged contact", body = OneBody), Failures)
)]
pub(crate) async fn join(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(telefono): ApiPath<String>,
    ApiJson(request): ApiJson<JoinBody>,
) -> Result<Json<OneBody>, HubError> {
    let into = person(&state, &telefono)?;
    let other = numbers::recipient("con", &request.con, &state.config.home)?;
    for person in [&into, &other] {
        let chat = state.store.chat_of(person).await?;
        if state.store.contact_details(&chat, None).await?.is_none() {
            return Err(not_found());
        }
    }
    let MergeOutcome::Done(chat) = state.store.merge_by_hand(&into, &other).await? else {
        let what = "these are already one contact";
        return Err(conflict("CONTACT_ALREADY_JOINED", what));
    };
    tracing::info!(by = actor(&caller), "two contacts were joined manually");
    show(&state, &caller, &chat, None).await
}

#[derive(Deserialize, ToSchema)]
#[schema(as = contacts::Part)]
pub(crate) struct PartBody {
    /// One of the contact's addresses: a number or a WhatsApp id.
    direccion: String,
}

/// Splits an address off a contact, for example after a wrong merge. The
/// address becomes a separate contact with its messages and campaign
/// recipients.
#[utoipa::path(
    post, path = "/contacts/{telefono}/part", tag = "contacts", operation_id = "contacts_part",
    params(("telefono" = String, Path, description = "A number in international form, or a WhatsApp id", example = "5491158254201")),
    request_body(content = PartBody, example = json!({"direccion": "247033104567642@lid"})),
    responses((status = 200, description = "The contact without the address", body = OneBody), Failures)
)]
pub(crate) async fn part(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(telefono): ApiPath<String>,
    ApiJson(request): ApiJson<PartBody>,
) -> Result<Json<OneBody>, HubError> {
    let of = person(&state, &telefono)?;
    let leaving = numbers::recipient("direccion", &request.direccion, &state.config.home)?;
    match state.store.split_by_hand(&of, &leaving).await? {
        SplitOutcome::Done(_) => {}
        SplitOutcome::NotTheirs => {
            let what = "this address cannot be separated from the contact";
            return Err(conflict("CONTACT_NOT_JOINED", what));
        }
        SplitOutcome::Main => {
            let what = "this is the contact's main address: separate the others instead";
            return Err(conflict("CONTACT_MAIN_ADDRESS", what));
        }
    }
    tracing::info!(by = actor(&caller), "two contacts were separated manually");
    let chat = state.store.chat_of(&of).await?;
    show(&state, &caller, &chat, None).await
}

/// What was deleted.
#[derive(Serialize, ToSchema)]
#[schema(as = contacts::Forgotten)]
pub(crate) struct ForgottenBody {
    mensajes: u64,
    destinatarios: u64,
    /// Whether the contact had opted out. The opt-out is kept, with the
    /// addresses to which it applies.
    baja_conservada: bool,
    /// Whether session-manager still stores data of the contact, because it
    /// could not be reached or because a message's outcome is unknown. The
    /// deletion is repeated until it succeeds.
    sesion_pendiente: bool,
}

/// Deletes a contact's data, of all businesses or of one: messages, campaign
/// recipients, names and notes. An opt-out is kept.
#[utoipa::path(
    delete, path = "/contacts/{telefono}", tag = "contacts", operation_id = "contacts_forget",
    params(("telefono" = String, Path, description = "A number in international form, or a WhatsApp id", example = "5491158254201"), OfBusiness),
    responses((status = 200, description = "What was deleted", body = ForgottenBody), Failures)
)]
pub(crate) async fn forget(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(telefono): ApiPath<String>,
    ApiQuery(query): ApiQuery<OfBusiness>,
) -> Result<Json<ForgottenBody>, HubError> {
    let cliente_id = caller.cliente_for(query.cliente_id)?;
    let person = person(&state, &telefono)?;
    match state.store.forget(&person, cliente_id).await? {
        DeleteOutcome::Nobody => Err(not_found()),
        DeleteOutcome::Busy => {
            let what = "a message to this contact is being sent: nothing was deleted, try again";
            Err(conflict("CONTACT_BUSY", what))
        }
        DeleteOutcome::Done {
            messages,
            recipients,
            is_opted_out,
            addresses,
        } => {
            tracing::info!(by = actor(&caller), cliente_id, "a contact was deleted");
            let forgotten =
                tokio::time::timeout(DELETION_TIMEOUT, forget_chats(&state, &addresses));
            let is_done = matches!(forgotten.await, Ok(Ok(true)));
            Ok(Json(ForgottenBody {
                mensajes: messages,
                destinatarios: recipients,
                baja_conservada: is_opted_out,
                sesion_pendiente: !is_done,
            }))
        }
    }
}

/// Asks session-manager to delete its data of these chats. Returns whether it
/// has deleted all of it.
async fn forget_chats(state: &AppState, addresses: &[String]) -> Result<bool, StoreError> {
    let mut is_done = true;
    for address in addresses {
        is_done &= session_deleter::forget_chat(&state.store, &state.session, address).await?;
    }
    Ok(is_done && !state.store.is_chat_deletion_queued(addresses).await?)
}

/// Exports the contacts as a CSV file for spreadsheets.
#[utoipa::path(
    get, path = "/contacts.csv", tag = "contacts", operation_id = "contacts_csv",
    params(ListQuery),
    responses((status = 200, description = "A table", body = String, content_type = "text/csv"), Failures)
)]
pub(crate) async fn csv(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<Response, HubError> {
    page_size(query.limite)?;
    let filter = query.filter(&caller)?;
    let held = query.is_search().then(|| state.limits.search(&caller));
    let rest = Rest {
        _held: held.transpose()?,
        store: state.store.clone(),
        filter: Some(filter),
    };
    Ok(spreadsheet::file("contactos.csv", COLUMNS, rest))
}

/// The headings of the CSV file. They are named as in recipient lists, so that
/// the file can be imported.
const COLUMNS: [&str; 7] = [
    "telefono",
    "nombre",
    "nombre_whatsapp",
    "etiquetas",
    "nota",
    "baja",
    "ultimo_mensaje",
];

fn row(known: ContactDetails, cliente_id: Option<u64>) -> [String; 7] {
    let (known, shown, _) = split(known, cliente_id);
    let number = phone_of(&known.chat).map(str::to_owned);
    [
        number.unwrap_or(known.chat),
        shown.name.unwrap_or_default(),
        known.pushname.unwrap_or_default(),
        shown.tags.join(", "),
        shown.note.unwrap_or_default(),
        if known.is_opted_out { "si" } else { "" }.to_owned(),
        known.last.map(|it| it.at().to_string()).unwrap_or_default(),
    ]
}

/// The part of the file that is not read yet, which is read page by page.
struct Rest {
    _held: Option<HeldSlots>,
    store: Store,
    /// The filter of the next page; `None` after the last page.
    filter: Option<ContactFilter>,
}

impl Rows<7> for Rest {
    async fn next(&mut self) -> Result<Option<Vec<[String; 7]>>, StoreError> {
        let Some(mut filter) = self.filter.take() else {
            return Ok(None);
        };
        let found = self.store.contact_list(&filter, ROWS).await?;
        let last = found.last().map(|it| it.id);
        let rows = found.into_iter().map(|it| row(it, filter.cliente_id));
        let rows = rows.collect();
        filter.before = last;
        self.filter = last.map(|_| filter);
        Ok(Some(rows))
    }
}
