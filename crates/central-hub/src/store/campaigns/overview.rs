//! Queries for the start screen: running and paused campaigns, schedules that
//! wait for approval, and list imports that broke off.
//!
//! Each query is limited and reads only a partial index of unfinished rows, so
//! finished campaigns do not slow it down. A `+` before a column keeps SQLite
//! from choosing an index over all rows.

use std::collections::HashMap;

use jiff::civil::Date;
use session_api::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::imports::IMPORT_TIMEOUT_MS;
use super::rows::{as_id, time};
use super::{Campaign, Days, Schedule};
use crate::store::rows::{now, unknown_value};
use crate::store::{Store, StoreError};

/// The first rows of a list, and the number of all rows.
#[derive(Clone, Debug)]
pub struct FirstRows<T> {
    /// The first rows.
    pub items: Vec<T>,
    /// The number of all rows.
    pub total: i64,
}

/// A schedule that waits for approval.
#[derive(Clone, Debug)]
pub struct Unapproved {
    /// The schedule.
    pub schedule: Schedule,
    /// The name of the campaign.
    pub campaign: String,
}

/// A campaign whose newest list was only partly imported.
#[derive(Clone, Debug)]
pub struct UnfinishedImport {
    /// The campaign's id.
    pub campaign: i64,
    /// The campaign's name.
    pub name: String,
    /// The id of the import that broke off.
    pub import: i64,
    /// The error code, if the import ended with one.
    pub error_code: Option<String>,
    /// When the import last made progress.
    pub at: Timestamp,
}

/// SQL condition that restricts a query to the business bound as `$1`.
const OWN_CAMPAIGNS: &str = " AND +c.cliente_id = $1";

const RUNNING: &str = "FROM campaigns c WHERE c.state = 'running'";
const SHARING: &str = "SELECT COUNT(*) FROM campaigns
    WHERE state = 'running' AND pending > 0 AND COALESCE(dry_run, 0) = 0";
const PAUSED: &str = "FROM campaigns c WHERE c.state = 'paused'";
const UNAPPROVED: &str = "FROM schedules s JOIN campaigns c ON c.id = s.campaign_id
    WHERE s.state = 'pending' AND c.state <> 'finished'";
const WINDOWS: &str = "SELECT s.* FROM campaigns c JOIN schedules s ON s.campaign_id = +c.id
    WHERE c.state = 'running' AND s.state = 'approved'";
const USED_QUOTAS: &str = "SELECT d.campaign_id, d.schedule_id, d.day, d.used
    FROM campaigns c JOIN campaign_days d ON d.campaign_id = c.id
    WHERE c.state = 'running' AND d.day >= $1";
/// Query for the list imports that broke off. Only the newest list of a campaign counts.
const UNFINISHED_IMPORTS: &str =
    "SELECT c.id AS campaign, c.name, i.id, i.state, i.error_code, i.updated_at
    FROM campaign_imports i JOIN campaigns c ON c.id = i.campaign_id
    WHERE i.state <> 'done' AND c.state <> 'finished'
      AND NOT EXISTS (SELECT 1 FROM campaign_imports n
                      WHERE n.campaign_id = i.campaign_id AND n.id > i.id)";

impl Store {
    async fn fetch_some<T>(
        &self,
        columns: &str,
        from: &str,
        order: &str,
        cliente_id: Option<u64>,
        limit: u32,
        read: impl Fn(&AnyRow) -> Result<T, StoreError>,
    ) -> Result<FirstRows<T>, StoreError> {
        let own_condition = if cliente_id.is_some() {
            OWN_CAMPAIGNS
        } else {
            ""
        };
        let statement =
            format!("SELECT {columns} {from}{own_condition} ORDER BY {order} LIMIT {limit}");
        let count = format!("SELECT COUNT(*) {from}{own_condition}");
        let mut statement = sqlx::query(AssertSqlSafe(statement));
        let mut count = sqlx::query_scalar(AssertSqlSafe(count));
        if let Some(id) = as_id(cliente_id) {
            statement = statement.bind(id);
            count = count.bind(id);
        }
        let (rows, total) = tokio::try_join!(
            statement.fetch_all(self.reader()),
            count.fetch_one(self.reader())
        )?;
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(FirstRows { items, total })
    }

    /// Lists the newest running campaigns.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn running_campaigns(
        &self,
        cliente_id: Option<u64>,
        limit: u32,
    ) -> Result<FirstRows<Campaign>, StoreError> {
        let read = Campaign::read;
        self.fetch_some("c.*", RUNNING, "+c.id DESC", cliente_id, limit, read)
            .await
    }

    /// Lists the campaigns that were paused most recently.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn paused_campaigns(
        &self,
        cliente_id: Option<u64>,
        limit: u32,
    ) -> Result<FirstRows<Campaign>, StoreError> {
        let order = "c.updated_at DESC, c.id DESC";
        self.fetch_some("c.*", PAUSED, order, cliente_id, limit, Campaign::read)
            .await
    }

    /// Lists the id, the name and the cause of all paused campaigns.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn pauses(&self) -> Result<Vec<(i64, String, String)>, StoreError> {
        let statement = "SELECT id, name, COALESCE(pause_code, '') FROM campaigns
             WHERE state = 'paused' ORDER BY id";
        let found = sqlx::query_as(statement).fetch_all(self.reader()).await?;
        Ok(found)
    }

    /// Lists the schedules that have waited longest for approval.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn unapproved_schedules(
        &self,
        cliente_id: Option<u64>,
        limit: u32,
    ) -> Result<FirstRows<Unapproved>, StoreError> {
        let read = |row: &AnyRow| {
            Ok(Unapproved {
                schedule: Schedule::read(row)?,
                campaign: row.try_get("campaign_name")?,
            })
        };
        let columns = "s.*, c.name AS campaign_name";
        self.fetch_some(columns, UNAPPROVED, "s.id", cliente_id, limit, read)
            .await
    }

    /// Lists the approved schedules of all running campaigns, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn running_schedules(
        &self,
        cliente_id: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Schedule>, StoreError> {
        let own_condition = if cliente_id.is_some() {
            OWN_CAMPAIGNS
        } else {
            ""
        };
        let sql = format!("{WINDOWS}{own_condition} ORDER BY +s.id LIMIT {limit}");
        let mut query = sqlx::query(AssertSqlSafe(sql));
        if let Some(id) = as_id(cliente_id) {
            query = query.bind(id);
        }
        let rows = query.fetch_all(self.reader()).await?;
        rows.iter().map(Schedule::read).collect()
    }

    /// Counts the messages per local day since `since`, for each running
    /// campaign.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn running_days(&self, since: Date) -> Result<HashMap<i64, Days>, StoreError> {
        let rows = sqlx::query(USED_QUOTAS)
            .bind(since.to_string())
            .fetch_all(self.reader())
            .await?;
        let mut found: HashMap<i64, Days> = HashMap::new();
        for row in &rows {
            let day: String = row.try_get("day")?;
            let day = day.parse().map_err(|_| unknown_value("a date"))?;
            let used: i64 = row.try_get("used")?;
            found.entry(row.try_get("campaign_id")?).or_default().set(
                row.try_get("schedule_id")?,
                day,
                used,
            );
        }
        Ok(found)
    }

    /// Lists the campaigns whose newest list import broke off.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn unfinished_imports(
        &self,
        cliente_id: Option<u64>,
        limit: u32,
    ) -> Result<Vec<UnfinishedImport>, StoreError> {
        let own_condition = if cliente_id.is_some() {
            OWN_CAMPAIGNS
        } else {
            ""
        };
        let sql = format!("{UNFINISHED_IMPORTS}{own_condition} ORDER BY +i.id DESC LIMIT {limit}");
        let mut query = sqlx::query(AssertSqlSafe(sql));
        if let Some(id) = as_id(cliente_id) {
            query = query.bind(id);
        }
        let rows = query.fetch_all(self.reader()).await?;
        let mut found = Vec::new();
        for row in &rows {
            let state: String = row.try_get("state")?;
            let at: i64 = row.try_get("updated_at")?;
            // An import that is still in progress is not a problem.
            if state == "running" && at >= now() - IMPORT_TIMEOUT_MS {
                continue;
            }
            found.push(UnfinishedImport {
                campaign: row.try_get("campaign")?,
                name: row.try_get("name")?,
                import: row.try_get("id")?,
                error_code: row.try_get("error_code")?,
                at: time(row, "updated_at")?,
            });
        }
        Ok(found)
    }

    /// Counts the campaigns that share the phone: those that are running, are
    /// not dry runs, and have pending recipients.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn sharing_campaigns(&self) -> Result<u32, StoreError> {
        let count: i64 = sqlx::query_scalar(SHARING).fetch_one(self.reader()).await?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Returns the names and states of campaigns, by id.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn campaign_names(
        &self,
        ids: &[i64],
    ) -> Result<HashMap<i64, (String, super::CampaignState)>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let places: Vec<_> = (1..=ids.len()).map(|n| format!("${n}")).collect();
        let sql = format!(
            "SELECT id, name, state FROM campaigns WHERE id IN ({})",
            places.join(", ")
        );
        let query = sqlx::query(AssertSqlSafe(sql));
        let query = ids.iter().fold(query, |query, id| query.bind(*id));
        let rows = query.fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| {
                let state = super::CampaignState::read(row.try_get("state")?)?;
                Ok((row.try_get("id")?, (row.try_get("name")?, state)))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use scratch_database::Database;

    use super::*;
    use crate::store::tests::open;

    /// Checks that finished campaigns are never scanned.
    #[tokio::test]
    async fn lists_go_by_the_small_indexes() {
        let database = Database::sqlite();
        let store = open(&database).await;
        for (statement, index) in [
            (
                format!("SELECT c.* {RUNNING} ORDER BY +c.id DESC LIMIT 5"),
                "campaigns_running",
            ),
            (
                format!("SELECT c.* {RUNNING}{OWN_CAMPAIGNS} ORDER BY +c.id DESC LIMIT 5"),
                "campaigns_running",
            ),
            (
                format!("SELECT COUNT(*) {RUNNING}{OWN_CAMPAIGNS}"),
                "campaigns_running",
            ),
            (SHARING.to_owned(), "campaigns_running"),
            (
                format!("{WINDOWS} ORDER BY +s.id LIMIT 500"),
                "campaigns_running",
            ),
            (
                format!("{WINDOWS}{OWN_CAMPAIGNS} ORDER BY +s.id LIMIT 500"),
                "campaigns_running",
            ),
            (USED_QUOTAS.to_owned(), "campaigns_running"),
            (
                format!(
                    "SELECT c.* {PAUSED}{OWN_CAMPAIGNS} ORDER BY c.updated_at DESC, c.id DESC LIMIT 5"
                ),
                "campaigns_paused",
            ),
            (
                format!("SELECT s.*, c.name {UNAPPROVED} ORDER BY s.id LIMIT 5"),
                "schedules_pending",
            ),
            (
                format!("SELECT COUNT(*) {UNAPPROVED}{OWN_CAMPAIGNS}"),
                "schedules_pending",
            ),
            (
                format!("{UNFINISHED_IMPORTS}{OWN_CAMPAIGNS} ORDER BY +i.id DESC LIMIT 5"),
                "campaign_imports_open",
            ),
        ] {
            let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
            let mut query = sqlx::query(explain);
            if statement.contains("$1") {
                query = query.bind(1_i64);
            }
            let rows = query.fetch_all(store.reader()).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
            let by_index = |step: &str| {
                step.contains(&format!("INDEX {index}"))
                    || step.starts_with("SEARCH")
                    || !step.starts_with("SCAN")
            };
            assert!(
                plan.iter().all(|step| by_index(step)),
                "{statement}\n{plan:#?}"
            );
            assert!(
                plan.iter().any(|step| step.contains(index)),
                "{statement}\n{plan:#?}"
            );
        }
        store.close().await;
    }
}
