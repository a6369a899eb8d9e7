//! Tests of what counts as a hang of the hub (`/health/deep`, systemd's
//! watchdog), namely its own connections and tasks, and of what does not,
//! because no restart would cure it.

use std::time::Duration;

use central_hub::HangLimits;
use scratch_database::{Database, Server};
use serde_json::Value;

use crate::fake_session_manager::FakeSessionManager;
use crate::support::{Hub, wait_until};

/// Number of a hub's connections to PostgreSQL.
const CONNECTIONS: usize = 12;

/// Shorter than the hub may wait for a connection.
const SOON: Duration = Duration::from_secs(1);
/// Longer than the hub may wait for a connection.
const LATE: Duration = Duration::from_secs(6);

/// Starts a hub that checks itself often and whose tasks may be silent for this long.
async fn start(database: &Database, silent: Duration) -> Hub {
    let unused_url = FakeSessionManager::unused_url().await;
    Hub::start_changed(&database.url(), &unused_url, &[], |deps| {
        deps.hang_limits = HangLimits {
            every: Duration::from_millis(50),
            silent,
        };
    })
    .await
}

async fn deep_health(hub: &Hub) -> (u16, Value) {
    let (status, body) = hub.get("/health/deep").await;
    (status, serde_json::from_str(&body).unwrap())
}

/// Waits for a hang, and returns its cause.
async fn wait_until_hung(hub: &Hub) -> String {
    wait_until("a hang", async || deep_health(hub).await.0 == 503).await;
    let (_, body) = deep_health(hub).await;
    assert_eq!(body["alive"], false, "{body}");
    body["cause"].as_str().unwrap().to_owned()
}

async fn wait_until_healthy(hub: &Hub) {
    wait_until("the hub to recover", async || {
        deep_health(hub).await.0 == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn task_that_waits_forever_is_a_hang() {
    let database = Database::postgres();
    let hub = start(&database, SOON).await;
    wait_until_healthy(&hub).await;
    // The server answers, except for queries about messages.
    let mut tx = hub.store.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *tx)
        .await
        .unwrap();
    let cause = wait_until_hung(&hub).await;
    let is_task = cause.starts_with("the outbox ") || cause.starts_with("the scheduler ");
    assert!(
        is_task && cause.contains(" has not gone on for "),
        "{cause}"
    );
    tx.rollback().await.unwrap();
    wait_until_healthy(&hub).await;
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_never_returned_are_a_hang() {
    let database = Database::postgres();
    let hub = start(&database, SOON).await;
    wait_until_healthy(&hub).await;
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(hub.store.begin().await.unwrap());
    }
    let cause = wait_until_hung(&hub).await;
    assert!(
        cause.starts_with("the database does not answer: "),
        "{cause}"
    );
    drop(connections);
    wait_until_healthy(&hub).await;
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn write_transaction_that_never_ends_is_a_hang() {
    let database = Database::sqlite();
    let hub = start(&database, SOON).await;
    wait_until_healthy(&hub).await;
    let tx = hub.store.begin().await.unwrap();
    let cause = wait_until_hung(&hub).await;
    assert!(
        cause.starts_with("writing to the database has not gone on for "),
        "{cause}"
    );
    tx.rollback().await.unwrap();
    wait_until_healthy(&hub).await;
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unreachable_postgres_is_no_hang() {
    let mut server = Server::start().unwrap();
    let database = Database::in_server(&server);
    let hub = start(&database, LATE).await;
    wait_until_healthy(&hub).await;
    server.pause();
    wait_until("the hub not to be ready", async || {
        let (status, body) = deep_health(&hub).await;
        assert_eq!(status, 200, "{body}");
        body["cause"] == "the database does not answer"
    })
    .await;
    // The test lasts longer than it takes for a hang to be noticed.
    let checked = tokio::time::Instant::now() + LATE * 4 / 3;
    wait_until("further checks", async || {
        let (status, body) = deep_health(&hub).await;
        assert_eq!(status, 200, "{body}");
        tokio::time::Instant::now() >= checked
    })
    .await;
    server.resume().unwrap();
    wait_until(
        "the hub to be ready except for session-manager",
        async || {
            let (status, body) = deep_health(&hub).await;
            assert_eq!(status, 200, "{body}");
            body["cause"] == "session-manager does not answer"
        },
    )
    .await;
    hub.stop().await;
}
