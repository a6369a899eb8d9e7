//! Serves `POST /api/listener/incoming-message` and `outgoing-message`, with
//! which programs report messages themselves, authenticated by
//! `X-Internal-Token`.

use api_docs::Failures;
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiJson, ErrorReply};
use session_api::{ErrorCode, Timestamp};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use utoipa::ToSchema;

use crate::auth::ClientAddress;
use crate::error::HubError;
use crate::http::numbers;
use crate::state::AppState;
use crate::store::{InboundMessage, Recorded};

const HEADER: &str = "x-internal-token";
const MAX_ID_LENGTH: usize = 200;
/// Maximum length of a text, which is WhatsApp's own limit.
const MAX_TEXT_LENGTH: usize = 65_536;

/// Extractor that requires the request to carry `INTERNAL_TOKEN`, or the
/// previous token while the programs switch to a new one.
pub(crate) struct Internal;

impl FromRequestParts<AppState> for Internal {
    type Rejection = HubError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, HubError> {
        let Some(token) = &state.config.internal_token else {
            return Err(ErrorReply::new(
                StatusCode::FORBIDDEN,
                "INTERNAL_TOKEN_NOT_SET",
                "this route is disabled until INTERNAL_TOKEN is set in the hub's environment",
            )
            .into());
        };
        let sent_token = parts
            .headers
            .get(HEADER)
            .map_or(&b""[..], |it| it.as_bytes());
        // Comparing digests reveals by its timing neither the token's length
        // nor the position of the first wrong byte.
        let digest = Sha256::digest(sent_token);
        let is = |token: &SecretString| digest.ct_eq(&Sha256::digest(token.expose_secret()));
        let previous = state.config.previous_internal_token.as_ref();
        let is_right = bool::from(is(token) | previous.map_or(Choice::from(0), is));
        let ClientAddress(address) = ClientAddress::resolve(&parts.extensions, &parts.headers);
        // A request without a token does not count as a guess.
        if is_right || !sent_token.is_empty() {
            let is_let_in = state.limits.internal_token.judge(address, is_right)?;
            if is_let_in {
                return Ok(Self);
            }
        }
        let message = "this route needs the hub's INTERNAL_TOKEN in X-Internal-Token";
        Err(HubError::of_contract(ErrorCode::Unauthorized, message))
    }
}

#[derive(Deserialize, ToSchema)]
#[schema(as = reports::Report)]
pub(crate) struct ReportedMessage {
    cliente_id: u64,
    from: Option<String>,
    to: Option<String>,
    message: String,
    timestamp: Option<Timestamp>,
    message_id: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = reports::Reported)]
pub(crate) struct Reported {
    ok: bool,
    /// Whether the message was already recorded.
    duplicated: bool,
    /// Whether the message is stored; `false` while recording is off.
    recorded: bool,
}

/// Records a message that arrived through another channel.
#[utoipa::path(
    post, path = "/listener/incoming-message", tag = "inbound", operation_id = "reports_incoming",
    security(()),
    params(("X-Internal-Token" = String, Header, description = "`INTERNAL_TOKEN`")),
    request_body(content = ReportedMessage, example = json!({"cliente_id": 51, "from": "5491158254201", "message": "Hola", "message_id": "A1B2"})),
    responses((status = 200, description = "Recorded", body = Reported), Failures)
)]
pub(crate) async fn incoming(
    _: Internal,
    State(state): State<AppState>,
    ApiJson(report): ApiJson<ReportedMessage>,
) -> Result<Json<Reported>, HubError> {
    let number = report.from.clone();
    record_report(&state, report, number, "from", false).await
}

/// Records a message that was sent through another channel.
#[utoipa::path(
    post, path = "/listener/outgoing-message", tag = "inbound", operation_id = "reports_outgoing",
    security(()),
    params(("X-Internal-Token" = String, Header, description = "`INTERNAL_TOKEN`")),
    request_body(content = ReportedMessage, example = json!({"cliente_id": 51, "to": "5491158254201", "message": "Hola", "message_id": "A1B2"})),
    responses((status = 200, description = "Recorded", body = Reported), Failures)
)]
pub(crate) async fn outgoing(
    _: Internal,
    State(state): State<AppState>,
    ApiJson(report): ApiJson<ReportedMessage>,
) -> Result<Json<Reported>, HubError> {
    let number = report.to.clone();
    record_report(&state, report, number, "to", true).await
}

async fn record_report(
    state: &AppState,
    report: ReportedMessage,
    number: Option<String>,
    field: &str,
    from_me: bool,
) -> Result<Json<Reported>, HubError> {
    let home = &state.config.home;
    let chat = numbers::recipient(field, &number.unwrap_or_default(), home)?;
    if report.cliente_id == 0 || i64::try_from(report.cliente_id).is_err() {
        return Err(invalid("cliente_id must be a positive integer"));
    }
    let length = report.message.chars().count();
    if !(1..=MAX_TEXT_LENGTH).contains(&length) {
        return Err(invalid(format!(
            "message must have 1 to {MAX_TEXT_LENGTH} characters"
        )));
    }
    let message_id = report.message_id.as_deref().unwrap_or_default();
    let is_sane =
        |id: &str| id.len() <= MAX_ID_LENGTH && id.bytes().all(|it| it.is_ascii_graphic());
    if !is_sane(message_id) {
        let what = format!("message_id must have at most {MAX_ID_LENGTH} visible ASCII characters");
        return Err(invalid(what));
    }
    let wa_id = match (message_id, report.timestamp) {
        ("", None) => {
            return Err(invalid(
                "message_id or timestamp is required: it distinguishes a repeated report from another message",
            ));
        }
        ("", Some(at)) => derive_id(&report, chat.as_str(), at, from_me),
        (id, _) => id.to_owned(),
    };
    let message = InboundMessage {
        wa_id,
        chat: chat.as_str().to_owned(),
        phone: None,
        lid: None,
        from_me,
        kind: "chat".to_owned(),
        body: report.message,
        pushname: None,
        at: report.timestamp.unwrap_or_else(Timestamp::now),
        cliente_id: Some(report.cliente_id),
        content: Box::default(),
    };
    let recorded = state.store.record_inbound(&message).await?;
    Ok(Json(Reported {
        ok: true,
        duplicated: matches!(recorded, Recorded::Known),
        recorded: !matches!(recorded, Recorded::Skipped),
    }))
}

/// Derives an id for a message that was reported without one. The id is
/// deterministic, so that duplicates are recognized.
fn derive_id(report: &ReportedMessage, chat: &str, at: Timestamp, from_me: bool) -> String {
    let identity = format!(
        "{}\0{from_me}\0{chat}\0{at}\0{}",
        report.cliente_id, report.message
    );
    let digest = Sha256::digest(identity);
    let mut id = "reported-".to_owned();
    for byte in &digest[..16] {
        id.push_str(&format!("{byte:02x}"));
    }
    id
}

fn invalid(what: impl Into<String>) -> HubError {
    ErrorReply::invalid_request(what).into()
}
