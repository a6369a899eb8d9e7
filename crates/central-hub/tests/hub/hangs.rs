//! Tests of what counts as a hang of the hub (`/health/deep`, systemd's
//! watchdog), namely its own connections and tasks, and of what does not,
//! because no restart would cure it.

use std::time::Duration;

use central_hub::HangLimits;
use scratch_database::{Database, Server};
use serde_json::Value;

use crate::fake_session_manager::FakeSessionManager;
use crate::support::{Hub, until};

/// Number of a hub's connections to PostgreSQL.
const CONNECTIONS: usize = 12;

/// Shorter than the hub may wait for a connection.
const SOON: Duration = Duration::from_secs(1);
/// Longer than the hub may wait for a connection.
const LATE: Duration = Duration::from_secs(6);

/// Starts a hub that checks itself often and whose tasks may be silent for this long.
async fn start(database: &Database, silent: Duration) -> Hub {
    let nowhere = FakeSessionManager::nowhere().await;
    Hub::start_changed(&database.url(), &nowhere, &[], |deps| {
        deps.hang_limits = HangLimits {
            every: Duration::from_millis(50),
            silent,
        };
    })
    .await
}

async fn deep(hub: &Hub) -> (u16, Value) {
    let (status, body) = hub.get("/health/deep").await;
    (status, serde_json::from_str(&body).unwrap())
}

/// Waits for a hang, and returns its cause.
async fn until_hung(hub: &Hub) -> String {
    until("a hang", async || deep(hub).await.0 == 503).await;
    let (_, body) = deep(hub).await;
    assert_eq!(body["alive"], false, "{body}");
    body["cause"].as_str().unwrap().to_owned()
}

async fn until_well(hub: &Hub) {
    until("it goes on", async || deep(hub).await.0 == 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn task_that_waits_for_ever_is_a_hang() {
    let database = Database::postgres();
    let hub = start(&database, SOON).await;
    until_well(&hub).await;
    // The server answers, except for queries about messages.
    let mut tx = hub.store.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *tx)
        .await
        .unwrap();
    let cause = until_hung(&hub).await;
    let is_task = cause.starts_with("the outbox ") || cause.starts_with("the scheduler ");
    assert!(
        is_task && cause.contains(" has not gone on for "),
        "{cause}"
    );
    tx.rollback().await.unwrap();
    until_well(&hub).await;
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_nobody_gives_back_are_a_hang() {
    let database = Database::postgres();
    let hub = start(&database, SOON).await;
    until_well(&hub).await;
    let mut kept = Vec::new();
    for _ in 0..CONNECTIONS {
        kept.push(hub.store.begin().await.unwrap());
    }
    let cause = until_hung(&hub).await;
    assert!(
        cause.starts_with("the database does not answer: "),
        "{cause}"
    );
    drop(kept);
    until_well(&hub).await;
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn write_transaction_that_never_ends_is_a_hang() {
    let database = Database::sqlite();
    let hub = start(&database, SOON).await;
    until_well(&hub).await;
    let tx = hub.store.begin().await.unwrap();
    let cause = until_hung(&hub).await;
    assert!(
        cause.starts_with("writing to the database has not gone on for "),
        "{cause}"
    );
    tx.rollback().await.unwrap();
    until_well(&hub).await;
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_that_is_away_is_no_hang() {
    let mut server = Server::start().unwrap();
    let database = Database::in_server(&server);
    let hub = start(&database, LATE).await;
    until_well(&hub).await;
    server.pause();
    until("it is not ready", async || {
        let (status, body) = deep(&hub).await;
        assert_eq!(status, 200, "{body}");
        body["cause"] == "the database does not answer"
    })
    .await;
    // The test lasts longer than it takes for a hang to be noticed.
    let checked = tokio::time::Instant::now() + LATE * 4 / 3;
    until("more checks", async || {
        let (status, body) = deep(&hub).await;
        assert_eq!(status, 200, "{body}");
        tokio::time::Instant::now() >= checked
    })
    .await;
    server.resume().unwrap();
    until("it is ready but for session-manager", async || {
        let (status, body) = deep(&hub).await;
        assert_eq!(status, 200, "{body}");
        body["cause"] == "session-manager does not answer"
    })
    .await;
    hub.stop().await;
}
