//! Serves the phone's JSON API, at `/phone/api/…`.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::{Stream, StreamExt as _};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_stream::wrappers::BroadcastStream;

use crate::error::PhoneError;
use crate::page_protocol::{LinkCodeEvent, Stored};
use crate::phone::Phone;
use crate::phone_api_types::LeadMessage;
use crate::shared::Shared;
use crate::world::{Block, Failure, Limits, PageHttp, Rule, SendBehavior};

/// Maximum size of a lead's file, in bytes.
const MAX_FILE_BYTES: usize = 256 * 1024 * 1024;

type PhoneApiResult = Result<Json<Value>, PhoneError>;

pub(super) fn routes() -> Router<Arc<Shared>> {
    let api = Router::new()
        .route("/state", get(async |phone: Handle| answer(phone.0.state())))
        .route(
            "/messages",
            get(async |phone: Handle| answer(phone.0.messages())),
        )
        .route(
            "/refusals",
            get(async |phone: Handle| answer(phone.0.refusals())),
        )
        .route(
            "/own-changes",
            get(async |phone: Handle| answer(phone.0.own_changes())),
        )
        .route("/reads", get(async |phone: Handle| answer(phone.0.reads())))
        .route(
            "/activity",
            get(async |phone: Handle| answer(phone.0.activity())),
        )
        .route("/profiles", post(profiles))
        .route("/events", get(events))
        .route("/scan", post(scan))
        .route("/link-code", post(link_code))
        .route("/passkeys", post(passkeys))
        .route(
            "/passkey-refusals",
            get(async |phone: Handle| answer(phone.0.passkey_refusals())),
        )
        .route(
            "/lead-messages",
            post(lead_messages).get(async |phone: Handle| answer(phone.0.written())),
        )
        .route(
            "/lead-changes",
            get(async |phone: Handle| answer(phone.0.lead_changes())),
        )
        .route(
            "/files",
            post(files)
                .get(file)
                .delete(forget_file)
                .layer(DefaultBodyLimit::max(MAX_FILE_BYTES)),
        )
        .route("/lead-edits", post(lead_edits))
        .route("/lead-deletions", post(lead_deletions))
        .route("/lead-reactions", post(lead_reactions))
        .route("/own-messages", post(own_messages))
        .route("/own-reactions", post(own_reactions))
        .route("/acks", post(acks))
        .route("/unlink", post(unlink))
        .route("/conflict", post(conflict))
        .route("/network", post(network))
        .route("/block", post(block))
        .route("/failure", post(failure))
        .route(
            "/long-tasks",
            get(async |phone: Handle| answer(phone.0.long_tasks())),
        )
        .route("/rules", post(rules))
        .route("/contacts", post(contacts))
        .route("/limits", post(limits))
        .route("/settings", post(settings))
        .route("/page", post(page))
        .fallback(async || {
            (
                StatusCode::NOT_FOUND,
                error("not_found", "the phone has no such address"),
            )
        })
        .method_not_allowed_fallback(async || {
            let body = error("method_not_allowed", "that address wants another method");
            (StatusCode::METHOD_NOT_ALLOWED, body)
        });
    Router::new().nest("/phone/api", api)
}

/// An extractor of the phone from the router's state.
struct Handle(Phone);

impl axum::extract::FromRequestParts<Arc<Shared>> for Handle {
    type Rejection = Infallible;

    async fn from_request_parts(
        _: &mut axum::http::request::Parts,
        shared: &Arc<Shared>,
    ) -> Result<Self, Infallible> {
        Ok(Self(Phone {
            shared: Arc::clone(shared),
        }))
    }
}

impl IntoResponse for PhoneError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::BadRequest(_) | Self::CodeUnknown | Self::CodeWrongKeys => {
                StatusCode::BAD_REQUEST
            }
            Self::MessageUnknown => StatusCode::NOT_FOUND,
            Self::CodeExpired => StatusCode::GONE,
            Self::NoCode | Self::NetworkDown | Self::NoDevice => StatusCode::CONFLICT,
        };
        (status, error(self.code(), &self.to_string())).into_response()
    }
}

fn error(code: &str, message: &str) -> Json<Value> {
    Json(json!({"error": true, "code": code, "message": message}))
}

fn answer<T: Serialize>(value: T) -> PhoneApiResult {
    let value = serde_json::to_value(value).map_err(|e| PhoneError::BadRequest(e.to_string()))?;
    Ok(Json(value))
}

/// Parses a body, whatever its content type. An empty body counts as `{}`.
fn body<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, PhoneError> {
    let bytes: &[u8] = if bytes.trim_ascii().is_empty() {
        b"{}"
    } else {
        bytes
    };
    serde_json::from_slice(bytes).map_err(|e| PhoneError::BadRequest(e.to_string()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScanBody {
    code: Option<String>,
}

async fn scan(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let ScanBody { code } = body(&bytes)?;
    let device = match code {
        Some(code) => phone.0.scan(&code)?,
        None => phone.0.scan_current()?,
    };
    linked(&device)
}

/// Responds with the device id, or `null` while a passkey is requested.
fn linked(device: &str) -> PhoneApiResult {
    let device = (!device.is_empty()).then_some(device);
    answer(json!({"ok": true, "device": device}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PasskeyBody {
    credential_id: String,
    public_key: String,
}

async fn passkeys(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let passkey: PasskeyBody = body(&bytes)?;
    phone
        .0
        .add_passkey(&passkey.credential_id, &passkey.public_key)?;
    ok()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkCodeBody {
    code: String,
}

async fn link_code(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let LinkCodeBody { code } = body(&bytes)?;
    linked(&phone.0.link_code(&code)?)
}

async fn lead_messages(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let message: LeadMessage = body(&bytes)?;
    written(&phone.0.lead_message(&message)?)
}

/// Stores a file for a lead to send. Responds with its path.
async fn files(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    answer(json!({"ok": true, "path": phone.0.upload(bytes)}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileBody {
    path: String,
}

/// Returns a file that a lead or the account sent, or a part of it. Nobody vouches for what is in
/// it: the phone's page shows pictures, sounds and films, and the browser must not open it as a
/// page.
async fn file(
    phone: Handle,
    headers: HeaderMap,
    Query(FileBody { path }): Query<FileBody>,
) -> Response {
    let Some(file) = phone.0.file(&path) else {
        let body = error("not_found", "the server no longer has this file");
        return (StatusCode::NOT_FOUND, body).into_response();
    };
    let about = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::ACCEPT_RANGES, "bytes"),
    ];
    let Some((from, to)) = requested_range(&headers, file.len()) else {
        return (about, file).into_response();
    };
    let range = format!("bytes {from}-{to}/{}", file.len());
    let range = [(header::CONTENT_RANGE, range)];
    let part = file.slice(from..=to);
    (StatusCode::PARTIAL_CONTENT, about, range, part).into_response()
}

/// Returns the first and the last byte that the request asks for. Players need parts: they find
/// the duration of a sound at its end. A range that is none is ignored, as HTTP allows.
fn requested_range(headers: &HeaderMap, length: usize) -> Option<(usize, usize)> {
    let range = headers.get(header::RANGE)?.to_str().ok()?;
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let last = length.checked_sub(1)?;
    let from = from.parse().ok()?;
    let to = match to {
        "" => last,
        to => last.min(to.parse().ok()?),
    };
    (from <= to).then_some((from, to))
}

async fn forget_file(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let FileBody { path } = body(&bytes)?;
    phone.0.forget_file(&path)?;
    ok()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditBody {
    key: String,
    body: String,
}

async fn lead_edits(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let edit: EditBody = body(&bytes)?;
    written(&phone.0.lead_edits(&edit.key, &edit.body)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeletionBody {
    key: String,
}

async fn lead_deletions(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let DeletionBody { key } = body(&bytes)?;
    written(&phone.0.lead_deletes(&key)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReactionBody {
    key: String,
    /// Empty to remove the reaction.
    emoji: String,
}

async fn lead_reactions(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let ReactionBody { key, emoji } = body(&bytes)?;
    written(&phone.0.lead_reacts(&key, &emoji)?)
}

async fn own_reactions(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let ReactionBody { key, emoji } = body(&bytes)?;
    written(&phone.0.own_reacts(&key, &emoji)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnBody {
    to: String,
    body: String,
}

async fn own_messages(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let own: OwnBody = body(&bytes)?;
    written(&phone.0.own_message(&own.to, &own.body)?)
}

fn written(key: &str) -> PhoneApiResult {
    let id = key.rsplit('_').next().unwrap_or(key);
    answer(json!({"ok": true, "id": id, "key": key}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AckBody {
    id: String,
    ack: i8,
}

async fn acks(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let AckBody { id, ack } = body(&bytes)?;
    phone.0.ack(&id, ack)?;
    ok()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnlinkBody {
    #[serde(default)]
    reason: Option<String>,
}

async fn unlink(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let UnlinkBody { reason } = body(&bytes)?;
    match phone.0.unlink_for(reason.as_deref()) {
        0 => Err(PhoneError::NoDevice),
        count => answer(json!({"ok": true, "unlinked": count})),
    }
}

async fn conflict(phone: Handle) -> PhoneApiResult {
    phone.0.conflict()?;
    ok()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkBody {
    up: bool,
}

async fn network(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let NetworkBody { up } = body(&bytes)?;
    phone.0.set_network(up);
    ok()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BlockBody {
    state: Option<Block>,
}

async fn block(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let BlockBody { state } = body(&bytes)?;
    phone.0.block(state);
    ok()
}

async fn failure(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let failure: Value = body(&bytes)?;
    let none = failure.get("kind").is_none_or(Value::is_null);
    let failure: Option<Failure> = match none {
        true => None,
        false => {
            let bad = |error: serde_json::Error| PhoneError::BadRequest(error.to_string());
            Some(serde_json::from_value(failure).map_err(bad)?)
        }
    };
    phone.0.failure(failure);
    ok()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleBody {
    #[serde(default)]
    to: Option<String>,
    outcome: SendBehavior,
    #[serde(default)]
    count: Option<u32>,
}

async fn rules(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let RuleBody { to, outcome, count } = body(&bytes)?;
    phone.0.rule(to.as_deref(), outcome, count);
    let rules: Vec<Rule> = phone.0.state().rules;
    answer(json!({"ok": true, "rules": rules}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContactBody {
    phone: String,
    #[serde(default)]
    on_whatsapp: Option<bool>,
    /// The name under which the phone saves the contact; empty to delete it.
    #[serde(default)]
    saved: Option<String>,
    #[serde(default)]
    blocked: Option<bool>,
}

async fn contacts(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let contact: ContactBody = body(&bytes)?;
    let number = &contact.phone;
    if contact.on_whatsapp.is_none() && contact.saved.is_none() && contact.blocked.is_none() {
        let takes = "one of on_whatsapp, saved and blocked is expected";
        return Err(PhoneError::BadRequest(takes.to_owned()));
    }
    if let Some(on_whatsapp) = contact.on_whatsapp {
        phone.0.set_on_whatsapp(number, on_whatsapp)?;
    }
    if let Some(name) = contact.saved.as_deref() {
        let name = Some(name).filter(|name| !name.is_empty());
        phone.0.save_contact(number, name)?;
    }
    if let Some(blocked) = contact.blocked {
        phone.0.block_contact(number, blocked)?;
    }
    ok()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileBody {
    phone: String,
    #[serde(default)]
    about: Option<String>,
    #[serde(default)]
    picture: Option<String>,
    #[serde(default)]
    business: bool,
}

async fn profiles(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let ProfileBody {
        phone: number,
        about,
        picture,
        business,
    } = body(&bytes)?;
    phone
        .0
        .set_profile(&number, about.as_deref(), picture.as_deref(), business)?;
    ok()
}

async fn limits(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let limits: Limits = body(&bytes)?;
    phone.0.limits(limits);
    answer(json!({"ok": true, "limits": phone.0.state().limits}))
}

async fn settings(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let patch: Value = body(&bytes)?;
    let settings = phone
        .0
        .state()
        .settings
        .patched(&patch)
        .map_err(PhoneError::BadRequest)?;
    phone.0.settings(settings.clone());
    answer(json!({"ok": true, "settings": settings}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageBody {
    #[serde(default)]
    hang_ms: Option<u64>,
    #[serde(default)]
    drop_events_ms: Option<u64>,
    #[serde(default)]
    http: Option<PageHttp>,
    #[serde(default)]
    unexpected_logout: Option<String>,
    #[serde(default)]
    store: Option<Stored>,
    #[serde(default)]
    forget: Option<String>,
    #[serde(default)]
    link_code: Option<LinkCodeEvent>,
    #[serde(default)]
    end_offline_delivery: bool,
}

async fn page(phone: Handle, bytes: Bytes) -> PhoneApiResult {
    let PageBody {
        hang_ms,
        drop_events_ms,
        http,
        unexpected_logout,
        store,
        forget,
        link_code,
        end_offline_delivery,
    } = body(&bytes)?;
    if end_offline_delivery {
        phone.0.end_offline_delivery();
    }
    if let Some(wanted) = link_code {
        phone.0.link_code_event(wanted);
    }
    if let Some(http) = http {
        phone.0.page(http);
    }
    if let Some(ms) = hang_ms {
        phone.0.hang(ms);
    }
    if let Some(ms) = drop_events_ms {
        phone.0.drop_events(ms);
    }
    if let Some(reason) = unexpected_logout {
        phone.0.unexpected_logout(&reason);
    }
    if let Some(stored) = store {
        phone.0.store(stored);
    }
    if let Some(key) = forget {
        phone.0.forget(&key);
    }
    ok()
}

fn ok() -> PhoneApiResult {
    answer(json!({"ok": true}))
}

/// Streams an event for each change, with the kind of the change and a full snapshot.
async fn events(
    State(shared): State<Arc<Shared>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let phone = Phone {
        shared: Arc::clone(&shared),
    };
    let first = futures_util::stream::once(std::future::ready("hello"));
    let changes = BroadcastStream::new(shared.changed.subscribe())
        // A client that lags behind misses changes, but each event has the full state.
        .map(|change| change.unwrap_or("lagged"));
    let stream = first
        .chain(changes)
        .map(move |what| {
            let state = serde_json::to_string(&phone.state()).unwrap_or_default();
            Ok(Event::default().event(what).data(state))
        })
        .take_until(shared.stop.clone().cancelled_owned());
    Sse::new(stream).keep_alive(KeepAlive::default())
}
