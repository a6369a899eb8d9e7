//! Stores the recipients of a campaign.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use jiff::civil::Date;
use session_api::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::campaign::Fields;
use super::refused::Refused;
use super::rows::json;
use super::rows::{optional_time, time};
use super::states::RecipientState;
use crate::store::conversations::Digits;
use crate::store::rows::{now, unknown_value};
use crate::store::search::{CHUNK_ROWS, MAX_READ, on_blocking_thread};
use crate::store::search_words::Words;
use crate::store::{Store, StoreError, Tx};

/// A recipient to add.
#[derive(Clone, Copy)]
pub struct NewRecipient<'a> {
    /// The line number in the list.
    pub line: u64,
    /// The recipient's address, `…@c.us` or `…@lid`.
    pub chat: &'a str,
    /// The values of the list's columns.
    pub fields: &'a Fields,
}

/// A recipient.
#[derive(Clone)]
pub struct Recipient {
    /// The row's id.
    pub id: i64,
    /// The id of the campaign.
    pub campaign_id: i64,
    /// The line number in the list.
    pub line: i64,
    /// The chat under which the person is stored: `…@c.us` or `…@lid`.
    pub chat: String,
    /// The address as the list has it, if it differs from the chat. Messages
    /// are sent to this address.
    pub address: Option<String>,
    /// The values of the list's columns.
    pub fields: Fields,
    /// The current state.
    pub state: RecipientState,
    /// The id of the recipient's message, once there is one.
    pub message_id: Option<i64>,
    /// Number of messages created for the recipient.
    pub attempt: i64,
    /// When the message was enqueued or, in a dry run, would have been.
    pub planned_at: Option<Timestamp>,
    /// Why the recipient is in its state, as a code.
    pub cause: Option<String>,
    /// Why the recipient is in its state, in words for a person.
    pub detail: Option<String>,
    /// When the recipient last changed.
    pub updated_at: Timestamp,
}

// Names and numbers are the customer's data and stay out of logs.
impl std::fmt::Debug for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recipient")
            .field("id", &self.id)
            .field("state", &self.state)
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}

/// A stored change of a recipient's state.
#[derive(Clone, Debug)]
pub struct RecipientStep {
    /// The previous state.
    pub from: RecipientState,
    /// The new state.
    pub to: RecipientState,
    /// Why the state changed, as a code.
    pub cause: String,
    /// Why the state changed, in words for a person.
    pub detail: Option<String>,
    /// The id of the recipient's message.
    pub message_id: Option<i64>,
    /// When the state changed.
    pub at: Timestamp,
}

/// The filter of a list of recipients.
#[derive(Clone, Debug, Default)]
pub struct RecipientFilter {
    /// Only recipients in this state.
    pub state: Option<RecipientState>,
    /// Only recipients with an id above this one, the last of the previous page.
    pub after: Option<i64>,
}

impl Recipient {
    /// Returns the number or LID as the list has it.
    #[must_use]
    pub fn address(&self) -> &str {
        self.address.as_deref().unwrap_or(&self.chat)
    }

    pub(in crate::store) fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let fields: String = row.try_get("fields")?;
        Ok(Self {
            id: row.try_get("id")?,
            campaign_id: row.try_get("campaign_id")?,
            line: row.try_get("line")?,
            chat: row.try_get("chat")?,
            address: row.try_get("address")?,
            fields: serde_json::from_str(&fields).map_err(|_| unknown_value("fields"))?,
            state: RecipientState::read(row.try_get("state")?)?,
            message_id: row.try_get("message_id")?,
            attempt: row.try_get("attempt")?,
            planned_at: optional_time(row, "planned_at")?,
            cause: row.try_get("cause")?,
            detail: row.try_get("detail")?,
            updated_at: time(row, "updated_at")?,
        })
    }
}

/// Changes to the recipient counts in a campaign's row.
#[derive(Clone, Debug, Default)]
pub struct Deltas([i64; RecipientState::ALL.len()]);

impl Deltas {
    /// Adds to the count of a state. `count` may be negative.
    pub fn add(&mut self, state: RecipientState, count: i64) {
        for (delta, it) in self.0.iter_mut().zip(RecipientState::ALL) {
            if *it == state {
                *delta += count;
            }
        }
    }

    /// Applies the changes to the campaign's row.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn apply(&self, tx: &mut Tx, campaign: i64) -> Result<(), StoreError> {
        if self.0.iter().all(|delta| *delta == 0) {
            return Ok(());
        }
        let mut sql = "UPDATE campaigns SET updated_at = $1".to_owned();
        for (delta, state) in self.0.iter().zip(RecipientState::ALL) {
            let name = state.as_str();
            if *delta != 0 {
                let _ = write!(sql, ", {name} = {name} + ({delta})");
            }
        }
        sql.push_str(" WHERE id = $2");
        sqlx::query(AssertSqlSafe(sql))
            .persistent(false)
            .bind(now())
            .bind(campaign)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }
}

/// A change of a recipient's state that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Move<'a> {
    /// The new state.
    pub to: RecipientState,
    /// Why the state changes, as a code.
    pub cause: &'a str,
    /// Why the state changes, in words for a person.
    pub detail: Option<&'a str>,
    /// The message created for the recipient, if the change creates one.
    pub message: Option<Planned>,
}

/// A message planned for a recipient.
#[derive(Clone, Copy, Debug)]
pub struct Planned {
    /// The message's id.
    pub message: i64,
    /// When the message is sent or, in a dry run, would have been sent.
    pub at: Timestamp,
    /// The schedule on whose quota the message counts.
    pub schedule: i64,
    /// The local day on which the message counts.
    pub day: Date,
}

impl<'a> Move<'a> {
    /// Creates a change to this state with this cause.
    #[must_use]
    pub const fn to(to: RecipientState, cause: &'a str) -> Self {
        Self {
            to,
            cause,
            detail: None,
            message: None,
        }
    }
}

/// Changes a recipient's state and stores the change, unless the state has
/// changed meanwhile.
///
/// # Errors
/// [`StoreError::Query`].
pub async fn move_in(
    tx: &mut Tx,
    recipient: &Recipient,
    step: Move<'_>,
    deltas: &mut Deltas,
) -> Result<bool, StoreError> {
    let at = now();
    let planned = step.message;
    let message = planned.map(|it| it.message);
    let updated = sqlx::query(
        "UPDATE recipients SET state = $1, cause = $2, detail = $3, updated_at = $4,
             message_id = COALESCE($5, message_id), planned_at = COALESCE($6, planned_at),
             schedule_id = COALESCE($7, schedule_id), day = COALESCE($8, day), attempt = attempt + $9
         WHERE id = $10 AND state = $11",
    )
    .bind(step.to.as_str())
    .bind(step.cause)
    .bind(step.detail)
    .bind(at)
    .bind(message)
    .bind(planned.map(|it| it.at.as_millis()))
    .bind(planned.map(|it| it.schedule))
    .bind(planned.map(|it| it.day.to_string()))
    .bind(i64::from(step.message.is_some()))
    .bind(recipient.id)
    .bind(recipient.state.as_str())
    .execute(&mut **tx)
    .await?;
    if updated.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query(
        "INSERT INTO recipient_transitions (recipient_id, from_state, to_state, cause, detail, message_id, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(recipient.id)
    .bind(recipient.state.as_str())
    .bind(step.to.as_str())
    .bind(step.cause)
    .bind(step.detail)
    .bind(message.or(recipient.message_id))
    .bind(at)
    .execute(&mut **tx)
    .await?;
    deltas.add(recipient.state, -1);
    deltas.add(step.to, 1);
    Ok(true)
}

/// Query for the next pending recipients. `$1` is the campaign, `$2` the limit.
pub(crate) const NEXT_PENDING: &str =
    "SELECT * FROM recipients WHERE campaign_id = $1 AND state = 'pending' ORDER BY id LIMIT $2";

/// Query that adds recipients. `$1` is the campaign, `$2` the import, `$3` the
/// current time, `$4` the lines as JSON.
macro_rules! insert {
    ($line:literal, $chat:literal, $address:literal, $fields:literal, $lines:literal) => {
        concat!(
            "INSERT INTO recipients (campaign_id, import_id, line, chat, address, fields, state, created_at, updated_at)
             SELECT $1, $2, ", $line, ", ", $chat, ", ", $address, ", ", $fields, ", 'pending', $3, $3 FROM ", $lines,
            " ON CONFLICT (campaign_id, chat) DO NOTHING RETURNING line"
        )
    };
}

// Without the `WHERE`, SQLite would parse `ON` as part of a join.
const INSERT_SQLITE: &str = insert!(
    "value ->> 'line'",
    "value ->> 'chat'",
    "value ->> 'address'",
    "value ->> 'fields'",
    "json_each($4) WHERE true"
);
const INSERT_POSTGRES: &str = insert!(
    "CAST(value ->> 'line' AS BIGINT)",
    "value ->> 'chat'",
    "value ->> 'address'",
    "value ->> 'fields'",
    "json_array_elements(CAST($4 AS JSON))"
);

impl Store {
    /// Adds recipients, except those that the campaign already has. Returns the
    /// lines that were added.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn add_recipients_in(
        &self,
        tx: &mut Tx,
        campaign: i64,
        import: Option<i64>,
        rows: &[NewRecipient<'_>],
    ) -> Result<Vec<i64>, StoreError> {
        #[derive(serde::Serialize)]
        struct Line<'a> {
            line: u64,
            chat: &'a str,
            address: Option<&'a str>,
            fields: String,
        }
        // The campaign's row is always locked first.
        self.campaign_in(tx, campaign).await?;
        let chats = self.chats_in(tx, rows.iter().map(|row| row.chat)).await?;
        let lines: Vec<_> = rows
            .iter()
            .map(|row| {
                let chat = chats.get(row.chat).map_or(row.chat, String::as_str);
                Line {
                    line: row.line,
                    chat,
                    address: Some(row.chat).filter(|address| *address != chat),
                    fields: json(row.fields),
                }
            })
            .collect();
        // All rows are passed as one parameter. With one parameter per value,
        // the database would spend its time on the parameters.
        let insert = self.engine().pick(INSERT_SQLITE, INSERT_POSTGRES);
        let inserted: Vec<i64> = sqlx::query_scalar(insert)
            .bind(campaign)
            .bind(import)
            .bind(now())
            .bind(json(&lines))
            .fetch_all(&mut **tx)
            .await?;
        let mut deltas = Deltas::default();
        let count = i64::try_from(inserted.len()).unwrap_or(i64::MAX);
        deltas.add(RecipientState::Pending, count);
        deltas.apply(tx, campaign).await?;
        Ok(inserted)
    }

    /// Returns, for each id, the chat under which the person would become a
    /// recipient, and whether the campaign already has that recipient.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn recipients_to_be<'a>(
        &self,
        campaign: i64,
        ids: impl Iterator<Item = &'a str>,
    ) -> Result<HashMap<&'a str, (String, bool)>, StoreError> {
        let chats = self.chats_of(ids).await?;
        let statement = self.engine().pick(
            "SELECT chat FROM recipients WHERE campaign_id = $1
                 AND chat IN (SELECT value FROM json_each($2))",
            "SELECT chat FROM recipients WHERE campaign_id = $1
                 AND chat IN (SELECT value FROM json_array_elements_text(CAST($2 AS JSON)))",
        );
        let list: Vec<_> = chats.values().collect();
        let existing: Vec<String> = sqlx::query_scalar(statement)
            .bind(campaign)
            .bind(json(&list))
            .fetch_all(self.reader())
            .await?;
        let existing: HashSet<_> = existing.into_iter().collect();
        let is_known = |chat: String| {
            let is_known = existing.contains(&chat);
            (chat, is_known)
        };
        Ok(chats
            .into_iter()
            .map(|(id, chat)| (id, is_known(chat)))
            .collect())
    }

    /// Removes recipients to whom nothing was sent and whose message is not
    /// being sent. Returns their number.
    ///
    /// # Errors
    /// [`Refused::NotFound`].
    pub async fn remove_recipients(&self, campaign: i64, chats: &[String]) -> Result<u64, Refused> {
        let (mut tx, _) = self.begin_with_campaign(campaign).await?;
        let mut deltas = Deltas::default();
        let mut removed = 0;
        let current = self
            .chats_in(&mut tx, chats.iter().map(String::as_str))
            .await?;
        for chat in chats {
            let chat = current.get(chat.as_str()).unwrap_or(chat);
            let deleted_chat: Option<String> = sqlx::query_scalar(
                "DELETE FROM recipients WHERE campaign_id = $1 AND chat = $2
                     AND state IN ('pending', 'failed', 'skipped') RETURNING state",
            )
            .bind(campaign)
            .bind(chat)
            .fetch_optional(&mut *tx)
            .await?;
            if let Some(state) = deleted_chat {
                deltas.add(RecipientState::read(&state)?, -1);
                removed += 1;
            }
        }
        deltas.apply(&mut tx, campaign).await?;
        tx.commit().await?;
        Ok(removed)
    }

    /// Returns the import and the line that a recipient came from.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn recipient_origin_in(
        &self,
        tx: &mut Tx,
        campaign: i64,
        id: &str,
    ) -> Result<Option<(Option<i64>, i64)>, StoreError> {
        let chat = self.chat_in(tx, id).await?;
        let row = sqlx::query(
            "SELECT import_id, line FROM recipients WHERE campaign_id = $1 AND chat = $2",
        )
        .bind(campaign)
        .bind(chat)
        .fetch_optional(&mut **tx)
        .await?;
        row.map(|row| Ok((row.try_get("import_id")?, row.try_get("line")?)))
            .transpose()
    }

    /// Returns a recipient of a campaign.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn recipient(&self, campaign: i64, id: i64) -> Result<Option<Recipient>, StoreError> {
        let row = sqlx::query("SELECT * FROM recipients WHERE campaign_id = $1 AND id = $2")
            .bind(campaign)
            .bind(id)
            .fetch_optional(self.reader())
            .await?;
        row.as_ref().map(Recipient::read).transpose()
    }

    /// Lists recipients in the order of the list, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn recipients(
        &self,
        campaign: i64,
        filter: &RecipientFilter,
        limit: u32,
    ) -> Result<Vec<Recipient>, StoreError> {
        let query = match filter.state {
            None => sqlx::query(
                "SELECT * FROM recipients WHERE campaign_id = $1 AND id > $2 ORDER BY id LIMIT $3",
            ),
            Some(_) => sqlx::query(
                "SELECT * FROM recipients WHERE campaign_id = $1 AND id > $2 AND state = $4
                 ORDER BY id LIMIT $3",
            ),
        };
        let query = query
            .bind(campaign)
            .bind(filter.after.unwrap_or(0))
            .bind(i64::from(limit));
        let query = match filter.state {
            Some(state) => query.bind(state.as_str()),
            None => query,
        };
        let rows = query.fetch_all(self.reader()).await?;
        rows.iter().map(Recipient::read).collect()
    }

    /// Lists the recipients whose data or number contain the words, and the
    /// cursor of the next page. A search reads a limited number of recipients,
    /// so a page may have fewer than `limit` entries although there is a next
    /// page.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn search_recipients(
        &self,
        campaign: i64,
        filter: &RecipientFilter,
        text: &str,
        limit: u32,
    ) -> Result<(Vec<Recipient>, Option<i64>), StoreError> {
        let Some(words) = Words::read(text) else {
            return Ok((Vec::new(), None));
        };
        let digits = Digits::read(text);
        let _turn = self.search_turns(1).await;
        let mut filter = filter.clone();
        let mut found = Vec::new();
        let mut remaining = MAX_READ;
        while remaining > 0 {
            let page = self.recipients(campaign, &filter, CHUNK_ROWS).await?;
            let is_last = page.len() < CHUNK_ROWS as usize;
            remaining = remaining.saturating_sub(page.len());
            let (words, digits) = (words.clone(), digits.clone());
            let missing = (limit as usize).saturating_sub(found.len());
            let matching = on_blocking_thread(move || {
                let last = page.last().map(|it| it.id);
                let matches = |it: &Recipient| {
                    let values: Vec<_> = it.fields.values().map(String::as_str).collect();
                    words.match_text(&values.join(" "))
                        || digits
                            .as_ref()
                            .is_some_and(|digits| digits.match_chat(it.address()))
                };
                let matching: Vec<_> = page.into_iter().filter(matches).collect();
                (matching, last)
            });
            let (matching, last) = matching.await?;
            let is_cut = matching.len() > missing;
            found.extend(matching.into_iter().take(missing));
            if is_cut {
                let next = found.last().map(|it| it.id);
                return Ok((found, next));
            }
            if is_last {
                return Ok((found, None));
            }
            filter.after = last;
        }
        Ok((found, filter.after))
    }

    /// Returns the changes of a recipient's state, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn recipient_steps(&self, id: i64) -> Result<Vec<RecipientStep>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM recipient_transitions WHERE recipient_id = $1 ORDER BY id")
                .bind(id)
                .fetch_all(self.reader())
                .await?;
        rows.iter()
            .map(|row| {
                Ok(RecipientStep {
                    from: RecipientState::read(row.try_get("from_state")?)?,
                    to: RecipientState::read(row.try_get("to_state")?)?,
                    cause: row.try_get("cause")?,
                    detail: row.try_get("detail")?,
                    message_id: row.try_get("message_id")?,
                    at: time(row, "at")?,
                })
            })
            .collect()
    }
}

/// Returns the next pending recipients.
pub(crate) async fn next_pending_in(
    tx: &mut Tx,
    campaign: i64,
    limit: i64,
) -> Result<Vec<Recipient>, StoreError> {
    let rows = sqlx::query(NEXT_PENDING)
        .bind(campaign)
        .bind(limit)
        .fetch_all(&mut **tx)
        .await?;
    rows.iter().map(Recipient::read).collect()
}

/// Returns a recipient that is waiting for the outcome of its message.
pub(crate) async fn queued_in(tx: &mut Tx, id: i64) -> Result<Option<Recipient>, StoreError> {
    let row = sqlx::query("SELECT * FROM recipients WHERE id = $1 AND state = 'queued'")
        .bind(id)
        .fetch_optional(&mut **tx)
        .await?;
    row.as_ref().map(Recipient::read).transpose()
}

/// Returns the recipients whose message the outbox has not started to send.
pub(super) async fn waiting_in(tx: &mut Tx, campaign: i64) -> Result<Vec<Recipient>, StoreError> {
    let rows = sqlx::query(
        "SELECT r.* FROM recipients r JOIN messages m ON m.id = r.message_id
         WHERE r.campaign_id = $1 AND r.state = 'queued' AND m.state = 'queued' ORDER BY r.id",
    )
    .bind(campaign)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(Recipient::read).collect()
}

/// Marks a failed recipient as sent, because a person saw the message in the chat.
pub(in crate::store) async fn recipient_arrived_in(
    tx: &mut Tx,
    campaign: i64,
    message: i64,
    reason: &str,
) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT * FROM recipients WHERE campaign_id = $1 AND message_id = $2")
        .bind(campaign)
        .bind(message)
        .fetch_optional(&mut **tx)
        .await?;
    let Some(recipient) = row.as_ref().map(Recipient::read).transpose()? else {
        return Ok(());
    };
    // A recipient that is not settled yet will be settled by its message.
    if recipient.state != RecipientState::Failed {
        return Ok(());
    }
    let mut deltas = Deltas::default();
    let step = Move {
        detail: Some(reason),
        ..Move::to(RecipientState::Sent, "SEEN_BY_A_PERSON")
    };
    move_in(tx, &recipient, step, &mut deltas).await?;
    deltas.apply(tx, campaign).await
}

/// Returns the failed recipients, or only the one with the id `only`.
pub(super) async fn failed_in(
    tx: &mut Tx,
    campaign: i64,
    only: Option<i64>,
) -> Result<Vec<Recipient>, StoreError> {
    // Recipients are left out whose message a late ack reported as sent after all.
    let rows = sqlx::query(
        "SELECT r.* FROM recipients r LEFT JOIN messages m ON m.id = r.message_id
         WHERE r.campaign_id = $1 AND r.state = 'failed' AND (r.id = $2 OR $2 = 0)
             AND (m.id IS NULL OR m.state IN ('failed', 'cancelled')) ORDER BY r.id",
    )
    .bind(campaign)
    .bind(only.unwrap_or(0))
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(Recipient::read).collect()
}
