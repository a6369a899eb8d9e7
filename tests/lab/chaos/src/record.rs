//! What happened, as the callers, the phone and the listeners saw it. All times
//! in milliseconds since the start of the run.

use std::collections::BTreeMap;

use serde::Serialize;

use super::plan::{Action, Door, Manner, Way};

/// All that the verdict needs.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Record {
    /// The messages that were asked for, with all answers.
    pub messages: Vec<Message>,
    /// What WhatsApp's server took, in its order.
    pub phone: Vec<AtPhone>,
    /// What `GET /messages/{id}` says at the end, by id.
    pub kept: BTreeMap<String, String>,
    /// What was written to the account.
    pub written: Vec<Written>,
    /// What was heard of it, by the service that told it.
    pub ears: BTreeMap<String, Ear>,
    /// What was broken.
    pub struck: Vec<Struck>,
    /// The states of the session, each with when it was seen first.
    pub states: Vec<(u64, String)>,
    /// Ids that the server got again, and dropped.
    pub dropped_by_server: u64,
    /// How often each service was started.
    pub starts: BTreeMap<String, u32>,
    /// Memory in calm, by what it is of.
    pub memory: Vec<Memory>,
    /// What ought not to happen, noticed on the way.
    pub oddities: Vec<(u64, String)>,
    /// Processes, locks and files that were there after the end.
    pub left: Vec<String>,
}

/// A message that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// To whom.
    pub to: String,
    /// Its text.
    pub text: String,
    /// Its `Idempotency-Key`.
    pub key: String,
    /// How its caller went about it.
    pub manner: Manner,
    /// When it was asked for first.
    pub asked_ms: u64,
    /// What its caller was told, request by request.
    pub answers: Vec<Answer>,
    /// What its caller made of it.
    pub fate: Fate,
}

impl Message {
    /// The ids of all 200s.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let answers = self.answers.iter();
        answers.filter_map(|answer| answer.message_id.as_deref())
    }
}

/// What a caller makes of the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Not over.
    Open,
    /// 200.
    Accepted {
        /// When it was told so.
        at_ms: u64,
    },
    /// Certainly not sent, and not asked for again.
    GivenUp,
    /// 404 `NOT_ON_WHATSAPP`.
    Nobody,
}

/// One answer, or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// When it came.
    pub at_ms: u64,
    /// How long it took.
    pub took_ms: u64,
    /// From whom.
    pub door: Door,
    /// The status; none when the connection was lost or the caller hung up.
    pub status: Option<u16>,
    /// The code of a failure, or what became of the connection.
    pub code: String,
    /// The id that a 200 gives.
    pub message_id: Option<String>,
}

/// A message at WhatsApp's server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AtPhone {
    /// The id the server tells messages apart by.
    pub id: String,
    /// To whom.
    pub to: String,
    /// Its text.
    pub text: String,
    /// How often it came; all but the first were dropped.
    pub times_received: u32,
    /// The highest ack the server gave.
    pub ack: i8,
}

/// A message that was written to the account, or on its phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    /// When.
    pub at_ms: u64,
    /// WhatsApp's id of it.
    pub message_id: String,
    /// The other side's number.
    pub number: String,
    /// Its text.
    pub text: String,
    /// How it came.
    pub way: Way,
}

/// What a listener heard.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ear {
    /// The `message` events, in the order of their coming.
    pub told: Vec<Told>,
    /// The `ack` events, in the order of their coming.
    pub acks: Vec<AckTold>,
    /// How often it had to come back.
    pub reconnects: u32,
}

/// A `message` event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// When it came.
    pub at_ms: u64,
    /// The event's id.
    pub event_id: u64,
    /// WhatsApp's id of the message.
    pub message_id: String,
    /// Its text.
    pub text: String,
    /// Told as one that cannot be read: its text is another event.
    pub unreadable: bool,
    /// The sender's number.
    pub phone: Option<String>,
    /// Whether the account itself wrote it.
    pub from_me: bool,
}

/// An `ack` event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AckTold {
    /// The event's id.
    pub event_id: u64,
    /// WhatsApp's id of the message.
    pub message_id: String,
    /// The ack.
    pub ack: i64,
}

/// A fault that was brought about, or could not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Struck {
    /// When.
    pub at_ms: u64,
    /// When it was over; for a kill at once.
    pub over_ms: u64,
    /// What.
    pub action: Action,
    /// Whether there was something to strike.
    pub hit: bool,
}

/// Memory of something before and after the load in calm, in KiB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// Of what.
    pub of: String,
    /// Before.
    pub before_kib: u64,
    /// After.
    pub after_kib: u64,
    /// More growth than this is not flat.
    pub most_growth_kib: u64,
    /// The least and the most that was seen over the whole run.
    pub seen_kib: (u64, u64),
}
