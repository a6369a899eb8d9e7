//! Tests the verdict: each kind of violation is detected.

use super::plan::{Arrival, Change, ClientBehavior, Target};
use super::record::{
    AckEvent, AtPhone, ChangeEvent, ChangedMessage, HubMessage, Memory, Message, MessageEvent,
    Outcome, OwnChange, ReceivedEvents, Record, RecordedResponse, Served, Written, WrittenChange,
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
        edits: Vec::new(),
        deletions: 0,
    }
}

fn hub_message(message_id: String, text: String) -> HubMessage {
    HubMessage {
        id: 1,
        message_id,
        kind: "chat".to_owned(),
        text,
        deleted: false,
        reactions: Vec::new(),
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
        ..ReceivedEvents::default()
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
        hub_history: (0..3)
            .map(|turn| {
                let id = message(turn).ids().next().unwrap().to_owned();
                hub_message(id, message(turn).text)
            })
            .chain((0..3).map(|count| hub_message(written(count).message_id, written(count).text)))
            .collect(),
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
        |messages: &mut MessageEvent| messages.text = "otra".to_owned(),
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

fn edit(text: &str) -> Change {
    Change::Edit(text.to_owned())
}

fn react(emoji: &str) -> Change {
    Change::React(emoji.to_owned())
}

/// Makes a contact change the first message that it wrote, and both services publish `published`,
/// of which the hub keeps the result.
fn contact_changes(record: &mut Record, changes: &[Change], published: &[Change]) {
    let message = written(0);
    for change in changes {
        record.contact_changes.push(WrittenChange {
            at_ms: 1,
            message_id: message.message_id.clone(),
            number: message.number.clone(),
            change: change.clone(),
            was_published: true,
        });
    }
    publish_changes(
        record,
        &message.message_id,
        &message.number,
        false,
        published,
    );
}

fn publish_changes(
    record: &mut Record,
    message_id: &str,
    number: &str,
    from_me: bool,
    published: &[Change],
) {
    let mut history = record.hub_history.iter_mut();
    let at_hub = history.find(|it| it.message_id == message_id).unwrap();
    for (event_id, change) in (50..).zip(published) {
        for received in record.events_by_service.values_mut() {
            received.changes.push(ChangeEvent {
                at_ms: 2,
                event_id,
                message_id: message_id.to_owned(),
                phone: Some(number.to_owned()),
                from_me,
                change: change.clone(),
            });
        }
        match change {
            Change::Edit(text) => at_hub.text.clone_from(text),
            Change::Delete => {
                *at_hub = hub_message(at_hub.message_id.clone(), String::new());
                at_hub.deleted = true;
            }
            Change::React(emoji) => at_hub.reactions = vec![emoji.clone()],
            Change::TakeReactionAway => at_hub.reactions.clear(),
        }
    }
}

#[test]
fn changes_by_contacts_must_be_published_once_and_the_last_of_them_always() {
    use ViolationKind::{NotPublished, PublishedTwice, PublishedWrongly};
    let after = |made: &[Change], published: &[Change]| {
        violations_after(|r| contact_changes(r, made, published))
    };
    let (a, b, deletion) = (|| edit("a"), || edit("b"), || Change::Delete);
    let (yes, no) = (|| react("👍"), || Change::TakeReactionAway);
    for (made, published) in [
        (vec![a(), b()], vec![a(), b()]),
        // The page had only the last text when it was searched.
        (vec![a(), b()], vec![b()]),
        (vec![a(), deletion()], vec![deletion()]),
        (vec![yes(), no(), yes()], vec![yes(), no(), yes()]),
        (vec![yes(), no(), yes()], vec![no(), yes()]),
        (vec![yes(), a()], vec![a(), yes()]),
    ] {
        assert_eq!(after(&made, &published), [], "{made:?} {published:?}");
    }
    for (made, published, violation) in [
        (vec![a()], vec![], NotPublished),
        (vec![a(), b()], vec![a()], NotPublished),
        (vec![yes(), no()], vec![yes()], NotPublished),
        (vec![deletion()], vec![], NotPublished),
        (vec![a()], vec![a(), a()], PublishedTwice),
        (vec![yes()], vec![yes(), yes()], PublishedTwice),
        (
            vec![deletion()],
            vec![deletion(), deletion()],
            PublishedTwice,
        ),
        (vec![], vec![a()], PublishedWrongly),
        (vec![yes()], vec![yes(), deletion()], PublishedWrongly),
    ] {
        assert_eq!(
            after(&made, &published),
            [violation],
            "{made:?} {published:?}"
        );
    }
    for (made, published) in [
        (vec![a(), b()], vec![b(), a()]),
        (vec![a(), deletion()], vec![deletion(), a()]),
        (vec![yes(), no()], vec![no(), yes()]),
    ] {
        let violations = after(&made, &published);
        assert!(
            violations.contains(&PublishedWrongly),
            "{made:?} {published:?}"
        );
    }
    // The hub's listener is checked as well, and who made the change.
    let change = |change: fn(&mut ReceivedEvents)| {
        violations_after(|r| {
            contact_changes(r, &[edit("a")], &[edit("a")]);
            change(hub(r));
        })
    };
    assert_eq!(change(|hub| hub.changes.clear()), [NotPublished]);
    assert_eq!(
        change(|hub| hub.changes[0].from_me = true),
        [PublishedWrongly]
    );
    assert_eq!(
        change(|hub| hub.changes[0].phone = None),
        [PublishedWrongly]
    );
}

#[test]
fn message_changed_before_it_was_published_may_be_published_changed_or_not_at_all() {
    let unpublished = |r: &mut Record| {
        for change in &mut r.contact_changes {
            change.was_published = false;
        }
    };
    let deleted = violations_after(|r| {
        contact_changes(r, &[Change::Delete], &[]);
        unpublished(r);
        for received in r.events_by_service.values_mut() {
            received.messages.remove(0);
        }
        r.hub_history.remove(3);
    });
    assert_eq!(deleted, []);
    let edited = violations_after(|r| {
        contact_changes(r, &[edit("a")], &[edit("a")]);
        unpublished(r);
        for received in r.events_by_service.values_mut() {
            received.messages[0].text = "a".to_owned();
        }
    });
    assert_eq!(edited, []);
    // What the page's database lost cannot be changed in it.
    let forgotten = violations_after(|r| {
        contact_changes(r, &[edit("a"), Change::Delete], &[]);
        r.forgotten.insert(written(0).message_id);
    });
    assert_eq!(forgotten, []);
}

#[test]
fn calls_must_be_published_once_and_not_as_messages() {
    let call = |r: &mut Record| {
        r.written[1].arrival = Arrival::Call;
        for received in r.events_by_service.values_mut() {
            received.calls.push(received.messages.remove(1));
        }
        r.hub_history[4].kind = "call".to_owned();
    };
    assert_eq!(violations_after(call), []);
    let after = |change: fn(&mut Record)| {
        violations_after(|r| {
            call(r);
            change(r);
        })
    };
    let absent = after(|r| hub(r).calls.clear());
    assert_eq!(absent, [ViolationKind::NotPublished]);
    let twice = after(|r| {
        let mut again = hub(r).calls[0].clone();
        again.event_id = 99;
        hub(r).calls.push(again);
    });
    assert_eq!(twice, [ViolationKind::PublishedTwice]);
    let as_message = after(|r| {
        hub(r).messages.push(MessageEvent {
            event_id: 99,
            ..messages(1)
        });
    });
    assert_eq!(as_message, [ViolationKind::PublishedWrongly]);
    let as_text = after(|r| r.hub_history[4].kind = "chat".to_owned());
    assert_eq!(as_text, [ViolationKind::History]);
}

/// A change of a record, and the violation that it is.
type ChangeAndViolation = (fn(&mut Record), ViolationKind);

/// Edits and deletes the first message that was sent, everywhere as it must be.
fn own_changes(record: &mut Record) {
    let id = message(0).ids().next().unwrap().to_owned();
    let response = message(0).responses[1].clone();
    for change in [edit("a"), Change::Delete] {
        record.own_changes.push(OwnChange {
            message_id: id.clone(),
            original: message(0).text,
            to: message(0).to,
            change,
            target: Target::Manager,
            responses: vec![response.clone()],
            accepted: true,
        });
    }
    (record.phone[0].edits, record.phone[0].deletions) = (vec!["a".to_owned()], 1);
    let changed = ChangedMessage {
        edited: true,
        deleted: true,
        unsettled: None,
    };
    record.changed_messages.insert(id.clone(), changed);
    publish_changes(
        record,
        &id,
        &message(0).to,
        true,
        &[edit("a"), Change::Delete],
    );
}

#[test]
fn own_changes_must_be_made_and_published_once() {
    use ViolationKind::{
        History, NeverAccepted, NotPublished, PublishedTwice, Unsettled, WronglyChanged,
    };
    assert_eq!(violations_after(own_changes), []);
    let after = |change: fn(&mut Record)| {
        violations_after(|r| {
            own_changes(r);
            change(r);
        })
    };
    let id = || message(0).ids().next().unwrap().to_owned();
    let cases: [ChangeAndViolation; 9] = [
        (|r| r.phone[0].edits.clear(), WronglyChanged),
        (|r| r.phone[0].edits.push("a".to_owned()), WronglyChanged),
        (|r| r.phone[0].deletions = 0, WronglyChanged),
        (|r| r.phone[0].deletions = 2, WronglyChanged),
        (|r| r.phone[1].deletions = 1, WronglyChanged),
        (|r| r.hub_history[0].deleted = false, History),
        (|r| r.hub_history[0].text = "a".to_owned(), History),
        // An edit is published even if the message was deleted afterwards.
        (|r| drop(hub(r).changes.remove(0)), NotPublished),
        (
            |r| {
                let again = hub(r).changes[1].clone();
                hub(r).changes.push(ChangeEvent {
                    event_id: 99,
                    ..again
                });
            },
            PublishedTwice,
        ),
    ];
    for (change, violation) in cases {
        assert_eq!(after(change), [violation]);
    }
    let unsettled = violations_after(|r| {
        own_changes(r);
        let known = r.changed_messages.get_mut(&id()).unwrap();
        known.unsettled = Some("delete".to_owned());
    });
    assert_eq!(unsettled, [Unsettled]);
    // A deletion may be made again while its outcome is unknown.
    let repeated = after(|r| {
        r.phone[0].deletions = 2;
        r.own_changes[1].responses[0].status = Some(504);
    });
    assert_eq!(repeated, []);
    let open = after(|r| {
        r.own_changes[1].accepted = false;
        for received in r.events_by_service.values_mut() {
            received.changes.pop();
        }
        r.hub_history[0] = hub_message(r.hub_history[0].message_id.clone(), "a".to_owned());
    });
    assert_eq!(open, [NeverAccepted]);
}

#[test]
fn hub_history_must_be_what_the_phone_shows_of_changes_through_the_hub() {
    use ViolationKind::{History, WronglyChanged};
    let after = |change: fn(&mut Record)| {
        violations_after(|r| {
            own_changes(r);
            for change in &mut r.own_changes {
                change.target = Target::Hub;
            }
            change(r);
        })
    };
    assert_eq!(after(|_| {}), []);
    // The hub has what was published, but not what is at the phone.
    assert_eq!(
        after(|r| r.phone[0].deletions = 0),
        [WronglyChanged, History]
    );
    // What was changed through the hub is in its history, whoever sent it.
    let sent_by_manager = |r: &mut Record| {
        for response in &mut r.messages[0].responses {
            response.target = Target::Manager;
        }
    };
    assert_eq!(after(sent_by_manager), []);
    let missing = violations_after(|r| {
        own_changes(r);
        sent_by_manager(r);
        drop(r.hub_history.remove(0));
    });
    assert_eq!(missing, []);
    let missing = violations_after(|r| {
        own_changes(r);
        sent_by_manager(r);
        r.own_changes[1].target = Target::Hub;
        drop(r.hub_history.remove(0));
    });
    assert_eq!(missing, [History]);
}

#[test]
fn hub_history_must_be_what_was_published() {
    for change in [
        |r: &mut Record| drop(r.hub_history.remove(0)),
        |r: &mut Record| drop(r.hub_history.remove(4)),
        |r: &mut Record| r.hub_history.push(r.hub_history[4].clone()),
        |r: &mut Record| r.hub_history[4].text.clear(),
        |r: &mut Record| r.hub_history[4].deleted = true,
        |r: &mut Record| r.hub_history[4].reactions.push("👍".to_owned()),
    ] {
        assert_eq!(violations_after(change), [ViolationKind::History]);
    }
}

#[test]
fn received_files_must_be_served_completely() {
    let served = |status, is_whole, may_be_gone, is_deleted| {
        violations_after(|r| {
            r.files.push(Served {
                service: "central-hub".to_owned(),
                message_id: "false_5491160000001@c.us_3A0".to_owned(),
                is_deleted,
                status,
                is_whole,
                may_be_gone,
            });
        })
    };
    assert_eq!(served(200, true, false, false), []);
    assert_eq!(served(502, false, true, false), []);
    assert_eq!(served(404, false, false, true), []);
    for (status, may_be_gone, is_deleted) in [
        (200, false, false),
        (200, true, false),
        (502, false, false),
        (410, false, false),
        (200, false, true),
        (0, false, true),
    ] {
        assert_eq!(
            served(status, false, may_be_gone, is_deleted),
            [ViolationKind::File]
        );
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
