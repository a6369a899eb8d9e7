//! Inbound pipeline: messages and acks from the page into the event log, with
//! nothing missed and nothing twice (dedup in the ledger).
//!
//! ```text
//!  page pushes ─> driver ─> Inbox (bounded) ─> Recorder ─┐
//!                              │ full, or not written    ├─> ledger ─> /events
//!                              v                         │
//!                          CatchUp ─> Scanner of the page's store
//! ```
//!
//! What is pushed is published within milliseconds, and may get lost: while the
//! service or the browser is down, the disk is full, or the page tells nothing.
//! What the page's own store holds does not, so that is searched whenever
//! something may have been missed; the ledger knows what was published already.

mod catch_up;
mod recorder;
mod search;

pub use catch_up::Scanner;
pub use recorder::Recorder;

use session_api::{MessageEvent, Timestamp};

use crate::browser::{PageMessage, PageUpdate};
use crate::ledger::NewEvent;

/// Converts what the page reports into what the ledger records.
fn new_event(update: PageUpdate) -> NewEvent {
    match update {
        PageUpdate::Message(message) => new_message(*message),
        PageUpdate::Ack { message_id, ack } => NewEvent::Ack { message_id, ack },
    }
}

fn new_message(message: PageMessage) -> NewEvent {
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
            at: Timestamp::from_millis(message.at).unwrap_or_else(Timestamp::now),
        }),
    }
}
