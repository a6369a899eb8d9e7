//! Takes the turn of one campaign: decides whether it may send, and enqueues its messages.

use jiff::civil::Date;
use rand::Rng;
use session_api::Timestamp;

use super::{Scheduler, SchedulerContext, Ticked, jiff_timestamp, rules_in};
use crate::campaigns::template::Template;
use crate::sending_windows::{Decision, Pause, Rules, next_opening};
use crate::store::campaigns::{
    Campaign, CampaignState, Days, Deltas, Move, Planned, Recipient, RecipientState, finish_in,
    in_flight_in, is_opted_out_in, move_in, next_pending_in, pace_in, pause_in, set_clock_in,
    set_pause_in, wait_in,
};
use crate::store::{Composed, NewMessage, Origin, Store, StoreError, Tx};

/// Maximum number of messages per turn, for a campaign without a pause and for a dry run.
const BATCH: i64 = 50;
const DRY_RUN_BATCH: i64 = 200;
/// Maximum number of messages in the outbox for a campaign without a pause.
const MAX_IN_FLIGHT: i64 = 200;
/// How soon to check again whether the outbox has finished the previous message, in milliseconds.
const RECHECK_MS: i64 = 500;
/// The time of the next turn if only a person's change can let the campaign continue.
const NEVER: i64 = i64::MAX;

/// A turn in progress.
struct Turn<'a> {
    store: &'a Store,
    campaign: Campaign,
    template: Template,
    days: Days,
    deltas: Deltas,
    enqueued: usize,
}

impl Scheduler {
    pub(super) async fn turn(
        &self,
        id: i64,
        context: SchedulerContext,
        chance: &mut (impl Rng + Send),
        ticked: &mut Ticked,
    ) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        // The locks are always taken in this order: the pace, then the campaign.
        let pace = pace_in(&mut tx).await?;
        let Some(campaign) = self.store.campaign_in(&mut tx, id).await? else {
            return Ok(());
        };
        let now = context.now.as_millis();
        let is_due = campaign.state == CampaignState::Running && campaign.next_at <= now;
        if !is_due || context.obstacle(&campaign).is_some() {
            return Ok(());
        }
        if campaign.count(RecipientState::Pending) == 0 {
            finish_in(&mut tx, id).await?;
            tx.commit().await?;
            return Ok(());
        }
        // The simulated time of a dry run starts at `send_after`, so it does not wait.
        if let Some(at) = campaign.send_after
            && !campaign.is_dry_run()
            && at > context.now
        {
            wait_in(&mut tx, &campaign, "NOT_YET", Some(at), at.as_millis()).await?;
            tx.commit().await?;
            return Ok(());
        }
        let rules = rules_in(&self.store, &mut tx, &campaign).await?;
        if rules.is_empty() {
            wait_in(&mut tx, &campaign, "NO_APPROVED_SCHEDULE", None, NEVER).await?;
            tx.commit().await?;
            return Ok(());
        }
        let template = match Template::parse(&campaign.text) {
            Ok(template) => template,
            // The template was validated when it was stored, so this does not normally happen.
            Err(error) => {
                pause_in(&mut tx, id, error.fault.code(), Some(&error.to_string())).await?;
                tx.commit().await?;
                return Ok(());
            }
        };
        let begin = campaign
            .clock
            .filter(|_| campaign.is_dry_run())
            .unwrap_or(context.now)
            .max(campaign.send_after.unwrap_or(context.now));
        let first_day = self.zone.to_datetime(jiff_timestamp(begin)).date();
        let days = Days::read_in(&mut tx, id, first_day.yesterday().unwrap_or(first_day)).await?;
        let mut turn = Turn {
            store: &self.store,
            campaign,
            template,
            days,
            deltas: Deltas::default(),
            enqueued: 0,
        };
        if turn.campaign.is_dry_run() {
            self.simulate(&mut tx, &mut turn, &rules, begin, chance)
                .await?;
            ticked.note_next_tick(now);
        } else {
            let check_at = self
                .send(&mut tx, &mut turn, &rules, context.now, pace, chance)
                .await?;
            if let Some(check_at) = check_at {
                ticked.note_next_tick(check_at);
            }
        }
        turn.days.write_in(&mut tx, id).await?;
        turn.deltas.apply(&mut tx, id).await?;
        finish_in(&mut tx, id).await?;
        tx.commit().await?;
        ticked.enqueued += turn.enqueued;
        ticked.in_flight |= turn.enqueued > 0;
        Ok(())
    }

    /// Sends for real: one message, or several if there is no pause. Returns
    /// when to check again, unless the campaign's row contains that time.
    async fn send(
        &self,
        tx: &mut Tx,
        turn: &mut Turn<'_>,
        rules: &[Rules],
        now: Timestamp,
        pace: i64,
        chance: &mut (impl Rng + Send),
    ) -> Result<Option<i64>, StoreError> {
        let used = |schedule, day| turn.days.used(schedule, day);
        let decision = next_opening(jiff_timestamp(now), &self.zone, rules, &used, None);
        let (schedule, day, room, pause) = match decision {
            Decision::Send {
                schedule,
                day,
                room,
                pause,
                ..
            } => (schedule, day, room, pause),
            Decision::Wait { until, why } => {
                let until = Timestamp::from(until);
                let at = until.as_millis();
                wait_in(tx, &turn.campaign, why.code(), Some(until), at).await?;
                return Ok(None);
            }
            Decision::Over => {
                pause_in(tx, turn.campaign.id, "SCHEDULES_OVER", Some(SCHEDULES_OVER)).await?;
                return Ok(None);
            }
        };
        let in_flight = in_flight_in(tx, turn.campaign.id).await?;
        let max_in_flight = if pause.is_none() { MAX_IN_FLIGHT } else { 1 };
        if in_flight >= max_in_flight {
            return Ok(Some(now.as_millis() + RECHECK_MS));
        }
        if !pause.is_none() && pace > now.as_millis() {
            // `next_at` is unchanged, so the campaign keeps its place before the others.
            wait_in(
                tx,
                &turn.campaign,
                "PAUSE",
                Timestamp::from_millis(pace),
                turn.campaign.next_at,
            )
            .await?;
            return Ok(Some(pace));
        }
        let room = room.map_or(BATCH, i64::from);
        let count = if pause.is_none() {
            BATCH.min(room).min(max_in_flight - in_flight)
        } else {
            1
        };
        for recipient in next_pending_in(tx, turn.campaign.id, count).await? {
            turn.enqueue(tx, &recipient, now, schedule, day).await?;
        }
        if turn.enqueued > 0 {
            turn.draw(tx, now, pause, chance).await?;
        }
        Ok(Some(now.as_millis()))
    }

    /// Simulates as many messages as fit into one tick, each with the time at
    /// which it would have been sent.
    async fn simulate(
        &self,
        tx: &mut Tx,
        turn: &mut Turn<'_>,
        rules: &[Rules],
        begin: Timestamp,
        chance: &mut (impl Rng + Send),
    ) -> Result<(), StoreError> {
        let mut clock = begin;
        let pending = next_pending_in(tx, turn.campaign.id, DRY_RUN_BATCH).await?;
        let mut waiting = pending.iter();
        let mut recipient = waiting.next();
        while let Some(next) = recipient {
            let used = |schedule, day| turn.days.used(schedule, day);
            match next_opening(jiff_timestamp(clock), &self.zone, rules, &used, None) {
                Decision::Send {
                    schedule,
                    day,
                    pause,
                    ..
                } => {
                    if turn.enqueue(tx, next, clock, schedule, day).await? {
                        clock = clock.after(pause.draw(chance));
                    }
                    recipient = waiting.next();
                }
                Decision::Wait { until, .. } => clock = Timestamp::from(until),
                Decision::Over => {
                    pause_in(tx, turn.campaign.id, "SCHEDULES_OVER", Some(SCHEDULES_OVER)).await?;
                    break;
                }
            }
        }
        set_clock_in(tx, turn.campaign.id, clock).await
    }
}

const SCHEDULES_OVER: &str = "the dates of all approved schedules have passed and there are recipients left: add or change a schedule, then resume";

impl Turn<'_> {
    /// Enqueues a recipient's message. Returns `false` if the recipient is skipped.
    async fn enqueue(
        &mut self,
        tx: &mut Tx,
        recipient: &Recipient,
        at: Timestamp,
        schedule: i64,
        day: Date,
    ) -> Result<bool, StoreError> {
        if is_opted_out_in(tx, &recipient.chat).await? {
            let step = Move::to(RecipientState::Skipped, "OPTED_OUT");
            move_in(tx, recipient, step, &mut self.deltas).await?;
            return Ok(false);
        }
        let text = self.template.fill(&recipient.fields);
        let composed = Composed::text(self.campaign.cliente_id, recipient.address(), &text);
        let message = match composed {
            Ok(message) => message,
            // The campaign's text may have changed since the list was imported.
            Err(invalid) => {
                let reason = invalid.to_string();
                let step = Move {
                    detail: Some(&reason),
                    ..Move::to(RecipientState::Failed, "TEXT_INVALID")
                };
                move_in(tx, recipient, step, &mut self.deltas).await?;
                return Ok(false);
            }
        };
        let key = format!(
            "campaign-{}-{}-{}",
            self.campaign.id,
            recipient.id,
            recipient.attempt + 1
        );
        let inserted = self
            .store
            .insert_in(
                tx,
                NewMessage {
                    origin: Origin::Campaign,
                    campaign_id: Some(self.campaign.id),
                    message: &message,
                    idempotency_key: &key,
                    dry_run: self.campaign.is_dry_run(),
                    due: None,
                    claim: None,
                },
            )
            .await?;
        let Some(message) = inserted.message() else {
            // A caller has used this message's key for another message.
            let step = Move::to(RecipientState::Failed, "IDEMPOTENCY_KEY_REUSED");
            move_in(tx, recipient, step, &mut self.deltas).await?;
            return Ok(false);
        };
        let step = Move {
            message: Some(Planned {
                message: message.id,
                at,
                schedule,
                day,
            }),
            ..Move::to(RecipientState::Queued, "ITS_TURN")
        };
        if move_in(tx, recipient, step, &mut self.deltas).await? {
            self.days.add(schedule, day);
            self.enqueued += 1;
        }
        Ok(true)
    }

    /// Draws the random pause that follows the messages enqueued now.
    async fn draw(
        &self,
        tx: &mut Tx,
        now: Timestamp,
        pause: Pause,
        chance: &mut (impl Rng + Send),
    ) -> Result<(), StoreError> {
        let drawn = i64::try_from(pause.draw(chance).as_millis()).unwrap_or(i64::MAX);
        let until = now.as_millis().saturating_add(drawn);
        set_pause_in(tx, self.campaign.id, drawn, until).await
    }
}
