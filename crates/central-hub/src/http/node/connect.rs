//! Gets the first linking code for Node screens that have no button to request
//! it.
//!
//! The Node session started by itself: with the service, or when the screen was
//! first opened. The hub's session has to be requested by a caller, which those
//! screens cannot do.
//!
//! | screen | before a request | its button sends | handled by |
//! | --- | --- | --- | --- |
//! | January's | "Conectar WhatsApp" | `GET /qr-code` | [`code`]: connects, and waits for the code |
//! | the newest | a button only at `qr_required` | `POST /whatsapp-v2/connect` | [`lower_state`]: reports `qr_required` |
//!
//! A `GET` with side effects could be triggered by any web page, so it connects
//! only for [`ByPage`].

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use service_runtime::http::is_same_origin;
use session_api::{SessionBody, SessionState};
use session_client::{ClientError, SessionClient};

use super::session::Word;
use crate::http::linking_code::{Code, fetch_code};
use crate::relay::Change;
use crate::state::AppState;

/// Maximum wait of [`code`]; the screen gives up after ten seconds.
const CODE_TIMEOUT: Duration = Duration::from_secs(8);

/// Whether the request comes from a page of the hub's own origin, according to
/// the browser's headers. A page of another origin cannot forge them. Programs,
/// which do not send them, get the previous behavior.
pub(crate) struct ByPage(pub(crate) bool);

impl<S: Sync> FromRequestParts<S> for ByPage {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(is_same_origin(&parts.headers)))
    }
}

/// Returns the linking code, and requests the session if it is not started.
/// Repeated calls start only one session.
pub(crate) async fn code(state: &AppState, client: &SessionClient) -> Result<Code, ClientError> {
    // The subscription precedes the request, so that no change is missed.
    let mut changes = state.relay.listen().changes;
    if Word::for_session(&client.session().await?) == Word::Disconnected {
        client.connect().await?;
        tracing::info!("connecting because a screen of the Node pair requested the code");
    }
    let found = async {
        loop {
            match fetch_code(client).await? {
                Code::NotAvailable(now) if now != SessionState::Error => {}
                found => return Ok(found),
            }
            // The sender lives as long as the state, so `recv` always
            // completes.
            while let Ok(Change::HubEvent(_)) = changes.recv().await {}
        }
    };
    tokio::select! {
        found = found => found,
        () = tokio::time::sleep(CODE_TIMEOUT) => Ok(Code::NotAvailable(SessionState::Init)),
        () = state.draining.cancelled() => Ok(Code::NotAvailable(SessionState::Init)),
    }
}

/// Returns the state in lower case. It is `qr_required`, at which the screen
/// shows a button, if the phone is not linked and no session was requested.
pub(crate) fn lower_state(session: &SessionBody) -> &'static str {
    match Word::for_session(session) {
        Word::Disconnected if !session.linked => SessionState::QrRequired.as_lower_str(),
        _ => session.state.as_lower_str(),
    }
}
