//! Runs the loop of the outbox, which claims due rows and starts an attempt for
//! each.
//!
//! ```text
//!  woken, or a second passed ─> dry runs ─> READY and not pausing? ─> claim ─> attempts
//! ```

use std::time::Duration;

use service_runtime::liveness::Heartbeat;
use session_api::{EventKind, Timestamp};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span};

use super::verdict::Verdict;
use super::{Outbox, retry_backoff};
use crate::relay::Change;
use crate::store::StoreError;

/// Poll interval, which finds rows that other hubs queued and leases that have ended.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How long messages are postponed each time while WhatsApp lets the account
/// write to no new contacts.
const POSTPONE_BY: Duration = Duration::from_secs(60);
/// Maximum number of dry-run messages that end in one transaction.
const DRY_RUNS_PER_TX: u32 = 256;
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// A pause of all queued sends after a failure.
#[derive(Default)]
struct Pause {
    failures: u32,
    until: Option<Instant>,
}

impl Pause {
    fn is_over(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() >= until)
    }

    /// Returns how many sends may be in progress; after a failure only one, as a probe.
    fn free_slots(&self, in_flight: usize) -> usize {
        match (self.is_over(), self.failures) {
            (false, _) => 0,
            (true, 0) => in_flight,
            (true, _) => 1,
        }
    }

    fn begin(&mut self, asked_for: Option<Duration>) {
        // Of several sends that fail at the same time, only the first counts.
        if self.is_over() {
            self.failures = self.failures.saturating_add(1);
            let length = retry_backoff::delay(self.failures, FIRST_PAUSE, asked_for);
            self.until = Some(Instant::now() + length);
        }
    }
}

impl Outbox {
    /// Creates the heartbeat of [`Outbox::run`].
    pub(crate) fn heartbeat() -> Heartbeat {
        Heartbeat::new("the outbox", POLL_INTERVAL)
    }

    /// Runs until `draining` is cancelled.
    pub(crate) async fn run(self, draining: CancellationToken, heartbeat: Heartbeat) {
        let (verdicts, mut judged) = tokio::sync::mpsc::unbounded_channel();
        let mut session_changes = self.0.relay.listen().changes;
        let renewing = self.clone().renew();
        let mut renewing = std::pin::pin!(renewing);
        let mut pause = Pause::default();
        let mut is_failing = false;
        // Another hub, or this one before a restart, may have postponed some messages.
        let mut may_be_held = true;
        loop {
            heartbeat.beat();
            let tick = self
                .tick(
                    pause.free_slots(self.0.limits.in_flight),
                    &mut may_be_held,
                    &verdicts,
                )
                .await;
            // The failure is logged once, not at every tick.
            match (&tick, is_failing) {
                (Err(error), false) => tracing::error!("the outbox is waiting: {error}"),
                (Ok(()), true) => tracing::info!("the outbox continues"),
                _ => {}
            }
            is_failing = tick.is_err();
            let poll = Instant::now() + POLL_INTERVAL;
            let next = pause.until.map_or(poll, |until| until.min(poll));
            let next = if pause.is_over() { poll } else { next };
            tokio::select! {
                biased;
                () = draining.cancelled() => break,
                // This future never ends; the branch only polls it.
                () = &mut renewing => {}
                verdict = judged.recv() => match verdict {
                    Some(Verdict::NotNow { after, .. }) => pause.begin(after),
                    Some(Verdict::Accepted { .. }) => pause.failures = 0,
                    _ => {}
                },
                change = session_changes.recv() => match change {
                    // The session may be able to send again.
                    Ok(Change::Event(event))
                        if event.kind == EventKind::State && self.0.is_ready() =>
                    {
                        pause = Pause::default();
                    }
                    Err(RecvError::Closed) => break,
                    Err(RecvError::Lagged(_)) | Ok(_) => {}
                },
                () = self.0.wake.notified() => {}
                () = sleep_until(next) => {}
            }
        }
    }

    async fn tick(
        &self,
        room: usize,
        may_be_held: &mut bool,
        verdicts: &tokio::sync::mpsc::UnboundedSender<Verdict>,
    ) -> Result<(), StoreError> {
        let inner = &self.0;
        let now = Timestamp::now();
        if inner
            .store
            .next_due(true)
            .await?
            .is_some_and(|due| due <= now)
        {
            let simulated = inner.store.simulate(DRY_RUNS_PER_TX).await?;
            simulated.iter().for_each(|message| inner.announce(message));
            if simulated.len() == DRY_RUNS_PER_TX as usize {
                inner.wake.notify_one();
            }
        }
        if inner.store.is_sending_stopped().await? || inner.dry_run || !inner.is_ready() {
            return Ok(());
        }
        if inner.is_limited_by_whatsapp() {
            inner
                .store
                .postpone_new_contacts(now.after(POSTPONE_BY))
                .await?;
            *may_be_held = true;
        } else if std::mem::take(may_be_held) {
            inner.store.release_postponed().await?;
        }
        let free = room.saturating_sub(inner.active().len());
        let due = inner.store.next_due(false).await?;
        if free == 0 || due.is_none_or(|due| due > now) {
            return Ok(());
        }
        let free = u32::try_from(free).unwrap_or(u32::MAX);
        let (who, lease) = (inner.who.as_str(), inner.lease());
        let claimed = if inner.is_limited_by_whatsapp() {
            // Messages queued since this tick postponed them, and a limit
            // that began since, wait for the next tick.
            inner
                .store
                .claim_except_new_contacts(who, lease, free)
                .await?
        } else {
            inner.store.claim(who, lease, free).await?
        };
        for message in claimed {
            inner.announce(&message);
            let active = self.begin(message.id);
            let inner = inner.clone();
            let verdicts = verdicts.clone();
            let span = info_span!(
                "attempt",
                message = message.id,
                request_id = message.request_id
            );
            let attempt = async move {
                let client = inner.session.for_cliente(message.cliente_id);
                let verdict = Verdict::from_answer(&inner.request_send(&client, &message).await);
                // When the lease ends, the row is requested again with its key.
                if let Err(error) = inner.record(&message, &verdict).await {
                    tracing::error!(id = message.id, "an outcome was not recorded: {error}");
                }
                let _ = verdicts.send(verdict);
                drop(active);
            };
            self.0.tasks.spawn(attempt.instrument(span));
        }
        Ok(())
    }

    /// Renews the leases of the rows in progress; never ends.
    async fn renew(self) {
        let inner = &self.0;
        let every = inner.limits.lease / 3;
        loop {
            tokio::time::sleep(every).await;
            let ids: Vec<_> = inner.active().iter().copied().collect();
            let renewed = inner.store.renew(&inner.who, &ids, inner.lease());
            // Another hub may then take the rows over; each is still one message.
            match timeout(every, renewed).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!("leases were not renewed: {error}"),
                Err(_) => tracing::debug!("leases were not renewed in time"),
            }
        }
    }
}
