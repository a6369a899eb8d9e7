//! The settling step of a tick: records the outcomes of campaign messages and
//! pauses unhealthy campaigns.

use session_api::Timestamp;

use super::{Scheduler, SchedulerContext};
use crate::campaigns::health::{Alarm, DeliveryOutcome, Health};
use crate::sending_windows::{Decision, Rules, next_opening};
use crate::store::campaigns::{
    CampaignState, Deltas, Move, Recipient, RecipientState, finish_in, move_in, not_before_in,
    other_running_in, pace_in, pause_in, queued_in, set_health_in, withdraw,
};
use crate::store::{Message, MessageState, Store, StoreError, Tx};

/// Maximum number of messages settled per tick.
const MESSAGES_PER_TICK: i64 = 500;

impl Scheduler {
    /// Stores the outcomes of messages that were handed to the outbox.
    pub(super) async fn settle(&self, now: Timestamp) -> Result<(), StoreError> {
        let settled = self.store.settled_recipients(MESSAGES_PER_TICK).await?;
        for group in settled.chunk_by(|(one, _), (other, _)| one == other) {
            let ids: Vec<i64> = group.iter().map(|(_, recipient)| *recipient).collect();
            self.settle_campaign(group[0].0, &ids, now).await?;
        }
        Ok(())
    }

    async fn settle_campaign(
        &self,
        id: i64,
        recipients: &[i64],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        // The locks are always taken in this order: the pace, then the campaign.
        pace_in(&mut tx).await?;
        let Some(campaign) = self.store.campaign_in(&mut tx, id).await? else {
            return Ok(());
        };
        let mut health = Health::restore(&campaign.health);
        let mut deltas = Deltas::default();
        let mut alarm = None;
        let mut has_left = false;
        for recipient in recipients {
            // The recipient is read again under the lock, because another hub may have settled it.
            let Some(recipient) = queued_in(&mut tx, *recipient).await? else {
                continue;
            };
            let Some(message) = message_in(&self.store, &mut tx, &recipient).await? else {
                continue;
            };
            let Some(settled) = Settled::from_message(&message) else {
                continue;
            };
            let step = Move {
                detail: settled.detail,
                ..Move::to(settled.to, settled.cause)
            };
            if !move_in(&mut tx, &recipient, step, &mut deltas).await? {
                continue;
            }
            has_left |= settled.outcome.is_some();
            if let Some(outcome) = settled.outcome {
                alarm = alarm.or(health.note(outcome));
            }
        }
        deltas.apply(&mut tx, id).await?;
        set_health_in(&mut tx, id, health.as_str()).await?;
        // The pause begins when the message was actually sent.
        if has_left && campaign.drawn_pause > 0 {
            let until = now.as_millis().saturating_add(campaign.drawn_pause);
            not_before_in(&mut tx, until).await?;
        }
        if let Some(alarm) = alarm.filter(|_| campaign.state == CampaignState::Running) {
            tracing::warn!(
                campaign = id,
                code = alarm.code(),
                "a campaign was paused: {alarm}"
            );
            pause_in(&mut tx, id, alarm.code(), Some(&alarm.to_string())).await?;
            withdraw(&self.store, &mut tx, id, alarm.code()).await?;
        }
        if let Some(alarm) = alarm.filter(|alarm| alarm.is_of_the_account()) {
            self.pause_others(&mut tx, id, alarm).await?;
        }
        finish_in(&mut tx, id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Pauses all other campaigns that are not dry runs, because they share one account.
    async fn pause_others(&self, tx: &mut Tx, id: i64, alarm: Alarm) -> Result<(), StoreError> {
        for other in other_running_in(tx, id).await? {
            // The campaign is read again under the lock, because a person may have paused it.
            let Some(campaign) = self.store.campaign_in(tx, other).await? else {
                continue;
            };
            if campaign.state != CampaignState::Running {
                continue;
            }
            tracing::warn!(
                campaign = other,
                code = alarm.code(),
                "a campaign was paused: {alarm}"
            );
            pause_in(tx, other, alarm.code(), Some(&alarm.to_string())).await?;
            withdraw(&self.store, tx, other, alarm.code()).await?;
        }
        Ok(())
    }

    /// Withdraws messages of a campaign that may no longer be sent, for example
    /// because the outbox waited for the session until the sending hours were
    /// over. Returns whether some messages are still in the outbox.
    pub(super) async fn withdraw_unsendable(
        &self,
        id: i64,
        context: SchedulerContext,
    ) -> Result<bool, StoreError> {
        let Some(campaign) = self.store.campaign(id).await? else {
            return Ok(false);
        };
        if campaign.is_dry_run() {
            return Ok(true);
        }
        let mut tx = self.store.begin().await?;
        let Some(campaign) = self.store.campaign_in(&mut tx, id).await? else {
            return Ok(false);
        };
        let cause = match context.obstacle(&campaign) {
            // The session recovers by itself, and the message can then be sent.
            Some("SESSION_NOT_READY") | None => None,
            Some(obstacle) => Some(obstacle),
        };
        let cause = match campaign.state {
            CampaignState::Running if cause.is_none() => {
                let rules = super::rules_in(&self.store, &mut tx, &campaign).await?;
                let hours: Vec<_> = rules
                    .into_iter()
                    .map(|rules| Rules {
                        quota: None,
                        ..rules
                    })
                    .collect();
                let now = super::jiff_timestamp(context.now);
                let open = next_opening(now, &self.zone, &hours, &|_, _| 0, None);
                (!matches!(open, Decision::Send { .. })).then_some("OUTSIDE_HOURS")
            }
            CampaignState::Running => cause,
            _ => Some("CAMPAIGN_PAUSED"),
        };
        if let Some(cause) = cause {
            withdraw(&self.store, &mut tx, id, cause).await?;
            tx.commit().await?;
        }
        Ok(true)
    }
}

/// The consequences of a settled message for its recipient.
struct Settled<'a> {
    to: RecipientState,
    cause: &'a str,
    detail: Option<&'a str>,
    outcome: Option<DeliveryOutcome>,
}

impl<'a> Settled<'a> {
    fn from_message(message: &'a Message) -> Option<Self> {
        let plain = |to, cause, outcome| Self {
            to,
            cause,
            detail: None,
            outcome,
        };
        let code = message.error_code.as_deref().unwrap_or("SEND_FAILED");
        let text = message.error_message.as_deref();
        Some(match message.state {
            state if state.is_accepted() => {
                plain(RecipientState::Sent, "SENT", Some(DeliveryOutcome::Sent))
            }
            MessageState::Simulated => plain(RecipientState::Simulated, "DRY_RUN", None),
            MessageState::Failed if code == "OPTED_OUT" => Self {
                detail: text,
                ..plain(RecipientState::Skipped, code, None)
            },
            MessageState::Failed => Self {
                detail: text,
                ..plain(
                    RecipientState::Failed,
                    code,
                    Some(DeliveryOutcome::of_failure(code, text.unwrap_or_default())),
                )
            },
            // The message may have arrived, so it does not count in the campaign's health.
            MessageState::Unconfirmed if message.undecided_at.is_some() => Self {
                detail: text,
                ..plain(RecipientState::Failed, code, None)
            },
            MessageState::Cancelled => plain(RecipientState::Failed, "CANCELLED", None),
            _ => return None,
        })
    }
}

async fn message_in(
    store: &Store,
    tx: &mut Tx,
    recipient: &Recipient,
) -> Result<Option<Message>, StoreError> {
    match recipient.message_id {
        Some(id) => store.message_in(tx, id).await,
        None => Ok(None),
    }
}
