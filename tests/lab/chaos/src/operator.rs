//! Observes a run: the session state, reconnecting as an operator would, and the memory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use service_runtime::process::ProcessTable;
use tokio::time::Instant;
use whatsapp_standin::Phone;

use super::clock::{Clock, lock};
use super::relink::Relinking;
use super::supervisor::Supervised;

const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// How long an operator waits at an error before reconnecting.
const OPERATOR_PATIENCE: Duration = Duration::from_secs(3);
const MEMORY_INTERVAL: Duration = Duration::from_secs(2);

/// The states of the session, each with the time when it was first seen; `down` while the service
/// does not respond.
pub type States = Arc<Mutex<Vec<(u64, String)>>>;

/// Watches the state, and acts as an operator would.
pub async fn operate(
    manager: String,
    phone: Phone,
    clock: Clock,
    states: States,
    relinking: Arc<Relinking>,
) {
    let client = harness::http();
    let mut changed_at = Instant::now();
    let mut current_state = String::new();
    loop {
        tokio::time::sleep(POLL_INTERVAL).await;
        let state_now = state(&client, &manager).await;
        if state_now != current_state {
            lock(&states).push((clock.ms(), state_now.clone()));
            changed_at = Instant::now();
            match &*state_now {
                // The device was linked at the start and has not been unlinked.
                "QR_REQUIRED" | "DISCONNECTED" if !relinking.is_active() => {
                    let session = get(&client, &manager, "/session").await;
                    let cause = session["cause"].as_str().unwrap_or_default();
                    clock.record_unexpected(format!(
                        "the session is {state_now}, because of {cause}"
                    ));
                }
                _ => {}
            }
            current_state = state_now;
        }
        let must_connect = match &*current_state {
            "ERROR" | "DISCONNECTED" => true,
            // A service that was restarted without a device waits to be told.
            "INIT" => relinking.is_active(),
            "QR_REQUIRED" => {
                drop(phone.scan_current());
                false
            }
            _ => false,
        };
        if must_connect && changed_at.elapsed() > OPERATOR_PATIENCE {
            changed_at = Instant::now();
            let _ = client.post(format!("{manager}/connect")).send().await;
        }
    }
}

/// Returns the current state.
pub async fn state(client: &reqwest::Client, manager: &str) -> String {
    let body = get(client, manager, "/status").await;
    body["status"].as_str().unwrap_or("down").to_owned()
}

/// Returns the body of the response, or `Null` if there is none.
pub async fn get(client: &reqwest::Client, base: &str, path: &str) -> Value {
    let request = client.get(format!("{base}{path}"));
    let request = request.timeout(Duration::from_secs(5));
    match request.send().await {
        Ok(response) => response.json().await.unwrap_or_default(),
        Err(_) => Value::Null,
    }
}

/// The minimum and maximum memory in KiB, by process.
pub type MemoryRanges = Arc<Mutex<BTreeMap<&'static str, (u64, u64)>>>;

/// Measures the memory periodically.
pub async fn record_memory(memory_probe: MemoryProbe, ranges: MemoryRanges) {
    loop {
        for (process, kib) in memory_probe.measure() {
            let mut ranges = lock(&ranges);
            let (min, max) = ranges.entry(process).or_insert((kib, kib));
            (*min, *max) = (kib.min(*min), kib.max(*max));
        }
        tokio::time::sleep(MEMORY_INTERVAL).await;
    }
}

/// The measured services.
#[derive(Debug, Clone)]
pub struct MemoryProbe {
    /// session-manager.
    pub manager: Arc<Supervised>,
    /// central-hub.
    pub hub: Arc<Supervised>,
}

impl MemoryProbe {
    /// Returns the current memory in KiB: anonymous memory of the services, and anonymous and shared
    /// memory (PSS) of Chrome's process tree. The kernel takes the pages of a program's code away,
    /// and gives them back, as it needs memory for others.
    #[must_use]
    pub fn measure(&self) -> Vec<(&'static str, u64)> {
        let anonymous = |service: &Supervised| {
            let pid = service.process()?.pid;
            field(&PathBuf::from(format!("/proc/{pid}/status")), "RssAnon:")
        };
        [
            ("session-manager", anonymous(&self.manager)),
            ("central-hub", anonymous(&self.hub)),
            ("Chrome", self.chrome()),
        ]
        .into_iter()
        .filter_map(|(process, kib)| Some((process, kib?)))
        .collect()
    }

    /// Returns the minimum of several measurements at rest, which is retained memory without
    /// temporary use.
    pub async fn measure_at_rest(&self) -> BTreeMap<&'static str, u64> {
        let mut minimums = BTreeMap::new();
        for _ in 0..8 {
            tokio::time::sleep(Duration::from_millis(400)).await;
            for (process, kib) in self.measure() {
                let minimum = minimums.entry(process).or_insert(kib);
                *minimum = kib.min(*minimum);
            }
        }
        minimums
    }

    fn chrome(&self) -> Option<u64> {
        let manager = self.manager.process()?;
        let table = ProcessTable::scan().ok()?;
        let tree = table.descendants(manager.pid);
        let kib = tree
            .iter()
            .filter_map(|process| {
                let rollup = PathBuf::from(format!("/proc/{}/smaps_rollup", process.pid));
                Some(field(&rollup, "Pss_Anon:")? + field(&rollup, "Pss_Shmem:")?)
            })
            .sum();
        (kib > 0).then_some(kib)
    }
}

/// Returns a number from a file of `/proc`; `None` if the field is missing.
fn field(file: &Path, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
