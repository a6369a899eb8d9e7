//! Stores campaigns.

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

/// A recipient's values, by the keys of the list's columns.
pub type Fields = BTreeMap<String, String>;

/// Why a campaign is paused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PausedFor {
    /// The code of the reason.
    pub code: String,
    /// The reason as a sentence.
    pub detail: Option<String>,
    /// The user who paused the campaign.
    pub by: Option<String>,
    /// When the campaign was paused.
    pub at: Option<Timestamp>,
}

/// A campaign.
#[derive(Clone)]
pub struct Campaign {
    /// The row's id.
    pub id: i64,
    /// The id of the campaign's business.
    pub cliente_id: Option<u64>,
    /// The name.
    pub name: String,
    /// The message template.
    pub text: String,
    /// The columns that the template may use.
    pub columns: Vec<String>,
    /// The purpose of the campaign.
    pub description: Option<String>,
    /// The time before which nothing is sent.
    pub send_after: Option<Timestamp>,
    /// The pause between two messages if no schedule defines one.
    pub pause: Pause,
    /// The current state.
    pub state: CampaignState,
    /// Whether the campaign uses schedules. Once it has had one, it never sends without.
    pub scheduled: bool,
    /// Whether the campaign is a dry run; `None` until it is approved.
    pub dry_run: Option<bool>,
    /// Why the campaign is paused.
    pub paused_for: Option<PausedFor>,
    /// What the campaign waits for, and until when.
    pub waits_for: Option<(String, Option<Timestamp>)>,
    /// The outcomes of the campaign's last messages.
    pub health: String,
    /// When the scheduler next considers the campaign, in milliseconds since 1970.
    pub next_at: i64,
    /// The random pause after the last message, in milliseconds.
    pub drawn_pause: i64,
    /// The simulated time of a dry run.
    pub clock: Option<Timestamp>,
    counts: [i64; RecipientState::ALL.len()],
    /// When the campaign was created.
    pub created_at: Timestamp,
    /// When the campaign last changed.
    pub updated_at: Timestamp,
    /// When the campaign was approved.
    pub approved_at: Option<Timestamp>,
    /// When the campaign finished.
    pub finished_at: Option<Timestamp>,
}

// The text is the customer's data and stays out of logs.
impl std::fmt::Debug for Campaign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Campaign")
            .field("id", &self.id)
            .field("state", &self.state)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

/// The contents of a campaign that is created or edited.
#[derive(Clone)]
pub struct NewCampaign {
    /// The id of the campaign's business.
    pub cliente_id: Option<u64>,
    /// The name.
    pub name: String,
    /// The validated template.
    pub text: String,
    /// The columns that the template may use.
    pub columns: Vec<String>,
    /// The pause between two messages if no schedule defines one.
    pub pause: Pause,
}

/// The settings of a campaign besides its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CampaignPlan {
    /// The purpose of the campaign.
    pub description: Option<String>,
    /// The time before which nothing is sent.
    pub send_after: Option<Timestamp>,
}

/// The filter of a list of campaigns.
#[derive(Clone, Debug, Default)]
pub struct CampaignFilter {
    /// Only campaigns of this business.
    pub cliente_id: Option<u64>,
    /// Only campaigns in this state.
    pub state: Option<CampaignState>,
    /// Only campaigns whose name contains this text, ignoring case and accents.
    pub words: Option<String>,
    /// Only campaigns with an id below this one, the last of the previous page.
    pub before: Option<i64>,
}

/// Maximum number of campaigns that a search by name reads.
const MAX_READ: usize = 20_000;
const CHUNK: u32 = 1_000;

/// A person's changes to a campaign.
#[derive(Clone)]
pub struct CampaignEdit {
    /// The new contents.
    pub campaign: NewCampaign,
    /// The new settings besides the text.
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
        let paused_for = match code {
            None => None,
            Some(code) => Some(PausedFor {
                code,
                detail: row.try_get("pause_detail")?,
                by: row.try_get("paused_by")?,
                at: optional_time(row, "paused_at")?,
            }),
        };
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
            paused_for,
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

    /// Returns the number of recipients in this state.
    #[must_use]
    pub fn count(&self, state: RecipientState) -> i64 {
        let index = RecipientState::ALL.iter().position(|it| *it == state);
        index.map_or(0, |index| self.counts[index])
    }

    /// Returns the number of recipients.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.counts.iter().sum()
    }

    /// Returns whether some of the campaign's messages are in the outbox.
    #[must_use]
    pub fn is_in_flight(&self) -> bool {
        self.count(RecipientState::Queued) > 0
    }

    /// Returns whether the campaign is a dry run, which is decided at its approval.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.dry_run == Some(true)
    }
}

impl Store {
    /// Creates a campaign.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn create_campaign(&self, new: &NewCampaign) -> Result<Campaign, StoreError> {
        let mut tx = self.begin().await?;
        let campaign = self.create_campaign_in(&mut tx, new).await?;
        tx.commit().await?;
        Ok(campaign)
    }

    /// Creates a campaign like [`Store::create_campaign`], within a
    /// transaction.
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
        .bind(i64::from(new.pause.min_seconds()))
        .bind(i64::from(new.pause.max_seconds()))
        .bind(now())
        .fetch_one(&mut **tx)
        .await?;
        Campaign::read(&row)
    }

    /// Returns the campaign with this id.
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

    /// Returns the campaign with this id, locked for this transaction.
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

    /// Lists the newest campaigns that match `filter`, at most `limit`.
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
        // The names are compared here, so that both database engines find the same campaigns.
        let mut filter = filter.clone();
        let mut found = Vec::new();
        let mut read = 0;
        loop {
            let chunk = self.newest_campaigns(&filter, CHUNK).await?;
            let is_last = chunk.len() < CHUNK as usize;
            read += chunk.len();
            filter.before = chunk.last().map(|it| it.id);
            found.extend(
                chunk
                    .into_iter()
                    .filter(|it| fold(&it.name).contains(&words)),
            );
            if is_last || read >= MAX_READ || found.len() >= limit as usize {
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

    /// Lists the campaigns that changed at or after `since`, in milliseconds
    /// since 1970.
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

    /// Applies the result of `edit` to a campaign in one transaction, which
    /// locks the campaign's row.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::MissingValues`], and errors of `edit`.
    pub async fn edit_campaign<E: From<Refused>>(
        &self,
        id: i64,
        edit: impl FnOnce(&Campaign) -> Result<CampaignEdit, E> + Send,
    ) -> Result<Campaign, E> {
        let (mut tx, campaign) = self.begin_with_campaign(id).await?;
        let edit = edit(&campaign)?;
        if edit.campaign.text != campaign.text {
            // The lines of a running import are checked against the text with which it began.
            self.refuse_running_import(&mut tx, &campaign).await?;
        }
        let lacking = self
            .count_lacking_in(&mut tx, id, &edit.required, edit.has_value)
            .await;
        if let Some((column, count)) = lacking.map_err(Refused::Store)? {
            return Err(Refused::MissingValues { column, count }.into());
        }
        let result = self.write_edit(tx, id, &edit).await;
        result.map_err(|error| Refused::Store(error).into())
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
        .bind(i64::from(edited.pause.min_seconds()))
        .bind(i64::from(edited.pause.max_seconds()))
        .bind(now())
        .bind(id)
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Campaign::read(&row)
    }

    /// Stores the settings of a campaign besides its text.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn plan_campaign(&self, id: i64, plan: &CampaignPlan) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        plan_in(&mut tx, id, plan).await?;
        Ok(tx.commit().await?)
    }

    /// Stores the columns of an uploaded list.
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

    /// Deletes a campaign that is not running, with its recipients, imports and
    /// schedules. Its messages stay.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::State`].
    pub async fn delete_campaign(&self, id: i64) -> Result<(), Refused> {
        let (mut tx, campaign) = self.begin_with_campaign(id).await?;
        if campaign.state == CampaignState::Running || campaign.is_in_flight() {
            let state = campaign.state;
            let cure = "pause it first, and wait until sends in progress end";
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
