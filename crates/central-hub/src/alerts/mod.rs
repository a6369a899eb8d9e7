//! Raises alerts and notifies a person of them, by e-mail and by a webhook.
//!
//! ```text
//!  relay, /session, /metrics, store, disk ─> observe ─> Facts ─> evaluation ─> Conditions
//!                                                                               │
//!        ┌── policy: first, repeated, not at night <── alerts (store) <─────────┘
//!        v
//!  alert_notices (store) ─> deliver ─┬─> e-mail
//!                                    └─> webhook     retried, given up after a day
//! ```
//!
//! A notice is stored in the transaction that marks its alert as notified. Two
//! hubs on one store therefore send it once, and a restart repeats nothing. A
//! condition is over when no hub has seen it for a while; a condition that
//! could not be observed is neither raised nor cleared. Without a channel, no
//! notice is sent, but the page still lists the active alerts.

mod certificate;
mod channels;
mod clock;
mod condition;
mod evaluation;
mod exposition;
mod observe;
mod policy;
mod words;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::civil::DateTime;
use serde::Serialize;
use service_runtime::Backoff;
use service_runtime::liveness::Heartbeat;
use session_api::Timestamp;
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

pub(crate) use self::channels::{ALERT, AlertData, ChannelTest};
use self::channels::{Channels, Outgoing};
pub use self::clock::AlertClock;
use self::condition::Condition;
use self::evaluation::{Evaluation, Facts};
pub(crate) use self::observe::Observed;
use self::observe::Observer;
use self::policy::{NoticeKind, Policy, Urgency, age};
use self::words::{AlertText, Digest, Words};
use crate::config::Config;
use crate::store::{
    Engine, MessageState, NewNotice, Notice, NoticeOutcome, Sighting, Store, StoreError,
    StoredAlert, new_event_id,
};
use crate::webhooks::WebhookLimits;

/// The lease of a notice; it outlasts an attempt with all its steps.
const LEASE: Duration = Duration::from_secs(120);
/// The age at which an unsent notice is given up.
const GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 3600);
const MAX_RETRY_PAUSE: Duration = Duration::from_secs(1800);
/// Number of notices that are sent concurrently.
const CONCURRENT_NOTICES: u32 = 8;
/// How long notices are kept and service starts are counted.
const NOTICE_RETENTION: Duration = Duration::from_secs(30 * 24 * 3600);
const CLEANUP_EVERY: Duration = Duration::from_secs(3600);
/// Poll interval when nothing wakes the sender; it finds notices that another hub left unsent.
const IDLE_PAUSE: Duration = Duration::from_secs(15);
/// The setting that holds the day of the last digest.
const DIGEST_DAY_SETTING: &str = "alert_digest_day";
const DAY: Duration = Duration::from_secs(24 * 3600);
/// How many of the latest notices are listed.
const LISTED_NOTICES: u32 = 10;

/// The intervals of the checks and of the retries.
#[derive(Clone, Copy, Debug)]
pub struct AlertLimits {
    /// Interval between two checks.
    pub every: Duration,
    /// A condition that no hub has seen for this long is over.
    pub over_after: Duration,
    /// The pause after the first failed attempt; later ones are longer.
    pub first_pause: Duration,
    /// Memory of the hub in MiB above which a person is notified.
    pub hub_memory_mib: u64,
}

impl Default for AlertLimits {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(30),
            over_after: Duration::from_secs(90),
            first_pause: Duration::from_secs(10),
            hub_memory_mib: evaluation::HUB_LIMITS.memory_mib,
        }
    }
}

/// The alerting service; clones share it.
#[derive(Clone)]
pub(crate) struct Alerts(Arc<Inner>);

struct Inner {
    config: Arc<Config>,
    store: Store,
    observer: Observer,
    channels: Channels,
    words: Words,
    limits: AlertLimits,
    clock: AlertClock,
    /// The name under which this hub's starts are recorded.
    service: String,
    /// The id of this process in the rows that it claims.
    who: String,
    /// Notified when a notice has been enqueued.
    enqueued: Notify,
    heartbeat: Heartbeat,
    /// Ensures that only one test runs at a time.
    testing: Mutex<()>,
}

/// An active alert.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = alerts::Held)]
pub(crate) struct ActiveAlert {
    key: String,
    code: String,
    /// `critical` or `warning`.
    severity: &'static str,
    title: String,
    text: String,
    since: Timestamp,
    /// When a notification was last enqueued.
    #[serde(rename = "told_at")]
    notified_at: Option<Timestamp>,
}

/// A notice that was sent or is queued.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = alerts::Told)]
pub(crate) struct SentNotice {
    #[serde(rename = "way")]
    channel: String,
    /// `raised`, `repeated`, `cleared` or `digest`.
    kind: String,
    code: String,
    title: String,
    /// `pending`, `sent` or `dead`.
    state: String,
    attempts: u32,
    /// Why the last attempt failed.
    error: Option<String>,
    at: Timestamp,
}

/// A channel and its recipients.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = alerts::Way)]
pub(crate) struct ChannelBody {
    #[serde(rename = "way")]
    channel: &'static str,
    to: String,
}

/// The active alerts, the channels and the latest notices.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = alerts::Standing)]
pub(crate) struct AlertsBody {
    /// The channels; if there are none, no notice is sent.
    #[serde(rename = "ways")]
    channels: Vec<ChannelBody>,
    after_minutes: u64,
    /// Hours between repeats; `null` if an active alert is reported only once.
    repeat_hours: Option<u64>,
    quiet_hours: Option<String>,
    digest_at: Option<String>,
    /// The active alerts.
    #[serde(rename = "holding")]
    active: Vec<ActiveAlert>,
    /// The latest notices, newest first.
    #[serde(rename = "told")]
    notices: Vec<SentNotice>,
}

/// Why a test was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TestRefused {
    /// No channel is configured.
    NoChannel,
    /// Another test is in progress.
    UnderWay,
}

impl std::fmt::Debug for Alerts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Alerts")
            .field("channels", &self.0.channels.names())
            .finish_non_exhaustive()
    }
}

/// Returns this machine's name, with the port unless it is the default. The two
/// together distinguish hubs.
fn hub_name(config: &Config) -> String {
    let system = rustix::system::uname();
    let host = system.nodename().to_string_lossy().into_owned();
    if config.port == crate::config::DEFAULT_PORT {
        host
    } else {
        format!("{host}:{}", config.port)
    }
}

/// Tests each channel without a running hub; the result is empty if there is no channel.
pub(crate) async fn test(config: &Config, limits: WebhookLimits) -> Vec<ChannelTest> {
    let words = words_of(config);
    test_channels(&Channels::new(&config.alerts, limits), &words).await
}

fn words_of(config: &Config) -> Words {
    Words::new(
        config.alerts.language,
        config.zone.clone(),
        hub_name(config),
    )
}

async fn test_channels(channels: &Channels, words: &Words) -> Vec<ChannelTest> {
    let text = words.test();
    let event_id = new_event_id();
    let outgoing = Outgoing {
        event_id: &event_id,
        kind: "test",
        code: "TEST",
        severity: "info",
        text: &text,
        at: Timestamp::now(),
    };
    channels.test(&outgoing).await
}

impl Alerts {
    pub(crate) fn new(
        config: Arc<Config>,
        observed: Observed,
        webhook_limits: WebhookLimits,
        limits: AlertLimits,
    ) -> Self {
        let service = format!("central-hub {}", hub_name(&config));
        let (store, clock) = (observed.store.clone(), observed.clock.clone());
        Self(Arc::new(Inner {
            observer: Observer::new(observed, service.clone(), limits.hub_memory_mib),
            channels: Channels::new(&config.alerts, webhook_limits),
            words: words_of(&config),
            store,
            limits,
            clock,
            service,
            config,
            who: format!("{:016x}", rand::random::<u64>()),
            enqueued: Notify::new(),
            heartbeat: Heartbeat::new("the alerts' check", limits.every),
            testing: Mutex::new(()),
        }))
    }

    /// Checks the conditions and sends notices until `draining` is cancelled.
    pub(crate) async fn run(self, draining: CancellationToken) {
        let inner = &self.0;
        inner.begin().await;
        let watching = async {
            tokio::select! {
                () = draining.cancelled() => {}
                () = inner.watch() => {}
            }
        };
        // Attempts in progress are finished and stored, so that they are not sent twice.
        tokio::join!(watching, inner.deliver(&draining));
        if let Err(error) = inner.store.release_notices(Some(&inner.who)).await {
            tracing::debug!("the leases of alerts were not released: {error}");
        }
    }

    /// Returns the heartbeat of [`Alerts::run`].
    pub(crate) fn heartbeat(&self) -> Heartbeat {
        self.0.heartbeat.clone()
    }

    /// Tests each channel.
    pub(crate) async fn test(&self) -> Result<Vec<ChannelTest>, TestRefused> {
        let inner = &self.0;
        let Ok(_one) = inner.testing.try_lock() else {
            return Err(TestRefused::UnderWay);
        };
        if inner.channels.names().is_empty() {
            return Err(TestRefused::NoChannel);
        }
        Ok(test_channels(&inner.channels, &inner.words).await)
    }

    /// Returns the active alerts, the channels and the latest notices.
    pub(crate) async fn status(&self) -> Result<AlertsBody, StoreError> {
        let inner = &self.0;
        let alerts = &inner.config.alerts;
        let active = inner.store.alerts().await?;
        let notices = inner.store.notices(LISTED_NOTICES).await?;
        Ok(AlertsBody {
            channels: inner
                .channels
                .recipients()
                .into_iter()
                .map(|(channel, to)| ChannelBody { channel, to })
                .collect(),
            after_minutes: alerts.after.as_secs() / 60,
            repeat_hours: alerts.repeat.map(|repeat| repeat.as_secs() / 3600),
            quiet_hours: alerts.quiet.map(|quiet| quiet.to_string()),
            digest_at: alerts.digest_at.map(crate::config::alerts::format_time),
            active: active
                .iter()
                .filter_map(|alert| inner.active_alert(alert))
                .collect(),
            notices: notices.into_iter().map(SentNotice::from).collect(),
        })
    }
}

impl From<Notice> for SentNotice {
    fn from(notice: Notice) -> Self {
        Self {
            channel: notice.channel,
            kind: notice.kind,
            code: notice.code,
            title: notice.title,
            state: notice.state,
            attempts: notice.attempts,
            error: notice.last_error,
            at: notice.created_at,
        }
    }
}

/// Parses a stored condition. Returns `None` for a condition of a later version.
fn condition_of(alert: &StoredAlert) -> Option<Condition> {
    serde_json::from_str(&alert.detail).ok()
}

impl Inner {
    /// Records that this hub started, and releases its earlier claims.
    async fn begin(&self) {
        let now = self.clock.now();
        if let Err(error) = self.store.service_started(&self.service, now).await {
            tracing::debug!("the start was not recorded: {error}");
        }
        if self.store.engine() == Engine::Sqlite {
            // No other hub uses this database file, so every claim belongs to
            // an earlier run of this one.
            if let Err(error) = self.store.release_notices(None).await {
                tracing::warn!("alerts: {error}");
            }
        }
    }

    async fn watch(&self) {
        let mut forget_at = Instant::now();
        loop {
            self.heartbeat.beat();
            // The first check waits until the relay has received something.
            tokio::time::sleep(self.limits.every).await;
            if let Err(error) = self.check().await {
                tracing::warn!("alerts are waiting for the store: {error}");
            }
            if forget_at <= Instant::now() {
                forget_at = Instant::now() + CLEANUP_EVERY;
                let before = self.clock.now().before(NOTICE_RETENTION);
                if let Err(error) = self.store.forget_notices(before).await {
                    tracing::warn!("old notices were not deleted: {error}");
                }
            }
        }
    }

    async fn check(&self) -> Result<(), StoreError> {
        let facts = self.observer.facts(&self.config).await;
        let backup_hours = self.config.alerts.backup_after.as_secs() / 3600;
        let evaluation = evaluation::evaluate(&facts, backup_hours);
        let now = self.clock.now();
        let policy = self.policy(now);
        for condition in &evaluation.conditions {
            let since = since_of(condition, &facts).unwrap_or(now);
            self.record(condition, since, &policy, now).await?;
        }
        self.clear(&evaluation, &policy, now).await?;
        self.digest(&facts, now).await
    }

    fn local(&self, now: Timestamp) -> DateTime {
        let now = jiff::Timestamp::from_millisecond(now.as_millis()).unwrap_or_default();
        self.config.zone.to_datetime(now)
    }

    fn policy(&self, now: Timestamp) -> Policy {
        let alerts = &self.config.alerts;
        let time = self.local(now).time();
        Policy {
            repeat: alerts.repeat,
            is_quiet: alerts.quiet.is_some_and(|quiet| quiet.contains(time)),
        }
    }

    /// Stores that the condition was seen, and enqueues a notice if one is due.
    async fn record(
        &self,
        condition: &Condition,
        since: Timestamp,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let detail = serde_json::to_string(condition).unwrap_or_default();
        let (key, reason) = (condition.key(), condition.reason());
        let sighting = Sighting {
            key: &key,
            code: condition.code(),
            detail: &detail,
            reason: &reason,
            since,
        };
        let mut tx = self.store.begin().await?;
        let alert = self
            .store
            .record_sighting_in(&mut tx, &sighting, now)
            .await?;
        let urgency = Urgency::for_condition(condition, &self.config.alerts);
        let telling = policy.decide(&alert, urgency, now);
        if let Some(telling) = telling {
            let is_again = telling == NoticeKind::Repeated;
            let text = self.words.raised(condition, alert.since, is_again);
            let kind = if is_again { "repeated" } else { "raised" };
            let notice = QueuedNotice {
                kind,
                key: &key,
                code: condition.code(),
                severity: urgency.severity.as_str(),
                text: &text,
            };
            self.enqueue(&mut tx, &notice).await?;
            self.store.mark_notified_in(&mut tx, &alert, now).await?;
        }
        tx.commit().await?;
        if let Some(telling) = telling {
            tracing::warn!(code = condition.code(), ?telling, "alert raised: {key}");
            self.enqueued.notify_one();
        }
        Ok(())
    }

    /// Clears the alerts that no hub sees any more. During the quiet hours, an
    /// alert that was notified stays until the morning, since the condition may
    /// be back by then.
    async fn clear(
        &self,
        evaluation: &Evaluation,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let before = now.before(self.limits.over_after);
        for alert in self.store.alerts().await? {
            let was_told = alert.told_at.is_some();
            let is_unseen = alert.seen_at < before;
            if !is_unseen || !evaluation.knows(&alert.key) || policy.is_quiet && was_told {
                continue;
            }
            let mut tx = self.store.begin().await?;
            if !self
                .store
                .clear_alert_in(&mut tx, &alert.key, before)
                .await?
            {
                // Another hub cleared the alert first, or the condition is back.
                continue;
            }
            if was_told && let Some(condition) = condition_of(&alert) {
                let text = self.words.cleared(&condition, alert.since, alert.seen_at);
                let notice = QueuedNotice {
                    kind: "cleared",
                    key: &alert.key,
                    code: &alert.code,
                    severity: "info",
                    text: &text,
                };
                self.enqueue(&mut tx, &notice).await?;
            }
            tx.commit().await?;
            if was_told {
                tracing::info!("alert resolved: {}", alert.key);
                self.enqueued.notify_one();
            }
        }
        Ok(())
    }

    /// Enqueues the daily digest, from only one of the hubs.
    async fn digest(&self, facts: &Facts, now: Timestamp) -> Result<(), StoreError> {
        let Some(at) = self.config.alerts.digest_at else {
            return Ok(());
        };
        let local = self.local(now);
        let (day, is_time) = (local.date().to_string(), local.time() >= at);
        // On a new hub, today's digest is not due.
        let last = self
            .store
            .setting_or(DIGEST_DAY_SETTING, if is_time { &day } else { "" })
            .await?;
        if !is_time || last == day {
            return Ok(());
        }
        let digest = self.summary(&day, facts, now).await?;
        let text = self.words.digest(&digest);
        let mut tx = self.store.begin().await?;
        if !self
            .store
            .claim_digest_in(&mut tx, DIGEST_DAY_SETTING, &day)
            .await?
        {
            return Ok(());
        }
        let notice = QueuedNotice {
            kind: "digest",
            key: "DIGEST",
            code: "DIGEST",
            severity: "info",
            text: &text,
        };
        self.enqueue(&mut tx, &notice).await?;
        tx.commit().await?;
        self.enqueued.notify_one();
        Ok(())
    }

    async fn summary(
        &self,
        day: &str,
        facts: &Facts,
        now: Timestamp,
    ) -> Result<Digest, StoreError> {
        let since = now.before(DAY);
        let outcomes = self.store.outcomes(since, None).await?;
        let count = |wanted: &dyn Fn(MessageState) -> bool| {
            let matching = outcomes.iter().filter(|(state, _)| wanted(*state));
            matching.map(|(_, number)| number).sum()
        };
        let active = self.store.alerts().await?;
        let conditions = active.iter().filter_map(condition_of);
        Ok(Digest {
            day: day.to_owned(),
            sent: count(&MessageState::is_accepted),
            failed: count(&|state| state == MessageState::Failed),
            received: count(&|state| state == MessageState::Received),
            waiting: self.store.waiting(None).await?,
            raised: self.store.raised_since(since).await?,
            active: conditions.map(|it| self.words.title(&it)).collect(),
            ready: facts
                .session
                .as_ref()
                .map(|session| session.state == session_api::SessionState::Ready),
            dry_run: self.config.dry_run,
        })
    }

    async fn enqueue(
        &self,
        tx: &mut crate::store::Tx,
        notice: &QueuedNotice<'_>,
    ) -> Result<(), StoreError> {
        let event_id = new_event_id();
        let row = NewNotice {
            event_id: &event_id,
            kind: notice.kind,
            key: notice.key,
            code: notice.code,
            severity: notice.severity,
            title: &notice.text.title,
            text: &notice.text.text,
        };
        let channels = self.channels.names();
        self.store.enqueue_notice_in(tx, &channels, &row).await
    }

    async fn deliver(&self, draining: &CancellationToken) {
        while !draining.is_cancelled() {
            let claimed = self.deliver_some().await;
            if claimed {
                continue;
            }
            let pause = IDLE_PAUSE.min(self.limits.first_pause);
            tokio::select! {
                () = draining.cancelled() => {}
                () = self.enqueued.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Sends the notices that are due, and returns whether there were any.
    async fn deliver_some(&self) -> bool {
        let until = Timestamp::now().after(LEASE);
        let claimed = match self
            .store
            .claim_notices(&self.who, until, CONCURRENT_NOTICES)
            .await
        {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::warn!("alerts are waiting for the store: {error}");
                return false;
            }
        };
        let sending = claimed.iter().map(|notice| self.send(notice));
        futures_util::future::join_all(sending).await;
        !claimed.is_empty()
    }

    async fn send(&self, notice: &Notice) {
        let text = AlertText {
            title: notice.title.clone(),
            text: notice.text.clone(),
        };
        let outgoing = Outgoing {
            event_id: &notice.event_id,
            kind: &notice.kind,
            code: &notice.code,
            severity: &notice.severity,
            text: &text,
            at: notice.created_at,
        };
        let outcome = match self.channels.send(&notice.channel, &outgoing).await {
            Ok(()) => {
                tracing::info!(
                    way = notice.channel,
                    code = notice.code,
                    "alert notice delivered"
                );
                NoticeOutcome::Sent
            }
            Err(why) => {
                let now = self.clock.now();
                let reason = format!("{}: {}", why.code, why.message);
                if age(notice.created_at, now) >= GIVE_UP_AFTER {
                    tracing::error!(
                        way = notice.channel,
                        "an alert notice is given up: {reason}"
                    );
                    NoticeOutcome::Dead(reason)
                } else {
                    tracing::error!(
                        way = notice.channel,
                        "an alert notice was not delivered: {reason}"
                    );
                    let backoff = Backoff::new(self.limits.first_pause, MAX_RETRY_PAUSE);
                    let pause = backoff.after(notice.attempts.saturating_sub(1));
                    NoticeOutcome::Again(Timestamp::now().after(pause), reason)
                }
            }
        };
        let recorded = self
            .store
            .settle_notice(notice.id, &self.who, &outcome)
            .await;
        if let Err(error) = recorded {
            // The lease ends, and the notice is sent again.
            tracing::warn!("the outcome of an alert notice was not recorded: {error}");
        }
    }

    fn active_alert(&self, alert: &StoredAlert) -> Option<ActiveAlert> {
        let condition = condition_of(alert)?;
        Some(ActiveAlert {
            key: alert.key.clone(),
            code: alert.code.clone(),
            severity: condition.severity().as_str(),
            title: self.words.title(&condition),
            text: self.words.body(&condition),
            since: alert.since,
            notified_at: alert.told_at,
        })
    }
}

/// A notice to enqueue for every channel.
struct QueuedNotice<'a> {
    kind: &'a str,
    key: &'a str,
    code: &'a str,
    severity: &'a str,
    text: &'a AlertText,
}

/// Returns when a condition began, if one of the facts says so.
fn since_of(condition: &Condition, facts: &Facts) -> Option<Timestamp> {
    match condition {
        Condition::SessionNotReady { .. } => facts.session.as_ref().map(|session| session.since),
        _ => None,
    }
}
