//! Tests the verdict: each kind of violation is detected.

use super::plan::{Door, Manner, Way};
use super::record::{
    AckTold, AtPhone, Ear, Fate, Memory, Message, Record, RecordedResponse, Served, Told, Written,
};
use super::verdict::{Broken, judge};

fn message(turn: usize) -> Message {
    let answer = |status, message_id| RecordedResponse {
        at_ms: 1,
        took_ms: 1,
        door: Door::Hub,
        status: Some(status),
        code: String::new(),
        message_id,
    };
    Message {
        to: "5491150000001".to_owned(),
        text: format!("mensaje {turn}"),
        key: format!("k{turn}"),
        manner: Manner::Careful,
        asked_ms: 0,
        answers: vec![
            answer(504, None),
            answer(200, Some(format!("true_5491150000001@c.us_3EB0{turn}"))),
        ],
        fate: Fate::Accepted { at_ms: 2 },
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
        way: Way::Text,
    }
}

fn told(count: usize) -> Told {
    Told {
        at_ms: 0,
        event_id: 10 + u64::try_from(count).unwrap(),
        message_id: written(count).message_id,
        text: written(count).text,
        unreadable: false,
        phone: Some(written(count).number),
        from_me: false,
    }
}

fn ack(event_id: u64, ack: i64) -> AckTold {
    AckTold {
        event_id,
        message_id: "true_5491150000001@c.us_3EB00".to_owned(),
        ack,
    }
}

fn ear() -> Ear {
    Ear {
        told: (0..3).map(told).collect(),
        acks: vec![ack(20, 1), ack(21, 2), ack(22, -1), ack(23, 2)],
        reconnects: 0,
    }
}

/// Returns a record without violations.
fn good() -> Record {
    Record {
        messages: (0..3).map(message).collect(),
        phone: (0..3).map(at_phone).collect(),
        kept: (0..3)
            .map(|turn| {
                let id = format!("true_5491150000001@c.us_3EB0{turn}");
                (id, "delivered".to_owned())
            })
            .collect(),
        written: (0..3).map(written).collect(),
        ears: [
            ("session-manager".to_owned(), ear()),
            ("central-hub".to_owned(), ear()),
        ]
        .into(),
        memory: vec![Memory {
            of: "session-manager".to_owned(),
            before_kib: 100,
            after_kib: 110,
            most_growth_kib: 10,
            seen_kib: (1, 200),
        }],
        ..Record::default()
    }
}

/// Returns the hub's listener. The two listeners are checked separately.
fn hub(record: &mut Record) -> &mut Ear {
    record.ears.get_mut("central-hub").unwrap()
}

/// Returns the violations after `change`.
fn broken(change: impl FnOnce(&mut Record)) -> Vec<Broken> {
    let mut record = good();
    change(&mut record);
    let mut broken: Vec<_> = judge(&record).into_iter().map(|v| v.broken).collect();
    broken.dedup();
    broken
}

#[test]
fn what_is_good_is_good() {
    assert_eq!(judge(&good()), []);
    assert_eq!(judge(&Record::default()), []);
}

#[test]
fn a_lost_message() {
    assert_eq!(broken(|r| drop(r.phone.remove(1))), [Broken::Lost]);
}

#[test]
fn a_doubled_message() {
    // The message arrives twice: once with another id, and once with the same id.
    let again = |id: &str| AtPhone {
        id: id.to_owned(),
        ..at_phone(2)
    };
    assert_eq!(
        broken(|r| r.phone.push(again("3EB0NEW"))),
        [Broken::Doubled]
    );
    assert_eq!(broken(|r| r.phone.push(again("3EB02"))), [Broken::Doubled]);
}

#[test]
fn a_disordered_message() {
    assert_eq!(broken(|r| r.phone.swap(0, 1)), [Broken::Disordered]);
    // Messages to different numbers have no order.
    let apart = broken(|r| {
        r.phone.swap(0, 1);
        r.phone[0].to = "5491150000002".to_owned();
    });
    assert_eq!(apart, []);
}

#[test]
fn a_message_that_was_said_not_to_be_sent() {
    for fate in [Fate::GivenUp, Fate::Nobody] {
        let change = |r: &mut Record| {
            r.messages[1].fate = fate;
            r.messages[1].answers.clear();
        };
        assert_eq!(broken(change), [Broken::SentAnyway]);
        let absent = broken(|r| {
            change(r);
            r.phone.remove(1);
        });
        assert_eq!(absent, []);
    }
}

#[test]
fn a_message_that_nobody_asked_for() {
    assert_eq!(broken(|r| drop(r.messages.remove(1))), [Broken::Stranger]);
}

#[test]
fn a_message_that_was_never_accepted() {
    let open = broken(|r| {
        r.messages[1].fate = Fate::Open;
        r.messages[1].answers.pop();
    });
    assert_eq!(open, [Broken::NeverAccepted]);
}

#[test]
fn ids_that_are_not_the_phones() {
    let two = broken(|r| {
        let mut other = r.messages[0].answers[1].clone();
        other.message_id = Some("true_5491150000001@c.us_3EB0OTHER".to_owned());
        r.messages[0].answers.push(other);
    });
    assert_eq!(two, [Broken::WrongId]);
    let wrong = broken(|r| r.phone[0].id = "3EB0OTHER".to_owned());
    assert_eq!(wrong, [Broken::WrongId]);
}

#[test]
fn a_ledger_that_knows_less_than_whatsapp() {
    let id = || message(1).ids().next().unwrap().to_owned();
    for status in ["unconfirmed", "failed", "sent"] {
        let change = |r: &mut Record| drop(r.kept.insert(id(), status.to_owned()));
        assert_eq!(broken(change), [Broken::Unsettled], "{status}");
    }
    assert_eq!(broken(|r| drop(r.kept.remove(&id()))), [Broken::Unsettled]);
    // Acks that went to no device cannot be known, but that the message was accepted can.
    let unlinked = |status: &str| {
        broken(|r| {
            r.lost_receipts.insert("3EB01".to_owned());
            r.kept.insert(id(), status.to_owned());
        })
    };
    assert_eq!(unlinked("sent"), []);
    assert_eq!(unlinked("unconfirmed"), [Broken::Unsettled]);
}

#[test]
fn acks_that_go_backwards() {
    assert_eq!(
        broken(|r| hub(r).acks.push(ack(30, 1))),
        [Broken::AckBackwards]
    );
}

#[test]
fn inbound_once_and_as_written() {
    assert_eq!(broken(|r| drop(hub(r).told.remove(1))), [Broken::Untold]);
    let again = |r: &mut Record| {
        hub(r).told.push(Told {
            event_id: 99,
            ..told(1)
        });
    };
    assert_eq!(broken(again), [Broken::ToldTwice]);
    for change in [
        |told: &mut Told| told.text.clear(),
        |told: &mut Told| told.from_me = true,
        |told: &mut Told| told.phone = None,
    ] {
        assert_eq!(broken(|r| change(&mut hub(r).told[1])), [Broken::ToldWrong]);
    }
    assert_eq!(broken(|r| drop(r.written.remove(1))), [Broken::ToldWrong]);
    assert_eq!(broken(|r| hub(r).told[1].event_id = 10), [Broken::EventIds]);
}

#[test]
fn files_that_come_in_are_served_whole() {
    let served = |status, is_whole, may_be_gone| {
        broken(|r| {
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
        assert_eq!(served(status, false, may_be_gone), [Broken::File]);
    }
}

#[test]
fn what_is_left_and_what_grew_and_what_is_odd() {
    assert_eq!(
        broken(|r| r.left.push("SingletonLock".to_owned())),
        [Broken::Left]
    );
    assert_eq!(broken(|r| r.memory[0].after_kib = 111), [Broken::Memory]);
    assert_eq!(
        broken(|r| r.oddities.push((1, "a panic".to_owned()))),
        [Broken::Odd]
    );
}
