//! Moves messages and acks from the page into the event log, with none missed and none duplicated
//! (dedup in the ledger).
//!
//! ```text
//!  page pushes ─> driver ─> Inbox (bounded) ─> Recorder ─┐
//!                              │ full, or not written    ├─> ledger ─> /events
//!                              v                         │
//!                          CatchUp ─> Scanner of the page's store
//! ```
//!
//! Events that the page pushes are published within milliseconds, but may get lost: while the
//! service or the browser is down, while the disk is full, or when the page reports nothing. The
//! page's own store loses nothing, so it is searched whenever messages may have been missed. The
//! ledger knows what was already published.

mod catch_up;
mod recorder;
mod search;

pub use catch_up::Scanner;
pub use recorder::Recorder;

use session_api::{
    CallEvent, Event, MediaState, MessageDeletedEvent, MessageEditedEvent, MessageEvent,
    ReactionEvent, Timestamp,
};

use crate::browser::{PageChange, PageChangeKind, PageMessage, PageUpdate};
use crate::files::is_drawable_preview;
use crate::ledger::NewEvent;

/// Converts a page update into the event that the ledger records.
fn new_event(update: PageUpdate) -> NewEvent {
    match update {
        PageUpdate::Message(message) => new_message(*message),
        PageUpdate::Change(change) => new_change(*change),
        PageUpdate::Ack {
            message_id,
            ack,
            media,
        } => NewEvent::Ack {
            message_id,
            ack,
            media,
        },
    }
}

fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap_or_else(Timestamp::now)
}

fn new_message(mut message: PageMessage) -> NewEvent {
    let is_view_once = message.content.view_once;
    if let Some(media) = &mut message.content.media {
        if is_view_once {
            // Only the phone may show such a file.
            media.state = MediaState::Gone;
            media.thumbnail = None;
        }
        media.thumbnail.take_if(|it| !is_drawable_preview(it));
    }
    if let Some(call) = message.call {
        // The page stores a call as a message, so the same key allows dedup.
        return NewEvent::Call(Box::new(CallEvent {
            call_id: message.message_id,
            from: message.from,
            phone: message.phone,
            lid: message.lid,
            pushname: message.pushname,
            video: call.video,
            outcome: "missed".to_owned(),
            at: timestamp(message.at),
        }));
    }
    NewEvent::Message {
        ack: message.ack,
        message: Box::new(MessageEvent {
            message_id: message.message_id,
            from: message.from,
            to: message.to,
            phone: message.phone,
            lid: message.lid,
            pushname: message.pushname,
            from_me: message.from_me,
            kind: message.kind,
            body: message.body,
            at: timestamp(message.at),
            content: message.content,
        }),
    }
}

fn new_change(change: PageChange) -> NewEvent {
    let PageChange {
        kind,
        key,
        message_id,
        chat,
        phone,
        lid,
        from_me,
        at,
        body,
        emoji,
    } = change;
    let at = timestamp(at);
    let event = match kind {
        PageChangeKind::Edited => Event::MessageEdited(MessageEditedEvent {
            message_id,
            chat,
            phone,
            lid,
            from_me,
            body,
            at,
        }),
        PageChangeKind::Deleted => Event::MessageDeleted(MessageDeletedEvent {
            message_id,
            chat,
            phone,
            lid,
            from_me,
            at,
        }),
        PageChangeKind::Reaction => Event::Reaction(ReactionEvent {
            message_id,
            chat,
            phone,
            lid,
            from_me,
            emoji,
            at,
        }),
    };
    NewEvent::Change {
        key,
        event: Box::new(event),
    }
}
