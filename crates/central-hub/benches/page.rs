//! Measures the conversation screen in Chromium, on a hub with 10,000 conversations, one of
//! them with 50,000 messages: the time to open a conversation, and the late frames while
//! scrolling it.
//!
//! `cargo bench -p central-hub --bench page`; set `CONVERSATIONS=1000` and `MESSAGES=5000` for
//! other sizes. The database is created in `TMPDIR` and removed afterwards; the script is
//! `tests/node/bench-conversations.mjs`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its results"
)]

use std::process::Command;
use std::time::Instant;

use central_hub::config::Config;
use central_hub::store::Store;
use central_hub::{Deps, run};
use scratch_database::Database;
use service_runtime::{Env, Shutdown};
use session_api::Timestamp;
use tokio::net::TcpListener;

/// The chat with the many messages.
const LONG: &str = "5491158254201@c.us";

fn main() {
    // The argument of `cargo test --all-targets`.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let env_or = |name: &str, default: i64| {
        let text = std::env::var(name).ok();
        text.map_or(default, |text| text.parse().unwrap())
    };
    let conversations = env_or("CONVERSATIONS", 10_000);
    let messages = env_or("MESSAGES", 50_000);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(measure(conversations, messages));
}

async fn measure(conversations: i64, messages: i64) {
    let database = Database::sqlite();
    let url = database.url();
    let start = Instant::now();
    fill(&url, conversations, messages).await;
    println!(
        "{conversations} conversations, one with {messages} messages, created in {:.1} s",
        start.elapsed().as_secs_f64()
    );
    let env = Env::from_pairs([
        // No session-manager listens here; only the hub is measured.
        ("SESSION_MANAGER_BASE_URL", "http://127.0.0.1:9"),
        ("PORT", "0"),
        ("DATABASE_URL", url.as_str()),
    ]);
    let deps = Deps::open(Config::from_env(&env).unwrap()).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hub = format!("http://{}", listener.local_addr().unwrap());
    let shutdown = Shutdown::new();
    let server = tokio::spawn(run(listener, deps, shutdown.clone(), || {}));
    let flow = Command::new("node")
        .arg("bench-conversations.mjs")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/node"))
        .env("HUB_URL", hub)
        .status();
    assert!(flow.unwrap().success());
    shutdown.stop("measured");
    server.await.unwrap();
}

/// Inserts one message per conversation, a minute apart, then all messages of `LONG`.
async fn fill(url: &str, conversations: i64, messages: i64) {
    let store = Store::open(&url.parse().unwrap()).await.unwrap();
    let start = Timestamp::now().as_millis() - (conversations + messages) * 60_000;
    for (first, end, chat) in [
        (
            1,
            conversations,
            "(5491160000000 + n) || '@c.us'".to_owned(),
        ),
        (
            conversations + 1,
            conversations + messages,
            format!("'{LONG}'"),
        ),
    ] {
        let statement = format!(
            "WITH RECURSIVE series (n) AS (SELECT $1 UNION ALL SELECT n + 1 FROM series WHERE n < $2)
             INSERT INTO messages (direction, origin, chat, kind, body, state, wa_id, wa_key,
                 due_at, created_at, updated_at, written_at)
             SELECT CASE WHEN n % 3 = 0 THEN 'out' ELSE 'in' END,
                 CASE WHEN n % 3 = 0 THEN 'phone' ELSE 'chat' END, {chat}, 'text',
                 'Mensaje ' || n || CASE WHEN n % 5 = 0 THEN ', y *algo* más largo: la casa de la '
                     || 'calle Defensa tiene tres ambientes y un patio, mirala en https://example.com/'
                     || n ELSE '' END,
                 CASE WHEN n % 3 = 0 THEN 'read' ELSE 'received' END, 'false_x@c.us_K' || n,
                 'K' || n, $3 + n * 60000, $3 + n * 60000, $3 + n * 60000, $3 + n * 60000
             FROM series"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(statement));
        let query = query.bind(first).bind(end).bind(start);
        query.execute(store.writer()).await.unwrap();
    }
    // Makes the hub build the conversation rows from these messages when it starts.
    let filled = sqlx::query("DELETE FROM settings WHERE name = 'inbox.filled'");
    filled.execute(store.writer()).await.unwrap();
    sqlx::query("ANALYZE")
        .execute(store.writer())
        .await
        .unwrap();
    store.close().await;
}
