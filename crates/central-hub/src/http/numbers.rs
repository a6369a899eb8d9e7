//! Parses phone numbers as users write them, for every route, and serves
//! `GET /api/phone`, which returns how a number is parsed.

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

/// Builds the error for an invalid `field`.
fn refuse(field: &str, fault: PhoneFault) -> HubError {
    ErrorReply::invalid_request(format!("{field}: {fault}"))
        .with_detail("motivo", fault.code())
        .into()
}

/// Parses the recipient in a request field.
pub(crate) fn recipient(field: &str, text: &str, home: &Home) -> Result<Recipient, HubError> {
    phone_number::recipient(text, home).map_err(|fault| refuse(field, fault))
}

/// Converts the numbers of a request to international form, which
/// session-manager understands independently of its own configuration. Numbers
/// already in that form stay unchanged.
pub(crate) fn settle(request: &mut SendRequest, home: &Home) -> Result<(), HubError> {
    request.to = in_full("to", &request.to, home)?;
    for who in request.mentions.iter_mut().flatten() {
        *who = in_full("mentions", who, home)?;
    }
    if let Some(card) = &mut request.contact {
        card.phone = in_full("contact.phone", &card.phone, home)?;
    }
    for card in request.contacts.iter_mut().flatten() {
        card.phone = in_full("contacts.phone", &card.phone, home)?;
    }
    Ok(())
}

/// Parses the recipient in a field. Returns the text itself if it is already in
/// international form, otherwise the WhatsApp id.
pub(crate) fn in_full(field: &str, text: &str, home: &Home) -> Result<String, HubError> {
    let settled = recipient(field, text, home)?;
    let is_in_full = Recipient::parse(text).as_ref() == Ok(&settled);
    Ok(if is_in_full { text } else { settled.as_str() }.to_owned())
}

/// Converts the number of a pairing request to international form.
pub(crate) fn settle_pairing(
    request: &mut PairingCodeRequest,
    home: &Home,
) -> Result<(), HubError> {
    let phone = phone_number::parse(&request.phone, home);
    request.phone = phone.map_err(|fault| refuse("phone", fault))?.digits;
    Ok(())
}

/// Returns the region of local numbers, from the request's prefix or else from the configuration.
pub(crate) fn home(prefix: Option<&str>, state: &AppState) -> Result<Home, HubError> {
    let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty()) else {
        return Ok(state.config.home.clone());
    };
    Home::of_prefix(prefix)
        .map_err(|wants| ErrorReply::invalid_request(format!("prefijo must be {wants}")).into())
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// The number as written by a user.
    numero: String,
    /// Prefix of local numbers, such as `549`; defaults to `PHONE_REGION`.
    prefijo: Option<String>,
}

/// The result of parsing a number.
#[derive(Serialize, ToSchema)]
#[schema(as = numbers::Understood)]
pub(crate) struct Understood {
    /// Whether the number can receive messages.
    ok: bool,
    /// The number's digits, in the format that every other route accepts.
    #[serde(skip_serializing_if = "Option::is_none")]
    numero: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pais: Option<String>,
    /// Whether the country was taken from the home region because the number has no country code.
    #[serde(skip_serializing_if = "Option::is_none")]
    local: Option<bool>,
    /// `movil`, `fijo`, or `cualquiera` if the country's numbers do not show the difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    tipo: Option<&'static str>,
    /// Code of the parse error; `null` if the number is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    motivo: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mensaje: Option<String>,
}

/// Returns how a number is parsed. WhatsApp is not asked, so the result does
/// not say whether the number has an account.
#[utoipa::path(
    get, path = "/phone", tag = "messages", operation_id = "numbers_phone",
    params(Query),
    responses((status = 200, description = "The number as understood, or why it is invalid", body = Understood), Failures)
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
