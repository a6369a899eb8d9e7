//! Queries of the scheduler: which campaigns are due, what they wait for, and
//! the pause after the last message, which all campaigns share.

use session_api::Timestamp;
use sqlx::Row;

use super::Campaign;
use super::lifecycle::changed_in;
use crate::store::{Store, StoreError, Tx};

/// The setting that holds the end of the pause after the last message of any
/// campaign. All campaigns share it, because they share one phone.
const PACE: &str = "campaigns.not_before";

/// Query for recipients whose message is settled. `$1` is the limit.
const SETTLE_PLAN: &str = "SELECT r.campaign_id, r.id AS recipient_id, r.message_id
    FROM recipients r JOIN messages m ON m.id = r.message_id
    WHERE r.state = 'queued'
        AND (m.state NOT IN ('queued', 'sending', 'unconfirmed') OR m.undecided_at IS NOT NULL)
    ORDER BY r.campaign_id, r.id LIMIT $1";

/// Query for campaigns that are due. `$1` is the current time in milliseconds,
/// `$2` the limit, and `$3` is 1 for dry runs only.
const DUE_CAMPAIGNS: &str = "SELECT id FROM campaigns WHERE state = 'running' AND next_at <= $1
    AND (dry_run = 1 OR $3 = 0) ORDER BY next_at, id LIMIT $2";
const NEXT_DUE_TIME: &str =
    "SELECT MIN(next_at) FROM campaigns WHERE state = 'running' AND next_at > $1";
const IN_FLIGHT: &str = "SELECT id FROM campaigns WHERE queued > 0 ORDER BY id LIMIT 200";

/// The queries of every tick, for the tests of their query plans.
pub const TICK_PLANS: [&str; 4] = [SETTLE_PLAN, DUE_CAMPAIGNS, NEXT_DUE_TIME, IN_FLIGHT];

impl Store {
    /// Lists the running campaigns that are due at `now`, in milliseconds.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub(crate) async fn due_campaigns(
        &self,
        now: i64,
        limit: i64,
        only_dry_runs: bool,
    ) -> Result<Vec<i64>, StoreError> {
        Ok(sqlx::query_scalar(DUE_CAMPAIGNS)
            .bind(now)
            .bind(limit)
            .bind(i64::from(only_dry_runs))
            .fetch_all(self.reader())
            .await?)
    }

    /// Returns when the next running campaign is due after `now`.
    pub(crate) async fn next_due_campaign(&self, now: i64) -> Result<Option<i64>, StoreError> {
        Ok(sqlx::query_scalar(NEXT_DUE_TIME)
            .bind(now)
            .fetch_one(self.reader())
            .await?)
    }

    /// Lists the campaigns that have messages in the outbox.
    pub(crate) async fn campaigns_in_flight(&self) -> Result<Vec<i64>, StoreError> {
        Ok(sqlx::query_scalar(IN_FLIGHT)
            .fetch_all(self.reader())
            .await?)
    }

    /// Lists queued recipients whose message is settled, as campaign and
    /// recipient, ordered by campaign.
    pub(crate) async fn settled_recipients(
        &self,
        limit: i64,
    ) -> Result<Vec<(i64, i64)>, StoreError> {
        let rows = sqlx::query(SETTLE_PLAN)
            .bind(limit)
            .fetch_all(self.reader())
            .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("campaign_id")?, row.try_get("recipient_id")?)))
            .collect()
    }
}

/// Lists the running campaigns other than `id` that are not dry runs.
pub(crate) async fn other_running_in(tx: &mut Tx, id: i64) -> Result<Vec<i64>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT id FROM campaigns WHERE state = 'running' AND dry_run = 0 AND id <> $1
         ORDER BY id",
    )
    .bind(id)
    .fetch_all(&mut **tx)
    .await?)
}

/// Stores the recent outcomes of a campaign.
pub(crate) async fn set_health_in(tx: &mut Tx, id: i64, health: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE campaigns SET health = $1 WHERE id = $2")
        .bind(health)
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Stores the simulated time of a dry run.
pub(crate) async fn set_clock_in(tx: &mut Tx, id: i64, clock: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE campaigns SET clock = $1 WHERE id = $2")
        .bind(clock.as_millis())
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Stores the random pause after a message and when it ends, both in milliseconds.
pub(crate) async fn set_pause_in(
    tx: &mut Tx,
    id: i64,
    drawn: i64,
    until: i64,
) -> Result<(), StoreError> {
    let waits = (drawn > 0).then_some("PAUSE");
    sqlx::query(
        "UPDATE campaigns SET drawn_pause = $1, next_at = $2, wait_code = $3, wait_until = $4
         WHERE id = $5",
    )
    .bind(drawn)
    .bind(until)
    .bind(waits)
    .bind(waits.map(|_| until))
    .bind(id)
    .execute(&mut **tx)
    .await?;
    if drawn > 0 {
        not_before_in(tx, until).await?;
    }
    Ok(())
}

/// Stores what a campaign waits for, if it changed.
pub(crate) async fn wait_in(
    tx: &mut Tx,
    campaign: &Campaign,
    code: &str,
    until: Option<Timestamp>,
    next_at: i64,
) -> Result<(), StoreError> {
    let current_wait = campaign.waits_for.as_ref();
    if current_wait.is_some_and(|(current_wait, at)| current_wait == code && *at == until)
        && next_at == campaign.next_at
    {
        return Ok(());
    }
    sqlx::query(
        "UPDATE campaigns SET wait_code = $1, wait_until = $2, next_at = $3, updated_at = $4
         WHERE id = $5",
    )
    .bind(code)
    .bind(until.map(Timestamp::as_millis))
    .bind(next_at)
    .bind(Timestamp::now().as_millis())
    .bind(campaign.id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Finishes a campaign that has no pending or queued recipients.
pub(crate) async fn finish_in(tx: &mut Tx, id: i64) -> Result<(), StoreError> {
    let at = Timestamp::now().as_millis();
    let done = sqlx::query(
        "UPDATE campaigns SET state = 'finished', finished_at = $1, updated_at = $1,
             wait_code = NULL, wait_until = NULL
         WHERE id = $2 AND state = 'running' AND pending = 0 AND queued = 0",
    )
    .bind(at)
    .bind(id)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() > 0 {
        changed_in(tx, id).await?;
    }
    Ok(())
}

/// Returns when the pause after the last message ends, in milliseconds since
/// 1970, and locks this value for the transaction.
pub(crate) async fn pace_in(tx: &mut Tx) -> Result<i64, StoreError> {
    // An update that changes nothing is a lock that both database engines support.
    let pace: Option<String> =
        sqlx::query_scalar("UPDATE settings SET value = value WHERE name = $1 RETURNING value")
            .bind(PACE)
            .fetch_optional(&mut **tx)
            .await?;
    Ok(pace.and_then(|it| it.parse().ok()).unwrap_or(0))
}

/// Counts a campaign's messages that are queued or being sent. A message whose
/// outcome is being settled does not count, because it blocks no other.
pub(crate) async fn in_flight_in(tx: &mut Tx, campaign: i64) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT COUNT(*) FROM recipients r JOIN messages m ON m.id = r.message_id
         WHERE r.campaign_id = $1 AND r.state = 'queued' AND m.state IN ('queued', 'sending')",
    )
    .bind(campaign)
    .fetch_one(&mut **tx)
    .await?)
}

/// Extends the pause of all campaigns until `at`, in milliseconds since 1970.
pub(crate) async fn not_before_in(tx: &mut Tx, at: i64) -> Result<(), StoreError> {
    let current_pace = pace_in(tx).await?;
    if at > current_pace {
        sqlx::query("UPDATE settings SET value = $1 WHERE name = $2")
            .bind(at.to_string())
            .bind(PACE)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}
