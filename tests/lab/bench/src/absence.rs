//! Benchmarks a long absence: the page's database has very many messages that were never published.
//!
//! The busy time of the page's thread is measured in two ways. Chrome records stretches of more
//! than 50 ms as long tasks, in wall clock time, but on a shared machine most of that is waiting
//! for a CPU. So for the first seconds Chrome also traces each task with its CPU time.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use whatsapp_standin::{Settings, Stored};

use super::report::Own;
use super::weigh::{Weight, weight};
use harness::{Events, ManagerOptions, linked};

/// Number of changed chats, and of messages in each. Some of the messages in each chat are known
/// from before the link.
const ABSENCE: Stored = Stored {
    chats: 2_000,
    each: 100,
    old: 20,
};
/// The timeout, far longer than needed.
const PATIENCE: Duration = Duration::from_secs(900);
/// Duration of the trace, from Chrome's start.
const TRACED: Duration = Duration::from_secs(20);
/// Interval between two memory measurements.
const LOOK: Duration = Duration::from_millis(500);

/// Runs the benchmark, and reports its progress to `say`.
pub(super) async fn run(say: impl Fn(&str)) -> Vec<Own> {
    let (standin, mut manager) = linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    say("the page stores what nobody was told of");
    phone.store(ABSENCE);
    let stored = phone.wait_for(PATIENCE, |phone| (phone.state().stored > 0).then_some(()));
    stored.await.expect("the page to store them");
    manager.until_stored().await;
    manager.stop().await;

    say("the service comes back");
    let trace = manager.folder.join("trace.json");
    let tracing = format!(
        "--trace-startup=toplevel --trace-startup-format=json --trace-startup-file={} --trace-startup-duration={}",
        trace.display(),
        TRACED.as_secs(),
    );
    manager.set("CHROME_ARGS", tracing);
    manager.restart().await;
    manager.until("READY").await;
    let (ready, ready_at) = (Instant::now(), since_1970());
    let ready_in_trace = since_boot();
    let before = weight(manager.service.pid());
    let told = tokio::spawn(told(manager.url("/events?after=0")));
    let mut most = before;
    while !told.is_finished() && ready.elapsed() < PATIENCE {
        most = larger(most, weight(manager.service.pid()));
        tokio::time::sleep(LOOK).await;
    }
    assert!(told.is_finished(), "not all was told within {PATIENCE:?}");
    let told = told.await.expect("the listener");
    let took = ready.elapsed();
    let tasks = phone.long_tasks();
    let tasks: Vec<_> = tasks
        .into_iter()
        .filter(|task| task.at > ready_at)
        .collect();
    let busiest = busiest(&trace, ready_in_trace);
    manager.stop().await;
    for task in &tasks {
        let after = (task.at - ready_at) / 1e3;
        say(&format!(
            "busy for {:.0} ms, {after:.1} s after READY",
            task.ms
        ));
    }
    let longest = tasks.iter().map(|task| task.ms).fold(0.0, f64::max);
    let told_each = "an absence of 2,000 chats with 100 messages each: told, once each";
    vec![
        Own::new(told_each, "", float(told)),
        Own::new("from READY to the last", "s", took.as_secs_f64()),
        Own::new(
            "the page's thread, stretches of more than 50 ms",
            "",
            float(tasks.len()),
        ),
        Own::new("the longest of them", "ms", longest),
        Own::new(
            "its longest task, by processor time, in the first seconds",
            "ms",
            busiest,
        ),
        Own::new("session-manager, RSS at most", "MiB", most.service_rss),
        Own::new("Chrome's tree at most", "MiB", most.tree_anonymous),
        Own::new("Chrome's tree when READY", "MiB", before.tree_anonymous),
    ]
}

/// Waits until all messages are published. Returns how many there were.
///
/// # Panics
/// If a message is published twice, or is history.
async fn told(url: String) -> usize {
    let total = (ABSENCE.chats * ABSENCE.each) as usize;
    let mut events = Events::open(&url, None).await;
    let mut known = HashSet::with_capacity(total);
    while known.len() < total {
        let event = events.next().await.expect("an open stream");
        if event.name != "message" {
            continue;
        }
        let body = event.data["body"].as_str().expect("a body").to_owned();
        assert!(!body.contains("old"), "{body} is history");
        assert!(known.insert(body), "told twice: {}", event.data["body"]);
    }
    known.len()
}

#[derive(Deserialize)]
struct Trace {
    #[serde(rename = "traceEvents")]
    events: Vec<TraceEvent>,
}

#[derive(Deserialize)]
struct TraceEvent {
    name: String,
    pid: i64,
    tid: i64,
    /// Start of the task, in microseconds since boot.
    #[serde(default)]
    ts: f64,
    /// CPU time of the task, in microseconds.
    #[serde(default)]
    tdur: f64,
    #[serde(default)]
    args: serde_json::Value,
}

/// Returns the length of the longest task of the page's thread from `since` on, in milliseconds.
fn busiest(trace: &Path, since: f64) -> f64 {
    let trace = std::fs::read(trace).expect("what Chrome traced");
    let Trace { events } = serde_json::from_slice(&trace).expect("a trace");
    let pages: HashSet<_> = events
        .iter()
        .filter(|event| event.name == "thread_name" && event.args["name"] == "CrRendererMain")
        .map(|event| (event.pid, event.tid))
        .collect();
    let tasks: Vec<_> = events
        .iter()
        .filter(|event| event.name.ends_with("::RunTask"))
        .filter(|event| pages.contains(&(event.pid, event.tid)) && event.ts / 1e3 > since)
        .collect();
    assert!(tasks.len() > 1_000, "{} tasks were traced", tasks.len());
    tasks.iter().map(|task| task.tdur / 1e3).fold(0.0, f64::max)
}

/// Returns the milliseconds since boot, the time of Chrome's traces.
fn since_boot() -> f64 {
    let uptime = std::fs::read_to_string("/proc/uptime").expect("/proc");
    let seconds = uptime.split_whitespace().next().expect("seconds");
    seconds.parse::<f64>().expect("a number") * 1e3
}

fn larger(a: Weight, b: Weight) -> Weight {
    Weight {
        service_rss: a.service_rss.max(b.service_rss),
        tree_anonymous: a.tree_anonymous.max(b.tree_anonymous),
        processes: a.processes.max(b.processes),
    }
}

/// Returns the milliseconds since 1970.
fn since_1970() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs_f64() * 1e3
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn float(count: usize) -> f64 {
    count as f64
}
