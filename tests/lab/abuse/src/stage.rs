//! Setup of a run: the services under attack, and the health and memory probes.
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
use super::{Engine, Options, Outcome, Row, Running};

const TOKEN: &str = "un-token-de-prueba-42";
const PASSWORD: &str = "una clave larga";
const MIB: u64 = 1024 * 1024;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// A health check that takes longer counts as this.
const LOST: Duration = Duration::from_secs(10);

/// What was started for a run; it ends with this.
struct Stage {
    manager: Option<Manager>,
    hubs: Vec<Hub>,
    nginx: Option<Arc<Nginx>>,
    targets: Vec<Target>,
    /// Dropped after the hubs.
    _database: Option<Database>,
}

impl Stage {
    async fn set(options: &Options) -> Self {
        // A descriptor for each of the clients.
        raise_descriptors(8_192);
        match &options.running {
            Some(running) => Self::around(running, options).await,
            None => Self::own(options).await,
        }
    }

    /// The real binaries, started for this.
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
        let manager_target = Target {
            name: "session-manager",
            processes: vec![process(&manager.service)],
            entrance: Entrance::Direct(Arc::default()),
            authorization: format!("Bearer {TOKEN}"),
            lesser: Vec::new(),
        };
        Self {
            targets: vec![manager_target, hub],
            manager: Some(manager),
            hubs,
            nginx,
            _database: database,
        }
    }

    /// A hub that runs already, in a container; session-manager is reached by it
    /// alone.
    async fn around(running: &Running, options: &Options) -> Self {
        let process = Process {
            address: running.address.clone(),
            pid: running.pid,
        };
        let (nginx, hub) = hub_target(vec![process], &running.password, options).await;
        Self {
            targets: vec![hub],
            manager: None,
            hubs: Vec::new(),
            nginx,
            _database: None,
        }
    }

    /// What the services wrote of defects: whoever is attacked neither panics nor
    /// says that it is defective.
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

/// The hubs as a target, with nginx before them if it is wanted; and with those
/// whom it knows.
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
    };
    (nginx, target)
}

/// Who attacks. By tokens: wrong passwords of an attack keep out whoever shows a
/// right one from the same address, and not a token.
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
            // A hub that runs already may have been attacked before.
            let is_there = status == 409 && path == "/api/users";
            assert!(status == 201 || is_there, "{status} {made}");
            made
        };
        // The flood deletes whatever has the number 1: nobody of those here.
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
        let of_business = ["read", "send", "campaigns", "link"];
        Self {
            all: token(&["admin"], None).await,
            lesser: vec![
                token(&["read"], None).await,
                token(&of_business, Some(51)).await,
                token(&["read"], Some(51)).await,
            ],
        }
    }
}

/// Attacks the pair, and tells `say` a line for each attack.
pub async fn run(options: &Options, mut say: impl FnMut(String)) -> Outcome {
    let stage = Stage::set(options).await;
    let mut outcome = Outcome {
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
    // Those who are not attacked are looked at as well: none takes another along.
    let others: Vec<_> = all.iter().filter(|it| it.name != target.name).collect();
    let (watch, beside) = (Watch::start(&[target]), Watch::start(&others));
    let statuses = attack.run(target, options).await;
    let (seen, beside) = (watch.end().await, beside.end().await);
    let mut answers = BTreeMap::new();
    for status in statuses {
        *answers.entry(status).or_default() += 1;
    }
    let mut broken = judged(attack, &answers, &seen, options);
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

/// Looks at the health of processes and at what they take.
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

    /// The worst of all of them.
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
        // A connection that is refused is asked for again: its time counts on.
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
