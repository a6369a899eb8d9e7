//! A campaign's row.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use session_api::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::refused::Refused;
use super::rows::{as_id, json, optional_id, optional_time, small, time};
use super::states::{CampaignState, RecipientState};
use crate::sending_windows::Pause;
use crate::store::rows::{now, unknown_value};
use crate::store::{Store, StoreError, Tx};
use crate::text::fold;

/// The values of a list's columns for one recipient, by the columns' keys.
pub type Fields = BTreeMap<String, String>;

/// A campaign.
#[derive(Clone)]
pub struct Campaign {
    /// The store's number of it.
    pub id: i64,
    /// For which business.
    pub cliente_id: Option<u64>,
    /// What people call it.
    pub name: String,
    /// The template.
    pub text: String,
    /// The columns that the template may name.
    pub columns: Vec<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Before this nothing of it goes.
    pub send_after: Option<Timestamp>,
    /// Between two messages where no schedule says it.
    pub pause: Pause,
    /// Where it stands.
    pub state: CampaignState,
    /// Whether it goes by schedules: once it had one, never without again.
    pub scheduled: bool,
    /// Whether it is a rehearsal; settled when it is approved.
    pub dry_run: Option<bool>,
    /// Why it is paused: a code, and a sentence.
    pub paused_for: Option<(String, Option<String>)>,
    /// What it waits for, and until when.
    pub waits_for: Option<(String, Option<Timestamp>)>,
    /// The last outcomes.
    pub health: String,
    /// When the scheduler looks at it next.
    pub next_at: i64,
    /// The pause that was drawn after the last message, in milliseconds.
    pub drawn_pause: i64,
    /// How far a rehearsal is.
    pub clock: Option<Timestamp>,
    counts: [i64; RecipientState::ALL.len()],
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was approved.
    pub approved_at: Option<Timestamp>,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
}

// The text is the customer's.
impl std::fmt::Debug for Campaign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Campaign")
            .field("id", &self.id)
            .field("state", &self.state)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

/// What a campaign begins with.
#[derive(Clone)]
pub struct NewCampaign {
    /// For which business.
    pub cliente_id: Option<u64>,
    /// What people call it.
    pub name: String,
    /// The template, which was checked.
    pub text: String,
    /// The columns that the template may name.
    pub columns: Vec<String>,
    /// Between two messages where no schedule says it.
    pub pause: Pause,
}

/// What is said of a campaign beside its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CampaignPlan {
    /// What it is for.
    pub description: Option<String>,
    /// Before this nothing of it goes.
    pub send_after: Option<Timestamp>,
}

/// Which campaigns a list shows.
#[derive(Clone, Debug, Default)]
pub struct CampaignFilter {
    /// Of this business.
    pub cliente_id: Option<u64>,
    /// Where they stand.
    pub state: Option<CampaignState>,
    /// With this in the name, whatever the case and the accents.
    pub words: Option<String>,
    /// Older than this one: the last of the page before.
    pub before: Option<i64>,
}

/// So many campaigns are looked at for words in their names.
const LOOKED_AT: usize = 20_000;
const CHUNK: u32 = 1_000;

/// A campaign with a person's changes.
#[derive(Clone)]
pub struct CampaignEdit {
    /// What it is now.
    pub campaign: NewCampaign,
    /// What is said of it beside its text.
    pub plan: CampaignPlan,
    /// Columns in which every recipient must have a value.
    pub required: Vec<String>,
    /// Whether a recipient has a value in a column.
    pub has_value: fn(&Fields, &str) -> bool,
}

impl Campaign {
    pub(super) fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let columns: String = row.try_get("columns")?;
        let mut counts = [0; RecipientState::ALL.len()];
        for (count, state) in counts.iter_mut().zip(RecipientState::ALL) {
            *count = row.try_get(state.as_str())?;
        }
        let code: Option<String> = row.try_get("pause_code")?;
        let detail: Option<String> = row.try_get("pause_detail")?;
        let waits: Option<String> = row.try_get("wait_code")?;
        let until = optional_time(row, "wait_until")?;
        let dry_run: Option<i64> = row.try_get("dry_run")?;
        let pause = Pause::new(small(row, "pause_min")?, small(row, "pause_max")?);
        Ok(Self {
            id: row.try_get("id")?,
            cliente_id: optional_id(row, "cliente_id")?,
            name: row.try_get("name")?,
            text: row.try_get("text")?,
            columns: serde_json::from_str(&columns).map_err(|_| unknown_value("columns"))?,
            description: row.try_get("description")?,
            send_after: optional_time(row, "send_after")?,
            pause: pause.unwrap_or_default(),
            state: CampaignState::read(row.try_get("state")?)?,
            scheduled: row.try_get::<i64, _>("scheduled")? != 0,
            dry_run: dry_run.map(|it| it != 0),
            paused_for: code.map(|code| (code, detail)),
            waits_for: waits.map(|code| (code, until)),
            health: row.try_get("health")?,
            next_at: row.try_get("next_at")?,
            drawn_pause: row.try_get("drawn_pause")?,
            clock: optional_time(row, "clock")?,
            counts,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
            approved_at: optional_time(row, "approved_at")?,
            finished_at: optional_time(row, "finished_at")?,
        })
    }

    /// How many recipients stand there.
    #[must_use]
    pub fn count(&self, state: RecipientState) -> i64 {
        let index = RecipientState::ALL.iter().position(|it| *it == state);
        index.map_or(0, |index| self.counts[index])
    }

    /// How many recipients it has.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.counts.iter().sum()
    }

    /// Whether the outbox has something of it.
    #[must_use]
    pub fn is_in_flight(&self) -> bool {
        self.count(RecipientState::Queued) > 0
    }

    /// Whether it is a rehearsal; settled when it is approved.
    #[must_use]
    pub fn is_rehearsal(&self) -> bool {
        self.dry_run == Some(true)
    }
}

impl Store {
    /// Makes a campaign.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn create_campaign(&self, new: &NewCampaign) -> Result<Campaign, StoreError> {
        let mut tx = self.begin().await?;
        let campaign = self.create_campaign_in(&mut tx, new).await?;
        tx.commit().await?;
        Ok(campaign)
    }

    /// Makes a campaign, within a transaction.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn create_campaign_in(
        &self,
        tx: &mut Tx,
        new: &NewCampaign,
    ) -> Result<Campaign, StoreError> {
        let row = sqlx::query(
            "INSERT INTO campaigns (cliente_id, name, text, columns, pause_min, pause_max, state,
                 created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, 'draft', $7, $7) RETURNING *",
        )
        .bind(as_id(new.cliente_id))
        .bind(&new.name)
        .bind(&new.text)
        .bind(json(&new.columns))
        .bind(i64::from(new.pause.least()))
        .bind(i64::from(new.pause.most()))
        .bind(now())
        .fetch_one(&mut **tx)
        .await?;
        Campaign::read(&row)
    }

    /// The campaign with this number.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn campaign(&self, id: i64) -> Result<Option<Campaign>, StoreError> {
        let row = sqlx::query("SELECT * FROM campaigns WHERE id = $1")
            .bind(id)
            .fetch_optional(self.reader())
            .await?;
        row.as_ref().map(Campaign::read).transpose()
    }

    /// The campaign with this number, for this transaction alone.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn campaign_in(&self, tx: &mut Tx, id: i64) -> Result<Option<Campaign>, StoreError> {
        let look = self.engine().pick(
            "SELECT * FROM campaigns WHERE id = $1",
            "SELECT * FROM campaigns WHERE id = $1 FOR UPDATE",
        );
        let row = sqlx::query(look).bind(id).fetch_optional(&mut **tx).await?;
        row.as_ref().map(Campaign::read).transpose()
    }

    /// The newest campaigns that `filter` lets through, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn campaigns(
        &self,
        filter: &CampaignFilter,
        limit: u32,
    ) -> Result<Vec<Campaign>, StoreError> {
        let Some(words) = filter.words.as_deref().map(fold) else {
            return self.newest_campaigns(filter, limit).await;
        };
        // Compared here, so that both engines find the same.
        let mut filter = filter.clone();
        let mut found = Vec::new();
        let mut looked_at = 0;
        loop {
            let chunk = self.newest_campaigns(&filter, CHUNK).await?;
            let is_last = chunk.len() < CHUNK as usize;
            looked_at += chunk.len();
            filter.before = chunk.last().map(|it| it.id);
            found.extend(
                chunk
                    .into_iter()
                    .filter(|it| fold(&it.name).contains(&words)),
            );
            if is_last || looked_at >= LOOKED_AT || found.len() >= limit as usize {
                found.truncate(limit as usize);
                return Ok(found);
            }
        }
    }

    async fn newest_campaigns(
        &self,
        filter: &CampaignFilter,
        limit: u32,
    ) -> Result<Vec<Campaign>, StoreError> {
        let mut sql = "SELECT * FROM campaigns WHERE id < $1".to_owned();
        let mut next = 2;
        if filter.cliente_id.is_some() {
            let _ = write!(sql, " AND cliente_id = ${next}");
            next += 1;
        }
        if filter.state.is_some() {
            let _ = write!(sql, " AND state = ${next}");
            next += 1;
        }
        let _ = write!(sql, " ORDER BY id DESC LIMIT ${next}");
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(filter.before.unwrap_or(i64::MAX));
        if filter.cliente_id.is_some() {
            query = query.bind(as_id(filter.cliente_id));
        }
        if let Some(state) = filter.state {
            query = query.bind(state.as_str());
        }
        let rows = query
            .bind(i64::from(limit))
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(Campaign::read).collect()
    }

    /// Those that changed at or after this moment.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn campaigns_changed(&self, since: i64) -> Result<Vec<Campaign>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM campaigns WHERE updated_at >= $1 ORDER BY updated_at LIMIT 200",
        )
        .bind(since)
        .fetch_all(self.reader())
        .await?;
        rows.iter().map(Campaign::read).collect()
    }

    /// Begins a transaction with a campaign's row locked.
    pub(super) async fn begin_with_campaign(&self, id: i64) -> Result<(Tx, Campaign), Refused> {
        let mut tx = self.begin().await?;
        let campaign = self.campaign_in(&mut tx, id).await?;
        Ok((tx, campaign.ok_or(Refused::NotFound)?))
    }

    /// Changes a campaign as `edit` says for it, in one transaction; the
    /// campaign's row is locked meanwhile.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::MissingValues`], and those of `edit`.
    pub async fn edit_campaign<E: From<Refused>>(
        &self,
        id: i64,
        edit: impl FnOnce(&Campaign) -> Result<CampaignEdit, E> + Send,
    ) -> Result<Campaign, E> {
        let (mut tx, campaign) = self.begin_with_campaign(id).await?;
        let edit = edit(&campaign)?;
        let lacking = self
            .count_lacking_in(&mut tx, id, &edit.required, edit.has_value)
            .await;
        if let Some((column, count)) = lacking.map_err(Refused::Store)? {
            return Err(Refused::MissingValues { column, count }.into());
        }
        let written = self.write_edit(tx, id, &edit).await;
        written.map_err(|error| Refused::Store(error).into())
    }

    async fn write_edit(
        &self,
        mut tx: Tx,
        id: i64,
        edit: &CampaignEdit,
    ) -> Result<Campaign, StoreError> {
        plan_in(&mut tx, id, &edit.plan).await?;
        let edited = &edit.campaign;
        let row = sqlx::query(
            "UPDATE campaigns SET cliente_id = $1, name = $2, text = $3, columns = $4,
                 pause_min = $5, pause_max = $6, next_at = 0, updated_at = $7
             WHERE id = $8 RETURNING *",
        )
        .bind(as_id(edited.cliente_id))
        .bind(&edited.name)
        .bind(&edited.text)
        .bind(json(&edited.columns))
        .bind(i64::from(edited.pause.least()))
        .bind(i64::from(edited.pause.most()))
        .bind(now())
        .bind(id)
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Campaign::read(&row)
    }

    /// Writes down what is said of a campaign beside its text.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn plan_campaign(&self, id: i64, plan: &CampaignPlan) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        plan_in(&mut tx, id, plan).await?;
        Ok(tx.commit().await?)
    }

    /// Writes the columns down that a list brought.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn set_columns_in(
        &self,
        tx: &mut Tx,
        id: i64,
        columns: &[String],
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE campaigns SET columns = $1 WHERE id = $2")
            .bind(json(&columns))
            .bind(id)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Deletes a campaign that is not running, with all that hangs on it. Its
    /// messages stay.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::State`].
    pub async fn delete_campaign(&self, id: i64) -> Result<(), Refused> {
        let (mut tx, campaign) = self.begin_with_campaign(id).await?;
        if campaign.state == CampaignState::Running || campaign.is_in_flight() {
            let state = campaign.state;
            let cure = "pause it first, and let what is under way end";
            return Err(Refused::State { state, cure });
        }
        sqlx::query("DELETE FROM campaigns WHERE id = $1")
            .bind(id)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }
}

async fn plan_in(tx: &mut Tx, id: i64, plan: &CampaignPlan) -> Result<(), StoreError> {
    sqlx::query("UPDATE campaigns SET description = $1, send_after = $2 WHERE id = $3")
        .bind(&plan.description)
        .bind(plan.send_after.map(Timestamp::as_millis))
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
