//! Stores the active alerts, their last notification, and the queue of notices.
//!
//! ```text
//!  seen ─> alerts ─mark_notified_in()─> notified ─┐ one transaction
//!             │  no longer seen: removed          ├─> alert_notices: pending ─┬─> sent
//!             └───────────────────────────────────┘      ^ retry later <──────┼─> dead
//!                                                        └────────────────────┘
//! ```
//!
//! Every transaction about an alert writes the alert's row first. If two hubs
//! see the same condition, the second one therefore finds that the first has
//! notified of it.

use session_api::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::error::StoreError;
use super::rows::timestamp;
use super::{Store, Tx, now};

macro_rules! claim {
    ($lock:literal) => {
        concat!(
            "UPDATE alert_notices SET due_at = $1, claimed_by = $2, attempts = attempts + 1
             WHERE id IN (
                 SELECT n.id FROM alert_notices n
                 WHERE n.state = 'pending' AND n.due_at <= $3 ORDER BY n.due_at, n.id LIMIT $4",
            $lock,
            ") RETURNING *"
        )
    };
}

/// A condition that a hub currently observes.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'a> {
    /// The alert's key: the code, with the affected object where there may be several.
    pub key: &'a str,
    /// The alert's code.
    pub code: &'a str,
    /// The condition, as JSON.
    pub detail: &'a str,
    /// The part of the condition whose change is worth a new notification.
    pub reason: &'a str,
    /// Since when the condition is met, for the case that this is the first sighting.
    pub since: Timestamp,
}

/// An active alert.
#[derive(Clone, Debug)]
pub struct StoredAlert {
    /// The alert's key: the code, with the affected object where there may be several.
    pub key: String,
    /// The alert's code.
    pub code: String,
    /// The condition, as JSON.
    pub detail: String,
    /// The part of the condition whose change is worth a new notification.
    pub reason: String,
    /// Since when the alert is active.
    pub since: Timestamp,
    /// When a hub last saw the condition.
    pub seen_at: Timestamp,
    /// When a notification was last enqueued.
    pub told_at: Option<Timestamp>,
    /// The reason of the alert at that notification.
    pub told_reason: Option<String>,
}

impl StoredAlert {
    fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let told_at: Option<i64> = row.try_get("told_at")?;
        Ok(Self {
            key: row.try_get("key")?,
            code: row.try_get("code")?,
            detail: row.try_get("detail")?,
            reason: row.try_get("reason")?,
            since: timestamp(row.try_get("since")?),
            seen_at: timestamp(row.try_get("seen_at")?),
            told_at: told_at.map(timestamp),
            told_reason: row.try_get("told_reason")?,
        })
    }
}

/// A notification to enqueue.
#[derive(Clone, Copy, Debug)]
pub struct NewNotice<'a> {
    /// The event's id, which is the same in every channel and for every attempt.
    pub event_id: &'a str,
    /// `raised`, `repeated`, `cleared` or `digest`.
    pub kind: &'a str,
    /// The key of the alert.
    pub key: &'a str,
    /// The alert's code.
    pub code: &'a str,
    /// `critical`, `warning` or `info`.
    pub severity: &'a str,
    /// The title, one line.
    pub title: &'a str,
    /// The full text.
    pub text: &'a str,
}

/// A notification to send through one channel.
#[derive(Clone, Debug)]
pub struct Notice {
    /// The row's id.
    pub id: i64,
    /// The name of the channel.
    pub channel: String,
    /// The event's id, which is the same in every channel and for every attempt.
    pub event_id: String,
    /// `raised`, `repeated`, `cleared` or `digest`.
    pub kind: String,
    /// The key of the alert.
    pub key: String,
    /// The alert's code.
    pub code: String,
    /// `critical`, `warning` or `info`.
    pub severity: String,
    /// The title, one line.
    pub title: String,
    /// The full text.
    pub text: String,
    /// `pending`, `sent` or `dead`.
    pub state: String,
    /// The number of attempts.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When the notice was enqueued.
    pub created_at: Timestamp,
}

impl Notice {
    fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let attempts: i64 = row.try_get("attempts")?;
        Ok(Self {
            id: row.try_get("id")?,
            channel: row.try_get("way")?,
            event_id: row.try_get("event_id")?,
            kind: row.try_get("kind")?,
            key: row.try_get("key")?,
            code: row.try_get("code")?,
            severity: row.try_get("severity")?,
            title: row.try_get("title")?,
            text: row.try_get("text")?,
            state: row.try_get("state")?,
            attempts: attempts.try_into().unwrap_or(u32::MAX),
            last_error: row.try_get("last_error")?,
            created_at: timestamp(row.try_get("created_at")?),
        })
    }
}

/// The outcome of an attempt to send a notice.
#[derive(Clone, Debug)]
pub enum NoticeOutcome {
    /// The receiver accepted the notice.
    Sent,
    /// The notice is retried at this time; the text says why the attempt failed.
    Again(Timestamp, String),
    /// The notice is given up; the text says why the last attempt failed.
    Dead(String),
}

impl Store {
    /// Stores a sighting within a transaction, and returns the stored alert.
    /// Other hubs wait until the transaction ends.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn record_sighting_in(
        &self,
        tx: &mut Tx,
        seen: &Sighting<'_>,
        at: Timestamp,
    ) -> Result<StoredAlert, StoreError> {
        let row = sqlx::query(
            "INSERT INTO alerts (key, code, detail, reason, since, seen_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (key) DO UPDATE SET detail = excluded.detail, reason = excluded.reason,
                 seen_at = excluded.seen_at
             RETURNING *",
        )
        .bind(seen.key)
        .bind(seen.code)
        .bind(seen.detail)
        .bind(seen.reason)
        .bind(seen.since.as_millis())
        .bind(at.as_millis())
        .fetch_one(&mut **tx)
        .await?;
        StoredAlert::read(&row)
    }

    /// Marks an alert as notified, within the transaction of
    /// [`Store::record_sighting_in`].
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn mark_notified_in(
        &self,
        tx: &mut Tx,
        alert: &StoredAlert,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE alerts SET told_at = $1, told_reason = $2 WHERE key = $3")
            .bind(at.as_millis())
            .bind(&alert.reason)
            .bind(&alert.key)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Removes an alert that no hub has seen since `unseen_since`, within a
    /// transaction. Returns whether this call removed it.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn clear_alert_in(
        &self,
        tx: &mut Tx,
        key: &str,
        unseen_since: Timestamp,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM alerts WHERE key = $1 AND seen_at < $2")
            .bind(key)
            .bind(unseen_since.as_millis())
            .execute(&mut **tx)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Lists the active alerts, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn alerts(&self) -> Result<Vec<StoredAlert>, StoreError> {
        let rows = sqlx::query("SELECT * FROM alerts ORDER BY since, key")
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(StoredAlert::read).collect()
    }

    /// Enqueues a notice for each of these channels, within a transaction.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn enqueue_notice_in(
        &self,
        tx: &mut Tx,
        channels: &[&str],
        notice: &NewNotice<'_>,
    ) -> Result<(), StoreError> {
        let at = now();
        for channel in channels {
            sqlx::query(
                "INSERT INTO alert_notices (way, event_id, kind, key, code, severity, title, text,
                     state, due_at, created_at, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', $9, $9, $9)",
            )
            .bind(*channel)
            .bind(notice.event_id)
            .bind(notice.kind)
            .bind(notice.key)
            .bind(notice.code)
            .bind(notice.severity)
            .bind(notice.title)
            .bind(notice.text)
            .bind(at)
            .execute(&mut **tx)
            .await?;
        }
        Ok(())
    }

    /// Claims up to `limit` due notices for `who` until `until`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn claim_notices(
        &self,
        who: &str,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        let claim = self
            .engine()
            .pick(claim!(""), claim!(" FOR UPDATE SKIP LOCKED"));
        let rows = sqlx::query(claim)
            .bind(until.as_millis())
            .bind(who)
            .bind(now())
            .bind(i64::from(limit))
            .fetch_all(self.writer())
            .await?;
        let mut notices: Vec<_> = rows.iter().map(Notice::read).collect::<Result<_, _>>()?;
        notices.sort_by_key(|notice| notice.id);
        Ok(notices)
    }

    /// Stores the outcome of an attempt, unless another hub has claimed the
    /// notice.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn settle_notice(
        &self,
        notice: i64,
        who: &str,
        outcome: &NoticeOutcome,
    ) -> Result<(), StoreError> {
        let at = now();
        let (state, due, error) = match outcome {
            NoticeOutcome::Sent => ("sent", at, None),
            NoticeOutcome::Again(due, error) => ("pending", due.as_millis(), Some(error)),
            NoticeOutcome::Dead(error) => ("dead", at, Some(error)),
        };
        sqlx::query(
            "UPDATE alert_notices SET state = $1, due_at = $2, last_error = $3, claimed_by = NULL,
                 updated_at = $4
             WHERE id = $5 AND claimed_by = $6 AND state = 'pending'",
        )
        .bind(state)
        .bind(due)
        .bind(error)
        .bind(at)
        .bind(notice)
        .bind(who)
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// Releases the notices that `who` has claimed or, if `who` is `None`, all
    /// claimed notices.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn release_notices(&self, who: Option<&str>) -> Result<(), StoreError> {
        let released = match who {
            Some(who) => sqlx::query(
                "UPDATE alert_notices SET due_at = $1, claimed_by = NULL
                 WHERE state = 'pending' AND claimed_by = $2",
            )
            .bind(now())
            .bind(who),
            None => sqlx::query(
                "UPDATE alert_notices SET due_at = $1, claimed_by = NULL
                 WHERE state = 'pending' AND claimed_by IS NOT NULL",
            )
            .bind(now()),
        };
        released.execute(self.writer()).await?;
        Ok(())
    }

    /// Lists the latest notices, newest first.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn notices(&self, limit: u32) -> Result<Vec<Notice>, StoreError> {
        let rows = sqlx::query("SELECT * FROM alert_notices ORDER BY id DESC LIMIT $1")
            .bind(i64::from(limit))
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(Notice::read).collect()
    }

    /// Counts the alerts that were first notified since `since`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn raised_since(&self, since: Timestamp) -> Result<i64, StoreError> {
        let count = sqlx::query_scalar(
            "SELECT COUNT(DISTINCT event_id) FROM alert_notices
             WHERE kind = 'raised' AND created_at >= $1",
        )
        .bind(since.as_millis())
        .fetch_one(self.reader())
        .await?;
        Ok(count)
    }

    /// Removes the notices settled before `before`, and the service starts
    /// before that time except for the first start of each service.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn forget_notices(&self, before: Timestamp) -> Result<(), StoreError> {
        for statement in [
            "DELETE FROM alert_notices WHERE state <> 'pending' AND updated_at < $1",
            "DELETE FROM service_starts WHERE at < $1
                 AND at > (SELECT MIN(f.at) FROM service_starts f WHERE f.service = service_starts.service)",
        ] {
            sqlx::query(statement)
                .bind(before.as_millis())
                .execute(self.writer())
                .await?;
        }
        Ok(())
    }

    /// Stores that a service started at `at`; a repeated report has no effect.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn service_started(&self, service: &str, at: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO service_starts (service, at) VALUES ($1, $2)
             ON CONFLICT (service, at) DO NOTHING",
        )
        .bind(service)
        .bind(at.as_millis())
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// Counts the restarts of a service since `since`. The first start of a
    /// service does not count as a restart.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn restarts_since(&self, service: &str, since: Timestamp) -> Result<i64, StoreError> {
        let count = sqlx::query_scalar(
            "SELECT COUNT(*) FROM service_starts WHERE service = $1 AND at >= $2
                 AND at > (SELECT MIN(f.at) FROM service_starts f WHERE f.service = $1)",
        )
        .bind(service)
        .bind(since.as_millis())
        .fetch_one(self.reader())
        .await?;
        Ok(count)
    }

    /// Claims the digest of a day, within a transaction. Returns `false` if it
    /// was already claimed.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn claim_digest_in(
        &self,
        tx: &mut Tx,
        name: &str,
        day: &str,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE settings SET value = $1, updated_at = $2 WHERE name = $3 AND value <> $1",
        )
        .bind(day)
        .bind(now())
        .bind(name)
        .execute(&mut **tx)
        .await?;
        Ok(done.rows_affected() > 0)
    }
}
