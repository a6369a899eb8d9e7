//! Observes a run: the session state, reconnecting as an operator would, and the memory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use service_runtime::process::ProcessTable;
use tokio::time::Instant;
use whatsapp_standin::Phone;

use super::clock::{Clock, locked};
use super::relink::Relinking;
use super::supervise::Supervised;

const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long an operator waits at an error before reconnecting.
const OPERATOR_PATIENCE: Duration = Duration::from_secs(3);
const MEMORY_EVERY: Duration = Duration::from_secs(2);

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
    let mut since = Instant::now();
    let mut now = String::new();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let seen = state(&client, &manager).await;
        if seen != now {
            locked(&states).push((clock.ms(), seen.clone()));
            since = Instant::now();
            match &*seen {
                // The device was linked at the start and has not been unlinked.
                "QR_REQUIRED" | "DISCONNECTED" if !relinking.is_on() => {
                    let session = get(&client, &manager, "/session").await;
                    let cause = session["cause"].as_str().unwrap_or_default();
                    clock.odd(format!("the session is {seen}, because of {cause}"));
                }
                _ => {}
            }
            now = seen;
        }
        match &*now {
            "ERROR" | "DISCONNECTED" if since.elapsed() > OPERATOR_PATIENCE => {
                since = Instant::now();
                let _ = client.post(format!("{manager}/connect")).send().await;
            }
            "QR_REQUIRED" => drop(phone.scan_current()),
            _ => {}
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
pub type Seen = Arc<Mutex<BTreeMap<&'static str, (u64, u64)>>>;

/// Measures the memory periodically.
pub async fn weigh(weighed: Weighed, seen: Seen) {
    loop {
        for (of, kib) in weighed.now() {
            let mut seen = locked(&seen);
            let (least, most) = seen.entry(of).or_insert((kib, kib));
            (*least, *most) = (kib.min(*least), kib.max(*most));
        }
        tokio::time::sleep(MEMORY_EVERY).await;
    }
}

/// The measured services.
#[derive(Debug, Clone)]
pub struct Weighed {
    /// session-manager.
    pub manager: Arc<Supervised>,
    /// central-hub.
    pub hub: Arc<Supervised>,
}

impl Weighed {
    /// Returns the current memory in KiB: RSS of the services, and anonymous and shared memory
    /// (PSS) of Chrome's process tree.
    #[must_use]
    pub fn now(&self) -> Vec<(&'static str, u64)> {
        let rss = |service: &Supervised| {
            let pid = service.process()?.pid;
            field(&PathBuf::from(format!("/proc/{pid}/status")), "VmRSS:")
        };
        [
            ("session-manager", rss(&self.manager)),
            ("central-hub", rss(&self.hub)),
            ("Chrome", self.chrome()),
        ]
        .into_iter()
        .filter_map(|(of, kib)| Some((of, kib?)))
        .collect()
    }

    /// Returns the minimum of several measurements at rest, which is retained memory without
    /// temporary use.
    pub async fn in_rest(&self) -> BTreeMap<&'static str, u64> {
        let mut least = BTreeMap::new();
        for _ in 0..8 {
            tokio::time::sleep(Duration::from_millis(400)).await;
            for (of, kib) in self.now() {
                let known = least.entry(of).or_insert(kib);
                *known = kib.min(*known);
            }
        }
        least
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
