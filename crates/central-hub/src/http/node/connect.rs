//! The way to a first code for screens that have no button for it.
//!
//! The Node pair's session began by itself: with the service, or with the first
//! look at the screen. Here somebody has to ask for it, and its screens cannot.
//!
//! | screen | while nobody has asked | its button sends | what is done for it |
//! | --- | --- | --- | --- |
//! | January's | "Conectar WhatsApp" | `GET /qr-code` | [`code`]: connects, and waits for the code |
//! | the newest | a button at `qr_required` alone | `POST /whatsapp-v2/connect` | [`lower_state`]: is told `qr_required` |
//!
//! A `GET` that starts something is an open door for every page in the world, so
//! it does so only for [`ByPage`].

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use service_runtime::http::is_same_origin;
use session_api::{SessionBody, SessionState};
use session_client::{ClientError, SessionClient};

use super::session::Word;
use crate::http::linking_code::{Code, look};
use crate::relay::Change;
use crate::state::AppState;

/// How long [`code`] waits: the screen gives up after ten seconds.
const PATIENCE: Duration = Duration::from_secs(8);

/// Whether a page of the hub's own address asks, by the browser's word for it.
/// A page from elsewhere cannot make a browser say so, and programs, which do
/// not say it, get what they got before.
pub(crate) struct ByPage(pub(crate) bool);

impl<S: Sync> FromRequestParts<S> for ByPage {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(is_same_origin(&parts.headers)))
    }
}

/// The code, and a session that shows one where there is none. Whoever asks
/// twice starts one session.
pub(crate) async fn code(state: &AppState, client: &SessionClient) -> Result<Code, ClientError> {
    // From before the session begins, so that no change is missed.
    let mut changes = state.relay.listen().changes;
    if Word::of(&client.session().await?) == Word::Disconnected {
        client.connect().await?;
        tracing::info!("connecting: a screen of the Node pair's asked for the code");
    }
    let found = async {
        loop {
            match look(client).await? {
                Code::NotAvailable(now) if now != SessionState::Error => {}
                found => return Ok(found),
            }
            // The sender lives as long as the state: there is always a next one.
            while let Ok(Change::HubEvent(_)) = changes.recv().await {}
        }
    };
    tokio::select! {
        found = found => found,
        () = tokio::time::sleep(PATIENCE) => Ok(Code::NotAvailable(SessionState::Init)),
        () = state.draining.cancelled() => Ok(Code::NotAvailable(SessionState::Init)),
    }
}

/// The state in lower case; `qr_required`, at which there is a button, where a
/// phone has to be linked and nobody has begun.
pub(crate) fn lower_state(session: &SessionBody) -> &'static str {
    match Word::of(session) {
        Word::Disconnected if !session.linked => SessionState::QrRequired.as_lower_str(),
        _ => session.state.as_lower_str(),
    }
}
