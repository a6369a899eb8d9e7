//! Drives the session: the only task (actor) that owns the browser and the machine.
//!
//! ```text
//!  commands ─┐                      ┌─> effects: launch, close, refresh, wipe
//!  browser  ─┼─> Input ─> Machine ──┤        (each in its own task, whose
//!  timers   ─┤                      │         result comes back as Done)
//!  Done     ─┘                      └─> publisher
//! ```
//!
//! The driver never waits for the browser: a wedged Chrome can block a task, but not the driver.

use std::time::Duration;

use metrics::counter;
use service_runtime::env::mask_userinfo;
use session_api::{BrowserInfo, SelfTest, SessionState, Timestamp};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use self::garbage_collection::GcSchedule;
use super::cause::Cause;
use super::handle::{
    AskError, Command, LogoutOutcome, MAILBOX, OfflineJob, OfflineReply, SessionHandle,
};
use super::inbox::Inbox;
use super::machine::{BrowserPhase, Effect, Input, Intent, Limits, Machine, Passkey};
use super::publisher::{Publisher, RuntimeInfo};
use super::timers::{Due, Timers};
use crate::browser::{
    self, Browser, BrowserConfig, BrowserEvent, Events, PageError, PageReport, WhatsAppPage,
};
use crate::event_log::EventLog;
use crate::failure::Failure;

/// How long a logout may wait for the page to load and connect.
const LOGOUT_TIMEOUT: Duration = Duration::from_secs(40);

/// How long wa-js may take to load before the self-test runs without it.
const SELF_TEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The intervals and timeouts of the page's heartbeat.
#[derive(Clone, Copy, Debug)]
pub struct HeartbeatConfig {
    /// The interval between two heartbeats.
    pub heartbeat_every: Duration,
    /// The timeout of one heartbeat.
    pub heartbeat_deadline: Duration,
    /// How long a page may display neither a code nor a session.
    pub boot_patience: Duration,
}

/// A running browser and its event stream.
struct Launched {
    browser: Box<Browser>,
    events: Events,
}

/// The result of a driver task.
enum Done {
    Launched(Result<Launched, Option<Failure>>),
    /// The browser was closed; says whether it ended by itself.
    Closed(bool),
    OfflineJob(OfflineReply),
    Heartbeat(u64, Box<Result<PageReport, PageError>>),
    Diagnosed(u64, Failure),
    SelfTest(SelfTest),
    LoggedOut(Result<(), PageError>),
}

/// The state of the browser process.
enum Slot {
    Empty,
    Launching(CancellationToken),
    Running(Launched),
    Closing,
}

/// How to end a browser that is no longer usable.
#[derive(Clone, Copy)]
enum Ending {
    Close,
    Kill,
}

/// A logout that waits for the page.
struct PendingLogout {
    reply: oneshot::Sender<LogoutOutcome>,
    started: bool,
}

/// A job on the closed profile, which waits for Chrome to close or is running.
enum PendingJob {
    Waiting(OfflineJob),
    Running,
}

/// The session driver. See the diagram in the module documentation.
pub struct SessionDriver {
    machine: Machine,
    config: BrowserConfig,
    heartbeat: HeartbeatConfig,
    publisher: Publisher,
    runtime: RuntimeInfo,
    inbox: Inbox,
    page: watch::Sender<Option<WhatsAppPage>>,
    commands: mpsc::Receiver<Command>,
    ledger: watch::Receiver<Option<String>>,
    slot: Slot,
    /// The number of this browser, by which results of an earlier browser are recognized.
    launches: u64,
    missed_beats: u32,
    /// Whether the page was reloaded for missed heartbeats since its last
    /// answer.
    reloaded_for_beats: bool,
    /// How many remedies were tried since the last WhatsApp ack, because none arrived.
    ack_remedies: u32,
    /// Whether this browser's page has reported yet.
    page_reported: bool,
    done: mpsc::UnboundedSender<Done>,
    done_queue: mpsc::UnboundedReceiver<Done>,
    timers: Timers,
    logout: Option<PendingLogout>,
    offline_job: Option<PendingJob>,
    gc: GcSchedule,
    /// Whether the last browser exited by itself, with everything flushed.
    closed_cleanly: bool,
    when_gone: Vec<oneshot::Sender<SessionState>>,
}

impl SessionDriver {
    /// Creates a driver and its handle; [`Self::run`] starts the work. `ledger` holds the reason
    /// while the ledger is unusable. Events are published to `log`, and the page's messages are put
    /// into `inbox`.
    #[must_use]
    pub fn new(
        config: BrowserConfig,
        limits: Limits,
        heartbeat: HeartbeatConfig,
        mut ledger: watch::Receiver<Option<String>>,
        log: EventLog,
        inbox: Inbox,
    ) -> (Self, SessionHandle) {
        let now = Timestamp::now();
        let machine = Machine::new(limits, config.profile.is_linked(), now);
        // The initial value has to be handled as well.
        ledger.mark_changed();
        let mut runtime = RuntimeInfo::default();
        runtime.page.url = mask_userinfo(config.page_url.as_str());
        let publisher = Publisher::new(&machine, &runtime, log.clone());
        let (commands, mailbox) = mpsc::channel(MAILBOX);
        let (page, page_reader) = watch::channel(None);
        let (done, done_queue) = mpsc::unbounded_channel();
        let handle = SessionHandle {
            commands,
            snapshot: publisher.subscribe(),
            page: page_reader,
            log,
        };
        let driver = Self {
            machine,
            config,
            heartbeat,
            publisher,
            runtime,
            inbox,
            page,
            commands: mailbox,
            ledger,
            slot: Slot::Empty,
            launches: 0,
            missed_beats: 0,
            reloaded_for_beats: false,
            ack_remedies: 0,
            page_reported: false,
            done,
            done_queue,
            timers: Timers::default(),
            logout: None,
            offline_job: None,
            gc: GcSchedule::default(),
            closed_cleanly: true,
            when_gone: Vec::new(),
        };
        (driver, handle)
    }

    /// Runs until `stop` is cancelled and the browser is closed.
    pub async fn run(mut self, stop: CancellationToken) {
        self.sweep_earlier_run().await;
        if self.machine.linked() {
            self.apply(Input::Connect(Intent::Resume)).await;
        }
        // The mailbox cannot tell: it also closes when the last handle is dropped.
        let mut stopping = false;
        loop {
            // Stopping has priority, then the browser's exit, so that no request goes to a dead
            // browser. Commands come before timers.
            tokio::select! {
                biased;
                () = stop.cancelled(), if !stopping => {
                    stopping = true;
                    self.commands.close();
                    self.apply(Input::Stop).await;
                }
                Some(done) = self.done_queue.recv() => self.on_task_done(done).await,
                event = next_event(&mut self.slot) => self.on_browser_event(event).await,
                Some(command) = self.commands.recv() => self.on_command(command).await,
                Ok(()) = self.ledger.changed() => {
                    let broken = self.ledger.borrow_and_update().clone();
                    self.apply(Input::Ledger(broken)).await;
                }
                due = self.timers.next() => self.on_timer(due).await,
            }
            if stopping && matches!(self.slot, Slot::Empty) {
                return;
            }
        }
    }

    /// Ends what a killed service left behind, even if no session is wanted now.
    async fn sweep_earlier_run(&self) {
        let profile = &self.config.profile;
        if !profile.root().exists() {
            return;
        }
        if let Err(error) = profile.lock() {
            // This is reported again, as a failure, when a caller wants the session.
            tracing::warn!(%error, "the browser profile is unusable");
            return;
        }
        let tree = browser::ProfileProcesses::of(&profile.user_data_dir());
        let swept = browser::clean_up(&tree, profile, browser::KILL_GRACE).await;
        if swept > 0 {
            tracing::warn!(
                processes = swept,
                "ended chrome processes of an earlier run"
            );
        }
    }

    /// Applies an input to the machine, carries out its effects, and publishes
    /// the new state.
    async fn apply(&mut self, input: Input) {
        let now = Timestamp::now();
        let before = self.machine.state();
        let cause = self.machine.cause().clone();
        let restarts = self.machine.restarts().0;
        let effects = self.machine.apply(input, now);
        for effect in effects {
            self.carry_out(effect, now).await;
        }
        let changed = (self.machine.state(), self.machine.cause()) != (before, &cause);
        // A repeated crash gets a separate log line.
        if changed || self.machine.restarts().0 != restarts {
            self.note_transition(before);
        }
        if self.machine.browser() == BrowserPhase::Gone {
            self.timers.browser_gone();
            for waiting in self.when_gone.drain(..) {
                // The caller may have disconnected.
                let _ = waiting.send(self.machine.state());
            }
        }
        self.timers
            .code_until(self.machine.code().map(|code| code.expires_at));
        let passkey = self.machine.passkey();
        self.timers.passkey_until(passkey.map(Passkey::due_at));
        self.publisher.publish(&self.machine, &self.runtime);
        self.advance_logout();
        self.advance_offline_job();
    }

    fn note_transition(&self, before: SessionState) {
        let (to, cause) = (self.machine.state(), self.machine.cause());
        let (state, code) = (to.as_str(), cause.code());
        counter!("leadmaster_session_transitions_total", "to" => state, "cause" => code)
            .increment(1);
        match cause {
            Cause::Failed(_) => {
                tracing::error!(from = %before, %to, code = cause.code(), "session: {cause}");
            }
            Cause::Reloading(_)
            | Cause::Restarting(_)
            | Cause::ToolsBroken(_)
            | Cause::LinkInDoubt
            | Cause::Unlinked(_)
            | Cause::Conflict => {
                tracing::warn!(from = %before, %to, code = cause.code(), "session: {cause}");
            }
            _ => tracing::info!(from = %before, %to, code = cause.code(), "session: {cause}"),
        }
    }

    async fn carry_out(&mut self, effect: Effect, now: Timestamp) {
        let profile = &self.config.profile;
        match effect {
            Effect::Start => self.start_browser(),
            Effect::Close => self.close_browser(None),
            Effect::WipeProfile => {
                let profile = profile.clone();
                match tokio::task::spawn_blocking(move || profile.wipe()).await {
                    Ok(Ok(())) => tracing::info!("the stored session was deleted"),
                    Ok(Err(error)) => {
                        tracing::error!(%error, "the stored session could not be deleted");
                    }
                    Err(error) => tracing::error!(%error, "deleting the stored session failed"),
                }
            }
            Effect::SetProfileAside => {
                let profile = profile.clone();
                match tokio::task::spawn_blocking(move || profile.set_aside(now)).await {
                    Ok(Ok(kept)) => {
                        let kept = kept.as_deref().map(|path| path.display().to_string());
                        tracing::warn!(
                            kept = kept.unwrap_or_default(),
                            "the stored session was set aside, because WhatsApp requires a new link"
                        );
                    }
                    Ok(Err(error)) => {
                        tracing::error!(%error, "the stored session could not be set aside");
                    }
                    Err(error) => {
                        tracing::error!(%error, "setting the stored session aside failed");
                    }
                }
            }
            Effect::Reload => self.reload_page(),
            Effect::RefreshCode => {
                counter!("leadmaster_code_refreshes_total").increment(1);
                self.refresh_code();
            }
            Effect::CancelPasskey => self.cancel_passkey(),
            Effect::PasskeyStep(step) => Self::note_passkey_step(step),
            Effect::RetryAfter(pause) => self.timers.retry_after(pause),
            Effect::RememberLinked => {
                if let Err(error) = profile.remember_linked(now) {
                    tracing::error!(%error, "the linked marker could not be written");
                }
            }
            Effect::ForgetLinked => {
                if let Err(error) = profile.forget_linked() {
                    tracing::error!(%error, "the linked marker could not be removed");
                }
            }
        }
    }

    fn start_browser(&mut self) {
        let cancel = CancellationToken::new();
        self.slot = Slot::Launching(cancel.clone());
        self.launches += 1;
        self.missed_beats = 0;
        self.reloaded_for_beats = false;
        self.page_reported = false;
        self.gc = GcSchedule::default();
        // This is false until a clean close is reported.
        self.closed_cleanly = false;
        let (config, done) = (self.config.clone(), self.done.clone());
        tokio::spawn(async move {
            let result = browser::launch(&config, &cancel).await;
            // The driver outlives its tasks, since it waits for this result.
            let launched = result.map(|(browser, events)| Launched {
                browser: Box::new(browser),
                events,
            });
            let _ = done.send(Done::Launched(launched));
        });
    }

    /// Closes the browser. After a failure, kills it once the grace period in which it can flush
    /// its data is over.
    fn close_browser(&mut self, lost: Option<&Failure>) {
        self.page.send_replace(None);
        match std::mem::replace(&mut self.slot, Slot::Closing) {
            Slot::Launching(cancel) => {
                cancel.cancel();
                self.slot = Slot::Launching(cancel);
            }
            Slot::Running(Launched { browser, .. }) => {
                let done = self.done.clone();
                let grace = lost.map(kill_grace);
                tokio::spawn(async move {
                    let clean = if let Some(grace) = grace {
                        browser.kill(grace).await;
                        false
                    } else {
                        browser.close().await
                    };
                    let _ = done.send(Done::Closed(clean));
                });
            }
            other => self.slot = other,
        }
    }

    async fn on_task_done(&mut self, done: Done) {
        match done {
            Done::Launched(Ok(launched)) => self.launched(launched).await,
            Done::Launched(Err(Some(failure))) => {
                self.slot = Slot::Empty;
                self.apply(Input::BrowserFailed(failure)).await;
            }
            // A launch that was cancelled counts as closed.
            Done::Launched(Err(None)) => {
                self.slot = Slot::Empty;
                self.apply(Input::BrowserClosed).await;
            }
            Done::Closed(clean) => {
                self.closed_cleanly = clean;
                self.slot = Slot::Empty;
                self.apply(Input::BrowserClosed).await;
            }
            Done::OfflineJob(reply) => self.offline_job_done(reply).await,
            Done::Heartbeat(launch, result) => {
                if launch == self.launches && matches!(self.slot, Slot::Running(_)) {
                    self.on_heartbeat(*result).await;
                }
            }
            Done::Diagnosed(launch, failure) => {
                if launch == self.launches {
                    self.lose(failure, Ending::Kill).await;
                }
            }
            Done::SelfTest(test) => {
                if test.ok && self.config.wa_js.is_some() {
                    let version = self.machine.report().wa_js_version.clone();
                    tracing::info!(
                        version = version.unwrap_or_default(),
                        "WA_JS_PATH: that bundle finds all that this service uses in whatsapp's page"
                    );
                }
                if !test.ok {
                    let missing: Vec<_> = test
                        .checks
                        .iter()
                        .filter(|(_, found)| !**found)
                        .map(|(name, _)| name.as_str())
                        .collect();
                    tracing::warn!(
                        ?missing,
                        "whatsapp's page lacks what this service uses; a newer wa-js may help (WA_JS_PATH)"
                    );
                }
                self.runtime.page.self_test = Some(test);
                self.publisher.publish(&self.machine, &self.runtime);
            }
            Done::LoggedOut(result) => self.logged_out(result).await,
        }
    }

    async fn launched(&mut self, launched: Launched) {
        let browser = &launched.browser;
        let (version, pid) = browser.chromedriver();
        self.runtime.browser = BrowserInfo {
            running: true,
            chrome_version: browser.chrome_version.clone(),
            chromedriver_version: Some(version.to_owned()),
            chromedriver_pid: Some(pid),
            started_at: Some(browser.started_at),
        };
        self.runtime.page.self_test = None;
        let page = browser.page().clone();
        self.slot = Slot::Running(launched);
        if self.machine.browser() == BrowserPhase::Closing {
            // The close was requested during the launch, too late to cancel the launch.
            self.close_browser(None);
            return;
        }
        self.page.send_replace(Some(page));
        self.timers.page_loading(self.heartbeat.boot_patience);
        // wa-js may never load. The self-test then reports what is missing.
        self.timers.self_test_after(SELF_TEST_TIMEOUT);
        self.apply(Input::BrowserUp).await;
    }

    async fn on_browser_event(&mut self, event: Option<BrowserEvent>) {
        match event {
            Some(BrowserEvent::Page(event)) => self.on_page_event(*event).await,
            Some(BrowserEvent::Unreachable(why)) => {
                self.lose(Failure::PageUnreachable(why), Ending::Kill).await;
            }
            Some(BrowserEvent::Died(failure)) => self.lose(failure, Ending::Kill).await,
            None => self.lose(Failure::BrowserDied, Ending::Kill).await,
        }
    }

    /// Ends a browser that is no longer usable. [`Ending::Kill`] is for a browser that may not
    /// respond, [`Ending::Close`] for one that does.
    async fn lose(&mut self, failure: Failure, ending: Ending) {
        if !matches!(self.slot, Slot::Running(_)) {
            return;
        }
        tracing::warn!(
            code = failure.code(),
            kills = matches!(ending, Ending::Kill),
            "the browser is closed"
        );
        self.close_browser(match ending {
            Ending::Kill => Some(&failure),
            Ending::Close => None,
        });
        self.apply(Input::BrowserLost(failure)).await;
    }

    async fn on_timer(&mut self, due: Due) {
        match due {
            Due::Retry => self.apply(Input::RetryDue).await,
            Due::Code | Due::Passkey => self.apply(Input::Tick).await,
            Due::Heartbeat => self.heartbeat(),
            Due::Boot if self.page_reported => self.lose(Failure::PageStuck, Ending::Kill).await,
            Due::Boot => {
                let patience = self.heartbeat.boot_patience.as_secs();
                let why = format!("no answer within {patience} s");
                self.lose(Failure::PageUnreachable(why), Ending::Kill).await;
            }
            Due::Refresh => {
                let Some(page) = self.page.borrow().clone() else {
                    return;
                };
                tracing::info!("no new qr appeared after the refresh: reloading the page");
                tokio::spawn(async move { page.reload().await });
            }
            Due::SelfTest => self.run_self_test(),
            Due::Logout => self.logout_here_only().await,
        }
    }

    async fn on_command(&mut self, command: Command) {
        // In each arm, the caller may have disconnected.
        match command {
            Command::Connect(reply) => {
                self.apply(Input::Connect(Intent::Requested)).await;
                let _ = reply.send(self.machine.state());
            }
            Command::Disconnect(reply) => {
                self.when_gone.push(reply);
                self.apply(Input::Disconnect).await;
            }
            Command::Offline(job) => self.start_offline_job(job).await,
            Command::Logout(reply) => self.start_logout(reply).await,
            Command::AcksStopped => self.acks_stopped().await,
            Command::Ping(reply) => {
                let _ = reply.send(());
            }
            Command::Screenshot(reply) => {
                let Slot::Running(Launched { browser, .. }) = &self.slot else {
                    let _ = reply.send(Err(AskError::NoBrowser));
                    return;
                };
                let picture = browser.screenshot();
                tokio::spawn(async move {
                    let _ = reply.send(picture.await.map_err(AskError::Browser));
                });
            }
        }
    }
}

mod garbage_collection;
mod heartbeat;
mod logout;
mod offline;
mod page_events;
mod passkey;

/// Returns how long Chrome may flush its data before it is killed.
fn kill_grace(failure: &Failure) -> Duration {
    match failure {
        // No process is left to write anything.
        Failure::BrowserDied => Duration::from_secs(2),
        _ => browser::KILL_GRACE,
    }
}

/// Returns the next event of a running browser; pends while there is none.
async fn next_event(slot: &mut Slot) -> Option<BrowserEvent> {
    match slot {
        Slot::Running(Launched { events, .. }) => events.recv().await,
        _ => std::future::pending().await,
    }
}
