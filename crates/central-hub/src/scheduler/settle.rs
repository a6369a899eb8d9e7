//! What came of the messages that were given to the outbox.

use session_api::Timestamp;
use sqlx::Row;

use super::{Scheduler, Situation};
use crate::campaigns::health::{Alarm, Health, Outcome};
use crate::sending_windows::{Decision, Rules, next_opening};
use crate::store::campaigns::{
    CampaignState, Deltas, Move, Recipient, RecipientState, move_in, pause_in, withdraw,
};
use crate::store::{Message, State, Store, StoreError, Tx};

/// Recipients whose message is settled. `$1` how many.
pub const SETTLE_PLAN: &str = "SELECT r.campaign_id, r.id AS recipient_id, r.message_id
    FROM recipients r JOIN messages m ON m.id = r.message_id
    WHERE r.state = 'queued' AND m.state NOT IN ('queued', 'sending', 'unconfirmed')
    ORDER BY r.campaign_id, r.id LIMIT $1";

/// So many are settled with one tick.
const AT_ONCE: i64 = 500;

impl Scheduler {
    /// Takes down what came of what was given to the outbox.
    pub(super) async fn settle(&self, now: Timestamp) -> Result<(), StoreError> {
        let rows = sqlx::query(SETTLE_PLAN)
            .bind(AT_ONCE)
            .fetch_all(self.store.reader())
            .await?;
        let mut rest = &rows[..];
        while let Some(first) = rest.first() {
            let campaign: i64 = first.try_get("campaign_id")?;
            let same = |row: &&sqlx::any::AnyRow| row.try_get("campaign_id").ok() == Some(campaign);
            let count = rest.iter().take_while(same).count().max(1);
            let (these, later) = rest.split_at(count);
            let ids = these.iter().map(|row| row.try_get("recipient_id"));
            let ids: Vec<i64> = ids.collect::<Result<_, _>>()?;
            self.settle_campaign(campaign, &ids, now).await?;
            rest = later;
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
        // The order of the locks is everywhere this: the pace, the campaign.
        super::turn::pace_in(&mut tx).await?;
        let Some(campaign) = self.store.campaign_in(&mut tx, id).await? else {
            return Ok(());
        };
        let mut health = Health::restore(&campaign.health);
        let mut deltas = Deltas::default();
        let mut alarm = None;
        let mut has_left = false;
        for recipient in recipients {
            // Once more, under the lock: another hub may have been faster.
            let Some(recipient) = crate::store::campaigns::queued_in(&mut tx, *recipient).await?
            else {
                continue;
            };
            let Some(message) = message_in(&self.store, &mut tx, &recipient).await? else {
                continue;
            };
            let Some(settled) = Settled::of(&message) else {
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
        sqlx::query("UPDATE campaigns SET health = $1 WHERE id = $2")
            .bind(health.as_str())
            .bind(id)
            .execute(&mut *tx)
            .await?;
        // The pause counts from when the message really left.
        if has_left && campaign.drawn_pause > 0 {
            let until = now.as_millis().saturating_add(campaign.drawn_pause);
            not_before(&mut tx, until).await?;
        }
        if let Some(alarm) = alarm.filter(|_| campaign.state == CampaignState::Running) {
            tracing::warn!(
                campaign = id,
                code = alarm.code(),
                "a campaign is paused: {alarm}"
            );
            pause_in(&mut tx, id, alarm.code(), Some(&alarm.to_string())).await?;
            withdraw(&self.store, &mut tx, id, alarm.code()).await?;
        }
        if let Some(alarm) = alarm.filter(|alarm| alarm.is_of_the_account()) {
            self.pause_others(&mut tx, id, alarm).await?;
        }
        super::turn::finish_in(&mut tx, id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Pauses every other campaign that writes for real: all share one account.
    async fn pause_others(&self, tx: &mut Tx, id: i64, alarm: Alarm) -> Result<(), StoreError> {
        let others: Vec<i64> = sqlx::query_scalar(
            "SELECT id FROM campaigns WHERE state = 'running' AND dry_run = 0 AND id <> $1
             ORDER BY id",
        )
        .bind(id)
        .fetch_all(&mut **tx)
        .await?;
        for other in others {
            // Once more, under the lock: a person may have been faster.
            let Some(campaign) = self.store.campaign_in(tx, other).await? else {
                continue;
            };
            if campaign.state != CampaignState::Running {
                continue;
            }
            tracing::warn!(
                campaign = other,
                code = alarm.code(),
                "a campaign is paused: {alarm}"
            );
            pause_in(tx, other, alarm.code(), Some(&alarm.to_string())).await?;
            withdraw(&self.store, tx, other, alarm.code()).await?;
        }
        Ok(())
    }

    /// Takes back what a campaign gave to the outbox and may not go any more:
    /// the outbox may have waited for the session until after hours. Tells
    /// whether something is still there.
    pub(super) async fn take_back(
        &self,
        id: i64,
        situation: Situation,
    ) -> Result<bool, StoreError> {
        let Some(campaign) = self.store.campaign(id).await? else {
            return Ok(false);
        };
        if campaign.is_rehearsal() {
            return Ok(true);
        }
        let mut tx = self.store.begin().await?;
        let Some(campaign) = self.store.campaign_in(&mut tx, id).await? else {
            return Ok(false);
        };
        let cause = match situation.obstacle(&campaign) {
            // It comes back by itself, and then the message is as good as new.
            Some("SESSION_NOT_READY") | None => None,
            Some(obstacle) => Some(obstacle),
        };
        let cause = match campaign.state {
            CampaignState::Running if cause.is_none() => {
                let rules = super::turn::rules_in(&self.store, &mut tx, &campaign).await?;
                let hours: Vec<_> = rules
                    .into_iter()
                    .map(|rules| Rules {
                        quota: None,
                        ..rules
                    })
                    .collect();
                let now = super::turn::moment(situation.now);
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

/// What a settled message means for its recipient.
struct Settled<'a> {
    to: RecipientState,
    cause: &'a str,
    detail: Option<&'a str>,
    outcome: Option<Outcome>,
}

impl<'a> Settled<'a> {
    fn of(message: &'a Message) -> Option<Self> {
        let plain = |to, cause, outcome| Self {
            to,
            cause,
            detail: None,
            outcome,
        };
        let code = message.error_code.as_deref().unwrap_or("SEND_FAILED");
        let text = message.error_message.as_deref();
        Some(match message.state {
            state if state.is_taken() => plain(RecipientState::Sent, "SENT", Some(Outcome::Sent)),
            State::Simulated => plain(RecipientState::Simulated, "DRY_RUN", None),
            State::Failed if code == "OPTED_OUT" => Self {
                detail: text,
                ..plain(RecipientState::Skipped, code, None)
            },
            State::Failed => Self {
                detail: text,
                ..plain(
                    RecipientState::Failed,
                    code,
                    Some(Outcome::of_failure(code, text.unwrap_or_default())),
                )
            },
            State::Cancelled => plain(RecipientState::Failed, "CANCELLED", None),
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

/// No campaign writes before this moment.
pub(super) async fn not_before(tx: &mut Tx, at: i64) -> Result<(), StoreError> {
    let known = super::turn::pace_in(tx).await?;
    if at > known {
        sqlx::query("UPDATE settings SET value = $1 WHERE name = $2")
            .bind(at.to_string())
            .bind(super::turn::PACE)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}
