//! Serves `POST /api/contacts/check`: which numbers have WhatsApp.

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use phone_number::PhoneFault;
use serde::{Deserialize, Serialize};
use service_runtime::http::ApiJson;
use session_api::{Recipient, Timestamp};
use utoipa::ToSchema;

use super::campaigns::invalid;
use crate::error::HubError;
use crate::state::AppState;
use crate::store::phone_of;

/// Maximum number of phone numbers per request.
const MAX_NUMBERS: usize = 500;

#[derive(Deserialize, ToSchema)]
#[schema(as = contacts::Check)]
pub(crate) struct CheckBody {
    numeros: Vec<String>,
}

/// The result for one number.
#[derive(Serialize, ToSchema)]
#[schema(as = contacts::Checked)]
pub(crate) struct CheckedBody {
    /// The number as requested.
    numero: String,
    telefono: Option<String>,
    /// `si`, `no`, `pendiente` (the lookup is not finished: repeat the request), or `invalido`.
    whatsapp: &'static str,
    /// When WhatsApp gave this answer.
    consultado: Option<Timestamp>,
    /// Why it is not a valid number; `null` if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    motivo: Option<&'static str>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = contacts::CheckAnswer)]
pub(crate) struct CheckAnswer {
    numeros: Vec<CheckedBody>,
    pendientes: usize,
}

/// Returns which of these numbers have WhatsApp. Results of the last days are
/// returned at once. The other numbers are looked up, one per second, and a
/// later request returns their results.
#[utoipa::path(
    post, path = "/contacts/check", tag = "contacts", operation_id = "contacts_check",
    request_body(content = CheckBody, example = json!({"numeros": ["5491158254201"]})),
    responses((status = 200, description = "The result for each number", body = CheckAnswer), Failures)
)]
pub(crate) async fn check(
    State(state): State<AppState>,
    ApiJson(request): ApiJson<CheckBody>,
) -> Result<Json<CheckAnswer>, HubError> {
    if request.numeros.is_empty() || request.numeros.len() > MAX_NUMBERS {
        return Err(invalid(format!(
            "numeros must contain 1 to {MAX_NUMBERS} numbers"
        )));
    }
    let read = |text: &String| phone_number::recipient(text, &state.config.home);
    let read: Vec<_> = request.numeros.iter().map(read).collect();
    let people: Vec<_> = read.iter().flatten().filter(is_number).cloned().collect();
    let lookups = state.store.want_lookups(&people).await?;
    state.lookups_wanted.notify_one();
    let tell = |(numero, read): (String, Result<Recipient, PhoneFault>)| match read {
        Err(fault) => CheckedBody {
            numero,
            telefono: None,
            whatsapp: "invalido",
            consultado: None,
            motivo: Some(fault.code()),
        },
        Ok(person) => {
            let lookup = lookups.get(person.as_str()).cloned().unwrap_or_default();
            // A LID always belongs to an account, so it needs no lookup.
            let exists = lookup.exists.or((!is_number(&&person)).then_some(true));
            CheckedBody {
                numero,
                telefono: phone_of(person.as_str()).map(str::to_owned),
                whatsapp: match exists {
                    Some(true) => "si",
                    Some(false) => "no",
                    None => "pendiente",
                },
                consultado: lookup.exists.and(lookup.answered_at),
                motivo: None,
            }
        }
    };
    let numeros: Vec<_> = request.numeros.into_iter().zip(read).map(tell).collect();
    let pendientes = numeros.iter().filter(|it| it.whatsapp == "pendiente");
    Ok(Json(CheckAnswer {
        pendientes: pendientes.count(),
        numeros,
    }))
}

fn is_number(person: &&Recipient) -> bool {
    phone_of(person.as_str()).is_some()
}
