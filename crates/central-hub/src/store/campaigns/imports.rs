//! Stores imports of recipient lists, and their rejected lines.

use session_api::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::campaign::Campaign;
use super::countries::Countries;
use super::refused::Refused;
use super::rows::time;
use super::states::CampaignState;
use crate::store::rows::{now, unknown_value};
use crate::store::{Store, StoreError, Tx};

/// An import without progress for this many milliseconds is dead: its hub was killed.
pub(super) const IMPORT_TIMEOUT_MS: i64 = 60_000;

/// The state of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportState {
    /// The list is being uploaded.
    Running,
    /// The list was imported completely.
    Done,
    /// The upload broke off; the recipients up to that point are stored.
    Failed,
}

impl ImportState {
    /// Returns the state's name in the API.
    #[must_use]
    pub const fn estado(self) -> &'static str {
        match self {
            Self::Running => "en_curso",
            Self::Done => "completa",
            Self::Failed => "interrumpida",
        }
    }
}

/// An import of a list.
#[derive(Clone, Debug)]
pub struct Import {
    /// The row's id.
    pub id: i64,
    /// The id of the campaign.
    pub campaign_id: i64,
    /// The name of the list's file, if the caller gave one.
    pub file_name: Option<String>,
    /// The headings of a table. Empty for JSON, and for imports from before headings were stored.
    pub titles: Vec<String>,
    /// The current state.
    pub state: ImportState,
    /// Number of bytes read.
    pub bytes: i64,
    /// Size of the list in bytes, if the upload specified it.
    pub total_bytes: Option<i64>,
    /// Number of lines stored as recipients.
    pub accepted: i64,
    /// Number of lines whose phone number the campaign already had.
    pub duplicates: i64,
    /// Number of invalid lines, not counting duplicates.
    pub refused: i64,
    /// The countries of the accepted numbers.
    pub countries: Countries,
    /// Why the import broke off, as a code.
    pub error_code: Option<String>,
    /// Why the import broke off, in words for a person.
    pub error_message: Option<String>,
    /// When the import began.
    pub created_at: Timestamp,
    /// When the import last made progress.
    pub updated_at: Timestamp,
}

/// A rejected line.
#[derive(Clone)]
pub struct RefusedLine {
    /// The row's id.
    pub id: i64,
    /// The line number.
    pub line: i64,
    /// Why the line was rejected, as a code.
    pub code: String,
    /// Why the line was rejected, in words for a person.
    pub reason: String,
    /// The content of the phone cell, shortened.
    pub cell: String,
    /// All cells of the line; empty for JSON.
    pub cells: Vec<String>,
}

/// A rejected line to store.
#[derive(Clone, Copy)]
pub struct NewRefusedLine<'a> {
    /// The line number in the list.
    pub line: u64,
    /// Why the line was rejected, as a code.
    pub code: &'a str,
    /// Why the line was rejected, in words for a person.
    pub reason: &'a str,
    /// The content of the phone cell, shortened.
    pub cell: &'a str,
    /// All cells of the line; empty for JSON.
    pub cells: &'a [String],
}

/// How an import ended.
#[derive(Clone, Copy, Debug)]
pub enum ImportEnd<'a> {
    /// The list was imported completely.
    Done,
    /// The import broke off, with a code and a sentence.
    Failed(&'a str, &'a str),
}

impl Import {
    fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let state: String = row.try_get("state")?;
        let updated: i64 = row.try_get("updated_at")?;
        let state = match state.as_str() {
            "running" if updated < now() - IMPORT_TIMEOUT_MS => ImportState::Failed,
            "running" => ImportState::Running,
            "done" => ImportState::Done,
            "failed" => ImportState::Failed,
            _ => return Err(unknown_value("a state")),
        };
        Ok(Self {
            id: row.try_get("id")?,
            campaign_id: row.try_get("campaign_id")?,
            file_name: row.try_get("file_name")?,
            titles: texts(row, "titles")?,
            state,
            bytes: row.try_get("bytes")?,
            total_bytes: row.try_get("total_bytes")?,
            accepted: row.try_get("accepted")?,
            duplicates: row.try_get("duplicates")?,
            refused: row.try_get("refused")?,
            countries: Countries::read(&row.try_get::<String, _>("countries")?),
            error_code: row.try_get("error_code")?,
            error_message: row.try_get("error_message")?,
            created_at: time(row, "created_at")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}

impl Store {
    /// Begins an import; a campaign can have only one at a time. Importing the
    /// same list again completes an unfinished import, by adding the missing
    /// lines.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::State`].
    pub async fn begin_import(
        &self,
        campaign: i64,
        file_name: Option<&str>,
        total_bytes: Option<i64>,
    ) -> Result<Import, Refused> {
        let (mut tx, found) = self.begin_with_campaign(campaign).await?;
        let state = found.state;
        if !matches!(state, CampaignState::Draft | CampaignState::Paused) {
            let cure = "lists can be uploaded only before it is approved or while it is paused";
            return Err(Refused::State { state, cure });
        }
        let newest = self.newest_import_in(&mut tx, campaign).await?;
        if newest.is_some_and(|newest| newest.state == ImportState::Running) {
            let cure = "another list is being imported: wait until it ends";
            return Err(Refused::State { state, cure });
        }
        let row = sqlx::query(
            "INSERT INTO campaign_imports
                 (campaign_id, state, file_name, total_bytes, created_at, updated_at)
             VALUES ($1, 'running', $2, $3, $4, $4) RETURNING *",
        )
        .bind(campaign)
        .bind(file_name)
        .bind(total_bytes)
        .bind(now())
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Import::read(&row)?)
    }

    /// Stores the progress of an import.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn note_import_in(&self, tx: &mut Tx, import: &Import) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE campaign_imports SET bytes = $1, accepted = $2, duplicates = $3, refused = $4,
                 titles = $5, updated_at = $6, countries = $7 WHERE id = $8",
        )
        .bind(import.bytes)
        .bind(import.accepted)
        .bind(import.duplicates)
        .bind(import.refused)
        .bind(stored(&import.titles))
        .bind(now())
        .bind(import.countries.stored())
        .bind(import.id)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// Ends an import. Once an import is complete, an earlier unfinished one no
    /// longer blocks the campaign.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn end_import(&self, import: &Import, end: ImportEnd<'_>) -> Result<(), StoreError> {
        let (state, code, message) = match end {
            ImportEnd::Done => ("done", None, None),
            ImportEnd::Failed(code, message) => ("failed", Some(code), Some(message)),
        };
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE campaign_imports SET state = $1, error_code = $2, error_message = $3,
                 bytes = $4, updated_at = $5 WHERE id = $6",
        )
        .bind(state)
        .bind(code)
        .bind(message)
        .bind(import.bytes)
        .bind(now())
        .bind(import.id)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Lists the imports of a campaign, newest first.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn imports(&self, campaign: i64, limit: u32) -> Result<Vec<Import>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM campaign_imports WHERE campaign_id = $1 ORDER BY id DESC LIMIT $2",
        )
        .bind(campaign)
        .bind(i64::from(limit))
        .fetch_all(self.reader())
        .await?;
        rows.iter().map(Import::read).collect()
    }

    /// Returns an import of a campaign.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn import(&self, campaign: i64, id: i64) -> Result<Option<Import>, StoreError> {
        let row = sqlx::query("SELECT * FROM campaign_imports WHERE campaign_id = $1 AND id = $2")
            .bind(campaign)
            .bind(id)
            .fetch_optional(self.reader())
            .await?;
        row.as_ref().map(Import::read).transpose()
    }

    /// Deletes a finished import with those of its recipients to whom nothing
    /// was sent, and returns their number.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::State`].
    pub async fn delete_import(&self, import: &Import) -> Result<i64, Refused> {
        let (mut tx, campaign) = self.begin_with_campaign(import.campaign_id).await?;
        if campaign.state == CampaignState::Running || import.state == ImportState::Running {
            let state = campaign.state;
            let cure = "pause it first, and wait until a list that is being imported ends";
            return Err(Refused::State { state, cure });
        }
        let removed = delete_in(&mut tx, import).await?;
        tx.commit().await?;
        Ok(removed)
    }

    /// Deletes an import from which no line was stored.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn discard_import(&self, import: &Import) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // The campaign's row is always locked first.
        self.campaign_in(&mut tx, import.campaign_id).await?;
        delete_in(&mut tx, import).await?;
        Ok(tx.commit().await?)
    }

    /// Stores rejected lines.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn refuse_lines_in(
        &self,
        tx: &mut Tx,
        import: i64,
        lines: &[NewRefusedLine<'_>],
    ) -> Result<(), StoreError> {
        for refused in lines {
            sqlx::query(
                "INSERT INTO import_refusals (import_id, line, code, reason, cell, cells)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(import)
            .bind(i64::try_from(refused.line).unwrap_or(i64::MAX))
            .bind(refused.code)
            .bind(refused.reason)
            .bind(refused.cell)
            .bind(stored(refused.cells))
            .execute(&mut **tx)
            .await?;
        }
        Ok(())
    }

    /// Lists the rejected lines of an import with an id above `after`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn refused_lines(
        &self,
        import: i64,
        after: i64,
        limit: u32,
    ) -> Result<Vec<RefusedLine>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM import_refusals WHERE import_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        )
        .bind(import)
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(self.reader())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(RefusedLine {
                    id: row.try_get("id")?,
                    line: row.try_get("line")?,
                    code: row.try_get("code")?,
                    reason: row.try_get("reason")?,
                    cell: row.try_get("cell")?,
                    cells: texts(row, "cells")?,
                })
            })
            .collect()
    }

    /// Returns the newest import of a campaign, within a transaction.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn newest_import_in(
        &self,
        tx: &mut Tx,
        campaign: i64,
    ) -> Result<Option<Import>, StoreError> {
        let row = sqlx::query(
            "SELECT * FROM campaign_imports WHERE campaign_id = $1 ORDER BY id DESC LIMIT 1",
        )
        .bind(campaign)
        .fetch_optional(&mut **tx)
        .await?;
        row.as_ref().map(Import::read).transpose()
    }

    /// Returns an error while a list of the campaign is being imported.
    pub(super) async fn refuse_running_import(
        &self,
        tx: &mut Tx,
        campaign: &Campaign,
    ) -> Result<(), Refused> {
        let newest = self.newest_import_in(tx, campaign.id).await?;
        if newest.is_some_and(|it| it.state == ImportState::Running) {
            let cure = "a list is being imported: wait until it ends";
            let state = campaign.state;
            return Err(Refused::State { state, cure });
        }
        Ok(())
    }

    /// Returns an error unless the newest import is complete, because an
    /// incomplete list must not be sent to.
    pub(super) async fn refuse_unfinished_import(
        &self,
        tx: &mut Tx,
        campaign: i64,
    ) -> Result<(), Refused> {
        match self.newest_import_in(tx, campaign).await? {
            Some(import) if import.state != ImportState::Done => Err(Refused::Import(import.id)),
            _ => Ok(()),
        }
    }
}

/// Serializes texts as a JSON array; `None` if there are no texts.
fn stored(texts: &[String]) -> Option<String> {
    if texts.is_empty() {
        return None;
    }
    serde_json::to_string(texts).ok()
}

fn texts(row: &AnyRow, column: &'static str) -> Result<Vec<String>, StoreError> {
    let stored: Option<String> = row.try_get(column)?;
    stored.map_or_else(
        || Ok(Vec::new()),
        |stored| serde_json::from_str(&stored).map_err(|_| unknown_value(column)),
    )
}

async fn delete_in(tx: &mut Tx, import: &Import) -> Result<i64, StoreError> {
    let (campaign, id) = (import.campaign_id, import.id);
    let deleted = sqlx::query(
        "DELETE FROM recipients WHERE import_id = $1 AND campaign_id = $2 AND state = 'pending'
                 AND attempt = 0",
    )
    .bind(id)
    .bind(campaign)
    .execute(&mut **tx)
    .await?;
    let count = i64::try_from(deleted.rows_affected()).unwrap_or(i64::MAX);
    let mut deltas = super::Deltas::default();
    deltas.add(super::RecipientState::Pending, -count);
    deltas.apply(tx, campaign).await?;
    for statement in [
        "DELETE FROM import_refusals WHERE import_id = $1",
        "DELETE FROM campaign_imports WHERE id = $1",
    ] {
        sqlx::query(statement).bind(id).execute(&mut **tx).await?;
    }
    Ok(count)
}
