//! Numbers as people write them, at whatever door they come in; and
//! `GET /api/phone`, which says how one is understood.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use phone_number::{Home, PhoneFault};
use serde::{Deserialize, Serialize};
use service_runtime::http::{ApiQuery, ErrorReply};
use session_api::{PairingCodeRequest, Recipient, SendRequest};
use utoipa::{IntoParams, ToSchema};

use crate::error::HubError;
use crate::state::AppState;

/// What `field` is refused with.
fn refuse(field: &str, fault: PhoneFault) -> HubError {
    ErrorReply::invalid_request(format!("{field}: {fault}"))
        .with_detail("motivo", fault.code())
        .into()
}

/// Whom a field of a request names.
pub(crate) fn recipient(field: &str, text: &str, home: &Home) -> Result<Recipient, HubError> {
    phone_number::recipient(text, home).map_err(|fault| refuse(field, fault))
}

/// Puts the numbers of a request in international form, as session-manager
/// takes them wherever it is; what is in that form already stays as it is.
pub(crate) fn settle(request: &mut SendRequest, home: &Home) -> Result<(), HubError> {
    request.to = in_full("to", &request.to, home)?;
    for who in request.mentions.iter_mut().flatten() {
        *who = in_full("mentions", who, home)?;
    }
    Ok(())
}

/// Whom a field of a request names, in international form: as it was written
/// where it was in that form, else WhatsApp's id.
pub(crate) fn in_full(field: &str, text: &str, home: &Home) -> Result<String, HubError> {
    let settled = recipient(field, text, home)?;
    let is_in_full = Recipient::parse(text).as_ref() == Ok(&settled);
    Ok(if is_in_full { text } else { settled.as_str() }.to_owned())
}

/// Puts the number to pair with in international form.
pub(crate) fn settle_pairing(
    request: &mut PairingCodeRequest,
    home: &Home,
) -> Result<(), HubError> {
    let phone = phone_number::parse(&request.phone, home);
    request.phone = phone.map_err(|fault| refuse("phone", fault))?.digits;
    Ok(())
}

/// Where local numbers are from, by the prefix that a request gives, or as the
/// service is set.
pub(crate) fn home(prefix: Option<&str>, state: &AppState) -> Result<Home, HubError> {
    let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty()) else {
        return Ok(state.config.home.clone());
    };
    Home::of_prefix(prefix)
        .map_err(|wants| ErrorReply::invalid_request(format!("prefijo has to be {wants}")).into())
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// As somebody wrote it.
    numero: String,
    /// What is before local numbers, such as `549`; `PHONE_REGION` otherwise.
    prefijo: Option<String>,
}

/// How a number is understood.
#[derive(Serialize, ToSchema)]
#[schema(as = numbers::Understood)]
pub(crate) struct Understood {
    /// Whether it can be written to.
    ok: bool,
    /// Digits, as every other route takes and gives them.
    #[serde(skip_serializing_if = "Option::is_none")]
    numero: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pais: Option<String>,
    /// Whether the country was not written, and is the one numbers are from.
    #[serde(skip_serializing_if = "Option::is_none")]
    local: Option<bool>,
    /// `movil`, `fijo`, or `cualquiera` where its country does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    tipo: Option<&'static str>,
    /// Why it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    motivo: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mensaje: Option<String>,
}

/// Says how a number is understood. Nothing is asked of WhatsApp: whether
/// somebody is there it does not say.
#[utoipa::path(
    get, path = "/phone", tag = "messages", operation_id = "numbers_phone",
    params(Query),
    responses((status = 200, description = "How it is understood, or why it is not", body = Understood), Failures)
)]
pub(crate) async fn phone(
    State(state): State<AppState>,
    ApiQuery(query): ApiQuery<Query>,
) -> Result<Json<Understood>, HubError> {
    let home = home(query.prefijo.as_deref(), &state)?;
    let fault = |fault: PhoneFault| Understood {
        ok: false,
        numero: None,
        pais: None,
        local: None,
        tipo: None,
        motivo: Some(fault.code()),
        mensaje: Some(fault.to_string()),
    };
    if let Some(id) = phone_number::id(&query.numero) {
        return Ok(Json(id.map_or_else(fault, |id| Understood {
            ok: true,
            numero: Some(id.as_str().to_owned()),
            pais: None,
            local: None,
            tipo: None,
            motivo: None,
            mensaje: None,
        })));
    }
    let read = phone_number::parse(&query.numero, &home);
    Ok(Json(read.map_or_else(fault, |phone| Understood {
        ok: true,
        pais: Some(phone.country()),
        local: Some(phone.is_local),
        tipo: Some(match phone.kind {
            phone_number::Kind::Mobile => "movil",
            phone_number::Kind::Either => "cualquiera",
            phone_number::Kind::Landline => "fijo",
        }),
        numero: Some(phone.digits),
        motivo: None,
        mensaje: None,
    })))
}
