//! Measures a tick of the outbox and a page of a list after a long history:
//! 1,000,000 finished messages and 100,000 pending ones, on both engines.
//!
//! `cargo bench -p central-hub --bench outbox`; set `FINISHED=100000` and
//! `PENDING=1000` for other sizes. The databases are created in `TMPDIR` and
//! removed afterwards.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its results"
)]

use std::time::{Duration, Instant};

use central_hub::store::{
    CLAIM_PLANS, Change, Engine, Filter, MessageState, OVERVIEW_PLANS, Store,
};
use scratch_database::Database;
use session_api::Timestamp;
use sqlx::{AssertSqlSafe, Row};

/// Repetitions of each measurement.
const ROUNDS: usize = 200;
/// The outbox's limit per claim.
const CLAIMED: u32 = 16;

fn main() {
    // The argument of `cargo test --all-targets`.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let env_or = |name: &str, default: i64| {
        let text = std::env::var(name).ok();
        text.map_or(default, |text| text.parse().unwrap())
    };
    let (finished, pending) = (env_or("FINISHED", 1_000_000), env_or("PENDING", 100_000));
    println!("{finished} finished, {pending} pending; {ROUNDS} rounds; milliseconds");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for database in [Database::sqlite(), Database::postgres()] {
        runtime.block_on(measure(&database, finished, pending));
    }
}

async fn measure(database: &Database, finished: i64, pending: i64) {
    let store = Store::open(&database.url().parse().unwrap()).await.unwrap();
    println!("\n{:?}", store.engine());
    let start = Instant::now();
    fill(&store, finished, pending).await;
    fill_campaigns(&store).await;
    println!("  filled in {:.1} s", start.elapsed().as_secs_f64());
    plans(&store).await;
    ticks(&store).await;
    pages(&store, finished).await;
    overview(&store, finished).await;
    store.close().await;
}

/// Fills the messages: finished ones first, as in a real history. Every number
/// has messages of both kinds.
async fn fill(store: &Store, finished: i64, pending: i64) {
    let series = store.engine().pick(
        "WITH RECURSIVE series (n) AS (SELECT $1 UNION ALL SELECT n + 1 FROM series WHERE n < $2)",
        "WITH series (n) AS (SELECT generate_series($1::bigint, $2::bigint))",
    );
    let last_id = finished + pending;
    for (state, first_id, last_of_state) in [
        ("delivered", 1, finished),
        ("queued", finished + 1, last_id),
    ] {
        if first_id > last_of_state {
            continue;
        }
        let statement = format!(
            "{series} INSERT INTO messages (direction, origin, cliente_id, campaign_id, chat, kind,
                 body, request, fingerprint, idempotency_key, state, wa_id, wa_key, due_at,
                 created_at, updated_at)
             SELECT 'out', 'bulk', n % 50 + 1, n / 10000, (5491100000000 + n % 90000) || '@c.us', 'text',
                 'hola ' || n, '{{\"to\":\"5491158254201\",\"message\":\"hola\"}}', 'f' || n, 'k' || n,
                 '{state}', 'true_x@c.us_K' || n, 'K' || n, n, n, n
             FROM series"
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(first_id)
            .bind(last_of_state)
            .execute(store.writer())
            .await
            .unwrap();
    }
    sqlx::query("ANALYZE")
        .execute(store.writer())
        .await
        .unwrap();
}

async fn plans(store: &Store) {
    if store.engine() == Engine::Postgres {
        return;
    }
    for statement in CLAIM_PLANS.into_iter().chain(OVERVIEW_PLANS) {
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let mut query = sqlx::query(explain);
        for _ in 0..statement.matches('$').count().min(4) {
            query = query.bind(1_i64);
        }
        for row in query.fetch_all(store.writer()).await.unwrap() {
            println!("  {}", row.get::<String, _>("detail"));
        }
        println!();
    }
}

async fn ticks(store: &Store) {
    let lease = || Timestamp::now().after(Duration::from_secs(600));
    let (mut due_times, mut claim_times, mut settle_times) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = Instant::now();
        store.next_due(false).await.unwrap();
        due_times.push(start.elapsed());
        let start = Instant::now();
        let claimed = store.claim("bench", lease(), CLAIMED).await.unwrap();
        claim_times.push(start.elapsed());
        for message in claimed {
            let wa_id = format!("true_x@c.us_S{}", message.id);
            let sent = Change {
                wa_id: Some(&wa_id),
                ..Change::to(MessageState::Sent, "SENT")
            };
            let start = Instant::now();
            store.change(message.id, sent).await.unwrap().unwrap();
            settle_times.push(start.elapsed());
        }
    }
    print_times("is anything due?", due_times);
    print_times("claim of 16", claim_times);
    print_times("an outcome", settle_times);
}

async fn pages(store: &Store, finished: i64) {
    let middle = Some(finished / 2);
    for (label, filter) in [
        ("newest page", Filter::default()),
        (
            "page in the middle",
            Filter {
                before: middle,
                ..Filter::default()
            },
        ),
        (
            "of a client",
            Filter {
                cliente_id: Some(7),
                before: middle,
                ..Filter::default()
            },
        ),
        (
            "of a campaign",
            Filter {
                campaign_id: Some(7),
                ..Filter::default()
            },
        ),
        (
            "by state, no match",
            Filter {
                state: Some(MessageState::Failed),
                ..Filter::default()
            },
        ),
        (
            "of a chat",
            Filter {
                chat: Some("5491100000007@c.us".to_owned()),
                ..Filter::default()
            },
        ),
    ] {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let start = Instant::now();
            store.messages(&filter, 51).await.unwrap();
            times.push(start.elapsed());
        }
        print_times(label, times);
    }
}

/// Measures the start screen; the last 20,000 finished messages are today's.
async fn overview(store: &Store, finished: i64) {
    let today = Timestamp::from_millis(finished - 20_000).unwrap_or(Timestamp::now());
    for (label, cliente_id) in [("", None), (" of a client", Some(7))] {
        let [mut outcomes, mut waiting, mut failed] = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            let start = Instant::now();
            store.outcomes(today, cliente_id).await.unwrap();
            outcomes.push(start.elapsed());
            let start = Instant::now();
            store.waiting(cliente_id).await.unwrap();
            waiting.push(start.elapsed());
            let start = Instant::now();
            store.failed_since(today, cliente_id).await.unwrap();
            failed.push(start.elapsed());
        }
        print_times(&format!("today{label}"), outcomes);
        print_times(&format!("waiting{label}"), waiting);
        print_times(&format!("failed{label}"), failed);
    }
    let mut times = Vec::new();
    let day = jiff::civil::date(2026, 1, 1);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        tokio::try_join!(
            store.outcomes(today, None),
            store.waiting(None),
            store.failed_since(today, None),
            store.running_campaigns(None, 5),
            store.running_schedules(None, 500),
            store.running_days(day),
            store.paused_campaigns(None, 5),
            store.unapproved_schedules(None, 5),
            store.unfinished_imports(None, 5),
            store.dead_letters(),
            store.sharing_campaigns(),
        )
        .unwrap();
        times.push(start.elapsed());
    }
    print_times("the whole overview", times);
}

/// Creates 5,000 campaigns, nearly all finished, with two schedules and 20 days
/// each.
async fn fill_campaigns(store: &Store) {
    let series = store.engine().pick(
        "WITH RECURSIVE series (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < $1)",
        "WITH series (n) AS (SELECT generate_series(1, $1::bigint))",
    );
    let campaigns = "INSERT INTO campaigns (cliente_id, name, text, columns, pause_min, pause_max,
            state, pending, created_at, updated_at)
        SELECT n % 50 + 1, 'Campaign ' || n, 'Hola {nombre}', '[]', 30, 90,
            CASE WHEN n <= 20 THEN 'running' WHEN n <= 70 THEN 'paused' ELSE 'finished' END, 10, n, n
        FROM series";
    let schedules = "INSERT INTO schedules (campaign_id, days, from_minute, until_minute, quota,
            pause_min, pause_max, state, created_at, updated_at)
        SELECT n % 5000 + 1, 'mon,tue', 540, 1080, 50, 30, 90,
            CASE WHEN n % 100 = 0 THEN 'pending' ELSE 'approved' END, n, n FROM series";
    let days = "INSERT INTO campaign_days (campaign_id, schedule_id, day, used)
        SELECT n % 5000 + 1, 1, '2026-01-' || (10 + n / 5000), 50 FROM series";
    for (statement, count) in [(campaigns, 5_000_i64), (schedules, 10_000), (days, 99_999)] {
        let at = statement.find("SELECT").unwrap_or_default();
        let (head, tail) = statement.split_at(at);
        // PostgreSQL needs the series after the head of the INSERT; SQLite accepts it there.
        sqlx::query(AssertSqlSafe(format!("{head}{series} {tail}")))
            .bind(count)
            .execute(store.writer())
            .await
            .unwrap();
    }
}

fn print_times(label: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |part: usize| {
        let index = (times.len() * part / 100).min(times.len().saturating_sub(1));
        times
            .get(index)
            .map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    println!(
        "  {label:<20} median {:>8.3}   p99 {:>8.3}   worst {:>8.3}",
        at(50),
        at(99),
        at(100)
    );
}
