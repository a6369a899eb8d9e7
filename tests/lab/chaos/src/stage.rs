//! Runs the chaos test, from the first start to the final checks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::Instant;
use whatsapp_standin::{Phone, Settings, Standin};

use super::clock::{Clock, lock};
use super::faults::FaultTargets;
use super::final_state::{HUB, MANAGER, find_leftovers, messages_at_phone};
use super::hub_history;
use super::inbound::{Contacts, Listener, Listeners, file_of};
use super::load::{Load, Progress};
use super::operator::{self, MemoryProbe, MemoryRanges, States};
use super::own_changes::OwnChanges;
use super::plan::{Action, Arrival, Change, Lane, Plan};
use super::record::{ChangedMessage, HubMessage, Memory, Record, Served, Written};
use super::relink::{Relinking, Writings};
use super::report::Figures;
use super::supervisor::Supervised;
use super::verdict::{ack_of, is_published, judge, required_ack, short};
use super::{ChaosResult, Options};

/// How long, after the last fault, all sends may take.
const SEND_PATIENCE: Duration = Duration::from_secs(240);
const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);
/// Maximum memory growth that counts as flat. Allocators keep some freed memory, and a page keeps
/// its messages.
const MAX_GROWTH_KIB: [(&str, u64); 3] = [
    ("session-manager", 8 * 1024),
    ("central-hub", 8 * 1024),
    ("Chrome", 48 * 1024),
];

/// Runs a plan, and reports progress to `report`, line by line.
///
/// # Panics
/// If the services cannot even be started and linked.
pub async fn run(options: Options, report: impl Fn(String)) -> ChaosResult {
    let plan = Plan::new(options.seed, options.amount.clone());
    report(format!(
        "seed {}: {} sends, {} kills and restarts, {} other faults, {} inbound messages, {} changes of them, within {} s",
        plan.seed,
        plan.sends(),
        plan.kills.len(),
        plan.other_faults.len(),
        plan.leads.len(),
        plan.contact_changes.len(),
        plan.amount.length_ms / 1000,
    ));
    let stage = Stage::set_up(&plan, &options).await;
    let record = stage.run_plan(&plan, &report).await;
    let violations = judge(&record);
    let figures = Figures::from(&record);
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
    listeners: Arc<Listeners>,
    targets: FaultTargets,
    memory_probe: MemoryProbe,
    states: States,
    memory_ranges: MemoryRanges,
    contacts: Contacts,
    relinking: Arc<Relinking>,
    progress: Arc<Progress>,
    /// The id of the file that is sent.
    file: String,
    options: Options,
}

impl Stage {
    /// Starts both services and links the session.
    async fn set_up(plan: &Plan, options: &Options) -> Self {
        let client = harness::http();
        let settings = Settings {
            read_ack: Some(Duration::from_millis(300)),
            ..Settings::default()
        };
        let standin = harness::start_standin(settings.clone()).await;
        let phone = standin.phone();
        for number in plan.numbers_without_whatsapp() {
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
        let (writings, relinking) = (Arc::<Writings>::default(), Arc::<Relinking>::default());
        let contacts = Contacts {
            phone: phone.clone(),
            clock: clock.clone(),
            writings: writings.clone(),
            relinking: relinking.clone(),
        };
        let targets = FaultTargets {
            clock: clock.clone(),
            phone,
            settings,
            manager: manager.clone(),
            hub: hub.clone(),
            tokens,
            listeners: listeners.clone(),
            injected: Arc::default(),
            writings,
            relinking: relinking.clone(),
        };
        let memory_probe = MemoryProbe {
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
            targets,
            memory_probe,
            states: Arc::default(),
            memory_ranges: Arc::default(),
            contacts,
            relinking,
            progress: Arc::default(),
            file,
            options: options.clone(),
        }
    }

    async fn run_plan(self, plan: &Plan, report: &impl Fn(String)) -> Record {
        let phone = self.standin.phone();
        let mut observers = JoinSet::new();
        observers.spawn(operator::operate(
            self.manager.url.clone(),
            phone.clone(),
            self.clock.clone(),
            self.states.clone(),
            self.relinking.clone(),
        ));
        observers.spawn(operator::record_memory(
            self.memory_probe.clone(),
            self.memory_ranges.clone(),
        ));
        let mut load = Load::new(
            &self.clock,
            &self.hub.url,
            &self.manager.url,
            &self.file,
            &self.progress,
            OwnChanges::new(&self.hub.url, &self.manager.url, self.contacts.clone()),
        );
        load.start(&plan.lanes);
        let mut chaos = JoinSet::new();
        for faults in [&plan.kills, &plan.other_faults] {
            let targets = self.targets.clone();
            chaos.spawn(targets.inject_all(faults.clone(), plan.amount.length_ms));
        }
        chaos.spawn(self.contacts.clone().write(plan.leads.clone()));
        let changes = plan.contact_changes.clone();
        chaos.spawn(
            self.contacts
                .clone()
                .change(changes, self.listeners.clone()),
        );
        let breaking = async { while chaos.join_next().await.is_some() {} };
        self.report_during(plan, report, breaking).await;
        self.targets.end_all();
        report(
            "all faults have ended: waiting until every message is sent and published".to_owned(),
        );
        let all_sent = self
            .report_during(plan, report, load.finish(SEND_PATIENCE))
            .await;
        if !all_sent {
            self.clock
                .record_unexpected("not every message was sent, and changed, in time");
        }
        self.report_during(plan, report, self.settle(&load)).await;
        let memory = self
            .report_during(plan, report, self.run_without_faults(plan, &mut load))
            .await;
        let ledger_statuses = self.settle(&load).await;
        let record = Record {
            ledger_statuses,
            memory,
            changed_messages: self.changed_messages().await,
            hub_history: self
                .report_during(plan, report, self.hub_history(&load))
                .await,
            ..Record::default()
        };
        let files = self.request_files(&record.hub_history);
        let files = self.report_during(plan, report, files).await;
        observers.shutdown().await;
        report("stopping".to_owned());
        self.finish(&load, Record { files, ..record }).await
    }

    /// Reports progress until `work` is done.
    async fn report_during<T>(
        &self,
        plan: &Plan,
        report: &impl Fn(String),
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = std::pin::pin!(work);
        let mut tick = tokio::time::interval(PROGRESS_INTERVAL);
        tick.tick().await;
        loop {
            tokio::select! {
                done = &mut work => return done,
                _ = tick.tick() => report(self.progress_line(plan)),
            }
        }
    }

    fn progress_line(&self, plan: &Plan) -> String {
        let seconds = self.clock.ms() / 1000;
        let value = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        let injected = lock(&self.targets.injected);
        let kills = injected
            .iter()
            .filter(|fault| fault.hit && fault.action.is_kill())
            .count();
        let last = injected
            .last()
            .map_or("nothing", |fault| fault.action.name());
        let state = lock(&self.states)
            .last()
            .map_or_else(String::new, |(_, state)| state.clone());
        format!(
            "{:>3}:{:02}  sent {} of {} requested, {} planned, {} retries  kills {kills}, faults {}  received {} of {}  {state}, last: {last}",
            seconds / 60,
            seconds % 60,
            value(&self.progress.finished),
            value(&self.progress.requested),
            plan.sends(),
            value(&self.progress.retries),
            injected.len() - kills,
            self.received_count(),
            lock(&self.contacts.writings.messages).len(),
        )
    }

    /// Returns the number of messages that every listener has received.
    fn received_count(&self) -> usize {
        let counts = self.listeners.values().map(Listener::count);
        counts.min().unwrap_or_default()
    }

    /// Waits until all messages are stored, acknowledged and published. Returns the ledger's status
    /// of each message, by id.
    async fn settle(&self, load: &Load) -> BTreeMap<String, String> {
        let patience = Duration::from_millis(self.options.amount.settle_ms);
        let deadline = Instant::now() + patience;
        let mut ledger_statuses = BTreeMap::new();
        loop {
            let phone = self.standin.phone();
            let writings = self.contacts.writings.to_record();
            let at_phone: BTreeMap<_, _> = messages_at_phone(&phone, &writings.own_changes)
                .into_iter()
                .map(|message| (message.id.clone(), message))
                .collect();
            let lost_receipts = self.relinking.lost_receipts();
            let mut unsettled = 0;
            for message in load.messages() {
                let Some(id) = message.ids().next() else {
                    continue;
                };
                let required = required_ack(at_phone.get(short(id)), &lost_receipts);
                if ledger_statuses
                    .get(id)
                    .is_some_and(|status: &String| ack_of(status) >= required)
                {
                    continue;
                }
                let status = self.status_of(id).await;
                unsettled += usize::from(ack_of(&status) < required);
                ledger_statuses.insert(id.to_owned(), status);
            }
            let mut received = self.listeners.values().map(Listener::received);
            let published = received.all(|received| is_published(&writings, &received));
            let state = operator::state(&self.client, &self.manager.url).await;
            if (unsettled == 0 && published && state == "READY") || Instant::now() > deadline {
                return ledger_statuses;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// Waits until the hub's history is what it must be. Returns it in any case.
    async fn hub_history(&self, load: &Load) -> Vec<HubMessage> {
        let deadline = Instant::now() + Duration::from_millis(self.options.amount.settle_ms);
        loop {
            let mut record = self.contacts.writings.to_record();
            record.messages = load.messages();
            let history = hub_history::read(&self.client, &self.hub.url).await;
            record.hub_history = history.unwrap_or_default();
            let published = self.listeners["session-manager"].received();
            let is_right = hub_history::differences(&record, &published).is_empty();
            if is_right || Instant::now() > deadline {
                return record.hub_history;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// Returns what session-manager says of the messages that were edited or deleted, by id.
    async fn changed_messages(&self) -> BTreeMap<String, ChangedMessage> {
        let own_changes = lock(&self.contacts.writings.own_changes).clone();
        let mut changed = BTreeMap::new();
        for change in own_changes {
            let body = self.message(&change.message_id).await;
            let message = ChangedMessage {
                edited: !body["edited_at"].is_null(),
                deleted: !body["deleted_at"].is_null(),
                unsettled: body["unsettled_change"].as_str().map(ToOwned::to_owned),
            };
            changed.insert(change.message_id, message);
        }
        changed
    }

    /// Requests each received file from both services, until it is served; or, if its message was
    /// deleted, until it is not.
    async fn request_files(&self, hub_history: &[HubMessage]) -> Vec<Served> {
        let deadline = Instant::now() + Duration::from_millis(self.options.amount.settle_ms);
        let received = self.listeners["session-manager"].received();
        let contact_changes = lock(&self.contacts.writings.contact_changes).clone();
        let is_deleted = |id: &str| {
            let mut events = received.changes.iter();
            if events.any(|event| event.message_id == id && event.change == Change::Delete) {
                return true;
            }
            // Of a message that was deleted before it was published nothing is published.
            let mut made = contact_changes.iter();
            let mut messages = received.messages.iter();
            made.any(|made| made.message_id == id && made.change == Change::Delete)
                && !messages.any(|event| event.message_id == id)
        };
        let relinked_ms = lock(&self.targets.injected)
            .iter()
            .filter(|fault| fault.action == Action::Relink)
            .map(|fault| fault.end_ms)
            .max();
        let written = lock(&self.contacts.writings.messages).clone();
        let mut files = Vec::new();
        for message in written
            .iter()
            .filter(|message| message.arrival == Arrival::File)
        {
            let id = &message.message_id;
            let is_deleted = is_deleted(id);
            let path = format!("/messages/{}/media", id.replace('@', "%40"));
            let mut urls = vec![("session-manager", format!("{}{path}", self.manager.url))];
            let mut in_history = hub_history.iter();
            if let Some(at_hub) = in_history.find(|it| short(&it.message_id) == short(id)) {
                let path = format!("/listener/messages/{}/media", at_hub.id);
                urls.push(("central-hub", format!("{}/api{path}", self.hub.url)));
            }
            for (service, url) in urls {
                let served = Served {
                    service: service.to_owned(),
                    message_id: id.clone(),
                    is_deleted,
                    status: 0,
                    is_whole: false,
                    may_be_gone: relinked_ms.is_some_and(|at_ms| message.at_ms <= at_ms),
                };
                files.push(self.request_file(&url, message, served, deadline).await);
            }
        }
        files
    }

    /// Requests a file until it is served, or is not if it was deleted.
    async fn request_file(
        &self,
        url: &str,
        message: &Written,
        mut served: Served,
        deadline: Instant,
    ) -> Served {
        loop {
            if let Ok(response) = self.client.get(url).send().await {
                served.status = response.status().as_u16();
                let bytes = response.bytes().await;
                served.is_whole = served.status == 200
                    && bytes.is_ok_and(|bytes| bytes == file_of(&message.text));
            }
            let is_final = match served.status {
                0 => false,
                200 => !served.is_deleted,
                400..500 => served.is_deleted || served.may_be_gone,
                _ => served.is_deleted,
            };
            if is_final || Instant::now() > deadline {
                return served;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    async fn status_of(&self, id: &str) -> String {
        let body = self.message(id).await;
        let status = body["status"].as_str().or_else(|| body["code"].as_str());
        status.unwrap_or("no answer").to_owned()
    }

    async fn message(&self, id: &str) -> Value {
        let path = format!("/messages/{}", id.replace('@', "%40"));
        operator::get(&self.client, &self.manager.url, &path).await
    }

    /// Runs the same load twice, and measures memory before and after the
    /// second run.
    async fn run_without_faults(&self, plan: &Plan, load: &mut Load) -> Vec<Memory> {
        let half = plan.amount.fault_free_rounds / 2;
        let half_of = |first: bool| -> Vec<Lane> {
            let mut lanes = plan.fault_free_lanes.clone();
            for lane in &mut lanes {
                let second_half = lane.sends.split_off(half);
                if !first {
                    lane.sends = second_half;
                }
            }
            lanes
        };
        let mut measurements = Vec::new();
        for first in [true, false] {
            load.start(&half_of(first));
            if !load.finish(SEND_PATIENCE).await {
                self.clock
                    .record_unexpected("not every message was sent after the faults had ended");
            }
            self.settle(load).await;
            measurements.push(self.memory_probe.measure_at_rest().await);
        }
        let memory_ranges = lock(&self.memory_ranges);
        MAX_GROWTH_KIB
            .into_iter()
            .filter_map(|(process, max_growth_kib)| {
                Some(Memory {
                    process: process.to_owned(),
                    before_kib: *measurements[0].get(process)?,
                    after_kib: *measurements[1].get(process)?,
                    max_growth_kib,
                    range_kib: memory_ranges.get(process).copied()?,
                })
            })
            .collect()
    }

    /// Stops everything, and completes the record.
    async fn finish(self, load: &Load, record: Record) -> Record {
        let events_by_service = self.listeners.iter();
        let events_by_service =
            events_by_service.map(|(name, listener)| ((*name).to_owned(), listener.stop()));
        let events_by_service = events_by_service.collect();
        self.hub.stop().await;
        self.manager.stop().await;
        let phone = self.standin.phone();
        let leftovers = find_leftovers(&self.options.folder).await;
        let starts = [
            ("session-manager", &self.manager),
            ("central-hub", &self.hub),
        ];
        let writings = self.contacts.writings.to_record();
        let record = Record {
            messages: load.messages(),
            phone: messages_at_phone(&phone, &writings.own_changes),
            written: writings.written,
            contact_changes: writings.contact_changes,
            own_changes: writings.own_changes,
            forgotten: writings.forgotten,
            events_by_service,
            injected: lock(&self.targets.injected).clone(),
            states: lock(&self.states).clone(),
            lost_receipts: self.relinking.lost_receipts(),
            dropped_by_server: phone.state().duplicates,
            starts: starts
                .map(|(name, service)| (name.to_owned(), service.starts()))
                .into(),
            unexpected: self.clock.unexpected(),
            leftovers,
            ..record
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
    let response = request.send().await.expect("session-manager answers");
    let body: Value = response.json().await.expect("a body");
    let id = body["file_id"].as_str();
    id.unwrap_or_else(|| panic!("the upload returned no file id: {body}"))
        .to_owned()
}

async fn link(client: &reqwest::Client, manager: &str, phone: &Phone) {
    let response = client.post(format!("{manager}/connect")).send().await;
    response.expect("session-manager answers");
    let deadline = Instant::now() + harness::PATIENCE;
    loop {
        match &*operator::state(client, manager).await {
            "READY" => return,
            "QR_REQUIRED" => drop(phone.scan_current()),
            state if Instant::now() > deadline => {
                let session = operator::get(client, manager, "/session").await;
                panic!("the session was not ready for the start, but {state}: {session:#}");
            }
            _ => {}
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
