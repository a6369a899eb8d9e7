//! Tests `GET /metrics` of a working pair, and what uses it: the alert rules and the dashboard of
//! `deploy/`, checked by promtool.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use harness::standin::{LeadMessage, Settings};
use harness::{Hub, Manager, ManagerOptions, Scratch, http, poll, start_linked};
use serde_json::{Value, json};
use service_runtime::process::spawn_bound;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

fn deploy_path(file: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
    root.join(file)
}

/// Runs promtool and returns its output. Fails the test if promtool reports errors.
async fn promtool(arguments: &[&str], stdin: &str) -> String {
    let mut child = Command::new("promtool")
        .args(arguments)
        .current_dir(deploy_path("prometheus"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("promtool: `cargo xtask test` brings it, or put it on PATH");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(stdin.as_bytes()).await.expect("written");
    drop(input);
    let output = child.wait_with_output().await.expect("an exit status");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).expect("UTF-8");
    assert!(output.status.success(), "promtool {arguments:?}: {text}");
    text
}

async fn scrape(url: String) -> String {
    let response = http().get(url).send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    let kind = response.headers()["content-type"].to_str().expect("text");
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    response.text().await.expect("text")
}

/// Returns the value of a series in metrics in the text format.
fn value(text: &str, series: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(series))?;
    line.trim().parse().ok()
}

/// Returns every name in `text` with one of this project's prefixes.
fn names(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !is_part(c))
        .filter(|word| {
            ["leadmaster_", "http_re", "process_"]
                .iter()
                .any(|p| word.starts_with(p))
        })
        .map(|word| {
            let suffixes = ["_bucket", "_sum", "_count"];
            let base_name = suffixes.iter().find_map(|suffix| word.strip_suffix(suffix));
            base_name.unwrap_or(word).to_owned()
        })
        .collect()
}

#[tokio::test]
async fn metrics_cover_the_alert_rules_and_the_dashboard() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let options = ManagerOptions::default()
        .with("DRY_RUN", false)
        .with("WEBHOOK_ALLOWED_HOSTS", "127.0.0.1");
    let hub = Hub::start(&manager, options).await;
    let webhook = json!({"url": "http://127.0.0.1:1/", "eventos": ["message"]});
    let (status, body) = hub.post("/api/webhooks", &webhook).await;
    assert_eq!(status, 201, "{body}");
    let message = json!({"to": "5491158254201", "message": "hola"});
    let (status, body) = hub.post("/send", &message).await;
    assert_eq!(status, 200, "{body}");
    let (status, _) = manager
        .post("/send", &json!({"to": "1", "message": "x"}))
        .await;
    assert_eq!(status, 400);
    let phone = standin.phone();
    let lead_message = LeadMessage::text("5491158254201", "¿Cuánto sale?");
    phone.lead_message(&lead_message).expect("a message");

    let hub_text = poll::until("the webhook to be called", async || {
        let text = scrape(format!("{}/metrics", hub.service.url)).await;
        let failed_attempts = r#"leadmaster_webhook_attempts_total{outcome="CANNOT_CONNECT"}"#;
        value(&text, failed_attempts).is_some().then_some(text)
    })
    .await;
    assert_eq!(value(&hub_text, "leadmaster_session_manager_up"), Some(1.0));
    let sent_count = r#"leadmaster_outbox_outcomes_total{state="sent",code=""}"#;
    assert_eq!(value(&hub_text, sent_count), Some(1.0), "{hub_text}");
    assert_eq!(value(&hub_text, "leadmaster_webhook_pending"), Some(1.0));

    let text = session_metrics(&manager).await;
    assert_eq!(
        value(&text, r#"leadmaster_session_state{state="READY"}"#),
        Some(1.0)
    );
    assert_eq!(
        value(&text, r#"leadmaster_sends_total{outcome="sent"}"#),
        Some(1.0)
    );
    assert!(value(&text, "leadmaster_browser_memory_bytes") > Some(1e7));
    assert!(value(&text, r#"leadmaster_events_total{kind="message"}"#) >= Some(1.0));
    for secret in ["5491158254201", "hola", "sale"] {
        assert!(!text.contains(secret) && !hub_text.contains(secret));
    }
    promtool(&["check", "metrics"], &text).await;
    promtool(&["check", "metrics"], &hub_text).await;

    let exported_names: BTreeSet<String> = names(&text).union(&names(&hub_text)).cloned().collect();
    for file in ["prometheus/alerts.yml", "grafana/leadmaster.json"] {
        let file_text = std::fs::read_to_string(deploy_path(file)).expect(file);
        let mut missing: Vec<_> = names(&file_text)
            .difference(&exported_names)
            .cloned()
            .collect();
        // This run had no reason to emit these metrics.
        missing.retain(|name| {
            ![
                "leadmaster_code_refreshes_total",
                "leadmaster_backup_age_seconds",
                "leadmaster_backup_failed",
                "leadmaster_clock_skew_seconds",
            ]
            .contains(&name.as_str())
        });
        assert!(
            missing.is_empty(),
            "{file} uses {missing:?}, which no service exports"
        );
    }
    manager.stop().await;
}

async fn session_metrics(manager: &Manager) -> String {
    scrape(manager.url("/metrics")).await
}

#[tokio::test]
async fn alert_rules_pass_promtool_tests() {
    promtool(&["check", "config", "prometheus.yml"], "").await;
    promtool(&["test", "rules", "alerts_test.yml"], "").await;
    let text =
        std::fs::read_to_string(deploy_path("grafana/leadmaster.json")).expect("the dashboard");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    // Turn each expression into a rule, so that promtool parses it.
    let rules: Vec<Value> = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().expect("targets"))
        .enumerate()
        .map(|(n, target)| json!({"record": format!("panel:{n}"), "expr": target["expr"]}))
        .collect();
    assert!(rules.len() > 20);
    let folder = Scratch::default();
    let file = folder.join("panels.yml");
    let groups = json!({"groups": [{"name": "panels", "rules": rules}]});
    std::fs::write(&file, groups.to_string()).expect("written");
    promtool(&["check", "rules", &file.display().to_string()], "").await;
}

/// A real Prometheus on a free port, with the configuration of `deploy/`, but with an interval of
/// one second and shorter alert delays.
struct Prometheus {
    child: Child,
    url: String,
    _folder: Scratch,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    async fn start(manager: &str, hub: &str) -> Self {
        let folder = Scratch::default();
        for file in ["prometheus.yml", "alerts.yml"] {
            let original =
                std::fs::read_to_string(deploy_path("prometheus").join(file)).expect(file);
            let adapted = original
                .replace("for: 2m", "for: 1s")
                .replace(
                    "scrape_interval: 30s",
                    "scrape_interval: 1s\n  evaluation_interval: 1s",
                )
                .replace("127.0.0.1:3001", manager.trim_start_matches("http://"))
                .replace("127.0.0.1:3012", hub.trim_start_matches("http://"));
            std::fs::write(folder.join(file), adapted).expect("written");
        }
        let log = folder.join("log");
        let mut command = std::process::Command::new("prometheus");
        command
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=data")
            .arg("--web.listen-address=127.0.0.1:0")
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).expect("a log"));
        let child = spawn_bound(command)
            .expect("prometheus: `cargo xtask test` brings it, or put it on PATH");
        let url = poll::until("Prometheus to listen", async || {
            let log_text = std::fs::read_to_string(&log).expect("its log");
            let (_, address_text) = log_text.split_once("\"Listening on\" address=")?;
            let (address, _) = address_text.split_once('\n')?;
            Some(format!("http://{address}"))
        });
        Self {
            url: url.await,
            child,
            _folder: folder,
        }
    }

    async fn query(&self, path: &str) -> Option<Value> {
        let response = http().get(format!("{}/api/v1/{path}", self.url)).send();
        response.await.ok()?.json().await.ok()
    }
}

#[tokio::test]
async fn prometheus_scrapes_the_pair_and_alerts_on_a_missing_service() {
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let hub = Hub::start(&manager, ManagerOptions::default()).await;
    let prometheus = Prometheus::start(&manager.service.url, &hub.service.url).await;
    let count_if_all = |list: &Value, health: &str| {
        let count_if_all = list.as_array()?;
        (!count_if_all.is_empty() && count_if_all.iter().all(|item| item["health"] == health))
            .then_some(count_if_all.len())
    };
    let scraped = poll::until("both services to be scraped", async || {
        let response = prometheus.query("targets").await?;
        count_if_all(&response["data"]["activeTargets"], "up")
    });
    assert_eq!(scraped.await, 2);
    let evaluated = poll::until("the rules to be evaluated", async || {
        let response = prometheus.query("rules").await?;
        count_if_all(&response["data"]["groups"][0]["rules"], "ok")
    });
    assert!(evaluated.await > 5);
    let find_firing_alert = async || {
        let response = prometheus.query("alerts").await?;
        let alerts = response["data"]["alerts"].as_array()?.clone();
        let outage = |alert: &&Value| alert["labels"]["alertname"] == "LeadMasterDown";
        let outage = alerts.iter().find(outage)?;
        (outage["state"] == "firing").then(|| outage.clone())
    };
    assert_eq!(find_firing_alert().await, None);
    drop(hub);
    let firing_alert = poll::until("the alert", find_firing_alert).await;
    assert_eq!(
        firing_alert["annotations"]["summary"],
        "central-hub does not answer"
    );
    manager.stop().await;
}
