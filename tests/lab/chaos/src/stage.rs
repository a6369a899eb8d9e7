//! Runs the chaos test, from the first start to the final checks.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::Instant;
use whatsapp_standin::{Phone, Settings, Standin};

use super::aftermath::{HUB, MANAGER, at_phone, left};
use super::clock::{Clock, locked};
use super::faults::Breakable;
use super::inbound::{self, Listener, file_of};
use super::load::{Load, Progress};
use super::plan::{Action, Lane, Plan, Way};
use super::record::{Memory, Record, Served, Written};
use super::relink::Relinking;
use super::report::Figures;
use super::supervise::Supervised;
use super::verdict::{ack_of, judge, short, wanted};
use super::watch::{self, Seen, States, Weighed};
use super::{ChaosResult, Options};

/// How long, after the last fault, all sends may take.
const SEND_PATIENCE: Duration = Duration::from_secs(240);
const SAY_EVERY: Duration = Duration::from_secs(5);
/// Maximum memory growth that counts as flat. Allocators keep some freed memory, and a page keeps
/// its messages.
const MOST_GROWTH_KIB: [(&str, u64); 3] = [
    ("session-manager", 8 * 1024),
    ("central-hub", 8 * 1024),
    ("Chrome", 48 * 1024),
];

/// Runs a plan, and reports progress to `say`, line by line.
///
/// # Panics
/// If the services cannot even be started and linked.
pub async fn run(options: Options, say: impl Fn(String)) -> ChaosResult {
    let plan = Plan::new(options.seed, options.amount.clone());
    say(format!(
        "seed {}: {} sends, {} kills and restarts, {} other faults, {} messages in, within {} s",
        plan.seed,
        plan.sends(),
        plan.kills.len(),
        plan.troubles.len(),
        plan.leads.len(),
        plan.amount.length_ms / 1000,
    ));
    let stage = Stage::set(&plan, &options).await;
    let record = stage.play(&plan, &say).await;
    let violations = judge(&record);
    let figures = Figures::of(&record);
    ChaosResult {
        plan,
        record,
        violations,
        figures,
    }
}

/// All running parts.
struct Stage {
    clock: Clock,
    client: reqwest::Client,
    standin: Standin,
    manager: Arc<Supervised>,
    hub: Arc<Supervised>,
    listeners: Arc<BTreeMap<&'static str, Listener>>,
    breakable: Breakable,
    weighed: Weighed,
    states: States,
    seen: Seen,
    written: Arc<Mutex<Vec<Written>>>,
    relinking: Arc<Relinking>,
    progress: Arc<Progress>,
    /// The id of the file that is sent.
    file: String,
    options: Options,
}

impl Stage {
    /// Starts both services and links the session.
    async fn set(plan: &Plan, options: &Options) -> Self {
        let client = harness::http();
        let settings = Settings {
            read_ack: Some(Duration::from_millis(300)),
            ..Settings::default()
        };
        let standin = harness::standin(settings.clone()).await;
        let phone = standin.phone();
        for number in plan.nobodies() {
            phone.set_on_whatsapp(number, false).expect("a number");
        }
        let clock = Clock::start();
        let folder = options.folder.join(MANAGER);
        let tokens = folder.join("tokens");
        let mut variables = vec![
            ("WHATSAPP_WEB_URL".to_owned(), standin.web_url()),
            ("TOKENS_DIR".to_owned(), tokens.display().to_string()),
            // The restart budget must not end the run.
            ("RESTART_BUDGET".to_owned(), "1000".to_owned()),
            ("RESTART_WINDOW_SECONDS".to_owned(), "20".to_owned()),
        ];
        variables.extend(options.variables.iter().cloned());
        let manager = Supervised::start("session-manager", &folder, variables, &clock).await;
        let variables = vec![
            ("SESSION_MANAGER_BASE_URL".to_owned(), manager.url.clone()),
            ("DRY_RUN".to_owned(), "false".to_owned()),
        ];
        let folder = options.folder.join(HUB);
        let hub = Supervised::start("central-hub", &folder, variables, &clock).await;
        link(&client, &manager.url, &phone).await;
        let file = upload(&client, &manager.url).await;
        // The plan's times start here.
        clock.restart();
        let (manager, hub) = (Arc::new(manager), Arc::new(hub));
        let listener = |base: &str, path: &str| Listener::start(format!("{base}{path}"), &clock);
        let listeners = Arc::new(BTreeMap::from([
            ("session-manager", listener(&manager.url, "/events")),
            ("central-hub", listener(&hub.url, "/api/events")),
        ]));
        let written = Arc::default();
        let relinking = Arc::new(Relinking::new(&written));
        let breakable = Breakable {
            clock: clock.clone(),
            phone,
            settings,
            manager: manager.clone(),
            hub: hub.clone(),
            tokens,
            listeners: listeners.clone(),
            struck: Arc::default(),
            relinking: relinking.clone(),
        };
        let weighed = Weighed {
            manager: manager.clone(),
            hub: hub.clone(),
        };
        Self {
            clock,
            client,
            standin,
            manager,
            hub,
            listeners,
            breakable,
            weighed,
            states: Arc::default(),
            seen: Arc::default(),
            written,
            relinking,
            progress: Arc::default(),
            file,
            options: options.clone(),
        }
    }

    async fn play(self, plan: &Plan, say: &impl Fn(String)) -> Record {
        let phone = self.standin.phone();
        let mut on_lookers = JoinSet::new();
        on_lookers.spawn(watch::operate(
            self.manager.url.clone(),
            phone.clone(),
            self.clock.clone(),
            self.states.clone(),
            self.relinking.clone(),
        ));
        on_lookers.spawn(watch::weigh(self.weighed.clone(), self.seen.clone()));
        let mut load = Load::new(
            &self.clock,
            &self.hub.url,
            &self.manager.url,
            &self.file,
            &self.progress,
        );
        load.begin(&plan.lanes);
        let mut chaos = JoinSet::new();
        for faults in [&plan.kills, &plan.troubles] {
            let breakable = self.breakable.clone();
            chaos.spawn(breakable.strike_all(faults.clone(), plan.amount.length_ms));
        }
        chaos.spawn(inbound::write(
            plan.leads.clone(),
            phone,
            self.clock.clone(),
            self.written.clone(),
            self.relinking.quiet(),
        ));
        let breaking = async { while chaos.join_next().await.is_some() {} };
        self.telling(plan, say, breaking).await;
        self.breakable.mend();
        say("nothing is broken any more: waiting until all is sent and told".to_owned());
        let all_sent = self.telling(plan, say, load.finish(SEND_PATIENCE)).await;
        if !all_sent {
            self.clock.odd("not all was sent in time");
        }
        self.telling(plan, say, self.settle(&load)).await;
        let memory = self.telling(plan, say, self.calm(plan, &mut load)).await;
        let kept = self.settle(&load).await;
        let files = self.telling(plan, say, self.files()).await;
        on_lookers.shutdown().await;
        say("stopping".to_owned());
        self.end(&load, memory, kept, files).await
    }

    /// Reports progress until `work` is done.
    async fn telling<T>(
        &self,
        plan: &Plan,
        say: &impl Fn(String),
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = std::pin::pin!(work);
        let mut tick = tokio::time::interval(SAY_EVERY);
        tick.tick().await;
        loop {
            tokio::select! {
                done = &mut work => return done,
                _ = tick.tick() => say(self.how_far(plan)),
            }
        }
    }

    fn how_far(&self, plan: &Plan) -> String {
        let seconds = self.clock.ms() / 1000;
        let of = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        let struck = locked(&self.breakable.struck);
        let kills = struck
            .iter()
            .filter(|s| s.hit && s.action.is_kill())
            .count();
        let last = struck.last().map_or("nothing", |s| s.action.name());
        let state = locked(&self.states)
            .last()
            .map_or_else(String::new, |s| s.1.clone());
        format!(
            "{:>3}:{:02}  sent {} of {} asked for, {} planned, {} retries  kills {kills}, faults {}  in {} of {}  {state}, last: {last}",
            seconds / 60,
            seconds % 60,
            of(&self.progress.over),
            of(&self.progress.asked),
            plan.sends(),
            of(&self.progress.retries),
            struck.len() - kills,
            self.heard(),
            locked(&self.written).len(),
        )
    }

    /// Returns the number of messages that every listener has received.
    fn heard(&self) -> usize {
        let counts = self.listeners.values().map(Listener::count);
        counts.min().unwrap_or_default()
    }

    /// Waits until all messages are stored, acknowledged and published. Returns the ledger's status
    /// of each message, by id.
    async fn settle(&self, load: &Load) -> BTreeMap<String, String> {
        let patience = Duration::from_millis(self.options.amount.settle_ms);
        let deadline = Instant::now() + patience;
        let mut kept = BTreeMap::new();
        loop {
            let acks: BTreeMap<String, i8> = at_phone(&self.standin.phone())
                .into_iter()
                .map(|message| (message.id, message.ack))
                .collect();
            let lost_receipts = self.relinking.lost_receipts();
            let mut open = 0;
            for message in load.messages() {
                let Some(id) = message.ids().next() else {
                    continue;
                };
                let acked = acks.get(short(id)).copied();
                let wanted = wanted(short(id), acked, &lost_receipts);
                if kept
                    .get(id)
                    .is_some_and(|kept: &String| ack_of(kept) >= wanted)
                {
                    continue;
                }
                let status = self.status_of(id).await;
                open += usize::from(ack_of(&status) < wanted);
                kept.insert(id.to_owned(), status);
            }
            let told = self.heard() >= locked(&self.written).len();
            let state = watch::state(&self.client, &self.manager.url).await;
            if (open == 0 && told && state == "READY") || Instant::now() > deadline {
                return kept;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// Requests each received file, until it is served.
    async fn files(&self) -> Vec<Served> {
        let deadline = Instant::now() + Duration::from_millis(self.options.amount.settle_ms);
        let relinked = locked(&self.breakable.struck)
            .iter()
            .filter(|struck| struck.action == Action::Relink)
            .map(|struck| struck.over_ms)
            .max();
        let written = locked(&self.written).clone();
        let mut files = Vec::new();
        for one in written.iter().filter(|one| one.way == Way::File) {
            let id = one.message_id.replace('@', "%40");
            let url = format!("{}/messages/{id}/media", self.manager.url);
            let (mut status, mut is_whole) = (0, false);
            loop {
                if let Ok(response) = self.client.get(&url).send().await {
                    status = response.status().as_u16();
                    let bytes = response.bytes().await;
                    is_whole = status == 200 && bytes.is_ok_and(|it| it == file_of(&one.text));
                }
                if status == 200 || Instant::now() > deadline {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            files.push(Served {
                message_id: one.message_id.clone(),
                status,
                is_whole,
                may_be_gone: relinked.is_some_and(|at_ms| one.at_ms <= at_ms),
            });
        }
        files
    }

    async fn status_of(&self, id: &str) -> String {
        let url = format!("{}/messages/{}", self.manager.url, id.replace('@', "%40"));
        let body: Value = match self.client.get(url).send().await {
            Ok(response) => response.json().await.unwrap_or_default(),
            Err(_) => Value::Null,
        };
        let said = body["status"].as_str().or_else(|| body["code"].as_str());
        said.unwrap_or("no answer").to_owned()
    }

    /// Runs the same load twice, and measures memory before and after the
    /// second run.
    async fn calm(&self, plan: &Plan, load: &mut Load) -> Vec<Memory> {
        let half = plan.amount.calm_rounds / 2;
        let halves = |first: bool| -> Vec<Lane> {
            let mut lanes = plan.calm.clone();
            for lane in &mut lanes {
                let rest = lane.sends.split_off(half);
                if !first {
                    lane.sends = rest;
                }
            }
            lanes
        };
        let mut looks = Vec::new();
        for first in [true, false] {
            load.begin(&halves(first));
            if !load.finish(SEND_PATIENCE).await {
                self.clock.odd("not all was sent in calm");
            }
            self.settle(load).await;
            looks.push(self.weighed.in_rest().await);
        }
        let seen = locked(&self.seen);
        MOST_GROWTH_KIB
            .into_iter()
            .filter_map(|(of, most_growth_kib)| {
                Some(Memory {
                    of: of.to_owned(),
                    before_kib: *looks[0].get(of)?,
                    after_kib: *looks[1].get(of)?,
                    most_growth_kib,
                    seen_kib: seen.get(of).copied()?,
                })
            })
            .collect()
    }

    async fn end(
        self,
        load: &Load,
        memory: Vec<Memory>,
        kept: BTreeMap<String, String>,
        files: Vec<Served>,
    ) -> Record {
        let ears = self.listeners.iter();
        let ears = ears.map(|(name, listener)| ((*name).to_owned(), listener.end()));
        let ears = ears.collect();
        self.hub.stop().await;
        self.manager.stop().await;
        let phone = self.standin.phone();
        let left = left(&self.options.folder).await;
        let starts = [
            ("session-manager", &self.manager),
            ("central-hub", &self.hub),
        ];
        let record = Record {
            messages: load.messages(),
            phone: at_phone(&phone),
            kept,
            files,
            written: locked(&self.written).clone(),
            ears,
            struck: locked(&self.breakable.struck).clone(),
            states: locked(&self.states).clone(),
            lost_receipts: self.relinking.lost_receipts(),
            dropped_by_server: phone.state().duplicates,
            starts: starts
                .map(|(name, service)| (name.to_owned(), service.starts()))
                .into(),
            memory,
            oddities: self.clock.oddities(),
            left,
        };
        self.standin.stop().await;
        record
    }
}

/// Uploads a file. Returns its id.
async fn upload(client: &reqwest::Client, manager: &str) -> String {
    let file = reqwest::multipart::Part::bytes(b"precios\n".to_vec()).file_name("precios.txt");
    let form = reqwest::multipart::Form::new().part("file", file);
    let request = client.post(format!("{manager}/files")).multipart(form);
    let answer = request.send().await.expect("session-manager answers");
    let body: Value = answer.json().await.expect("a body");
    let id = body["file_id"].as_str();
    id.unwrap_or_else(|| panic!("no file: {body}")).to_owned()
}

async fn link(client: &reqwest::Client, manager: &str, phone: &Phone) {
    let connected = client.post(format!("{manager}/connect")).send().await;
    connected.expect("session-manager answers");
    let deadline = Instant::now() + harness::PATIENCE;
    loop {
        match &*watch::state(client, manager).await {
            "READY" => return,
            "QR_REQUIRED" => drop(phone.scan_current()),
            state if Instant::now() > deadline => {
                let session = watch::get(client, manager, "/session").await;
                panic!("no session to begin with, but {state}: {session:#}");
            }
            _ => {}
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
