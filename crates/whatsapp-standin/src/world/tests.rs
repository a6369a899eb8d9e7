//! Tests the world's transitions, without a socket.

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;

use super::*;
use crate::page_protocol::{Claim, Outgoing};
use crate::phone_api_types::LeadMessage;

const LEAD: &str = "5491130000001";

fn keys() -> Keys {
    Keys {
        static_key: "S=".into(),
        identity_key: "I=".into(),
        adv_key: "A=".into(),
        platform: "1".into(),
    }
}

fn drain(rx: &mut UnboundedReceiver<ToPage>) -> Vec<String> {
    let mut lines = Vec::new();
    while let Ok(line) = rx.try_recv() {
        lines.push(serde_json::to_string(&line).expect("a line is JSON"));
    }
    lines
}

/// Creates a world with one device that is linked, connected and synced.
fn linked() -> (World, PageId, UnboundedReceiver<ToPage>, Claim) {
    let mut world = World::new(Settings::default());
    let (tx, _rx) = unbounded_channel();
    let shows = world.page_joins(tx, None, keys(), Instant::now());
    let id = world
        .scan(None, Instant::now())
        .expect("a code is shown")
        .expect("no passkey is asked for");
    world.page_leaves(shows);
    let claim = Claim {
        token: world.devices[&id].token.clone(),
        id,
    };
    let (tx, mut rx) = unbounded_channel();
    let page = world.page_joins(tx, Some(&claim), keys(), Instant::now());
    world.sync_done(page);
    world.offline(page, &[]);
    world.offline_end(page);
    drain(&mut rx);
    (world, page, rx, claim)
}

fn message(id: &str) -> Outgoing {
    Outgoing {
        id: id.into(),
        key: format!("true_{LEAD}@c.us_{id}"),
        to: format!("{LEAD}@c.us"),
        body: "hola".into(),
        kind: "chat".into(),
        details: Details::default(),
    }
}

#[test]
fn refused_login_has_a_reason_and_no_sync() {
    let (mut world, page, _rx, claim) = linked();
    world.page_leaves(page);
    for (failure, told) in [
        (
            Failure::TemporaryBan(Ban {
                code: 101,
                expire: 60,
            }),
            r#"{"t":"failure","reason":402,"code":101,"expire":60}"#,
        ),
        (
            Failure::ServiceUnavailable,
            r#"{"t":"failure","reason":503}"#,
        ),
    ] {
        world.failure = Some(failure);
        let (tx, mut rx) = unbounded_channel();
        let page = world.page_joins(tx, Some(&claim), keys(), Instant::now());
        assert_eq!(drain(&mut rx), [told]);
        world.page_leaves(page);
    }
    world.failure = None;
    let (tx, mut rx) = unbounded_channel();
    world.page_joins(tx, Some(&claim), keys(), Instant::now());
    assert!(drain(&mut rx)[0].contains("welcome"));
}

#[test]
fn an_id_is_delivered_once_and_acknowledged_each_time() {
    let (mut world, page, _rx, _) = linked();
    let first = world.take(page, message("A")).expect("a device sends");
    assert_eq!(first.answer, SendReply::Ack { delivers: true });
    let second = world.take(page, message("A")).expect("a device sends");
    assert_eq!(second.answer, SendReply::Ack { delivers: false });
    assert_eq!(world.received.len(), 1);
    assert_eq!(world.received[0].times_received, 2);
    assert_eq!(world.duplicates, 1);
}

#[test]
fn only_a_linked_page_sends() {
    let mut world = World::new(Settings::default());
    let (tx, _rx) = unbounded_channel();
    let page = world.page_joins(tx, None, keys(), Instant::now());
    assert_eq!(world.take(page, message("A")), None);
    assert!(world.received.is_empty());
}

#[test]
fn rules_count_down_and_the_nearer_one_wins() {
    let (mut world, page, _rx, _) = linked();
    world.set_rule(Rule {
        to: None,
        outcome: SendBehavior::Silent,
        count: None,
    });
    world.set_rule(Rule {
        to: Some(LEAD.into()),
        outcome: SendBehavior::ReachOut463,
        count: Some(1),
    });
    let mut answer = |id| {
        world
            .take(page, message(id))
            .expect("a device sends")
            .answer
    };
    assert_eq!(
        answer("A"),
        SendReply::Refuse {
            result: "ERROR_UNKNOWN",
            error_code: Some(463)
        }
    );
    assert_eq!(answer("B"), SendReply::Nothing);
    assert_eq!(world.refusals.len(), 1);
    // The message was accepted, though never acknowledged: the repetition is dropped.
    assert_eq!(world.received.len(), 1);
    let again = world.take(page, message("B")).expect("a device sends");
    assert_eq!(again.answer, SendReply::Ack { delivers: false });

    world.set_rule(Rule {
        to: None,
        outcome: SendBehavior::Ok,
        count: None,
    });
    let free = world.take(page, message("C")).expect("a device sends");
    assert_eq!(free.answer, SendReply::Ack { delivers: true });
}

#[test]
fn refused_id_may_be_used_again() {
    let (mut world, page, _rx, _) = linked();
    world.set_rule(Rule {
        to: None,
        outcome: SendBehavior::NetworkError,
        count: Some(1),
    });
    world.take(page, message("A"));
    assert!(world.received.is_empty());
    world.take(page, message("A"));
    assert_eq!(world.received.len(), 1);
    assert_eq!(world.duplicates, 0);
}

#[test]
fn a_number_without_whatsapp_is_never_reached() {
    let (mut world, page, _rx, _) = linked();
    world.people.entry(LEAD.into()).or_default().on_whatsapp = Some(false);
    let taken = world.take(page, message("A")).expect("a device sends");
    assert_eq!(taken.answer, SendReply::Ack { delivers: false });
}

#[test]
fn lookup_returns_the_accounts_own_spelling() {
    let (mut world, page, mut rx, _) = linked();
    for [account, other] in [
        ["5491150000001", "541150000001"],
        ["541150000002", "5491150000002"],
        ["551187654321", "5511987654321"],
        ["5511987654322", "551187654322"],
        ["5215512345678", "525512345678"],
        ["525512345679", "5215512345679"],
    ] {
        world.people.entry(account.into()).or_default();
        for asked in [account, other] {
            world.answer_exists(page, 1, asked, "c.us");
            let answer = drain(&mut rx).pop().expect("an answer");
            assert!(answer.contains(&format!("\"{account}\"")), "{answer}");
        }
    }
    // Neither spelling belongs to an account here.
    assert_eq!(world.account_of("541150000009"), "541150000009");
}

#[test]
fn messages_while_offline_wait_until_stored() {
    let (mut world, page, _rx, claim) = linked();
    world.page_leaves(page);
    let (written, _) = world.lead_writes(&LeadMessage::text(LEAD, "hola"));

    let (tx, mut rx) = unbounded_channel();
    let page = world.page_joins(tx, Some(&claim), keys(), Instant::now());
    let waiting = world.waiting(page);
    assert_eq!(waiting.len(), 1);
    world.sync_step(page, 50, waiting.clone());
    // A message that arrives during the sync is delivered right after it.
    let (late, _) = world.lead_writes(&LeadMessage::text(LEAD, "¿estás?"));
    world.sync_done(page);
    world.offline(page, &waiting);
    world.offline_end(page);
    let lines = drain(&mut rx);
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.contains(&written.key))
            .count(),
        1
    );
    assert_eq!(
        lines.iter().filter(|line| line.contains(&late.key)).count(),
        1
    );
    assert!(
        lines
            .last()
            .is_some_and(|line| line.contains("offline_end"))
    );

    world.got(page, &[written.key, late.key]);
    assert!(world.waiting(page).is_empty());
}

#[test]
fn messages_decrypted_during_a_sync_are_reported_at_its_end() {
    let (mut world, page, _rx, claim) = linked();
    world.page_leaves(page);
    let mut secret = LeadMessage::text(LEAD, "hola");
    secret.ciphertext_ms = 150;
    let (written, later) = world.lead_writes(&secret);

    let (tx, mut rx) = unbounded_channel();
    let page = world.page_joins(tx, Some(&claim), keys(), Instant::now());
    let waiting = world.waiting(page);
    world.sync_step(page, 50, waiting.clone());
    world.reveal(&later.expect("the text comes later"));
    assert!(!drain(&mut rx).iter().any(|line| line.contains("hola")));
    world.sync_done(page);
    world.offline(page, &waiting);
    let lines = drain(&mut rx);
    let told = |line: &String| line.contains(&written.key) && line.contains("hola");
    assert_eq!(lines.iter().filter(|line| told(line)).count(), 1);
}

#[test]
fn a_ciphertext_comes_without_its_text() {
    let (mut world, page, mut rx, _) = linked();
    let mut lead = LeadMessage::text(LEAD, "secreto");
    lead.ciphertext_ms = 5;
    let (_, later) = world.lead_writes(&lead);
    assert!(!drain(&mut rx).concat().contains("secreto"));
    assert_eq!(world.waiting(page)[0].body, "");
    world.reveal(&later.expect("a text is due"));
    assert!(drain(&mut rx).concat().contains("secreto"));
    assert_eq!(world.waiting(page)[0].body, "secreto");
}

#[test]
fn hidden_number_is_not_returned() {
    let (mut world, _, mut rx, _) = linked();
    let mut lead = LeadMessage::text(LEAD, "hola");
    lead.lid = true;
    lead.phone_known = false;
    world.lead_writes(&lead);
    let line = drain(&mut rx).concat();
    assert!(!line.contains(LEAD), "{line}");
    assert_eq!(world.phone_of(&format!("{}@lid", lid_of(LEAD))), LEAD);
}

#[test]
fn unlinking_notifies_the_page_and_the_device_stays_unlinked() {
    let (mut world, page, mut rx, claim) = linked();
    assert!(world.unlink(&claim.id, None, None));
    assert!(drain(&mut rx).concat().contains("unlinked"));
    assert_eq!(world.take(page, message("A")), None);
    let (tx, mut rx) = unbounded_channel();
    world.page_joins(tx, Some(&claim), keys(), Instant::now());
    assert!(drain(&mut rx).concat().contains("unlinked"));
    assert!(!world.unlink(&claim.id, None, None), "once is enough");
}

#[test]
fn a_second_page_replaces_the_first_until_it_takes_over() {
    let (mut world, first, mut rx, claim) = linked();
    let (tx, mut rx_second) = unbounded_channel();
    world.page_joins(tx, Some(&claim), keys(), Instant::now());
    assert!(drain(&mut rx).concat().contains("conflict"));
    drain(&mut rx_second);
    world.takeover(first);
    assert!(drain(&mut rx).concat().contains("welcome"));
    assert!(drain(&mut rx_second).concat().contains("conflict"));
}

#[test]
fn a_code_for_linking_by_number_has_its_time() {
    let mut world = World::new(Settings::default());
    let now = Instant::now();
    let (tx, mut rx) = unbounded_channel();
    let page = world.page_joins(tx, None, keys(), now);
    world.new_link_code(page, 1, "12", now);
    assert!(drain(&mut rx).concat().contains("bad_phone_number"));
    world.new_link_code(page, 2, "+54 9 11 3000-0001", now);
    let (_, code, phone) = world.link_codes(now).remove(0);
    assert_eq!(phone, LEAD);
    let late = now + world.settings.link_code;
    assert_eq!(world.enter_link_code(&code, late), Err(LinkError::Expired));
    assert_eq!(
        world.enter_link_code("ABCD-EFG", now),
        Err(LinkError::Unknown)
    );
    let typed = code.to_lowercase().replace('-', " ");
    let device = world.enter_link_code(&typed, now).expect("it is good");
    assert_eq!(world.devices[&device.expect("linked")].user, LEAD);
}

#[test]
fn a_new_round_of_codes_cancels_the_code_by_number_and_the_passkey() {
    let mut world = World::new(Settings {
        passkey: true,
        ..Settings::default()
    });
    let now = Instant::now();
    let (tx, mut rx) = unbounded_channel();
    let page = world.page_joins(tx, None, keys(), now);
    world.new_link_code(page, 1, LEAD, now);
    assert_eq!(world.link_codes(now).len(), 1);
    world.refresh_codes(page, now);
    assert!(world.link_codes(now).is_empty());

    assert_eq!(world.scan(None, now), Ok(None), "the passkey comes first");
    assert!(drain(&mut rx).concat().contains("passkey_request"));
    assert_eq!(world.passkeys_wanted(), 1);
    assert!(world.shown_codes().is_empty(), "the code is taken away");
    assert_eq!(world.scan(None, now), Err(LinkError::NoCode));
    world.turn_code(page, now);
    assert!(world.shown_codes().is_empty(), "also the one after it");

    world.refresh_codes(page, now);
    assert_eq!(world.passkeys_wanted(), 0);
    assert_eq!(world.shown_codes().len(), 1);
    world.passkey_answer(page, 2, serde_json::json!({}), now);
    assert_eq!(world.passkey_refusals, ["no_passkey_wanted"]);
}

#[test]
fn saved_state_is_restored() {
    let (mut world, page, _rx, claim) = linked();
    world.take(page, message("A"));
    let saved = serde_json::to_string(&world.save()).expect("it is JSON");
    let mut other = World::new(Settings::default());
    other.restore(serde_json::from_str(&saved).expect("our own JSON"));
    let (tx, mut rx) = unbounded_channel();
    let page = other.page_joins(tx, Some(&claim), keys(), Instant::now());
    assert!(drain(&mut rx).concat().contains("welcome"));
    other.take(page, message("A"));
    assert_eq!(other.duplicates, 1);
}

#[test]
fn acks_come_with_every_sync_until_they_are_confirmed() {
    let (mut world, page, mut rx, claim) = linked();
    world.take(page, message("A"));
    assert!(world.ack("A", 1));
    assert!(drain(&mut rx).concat().contains(r#""ack":1"#));
    world.page_leaves(page);
    assert!(world.ack(&format!("true_{LEAD}@c.us_A"), 2));
    assert!(world.ack("A", 3));
    assert!(!world.ack("B", 1));

    let (tx, mut rx) = unbounded_channel();
    let page = world.page_joins(tx, Some(&claim), keys(), Instant::now());
    assert!(!drain(&mut rx).concat().contains("ack"));
    world.sync_done(page);
    let lines = drain(&mut rx);
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.contains(r#""ack":3"#))
            .count(),
        1
    );
    assert_eq!(world.received[0].acks, [1, 2, 3]);
    let key = format!("true_{LEAD}@c.us_A");
    let mut told_again = |ack| {
        world.got_ack(page, &key, ack);
        world.sync_done(page);
        drain(&mut rx).concat().contains(r#""ack":3"#)
    };
    // The page may have crashed before it stored the last message.
    assert!(told_again(2));
    assert!(!told_again(3));
}

#[test]
fn a_file_is_known_by_its_hash_or_the_message_is_refused() {
    let (mut world, page, _rx, _) = linked();
    let upload = media::Upload {
        size: 3,
        sha256: "abc".into(),
    };
    let path = world.uploaded(upload);
    let with_file = |id, path: &str| Outgoing {
        kind: "image".into(),
        details: Details {
            file: Some(SentFile {
                gif: false,
                path: path.into(),
                mime: "image/png".into(),
                filename: None,
                size: 0,
                sha256: String::new(),
            }),
            ..Details::default()
        },
        ..message(id)
    };
    world.take(page, with_file("A", &path));
    let file = world.received[0].details.file.as_ref().expect("a file");
    assert_eq!((file.size, file.sha256.as_str()), (3, "abc"));
    world.take(page, with_file("B", "/v/none"));
    assert_eq!((world.received.len(), world.refusals.len()), (1, 1));
}

#[test]
fn a_failed_upload_concerns_files_alone() {
    let (mut world, page, _rx, _) = linked();
    world.set_rule(Rule {
        to: Some(LEAD.into()),
        outcome: SendBehavior::UploadFailed,
        count: Some(1),
    });
    world.take(page, message("A"));
    assert_eq!(world.received.len(), 1);
    assert!(!world.upload_fails("5491130000002@c.us"));
    let chat = format!("{LEAD}@c.us");
    assert!(world.upload_fails(&chat));
    assert!(!world.upload_fails(&chat), "it was for one");
}
