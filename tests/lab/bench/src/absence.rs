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

use super::memory::{MemoryUsage, measure_memory};
use super::report::ProductFigure;
use harness::{Events, ManagerOptions, start_linked};

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
const TRACE_DURATION: Duration = Duration::from_secs(20);
/// Interval between two memory measurements.
const MEMORY_INTERVAL: Duration = Duration::from_millis(500);

/// Runs the benchmark, and reports its progress to `report`.
pub(super) async fn run(report: impl Fn(&str)) -> Vec<ProductFigure> {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    report("the page stores what nobody was told of");
    phone.store(ABSENCE);
    let stored = phone.wait_for(PATIENCE, |phone| (phone.state().stored > 0).then_some(()));
    stored.await.expect("the page to store them");
    manager.wait_until_stored().await;
    manager.stop().await;

    report("the service comes back");
    let trace = manager.folder.join("trace.json");
    let tracing = format!(
        "--trace-startup=toplevel --trace-startup-format=json --trace-startup-file={} --trace-startup-duration={}",
        trace.display(),
        TRACE_DURATION.as_secs(),
    );
    manager.set("CHROME_ARGS", tracing);
    manager.restart().await;
    manager.wait_for_state("READY").await;
    let (ready, ready_at) = (Instant::now(), ms_since_1970());
    let ready_in_trace = ms_since_boot();
    let before = measure_memory(manager.service.pid());
    let published = tokio::spawn(published(manager.url("/events?after=0")));
    let mut peak = before;
    while !published.is_finished() && ready.elapsed() < PATIENCE {
        peak = max_memory(peak, measure_memory(manager.service.pid()));
        tokio::time::sleep(MEMORY_INTERVAL).await;
    }
    assert!(
        published.is_finished(),
        "not all was told within {PATIENCE:?}"
    );
    let published = published.await.expect("the listener");
    let duration = ready.elapsed();
    let tasks = phone.long_tasks();
    let tasks: Vec<_> = tasks
        .into_iter()
        .filter(|task| task.at > ready_at)
        .collect();
    let longest_cpu_task = longest_cpu_task(&trace, ready_in_trace);
    manager.stop().await;
    for task in &tasks {
        let after = (task.at - ready_at) / 1e3;
        report(&format!(
            "busy for {:.0} ms, {after:.1} s after READY",
            task.ms
        ));
    }
    let longest = tasks.iter().map(|task| task.ms).fold(0.0, f64::max);
    let label = "an absence of 2,000 chats with 100 messages each: told, once each";
    vec![
        ProductFigure::new(label, "", to_float(published)),
        ProductFigure::new("from READY to the last", "s", duration.as_secs_f64()),
        ProductFigure::new(
            "the page's thread, stretches of more than 50 ms",
            "",
            to_float(tasks.len()),
        ),
        ProductFigure::new("the longest of them", "ms", longest),
        ProductFigure::new(
            "its longest task, by processor time, in the first seconds",
            "ms",
            longest_cpu_task,
        ),
        ProductFigure::new("session-manager, RSS at most", "MiB", peak.service_rss),
        ProductFigure::new("Chrome's tree at most", "MiB", peak.tree_anonymous),
        ProductFigure::new("Chrome's tree when READY", "MiB", before.tree_anonymous),
    ]
}

/// Waits until all messages are published. Returns how many there were.
///
/// # Panics
/// If a message is published twice, or is history.
async fn published(url: String) -> usize {
    let total = (ABSENCE.chats * ABSENCE.each) as usize;
    let mut events = Events::open(&url, None).await;
    let mut bodies = HashSet::with_capacity(total);
    while bodies.len() < total {
        let event = events.next().await.expect("an open stream");
        if event.name != "message" {
            continue;
        }
        let body = event.data["body"].as_str().expect("a body").to_owned();
        assert!(!body.contains("old"), "{body} is history");
        assert!(bodies.insert(body), "told twice: {}", event.data["body"]);
    }
    bodies.len()
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
fn longest_cpu_task(trace: &Path, since: f64) -> f64 {
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
fn ms_since_boot() -> f64 {
    let uptime = std::fs::read_to_string("/proc/uptime").expect("/proc");
    let seconds = uptime.split_whitespace().next().expect("seconds");
    seconds.parse::<f64>().expect("a number") * 1e3
}

fn max_memory(a: MemoryUsage, b: MemoryUsage) -> MemoryUsage {
    MemoryUsage {
        service_rss: a.service_rss.max(b.service_rss),
        service_anonymous: a.service_anonymous.max(b.service_anonymous),
        tree_anonymous: a.tree_anonymous.max(b.tree_anonymous),
        processes: a.processes.max(b.processes),
    }
}

/// Returns the milliseconds since 1970.
fn ms_since_1970() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs_f64() * 1e3
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn to_float(count: usize) -> f64 {
    count as f64
}
