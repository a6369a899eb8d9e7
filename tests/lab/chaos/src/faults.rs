//! Injection of faults, each at its time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use service_runtime::process::{Process, ProcessId, Signal, kill};
use tokio::time::Instant;
use whatsapp_standin::{Failure, Phone, SendBehavior, Settings};

use super::clock::{Clock, locked};
use super::draw::number_of;
use super::inbound::Listener;
use super::plan::{Action, Fault};
use super::record::Struck;
use super::supervise::Supervised;
use harness::processes;

/// How long to wait for the target of a kill.
const TARGET_PATIENCE: Duration = Duration::from_secs(20);
const SLOW_ACK: Duration = Duration::from_millis(1_500);
const SLOW_DELIVERY: Duration = Duration::from_secs(3);

/// All targets of faults.
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
    /// Folder of session-manager's browser.
    pub tokens: PathBuf,
    /// Event listeners, by service.
    pub listeners: Arc<BTreeMap<&'static str, Listener>>,
    /// The faults injected so far.
    pub struck: Arc<Mutex<Vec<Struck>>>,
}

impl Breakable {
    /// Injects the planned faults, one after the other.
    pub async fn strike_all(self, faults: Vec<Fault>) {
        for Fault { at_ms, action } in faults {
            self.clock.until(at_ms).await;
            let at_ms = self.clock.ms();
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
            Action::RefuseLogins(ms) => {
                self.phone.failure(Some(Failure::ServiceUnavailable));
                tokio::time::sleep(Duration::from_millis(ms)).await;
                self.phone.failure(None);
                true
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
        }
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

/// Strikes as soon as there is a target; returns whether there was one.
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
