//! Stores search watermarks: since when an account is linked, until when its messages were found,
//! and which messages and acks are still missing.

use std::collections::HashMap;

use session_api::{EventKind, Timestamp};
use sqlx::Row as _;

use super::append::sqlite_id;
use super::error::LedgerError;
use super::message_id::{change_key, inbound_dedup_key, sent_key};
use super::store::Store;
use crate::event_log::id_of;

/// By how many seconds a search overlaps with what was already seen, for messages that arrive out
/// of order.
pub const OVERLAP_SECONDS: i64 = 600;
/// For how many days the acks of a message are requested.
const ACKS_OF_DAYS: i64 = 3;
/// For how many days the changes of a message are requested. WhatsApp allows deleting for two and a
/// half days.
const CHANGES_OF_DAYS: i64 = 3;

/// The times that decide which of an account's messages are news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermark {
    /// When the account was linked, in seconds since 1970.
    pub since: i64,
    /// All messages up to this time were found. In seconds since 1970.
    pub seen_until: i64,
}

/// The age of the account's link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkAge {
    /// When the account was linked, in seconds since 1970.
    pub since: i64,
    /// When the history sync that follows the link completed, in milliseconds since 1970; `None` if
    /// it has not.
    pub history_at: Option<i64>,
}

impl Store {
    /// Deletes settled sends that were requested before `before`, and returns how many. Keeps
    /// undecided sends, since a retry under another id would be another message. Also keeps those
    /// that a search of the page's store may still return, since they would be taken for messages
    /// sent from another device.
    pub async fn prune(&self, before: i64) -> Result<u64, LedgerError> {
        let done = sqlx::query(
            "DELETE FROM sends WHERE created_at < ?1
             AND state NOT IN ('accepted', 'sending', 'unconfirmed')
             AND created_at < COALESCE(
               (SELECT (MIN(seen_until) - ?2) * 1000 FROM accounts WHERE linked), ?1)",
        )
        .bind(before)
        .bind(OVERLAP_SECONDS)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }

    /// Returns the age of the link; `None` while there is none.
    pub async fn link_age(&self) -> Result<Option<LinkAge>, LedgerError> {
        let row = sqlx::query(
            "SELECT since, history_at FROM accounts WHERE linked ORDER BY since DESC LIMIT 1",
        )
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(LinkAge {
            since: row.try_get("since")?,
            history_at: row.try_get("history_at")?,
        }))
    }

    /// Records that the history sync that follows the link completed at `at`, in milliseconds since
    /// 1970.
    pub async fn mark_history_complete(&self, at: i64) -> Result<(), LedgerError> {
        sqlx::query("UPDATE accounts SET history_at = ? WHERE linked AND history_at IS NULL")
            .bind(at)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Returns the linked account's watermark. It is `linked_at`, in seconds, if the account is new
    /// or was linked again (`anew`).
    pub async fn watermark(
        &self,
        account: &str,
        linked_at: i64,
        anew: bool,
    ) -> Result<Watermark, LedgerError> {
        let known =
            sqlx::query("SELECT since, seen_until FROM accounts WHERE account = ? AND linked")
                .bind(account)
                .fetch_optional(&self.pool)
                .await?;
        // Usually the watermark is known, and reading it writes nothing.
        let row = match known.filter(|_| !anew) {
            Some(row) => row,
            None => {
                self.forget_search(account).await?;
                sqlx::query(
                    "INSERT INTO accounts (account, linked, since, seen_until)
                     VALUES (?1, 1, ?2, ?2)
                     ON CONFLICT (account) DO UPDATE
                       SET since = ?2, seen_until = ?2, linked = 1, history_at = NULL
                     RETURNING since, seen_until",
                )
                .bind(account)
                .bind(linked_at)
                .fetch_one(&self.pool)
                .await?
            }
        };
        Ok(Watermark {
            since: row.try_get("since")?,
            seen_until: row.try_get("seen_until")?,
        })
    }

    /// Records that no account is linked, so that the next link starts a new watermark.
    pub async fn unlinked(&self) -> Result<(), LedgerError> {
        sqlx::query("UPDATE accounts SET linked = 0 WHERE linked")
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Returns for each chat how far an incomplete search got.
    pub async fn searched_chats(&self, account: &str) -> Result<HashMap<String, i64>, LedgerError> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT chat, until FROM searched_chats WHERE account = ?")
                .bind(account)
                .fetch_all(&self.pool)
                .await?;
        Ok(rows.into_iter().collect())
    }

    /// Records that all messages of these chats are known, each up to its time in seconds.
    pub async fn chats_searched(
        &self,
        account: &str,
        chats: &[(String, i64)],
    ) -> Result<(), LedgerError> {
        let chats = serde_json::to_string(chats).unwrap_or_default();
        sqlx::query(
            "INSERT INTO searched_chats (account, chat, until)
             SELECT ?1, json_extract(one.value, '$[0]'), json_extract(one.value, '$[1]')
             FROM json_each(?2) AS one WHERE TRUE
             ON CONFLICT (account, chat) DO UPDATE SET until = MAX(until, excluded.until)",
        )
        .bind(account)
        .bind(chats)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn forget_search(&self, account: &str) -> Result<(), LedgerError> {
        sqlx::query("DELETE FROM searched_chats WHERE account = ?")
            .bind(account)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Records that all chats were searched: all messages of the account up to `until`, in seconds,
    /// are known.
    pub async fn search_complete(&self, account: &str, until: i64) -> Result<(), LedgerError> {
        // Keep this order: after a crash in between, chats are searched once more.
        self.seen_until(account, until).await?;
        self.forget_search(account).await
    }

    /// Records that all messages of the account up to `until`, in seconds, are known.
    pub async fn seen_until(&self, account: &str, until: i64) -> Result<(), LedgerError> {
        sqlx::query("UPDATE accounts SET seen_until = ?2 WHERE account = ?1 AND seen_until < ?2")
            .bind(account)
            .bind(until)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Returns those of `ids` that were neither published nor sent by this service, in the same
    /// order.
    pub async fn unknown(&self, ids: Vec<String>) -> Result<Vec<String>, LedgerError> {
        let keys: Vec<_> = ids
            .iter()
            .map(|id| (inbound_dedup_key(id), sent_key(id)))
            .collect();
        let keys = serde_json::to_string(&keys).unwrap_or_default();
        let unknown: Vec<i64> = sqlx::query_scalar(
            "SELECT one.key FROM json_each(?) AS one
             WHERE NOT EXISTS (SELECT 1 FROM events
                               WHERE message_key = json_extract(one.value, '$[0]'))
               AND NOT EXISTS (SELECT 1 FROM sends
                               WHERE wa_key = json_extract(one.value, '$[1]'))
             ORDER BY one.key",
        )
        .bind(keys)
        .fetch_all(&self.pool)
        .await?;
        let mut ids: Vec<_> = ids.into_iter().map(Some).collect();
        let places = unknown
            .into_iter()
            .filter_map(|at| usize::try_from(at).ok());
        Ok(places.filter_map(|at| ids.get_mut(at)?.take()).collect())
    }

    /// Returns the latest unreadable messages, oldest first. With `told`, includes those that were
    /// published as unreadable.
    pub async fn unreadable(&self, told: bool) -> Result<Vec<String>, LedgerError> {
        let mut ids: Vec<String> = sqlx::query_scalar(
            "SELECT message_id FROM unreadable WHERE ?1 OR told_at IS NULL
             ORDER BY at DESC LIMIT 500",
        )
        .bind(told)
        .fetch_all(&self.pool)
        .await?;
        ids.reverse();
        Ok(ids)
    }

    /// Deletes these unreadable messages, because they are not a person's.
    pub async fn drop_unreadable(&self, ids: &[String]) -> Result<(), LedgerError> {
        let ids = serde_json::to_string(ids).unwrap_or_default();
        sqlx::query(
            "DELETE FROM unreadable WHERE message_id IN (SELECT one.value FROM json_each(?) AS one)",
        )
        .bind(ids)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Returns the latest messages of the last days that may have been edited, deleted or reacted
    /// to since, each with the second in which it was sent.
    pub async fn changeable(&self) -> Result<Vec<(String, i64)>, LedgerError> {
        let since = Timestamp::now().as_millis() - CHANGES_OF_DAYS * 24 * 3_600_000;
        let Some(first) = Timestamp::from_millis(since).map(id_of) else {
            return Ok(Vec::new());
        };
        let deleted = change_key(EventKind::MessageDeleted, "");
        let mut messages: Vec<(String, i64)> = sqlx::query_as(
            "SELECT json_extract(data, '$.message_id'),
                    CAST(strftime('%s', json_extract(data, '$.at')) AS INTEGER) FROM events
             WHERE id >= ?1 AND kind = 'message'
               AND NOT EXISTS (SELECT 1 FROM events AS gone
                               WHERE gone.message_key = ?2 || events.message_key)
             ORDER BY id DESC LIMIT 2000",
        )
        .bind(sqlite_id(first))
        .bind(&deleted)
        .fetch_all(&self.readers)
        .await?;
        let sent: Vec<(String, i64)> = sqlx::query_as(
            "SELECT message_id, created_at / 1000 FROM sends
             WHERE created_at >= ?1 AND message_id IS NOT NULL AND kind != 'reaction'
               AND NOT EXISTS (SELECT 1 FROM events AS gone
                               WHERE gone.message_key = ?2 || sends.message_id)
             ORDER BY created_at DESC LIMIT 2000",
        )
        .bind(since)
        .bind(&deleted)
        .fetch_all(&self.readers)
        .await?;
        messages.extend(sent);
        messages.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
        messages.truncate(2_000);
        Ok(messages)
    }

    /// Returns the latest messages of the last days whose delivery may have progressed further than
    /// is known.
    pub async fn acks_in_progress(&self) -> Result<Vec<String>, LedgerError> {
        let since = Timestamp::now().as_millis() - ACKS_OF_DAYS * 24 * 3_600_000;
        let ids = sqlx::query_scalar(
            "SELECT message_id FROM (
               SELECT message_id, created_at AS at FROM sends
               WHERE created_at >= ?1 AND message_id IS NOT NULL
                 AND state IN ('sent', 'delivered', 'read')
               UNION ALL
               SELECT message_id, at FROM acks WHERE at >= ?1 AND ack BETWEEN 0 AND 3)
             ORDER BY at DESC LIMIT 1000",
        )
        .bind(since)
        .fetch_all(&self.pool)
        .await?;
        Ok(ids)
    }
}
