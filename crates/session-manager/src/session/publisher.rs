//! Publishes snapshots and state events of the session, so that readers need not query the driver.
//!
//! ```text
//!  driver ──publish──> watch<Snapshot> ──> /status /qr /session …
//!                  └─> event log        ──> /events
//! ```

use std::sync::Arc;

use session_api::{
    Account, BrowserInfo, Event, FirstSync, HistoryEntry, LastError, Limits, PageInfo,
    PairingCodeInfo, QrEvent, QrInfo, RestartInfo, SESSION_NAME, ServiceInfo, SessionBody,
    StateEvent, Timestamp,
};
use tokio::sync::watch;

use super::machine::{BrowserPhase, Machine, Passkey};
use super::qr_image::QrImage;
use crate::event_log::EventLog;

/// A snapshot of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The body of `GET /session`.
    pub session: SessionBody,
    /// Images of the code while it can be scanned; otherwise `None`.
    pub qr: Option<Arc<QrImage>>,
    /// The passkey that WhatsApp requests.
    pub passkey: Option<Passkey>,
    /// Whether the page holds sends while queued messages are being delivered.
    pub holds_sends: bool,
    /// Whether the dialog that WhatsApp requires to be dismissed has been dismissed.
    pub whats_new_seen: bool,
}

impl Snapshot {
    /// Returns the code unless it has expired at `now`.
    pub fn unexpired_qr(&self, now: Timestamp) -> Option<&QrImage> {
        // The driver drops a code that the page leaves displayed. This check works even if the
        // driver itself is late.
        let info = self.session.qr.as_ref()?;
        let late = std::time::Duration::from_secs(3);
        (now < info.expires_at.after(late)).then_some(self.qr.as_deref()?)
    }
}

/// A publisher of snapshots, and of the events between them.
#[derive(Debug)]
pub struct Publisher {
    snapshot: watch::Sender<Arc<Snapshot>>,
    log: EventLog,
    service: ServiceInfo,
}

/// Facts about the browser and the page that the machine does not hold.
#[derive(Clone, Debug, Default)]
pub struct RuntimeInfo {
    /// Facts about the browser.
    pub browser: BrowserInfo,
    /// Facts about the page.
    pub page: PageInfo,
}

impl Publisher {
    /// Creates a publisher whose first snapshot is the state of `machine`.
    #[must_use]
    pub fn new(machine: &Machine, runtime: &RuntimeInfo, log: EventLog) -> Self {
        let service = ServiceInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: Timestamp::now(),
        };
        let snapshot = Snapshot {
            session: body(machine, runtime, &service),
            qr: None,
            passkey: None,
            holds_sends: false,
            whats_new_seen: false,
        };
        // This event is for clients that resume from an id of an earlier run.
        log.push(&state_event(&snapshot.session));
        log.push(&qr_event(&snapshot));
        Self {
            snapshot: watch::Sender::new(Arc::new(snapshot)),
            log,
            service,
        }
    }

    /// Returns a receiver of the snapshots.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshot.subscribe()
    }

    /// Publishes the current state if it changed.
    pub fn publish(&self, machine: &Machine, runtime: &RuntimeInfo) {
        let before = self.snapshot.borrow().clone();
        let session = body(machine, runtime, &self.service);
        let same_code = session.qr == before.session.qr && before.qr.is_some();
        let qr = match machine.code() {
            None => None,
            Some(_) if same_code => before.qr.clone(),
            Some(code) => match QrImage::draw(&code.text) {
                Ok(image) => Some(Arc::new(image)),
                Err(error) => {
                    tracing::error!(%error, "the qr code cannot be drawn");
                    None
                }
            },
        };
        let passkey = machine.passkey().cloned();
        let snapshot = Arc::new(Snapshot {
            session,
            qr,
            passkey,
            holds_sends: machine.holds_sends(),
            whats_new_seen: machine.report().whats_new_seen,
        });
        if snapshot == before {
            return;
        }
        self.snapshot.send_replace(snapshot.clone());
        let (old, new) = (&before.session, &snapshot.session);
        if (old.state, &old.cause) != (new.state, &new.cause) {
            self.log.push(&state_event(new));
        }
        if before.qr != snapshot.qr {
            self.log.push(&qr_event(&snapshot));
        }
    }
}

/// Returns the event that reports the state.
#[must_use]
pub fn state_event(session: &SessionBody) -> Event {
    Event::State(StateEvent {
        status: session.state,
        generation: session.generation,
        since: session.since,
        cause: session.cause.clone(),
        message: session.cause_message.clone(),
    })
}

/// Returns the event that reports the code.
#[must_use]
pub fn qr_event(snapshot: &Snapshot) -> Event {
    let now = Timestamp::now();
    let shown = snapshot
        .unexpired_qr(now)
        .zip(snapshot.session.qr.as_ref().map(|info| info.expires_at));
    Event::Qr(match shown {
        None => QrEvent {
            status: "NO_QR".to_owned(),
            qr: None,
            expires_at: None,
            expires_in_ms: None,
        },
        Some((image, expires_at)) => QrEvent {
            status: "QR_AVAILABLE".to_owned(),
            qr: Some(image.data_url.clone()),
            expires_at: Some(expires_at),
            expires_in_ms: Some(
                u64::try_from(expires_at.as_millis() - now.as_millis()).unwrap_or(0),
            ),
        },
    })
}

fn body(machine: &Machine, runtime: &RuntimeInfo, service: &ServiceInfo) -> SessionBody {
    let report = machine.report();
    let (total, recent, limits) = machine.restarts();
    let mut page = runtime.page.clone();
    page.whatsapp_version.clone_from(&report.whatsapp_version);
    page.wa_js_version.clone_from(&report.wa_js_version);
    let browser = match machine.browser() {
        BrowserPhase::Up | BrowserPhase::Closing => runtime.browser.clone(),
        BrowserPhase::Gone | BrowserPhase::Starting => BrowserInfo {
            running: false,
            chromedriver_pid: None,
            started_at: None,
            ..runtime.browser.clone()
        },
    };
    SessionBody {
        session: SESSION_NAME.to_owned(),
        state: machine.state(),
        since: machine.since(),
        generation: machine.generation(),
        cause: machine.cause().code().to_owned(),
        cause_message: machine.cause().to_string(),
        linked: machine.linked(),
        account: report.account.as_ref().map(|account| Account {
            id: account.id.clone(),
            phone: account
                .id
                .split(['@', ':'])
                .next()
                .unwrap_or_default()
                .to_owned(),
            lid: account.lid.clone(),
            pushname: account.pushname.clone(),
            platform: account.platform.clone(),
        }),
        qr: machine.code().map(|code| QrInfo {
            expires_at: code.expires_at,
            codes_left: code.codes_left,
            refreshes_left: machine.rounds_left(),
        }),
        pairing_code: report
            .link_code
            .as_ref()
            .and_then(|code| Timestamp::from_millis(code.expires_at))
            .map(|expires_at| PairingCodeInfo { expires_at }),
        passkey: machine.passkey().map(Passkey::info),
        // Other modules fill these in when they answer `GET /session`.
        limits: Limits::default(),
        first_sync: FirstSync::default(),
        browser,
        page,
        restarts: RestartInfo {
            total,
            recent,
            budget: limits.restart_budget,
            window_seconds: limits.restart_window.as_secs(),
        },
        last_error: machine.last_error().map(|(failure, at)| LastError {
            code: failure.code().to_owned(),
            message: failure.to_string(),
            at,
        }),
        history: machine
            .history()
            .map(|transition| HistoryEntry {
                from: transition.from,
                to: transition.to,
                cause: transition.cause.code().to_owned(),
                message: transition.cause.to_string(),
                at: transition.at,
            })
            .collect(),
        service: service.clone(),
    }
}
