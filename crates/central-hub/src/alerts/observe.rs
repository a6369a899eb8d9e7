//! Collects the facts from the relay, session-manager's session and metrics,
//! the store, this process and its disk.

use std::path::Path;
use std::time::{Duration, Instant};

use service_runtime::process::Usage;
use session_api::{SERVICE_NAME, SessionBody};
use session_client::{ClientError, SessionClient};
use tokio::sync::Mutex;

use super::certificate;
use super::clock::AlertClock;
use super::evaluation::{
    CertificateFacts, DeadLetter, Facts, HUB_LIMITS, HubBackup, MANAGER_LIMITS, PausedCampaign,
    ServiceFacts, ServiceLimits,
};
use super::exposition;
use crate::backup::Schedule;
use crate::config::{Config, DatabaseLocation};
use crate::error::HubError;
use crate::relay::{Link, Relay};
use crate::store::Store;

const HOUR: Duration = Duration::from_secs(3600);
/// Interval between two checks of the certificate.
const CERTIFICATE_CHECK_EVERY: Duration = Duration::from_secs(6 * 3600);
/// Interval until the next check after one without a result.
const CERTIFICATE_RETRY_AFTER: Duration = Duration::from_secs(300);

/// The sources of the facts.
pub(crate) struct Observed {
    pub(crate) store: Store,
    pub(crate) session: SessionClient,
    pub(crate) relay: Relay,
    pub(crate) backups: Option<Schedule>,
    pub(crate) clock: AlertClock,
}

/// Collects the facts.
pub(super) struct Observer {
    store: Store,
    session: SessionClient,
    relay: Relay,
    backups: Option<Schedule>,
    clock: AlertClock,
    memory_mib: u64,
    /// The name of this hub, which distinguishes it from others.
    name: String,
    /// Until when the last check is valid, and its result.
    certificate: Mutex<Option<(Instant, Option<CertificateFacts>)>>,
}

impl Observer {
    pub(super) fn new(from: Observed, name: String, memory_mib: u64) -> Self {
        Self {
            store: from.store,
            session: from.session,
            relay: from.relay,
            backups: from.backups,
            clock: from.clock,
            memory_mib,
            name,
            certificate: Mutex::default(),
        }
    }

    /// Collects all available facts. A fact that cannot be read is left out, not guessed.
    pub(super) async fn facts(&self, config: &Config) -> Facts {
        let mut facts = Facts::default();
        let (link, _, _) = self.relay.health();
        let mut manager = ServiceFacts {
            name: SERVICE_NAME.to_owned(),
            limits: MANAGER_LIMITS,
            restarts: 0,
            resident_mib: None,
        };
        match self.session.session().await {
            Ok(session) => {
                facts.link = Some(None);
                self.note_start(&session).await;
                facts.session = Some(session);
                facts.limits = self.relay.limits();
            }
            Err(error) => {
                // The stream may be connected although one request fails.
                let is_away = link == Link::Down || matches!(error, ClientError::TokenRefused);
                let reason = HubError::from(error).code().to_owned();
                facts.link = is_away.then_some(Some(reason));
            }
        }
        if facts.session.is_some()
            && let Ok(text) = self.session.metrics().await
        {
            manager.resident_mib = exposition::resident_mib(&text);
            facts.figures = Some(exposition::figures(&text));
        }
        manager.restarts = self.restarts(SERVICE_NAME).await;
        let this = Usage::of(std::process::id().cast_signed());
        facts.services = vec![
            manager,
            ServiceFacts {
                name: self.name.clone(),
                limits: ServiceLimits {
                    memory_mib: self.memory_mib,
                    ..HUB_LIMITS
                },
                restarts: self.restarts(&self.name).await,
                resident_mib: this.map(|usage| usage.resident >> 20),
            },
        ];
        facts.hub_free_mib = free_mib(&config.database);
        facts.paused = self.paused().await;
        facts.dead_letters = self.dead_letters().await;
        facts.hub_backup = self.backups.as_ref().map(|backups| HubBackup {
            hours: backups
                .age(self.clock.now())
                .map(|age| age.as_secs() / 3600),
            failed: backups.has_failed(),
        });
        facts.certificate = self.certificate(config).await;
        facts
    }

    async fn note_start(&self, session: &SessionBody) {
        let at = session.service.started_at;
        if let Err(error) = self.store.service_started(SERVICE_NAME, at).await {
            tracing::debug!("a start was not recorded: {error}");
        }
    }

    async fn restarts(&self, service: &str) -> i64 {
        let since = self.clock.now().before(HOUR);
        let restarts = self.store.restarts_since(service, since).await;
        restarts.unwrap_or(0)
    }

    async fn paused(&self) -> Option<Vec<PausedCampaign>> {
        let paused = self.store.pauses().await.ok()?.into_iter();
        let paused = paused.map(|(id, name, reason)| PausedCampaign { id, name, reason });
        Some(paused.collect())
    }

    async fn dead_letters(&self) -> Option<Vec<DeadLetter>> {
        let dead = self.store.dead_letters().await.ok()?;
        let dead = dead.into_iter().map(|letters| DeadLetter {
            webhook: letters.webhook,
            name: letters.name,
            number: letters.dead,
            is_off: letters.disabled_cause.is_some(),
        });
        Some(dead.collect())
    }

    /// Returns the state of the certificate. The check is repeated only now and
    /// then, because a certificate changes within weeks.
    async fn certificate(&self, config: &Config) -> Option<CertificateFacts> {
        let url = config.alerts.certificate_url.as_ref()?;
        let mut checked = self.certificate.lock().await;
        if let Some((until, found)) = &*checked
            && Instant::now() < *until
        {
            return found.clone();
        }
        let found = certificate::check(url).await;
        let pause = if found.is_some() {
            CERTIFICATE_CHECK_EVERY
        } else {
            CERTIFICATE_RETRY_AFTER
        };
        *checked = Some((Instant::now() + pause, found.clone()));
        found
    }
}

/// Returns the free space, in MiB, of the disk that holds the database; `None`
/// for a PostgreSQL server, which monitors its own disk.
fn free_mib(database: &DatabaseLocation) -> Option<u64> {
    let DatabaseLocation::Sqlite(file) = database else {
        return None;
    };
    let folder = file.parent().unwrap_or(Path::new("."));
    service_runtime::doctor::free_mib(folder)
}
