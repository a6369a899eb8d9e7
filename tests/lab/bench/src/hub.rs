//! Benchmarks the hub alone: requests per second, the latency that it adds to session-manager, and
//! the throughput of the outbox.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::process::Command;

use super::report::Own;
use super::{build, instant, weigh};
use harness::{Manager, ManagerOptions, Scratch, Service, http, poll};

/// Duration of each `wrk` run.
const ASKED: &str = "5s";
/// Number of messages in the outbox benchmark, more than one bulk request accepts.
const MESSAGES: usize = 20_000;
const BULK: usize = 5_000;
const NUMBERS: usize = 2_000;

/// Result of a `wrk` run.
struct Answered {
    a_second: f64,
    median: f64,
    p99: f64,
}

/// Runs the benchmarks, and reports progress to `say`.
pub async fn run(say: impl Fn(&str)) -> Vec<Own> {
    let options = ManagerOptions::default().with("NODE_ENV", "production");
    let mut manager = Manager::without_browser(options).await;
    let folder = Scratch::default();
    let hub = hub_of(&manager.service.url, &folder).await;
    let mut rows = Vec::new();
    let mut own = None;
    for (name, url) in [
        ("central-hub, GET /health", format!("{}/health", hub.url)),
        (
            "session-manager, GET /status",
            format!("{}/status", manager.service.url),
        ),
        ("central-hub, GET /status", format!("{}/status", hub.url)),
    ] {
        say(&format!("{name}, 64 connections, then one"));
        let many = ask(&url, 64).await;
        rows.push(Own::new(
            format!("{name}, 64 connections"),
            "1/s",
            many.a_second,
        ));
        rows.push(Own::new(
            format!("{name}, 64 connections, p99"),
            "ms",
            many.p99,
        ));
        let alone = ask(&url, 1).await.median;
        rows.push(Own::new(
            format!("{name}, one connection, p50"),
            "ms",
            alone,
        ));
        if name.starts_with("session-manager") {
            own = Some(alone);
        } else if let Some(own) = own {
            rows.push(Own::new("what the proxy adds, p50", "ms", alone - own));
        }
    }
    rows.push(Own::new(
        "central-hub, RSS after that",
        "MiB",
        weigh::weight(hub.pid()).service_rss,
    ));
    say("a first visit to its page");
    rows.extend(build::page(&hub.url).await);
    drop(hub);
    manager.stop().await;

    say("the outbox, with a session-manager that takes everything at once");
    let address = instant::start().await;
    let folder = Scratch::default();
    let hub = hub_of(&format!("http://{address}"), &folder).await;
    let rate = outbox(&hub).await;
    rows.push(Own::new("outbox, messages to their end", "1/s", rate));
    drop(hub);
    rows
}

async fn hub_of(session_manager: &str, folder: &Scratch) -> Service {
    let variables = [
        ("SESSION_MANAGER_BASE_URL", session_manager),
        ("NODE_ENV", "production"),
        ("DRY_RUN", "false"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Service::start("central-hub", folder.path(), &variables).await
}

async fn ask(url: &str, connections: usize) -> Answered {
    let threads = connections.min(2).to_string();
    let output = Command::new("wrk")
        .args([
            "-t",
            &threads,
            "-c",
            &connections.to_string(),
            "-d",
            ASKED,
            "--latency",
            url,
        ])
        .output()
        .await
        .expect("wrk: `apt-get install wrk`, or let `cargo xtask bench` do it");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // Match at the beginning of a line, since other labels end in "50%" as well.
    let word = |name: &str| -> String {
        let mut lines = text.lines().map(str::trim);
        let rest = lines.find_map(|line| line.strip_prefix(name));
        rest.unwrap_or_else(|| panic!("{url}: {text}"))
            .trim()
            .to_owned()
    };
    assert!(!text.contains("Non-2xx"), "{url}: {text}");
    Answered {
        a_second: word("Requests/sec:").parse().expect("a number"),
        median: milliseconds(&word("50%")),
        p99: milliseconds(&word("99%")),
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
async fn outbox(hub: &Service) -> f64 {
    let client = http();
    let start = Instant::now();
    for bulk in 0..MESSAGES / BULK {
        let messages: Vec<_> = (0..BULK)
            .map(|n| {
                let to = 40_000_000 + (bulk * BULK + n) % NUMBERS;
                json!({"destinatario": format!("54911{to}"), "mensaje": format!("Hola {n}")})
            })
            .collect();
        let body = json!({"mensajes": messages});
        let url = format!("{}/api/sender/messages/bulk", hub.url);
        let answer = client.post(url).json(&body).send().await;
        assert_eq!(answer.expect("an answer").status(), 202);
    }
    let url = format!("{}/api/overview", hub.url);
    poll::until_within(Duration::from_secs(600), "all to be sent", async || {
        let answer = client.get(&url).send().await.expect("an answer");
        let body: serde_json::Value = answer.json().await.expect("JSON");
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
    fn times_of_wrk() {
        for (text, wanted) in [("850.00us", 0.85), ("1.50ms", 1.5), ("2.10s", 2100.0)] {
            assert!((milliseconds(text) - wanted).abs() < 1e-9, "{text}");
        }
    }
}
