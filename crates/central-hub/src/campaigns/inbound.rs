//! What people write back, as far as campaigns are concerned: "BAJA".

use session_api::{EventKind, MessageEvent, Recipient};
use tokio::sync::broadcast::error::RecvError;

use crate::relay::{Change, Relay};
use crate::store::{Store, StoreError};

/// Puts whoever asks for it on the list: by their number and by their `lid`,
/// whichever of them WhatsApp told.
///
/// # Errors
/// [`StoreError::Query`].
pub(crate) async fn heed(store: &Store, message: &MessageEvent) -> Result<bool, StoreError> {
    if message.from_me {
        return Ok(false);
    }
    let told = [
        Some(&message.from),
        message.phone.as_ref(),
        message.lid.as_ref(),
    ];
    let mut ids: Vec<Recipient> = Vec::new();
    for id in told.into_iter().flatten() {
        // A group is nobody.
        if let Ok(id) = Recipient::parse(id)
            && !ids.contains(&id)
        {
            ids.push(id);
        }
    }
    if message.from.ends_with("@g.us") {
        return Ok(false);
    }
    let mut heeded = false;
    for id in &ids {
        heeded |= store
            .heed_opt_out(id.as_str(), &message.body)
            .await?
            .is_some();
    }
    if heeded {
        tracing::info!("somebody asked not to be written to");
    }
    Ok(heeded)
}

/// Listens for ever.
pub(crate) async fn run(store: Store, relay: Relay) {
    let mut changes = relay.listen().changes;
    loop {
        let event = match changes.recv().await {
            Ok(Change::Event(event)) if event.kind == EventKind::Message => event,
            Ok(_) => continue,
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(
                    missed,
                    "opt-outs may have been missed: too many events at once"
                );
                continue;
            }
            Err(RecvError::Closed) => return,
        };
        let Ok(message) = serde_json::from_str::<MessageEvent>(&event.data) else {
            continue;
        };
        if let Err(error) = heed(&store, &message).await {
            tracing::error!("an opt-out was not written down: {error}");
        }
    }
}
