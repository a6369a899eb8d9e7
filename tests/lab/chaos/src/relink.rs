//! Unlinks the device on the phone, and links it again with the account's passkey, as a person
//! does.
//!
//! ```text
//!  all published ─> unlinked ─> operator connects, scans ─> passkey ─> READY
//! ```
//!
//! WhatsApp has two gaps here, which are not defects of the services: messages that the old device
//! had not received are history to the new one, and acks are not repeated to it. So nothing is
//! written meanwhile, and these acks are not required.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use harness::Authenticator;
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;
use whatsapp_standin::{Phone, Settings};

use super::clock::locked;
use super::faults::Breakable;
use super::record::Written;
use super::watch;

/// How long to wait for the published messages before the device is unlinked.
const QUIET_PATIENCE: Duration = Duration::from_secs(60);
/// How long a person keeps trying to link.
const LINK_PATIENCE: Duration = Duration::from_secs(180);
/// How long after a message the ledger has all its acks.
const ACKS_KNOWN_AFTER: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The state of the relinking that other tasks need to know.
#[derive(Debug)]
pub struct Relinking {
    /// The messages written so far.
    written: Arc<Mutex<Vec<Written>>>,
    /// A lock that is held while nothing may be written.
    quiet: Arc<tokio::sync::Mutex<()>>,
    on: AtomicBool,
    lost_receipts: Mutex<BTreeSet<String>>,
}

impl Relinking {
    /// Creates the state for messages that are written to this list.
    #[must_use]
    pub fn new(written: &Arc<Mutex<Vec<Written>>>) -> Self {
        Self {
            written: written.clone(),
            quiet: Arc::default(),
            on: AtomicBool::new(false),
            lost_receipts: Mutex::default(),
        }
    }

    /// Returns the lock that is held while nothing may be written.
    #[must_use]
    pub fn quiet(&self) -> Arc<tokio::sync::Mutex<()>> {
        self.quiet.clone()
    }

    /// Returns whether the session is expected to lack a device.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// Returns the ids whose acks a new device could not get.
    #[must_use]
    pub fn lost_receipts(&self) -> BTreeSet<String> {
        locked(&self.lost_receipts).clone()
    }

    /// Unlinks the device and links it again. Returns whether that succeeded.
    pub(super) async fn relink(&self, at: &Breakable) -> bool {
        let _quiet = self.quiet.lock().await;
        if !self.until_published(at).await {
            return false;
        }
        let authenticator = Authenticator::of(&at.phone);
        at.phone.settings(Settings {
            passkey: true,
            ..at.settings.clone()
        });
        self.on.store(true, Ordering::Relaxed);
        let since = Timestamp::now() - ACKS_KNOWN_AFTER;
        let unlinked = at.phone.unlink() > 0;
        let linked = unlinked && link(at, &authenticator).await;
        locked(&self.lost_receipts).extend(received_since(&at.phone, since));
        self.on.store(false, Ordering::Relaxed);
        at.phone.settings(at.settings.clone());
        if !linked {
            at.clock.odd("the device could not be linked again");
        }
        linked
    }

    async fn until_published(&self, at: &Breakable) -> bool {
        let deadline = Instant::now() + QUIET_PATIENCE;
        let listener = &at.listeners["session-manager"];
        while !listener.has_all(&locked(&self.written)) {
            if Instant::now() > deadline {
                return false;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        true
    }
}

/// Answers WhatsApp's requests until the session is ready. The operator connects and scans.
async fn link(at: &Breakable, authenticator: &Authenticator) -> bool {
    let client = harness::http();
    let manager = &at.manager.url;
    let post = async |path: &str, body: &Value| {
        let request = client.post(format!("{manager}{path}")).json(body);
        // If the service is down at that moment, the request is repeated.
        let _ = request.timeout(Duration::from_secs(5)).send().await;
    };
    let deadline = Instant::now() + LINK_PATIENCE;
    let mut asked = false;
    while Instant::now() < deadline {
        let passkey = watch::get(&client, manager, "/passkey").await;
        match passkey["status"].as_str() {
            Some("PASSKEY_REQUIRED") => {
                asked = true;
                post("/passkey", &authenticator.answer(&passkey)).await;
            }
            Some("PASSKEY_CONFIRM") => post("/passkey/confirm", &Value::Null).await,
            _ if asked && watch::state(&client, manager).await == "READY" => return true,
            _ => {}
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    false
}

/// Returns the ids of the messages that WhatsApp received from `since` on.
fn received_since(phone: &Phone, since: Timestamp) -> Vec<String> {
    let messages = phone.messages().into_iter();
    let recent = messages.filter(|message| {
        let at = message.at.parse::<Timestamp>();
        at.is_ok_and(|at| at >= since)
    });
    recent.map(|message| message.id).collect()
}
