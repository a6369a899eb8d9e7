//! Injects faults, each at its time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use service_runtime::process::{Process, ProcessId, Signal, kill};
use tokio::time::Instant;
use whatsapp_standin::{
    Ban, CappingStatus, DeviceInfo, Failure, Limits, NewChats, Phone, ReachOutLock, SendBehavior,
    Settings,
};

use super::clock::{Clock, locked};
use super::draw::number_of;
use super::inbound::Listener;
use super::plan::{Action, Fault, Limit};
use super::record::Struck;
use super::relink::Relinking;
use super::supervise::Supervised;
use super::watch;
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
/// Number of messages that the page's database loses at once.
const FORGOTTEN: usize = 5;
/// The module of a collection without which nothing can be sent or received.
const NEEDED_MODULE: &str = "WAWebMsgCollection";
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Everything that a fault can hit.
#[derive(Debug, Clone)]
pub struct Breakable {
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
    pub listeners: Arc<BTreeMap<&'static str, Listener>>,
    /// The faults injected so far.
    pub struck: Arc<Mutex<Vec<Struck>>>,
    /// Links the device again after a fault that unlinks it.
    pub relinking: Arc<Relinking>,
}

impl Breakable {
    /// Injects the planned faults, one after another. Injects none after `last_ms`, if earlier ones
    /// took too long.
    pub async fn strike_all(self, faults: Vec<Fault>, last_ms: u64) {
        for Fault { at_ms, action } in faults {
            self.clock.until(at_ms).await;
            let at_ms = self.clock.ms();
            if at_ms > last_ms {
                break;
            }
            let hit = self.strike(action).await;
            let over_ms = if action.is_kill() {
                at_ms
            } else {
                self.clock.ms()
            };
            locked(&self.struck).push(Struck {
                at_ms,
                over_ms,
                action,
                hit,
            });
        }
    }

    /// Ends all lasting faults.
    pub fn mend(&self) {
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

    async fn strike(&self, action: Action) -> bool {
        match action {
            Action::KillChrome => self.kill_one(processes::chrome).await,
            Action::KillRenderer(which) => {
                self.kill_one(|tokens| {
                    let mut found = processes::renderers(tokens);
                    let place = usize::from(which).checked_rem(found.len())?;
                    Some(found.swap_remove(place))
                })
                .await
            }
            Action::KillChromedriver => self.kill_one(processes::chromedriver).await,
            Action::KillManager => hits(|| self.manager.strike(Signal::KILL)).await,
            Action::KillHub => hits(|| self.hub.strike(Signal::KILL)).await,
            Action::StopManager => hits(|| self.manager.strike(Signal::TERM)).await,
            Action::StopHub => hits(|| self.hub.strike(Signal::TERM)).await,
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
                self.set_for(ms, |settings| Settings {
                    server_ack,
                    ..settings
                })
                .await
            }
            Action::SlowDelivery(ms) => {
                let offline_delivery = SLOW_DELIVERY;
                self.set_for(ms, |settings| Settings {
                    offline_delivery,
                    ..settings
                })
                .await
            }
            Action::BreakDatabase(ms) => {
                let broken_database_loads = 1;
                self.set_for(ms, |settings| Settings {
                    broken_database_loads,
                    ..settings
                })
                .await
            }
            Action::Mistreat(trouble, count) => {
                self.phone.rule(None, trouble.outcome(), Some(count));
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
                    listener.hang_up();
                }
                true
            }
            Action::ForgetAnchors => self.forget_anchors().await,
            Action::BusySync(ms) => {
                let other = Settings {
                    sync: SLOW_SYNC,
                    ..self.settings.clone()
                };
                let busy = || self.phone.hang(ms);
                self.load_with(other, is_syncing, busy, ms).await
            }
            Action::StallSync(ms) => {
                let other = Settings {
                    sync: HOUR,
                    sync_steps: 0,
                    ..self.settings.clone()
                };
                self.load_with(other, is_syncing, || {}, ms).await
            }
            Action::WithholdTools(ms) => {
                let other = Settings {
                    withheld_modules: vec![NEEDED_MODULE.to_owned()],
                    ..self.settings.clone()
                };
                let hit = self.load_with(other, is_synced, || {}, ms).await;
                // Only another load brings the modules back.
                hit && self.crash_the_page().await
            }
            Action::HoldDelivery(ms) => self.hold_delivery(ms).await,
            Action::UnexpectedLogout => {
                let there = hits(|| self.phone.state().pages > 0).await;
                self.phone.unexpected_logout("unknown_companion");
                there
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
    async fn crash_the_page(&self) -> bool {
        let strike = || {
            let found = processes::renderers(&self.tokens);
            let killed = found
                .iter()
                .map(|process| kill(process.id(), Signal::KILL).unwrap_or(false));
            killed.fold(false, |any, one| any | one)
        };
        hits(strike).await
    }

    async fn until_device(&self, wanted: impl Fn(&DeviceInfo) -> bool) -> bool {
        let look = |phone: &Phone| phone.state().devices.iter().any(&wanted).then_some(());
        self.phone.wait_for(LOAD_PATIENCE, look).await.is_some()
    }

    /// Makes the page load with other settings, and applies `then` once its device is as `wanted`.
    /// Restores the settings after this long.
    async fn load_with(
        &self,
        other: Settings,
        wanted: fn(&DeviceInfo) -> bool,
        then: impl FnOnce(),
        ms: u64,
    ) -> bool {
        self.phone.settings(other);
        let loads = self.crash_the_page().await;
        let hit =
            loads && self.until_device(|d| !d.connected).await && self.until_device(wanted).await;
        if hit {
            then();
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        self.phone.settings(self.settings.clone());
        hit
    }

    /// Removes the latest published messages from the page's database, which still names them, and
    /// makes the page load.
    async fn forget_anchors(&self) -> bool {
        if !self.until_device(is_synced).await {
            return false;
        }
        let told = self.listeners["session-manager"].latest(FORGOTTEN);
        let before = self.phone.state().stored;
        for key in &told {
            self.phone.forget(key);
        }
        let wanted = before + u64::try_from(told.len()).unwrap_or(0);
        let done = |phone: &Phone| (phone.state().stored >= wanted).then_some(());
        let done = self.phone.wait_for(LOAD_PATIENCE, done).await.is_some();
        let other = Settings {
            chat_as_anchor: false,
            ..self.settings.clone()
        };
        let loaded = self.load_with(other, is_synced, || {}, 0).await;
        !told.is_empty() && done && loaded
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
        let away = self.until_device(|device| !device.connected).await;
        self.phone.set_network(true);
        let hit = away && self.until_device(is_synced).await;
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
        let until = Instant::now() + Duration::from_millis(ms);
        let client = harness::http();
        let mut reported = false;
        while Instant::now() < until {
            let session = watch::get(&client, &self.manager.url, "/session").await;
            let limits = &session["limits"];
            reported |= match limit {
                Limit::ReachOut => limits["reach_out"]["locked"] == true,
                Limit::NewChats => limits["new_chats"]["status"] == "CAPPED",
            };
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.phone.rule(None, SendBehavior::Ok, None);
        self.phone.limits(Limits::default());
        reported
    }

    /// Applies other settings for this long.
    async fn set_for(&self, ms: u64, other: impl FnOnce(Settings) -> Settings) -> bool {
        self.phone.settings(other(self.settings.clone()));
        tokio::time::sleep(Duration::from_millis(ms)).await;
        self.phone.settings(self.settings.clone());
        true
    }

    async fn kill_one(&self, find: impl Fn(&Path) -> Option<Process>) -> bool {
        let strike = || {
            find(&self.tokens)
                .is_some_and(|process| kill(process.id(), Signal::KILL).unwrap_or(false))
        };
        hits(strike).await
    }

    async fn freeze(&self, ms: u64) -> bool {
        let frozen: Vec<ProcessId> = processes::of(&self.tokens)
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
async fn hits(strike: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + TARGET_PATIENCE;
    while !strike() {
        if Instant::now() > deadline {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    true
}
