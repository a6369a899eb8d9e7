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
use super::client::{Entrance, Look, Process, Target};
use super::verdict::{Seen, judged};
use super::{AbuseResult, Engine, Options, Row, RunningPair};

const TOKEN: &str = "un-token-de-prueba-42";
const PASSWORD: &str = "una clave larga";
const MIB: u64 = 1024 * 1024;
/// Interval between two probes.
const LOOK: Duration = Duration::from_millis(20);
/// The latency that a failed health check counts as.
const LOST: Duration = Duration::from_secs(10);

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
    async fn set(options: &Options) -> Self {
        // Each client needs a descriptor.
        raise_descriptors(8_192);
        match &options.running {
            Some(running) => Self::around(running, options).await,
            None => Self::own(options).await,
        }
    }

    /// Starts the real binaries.
    async fn own(options: &Options) -> Self {
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
    async fn around(running: &RunningPair, options: &Options) -> Self {
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
                .map(|it| ("session-manager", &it.service)),
        );
        let mut defects = Vec::new();
        for (name, service) in logs {
            let log = service.output();
            let panics = log.lines().filter(|line| line.contains("panicked"));
            defects.extend(panics.map(|line| (name, line.to_owned())));
        }
        let said = self.nginx.as_ref().map(|nginx| nginx.said());
        let crashes = said.iter().flat_map(|said| said.lines());
        let crashes = crashes.filter(|line| line.contains("[emerg]") || line.contains("[crit]"));
        defects.extend(crashes.map(|line| ("central-hub", line.to_owned())));
        defects
    }

    async fn end(mut self) {
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
        lesser: Vec::new(),
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
    let roles = Roles::make(&first, password).await;
    let (nginx, entrance) = if options.nginx {
        let hubs: Vec<&str> = processes.iter().map(|it| it.address.as_str()).collect();
        let nginx = Arc::new(Nginx::before(&hubs).await);
        let tls = nginx.tls();
        (Some(Arc::clone(&nginx)), Entrance::Nginx(nginx, tls))
    } else {
        (None, Entrance::Direct(Arc::default()))
    };
    let target = Target {
        name: "central-hub",
        processes,
        entrance,
        authorization: roles.all,
        lesser: roles.lesser,
        is_remote: false,
    };
    (nginx, target)
}

/// The roles of the attackers. They use tokens, since an attack with wrong passwords locks out
/// right passwords from the same address, but not tokens.
struct Roles {
    all: String,
    lesser: Vec<String>,
}

impl Roles {
    async fn make(hub: &str, password: &str) -> Self {
        let client = harness::http();
        let make = async |by: (&str, &str), path: &str, what: Value| {
            let request = client.post(format!("{hub}{path}")).json(&what);
            let request = request.basic_auth(by.0, Some(by.1));
            let (status, made) = harness::answer(request).await;
            // A hub that was already running may have been attacked before.
            let is_there = status == 409 && path == "/api/users";
            assert!(status == 201 || is_there, "{status} {made}");
            made
        };
        // The flood deletes objects with the id 1, which is not used here.
        let admin = ("admin", password);
        let spare = json!({"name": "spare", "scopes": ["read"]});
        make(admin, "/api/tokens", spare).await;
        let other = json!({"username": "abuse", "password": password, "role": "admin"});
        make(admin, "/api/users", other).await;
        let token = async |scopes: &[&str], cliente_id: Option<u64>| {
            let what = json!({"name": "abuse", "scopes": scopes, "cliente_id": cliente_id});
            let made = make(("abuse", password), "/api/tokens", what).await;
            let token = made["token"].as_str().expect("a token");
            format!("Bearer {token}")
        };
        let agente = agente(&client, hub, password).await;
        let of_business = ["read", "send", "campaigns", "link"];
        Self {
            all: token(&["admin"], None).await,
            lesser: vec![
                agente,
                token(&["read"], None).await,
                token(&of_business, Some(51)).await,
                token(&["read"], Some(51)).await,
            ],
        }
    }
}

/// Returns the token of an `agente`. A user who only answers cannot make tokens, so the user makes
/// it while being an administrator, and then loses that role.
async fn agente(client: &reqwest::Client, hub: &str, password: &str) -> String {
    let asked = async |request: reqwest::RequestBuilder, by: &str| {
        harness::answer(request.basic_auth(by, Some(password))).await
    };
    let user = json!({"username": "answers", "password": password, "role": "admin"});
    let users = format!("{hub}/api/users");
    asked(client.post(&users).json(&user), "abuse").await;
    let (_, listed) = asked(client.get(&users), "abuse").await;
    let mut listed = listed["users"].as_array().into_iter().flatten();
    let id = listed.find(|it| it["username"] == "answers");
    let id = id.expect("the user")["id"].clone();
    let becomes = async |role: &str| {
        let request = client.put(format!("{users}/{id}"));
        let (status, body) = asked(request.json(&json!({"role": role})), "abuse").await;
        assert_eq!(status, 200, "{body}");
    };
    // On a hub that was already running, the user may be from an earlier run.
    becomes("admin").await;
    let what = json!({"name": "abuse", "scopes": ["read", "send"]});
    let request = client.post(format!("{hub}/api/tokens")).json(&what);
    let (status, made) = asked(request, "answers").await;
    assert_eq!(status, 201, "{made}");
    becomes("agente").await;
    let token = format!("Bearer {}", made["token"].as_str().expect("a token"));
    let me = client.get(format!("{hub}/api/auth/me"));
    let (_, me) = harness::answer(me.header("authorization", &token)).await;
    assert_eq!(me["role"], "agente", "{me}");
    token
}

/// Attacks both services, and reports one line per attack to `say`.
pub async fn run(options: &Options, mut say: impl FnMut(String)) -> AbuseResult {
    let stage = Stage::set(options).await;
    let mut outcome = AbuseResult {
        calm: Vec::new(),
        rows: Vec::new(),
    };
    for target in &stage.targets {
        let watch = Watch::start(&[target]);
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
        for target in &stage.targets {
            if attack.only_hub && !target.is_hub() {
                continue;
            }
            let row = one(attack, target, &stage.targets, options).await;
            say(row.to_string());
            outcome.rows.push(row);
        }
    }
    for (service, defect) in stage.defects() {
        if let Some(row) = outcome.rows.iter_mut().rfind(|row| row.service == service) {
            row.broken.push(defect);
        }
    }
    stage.end().await;
    outcome
}

async fn one(attack: &Attack, target: &Target, all: &[Target], options: &Options) -> Row {
    // Probe the other services as well: an attack on one must not affect them.
    let others: Vec<_> = all.iter().filter(|it| it.name != target.name).collect();
    let (watch, beside) = (Watch::start(&[target]), Watch::start(&others));
    let statuses = attack.run(target, options).await;
    let (seen, beside) = (watch.end().await, beside.end().await);
    let mut answers = BTreeMap::new();
    for status in statuses {
        *answers.entry(status).or_default() += 1;
    }
    let mut broken = judged(attack, target.is_remote, &answers, &seen, options);
    if beside.health.0 > options.health_limit() {
        let took = beside.health.0;
        broken.push(format!("/health beside it took {took:?} at the median"));
    }
    if all
        .iter()
        .flat_map(|it| &it.processes)
        .any(|it| Usage::of(it.pid).is_none())
    {
        broken.push("a service is gone".to_owned());
    }
    Row {
        attack: attack.name,
        service: target.name,
        answers,
        health: seen.health,
        memory: seen.memory,
        descriptors: seen.descriptors,
        broken,
    }
}

/// A probe of the health of processes and their resource usage.
struct Watch {
    stop: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<Seen>>,
}

impl Watch {
    fn start(targets: &[&Target]) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let looks = targets.iter().flat_map(|target| target.looks());
        let tasks = looks
            .map(|look| {
                let before = look.usage().resident;
                tokio::spawn(watch(look, before, Arc::clone(&stop)))
            })
            .collect();
        Self { stop, tasks }
    }

    /// Stops the probes. Returns the worst of their results.
    async fn end(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        let seen = join_all(self.tasks).await.into_iter();
        let seen = seen.map(|it| it.expect("it looks to the end"));
        seen.fold(Seen::default(), |worst, one| Seen {
            health: (
                worst.health.0.max(one.health.0),
                worst.health.1.max(one.health.1),
            ),
            memory: worst.memory.max(one.memory),
            descriptors: worst.descriptors.max(one.descriptors),
        })
    }
}

async fn watch(look: Look, before: u64, stop: Arc<AtomicBool>) -> Seen {
    let mut took = Vec::new();
    let (mut resident, mut descriptors) = (0, 0);
    loop {
        let begun = Instant::now();
        let asking = tokio::time::timeout(LOST, look.health()).await;
        // A refused connection is retried, and its latency keeps counting.
        let is_answered = asking == Ok(200);
        took.push(if is_answered { begun.elapsed() } else { LOST });
        let now = look.usage();
        resident = resident.max(now.resident);
        descriptors = descriptors.max(now.descriptors);
        if stop.load(Ordering::Relaxed) {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    took.sort_unstable();
    Seen {
        health: (took[took.len() / 2], took[took.len() - 1]),
        memory: resident.saturating_sub(before) / MIB,
        descriptors,
    }
}
