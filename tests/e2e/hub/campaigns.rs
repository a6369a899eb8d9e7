//! Tests campaigns, from a spreadsheet to the phones.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use harness::standin::{LeadMessage, Limits, ReachOutLock, SendBehavior, Settings, Standin};
use harness::{Hub, ManagerOptions, poll, start_linked};
use scratch_database::on_both_engines;
use serde_json::{Value, json};

/// Longer than a campaign needs on a loaded host.
const PATIENCE: Duration = Duration::from_secs(300);
const CAMPAIGNS: &str = "/api/sender/campaigns";

fn options(database_url: &str, dry_run: bool) -> ManagerOptions {
    ManagerOptions::default()
        .with("DATABASE_URL", database_url)
        .with("AUTO_CAMPAIGNS_ENABLED", true)
        .with("DRY_RUN", dry_run)
}

fn number_of(n: usize) -> String {
    format!("54911{n:08}")
}

/// Returns a list as Excel saves it in Argentina.
fn excel_list(count: usize) -> Vec<u8> {
    let mut list = "Teléfono;Nombre;Razón social\r\n".to_owned();
    for n in 1..=count {
        list.push_str(&format!("{};Ñata {n};\"Hijos; {n}\"\r\n", number_of(n)));
    }
    // In Windows-1252, these characters have one byte each, equal to their Unicode numbers.
    list.chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect()
}

fn text_for(n: usize) -> String {
    format!("Hola Ñata {n} de Hijos; {n}")
}

async fn post(hub: &Hub, path: &str, body: &Value) -> Value {
    let (status, body) = hub.post(path, body).await;
    assert!(status < 300, "{path} {status} {body}");
    body
}

async fn get(hub: &Hub, path: &str) -> Value {
    let (status, body) = hub.get(path).await;
    assert_eq!(status, 200, "{path} {body}");
    body
}

fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(now.unwrap().as_millis()).unwrap()
}

/// Creates a campaign without a pause, for this many recipients. Returns its path.
async fn create_campaign(hub: &Hub, count: usize) -> String {
    let body = json!({
        "nombre": "Marzo",
        "mensaje": "Hola {nombre} de {razon_social}",
        "columnas": ["Razón social"],
        "pausa_min_s": 0,
        "pausa_max_s": 0,
    });
    let created = post(hub, CAMPAIGNS, &body).await;
    let path = format!("{CAMPAIGNS}/{}", created["id"]);
    let upload = hub.client().post(hub.url(&format!("{path}/recipients")));
    let response = upload
        .header("content-type", "text/csv")
        .body(excel_list(count))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 201);
    let report: Value = response.json().await.unwrap();
    assert_eq!(
        (&report["aceptados"], &report["rechazados"]),
        (&json!(count), &json!(0))
    );
    path
}

async fn approve(hub: &Hub, path: &str) {
    let approved = post(hub, &format!("{path}/approve"), &json!({})).await;
    assert_eq!(approved["estado"], "en_progreso");
}

async fn wait_for_estado(hub: &Hub, path: &str, estado: &str) -> Value {
    poll::until_within(PATIENCE, format!("{path} to be {estado}"), async || {
        let campaign = get(hub, path).await;
        (campaign["estado"] == estado).then_some(campaign)
    })
    .await
}

async fn wait_for_messages(standin: &Standin, count: usize) {
    poll::until_within(
        PATIENCE,
        format!("{count} messages to arrive"),
        async || (standin.phone().messages().len() >= count).then_some(()),
    )
    .await;
}

fn assert_each_arrived_once(standin: &Standin, count: usize) {
    let mut arrived = BTreeMap::<String, usize>::new();
    for message in standin.phone().messages() {
        *arrived.entry(message.body.clone()).or_default() += 1;
    }
    let expected: BTreeMap<_, _> = (1..=count).map(|n| (text_for(n), 1)).collect();
    assert_eq!(arrived, expected);
}

on_both_engines! {
    /// Runs a campaign from the list to its end, without sending any message.
    async fn dry_run_campaign_of_a_thousand_recipients(database: Database) {
        let (standin, mut manager) =
            start_linked(Settings::default(), ManagerOptions::default()).await;
        let hub = Hub::start(&manager, options(&database.url(), true)).await;
        let path = create_campaign(&hub, 1_000).await;
        let id: i64 = path.rsplit('/').next().unwrap().parse().unwrap();
        let schedule = json!({
            "campania_id": id,
            "dias_semana": ["mon", "tue", "wed", "thu", "fri"],
            "hora_inicio": "09:00",
            "hora_fin": "18:00",
            "cupo_diario": 300,
        });
        let schedule = post(&hub, "/api/sender/programaciones", &schedule).await;
        let approval = format!("/api/sender/programaciones/{}/approve", schedule["id"]);
        post(&hub, &approval, &json!({})).await;
        approve(&hub, &path).await;
        let final_state = wait_for_estado(&hub, &path, "finalizado").await;
        assert_eq!(
            (&final_state["simulados"], &final_state["simulacion"]),
            (&json!(1_000), &json!(true))
        );
        let stats = get(&hub, &format!("{path}/stats")).await;
        let days = stats["por_dia"].as_array().unwrap();
        assert!((4..=5).contains(&days.len()), "{stats}");
        assert!(
            days.iter().all(|day| day["cantidad"].as_i64() <= Some(300)),
            "{stats}"
        );
        let plan = get(&hub, &format!("{path}/recipients?limite=500&despues=0")).await;
        for (n, person) in plan["destinatarios"].as_array().unwrap().iter().enumerate() {
            assert_eq!(person["texto"], text_for(n + 1));
            assert!(person["previsto"].is_string() && person["estado"] == "simulado");
        }
        assert!(standin.phone().messages().is_empty());
        drop(hub);
        manager.stop().await;
    }

    /// Runs a campaign with real sends, and kills the hub midway.
    async fn campaign_survives_a_killed_hub(database: Database) {
        let slow = Settings {
            server_ack: Duration::from_millis(300),
            ..Settings::default()
        };
        let (standin, mut manager) = start_linked(slow, ManagerOptions::default()).await;
        let mut hub = Hub::start(&manager, options(&database.url(), false)).await;
        let path = create_campaign(&hub, 200).await;
        approve(&hub, &path).await;
        wait_for_messages(&standin, 40).await;
        hub.service.kill().await;
        assert!(
            standin.phone().messages().len() < 200,
            "the campaign was finished before the kill"
        );
        hub.restart().await;
        let final_state = wait_for_estado(&hub, &path, "finalizado").await;
        assert_eq!(final_state["enviados"], 200, "{final_state}");
        assert_each_arrived_once(&standin, 200);
        drop(hub);
        manager.stop().await;
    }
}

/// Checks that a campaign pauses when WhatsApp refuses, as it does at its limit on writing to
/// strangers.
#[tokio::test(flavor = "multi_thread")]
async fn reach_out_limit_pauses_a_campaign() {
    let database = scratch_database::Database::sqlite();
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    standin.phone().rule(None, SendBehavior::ReachOut463, None);
    let hub = Hub::start(&manager, options(&database.url(), false)).await;
    let path = create_campaign(&hub, 100).await;
    approve(&hub, &path).await;
    let paused_campaign = wait_for_estado(&hub, &path, "pausada").await;
    assert_eq!(
        paused_campaign["motivo_pausa"]["codigo"], "REACH_OUT_LIMIT",
        "{paused_campaign}"
    );
    // Sends that were already passed to session-manager end, and no others are tried.
    let statuses = poll::until("the sends in progress to end", async || {
        let campaign = get(&hub, &path).await;
        (campaign["en_cola"] == 0).then_some(campaign)
    })
    .await;
    assert!(statuses["pendientes"].as_i64() > Some(0), "{statuses}");
    assert_eq!(statuses["enviados"], 0, "{statuses}");
    drop(hub);
    manager.stop().await;
}

/// Checks that campaigns wait while WhatsApp restricts the account, that replies continue, and that
/// the campaign resumes by itself.
#[tokio::test(flavor = "multi_thread")]
async fn campaigns_wait_while_the_account_is_locked() {
    let database = scratch_database::Database::sqlite();
    let settings = Settings {
        history: Duration::from_secs(3_600),
        ..Settings::default()
    };
    let (standin, mut manager) = start_linked(settings, ManagerOptions::default()).await;
    let phone = standin.phone();
    let hub = Hub::start(&manager, options(&database.url(), false)).await;
    let wait_for_reason = async |path: &str, code: &str| {
        poll::until(format!("the campaign to wait for {code}"), async || {
            let campaign = get(&hub, path).await;
            (campaign["espera"]["codigo"] == code).then_some(campaign)
        })
        .await
    };
    // The history sync of the new link is running.
    let path = create_campaign(&hub, 20).await;
    approve(&hub, &path).await;
    wait_for_reason(&path, "FIRST_SYNC").await;
    let until_ms = now_ms() + 3_600_000;
    let kind = "WEB_COMPANION_ONLY".to_owned();
    phone.limits(Limits {
        reach_out: Some(ReachOutLock { until_ms, kind }),
        new_chats: None,
    });
    phone.end_history();
    let waiting_campaign = wait_for_reason(&path, "REACH_OUT_LOCKED").await;
    assert!(
        waiting_campaign["espera"]["hasta"].is_string(),
        "{waiting_campaign}"
    );
    assert_eq!(waiting_campaign["pendientes"], 20, "{waiting_campaign}");
    // The start screen reports it as well.
    let overview = get(&hub, "/api/overview").await;
    assert_eq!(overview["sesion"]["limites"]["reach_out"]["locked"], true);
    let answer = json!({"to": number_of(99), "message": "respuesta"});
    post(&hub, "/send", &answer).await;
    assert_eq!(
        phone.messages().len(),
        1,
        "the reply is sent despite the lock"
    );
    phone.limits(Limits::default());
    let final_state = wait_for_estado(&hub, &path, "finalizado").await;
    assert_eq!(final_state["enviados"], 20, "{final_state}");
    drop(hub);
    manager.stop().await;
}

/// Checks that a recipient who sends BAJA receives no further message.
#[tokio::test(flavor = "multi_thread")]
async fn opted_out_recipient_is_skipped() {
    let database = scratch_database::Database::sqlite();
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let hub = Hub::start(&manager, options(&database.url(), false)).await;
    poll::until("the hub to receive an event", async || {
        let (_, health) = hub.get("/api/health").await;
        (health["dependencies"]["session_manager"]["state"] == "READY").then_some(())
    })
    .await;
    let lead = LeadMessage::text(number_of(2), "Baja, por favor");
    standin.phone().lead_message(&lead).unwrap();
    poll::until("the opt-out", async || {
        let (status, _) = hub
            .get(&format!("/api/sender/bajas/{}", number_of(2)))
            .await;
        (status == 200).then_some(())
    })
    .await;
    let path = create_campaign(&hub, 3).await;
    approve(&hub, &path).await;
    let final_state = wait_for_estado(&hub, &path, "finalizado").await;
    assert_eq!(
        (&final_state["enviados"], &final_state["omitidos"]),
        (&json!(2), &json!(1)),
        "{final_state}"
    );
    let recipients: Vec<_> = standin
        .phone()
        .messages()
        .iter()
        .map(|m| m.body.clone())
        .collect();
    assert!(
        !recipients.contains(&text_for(2)) && recipients.len() == 2,
        "{recipients:?}"
    );
    drop(hub);
    manager.stop().await;
}
