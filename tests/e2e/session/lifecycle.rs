//! Tests the life of a linked session: restarts, the network, the phone.

use harness::standin::{Block, LeadMessage, PageHttp, Settings};
use harness::{
    Events, Manager, ManagerOptions, SseEvent, poll, processes, start_linked, start_standin,
};
use serde_json::{Value, json};

async fn send(manager: &Manager) -> (u16, Value) {
    manager
        .post("/send", &json!({"to": "5491158254201", "message": "hola"}))
        .await
}

#[tokio::test]
async fn linked_session_restarts_without_a_code() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    manager.link(&standin).await;
    assert!(manager.stop().await.success());
    manager.restart().await;
    manager.wait_for_state("READY").await;
    let session = manager.session().await;
    let history = session["history"].as_array().unwrap();
    assert!(
        history.iter().all(|entry| entry["to"] != "QR_REQUIRED"),
        "{history:#?}"
    );
    assert_eq!(history.last().unwrap()["cause"], "LINKED_PROFILE_FOUND");
    assert_eq!(send(&manager).await.0, 200);
    manager.stop().await;
}

#[tokio::test]
async fn unlinked_profile_waits_for_connect() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    manager.connect().await;
    manager.wait_for_state("QR_REQUIRED").await;
    manager.stop().await;
    manager.restart().await;
    let session = manager.session().await;
    assert_eq!(
        (&session["state"], &session["linked"]),
        (&json!("INIT"), &json!(false))
    );
    assert!(processes::chromedriver(&manager.tokens()).is_none());
    manager.stop().await;
}

#[tokio::test]
async fn disconnect_keeps_the_device_linked() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    manager.link(&standin).await;
    let (status, body) = manager.post("/disconnect", &json!(null)).await;
    assert_eq!((status, &body["state"]), (200, &json!("DISCONNECTED")));
    assert!(
        processes::chromedriver(&manager.tokens()).is_none(),
        "the answer must come after the browser has closed"
    );
    assert_eq!(send(&manager).await.1["code"], "SESSION_NOT_READY");
    assert_eq!(standin.phone().state().devices.len(), 1);
    manager.connect().await;
    manager.wait_for_state("READY").await;
    manager.stop().await;
}

#[tokio::test]
async fn logout_unlinks_the_phone_and_wipes_the_profile() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    manager.link(&standin).await;
    let (status, body) = manager.post("/logout", &json!(null)).await;
    assert_eq!(
        (status, &body["state"]),
        (200, &json!("DISCONNECTED")),
        "{body}"
    );
    assert!(
        body["message"].as_str().unwrap().contains("is unlinked"),
        "{body}"
    );
    assert!(
        standin.phone().state().devices.is_empty(),
        "the phone must have unlinked the device"
    );
    assert!(!manager.tokens().join("profile").exists());
    let session = manager.session().await;
    assert_eq!(
        (&session["cause"], &session["linked"]),
        (&json!("LOGOUT_REQUESTED"), &json!(false))
    );
    manager.link(&standin).await;
    manager.stop().await;
}

#[tokio::test]
async fn logout_of_a_closed_session_unlinks_the_phone() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    manager.link(&standin).await;
    manager.post("/disconnect", &json!(null)).await;
    let (status, body) = manager.post("/logout", &json!(null)).await;
    assert_eq!(
        (status, &body["state"]),
        (200, &json!("DISCONNECTED")),
        "{body}"
    );
    assert!(
        standin.phone().state().devices.is_empty(),
        "the phone must have unlinked the device"
    );
    assert!(!manager.tokens().join("profile").exists());
    // Repeat it, with no device linked and no browser running.
    let (status, body) = manager.post("/logout", &json!(null)).await;
    assert_eq!((status, &body["state"]), (200, &json!("DISCONNECTED")));
    manager.stop().await;
}

#[tokio::test]
async fn unlink_on_the_phone_is_noticed() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    manager.link(&standin).await;
    assert_eq!(standin.phone().unlink(), 1);
    let session = manager.wait_for_cause("DISCONNECTED", "UNLINKED").await;
    assert_eq!(session["linked"], false);
    processes::assert_none_left(&manager.tokens().join("profile")).await;
    poll::until("the profile to be wiped", async || {
        (!manager.tokens().join("profile").exists()).then_some(())
    })
    .await;
    manager.link(&standin).await;
    manager.stop().await;
}

#[tokio::test]
async fn unlink_during_a_service_outage_is_noticed() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    manager.link(&standin).await;
    manager.stop().await;
    standin.phone().unlink();
    manager.restart().await;
    manager.wait_for_cause("DISCONNECTED", "UNLINKED").await;
    manager.link(&standin).await;
    manager.stop().await;
}

#[tokio::test]
async fn lost_network_is_authenticated_until_restored() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    manager.link(&standin).await;
    standin.phone().set_network(false);
    let session = manager
        .wait_for_cause("AUTHENTICATED", "CONNECTION_LOST")
        .await;
    assert_eq!(session["browser"]["running"], true);
    let (status, body) = send(&manager).await;
    assert_eq!((status, &body["code"]), (503, &json!("SESSION_NOT_READY")));
    standin.phone().set_network(true);
    manager.wait_for_state("READY").await;
    assert_eq!(manager.session().await["restarts"]["total"], 0);
    assert_eq!(send(&manager).await.0, 200);
    manager.stop().await;
}

#[tokio::test]
async fn conflict_closes_the_session_until_connect() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    manager.link(&standin).await;
    standin.phone().conflict().expect("a linked device");
    let session = manager.wait_for_cause("DISCONNECTED", "CONFLICT").await;
    assert_eq!(session["linked"], true);
    processes::assert_none_left(&manager.tokens().join("profile")).await;
    manager.connect().await;
    manager.wait_for_state("READY").await;
    manager.stop().await;
}

#[tokio::test]
async fn whatsapp_refusals_are_errors_with_their_cause() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    manager.link(&standin).await;
    for (failure, expected) in [
        (Block::TosBlock, "TOS_BLOCK"),
        (Block::DeprecatedVersion, "DEPRECATED_VERSION"),
    ] {
        standin.phone().block(Some(failure));
        let session = manager.wait_for_cause("ERROR", "BLOCKED_BY_WHATSAPP").await;
        let message = session["last_error"]["message"].as_str().unwrap();
        assert!(message.contains(expected), "{message}");
        standin.phone().block(None);
        manager.connect().await;
        manager.wait_for_state("READY").await;
    }
    manager.stop().await;
}

#[tokio::test]
async fn messages_and_acks_are_published_and_resumed() {
    let standin = start_standin(Settings::default()).await;
    let mut manager = Manager::start(&standin).await;
    manager.link(&standin).await;
    let first_events = read_events(&manager, None, |event| event.name == "state").await;
    assert_eq!(first_events.last().unwrap().data["status"], "READY");

    let phone = standin.phone();
    phone
        .lead_message(&LeadMessage::text("5491100000007", "buenas"))
        .unwrap();
    let mut encrypted_message = LeadMessage::text("5491100000008", "cifrado");
    encrypted_message.ciphertext_ms = 300;
    phone.lead_message(&encrypted_message).unwrap();
    phone
        .own_message("5491100000007", "desde el teléfono")
        .unwrap();
    let published = read_events(&manager, Some(first_events.last().unwrap().id), |event| {
        event.data["body"] == "cifrado"
    })
    .await;
    let bodies: Vec<_> = published
        .iter()
        .filter(|event| event.name == "message")
        .map(|event| {
            let data = &event.data;
            (
                data["body"].as_str().unwrap(),
                data["from_me"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(bodies.len(), 3, "{bodies:?}");
    for expected in [
        ("buenas", false),
        ("desde el teléfono", true),
        ("cifrado", false),
    ] {
        assert!(bodies.contains(&expected), "{bodies:?}");
    }
    let from_lead = published
        .iter()
        .find(|event| event.data["body"] == "buenas")
        .unwrap();
    assert_eq!(from_lead.data["phone"], "5491100000007");

    assert_eq!(send(&manager).await.0, 200);
    let id = standin.phone().messages()[0].id.clone();
    let last_id = published.last().unwrap().id;
    let acks = read_events(&manager, Some(last_id), |event| {
        event.data["status"] == "delivered"
    })
    .await;
    // The current state is an exception: it is sent under the id that it has.
    let news = acks.iter().filter(|event| event.name == "ack");
    assert!(news.clone().count() > 0 && news.clone().all(|event| event.id > last_id));
    let delivered = acks.last().unwrap().data["message_id"].as_str().unwrap();
    assert!(
        delivered.ends_with(&id) || id.ends_with(delivered),
        "{delivered} {id}"
    );
    // A client that already has an event does not receive it again.
    standin
        .phone()
        .lead_message(&LeadMessage::text("5491100000007", "fin"))
        .unwrap();
    let remaining = read_events(&manager, Some(acks.last().unwrap().id), |event| {
        event.data["body"] == "fin"
    })
    .await;
    assert!(remaining.iter().all(|event| event.data["body"] != "buenas"));
    manager.stop().await;
}

/// Reads `/events` until `last` matches.
async fn read_events(
    manager: &Manager,
    after: Option<u64>,
    last: impl Fn(&SseEvent) -> bool,
) -> Vec<SseEvent> {
    let mut events = Events::open(&manager.url("/events"), after).await;
    events.read_until(last).await
}

#[tokio::test]
async fn unreachable_page_is_an_error_until_it_answers() {
    let standin = start_standin(Settings::default()).await;
    for http in [PageHttp::Error, PageHttp::Hang] {
        standin.phone().page(http);
        let options = ManagerOptions::default().with("BOOT_PATIENCE_SECONDS", 10);
        let mut manager = Manager::start_with(&standin, options).await;
        manager.connect().await;
        manager.wait_for_state("ERROR").await;
        let session = manager.session().await;
        assert_eq!(session["cause"], "PAGE_UNREACHABLE", "{session:#}");
        standin.phone().page(PageHttp::Ok);
        manager.wait_for_state("QR_REQUIRED").await;
        manager.stop().await;
    }
}

#[tokio::test]
async fn caches_are_cleared_at_startup_and_the_device_stays_linked() {
    let (_standin, mut manager) =
        start_linked(Settings::default(), ManagerOptions::default()).await;
    manager.wait_until_stored().await;
    manager.stop().await;
    let profile = manager.tokens().join("profile");
    let mut cache_files = Vec::new();
    for name in [
        "Default/Cache/Cache_Data",
        "Default/Code Cache/js",
        "component_crx_cache",
    ] {
        std::fs::create_dir_all(profile.join(name)).expect("a folder");
        let file = profile.join(name).join("grown");
        std::fs::write(&file, vec![7; 4 << 20]).expect("a file");
        cache_files.push(file);
    }
    manager.restart().await;
    manager.wait_for_state("READY").await;
    assert!(cache_files.iter().all(|file| !file.exists()));
    let metrics = manager.client().get(manager.url("/metrics"));
    let metrics = metrics.send().await.expect("metrics");
    let metrics = metrics.text().await.expect("text");
    let size = metrics
        .lines()
        .find_map(|line| line.strip_prefix("leadmaster_profile_bytes "))
        .expect("the profile's size");
    let size: f64 = size.parse().expect("a number");
    assert!((10_000.0..200e6).contains(&size), "{size}");
    // Chrome's own limit would grow with the free disk space.
    let chrome = processes::chrome(&manager.tokens()).expect("a chrome");
    assert!(chrome.cmdline_contains("--disk-cache-size=67108864"));
    manager.stop().await;
}
