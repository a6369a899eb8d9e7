//! Checks a record against the guarantees. It is pure, and uses only the record.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::plan::Way;
use super::record::{Ear, Fate, Message, Record, Written};

/// A violated guarantee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The kind of violation.
    pub broken: Broken,
    /// The message, by its text or id, and what is wrong with it.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.broken, self.what)
    }
}

/// The kinds of violations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Broken {
    /// Accepted, but not at the phone.
    Lost,
    /// At the phone more than once.
    Doubled,
    /// At the phone before a message that was accepted earlier.
    Disordered,
    /// At the phone, although the client was told that it was not sent.
    SentAnyway,
    /// At the phone, although nobody requested it.
    Stranger,
    /// The client received two ids, or one that the phone does not have.
    WrongId,
    /// Requested repeatedly, and never accepted.
    NeverAccepted,
    /// Accepted, but the ledger's status is missing, or behind the phone's.
    Unsettled,
    /// Acks that go down instead of up.
    AckBackwards,
    /// Written to the account, but never published.
    Untold,
    /// Written to the account, and published more than once.
    ToldTwice,
    /// Published with other content than was written, or although it was never written.
    ToldWrong,
    /// A received file is served in part, as another file, or not at all.
    File,
    /// An event id is not above the previous one.
    EventIds,
    /// Something was left behind.
    Left,
    /// Memory grew.
    Memory,
    /// Another unexpected observation.
    Odd,
}

/// Returns the ack that the ledger must have for the message with this id. For a message whose
/// receipts were lost with its device, the ledger needs to know only that it was accepted.
pub(super) fn wanted(id: &str, at_phone: Option<i8>, lost_receipts: &BTreeSet<String>) -> i8 {
    if lost_receipts.contains(id) {
        return 1;
    }
    at_phone.unwrap_or(1).max(1)
}

/// Returns all violations.
#[must_use]
pub fn judge(record: &Record) -> Vec<Violation> {
    let mut judge = Judge::default();
    judge.messages(record);
    judge.order(record);
    judge.ledger(record);
    for (from, ear) in &record.ears {
        judge.inbound(&record.written, from, ear);
        judge.events(from, ear);
    }
    judge.files(record);
    judge.rest(record);
    judge.found
}

#[derive(Default)]
struct Judge {
    found: Vec<Violation>,
}

impl Judge {
    fn broken(&mut self, broken: Broken, what: impl Into<String>) {
        let what = what.into();
        self.found.push(Violation { broken, what });
    }

    fn messages(&mut self, record: &Record) {
        let mut at_phone: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut ids = BTreeSet::new();
        for message in &record.phone {
            at_phone.entry(&message.text).or_default().push(&message.id);
            if !ids.insert(&message.id) {
                self.broken(Broken::Doubled, format!("the id {}", message.id));
            }
        }
        for message in &record.messages {
            let there = at_phone.remove(&*message.text).unwrap_or_default();
            self.message(message, &there);
        }
        for (text, ids) in at_phone {
            self.broken(Broken::Stranger, format!("{text:?} {ids:?}"));
        }
    }

    fn message(&mut self, message: &Message, there: &[&str]) {
        let text = &message.text;
        if there.len() > 1 {
            self.broken(Broken::Doubled, format!("{text:?} as {there:?}"));
        }
        let told: BTreeSet<_> = message.ids().collect();
        if told.len() > 1 {
            self.broken(Broken::WrongId, format!("{text:?} was told {told:?}"));
        }
        match message.fate {
            Fate::Accepted { .. } => {
                if there.is_empty() {
                    self.broken(Broken::Lost, format!("{text:?}, told as {told:?}"));
                }
                for id in &told {
                    if !there.is_empty() && !there.contains(&short(id)) {
                        let what = format!("{text:?} was told {id}, the phone has {there:?}");
                        self.broken(Broken::WrongId, what);
                    }
                }
            }
            Fate::GivenUp | Fate::Nobody => {
                if !there.is_empty() {
                    let last = message.answers.last().map(|answer| &answer.code);
                    self.broken(Broken::SentAnyway, format!("{text:?}, told {last:?}"));
                }
            }
            Fate::Open => {
                let last = message.answers.last();
                self.broken(Broken::NeverAccepted, format!("{text:?}, last {last:?}"));
            }
        }
    }

    /// Checks that the server's order is the order of a careful client's requests.
    fn order(&mut self, record: &Record) {
        let turns: BTreeMap<&str, usize> = record
            .messages
            .iter()
            .enumerate()
            .map(|(turn, message)| (&*message.text, turn))
            .collect();
        let mut last: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
        for message in &record.phone {
            let Some(turn) = turns.get(&*message.text) else {
                continue;
            };
            if let Some((before, text)) = last.get(&*message.to)
                && before > turn
            {
                let what = format!("{:?} came after {text:?}", message.text);
                self.broken(Broken::Disordered, what);
            }
            last.insert(&message.to, (*turn, &message.text));
        }
    }

    fn ledger(&mut self, record: &Record) {
        let acks: BTreeMap<&str, i8> = record.phone.iter().map(|m| (&*m.id, m.ack)).collect();
        for message in &record.messages {
            if !matches!(message.fate, Fate::Accepted { .. }) {
                continue;
            }
            let Some(id) = message.ids().next() else {
                continue;
            };
            let kept = record.kept.get(id).map_or("nothing", String::as_str);
            let acks = acks.get(short(id)).copied();
            let wanted = wanted(short(id), acks, &record.lost_receipts);
            if ack_of(kept) < wanted {
                let text = &message.text;
                let what = format!("{text:?} ({id}): {kept}, but WhatsApp gave ack {wanted}");
                self.broken(Broken::Unsettled, what);
            }
        }
    }

    fn inbound(&mut self, written: &[Written], from: &str, ear: &Ear) {
        let mut told: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for event in &ear.told {
            told.entry(&event.message_id).or_default().push(event);
        }
        for written in written {
            let id = &written.message_id;
            let name = || format!("{from}: {:?} ({id}, {:?})", written.text, written.way);
            // A message that stays unreadable for long is published as unreadable once, and later
            // with its content.
            let events = told.remove(&**id).unwrap_or_default();
            let (unreadable, events): (Vec<_>, Vec<_>) =
                events.into_iter().partition(|event| event.unreadable);
            let may_be = usize::from(matches!(written.way, Way::Ciphertext(_)));
            if unreadable.len() > may_be {
                self.broken(Broken::ToldTwice, format!("{} as unreadable", name()));
            }
            if events.is_empty() {
                self.broken(Broken::Untold, name());
            }
            if events.len() > 1 {
                let ids: Vec<_> = events.iter().map(|event| event.event_id).collect();
                self.broken(Broken::ToldTwice, format!("{} as {ids:?}", name()));
            }
            for event in events {
                let own = written.way == Way::Own;
                // The account is the sender of its own messages.
                let phone = own || event.phone.as_ref() == Some(&written.number);
                if event.text != written.text || event.from_me != own || !phone {
                    self.broken(Broken::ToldWrong, format!("{}: {event:?}", name()));
                }
            }
        }
        for (id, events) in told {
            let text = &events[0].text;
            let what = format!("{from}: {id} {text:?}: nobody wrote it");
            self.broken(Broken::ToldWrong, what);
        }
    }

    fn files(&mut self, record: &Record) {
        for file in &record.files {
            let is_excused = file.may_be_gone && file.status != 200;
            if !file.is_whole && !is_excused {
                let (id, status) = (&file.message_id, file.status);
                self.broken(Broken::File, format!("{id}: {status}"));
            }
        }
    }

    fn events(&mut self, from: &str, ear: &Ear) {
        for (name, ids) in [
            ("message", ids(ear.told.iter().map(|e| e.event_id))),
            ("ack", ids(ear.acks.iter().map(|e| e.event_id))),
        ] {
            for pair in ids.windows(2).filter(|pair| pair[0] >= pair[1]) {
                let what = format!("{from}: {name} event {} after {}", pair[1], pair[0]);
                self.broken(Broken::EventIds, what);
            }
        }
        let mut highest: BTreeMap<&str, i64> = BTreeMap::new();
        for told in &ear.acks {
            let highest = highest.entry(short(&told.message_id)).or_insert(told.ack);
            // A failure is not a step back, since a failed message may be sent again.
            if told.ack >= 0 && told.ack < *highest {
                let (id, ack) = (&told.message_id, told.ack);
                let event = told.event_id;
                let what = format!("{from}: {id}: {ack} after {highest} (event {event})");
                self.broken(Broken::AckBackwards, what);
            }
            *highest = told.ack.max(*highest);
        }
    }

    fn rest(&mut self, record: &Record) {
        for left in &record.left {
            self.broken(Broken::Left, left);
        }
        for memory in &record.memory {
            if memory.after_kib > memory.before_kib + memory.most_growth_kib {
                let (of, before, after) = (&memory.of, memory.before_kib, memory.after_kib);
                let most = memory.most_growth_kib;
                let what = format!("{of}: {before} KiB, then {after} KiB; {most} more are allowed");
                self.broken(Broken::Memory, what);
            }
        }
        for (at_ms, what) in &record.oddities {
            self.broken(Broken::Odd, format!("at {at_ms} ms: {what}"));
        }
    }
}

fn ids(ids: impl Iterator<Item = u64>) -> Vec<u64> {
    ids.collect()
}

/// Returns the part of WhatsApp's id by which the server identifies messages.
pub(super) fn short(id: &str) -> &str {
    id.rsplit('_').next().unwrap_or(id)
}

/// Returns the ack that corresponds to a status.
pub(super) fn ack_of(status: &str) -> i8 {
    match status {
        "sent" => 1,
        "delivered" => 2,
        "read" => 3,
        "played" => 4,
        _ => 0,
    }
}
