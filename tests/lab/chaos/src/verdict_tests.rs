//! Tests the verdict: each kind of violation is detected.

use super::plan::{Arrival, ClientBehavior, Target};
use super::record::{
    AckEvent, AtPhone, Memory, Message, MessageEvent, Outcome, ReceivedEvents, Record,
    RecordedResponse, Served, Written,
};
use super::verdict::{ViolationKind, judge};

fn message(turn: usize) -> Message {
    let response = |status, message_id| RecordedResponse {
        at_ms: 1,
        took_ms: 1,
        target: Target::Hub,
        status: Some(status),
        code: String::new(),
        message_id,
    };
    Message {
        to: "5491150000001".to_owned(),
        text: format!("mensaje {turn}"),
        key: format!("k{turn}"),
        behavior: ClientBehavior::Careful,
        requested_ms: 0,
        responses: vec![
            response(504, None),
            response(200, Some(format!("true_5491150000001@c.us_3EB0{turn}"))),
        ],
        outcome: Outcome::Accepted { at_ms: 2 },
    }
}

fn at_phone(turn: usize) -> AtPhone {
    AtPhone {
        id: format!("3EB0{turn}"),
        to: "5491150000001".to_owned(),
        text: format!("mensaje {turn}"),
        times_received: 2,
        ack: 2,
    }
}

fn written(count: usize) -> Written {
    Written {
        at_ms: 0,
        message_id: format!("false_5491160000001@c.us_3A{count}"),
        number: "5491160000001".to_owned(),
        text: format!("consulta {count}"),
        arrival: Arrival::Text,
    }
}

fn messages(count: usize) -> MessageEvent {
    MessageEvent {
        at_ms: 0,
        event_id: 10 + u64::try_from(count).unwrap(),
        message_id: written(count).message_id,
        text: written(count).text,
        unreadable: false,
        phone: Some(written(count).number),
        from_me: false,
    }
}

fn ack(event_id: u64, ack: i64) -> AckEvent {
    AckEvent {
        event_id,
        message_id: "true_5491150000001@c.us_3EB00".to_owned(),
        ack,
    }
}

fn received_events() -> ReceivedEvents {
    ReceivedEvents {
        messages: (0..3).map(messages).collect(),
        acks: vec![ack(20, 1), ack(21, 2), ack(22, -1), ack(23, 2)],
        reconnects: 0,
    }
}

/// Returns a record without violations.
fn valid_record() -> Record {
    Record {
        messages: (0..3).map(message).collect(),
        phone: (0..3).map(at_phone).collect(),
        ledger_statuses: (0..3)
            .map(|turn| {
                let id = format!("true_5491150000001@c.us_3EB0{turn}");
                (id, "delivered".to_owned())
            })
            .collect(),
        written: (0..3).map(written).collect(),
        events_by_service: [
            ("session-manager".to_owned(), received_events()),
            ("central-hub".to_owned(), received_events()),
        ]
        .into(),
        memory: vec![Memory {
            process: "session-manager".to_owned(),
            before_kib: 100,
            after_kib: 110,
            max_growth_kib: 10,
            range_kib: (1, 200),
        }],
        ..Record::default()
    }
}

/// Returns the hub's listener. The two listeners are checked separately.
fn hub(record: &mut Record) -> &mut ReceivedEvents {
    record.events_by_service.get_mut("central-hub").unwrap()
}

/// Returns the violations after `change`.
fn violations_after(change: impl FnOnce(&mut Record)) -> Vec<ViolationKind> {
    let mut record = valid_record();
    change(&mut record);
    let mut kinds: Vec<_> = judge(&record).into_iter().map(|v| v.kind).collect();
    kinds.dedup();
    kinds
}

#[test]
fn valid_record_has_no_violation() {
    assert_eq!(judge(&valid_record()), []);
    assert_eq!(judge(&Record::default()), []);
}

#[test]
fn lost_message_is_reported() {
    assert_eq!(
        violations_after(|r| drop(r.phone.remove(1))),
        [ViolationKind::Lost]
    );
}

#[test]
fn duplicated_message_is_reported() {
    // The message arrives twice: once with another id, and once with the same id.
    let again = |id: &str| AtPhone {
        id: id.to_owned(),
        ..at_phone(2)
    };
    assert_eq!(
        violations_after(|r| r.phone.push(again("3EB0NEW"))),
        [ViolationKind::Duplicated]
    );
    assert_eq!(
        violations_after(|r| r.phone.push(again("3EB02"))),
        [ViolationKind::Duplicated]
    );
}

#[test]
fn message_out_of_order_is_reported() {
    assert_eq!(
        violations_after(|r| r.phone.swap(0, 1)),
        [ViolationKind::OutOfOrder]
    );
    // Messages to different numbers have no order.
    let apart = violations_after(|r| {
        r.phone.swap(0, 1);
        r.phone[0].to = "5491150000002".to_owned();
    });
    assert_eq!(apart, []);
}

#[test]
fn message_reported_as_not_sent_but_sent_is_reported() {
    for outcome in [Outcome::GivenUp, Outcome::NotOnWhatsapp] {
        let change = |r: &mut Record| {
            r.messages[1].outcome = outcome;
            r.messages[1].responses.clear();
        };
        assert_eq!(violations_after(change), [ViolationKind::SentAnyway]);
        let absent = violations_after(|r| {
            change(r);
            r.phone.remove(1);
        });
        assert_eq!(absent, []);
    }
}

#[test]
fn message_that_nobody_requested_is_reported() {
    assert_eq!(
        violations_after(|r| drop(r.messages.remove(1))),
        [ViolationKind::NeverRequested]
    );
}

#[test]
fn message_that_was_never_accepted_is_reported() {
    let open = violations_after(|r| {
        r.messages[1].outcome = Outcome::Open;
        r.messages[1].responses.pop();
    });
    assert_eq!(open, [ViolationKind::NeverAccepted]);
}

#[test]
fn ids_unknown_to_the_phone_are_reported() {
    let two = violations_after(|r| {
        let mut other = r.messages[0].responses[1].clone();
        other.message_id = Some("true_5491150000001@c.us_3EB0OTHER".to_owned());
        r.messages[0].responses.push(other);
    });
    assert_eq!(two, [ViolationKind::WrongId]);
    let wrong = violations_after(|r| r.phone[0].id = "3EB0OTHER".to_owned());
    assert_eq!(wrong, [ViolationKind::WrongId]);
}

#[test]
fn ledger_behind_whatsapp_is_reported() {
    let id = || message(1).ids().next().unwrap().to_owned();
    for status in ["unconfirmed", "failed", "sent"] {
        let change = |r: &mut Record| drop(r.ledger_statuses.insert(id(), status.to_owned()));
        assert_eq!(
            violations_after(change),
            [ViolationKind::Unsettled],
            "{status}"
        );
    }
    assert_eq!(
        violations_after(|r| drop(r.ledger_statuses.remove(&id()))),
        [ViolationKind::Unsettled]
    );
    // Acks that went to no device cannot be known, but that the message was accepted can.
    let unlinked = |status: &str| {
        violations_after(|r| {
            r.lost_receipts.insert("3EB01".to_owned());
            r.ledger_statuses.insert(id(), status.to_owned());
        })
    };
    assert_eq!(unlinked("sent"), []);
    assert_eq!(unlinked("unconfirmed"), [ViolationKind::Unsettled]);
}

#[test]
fn decreasing_acks_are_reported() {
    assert_eq!(
        violations_after(|r| hub(r).acks.push(ack(30, 1))),
        [ViolationKind::AckBackwards]
    );
}

#[test]
fn inbound_messages_must_be_published_once_and_unchanged() {
    assert_eq!(
        violations_after(|r| drop(hub(r).messages.remove(1))),
        [ViolationKind::NotPublished]
    );
    let again = |r: &mut Record| {
        hub(r).messages.push(MessageEvent {
            event_id: 99,
            ..messages(1)
        });
    };
    assert_eq!(violations_after(again), [ViolationKind::PublishedTwice]);
    for change in [
        |messages: &mut MessageEvent| messages.text.clear(),
        |messages: &mut MessageEvent| messages.from_me = true,
        |messages: &mut MessageEvent| messages.phone = None,
    ] {
        assert_eq!(
            violations_after(|r| change(&mut hub(r).messages[1])),
            [ViolationKind::PublishedWrongly]
        );
    }
    assert_eq!(
        violations_after(|r| drop(r.written.remove(1))),
        [ViolationKind::PublishedWrongly]
    );
    assert_eq!(
        violations_after(|r| hub(r).messages[1].event_id = 10),
        [ViolationKind::EventIds]
    );
}

#[test]
fn received_files_must_be_served_completely() {
    let served = |status, is_whole, may_be_gone| {
        violations_after(|r| {
            r.files.push(Served {
                message_id: "false_5491160000001@c.us_3A0".to_owned(),
                status,
                is_whole,
                may_be_gone,
            });
        })
    };
    assert_eq!(served(200, true, false), []);
    assert_eq!(served(502, false, true), []);
    for (status, may_be_gone) in [(200, false), (200, true), (502, false), (410, false)] {
        assert_eq!(served(status, false, may_be_gone), [ViolationKind::File]);
    }
}

#[test]
fn leftovers_memory_growth_and_unexpected_observations_are_reported() {
    assert_eq!(
        violations_after(|r| r.leftovers.push("SingletonLock".to_owned())),
        [ViolationKind::LeftBehind]
    );
    assert_eq!(
        violations_after(|r| r.memory[0].after_kib = 111),
        [ViolationKind::Memory]
    );
    assert_eq!(
        violations_after(|r| r.unexpected.push((1, "a panic".to_owned()))),
        [ViolationKind::Unexpected]
    );
}
