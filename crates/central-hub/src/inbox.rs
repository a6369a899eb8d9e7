//! Publishes changes of conversations to the web pages, whichever hub stored
//! them.
//!
//! ```text
//!  this hub stores a message ─> woken ─┐
//!  another hub's: every 2 s ───────────┴─> changes since then ─> `conversation` events
//! ```

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use session_api::Timestamp;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use crate::relay::{HubEvent, Relay};
use crate::store::{ChangedTalk, Store, StoreError, direction, phone_of};

/// The name of the event.
pub(crate) const CONVERSATION: &str = "conversation";

/// Interval of the poll that finds the changes of other hubs.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Changes within this interval share one query.
const DEBOUNCE: Duration = Duration::from_millis(20);
/// How far another hub's clock may be behind, in milliseconds.
const CLOCK_SKEW_MS: i64 = 2000;
/// Maximum number of changes per query; the next query reads the rest.
const BATCH: u32 = 200;
/// Length of the message preview, in characters.
const PREVIEW_LENGTH: usize = 160;

/// The data of a `conversation` event.
#[derive(Serialize, ToSchema)]
#[schema(as = events::Conversation)]
pub(crate) struct ConversationEvent<'a> {
    /// The id of the last message; `fecha` is when it was written.
    id: i64,
    fecha: Timestamp,
    direccion: &'static str,
    telefono: Option<&'a str>,
    nombre: Option<&'a str>,
    chat: &'a str,
    tipo: &'a str,
    mensaje: &'a str,
    /// Since when the contact has waited for an answer.
    sin_responder_desde: Option<Timestamp>,
    /// When the last message last changed, which includes edits, reactions and deletions.
    actualizado: Option<Timestamp>,
}

/// A chat, as one business sees it.
type ChatAndBusiness = (String, Option<u64>);

/// Polls the store for changed conversations and publishes them.
pub(crate) struct InboxWatcher {
    pub(crate) store: Store,
    pub(crate) relay: Relay,
}

/// What was published last.
struct Published {
    since: i64,
    /// The data published for the conversations of the last batch, to skip duplicates.
    last: HashMap<ChatAndBusiness, Arc<str>>,
}

impl InboxWatcher {
    /// Publishes changes until `draining` is cancelled.
    pub(crate) async fn run(self, draining: CancellationToken) {
        let mut published = Published {
            since: Timestamp::now().as_millis(),
            last: HashMap::new(),
        };
        loop {
            tokio::select! {
                biased;
                () = draining.cancelled() => return,
                () = self.store.inbox_news().notified() => tokio::time::sleep(DEBOUNCE).await,
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
            // Changes that cannot be read now are read by the next poll.
            if let Err(error) = self.publish_changes(&mut published).await {
                tracing::debug!("updating the inbox failed: {error}");
            }
        }
    }

    /// Returns the contacts' names in these chats, as each business stores them.
    async fn names(
        &self,
        chats: impl Iterator<Item = (Option<u64>, &str)>,
    ) -> Result<HashMap<ChatAndBusiness, String>, StoreError> {
        let mut views: HashMap<Option<u64>, Vec<&str>> = HashMap::new();
        for (view, chat) in chats {
            views.entry(view).or_default().push(chat);
        }
        let mut names = HashMap::new();
        for (view, chats) in views {
            let view_names = self.store.names_of(view, chats).await?;
            names.extend(
                view_names
                    .into_iter()
                    .map(|(chat, name)| ((chat, view), name)),
            );
        }
        Ok(names)
    }

    async fn publish_changes(&self, published: &mut Published) -> Result<(), StoreError> {
        loop {
            let changed = self.store.talks_changed(published.since, BATCH).await?;
            let is_all = changed.len() < BATCH as usize;
            let newest = changed.iter().map(|it| it.updated_at).max();
            let chats = changed
                .iter()
                .map(|it| (it.cliente_id, it.last.chat.as_str()));
            let names = self.names(chats).await?;
            let mut last = HashMap::with_capacity(changed.len());
            for talk in changed {
                let key = (talk.last.chat.clone(), talk.cliente_id);
                let name = names.get(&key).map(String::as_str);
                let Some(data) = data_of(&talk, name) else {
                    continue;
                };
                if published.last.get(&key) != Some(&data) {
                    self.relay.publish(HubEvent {
                        name: CONVERSATION,
                        cliente_id: talk.cliente_id,
                        data: data.clone(),
                    });
                }
                last.insert(key, data);
            }
            published.last = last;
            match newest {
                Some(newest) if is_all => {
                    published.since = published.since.max(newest - CLOCK_SKEW_MS);
                    return Ok(());
                }
                // There is more than one page, so the position moves forward and the loop ends.
                Some(newest) => published.since = newest.max(published.since + 1),
                None => return Ok(()),
            }
        }
    }
}

fn data_of(talk: &ChangedTalk, nombre: Option<&str>) -> Option<Arc<str>> {
    let last = &talk.last;
    let end = last.body.char_indices().nth(PREVIEW_LENGTH);
    let event = ConversationEvent {
        id: last.id,
        fecha: last.at(),
        direccion: direction(last.is_inbound),
        telefono: phone_of(&last.chat),
        nombre,
        chat: &last.chat,
        tipo: &last.kind,
        mensaje: end.map_or(&*last.body, |(end, _)| &last.body[..end]),
        sin_responder_desde: talk.waits_since,
        actualizado: Timestamp::from_millis(talk.updated_at),
    };
    serde_json::to_string(&event).ok().map(Into::into)
}
