//! Measures a page of each list at 1,000,000 rows, on both engines: messages in
//! 100,000 conversations, recipients of one campaign, opt-outs.
//!
//! `cargo bench -p central-hub --bench lists`; set `ROWS=100000` for another
//! size, and `ENGINE=sqlite` or `ENGINE=postgres` for one of them. The databases
//! are created in `TMPDIR` and removed afterwards.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its results"
)]

use std::time::Instant;

use central_hub::store::campaigns::{RecipientFilter, RecipientState};
use central_hub::store::{Filter, MessageState, Store};
use scratch_database::Database;
use session_api::Timestamp;
use sqlx::AssertSqlSafe;

const ROUNDS: usize = 20;
/// The page size that the web page requests.
const PAGE: u32 = 50;

fn main() {
    // The argument of `cargo test --all-targets`.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let rows = std::env::var("ROWS").ok();
    let rows = rows.map_or(1_000_000, |text| text.parse().unwrap());
    println!("{rows} rows; {ROUNDS} rounds; milliseconds");
    let engine = std::env::var("ENGINE").ok();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (name, open) in [
        ("sqlite", Database::sqlite as fn() -> Database),
        ("postgres", Database::postgres),
    ] {
        if engine.as_ref().is_none_or(|engine| engine == name) {
            runtime.block_on(measure(&open(), rows));
        }
    }
}

async fn measure(database: &Database, rows: i64) {
    let store = Store::open(&database.url().parse().unwrap()).await.unwrap();
    println!("\n{:?}", store.engine());
    fill(&store, rows).await;
    conversations(&store, rows).await;
    messages(&store, rows).await;
    search_to_the_end(&store, "marzo abril").await;
    recipients(&store, rows).await;
    opt_outs(&store, rows).await;
    store.close().await;
}

/// Fills all tables. One message in twenty is incoming, and one in 5,000 failed.
async fn fill(store: &Store, rows: i64) {
    let series = store.engine().pick(
        "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < $1)",
        "WITH s AS (SELECT generate_series(1, $1::bigint) AS n)",
    );
    let chat = "'54911' || (10000000 + (n * 7919) % 100000) || '@c.us'";
    let messages = format!(
        "INSERT INTO messages (direction, origin, cliente_id, campaign_id, chat, kind, body, state,
             due_at, created_at, updated_at)
         {series} SELECT CASE WHEN n % 20 = 0 THEN 'in' ELSE 'out' END,
             CASE WHEN n % 20 = 0 THEN 'chat' ELSE 'campaign' END, n % 10 + 1, n % 100 + 1, {chat},
             'text', 'Hola, la cuota de ' || CASE WHEN n % 2 = 0 THEN 'marzo' ELSE 'abril' END
                 || ' de la casa vence el ' || n || CASE WHEN n <= 3 THEN ' en el Céntro' ELSE '' END, CASE WHEN n % 20 = 0 THEN 'received'
                 WHEN n % 5000 = 1 THEN 'failed' ELSE 'delivered' END, n * 1000, n * 1000, n * 1000
         FROM s"
    );
    let campaign = format!(
        "INSERT INTO campaigns (name, text, columns, pause_min, pause_max, state, created_at, updated_at)
         {series} SELECT 'Marzo ' || n, 'Hola', '[]', 30, 90, 'finished', n, n FROM s WHERE n = 1"
    );
    let recipients = format!(
        "INSERT INTO recipients (campaign_id, line, chat, fields, state, created_at, updated_at)
         {series} SELECT 1, n, '549' || (1100000000 + n) || '@c.us', '{{\"nombre\":\"Ana\"}}',
             CASE WHEN n % 5000 = 1 THEN 'failed' ELSE 'sent' END, n, n FROM s"
    );
    let opt_outs = format!(
        "INSERT INTO opt_outs (chat, source, created_at)
         {series} SELECT '549' || (1100000000 + n) || '@c.us', 'message', n FROM s"
    );
    let people = format!(
        "INSERT INTO people (id, chat, created_at, updated_at)
         {series} SELECT n, '549' || (1100000000 + n) || '@c.us', n, n FROM s"
    );
    let lids = format!(
        "INSERT INTO person_addresses (address, person_id, source, created_at)
         {series} SELECT n || '@lid', n, 'inbound', n FROM s"
    );
    for statement in [messages, campaign, recipients, opt_outs, people, lids] {
        let query = sqlx::query(AssertSqlSafe(statement)).bind(rows);
        query.execute(store.writer()).await.unwrap();
    }
    let start = Instant::now();
    store.rebuild_index().await.unwrap();
    println!(
        "  building the search index: {:.0} s",
        start.elapsed().as_secs_f64()
    );
    let analyze = sqlx::query("ANALYZE").execute(store.writer());
    analyze.await.unwrap();
    println!("  its size: {:.0} MB", index_size(store).await / 1e6);
}

/// Returns the size of the search index in bytes; NaN if it is unknown.
async fn index_size(store: &Store) -> f64 {
    let size = store.engine().pick(
        "SELECT COALESCE(SUM(pgsize), 0) FROM dbstat WHERE name LIKE 'message!_words%' ESCAPE '!'",
        "SELECT pg_total_relation_size('message_words')",
    );
    let size = sqlx::query_scalar::<_, i64>(size).fetch_one(store.reader());
    // SQLite reports sizes only if it was built with `dbstat`.
    size.await.map_or(f64::NAN, |bytes| bytes as f64)
}

/// Runs `query` repeatedly, and prints its number of rows and its times in ms.
async fn measure_query(label: &str, query: impl AsyncFn() -> usize) {
    let mut times = Vec::with_capacity(ROUNDS);
    let mut rows = 0;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        rows = query().await;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    println!(
        "  {label:<38} {rows:>3} rows   median {:>8.2}   worst {:>8.2}",
        times.get(ROUNDS / 2).unwrap(),
        times.last().unwrap(),
    );
}

async fn conversations(store: &Store, rows: i64) {
    for (label, cliente_id, search, before) in [
        ("conversations", None, None, None),
        ("conversations of a business", Some(3), None, None),
        (
            "conversations, deep in the list",
            None,
            None,
            Some(rows - rows / 11),
        ),
        ("conversations, past the last", None, None, Some(rows / 2)),
        ("conversations, a text", None, Some("vence el 99"), None),
        (
            "conversations, a word of the oldest",
            None,
            Some("centro casa"),
            None,
        ),
        (
            "conversations, words without a common match",
            None,
            Some("marzo abril"),
            None,
        ),
        ("conversations, a number", None, Some("11 1000-7919"), None),
        (
            "conversations, digits of every number",
            None,
            Some("54911"),
            None,
        ),
        ("conversations, an unknown name", None, Some("zzz"), None),
    ] {
        measure_query(label, async || {
            let page = store.conversations(cliente_id, search, before, PAGE).await;
            page.unwrap().messages.len()
        })
        .await;
    }
}

async fn messages(store: &Store, rows: i64) {
    let out = Filter {
        is_inbound: Some(false),
        ..Filter::default()
    };
    let chat = Some("5491110007919@c.us".to_owned());
    let at = |part: i64| Timestamp::from_millis(rows / 10 * part * 1000);
    for (label, filter, search) in [
        ("messages", out.clone(), None),
        (
            "messages, in the middle",
            Filter {
                before: Some(rows / 2),
                ..out.clone()
            },
            None,
        ),
        (
            "messages that failed",
            Filter {
                state: Some(MessageState::Failed),
                ..out.clone()
            },
            None,
        ),
        (
            "messages in an unused state",
            Filter {
                state: Some(MessageState::Queued),
                ..out.clone()
            },
            None,
        ),
        (
            "messages of a business",
            Filter {
                cliente_id: Some(3),
                ..out.clone()
            },
            None,
        ),
        (
            "messages of a campaign",
            Filter {
                campaign_id: Some(7),
                ..out.clone()
            },
            None,
        ),
        (
            "messages of a campaign that failed",
            Filter {
                campaign_id: Some(2),
                state: Some(MessageState::Failed),
                ..out.clone()
            },
            None,
        ),
        (
            "messages to a number",
            Filter {
                chat: chat.clone(),
                ..out.clone()
            },
            None,
        ),
        (
            "the history of a number",
            Filter {
                chat,
                ..Filter::default()
            },
            None,
        ),
        (
            "messages from long ago",
            Filter {
                since: at(1),
                until: at(2),
                ..out.clone()
            },
            None,
        ),
        (
            "incoming messages",
            Filter {
                is_inbound: Some(true),
                ..Filter::default()
            },
            None,
        ),
        ("messages with words", out.clone(), Some("el 99 vence")),
        ("words of the oldest", out.clone(), Some("centro casa")),
        (
            "words in every message",
            Filter::default(),
            Some("casa hol"),
        ),
        (
            "words without a common match",
            out.clone(),
            Some("marzo abril"),
        ),
        (
            "a common and an unknown word",
            out.clone(),
            Some("vence zzz"),
        ),
        ("the beginning of a word", out.clone(), Some("v")),
        (
            "words of a business, the oldest",
            Filter {
                cliente_id: Some(3),
                ..out.clone()
            },
            Some("centro"),
        ),
        (
            "words of failed messages",
            Filter {
                state: Some(MessageState::Failed),
                ..out.clone()
            },
            Some("vence casa"),
        ),
        (
            "words from long ago",
            Filter {
                since: at(1),
                until: at(2),
                ..out.clone()
            },
            Some("vence casa"),
        ),
        ("messages with an unknown word", out, Some("zzz")),
    ] {
        measure_query(label, async || {
            store
                .search_messages(&filter, search, PAGE)
                .await
                .unwrap()
                .messages
                .len()
        })
        .await;
    }
}

/// Measures and prints a search that follows its cursors to the end. Each request
/// stops after a time limit, even without results.
async fn search_to_the_end(store: &Store, search: &str) {
    let mut filter = Filter::default();
    let mut requests = 0;
    let start = Instant::now();
    loop {
        requests += 1;
        let page = store.search_messages(&filter, Some(search), PAGE).await;
        let Some(next) = page.unwrap().next else {
            break;
        };
        filter.before = Some(next);
    }
    let millis = start.elapsed().as_secs_f64() * 1e3;
    println!("  {search:?} to the end: {requests} requests, {millis:.0} ms in all");
}

async fn recipients(store: &Store, rows: i64) {
    for (label, after, state) in [
        ("recipients", None, None),
        ("recipients, at the end", Some(rows - 100), None),
        ("recipients that failed", None, Some(RecipientState::Failed)),
        (
            "recipients that failed, at the end",
            Some(rows - rows / 10),
            Some(RecipientState::Failed),
        ),
        (
            "pending recipients (none)",
            None,
            Some(RecipientState::Pending),
        ),
    ] {
        let filter = RecipientFilter { after, state };
        measure_query(label, async || {
            store.recipients(1, &filter, PAGE).await.unwrap().len()
        })
        .await;
    }
}

async fn opt_outs(store: &Store, rows: i64) {
    for (label, before) in [
        ("opt-outs", None),
        ("opt-outs, in the middle", Some(rows / 2)),
    ] {
        measure_query(label, async || {
            store.opt_outs(before, PAGE).await.unwrap().len()
        })
        .await;
    }
}
