//! Stores schedules.

use std::fmt::Write as _;

use jiff::civil::Date;
use session_api::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::rows::{as_id, optional_id, small, time};
use super::states::ScheduleState;
use crate::sending_windows::{Pause, Rules};
use crate::store::rows::{now, unknown_value};
use crate::store::{Store, StoreError, Tx};

/// A sending schedule of a campaign.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The row's id, which the rules contain as well.
    pub id: i64,
    /// The id of the campaign.
    pub campaign_id: i64,
    /// The id of the business.
    pub cliente_id: Option<u64>,
    /// The days, hours, quota and pause.
    pub rules: Rules,
    /// A user's comment.
    pub comment: Option<String>,
    /// The current state.
    pub state: ScheduleState,
    /// Why the schedule was rejected or paused.
    pub reason: Option<String>,
    /// When the schedule was created.
    pub created_at: Timestamp,
    /// When the schedule last changed.
    pub updated_at: Timestamp,
}

/// The filter of a list of schedules.
#[derive(Clone, Debug, Default)]
pub struct ScheduleFilter {
    /// Only schedules of this campaign.
    pub campaign_id: Option<i64>,
    /// Only schedules of this business.
    pub cliente_id: Option<u64>,
    /// Only schedules in this state.
    pub state: Option<ScheduleState>,
    /// Only schedules that have not ended before this day.
    pub from: Option<Date>,
    /// Only schedules that have begun by this day.
    pub until: Option<Date>,
    /// Only schedules with an id below this one, the last of the previous page.
    pub before: Option<i64>,
}

/// The contents of a schedule to create or change.
#[derive(Clone, Debug)]
pub struct NewSchedule {
    /// The id of the campaign.
    pub campaign_id: i64,
    /// The id of the business.
    pub cliente_id: Option<u64>,
    /// The validated rules.
    pub rules: Rules,
    /// A user's comment.
    pub comment: Option<String>,
}

impl Schedule {
    pub(super) fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let day = |column: &str| -> Result<Option<Date>, StoreError> {
            let text: Option<String> = row.try_get(column)?;
            text.map(|text| text.parse().map_err(|_| unknown_value("a date")))
                .transpose()
        };
        let days: String = row.try_get("days")?;
        let pause = Pause::new(small(row, "pause_min")?, small(row, "pause_max")?);
        let id = row.try_get("id")?;
        Ok(Self {
            id,
            campaign_id: row.try_get("campaign_id")?,
            cliente_id: optional_id(row, "cliente_id")?,
            rules: Rules {
                id,
                days: days.parse().map_err(|_| unknown_value("days"))?,
                from: small(row, "from_minute")?,
                until: small(row, "until_minute")?,
                first: day("first_day")?,
                last: day("last_day")?,
                quota: Some(small(row, "quota")?),
                pause: pause.unwrap_or_default(),
            },
            comment: row.try_get("comment")?,
            state: ScheduleState::read(row.try_get("state")?)?,
            reason: row.try_get("reason")?,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}

impl Store {
    /// Creates a schedule, which has to be approved before it takes effect.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn create_schedule(&self, new: &NewSchedule) -> Result<Schedule, StoreError> {
        let mut tx = self.begin().await?;
        let schedule = self.create_schedule_in(&mut tx, new).await?;
        tx.commit().await?;
        Ok(schedule)
    }

    /// Creates a schedule like [`Store::create_schedule`], within a
    /// transaction.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn create_schedule_in(
        &self,
        tx: &mut Tx,
        new: &NewSchedule,
    ) -> Result<Schedule, StoreError> {
        let row = sqlx::query(
            "INSERT INTO schedules (campaign_id, cliente_id, days, from_minute, until_minute, quota,
                 first_day, last_day, pause_min, pause_max, comment, state, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'pending', $12, $12) RETURNING *",
        );
        let row = bind(row, new).bind(now()).fetch_one(&mut **tx).await?;
        make_due(tx, new.campaign_id).await?;
        sqlx::query("UPDATE campaigns SET scheduled = 1 WHERE id = $1")
            .bind(new.campaign_id)
            .execute(&mut **tx)
            .await?;
        Schedule::read(&row)
    }

    /// Updates a schedule, which then has to be approved again.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn edit_schedule(
        &self,
        id: i64,
        edited: &NewSchedule,
    ) -> Result<Option<Schedule>, StoreError> {
        let mut tx = self.begin().await?;
        make_due(&mut tx, edited.campaign_id).await?;
        let row = sqlx::query(
            "UPDATE schedules SET campaign_id = $1, cliente_id = $2, days = $3, from_minute = $4,
                 until_minute = $5, quota = $6, first_day = $7, last_day = $8, pause_min = $9,
                 pause_max = $10, comment = $11, updated_at = $12, state = 'pending', reason = NULL
             WHERE id = $13 RETURNING *",
        );
        let row = bind(row, edited)
            .bind(now())
            .bind(id)
            .fetch_optional(&mut *tx)
            .await?;
        tx.commit().await?;
        row.as_ref().map(Schedule::read).transpose()
    }

    /// Sets the state of a schedule.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn set_schedule_state(
        &self,
        id: i64,
        state: ScheduleState,
        reason: Option<&str>,
    ) -> Result<Option<Schedule>, StoreError> {
        let mut tx = self.begin().await?;
        make_campaign_due(&mut tx, id).await?;
        let row = sqlx::query(
            "UPDATE schedules SET state = $1, reason = $2, updated_at = $3 WHERE id = $4 RETURNING *",
        )
        .bind(state.as_str())
        .bind(reason)
        .bind(now())
        .bind(id)
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        row.as_ref().map(Schedule::read).transpose()
    }

    /// Deletes a schedule. Returns `false` if there was none with this id.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn delete_schedule(&self, id: i64) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        make_campaign_due(&mut tx, id).await?;
        let deleted = sqlx::query("DELETE FROM schedules WHERE id = $1")
            .bind(id)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(deleted.rows_affected() > 0)
    }

    /// Returns the schedule with this id.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn schedule(&self, id: i64) -> Result<Option<Schedule>, StoreError> {
        let row = sqlx::query("SELECT * FROM schedules WHERE id = $1")
            .bind(id)
            .fetch_optional(self.reader())
            .await?;
        row.as_ref().map(Schedule::read).transpose()
    }

    /// Lists the newest schedules that match `filter`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn schedules(
        &self,
        filter: &ScheduleFilter,
        limit: u32,
    ) -> Result<Vec<Schedule>, StoreError> {
        let mut sql = "SELECT * FROM schedules WHERE id < $1".to_owned();
        let mut next = 2;
        let mut and = |is_wanted: bool, condition: &str| {
            if is_wanted {
                let _ = write!(sql, " AND {}", condition.replace('?', &format!("${next}")));
                next += 1;
            }
        };
        and(filter.campaign_id.is_some(), "campaign_id = ?");
        and(filter.cliente_id.is_some(), "cliente_id = ?");
        and(filter.state.is_some(), "state = ?");
        and(
            filter.until.is_some(),
            "(first_day IS NULL OR first_day <= ?)",
        );
        and(filter.from.is_some(), "(last_day IS NULL OR last_day >= ?)");
        let _ = write!(sql, " ORDER BY id DESC LIMIT ${next}");
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(filter.before.unwrap_or(i64::MAX));
        for id in [filter.campaign_id, as_id(filter.cliente_id)]
            .into_iter()
            .flatten()
        {
            query = query.bind(id);
        }
        if let Some(state) = filter.state {
            query = query.bind(state.as_str());
        }
        for day in [filter.until, filter.from].into_iter().flatten() {
            query = query.bind(day.to_string());
        }
        let rows = query
            .bind(i64::from(limit))
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(Schedule::read).collect()
    }

    /// Lists a campaign's schedules, oldest first, within a transaction.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn schedules_in(
        &self,
        tx: &mut Tx,
        campaign: i64,
    ) -> Result<Vec<Schedule>, StoreError> {
        let rows = sqlx::query("SELECT * FROM schedules WHERE campaign_id = $1 ORDER BY id")
            .bind(campaign)
            .fetch_all(&mut **tx)
            .await?;
        rows.iter().map(Schedule::read).collect()
    }
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>;

fn bind<'q>(query: Query<'q>, new: &NewSchedule) -> Query<'q> {
    let rules = &new.rules;
    query
        .bind(new.campaign_id)
        .bind(as_id(new.cliente_id))
        .bind(rules.days.to_string())
        .bind(i64::from(rules.from))
        .bind(i64::from(rules.until))
        .bind(i64::from(rules.quota.unwrap_or_default()))
        .bind(rules.first.map(|day| day.to_string()))
        .bind(rules.last.map(|day| day.to_string()))
        .bind(i64::from(rules.pause.min_seconds()))
        .bind(i64::from(rules.pause.max_seconds()))
        .bind(new.comment.clone())
}

/// Approves the schedules of a campaign that wait for approval, within a transaction.
pub(super) async fn approve_pending_in(
    tx: &mut Tx,
    campaign: i64,
    at: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE schedules SET state = $1, reason = NULL, updated_at = $2
         WHERE campaign_id = $3 AND state = $4",
    )
    .bind(ScheduleState::Approved.as_str())
    .bind(at)
    .bind(campaign)
    .bind(ScheduleState::Pending.as_str())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes the campaign of a schedule due again, like [`make_due`]. It is
/// called before the schedule's row is locked, because an approval locks the
/// two rows in this order.
async fn make_campaign_due(tx: &mut Tx, schedule: i64) -> Result<(), StoreError> {
    let campaign: Option<i64> =
        sqlx::query_scalar("SELECT campaign_id FROM schedules WHERE id = $1")
            .bind(schedule)
            .fetch_optional(&mut **tx)
            .await?;
    match campaign {
        Some(campaign) => make_due(tx, campaign).await,
        None => Ok(()),
    }
}

/// Makes a campaign due again, since the time of its next message may have changed.
pub(super) async fn make_due(tx: &mut Tx, campaign: i64) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE campaigns SET next_at = 0, wait_code = NULL, wait_until = NULL, updated_at = $1
         WHERE id = $2",
    )
    .bind(now())
    .bind(campaign)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
