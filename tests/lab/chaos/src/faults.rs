//! Injects faults, each at its time.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use service_runtime::process::{Process, ProcessId, Signal, kill};
use tokio::time::Instant;
use whatsapp_standin::{
    Ban, CappingStatus, DeviceInfo, Failure, Limits, NewChats, Phone, ReachOutLock, SendBehavior,
    Settings,
};

use super::clock::{Clock, lock};
use super::inbound::Listeners;
use super::operator;
use super::plan::{Action, Fault, Limit};
use super::random_plan::number_of;
use super::record::InjectedFault;
use super::relink::{Relinking, Writings};
use super::supervisor::Supervised;
use harness::processes;

/// How long to wait for the target of a kill.
const TARGET_PATIENCE: Duration = Duration::from_secs(20);
const SLOW_ACK: Duration = Duration::from_millis(1_500);
const SLOW_DELIVERY: Duration = Duration::from_secs(3);
/// The duration of a sync that reports progress, until its page is made busy.
const SLOW_SYNC: Duration = Duration::from_secs(3);
const HOUR: Duration = Duration::from_secs(3_600);
/// How long to wait for a page to load and connect.
const LOAD_PATIENCE: Duration = Duration::from_secs(20);
/// Number of messages that the page's database loses at the same time.
const FORGOTTEN_COUNT: usize = 5;
/// The module of a collection without which nothing can be sent or received.
const NEEDED_MODULE: &str = "WAWebMsgCollection";
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Everything that a fault can hit.
#[derive(Debug, Clone)]
pub struct FaultTargets {
    /// The clock of the run.
    pub clock: Clock,
    /// WhatsApp, and the network to it.
    pub phone: Phone,
    /// The stand-in's settings without faults.
    pub settings: Settings,
    /// session-manager.
    pub manager: Arc<Supervised>,
    /// central-hub.
    pub hub: Arc<Supervised>,
    /// The folder of session-manager's browser.
    pub tokens: PathBuf,
    /// Event listeners, by service.
    pub listeners: Arc<Listeners>,
    /// The faults injected so far.
    pub injected: Arc<Mutex<Vec<InjectedFault>>>,
    /// What was written to the account so far.
    pub writings: Arc<Writings>,
    /// Links the device again after a fault that unlinks it.
    pub relinking: Arc<Relinking>,
}

impl FaultTargets {
    /// Injects the planned faults, one after another. Injects none after `last_ms`, if earlier ones
    /// took too long.
    pub async fn inject_all(self, faults: Vec<Fault>, last_ms: u64) {
        for Fault { at_ms, action } in faults {
            self.clock.sleep_until(at_ms).await;
            let at_ms = self.clock.ms();
            if at_ms > last_ms {
                break;
            }
            let hit = self.inject(action).await;
            let end_ms = if action.is_kill() {
                at_ms
            } else {
                self.clock.ms()
            };
            lock(&self.injected).push(InjectedFault {
                at_ms,
                end_ms,
                action,
                hit,
            });
        }
    }

    /// Ends all lasting faults.
    pub fn end_all(&self) {
        self.phone.set_network(true);
        self.phone.rule(None, SendBehavior::Ok, None);
        self.phone.settings(self.settings.clone());
        self.phone.failure(None);
        self.phone.limits(Limits::default());
        self.phone.end_offline_delivery();
        for number in self.phone.state().blocked {
            self.block(&number, false);
        }
    }

    fn block(&self, number: &str, blocked: bool) {
        self.phone.block_contact(number, blocked).expect("a number");
    }

    async fn inject(&self, action: Action) -> bool {
        match action {
            Action::KillChrome => self.kill_process(processes::chrome).await,
            Action::KillRenderer(which) => {
                self.kill_process(|tokens| {
                    let mut renderers = processes::renderers(tokens);
                    let index = usize::from(which).checked_rem(renderers.len())?;
                    Some(renderers.swap_remove(index))
                })
                .await
            }
            Action::KillChromedriver => self.kill_process(processes::chromedriver).await,
            Action::KillManager => retry_until_hit(|| self.manager.send_signal(Signal::KILL)).await,
            Action::KillHub => retry_until_hit(|| self.hub.send_signal(Signal::KILL)).await,
            Action::StopManager => retry_until_hit(|| self.manager.send_signal(Signal::TERM)).await,
            Action::StopHub => retry_until_hit(|| self.hub.send_signal(Signal::TERM)).await,
            Action::Freeze(ms) => self.freeze(ms).await,
            Action::CutNetwork(ms) => {
                self.phone.set_network(false);
                tokio::time::sleep(Duration::from_millis(ms)).await;
                self.phone.set_network(true);
                true
            }
            Action::RefuseLogins(ms) => self.fail_logins(Failure::ServiceUnavailable, ms).await,
            Action::TemporaryBan(ms) => {
                let ban = Ban {
                    code: 101,
                    expire: 3_600,
                };
                self.fail_logins(Failure::TemporaryBan(ban), ms).await
            }
            Action::HangPage(ms) => {
                self.phone.hang(ms);
                true
            }
            Action::DropEvents(ms) => {
                self.phone.drop_events(ms);
                true
            }
            Action::SlowAcks(ms) => {
                let server_ack = SLOW_ACK;
                self.apply_for(ms, |settings| Settings {
                    server_ack,
                    ..settings
                })
                .await
            }
            Action::SlowDelivery(ms) => {
                let offline_delivery = SLOW_DELIVERY;
                self.apply_for(ms, |settings| Settings {
                    offline_delivery,
                    ..settings
                })
                .await
            }
            Action::BreakDatabase(ms) => {
                let broken_database_loads = 1;
                self.apply_for(ms, |settings| Settings {
                    broken_database_loads,
                    ..settings
                })
                .await
            }
            Action::FailSends(failure, count) => {
                self.phone.rule(None, failure.outcome(), Some(count));
                true
            }
            Action::BlockContact { number, ms } => {
                let number = number_of(number);
                self.block(&number, true);
                tokio::time::sleep(Duration::from_millis(ms)).await;
                self.block(&number, false);
                true
            }
            Action::DropListener => {
                for listener in self.listeners.values() {
                    listener.reconnect();
                }
                true
            }
            Action::ForgetAnchors => self.forget_anchors().await,
            Action::BusySync(ms) => {
                let settings = Settings {
                    sync: SLOW_SYNC,
                    ..self.settings.clone()
                };
                let busy = || self.phone.hang(ms);
                self.reload_with(settings, is_syncing, busy, ms).await
            }
            Action::StallSync(ms) => {
                let settings = Settings {
                    sync: HOUR,
                    sync_steps: 0,
                    ..self.settings.clone()
                };
                self.reload_with(settings, is_syncing, || {}, ms).await
            }
            Action::WithholdTools(ms) => {
                let settings = Settings {
                    withheld_modules: vec![NEEDED_MODULE.to_owned()],
                    ..self.settings.clone()
                };
                let hit = self.reload_with(settings, is_synced, || {}, ms).await;
                // Only another load brings the modules back.
                hit && self.crash_page().await
            }
            Action::HoldDelivery(ms) => self.hold_delivery(ms).await,
            Action::UnexpectedLogout => {
                let had_page = retry_until_hit(|| self.phone.state().pages > 0).await;
                self.phone.unexpected_logout("unknown_companion");
                had_page
            }
            Action::Limit(limit, ms) => self.limit(limit, ms).await,
            Action::Relink => self.relinking.relink(self).await,
        }
    }

    async fn fail_logins(&self, failure: Failure, ms: u64) -> bool {
        self.phone.failure(Some(failure));
        tokio::time::sleep(Duration::from_millis(ms)).await;
        self.phone.failure(None);
        true
    }

    /// Kills the page's renderers, so that the page is loaded again.
    async fn crash_page(&self) -> bool {
        let kill_all = || {
            let renderers = processes::renderers(&self.tokens);
            let results = renderers
                .iter()
                .map(|process| kill(process.id(), Signal::KILL).unwrap_or(false));
            results.fold(false, |any, killed| any | killed)
        };
        retry_until_hit(kill_all).await
    }

    async fn wait_for_device(&self, condition: impl Fn(&DeviceInfo) -> bool) -> bool {
        let probe = |phone: &Phone| phone.state().devices.iter().any(&condition).then_some(());
        self.phone.wait_for(LOAD_PATIENCE, probe).await.is_some()
    }

    /// Makes the page load with other settings, and applies `then` once its device is as `wanted`.
    /// Restores the settings after this long.
    async fn reload_with(
        &self,
        settings: Settings,
        condition: fn(&DeviceInfo) -> bool,
        action: impl FnOnce(),
        ms: u64,
    ) -> bool {
        self.phone.settings(settings);
        let was_killed = self.crash_page().await;
        let hit = was_killed
            && self.wait_for_device(|d| !d.connected).await
            && self.wait_for_device(condition).await;
        if hit {
            action();
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        self.phone.settings(self.settings.clone());
        hit
    }

    /// Removes the latest published messages from the page's database, which still names them, and
    /// makes the page load.
    async fn forget_anchors(&self) -> bool {
        if !self.wait_for_device(is_synced).await {
            return false;
        }
        let forgotten = self.listeners["session-manager"].latest(FORGOTTEN_COUNT);
        lock(&self.writings.forgotten).extend(forgotten.iter().cloned());
        let before = self.phone.state().stored;
        for key in &forgotten {
            self.phone.forget(key);
        }
        let expected = before + u64::try_from(forgotten.len()).unwrap_or(0);
        let is_stored = |phone: &Phone| (phone.state().stored >= expected).then_some(());
        let is_stored = self
            .phone
            .wait_for(LOAD_PATIENCE, is_stored)
            .await
            .is_some();
        let settings = Settings {
            chat_as_anchor: false,
            ..self.settings.clone()
        };
        let was_loaded = self.reload_with(settings, is_synced, || {}, 0).await;
        !forgotten.is_empty() && is_stored && was_loaded
    }

    /// Holds the offline delivery of a page that connects again, and with it everything that the
    /// page sends.
    async fn hold_delivery(&self, ms: u64) -> bool {
        self.phone.settings(Settings {
            offline_delivery: HOUR,
            offline_hold: HOUR,
            ..self.settings.clone()
        });
        self.phone.set_network(false);
        let disconnected = self.wait_for_device(|device| !device.connected).await;
        self.phone.set_network(true);
        let hit = disconnected && self.wait_for_device(is_synced).await;
        tokio::time::sleep(Duration::from_millis(ms)).await;
        self.phone.settings(self.settings.clone());
        // A page that is still syncing starts to hold its messages only afterwards.
        let synced = |phone: &Phone| (!phone.state().devices.iter().any(is_syncing)).then_some(());
        let _ = self.phone.wait_for(LOAD_PATIENCE, synced).await;
        self.phone.end_offline_delivery();
        hit
    }

    /// Enforces a limit for this long. Returns whether session-manager reported it.
    async fn limit(&self, limit: Limit, ms: u64) -> bool {
        let now = jiff::Timestamp::now().as_millisecond();
        let (limits, refusal) = match limit {
            Limit::ReachOut => (
                Limits {
                    reach_out: Some(ReachOutLock {
                        until_ms: now + 3_600_000,
                        kind: "WEB_COMPANION_ONLY".to_owned(),
                    }),
                    ..Limits::default()
                },
                SendBehavior::ReachOut463,
            ),
            Limit::NewChats => (
                Limits {
                    new_chats: Some(NewChats {
                        status: CappingStatus::Capped,
                        used: 50,
                        total: 50,
                        cycle_end_s: now / 1000 + 3_600,
                    }),
                    ..Limits::default()
                },
                SendBehavior::NewChats475,
            ),
        };
        self.phone.limits(limits);
        self.phone.rule(None, refusal, None);
        let deadline = Instant::now() + Duration::from_millis(ms);
        let client = harness::http();
        let mut reported = false;
        while Instant::now() < deadline {
            let session = operator::get(&client, &self.manager.url, "/session").await;
            let limits = &session["limits"];
            reported |= match limit {
                Limit::ReachOut => limits["reach_out"]["locked"] == true,
                Limit::NewChats => limits["new_chats"]["status"] == "CAPPED",
            };
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        self.phone.rule(None, SendBehavior::Ok, None);
        self.phone.limits(Limits::default());
        reported
    }

    /// Applies other settings for this long.
    async fn apply_for(&self, ms: u64, change: impl FnOnce(Settings) -> Settings) -> bool {
        self.phone.settings(change(self.settings.clone()));
        tokio::time::sleep(Duration::from_millis(ms)).await;
        self.phone.settings(self.settings.clone());
        true
    }

    async fn kill_process(&self, find: impl Fn(&Path) -> Option<Process>) -> bool {
        let kill_found = || {
            find(&self.tokens)
                .is_some_and(|process| kill(process.id(), Signal::KILL).unwrap_or(false))
        };
        retry_until_hit(kill_found).await
    }

    async fn freeze(&self, ms: u64) -> bool {
        let frozen: Vec<ProcessId> = processes::in_folder(&self.tokens)
            .iter()
            .filter(|process| process.cmdline_contains("--user-data-dir"))
            .filter(|process| process.comm != "chromedriver")
            .map(Process::id)
            .collect();
        for id in &frozen {
            let _ = kill(*id, Signal::STOP);
        }
        tokio::time::sleep(Duration::from_millis(ms)).await;
        for id in &frozen {
            let _ = kill(*id, Signal::CONT);
        }
        !frozen.is_empty()
    }
}

fn is_syncing(device: &DeviceInfo) -> bool {
    device.connected && !device.synced
}

fn is_synced(device: &DeviceInfo) -> bool {
    device.connected && device.synced
}

/// Strikes as soon as there is a target. Returns whether there was one.
async fn retry_until_hit(attempt: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + TARGET_PATIENCE;
    while !attempt() {
        if Instant::now() > deadline {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    true
}
