//! Tests reactions that the hub gives through session-manager.

use std::time::Duration;

use harness::standin::{LeadMessage, Phone, SendBehavior, Settings};
use harness::{Hub, ManagerOptions, poll, send_request, start_linked};
use serde_json::{Value, json};

const LEAD: &str = "5491158254201";

fn request(hub: &Hub, id: i64, key: &str, emoji: &str) -> reqwest::RequestBuilder {
    let url = hub.url(&format!("/api/listener/messages/{id}/reaction"));
    let request = hub.client().put(url).header("idempotency-key", key);
    request.json(&json!({"emoji": emoji}))
}

/// Returns the newest message of the chat.
async fn newest(hub: &Hub) -> Value {
    let path = format!("/api/listener/history/{LEAD}?limite=1");
    hub.get(&path).await.1["mensajes"][0].clone()
}

/// Waits until the history has these reactions of the account to the newest message.
async fn wait_for_own(hub: &Hub, expected: Option<&str>) {
    poll::until("the reaction in the history", async || {
        let message = newest(hub).await;
        let all = message["reactions"].as_array().cloned().unwrap_or_default();
        let own: Vec<_> = all.iter().filter(|it| it["from_me"] == true).collect();
        let own: Vec<_> = own.iter().filter_map(|it| it["emoji"].as_str()).collect();
        (own == Vec::from_iter(expected)).then_some(())
    })
    .await;
}

/// Returns the reactions that WhatsApp's server received, in order.
fn received(phone: &Phone) -> Vec<String> {
    let mut messages = phone.messages();
    messages.retain(|message| message.details.reacts_to.is_some());
    messages.into_iter().map(|message| message.body).collect()
}

#[tokio::test]
async fn reaction_from_the_hub_survives_a_kill_and_stands_once() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let hub = Hub::start(&manager, ManagerOptions::default().with("DRY_RUN", false)).await;
    let dry = Hub::start(&manager, ManagerOptions::default()).await;
    let lead = LeadMessage::text(LEAD, "¿sigue en venta?");
    let lead = phone.lead_message(&lead).expect("a message");
    let id =
        |message: Value| (message["message_id"] == json!(lead)).then(|| message["id"].as_i64());
    let mut ids = Vec::new();
    for each in [&hub, &dry] {
        let found = poll::until("the message", async || id(newest(each).await).flatten()).await;
        ids.push(found);
    }
    let (id, dry_id) = (ids[0], ids[1]);

    let (status, body) = send_request(request(&dry, dry_id, "d", "👍")).await;
    assert_eq!((status, &body["dry_run"]), (200, &json!(true)), "{body}");
    assert_eq!(received(&phone), Vec::<String>::new());

    for (key, emoji) in [("a", "👍"), ("a", "👍"), ("b", "❤️")] {
        let (status, body) = send_request(request(&hub, id, key, emoji)).await;
        let expected = json!({"ok": true, "id": id, "message_id": lead});
        assert_eq!((status, body), (200, expected));
        wait_for_own(&hub, Some(emoji)).await;
    }
    assert_eq!(received(&phone), ["👍", "❤️"]);

    // The server has it, and the service is killed before it hears so.
    phone.settings(Settings {
        server_ack: Duration::from_secs(20),
        ..Settings::default()
    });
    phone.rule(None, SendBehavior::Ok, Some(1));
    let killed = request(&hub, id, "c", "🙏");
    let caller = tokio::spawn(send_request(killed));
    poll::until("the reaction to be in progress", async || {
        phone.state().rules.is_empty().then_some(())
    })
    .await;
    manager.service.kill().await;
    let (status, body) = caller.await.expect("no panic");
    assert!(status >= 500, "{status} {body}");
    phone.settings(Settings::default());
    let port = manager.service.url.rsplit(':').next();
    let port = port.expect("a port").to_owned();
    manager.set("PORT", port);
    manager.restart().await;
    wait_for_own(&hub, Some("🙏")).await;
    let (status, body) = poll::until("the session to be ready", async || {
        let answer = send_request(request(&hub, id, "c", "🙏")).await;
        (answer.0 != 503).then_some(answer)
    })
    .await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(received(&phone).last().map(String::as_str), Some("🙏"));

    phone.lead_reacts(&lead, "😂").expect("a reaction");
    let url = hub.url(&format!("/api/listener/messages/{id}/reaction"));
    let (status, body) = send_request(hub.client().delete(url)).await;
    assert_eq!(status, 200, "{body}");
    wait_for_own(&hub, None).await;
    poll::until("the lead's reaction alone", async || {
        let reactions = newest(&hub).await["reactions"].clone();
        (reactions[0]["emoji"] == "😂" && reactions[1].is_null()).then_some(())
    })
    .await;
    assert_eq!(received(&phone).last().map(String::as_str), Some(""));
    // The hub that rehearses is told as well, and gave none itself.
    wait_for_own(&dry, None).await;
    manager.stop().await;
}
