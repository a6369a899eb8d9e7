//! Tests that every queued message is sent exactly once, whatever is killed midway.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use harness::standin::{SendBehavior, Settings, Standin};
use harness::{Hub, ManagerOptions, poll, start_linked};
use scratch_database::Database;
use serde_json::{Value, json};

const RECIPIENTS: usize = 1_000;

/// Longer than a thousand messages take on a loaded host.
const PATIENCE: Duration = Duration::from_secs(400);

fn options_on(database: &Database) -> ManagerOptions {
    ManagerOptions::default()
        .with("DRY_RUN", "false")
        .with("DATABASE_URL", database.url())
}

fn text_for(n: usize) -> String {
    format!("mensaje {n}")
}

/// Queues a message for each recipient.
async fn queue_messages(hub: &Hub) {
    let message =
        |n: usize| json!({"destinatario": format!("54911{n:08}"), "mensaje": text_for(n)});
    let messages: Vec<_> = (0..RECIPIENTS).map(message).collect();
    let body = json!({"mensajes": messages});
    let (status, body) = hub.post("/api/sender/messages/bulk", &body).await;
    assert_eq!(status, 202, "{body}");
    assert_eq!(body["total"], RECIPIENTS);
}

/// Waits until this many messages have reached the phone. No message may fail before that.
async fn wait_for_messages(standin: &Standin, hub: &Hub, count: usize) {
    poll::until_within(
        PATIENCE,
        format!("{count} messages to arrive"),
        async || {
            let (status, failed) = hub.get("/api/sender/messages?estado=fallido").await;
            assert_eq!((status, &failed["mensajes"]), (200, &json!([])));
            (standin.phone().messages().len() >= count).then_some(())
        },
    )
    .await;
}

/// Returns the number of queued messages in each state.
async fn states(hub: &Hub) -> BTreeMap<String, usize> {
    let mut states = BTreeMap::new();
    let mut before = String::new();
    loop {
        let path = format!("/api/sender/messages?limite=500{before}");
        let (status, page) = hub.get(&path).await;
        assert_eq!(status, 200, "{page}");
        for message in page["mensajes"].as_array().unwrap() {
            let state = message["estado"].as_str().unwrap().to_owned();
            *states.entry(state).or_default() += 1;
        }
        match &page["siguiente"] {
            Value::Null => return states,
            next => before = format!("&antes={next}"),
        }
    }
}

async fn wait_until_all_sent(hub: &Hub) {
    poll::until_within(PATIENCE, "every row to be sent", async || {
        let states = states(hub).await;
        let is_open = |state: &str| ["pendiente", "enviando", "sin_confirmar"].contains(&state);
        (!states.keys().any(|state| is_open(state))).then_some(states)
    })
    .await;
    let states = states(hub).await;
    let sent_count: usize = ["enviado", "entregado", "leido"]
        .iter()
        .filter_map(|state| states.get(*state))
        .sum();
    assert_eq!(sent_count, RECIPIENTS, "{states:?}");
}

fn assert_each_arrived_once(standin: &Standin) {
    let mut arrived = BTreeMap::<String, usize>::new();
    for message in standin.phone().messages() {
        *arrived.entry(message.body.clone()).or_default() += 1;
    }
    let duplicates: Vec<_> = arrived.iter().filter(|(_, count)| **count != 1).collect();
    assert!(
        duplicates.is_empty(),
        "arrived more than once: {duplicates:?}"
    );
    let missing: Vec<_> = (0..RECIPIENTS)
        .map(text_for)
        .filter(|text| !arrived.contains_key(text))
        .collect();
    assert!(missing.is_empty(), "never: {missing:?}");
    assert_eq!(arrived.len(), RECIPIENTS);
}

/// Kills one of two hubs that share a PostgreSQL: the one that took the requests.
#[tokio::test(flavor = "multi_thread")]
async fn queue_survives_one_of_two_hubs_killed() {
    let database = Database::postgres();
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let mut first_hub = Hub::start(&manager, options_on(&database)).await;
    let second_hub = Hub::start(&manager, options_on(&database)).await;
    queue_messages(&first_hub).await;
    wait_for_messages(&standin, &second_hub, RECIPIENTS / 4).await;
    first_hub.service.kill().await;
    wait_for_messages(&standin, &second_hub, RECIPIENTS).await;
    wait_until_all_sent(&second_hub).await;
    assert_each_arrived_once(&standin);
    drop(second_hub);
    manager.stop().await;
}

/// Kills one hub on SQLite, then session-manager, and restarts both.
#[tokio::test(flavor = "multi_thread")]
async fn queue_survives_hub_and_session_manager_killed() {
    let database = Database::sqlite();
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let mut hub = Hub::start(&manager, options_on(&database)).await;
    queue_messages(&hub).await;
    wait_for_messages(&standin, &hub, RECIPIENTS / 4).await;
    hub.service.kill().await;
    let before = standin.phone().messages().len();
    assert!(
        before < RECIPIENTS,
        "all messages were sent before the kill"
    );
    hub.restart().await;
    wait_for_messages(&standin, &hub, RECIPIENTS / 2).await;
    manager.service.kill().await;
    let address = manager.service.url.rsplit_once(':').unwrap().1.to_owned();
    manager.set("PORT", address);
    manager.restart().await;
    manager.wait_for_state("READY").await;
    wait_for_messages(&standin, &hub, RECIPIENTS).await;
    wait_until_all_sent(&hub).await;
    assert_each_arrived_once(&standin);
    drop(hub);
    manager.stop().await;
}

/// Loses the connection while a number is looked up. That is not a failure of the message, which
/// waits and is sent once.
#[tokio::test]
async fn queue_survives_a_connection_lost_during_a_lookup() {
    let settings = Settings {
        query: Duration::from_secs(30),
        ..Settings::default()
    };
    let (standin, mut manager) = start_linked(settings, ManagerOptions::default()).await;
    let options = ManagerOptions::default().with("DRY_RUN", "false");
    let mut hub = Hub::start(&manager, options).await;
    let phone = standin.phone();
    let body = json!({"mensajes": [{"destinatario": "5491158254201", "mensaje": "hola"}]});
    let (status, body) = hub.post("/api/sender/messages/bulk", &body).await;
    assert_eq!(status, 202, "{body}");
    let path = format!("/api/sender/messages/status/{}", body["mensajes"][0]["id"]);
    poll::until("the number lookup", async || {
        (phone.state().lookups > 0).then_some(())
    })
    .await;
    phone.set_network(false);
    let waiting_message = poll::until("the message to wait", async || {
        let (_, message) = hub.get(&path).await;
        (message["estado"] == "pendiente" && message["intentos"] == 1).then_some(message)
    })
    .await;
    let causes = waiting_message["historial"].as_array().unwrap();
    assert_eq!(
        causes.last().unwrap()["causa"],
        "SEND_FAILED",
        "{waiting_message}"
    );
    phone.settings(Settings::default());
    phone.set_network(true);
    poll::until("the message to be sent", async || {
        let (_, message) = hub.get(&path).await;
        assert_ne!(message["estado"], "fallido", "{message}");
        // The phone may have it by the time of this request.
        let estado = message["estado"].as_str().unwrap();
        ["enviado", "entregado"].contains(&estado).then_some(())
    })
    .await;
    assert_eq!(phone.messages().len(), 1);
    hub.service.stop().await;
    manager.stop().await;
}

/// Checks a message whose outcome cannot be settled. session-manager eventually stops trying, and
/// so does the hub. Later messages of the chat continue. A person reports what the chat displays.
#[tokio::test]
async fn undecidable_message_waits_for_a_person() {
    const TO: &str = "5491158254201";
    let options = ManagerOptions::default()
        .with("SETTLE_TRIES", 2)
        .with("SEND_DEADLINE_MS", 1_500);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let phone = standin.phone();
    let mut hub = Hub::start(&manager, ManagerOptions::default().with("DRY_RUN", "false")).await;
    let queued = async |text: &str| {
        let request_body = json!({"mensajes": [{"destinatario": TO, "mensaje": text}]});
        let (status, body) = hub.post("/api/sender/messages/bulk", &request_body).await;
        assert_eq!(status, 202, "{body}");
        body["mensajes"][0]["id"].as_i64().unwrap()
    };
    let wait_until = async |id: i64, description: &str, condition: &dyn Fn(&Value) -> bool| {
        poll::until(description.to_owned(), async || {
            let path = format!("/api/sender/messages/status/{id}");
            let (status, body) = hub.get(&path).await;
            assert_eq!(status, 200, "{body}");
            condition(&body).then_some(body)
        })
        .await
    };
    let undecided = |body: &Value| body["sin_decidir_desde"].is_string();
    let decide = async |id: i64, description: &str| {
        let path = format!("/api/sender/messages/{id}/decide");
        let decision = json!({"resultado": description, "motivo": "miré el chat"});
        hub.post(&path, &decision).await
    };
    phone.rule(Some(TO), SendBehavior::Unknown, None);
    let first = queued("primero").await;
    let body = wait_until(first, "a person to be asked", &undecided).await;
    assert_eq!(body["estado"], "sin_confirmar");
    assert_eq!(body["error"], "SEND_UNDECIDED");

    // The chat continues, and the first message is not sent again by itself.
    phone.rule(Some(TO), SendBehavior::Ok, None);
    let second = queued("segundo").await;
    let is_sent =
        |body: &Value| ["enviado", "entregado"].contains(&body["estado"].as_str().unwrap());
    wait_until(second, "the next message to be sent", &is_sent).await;
    let bodies = || -> Vec<String> {
        phone
            .messages()
            .into_iter()
            .map(|message| message.body)
            .collect()
    };
    assert_eq!(bodies(), ["segundo"]);
    let (status, body) = decide(second, "llego").await;
    assert_eq!(
        (status, &body["code"]),
        (409, &json!("MESSAGE_NOT_UNDECIDED"))
    );
    let (status, body) = decide(first, "quizás").await;
    assert_eq!(status, 400, "{body}");

    // The message is sent under the same id, once.
    let (status, body) = decide(first, "reintentar").await;
    assert_eq!(status, 200, "{body}");
    let body = wait_until(first, "the message to be sent after all", &is_sent).await;
    assert!(body.get("sin_decidir_desde").is_none(), "{body}");
    assert_eq!(bodies(), ["segundo", "primero"]);

    for (decision, state) in [("llego", "enviado"), ("abandonar", "fallido")] {
        phone.rule(Some(TO), SendBehavior::Unknown, None);
        let id = queued(decision).await;
        wait_until(id, "a person to be asked", &undecided).await;
        let (status, body) = decide(id, decision).await;
        assert_eq!((status, &body["estado"]), (200, &json!(state)), "{body}");
        let step = body["historial"].as_array().unwrap().last().unwrap();
        assert_eq!(step["detalle"], "miré el chat");
    }
    hub.service.stop().await;
    manager.stop().await;
}
