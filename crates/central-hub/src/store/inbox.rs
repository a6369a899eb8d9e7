//! Stores the state of the inbox: who wrote, who waits for a reply, and what a
//! user has not read.
//!
//! ```text
//!  a contact writes ──────────────────> their row waits, unread for each user
//!  sent by hand, or from the phone ───> answered   (a campaign answers no contact)
//!  the answer failed after all ───────> the row waits again
//!  «needs no answer» ─────────────────> settled until the contact writes again
//!  a call that nobody answered ───────> unread, and first in the list; nothing waits
//! ```
//!
//! The state is updated with each message, so that no list or count reads the
//! history. A chat has one row for the view of each business, and one more for
//! the view of users who see all businesses. The order is that in which
//! messages were written, not that in which the hub received them. WhatsApp
//! reports seconds, so within one second the messages' ids decide.

use session_api::Timestamp;
use sqlx::{AssertSqlSafe, Row};

use super::error::StoreError;
use super::message_contents::CALL;
use super::message_state::MessageState;
use super::messages::{Message, Origin};
use super::rows::optional_timestamp;
use super::{Store, Tx, now};

/// The view of users who see all businesses.
const ALL_BUSINESSES: i64 = 0;
/// The user id for a caller of a hub without a password.
pub const NOBODY: i64 = 0;
/// Counts stop at this number.
pub const MAX_COUNTED: i64 = 1000;
/// The setting that says that the table was filled from earlier messages.
const FILLED: &str = "inbox.filled";
/// Age in milliseconds beyond which an unanswered message counts as history
/// when the table is first filled.
const HISTORY_MS: i64 = 14 * 24 * 3600 * 1000;
/// WhatsApp's type for a reaction, which it reports as a message but which needs no reply.
const REACTION: &str = "reaction";

/// SQL expression for when a message was written.
macro_rules! at {
    () => {
        "COALESCE(m.written_at, m.created_at)"
    };
}

/// SQL condition for messages and calls of the contact.
macro_rules! heard {
    () => {
        "m.direction = 'in' AND m.kind <> 'reaction'"
    };
}

/// SQL expression for the sort key of a message; see [`place_of`].
macro_rules! place {
    () => {
        concat!("(", at!(), " / 1000 * 1000000 + m.id % 1000000)")
    };
}

/// SQL condition for messages of the contact that may need a reply.
macro_rules! theirs {
    () => {
        concat!(heard!(), " AND m.kind <> 'call'")
    };
}

/// SQL condition for outgoing messages that a person wrote. The wording has to match the index.
macro_rules! by_hand {
    () => {
        "m.origin IN ('send', 'single', 'phone')"
    };
}

/// SQL condition for those of them that may have arrived.
macro_rules! on_its_way {
    () => {
        "m.dry_run = 0 AND m.state NOT IN ('failed', 'cancelled', 'simulated')"
    };
}

macro_rules! of_view {
    () => {
        "m.chat = inbox.chat AND (inbox.cliente_id = 0 OR m.cliente_id = inbox.cliente_id)"
    };
}

const ON_RECEIVED: &str = "INSERT INTO inbox
        (chat, cliente_id, last_in, last_out, settled, waits_since, place, updated_at)
    VALUES ($1, $2, $3, 0, 0, $4, $3, $5)
    ON CONFLICT (chat, cliente_id) DO UPDATE SET
        last_in = CASE WHEN excluded.last_in > inbox.last_in
            THEN excluded.last_in ELSE inbox.last_in END,
        place = CASE WHEN excluded.last_in > inbox.last_in
            THEN excluded.last_in ELSE inbox.last_in END,
        waits_since = CASE
            WHEN excluded.waits_since IS NULL THEN inbox.waits_since
            WHEN excluded.last_in <= inbox.last_out OR excluded.last_in <= inbox.settled
                THEN inbox.waits_since
            WHEN inbox.waits_since < excluded.waits_since THEN inbox.waits_since
            ELSE excluded.waits_since END,
        updated_at = excluded.updated_at";

const ON_WRITTEN: &str = "INSERT INTO inbox
        (chat, cliente_id, last_in, last_out, settled, waits_since, place, updated_at)
    VALUES ($1, $2, 0, $3, 0, NULL, $3, $4)
    ON CONFLICT (chat, cliente_id) DO UPDATE SET
        last_out = CASE WHEN excluded.last_out > inbox.last_out
            THEN excluded.last_out ELSE inbox.last_out END,
        waits_since = CASE WHEN excluded.last_out > inbox.last_in
            THEN NULL ELSE inbox.waits_since END,
        place = CASE WHEN inbox.last_in = 0 AND excluded.place > inbox.place
            THEN excluded.place ELSE inbox.place END,
        updated_at = excluded.updated_at";

/// Statement that adds an unread message, with one row for each user who sees
/// the chat and one for [`NOBODY`].
const UNREAD: &str = "INSERT INTO unread (user_id, chat, messages, last_id)
    SELECT who.id, $1, 1, $2
    FROM (SELECT id, cliente_id FROM users WHERE disabled = 0 UNION ALL SELECT 0, NULL) AS who
    WHERE who.cliente_id IS NULL OR who.cliente_id = $3
    ON CONFLICT (user_id, chat) DO UPDATE SET
        messages = unread.messages + 1, last_id = excluded.last_id";

/// Statement that moves unread messages to another chat. `$1` is the old chat, `$2` the new one.
macro_rules! move_unread {
    ($and:literal) => {
        concat!(
            "INSERT INTO unread (user_id, chat, messages, last_id)
             SELECT user_id, $2, messages, last_id FROM unread WHERE chat = $1",
            $and,
            " ON CONFLICT (user_id, chat) DO UPDATE SET
                 messages = unread.messages + excluded.messages,
                 last_id = CASE WHEN excluded.last_id > unread.last_id
                     THEN excluded.last_id ELSE unread.last_id END"
        )
    };
}

const MOVE_UNREAD: &str = move_unread!("");
const SPLIT_UNREAD: &str = move_unread!(
    " AND EXISTS (SELECT 1 FROM messages m WHERE m.id = unread.last_id AND m.chat = $2)"
);

const LAST_OUT: &str = concat!(
    "UPDATE inbox SET updated_at = $2, last_out = COALESCE((
         SELECT MAX(",
    place!(),
    ") FROM messages m WHERE ",
    by_hand!(),
    " AND ",
    on_its_way!(),
    " AND ",
    of_view!(),
    "), 0) WHERE chat = $1"
);

/// Statement that computes since when the contacts wait.
macro_rules! waits {
    ($where:literal) => {
        concat!(
            "UPDATE inbox SET waits_since = (SELECT MIN(",
            at!(),
            ") FROM messages m WHERE ",
            theirs!(),
            " AND ",
            of_view!(),
            " AND ",
            place!(),
            " > inbox.last_out AND ",
            place!(),
            " > inbox.settled) WHERE ",
            $where
        )
    };
}

const UPDATE_WAIT: &str = waits!("chat = $1");
/// Recomputes the wait after a reply that is older than the last received message.
const UPDATE_WAIT_AFTER_LATE_REPLY: &str =
    waits!("chat = $1 AND waits_since IS NOT NULL AND last_out < last_in");

/// Query for some messages as one view sees them.
macro_rules! found {
    ($view:literal, $and:literal) => {
        concat!(
            "SELECT m.chat, ",
            $view,
            " AS whose, CASE WHEN ",
            heard!(),
            " THEN ",
            place!(),
            " ELSE 0 END AS heard, CASE WHEN ",
            by_hand!(),
            " AND ",
            on_its_way!(),
            " THEN ",
            place!(),
            " ELSE 0 END AS wrote, ",
            place!(),
            " AS place FROM messages m WHERE ((",
            heard!(),
            ") OR (",
            by_hand!(),
            " AND m.dry_run = 0 AND m.state <> 'simulated'))",
            $and
        )
    };
}

/// Statement that inserts rows computed from the messages. `$1` is the time of the update.
macro_rules! fill {
    ($and:literal) => {
        concat!(
            "INSERT INTO inbox
                 (chat, cliente_id, last_in, last_out, settled, waits_since, place, updated_at)
             SELECT chat, whose, MAX(heard), MAX(wrote), 0, NULL,
                 CASE WHEN MAX(heard) > 0 THEN MAX(heard) ELSE MAX(place) END, $1
             FROM (",
            found!("0", $and),
            " UNION ALL ",
            found!("m.cliente_id", $and),
            " AND m.cliente_id IS NOT NULL) AS found GROUP BY chat, whose
             ON CONFLICT (chat, cliente_id) DO NOTHING"
        )
    };
}

/// Settles the rows filled at `$2` whose messages are history (before `$1`); the
/// others wait for a reply.
const SETTLE_HISTORY: &str = "UPDATE inbox SET settled = last_in
    WHERE updated_at = $2 AND settled = 0 AND (last_in < $1
        OR EXISTS (SELECT 1 FROM opt_outs WHERE opt_outs.chat = inbox.chat))";

const UPDATE_ALL_WAITS: &str = waits!("last_in > last_out AND last_in > settled");

/// Query for the list of conversations. `$1` is the user, `$2` the view, `$3`
/// the sort key before which to list, `$4` the limit.
macro_rules! list {
    ($last:literal, $and:literal) => {
        concat!(
            "SELECT i.chat, i.place, i.waits_since, COALESCE(u.messages, 0) AS unread,
                 (SELECT m.id FROM messages m WHERE m.chat = i.chat AND m.state <> 'simulated'",
            $last,
            " ORDER BY m.id DESC LIMIT 1) AS last_id
             FROM inbox i LEFT JOIN unread u ON u.user_id = $1 AND u.chat = i.chat
             WHERE i.cliente_id = $2 AND i.place < $3",
            $and,
            " ORDER BY i.place DESC LIMIT $4"
        )
    };
}

const LIST: &str = list!("", "");
const WAITING: &str = list!("", " AND i.waits_since IS NOT NULL");
const LIST_OF_ONE: &str = list!(" AND m.cliente_id = $2", "");
const WAITING_OF_ONE: &str = list!(" AND m.cliente_id = $2", " AND i.waits_since IS NOT NULL");

/// Query for the counts. `$1` is the user, `$2` the view.
const COUNTS: &str = "SELECT
    (SELECT COUNT(*) FROM (SELECT 1 FROM inbox
        WHERE cliente_id = $2 AND waits_since IS NOT NULL LIMIT 1000) AS waiting) AS waiting,
    (SELECT COUNT(*) FROM (SELECT 1 FROM unread WHERE user_id = $1 LIMIT 1000) AS unread)
        AS unread,
    (SELECT MIN(waits_since) FROM inbox WHERE cliente_id = $2 AND waits_since IS NOT NULL)
        AS oldest";

/// Query for changed conversations. `$1` is the time since when, `$2` the limit.
const CHANGED_CONVERSATIONS: &str = "SELECT i.chat, i.cliente_id, i.waits_since, i.updated_at,
        (SELECT m.id FROM messages m WHERE m.chat = i.chat AND m.state <> 'simulated'
            AND (i.cliente_id = 0 OR m.cliente_id = i.cliente_id)
            ORDER BY m.id DESC LIMIT 1) AS last_id
    FROM inbox i WHERE i.updated_at >= $1 ORDER BY i.updated_at LIMIT $2";

/// The queries of the screens and the events, for the tests of the query plans.
pub const INBOX_PLANS: [&str; 6] = [
    LIST,
    WAITING,
    LIST_OF_ONE,
    WAITING_OF_ONE,
    COUNTS,
    CHANGED_CONVERSATIONS,
];

/// A row of the list of conversations.
#[derive(Clone, Debug)]
pub struct Talk {
    /// The place in the list, which falls from one row to the next, as in the cursors.
    pub place: i64,
    /// When the contact's first unanswered message was written.
    pub waits_since: Option<Timestamp>,
    /// The number of the contact's messages that the user has not read.
    pub unread: i64,
    /// The last message that was not a dry run.
    pub last: Message,
}

/// A page of the list.
#[derive(Clone, Debug)]
pub struct Talks {
    /// The conversations, those with the most recent incoming message first.
    pub talks: Vec<Talk>,
    /// The cursor of the next page; `None` on the last page.
    pub next: Option<i64>,
}

/// The numbers of conversations that need attention, each up to [`MAX_COUNTED`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InboxCounts {
    /// Number of conversations in which a contact waits for a reply.
    pub waiting: i64,
    /// Number of conversations that the user has not read.
    pub unread: i64,
    /// Since when the contact who has waited longest is waiting.
    pub oldest: Option<Timestamp>,
}

/// A conversation that changed, as one view sees it.
#[derive(Clone, Debug)]
pub struct ChangedTalk {
    /// The business of the view; `None` for the view of users who see all businesses.
    pub cliente_id: Option<u64>,
    /// When the contact's first unanswered message was written.
    pub waits_since: Option<Timestamp>,
    /// When the conversation changed, in milliseconds since 1970.
    pub updated_at: i64,
    /// The last message.
    pub last: Message,
}

/// Returns the sort key of a message: the second in which it was written, then its id.
fn place_of(message: &Message) -> i64 {
    message.at().as_millis() / 1000 * 1_000_000 + message.id % 1_000_000
}

fn view_of(cliente_id: Option<u64>) -> i64 {
    cliente_id.map_or(ALL_BUSINESSES, |id| i64::try_from(id).unwrap_or(i64::MAX))
}

/// Returns the views that include a message.
fn views(message: &Message) -> impl Iterator<Item = i64> {
    let own = message.cliente_id.map(|id| view_of(Some(id)));
    std::iter::once(ALL_BUSINESSES).chain(own)
}

const fn is_by_hand(message: &Message) -> bool {
    matches!(
        message.origin,
        Origin::Send | Origin::Single | Origin::Phone
    )
}

const fn may_arrive(state: MessageState) -> bool {
    !matches!(
        state,
        MessageState::Failed | MessageState::Cancelled | MessageState::Simulated
    )
}

impl Store {
    /// Updates the inbox for a received message: one of the contact, or one of
    /// this account that was written on the phone.
    pub(super) async fn note_received_in(
        &self,
        tx: &mut Tx,
        message: &Message,
    ) -> Result<(), StoreError> {
        if !message.is_inbound {
            return self.note_written_in(tx, message).await;
        }
        if message.kind == REACTION {
            return Ok(());
        }
        for view in views(message) {
            sqlx::query(ON_RECEIVED)
                .bind(&message.chat)
                .bind(view)
                .bind(place_of(message))
                .bind(Some(message.at().as_millis()).filter(|_| message.kind != CALL))
                .bind(now())
                .execute(&mut **tx)
                .await?;
        }
        sqlx::query(UNREAD)
            .bind(&message.chat)
            .bind(message.id)
            // -1 is the id of no business.
            .bind(message.cliente_id.map_or(-1, |id| view_of(Some(id))))
            .execute(&mut **tx)
            .await?;
        self.inbox_changed();
        Ok(())
    }

    /// Updates the inbox for an outgoing message. A message of a campaign or a
    /// list is not a reply to a contact, and a dry run does not count as a
    /// message.
    pub(super) async fn note_written_in(
        &self,
        tx: &mut Tx,
        message: &Message,
    ) -> Result<(), StoreError> {
        if !is_by_hand(message) || message.dry_run || message.is_inbound {
            return Ok(());
        }
        for view in views(message) {
            sqlx::query(ON_WRITTEN)
                .bind(&message.chat)
                .bind(view)
                .bind(place_of(message))
                .bind(now())
                .execute(&mut **tx)
                .await?;
        }
        if message.origin == Origin::Phone {
            // The message may have been written before a message or call that
            // the hub received earlier.
            sqlx::query(UPDATE_WAIT_AFTER_LATE_REPLY)
                .bind(&message.chat)
                .execute(&mut **tx)
                .await?;
            // A reply from the office's phone means that the chat was read there.
            sqlx::query(
                "DELETE FROM unread WHERE chat = $1 AND NOT EXISTS (
                     SELECT 1 FROM inbox WHERE inbox.chat = $1 AND inbox.cliente_id = 0
                         AND inbox.last_in > $2)",
            )
            .bind(&message.chat)
            .bind(place_of(message))
            .execute(&mut **tx)
            .await?;
        }
        self.inbox_changed();
        Ok(())
    }

    /// Marks the chat as changed, so that the pages are notified.
    pub(super) async fn note_changed_in(&self, tx: &mut Tx, chat: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE inbox SET updated_at = $2 WHERE chat = $1")
            .bind(chat)
            .bind(now())
            .execute(&mut **tx)
            .await?;
        self.inbox_changed();
        Ok(())
    }

    /// Updates the inbox when an outgoing message has failed or is sent again.
    pub(super) async fn note_moved_in(
        &self,
        tx: &mut Tx,
        before: &Message,
        to: MessageState,
    ) -> Result<(), StoreError> {
        let is_as_before = may_arrive(before.state) == may_arrive(to);
        if is_as_before || !is_by_hand(before) || before.dry_run {
            return Ok(());
        }
        sqlx::query(LAST_OUT)
            .bind(&before.chat)
            .bind(now())
            .execute(&mut **tx)
            .await?;
        sqlx::query(UPDATE_WAIT)
            .bind(&before.chat)
            .execute(&mut **tx)
            .await?;
        self.inbox_changed();
        Ok(())
    }

    /// Marks everything received so far as needing no reply, because the
    /// business decided so or the contact opted out. With a business, this
    /// affects only its view and the view of users who see all businesses.
    pub(super) async fn settle_in(
        &self,
        tx: &mut Tx,
        chat: &str,
        cliente_id: Option<u64>,
    ) -> Result<(), StoreError> {
        let (and, own) = match cliente_id {
            None => ("", ALL_BUSINESSES),
            Some(id) => (
                " AND (cliente_id = $3 OR cliente_id = 0 AND last_in <= COALESCE((
                     SELECT own.last_in FROM inbox own
                     WHERE own.chat = $1 AND own.cliente_id = $3), 0))",
                view_of(Some(id)),
            ),
        };
        let statement = format!(
            "UPDATE inbox SET settled = last_in, waits_since = NULL, updated_at = $2
             WHERE chat = $1{and}"
        );
        let query = sqlx::query(AssertSqlSafe(statement)).bind(chat).bind(now());
        let query = if own == ALL_BUSINESSES {
            query
        } else {
            query.bind(own)
        };
        query.execute(&mut **tx).await?;
        self.inbox_changed();
        Ok(())
    }

    /// Marks a conversation as needing no reply, on a user's request.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn settle(&self, chat: &str, cliente_id: Option<u64>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        self.settle_in(&mut tx, chat, cliente_id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Marks this chat as read by the user, up to the message with this id.
    /// `None` marks all of it.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn mark_read(
        &self,
        user: i64,
        chat: &str,
        until: Option<i64>,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM unread WHERE user_id = $1 AND chat = $2 AND last_id <= $3")
            .bind(user)
            .bind(chat)
            .bind(until.unwrap_or(i64::MAX))
            .execute(self.writer())
            .await?;
        Ok(())
    }

    /// Removes the unread marks of a user who was deleted or changed.
    pub(super) async fn forget_unread_in(&self, tx: &mut Tx, user: i64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM unread WHERE user_id = $1")
            .bind(user)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// Lists the conversations whose sort key is before `before`, of one
    /// business or of all. With `waiting`, lists only those in which a contact
    /// waits.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn talks(
        &self,
        cliente_id: Option<u64>,
        user: i64,
        waiting: bool,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Talks, StoreError> {
        let statement = match (cliente_id.is_some(), waiting) {
            (false, false) => LIST,
            (false, true) => WAITING,
            (true, false) => LIST_OF_ONE,
            (true, true) => WAITING_OF_ONE,
        };
        let rows = sqlx::query(statement)
            .bind(user)
            .bind(view_of(cliente_id))
            .bind(before.unwrap_or(i64::MAX))
            .bind(i64::from(limit) + 1)
            .fetch_all(self.reader())
            .await?;
        let has_more = rows.len() > limit as usize;
        let page_rows = rows.get(..limit as usize).unwrap_or(&rows);
        let mut ids = Vec::with_capacity(page_rows.len());
        for row in page_rows {
            ids.extend(row.try_get::<Option<i64>, _>("last_id")?);
        }
        let last = self.messages_of(&ids).await?;
        let mut talks = Vec::with_capacity(page_rows.len());
        for row in page_rows {
            let id: Option<i64> = row.try_get("last_id")?;
            let Some(last) = last.iter().find(|it| Some(it.id) == id) else {
                continue;
            };
            talks.push(Talk {
                place: row.try_get("place")?,
                waits_since: optional_timestamp(row.try_get("waits_since")?),
                unread: row.try_get("unread")?,
                last: last.clone(),
            });
        }
        let next = page_rows.last().filter(|_| has_more);
        let next = next.map(|row| row.try_get("place")).transpose()?;
        Ok(Talks { talks, next })
    }

    /// Returns the inbox state of these chats, leaving out chats that have
    /// none.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn talks_with(
        &self,
        cliente_id: Option<u64>,
        user: i64,
        chats: &[&str],
    ) -> Result<Vec<(String, Option<Timestamp>, i64)>, StoreError> {
        if chats.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<_> = (3..chats.len() + 3).map(|n| format!("${n}")).collect();
        let statement = format!(
            "SELECT i.chat, i.waits_since, COALESCE(u.messages, 0) AS unread
             FROM inbox i LEFT JOIN unread u ON u.user_id = $1 AND u.chat = i.chat
             WHERE i.cliente_id = $2 AND i.chat IN ({})",
            places.join(", ")
        );
        let mut query = sqlx::query(AssertSqlSafe(statement))
            .persistent(false)
            .bind(user)
            .bind(view_of(cliente_id));
        for chat in chats {
            query = query.bind(*chat);
        }
        let rows = query.fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| {
                Ok((
                    row.try_get("chat")?,
                    optional_timestamp(row.try_get("waits_since")?),
                    row.try_get("unread")?,
                ))
            })
            .collect()
    }

    /// Counts the conversations that need this user's attention.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn inbox_counts(
        &self,
        cliente_id: Option<u64>,
        user: i64,
    ) -> Result<InboxCounts, StoreError> {
        let row = sqlx::query(COUNTS)
            .bind(user)
            .bind(view_of(cliente_id))
            .fetch_one(self.reader())
            .await?;
        Ok(InboxCounts {
            waiting: row.try_get("waiting")?,
            unread: row.try_get("unread")?,
            oldest: optional_timestamp(row.try_get("oldest")?),
        })
    }

    /// Lists the conversations that changed since `since`, in the order of the
    /// changes.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn talks_changed(
        &self,
        since: i64,
        limit: u32,
    ) -> Result<Vec<ChangedTalk>, StoreError> {
        let rows = sqlx::query(CHANGED_CONVERSATIONS)
            .bind(since)
            .bind(i64::from(limit))
            .fetch_all(self.reader())
            .await?;
        let mut ids = Vec::with_capacity(rows.len());
        for row in &rows {
            ids.extend(row.try_get::<Option<i64>, _>("last_id")?);
        }
        let last = self.messages_of(&ids).await?;
        let mut changed = Vec::with_capacity(rows.len());
        for row in &rows {
            let id: Option<i64> = row.try_get("last_id")?;
            let Some(last) = last.iter().find(|it| Some(it.id) == id) else {
                continue;
            };
            let view: i64 = row.try_get("cliente_id")?;
            changed.push(ChangedTalk {
                cliente_id: u64::try_from(view).ok().filter(|id| *id != 0),
                waits_since: optional_timestamp(row.try_get("waits_since")?),
                updated_at: row.try_get("updated_at")?,
                last: last.clone(),
            });
        }
        Ok(changed)
    }

    /// Moves the inbox state of a chat to `to`. The rows are rebuilt; what was
    /// settled or unread stays so.
    pub(super) async fn move_inbox_in(
        &self,
        tx: &mut Tx,
        from: &str,
        to: &str,
    ) -> Result<(), StoreError> {
        if !self.rebuild_inbox_in(tx, from, to).await? {
            return Ok(());
        }
        move_unread_in(tx, MOVE_UNREAD, from, to).await?;
        sqlx::query("DELETE FROM unread WHERE chat = $1")
            .bind(from)
            .execute(&mut **tx)
            .await?;
        self.inbox_changed();
        Ok(())
    }

    /// Updates the inbox after some messages of `from` were moved to `to`. The
    /// unread mark of a user stays at the chat of the last unread message.
    pub(super) async fn split_inbox_in(
        &self,
        tx: &mut Tx,
        from: &str,
        to: &str,
    ) -> Result<(), StoreError> {
        if !self.rebuild_inbox_in(tx, from, to).await? {
            return Ok(());
        }
        move_unread_in(tx, SPLIT_UNREAD, from, to).await?;
        sqlx::query(
            "DELETE FROM unread WHERE chat = $1 AND EXISTS (
                 SELECT 1 FROM messages m WHERE m.id = unread.last_id AND m.chat = $2)",
        )
        .bind(from)
        .bind(to)
        .execute(&mut **tx)
        .await?;
        self.inbox_changed();
        Ok(())
    }

    /// Rebuilds the rows of a chat after some of its messages were deleted.
    pub(super) async fn forget_inbox_in(&self, tx: &mut Tx, chat: &str) -> Result<(), StoreError> {
        self.rebuild_inbox_in(tx, chat, chat).await?;
        sqlx::query(
            "DELETE FROM unread WHERE chat = $1 AND NOT EXISTS (
                 SELECT 1 FROM messages m WHERE m.id = unread.last_id)",
        )
        .bind(chat)
        .execute(&mut **tx)
        .await?;
        self.inbox_changed();
        Ok(())
    }

    /// Rebuilds the rows of two chats from their messages, keeping what is
    /// settled. Returns `false` if there are no rows.
    async fn rebuild_inbox_in(
        &self,
        tx: &mut Tx,
        from: &str,
        to: &str,
    ) -> Result<bool, StoreError> {
        let rows =
            sqlx::query("SELECT chat, cliente_id, settled FROM inbox WHERE chat IN ($1, $2)")
                .bind(from)
                .bind(to)
                .fetch_all(&mut **tx)
                .await?;
        if rows.is_empty() {
            return Ok(false);
        }
        sqlx::query("DELETE FROM inbox WHERE chat IN ($1, $2)")
            .bind(from)
            .bind(to)
            .execute(&mut **tx)
            .await?;
        // Messages of a business that does not know the number may have stayed.
        for chat in [from, to] {
            sqlx::query(fill!(" AND m.chat = $2"))
                .bind(now())
                .bind(chat)
                .execute(&mut **tx)
                .await?;
        }
        for row in &rows {
            sqlx::query(
                "UPDATE inbox SET settled = $3 WHERE chat IN ($1, $2) AND cliente_id = $4
                     AND settled < $3",
            )
            .bind(from)
            .bind(to)
            .bind(row.try_get::<i64, _>("settled")?)
            .bind(row.try_get::<i64, _>("cliente_id")?)
            .execute(&mut **tx)
            .await?;
        }
        for chat in [from, to] {
            sqlx::query(UPDATE_WAIT)
                .bind(chat)
                .execute(&mut **tx)
                .await?;
        }
        Ok(true)
    }

    /// Adds rows for all chats that have none. Messages from long ago need no reply.
    pub(crate) async fn fill_inbox_in(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let at = now();
        sqlx::query(fill!("")).bind(at).execute(&mut **tx).await?;
        sqlx::query(SETTLE_HISTORY)
            .bind((at - HISTORY_MS) / 1000 * 1_000_000)
            .bind(at)
            .execute(&mut **tx)
            .await?;
        sqlx::query(UPDATE_ALL_WAITS).execute(&mut **tx).await?;
        Ok(())
    }

    /// Fills the table once, from messages that are older than the table.
    pub(super) async fn fill_inbox(&self) -> Result<(), StoreError> {
        if self.setting(FILLED).await?.is_some() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        // Another hub that starts at the same time waits here, and then finds nothing to add.
        self.set_in(&mut tx, FILLED, "1").await?;
        self.fill_inbox_in(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Adds the unread messages of one chat to another.
async fn move_unread_in(
    tx: &mut Tx,
    statement: &'static str,
    from: &str,
    to: &str,
) -> Result<(), StoreError> {
    sqlx::query(statement)
        .bind(from)
        .bind(to)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
