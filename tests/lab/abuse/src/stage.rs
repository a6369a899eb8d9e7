//! Setup of a run: the services under attack, and the health and memory probes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use service_runtime::process::{Usage, raise_descriptors};

use super::attacks::{ALL, Attack};
use super::client::Target;
use super::{DESCRIPTOR_LIMIT, MEMORY_LIMIT, Options, Outcome, Row};
use harness::{Hub, Manager, ManagerOptions};

const TOKEN: &str = "un-token-de-prueba-42";
const PASSWORD: &str = "una clave larga";
const MIB: u64 = 1024 * 1024;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// A health check that takes longer counts as this.
const LOST: Duration = Duration::from_secs(10);

/// Attacks the pair, and tells `say` a line for each attack.
pub async fn run(options: &Options, mut say: impl FnMut(String)) -> Outcome {
    // A descriptor for each of the clients.
    raise_descriptors(8_192);
    let base = ManagerOptions::default();
    let mut manager = Manager::without_browser(base.with("SESSION_MANAGER_TOKEN", TOKEN)).await;
    let hub_options = ManagerOptions::default()
        .with("SESSION_MANAGER_TOKEN", TOKEN)
        .with("HUB_ADMIN_PASSWORD", PASSWORD)
        .with("INTERNAL_TOKEN", TOKEN);
    let mut hub = Hub::start(&manager, hub_options).await;
    let address = |url: &str| url.trim_start_matches("http://").to_owned();
    // A token: wrong passwords of an attack keep out whoever shows a right one
    // from the same address, and not a token.
    let made = hub
        .client()
        .post(hub.url("/api/tokens"))
        .basic_auth("admin", Some(PASSWORD))
        .json(&serde_json::json!({"name": "abuse", "scopes": ["admin"]}));
    let (status, made) = harness::answer(made).await;
    assert_eq!(status, 201, "{made}");
    let token = made["token"].as_str().expect("a token").to_owned();
    let targets = [
        Target {
            name: "session-manager",
            address: address(&manager.service.url),
            pid: manager.service.pid(),
            authorization: format!("Bearer {TOKEN}"),
        },
        Target {
            name: "central-hub",
            address: address(&hub.service.url),
            pid: hub.service.pid(),
            authorization: format!("Bearer {token}"),
        },
    ];
    let mut outcome = Outcome {
        calm: Vec::new(),
        rows: Vec::new(),
    };
    for target in &targets {
        let watch = Watch::start(target.clone());
        tokio::time::sleep(Duration::from_millis(500)).await;
        let calm = watch.end().await.health.0;
        outcome.calm.push((target.name, calm));
        say(format!(
            "{}: /health in {} ms",
            target.name,
            calm.as_millis()
        ));
    }
    for attack in ALL {
        if !options
            .only
            .as_ref()
            .is_none_or(|it| attack.name.contains(it))
        {
            continue;
        }
        for target in &targets {
            if attack.only_hub && target.name != "central-hub" {
                continue;
            }
            let row = one(attack, target, options).await;
            say(row.to_string());
            outcome.rows.push(row);
        }
    }
    // Whoever is attacked neither dies nor says that it is defective.
    for (service, log) in [
        ("session-manager", manager.service.output()),
        ("central-hub", hub.service.output()),
    ] {
        let defects = log.lines().filter(|line| line.contains("panicked"));
        let defects: Vec<_> = defects.map(str::to_owned).collect();
        if let Some(row) = outcome.rows.iter_mut().rfind(|row| row.service == service) {
            row.broken.extend(defects);
        }
    }
    hub.service.stop().await;
    manager.stop().await;
    outcome
}

async fn one(attack: &Attack, target: &Target, options: &Options) -> Row {
    let before = Usage::of(target.pid).unwrap_or_default().resident;
    let watch = Watch::start(target.clone());
    let statuses = attack.run(target, options).await;
    let seen = watch.end().await;
    let mut answers = BTreeMap::new();
    for status in statuses {
        *answers.entry(status).or_default() += 1;
    }
    let memory = seen.resident.saturating_sub(before) / MIB;
    let mut broken = Vec::new();
    let odd = answers.keys().filter(|it| !attack.allowed.contains(it));
    broken.extend(odd.map(|status| format!("{status} was answered")));
    if !attack.wanted.is_empty() && !attack.wanted.iter().any(|it| answers.contains_key(it)) {
        broken.push(format!("none of {:?} was answered", attack.wanted));
    }
    if seen.health.0 > options.health_limit() {
        broken.push(format!("/health took {:?} at the median", seen.health.0));
    }
    if memory > MEMORY_LIMIT {
        broken.push(format!("{memory} MiB more memory"));
    }
    if seen.descriptors > DESCRIPTOR_LIMIT {
        broken.push(format!("{} descriptors", seen.descriptors));
    }
    if Usage::of(target.pid).is_none() {
        broken.push("the service is gone".to_owned());
    }
    Row {
        attack: attack.name,
        service: target.name,
        answers,
        health: seen.health,
        memory,
        descriptors: seen.descriptors,
        broken,
    }
}

/// What was seen of a service.
struct Seen {
    health: (Duration, Duration),
    resident: u64,
    descriptors: u64,
}

/// Looks at a service's health and at what it takes.
struct Watch {
    stop: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<Seen>,
}

impl Watch {
    fn start(target: Target) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let task = tokio::spawn(watch(target, Arc::clone(&stop)));
        Self { stop, task }
    }

    async fn end(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.expect("it looks to the end")
    }
}

async fn watch(target: Target, stop: Arc<AtomicBool>) -> Seen {
    let mut took = Vec::new();
    let (mut resident, mut descriptors) = (0, 0);
    let request = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    loop {
        let begun = Instant::now();
        let asking = tokio::time::timeout(LOST, target.status(request)).await;
        // A connection that is refused is asked for again: its time counts on.
        let is_answered = asking == Ok(200);
        took.push(if is_answered { begun.elapsed() } else { LOST });
        let usage = Usage::of(target.pid).unwrap_or_default();
        resident = resident.max(usage.resident);
        descriptors = descriptors.max(usage.descriptors);
        if stop.load(Ordering::Relaxed) {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    took.sort_unstable();
    Seen {
        health: (took[took.len() / 2], took[took.len() - 1]),
        resident,
        descriptors,
    }
}
