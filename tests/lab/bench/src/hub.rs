//! Benchmarks the hub alone: requests per second, the latency that it adds to session-manager, and
//! the throughput of the outbox.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::process::Command;

use super::report::ProductFigure;
use super::{build, instant_session_manager, memory};
use harness::{Manager, ManagerOptions, Scratch, Service, http, poll};

/// Duration of each `wrk` run.
const WRK_DURATION: &str = "5s";
/// Number of messages in the outbox benchmark, more than one bulk request accepts.
const MESSAGES: usize = 20_000;
const BULK_SIZE: usize = 5_000;
const RECIPIENT_COUNT: usize = 2_000;

/// Result of a `wrk` run.
struct WrkResult {
    per_second: f64,
    median: f64,
    p99: f64,
}

/// Runs the benchmarks, and reports progress to `report`.
pub async fn run(report: impl Fn(&str)) -> Vec<ProductFigure> {
    let options = ManagerOptions::default().with("NODE_ENV", "production");
    let mut manager = Manager::without_browser(options).await;
    let folder = Scratch::default();
    let hub = start_hub(&manager.service.url, &folder).await;
    let mut rows = Vec::new();
    let mut manager_median = None;
    for (name, url) in [
        ("central-hub, GET /health", format!("{}/health", hub.url)),
        (
            "session-manager, GET /status",
            format!("{}/status", manager.service.url),
        ),
        ("central-hub, GET /status", format!("{}/status", hub.url)),
    ] {
        report(&format!("{name}, 64 connections, then one"));
        let concurrent = run_wrk(&url, 64).await;
        rows.push(ProductFigure::new(
            format!("{name}, 64 connections"),
            "1/s",
            concurrent.per_second,
        ));
        rows.push(ProductFigure::new(
            format!("{name}, 64 connections, p99"),
            "ms",
            concurrent.p99,
        ));
        let single_median = run_wrk(&url, 1).await.median;
        rows.push(ProductFigure::new(
            format!("{name}, one connection, p50"),
            "ms",
            single_median,
        ));
        if name.starts_with("session-manager") {
            manager_median = Some(single_median);
        } else if let Some(manager_median) = manager_median {
            rows.push(ProductFigure::new(
                "what the proxy adds, p50",
                "ms",
                single_median - manager_median,
            ));
        }
    }
    rows.push(ProductFigure::new(
        "central-hub, RSS after that",
        "MiB",
        memory::measure_memory(hub.pid()).service_rss,
    ));
    report("a first visit to its page");
    rows.extend(build::measure_page_visit(&hub.url).await);
    drop(hub);
    manager.stop().await;

    report("the outbox, with a session-manager that takes everything at once");
    let address = instant_session_manager::start().await;
    let folder = Scratch::default();
    let hub = start_hub(&format!("http://{address}"), &folder).await;
    let rate = measure_outbox(&hub).await;
    rows.push(ProductFigure::new(
        "outbox, messages to their end",
        "1/s",
        rate,
    ));
    drop(hub);
    rows
}

async fn start_hub(session_manager: &str, folder: &Scratch) -> Service {
    let variables = [
        ("SESSION_MANAGER_BASE_URL", session_manager),
        ("NODE_ENV", "production"),
        ("DRY_RUN", "false"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Service::start("central-hub", folder.path(), &variables).await
}

async fn run_wrk(url: &str, connections: usize) -> WrkResult {
    let threads = connections.min(2).to_string();
    let output = Command::new("wrk")
        .args([
            "-t",
            &threads,
            "-c",
            &connections.to_string(),
            "-d",
            WRK_DURATION,
            "--latency",
            url,
        ])
        .output()
        .await
        .expect("wrk: `apt-get install wrk`, or let `cargo xtask bench` do it");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // Match at the beginning of a line, since other labels end in "50%" as well.
    let value = |name: &str| -> String {
        let mut lines = text.lines().map(str::trim);
        let value_text = lines.find_map(|line| line.strip_prefix(name));
        value_text
            .unwrap_or_else(|| panic!("{url}: {text}"))
            .trim()
            .to_owned()
    };
    assert!(!text.contains("Non-2xx"), "{url}: {text}");
    WrkResult {
        per_second: value("Requests/sec:").parse().expect("a number"),
        median: milliseconds(&value("50%")),
        p99: milliseconds(&value("99%")),
    }
}

/// Parses `850.00us`, `1.23ms` or `2.10s` into milliseconds.
fn milliseconds(text: &str) -> f64 {
    let (number, scale) = if let Some(number) = text.strip_suffix("us") {
        (number, 1e-3)
    } else if let Some(number) = text.strip_suffix("ms") {
        (number, 1.0)
    } else {
        (text.trim_end_matches('s'), 1e3)
    };
    number.parse::<f64>().expect("a time") * scale
}

/// Measures the throughput of the outbox in messages per second, from the first request to the last
/// outcome.
async fn measure_outbox(hub: &Service) -> f64 {
    let client = http();
    let start = Instant::now();
    for bulk in 0..MESSAGES / BULK_SIZE {
        let messages: Vec<_> = (0..BULK_SIZE)
            .map(|n| {
                let to = 40_000_000 + (bulk * BULK_SIZE + n) % RECIPIENT_COUNT;
                json!({"destinatario": format!("54911{to}"), "mensaje": format!("Hola {n}")})
            })
            .collect();
        let body = json!({"mensajes": messages});
        let url = format!("{}/api/sender/messages/bulk", hub.url);
        let response = client.post(url).json(&body).send().await;
        assert_eq!(response.expect("an answer").status(), 202);
    }
    let url = format!("{}/api/overview", hub.url);
    poll::until_within(Duration::from_secs(600), "all to be sent", async || {
        let response = client.get(&url).send().await.expect("an answer");
        let body: serde_json::Value = response.json().await.expect("JSON");
        (body["hoy"]["enviados"] == MESSAGES).then_some(())
    })
    .await;
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let messages = MESSAGES as f64;
    messages / start.elapsed().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrk_times_are_parsed() {
        for (text, expected) in [("850.00us", 0.85), ("1.50ms", 1.5), ("2.10s", 2100.0)] {
            assert!((milliseconds(text) - expected).abs() < 1e-9, "{text}");
        }
    }
}
