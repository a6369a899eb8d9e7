//! Measures the first start on a database from before the `people` table:
//! 1,000,000 messages in 100,000 conversations, on both engines. One
//! conversation in fifty has two spellings of its number, and one in a hundred
//! has a number and a LID; the start joins them.
//!
//! `cargo bench -p central-hub --bench migration`; set `ROWS=100000` for another
//! size. The databases are created in `TMPDIR` and removed afterwards.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its results"
)]

use std::time::Instant;

use central_hub::store::Store;
use scratch_database::Database;
use sqlx::AssertSqlSafe;

/// The version of the last migration before the `people` table.
const BEFORE_PEOPLE: i64 = 10;

fn main() {
    // The argument of `cargo test --all-targets`.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let rows = std::env::var("ROWS").ok();
    let rows = rows.map_or(1_000_000, |text| text.parse().unwrap());
    println!("{rows} messages");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for database in [Database::sqlite(), Database::postgres()] {
        runtime.block_on(measure(&database, rows));
    }
}

async fn measure(database: &Database, rows: i64) {
    let location = database.url().parse().unwrap();
    let older = Store::migrated(&location, BEFORE_PEOPLE).await.unwrap();
    println!("\n{:?}", older.engine());
    fill(&older, rows).await;
    older.close().await;
    let start = Instant::now();
    let tables = Store::migrated(&location, i64::MAX).await.unwrap();
    let tables_seconds = start.elapsed().as_secs_f64();
    tables.close().await;
    let store = Store::open(&location).await.unwrap();
    let total_seconds = start.elapsed().as_secs_f64();
    println!("  the tables                        {tables_seconds:>8.1} s");
    println!(
        "  people, unread, index of words    {:>8.1} s",
        total_seconds - tables_seconds
    );
    println!("  the whole start                   {total_seconds:>8.1} s");
    for (label, query) in [
        (
            "conversations before",
            "SELECT COUNT(DISTINCT chat) FROM before",
        ),
        (
            "conversations after",
            "SELECT COUNT(DISTINCT chat) FROM messages",
        ),
    ] {
        let count = sqlx::query_scalar::<_, i64>(query).fetch_one(store.reader());
        println!("  {label:<33} {:>8}", count.await.unwrap());
    }
    let start = Instant::now();
    store.close().await;
    Store::open(&location).await.unwrap().close().await;
    let restart_seconds = start.elapsed().as_secs_f64();
    println!("  a start after that                {restart_seconds:>8.1} s");
}

/// Fills the older tables. One message in twenty is incoming.
async fn fill(store: &Store, rows: i64) {
    let series = store.engine().pick(
        "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < $1)",
        "WITH s AS (SELECT generate_series(1, $1::bigint) AS n)",
    );
    let people = rows / 10;
    let person = format!("(n % {people})");
    let number = format!("(10000000 + {person})");
    // In some conversations, every second message has the other spelling or the LID.
    let has_other_address = format!("(n / {people}) % 2 = 0");
    let chat = format!(
        "CASE WHEN {person} % 100 = 1 AND {has_other_address} THEN {number} || '@lid'
             WHEN {person} % 50 = 2 AND {has_other_address} THEN '5411' || {number} || '@c.us'
             ELSE '54911' || {number} || '@c.us' END"
    );
    let is_inbound = format!("(n / {people}) % 10 = 3 AND n % 2 = 0");
    let messages = format!(
        "INSERT INTO messages (direction, origin, cliente_id, campaign_id, chat, kind, body, state,
             due_at, created_at, updated_at)
         {series} SELECT CASE WHEN {is_inbound} THEN 'in' ELSE 'out' END,
             CASE WHEN {is_inbound} THEN 'chat' ELSE 'campaign' END, n % 10 + 1, n % 100 + 1, {chat},
             'text', 'Hola, la cuota de ' || CASE WHEN n % 2 = 0 THEN 'marzo' ELSE 'abril' END
                 || ' de la casa vence el ' || n,
             CASE WHEN {is_inbound} THEN 'received' ELSE 'delivered' END,
             n * 1000, n * 1000, n * 1000
         FROM s"
    );
    let lids = "INSERT INTO lids (lid, chat, updated_at)
        SELECT DISTINCT chat, '54911' || SUBSTR(chat, 1, 8) || '@c.us', $1 FROM messages
        WHERE chat LIKE '%@lid'";
    let before = "CREATE TABLE before AS SELECT DISTINCT chat FROM messages";
    for statement in [messages.as_str(), lids] {
        let query = sqlx::query(AssertSqlSafe(statement.to_owned())).bind(rows);
        query.execute(store.writer()).await.unwrap();
    }
    for statement in [before, "ANALYZE"] {
        sqlx::query(statement)
            .execute(store.writer())
            .await
            .unwrap();
    }
}
