//! Unlinks the device on the phone, and links it again with the account's passkey, as a person
//! does.
//!
//! ```text
//!  all published ─> unlinked ─> operator connects, scans ─> passkey ─> READY
//! ```
//!
//! WhatsApp has two gaps here, which are not defects of the services: messages that the old device
//! had not received are history to the new one, and acks are not repeated to it. So nothing is
//! written or changed meanwhile, messages from before are not changed afterwards, and these acks are
//! not required.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use harness::Authenticator;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::{RwLock, RwLockReadGuard};
use tokio::time::Instant;
use whatsapp_standin::{Phone, Settings};

use super::clock::lock;
use super::faults::FaultTargets;
use super::operator;
use super::record::{OwnChange, Record, Written, WrittenChange};
use super::verdict::is_published;

/// How long to wait for the published messages before the device is unlinked.
const PUBLISH_PATIENCE: Duration = Duration::from_secs(60);
/// How long a person keeps trying to link.
const LINK_PATIENCE: Duration = Duration::from_secs(180);
/// How long after a message the ledger has all its acks.
const ACKS_KNOWN_AFTER: Duration = Duration::from_secs(120);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// What was written to the account, and changed, so far.
#[derive(Debug, Default)]
pub struct Writings {
    /// The messages that were written.
    pub messages: Mutex<Vec<Written>>,
    /// What contacts did to messages.
    pub contact_changes: Mutex<Vec<WrittenChange>>,
    /// The requested changes of sent messages.
    pub own_changes: Mutex<Vec<OwnChange>>,
    /// The ids of messages that the page's database lost.
    pub forgotten: Mutex<BTreeSet<String>>,
}

impl Writings {
    /// Returns a record of them, and of nothing else.
    #[must_use]
    pub fn to_record(&self) -> Record {
        Record {
            written: lock(&self.messages).clone(),
            contact_changes: lock(&self.contact_changes).clone(),
            own_changes: lock(&self.own_changes).clone(),
            forgotten: lock(&self.forgotten).clone(),
            ..Record::default()
        }
    }
}

/// The state of the relinking that other tasks need to know.
#[derive(Debug, Default)]
pub struct Relinking {
    /// A lock whose writer lets nothing be written or changed.
    writing_lock: RwLock<()>,
    active: AtomicBool,
    /// When the device was last unlinked.
    unlinked_ms: AtomicU64,
    lost_receipts: Mutex<BTreeSet<String>>,
}

impl Relinking {
    /// Waits until something may be written or changed, which it may while the guard is held.
    pub async fn writing_guard(&self) -> RwLockReadGuard<'_, ()> {
        self.writing_lock.read().await
    }

    /// Returns whether the linked device has the messages from this time, so that they can be
    /// changed.
    #[must_use]
    pub fn has_messages_from(&self, at_ms: u64) -> bool {
        at_ms >= self.unlinked_ms.load(Ordering::Relaxed)
    }

    /// Returns whether the session is expected to lack a device.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.active.load(Ordering::Relaxed)
    }

    /// Returns the ids whose acks a new device could not get.
    #[must_use]
    pub fn lost_receipts(&self) -> BTreeSet<String> {
        lock(&self.lost_receipts).clone()
    }

    /// Unlinks the device and links it again. Returns whether that succeeded.
    pub(super) async fn relink(&self, targets: &FaultTargets) -> bool {
        let _writing_lock = self.writing_lock.write().await;
        if !wait_until_published(targets).await {
            return false;
        }
        let authenticator = Authenticator::registered_with(&targets.phone);
        targets.phone.settings(Settings {
            passkey: true,
            ..targets.settings.clone()
        });
        self.active.store(true, Ordering::Relaxed);
        let since = Timestamp::now() - ACKS_KNOWN_AFTER;
        self.unlinked_ms
            .store(targets.clock.ms() + 1, Ordering::Relaxed);
        let unlinked = targets.phone.unlink() > 0;
        let linked = unlinked && link(targets, &authenticator).await;
        lock(&self.lost_receipts).extend(received_since(&targets.phone, since));
        self.active.store(false, Ordering::Relaxed);
        targets.phone.settings(targets.settings.clone());
        if !linked {
            targets
                .clock
                .record_unexpected("the device could not be linked again");
        }
        linked
    }
}

async fn wait_until_published(targets: &FaultTargets) -> bool {
    let deadline = Instant::now() + PUBLISH_PATIENCE;
    let listener = &targets.listeners["session-manager"];
    while !is_published(&targets.writings.to_record(), &listener.received()) {
        if Instant::now() > deadline {
            return false;
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    true
}

/// Answers WhatsApp's requests until the session is ready. The operator connects and scans.
async fn link(targets: &FaultTargets, authenticator: &Authenticator) -> bool {
    let client = harness::http();
    let manager = &targets.manager.url;
    let post = async |path: &str, body: &Value| {
        let request = client.post(format!("{manager}{path}")).json(body);
        // If the service is down at that moment, the request is repeated.
        let _ = request.timeout(Duration::from_secs(5)).send().await;
    };
    let deadline = Instant::now() + LINK_PATIENCE;
    let mut requested = false;
    while Instant::now() < deadline {
        let passkey = operator::get(&client, manager, "/passkey").await;
        match passkey["status"].as_str() {
            Some("PASSKEY_REQUIRED") => {
                requested = true;
                post("/passkey", &authenticator.sign_request(&passkey)).await;
            }
            Some("PASSKEY_CONFIRM") => post("/passkey/confirm", &Value::Null).await,
            _ if requested && operator::state(&client, manager).await == "READY" => return true,
            _ => {}
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    false
}

/// Returns the ids of the messages that WhatsApp received from `since` on.
fn received_since(phone: &Phone, since: Timestamp) -> Vec<String> {
    let messages = phone.messages().into_iter();
    let recent = messages.filter(|message| {
        let time = message.at.parse::<Timestamp>();
        time.is_ok_and(|time| time >= since)
    });
    recent.map(|message| message.id).collect()
}
