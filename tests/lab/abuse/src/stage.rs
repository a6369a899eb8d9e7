//! Sets up a run: the services under attack, and the probes of health and memory.
//!
//! ```text
//!  attack ─┬──────────────────────> session-manager <──┬─ hub ──┬─> SQLite, PostgreSQL
//!          └─> (nginx) ─┬─> hub, or one in a container └─ hub ──┘
//!                       └─> another hub
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use harness::{Hub, Manager, ManagerOptions, Nginx};
use scratch_database::Database;
use serde_json::{Value, json};
use service_runtime::process::{Usage, raise_descriptors};

use super::attacks::{ALL, Attack};
use super::client::{Entrance, Probe, Process, Target};
use super::verdict::{Measurements, find_violations};
use super::{AbuseResult, Engine, Options, Row, RunningPair};

const TOKEN: &str = "un-token-de-prueba-42";
const PASSWORD: &str = "una clave larga";
const MIB: u64 = 1024 * 1024;
/// Interval between two probes.
const PROBE_INTERVAL: Duration = Duration::from_millis(20);
/// The latency that a failed health check counts as.
const FAILED_HEALTH_LATENCY: Duration = Duration::from_secs(10);

/// Everything that was started for a run, and is stopped on drop.
struct Stage {
    manager: Option<Manager>,
    hubs: Vec<Hub>,
    nginx: Option<Arc<Nginx>>,
    targets: Vec<Target>,
    /// The database, which is dropped after the hubs.
    _database: Option<Database>,
}

impl Stage {
    async fn start(options: &Options) -> Self {
        // Each client needs a descriptor.
        raise_descriptors(8_192);
        match &options.running {
            Some(running) => Self::attach_to(running, options).await,
            None => Self::start_own(options).await,
        }
    }

    /// Starts the real binaries.
    async fn start_own(options: &Options) -> Self {
        let database = match (options.engine, options.hubs) {
            (Engine::Sqlite, ..=1) => None,
            (Engine::Postgres, _) | (_, 2..) => Some(Database::postgres()),
        };
        let base = ManagerOptions::default().with("SESSION_MANAGER_TOKEN", TOKEN);
        let manager = Manager::without_browser(base).await;
        let mut hubs: Vec<Hub> = Vec::new();
        for _ in 0..options.hubs.max(1) {
            let variables = ManagerOptions::default()
                .with("SESSION_MANAGER_TOKEN", TOKEN)
                .with("HUB_ADMIN_PASSWORD", PASSWORD)
                .with("INTERNAL_TOKEN", TOKEN);
            let variables = match &database {
                Some(database) => variables.with("DATABASE_URL", database.url()),
                None => variables,
            };
            hubs.push(Hub::start(&manager, variables).await);
        }
        let process = |service: &harness::Service| Process {
            address: service.url.trim_start_matches("http://").to_owned(),
            pid: service.pid(),
        };
        let processes: Vec<_> = hubs.iter().map(|hub| process(&hub.service)).collect();
        let (nginx, hub) = hub_target(processes, PASSWORD, options).await;
        Self {
            targets: vec![manager_target(process(&manager.service), TOKEN, false), hub],
            manager: Some(manager),
            hubs,
            nginx,
            _database: database,
        }
    }

    /// Uses a pair that runs in containers.
    async fn attach_to(running: &RunningPair, options: &Options) -> Self {
        let process = |(address, pid): &(String, i32)| Process {
            address: address.clone(),
            pid: *pid,
        };
        let hub = process(&running.hub);
        let (nginx, hub) = hub_target(vec![hub], &running.password, options).await;
        let manager = manager_target(process(&running.manager), &running.token, true);
        Self {
            targets: vec![manager, hub],
            manager: None,
            hubs: Vec::new(),
            nginx,
            _database: None,
        }
    }

    /// Returns the defects in the services' logs: an attacked service must neither panic nor report
    /// a defect.
    fn defects(&self) -> Vec<(&'static str, String)> {
        let logs = self.hubs.iter().map(|hub| ("central-hub", &hub.service));
        let logs = logs.chain(
            self.manager
                .iter()
                .map(|manager| ("session-manager", &manager.service)),
        );
        let mut defects = Vec::new();
        for (name, service) in logs {
            let log = service.output();
            let panics = log.lines().filter(|line| line.contains("panicked"));
            defects.extend(panics.map(|line| (name, line.to_owned())));
        }
        let nginx_log = self.nginx.as_ref().map(|nginx| nginx.output());
        let crashes = nginx_log.iter().flat_map(|nginx_log| nginx_log.lines());
        let crashes = crashes.filter(|line| line.contains("[emerg]") || line.contains("[crit]"));
        defects.extend(crashes.map(|line| ("central-hub", line.to_owned())));
        defects
    }

    async fn stop(mut self) {
        for hub in &mut self.hubs {
            hub.service.stop().await;
        }
        if let Some(mut manager) = self.manager {
            manager.stop().await;
        }
    }
}

/// Returns session-manager as a target.
fn manager_target(process: Process, token: &str, is_remote: bool) -> Target {
    Target {
        name: "session-manager",
        processes: vec![process],
        entrance: Entrance::Direct(Arc::default()),
        authorization: format!("Bearer {token}"),
        other_authorizations: Vec::new(),
        is_remote,
    }
}

/// Returns the hubs as a target, with nginx in front if requested, and with the roles of the
/// attackers.
async fn hub_target(
    processes: Vec<Process>,
    password: &str,
    options: &Options,
) -> (Option<Arc<Nginx>>, Target) {
    let first = format!("http://{}", processes[0].address);
    let roles = Roles::create_all(&first, password).await;
    let (nginx, entrance) = if options.nginx {
        let hubs: Vec<&str> = processes
            .iter()
            .map(|process| process.address.as_str())
            .collect();
        let nginx = Arc::new(Nginx::start(&hubs).await);
        let tls = nginx.tls();
        (Some(Arc::clone(&nginx)), Entrance::Nginx(nginx, tls))
    } else {
        (None, Entrance::Direct(Arc::default()))
    };
    let target = Target {
        name: "central-hub",
        processes,
        entrance,
        authorization: roles.admin_authorization,
        other_authorizations: roles.other_authorizations,
        is_remote: false,
    };
    (nginx, target)
}

/// The roles of the attackers. They use tokens, since an attack with wrong passwords locks out
/// right passwords from the same address, but not tokens.
struct Roles {
    admin_authorization: String,
    other_authorizations: Vec<String>,
}

impl Roles {
    async fn create_all(hub: &str, password: &str) -> Self {
        let client = harness::http();
        let create = async |credentials: (&str, &str), path: &str, body: Value| {
            let request = client.post(format!("{hub}{path}")).json(&body);
            let request = request.basic_auth(credentials.0, Some(credentials.1));
            let (status, created) = harness::send_request(request).await;
            // A hub that was already running may have been attacked before.
            let already_exists = status == 409 && path == "/api/users";
            assert!(status == 201 || already_exists, "{status} {created}");
            created
        };
        // The flood deletes objects with the id 1, which is not used here.
        let admin = ("admin", password);
        let spare_token = json!({"name": "spare", "scopes": ["read"]});
        create(admin, "/api/tokens", spare_token).await;
        let second_admin = json!({"username": "abuse", "password": password, "role": "admin"});
        create(admin, "/api/users", second_admin).await;
        let token = async |scopes: &[&str], cliente_id: Option<u64>| {
            let body = json!({"name": "abuse", "scopes": scopes, "cliente_id": cliente_id});
            let created = create(("abuse", password), "/api/tokens", body).await;
            let token = created["token"].as_str().expect("a token");
            format!("Bearer {token}")
        };
        let agente = agente(&client, hub, password).await;
        let business_scopes = ["read", "send", "campaigns", "link"];
        Self {
            admin_authorization: token(&["admin"], None).await,
            other_authorizations: vec![
                agente,
                token(&["read"], None).await,
                token(&business_scopes, Some(51)).await,
                token(&["read"], Some(51)).await,
            ],
        }
    }
}

/// Returns the token of an `agente`. A user who only answers cannot make tokens, so the user makes
/// it while being an administrator, and then loses that role.
async fn agente(client: &reqwest::Client, hub: &str, password: &str) -> String {
    let request_as = async |request: reqwest::RequestBuilder, username: &str| {
        harness::send_request(request.basic_auth(username, Some(password))).await
    };
    let user = json!({"username": "answers", "password": password, "role": "admin"});
    let users = format!("{hub}/api/users");
    request_as(client.post(&users).json(&user), "abuse").await;
    let (_, listed) = request_as(client.get(&users), "abuse").await;
    let mut listed = listed["users"].as_array().into_iter().flatten();
    let id = listed.find(|user| user["username"] == "answers");
    let id = id.expect("the user")["id"].clone();
    let set_role = async |role: &str| {
        let request = client.put(format!("{users}/{id}"));
        let (status, body) = request_as(request.json(&json!({"role": role})), "abuse").await;
        assert_eq!(status, 200, "{body}");
    };
    // On a hub that was already running, the user may be from an earlier run.
    set_role("admin").await;
    let body = json!({"name": "abuse", "scopes": ["read", "send"]});
    let request = client.post(format!("{hub}/api/tokens")).json(&body);
    let (status, created) = request_as(request, "answers").await;
    assert_eq!(status, 201, "{created}");
    set_role("agente").await;
    let token = format!("Bearer {}", created["token"].as_str().expect("a token"));
    let me = client.get(format!("{hub}/api/auth/me"));
    let (_, me) = harness::send_request(me.header("authorization", &token)).await;
    assert_eq!(me["role"], "agente", "{me}");
    token
}

/// Attacks both services, and reports one line per attack to `report`.
pub async fn run(options: &Options, mut report: impl FnMut(String)) -> AbuseResult {
    let stage = Stage::start(options).await;
    let mut outcome = AbuseResult {
        baseline_health: Vec::new(),
        rows: Vec::new(),
    };
    for target in &stage.targets {
        let watch = Watch::start(&[target]);
        tokio::time::sleep(Duration::from_millis(500)).await;
        let baseline = watch.stop().await.health.0;
        outcome.baseline_health.push((target.name, baseline));
        report(format!(
            "{}: /health in {} ms",
            target.name,
            baseline.as_millis()
        ));
    }
    for attack in ALL {
        if !options
            .only
            .as_ref()
            .is_none_or(|part| attack.name.contains(part))
        {
            continue;
        }
        for target in &stage.targets {
            if attack.only_hub && !target.is_hub() {
                continue;
            }
            let row = run_attack(attack, target, &stage.targets, options).await;
            report(row.to_string());
            outcome.rows.push(row);
        }
    }
    for (service, defect) in stage.defects() {
        if let Some(row) = outcome.rows.iter_mut().rfind(|row| row.service == service) {
            row.violations.push(defect);
        }
    }
    stage.stop().await;
    outcome
}

async fn run_attack(
    attack: &Attack,
    target: &Target,
    targets: &[Target],
    options: &Options,
) -> Row {
    // Probe the other services as well: an attack on one must not affect them.
    let others: Vec<_> = targets
        .iter()
        .filter(|other| other.name != target.name)
        .collect();
    let (watch, others_watch) = (Watch::start(&[target]), Watch::start(&others));
    let statuses = attack.run(target, options).await;
    let (measured, others_measured) = (watch.stop().await, others_watch.stop().await);
    let mut responses = BTreeMap::new();
    for status in statuses {
        *responses.entry(status).or_default() += 1;
    }
    let mut violations = find_violations(attack, target.is_remote, &responses, &measured, options);
    if others_measured.health.0 > options.health_limit() {
        let latency = others_measured.health.0;
        violations.push(format!(
            "/health of another service took {latency:?} at the median"
        ));
    }
    if targets
        .iter()
        .flat_map(|target| &target.processes)
        .any(|process| Usage::of(process.pid).is_none())
    {
        violations.push("a service has died".to_owned());
    }
    Row {
        attack: attack.name,
        service: target.name,
        responses,
        health: measured.health,
        memory: measured.memory,
        descriptors: measured.descriptors,
        violations,
    }
}

/// A probe of the health of processes and their resource usage.
struct Watch {
    stop: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<Measurements>>,
}

impl Watch {
    fn start(targets: &[&Target]) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let probes = targets.iter().flat_map(|target| target.probes());
        let tasks = probes
            .map(|probe| {
                let before = probe.usage().resident;
                tokio::spawn(watch(probe, before, Arc::clone(&stop)))
            })
            .collect();
        Self { stop, tasks }
    }

    /// Stops the probes. Returns the worst of their results.
    async fn stop(self) -> Measurements {
        self.stop.store(true, Ordering::Relaxed);
        let measured = join_all(self.tasks).await.into_iter();
        let measured = measured.map(|result| result.expect("a probe that does not panic"));
        measured.fold(Measurements::default(), |worst, probe| Measurements {
            health: (
                worst.health.0.max(probe.health.0),
                worst.health.1.max(probe.health.1),
            ),
            memory: worst.memory.max(probe.memory),
            descriptors: worst.descriptors.max(probe.descriptors),
        })
    }
}

async fn watch(probe: Probe, before: u64, stop: Arc<AtomicBool>) -> Measurements {
    let mut latencies = Vec::new();
    let (mut resident, mut descriptors) = (0, 0);
    loop {
        let start = Instant::now();
        let status = tokio::time::timeout(FAILED_HEALTH_LATENCY, probe.health()).await;
        // A refused connection is retried, and its latency keeps counting.
        let is_answered = status == Ok(200);
        latencies.push(if is_answered {
            start.elapsed()
        } else {
            FAILED_HEALTH_LATENCY
        });
        let now = probe.usage();
        resident = resident.max(now.resident);
        descriptors = descriptors.max(now.descriptors);
        if stop.load(Ordering::Relaxed) {
            break;
        }
        tokio::time::sleep(PROBE_INTERVAL).await;
    }
    latencies.sort_unstable();
    Measurements {
        health: (
            latencies[latencies.len() / 2],
            latencies[latencies.len() - 1],
        ),
        memory: resident.saturating_sub(before) / MIB,
        descriptors,
    }
}
