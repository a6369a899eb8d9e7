//! Lists who answered a campaign, and who opted out since it began.

use session_api::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::rows::time;
use crate::store::{Store, StoreError};

/// A person who answered or opted out.
#[derive(Clone)]
pub struct Reply {
    /// The chat under which the person is stored.
    pub chat: String,
    /// When the person last wrote, or when they opted out.
    pub at: Timestamp,
}

/// The queries for the number of people who answered a campaign and for the
/// latest of them. They are public for the tests of the query plans.
pub const ANSWERS_PLANS: [&str; 2] = [
    "SELECT COUNT(DISTINCT chat) FROM messages WHERE campaign_id = $1 AND direction = 'in'",
    "SELECT chat, MAX(created_at) AS last_at FROM messages
     WHERE campaign_id = $1 AND direction = 'in'
     GROUP BY chat ORDER BY last_at DESC, chat LIMIT $2",
];

/// The latest people of a group, and the size of the group.
pub struct Replies {
    /// The people, latest first.
    pub people: Vec<Reply>,
    /// Number of people in the group.
    pub total: i64,
}

impl Store {
    /// Returns the people who answered a campaign.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn replies(&self, campaign: i64, limit: u32) -> Result<Replies, StoreError> {
        let [count, newest] = ANSWERS_PLANS;
        self.people_of(count, newest, campaign, limit).await
    }

    /// Returns the people to whom a campaign wrote and who opted out after
    /// that.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn opt_outs_since(&self, campaign: i64, limit: u32) -> Result<Replies, StoreError> {
        self.people_of(
            "SELECT COUNT(*) FROM recipients r JOIN opt_outs o ON o.chat = r.chat
             WHERE r.campaign_id = $1 AND r.state = 'sent' AND o.created_at >= r.planned_at",
            "SELECT r.chat AS chat, o.created_at AS last_at
             FROM recipients r JOIN opt_outs o ON o.chat = r.chat
             WHERE r.campaign_id = $1 AND r.state = 'sent' AND o.created_at >= r.planned_at
             ORDER BY last_at DESC, r.chat LIMIT $2",
            campaign,
            limit,
        )
        .await
    }

    async fn people_of(
        &self,
        count: &'static str,
        newest: &'static str,
        campaign: i64,
        limit: u32,
    ) -> Result<Replies, StoreError> {
        let total = sqlx::query_scalar(count)
            .bind(campaign)
            .fetch_one(self.reader())
            .await?;
        let rows = sqlx::query(newest)
            .bind(campaign)
            .bind(i64::from(limit))
            .fetch_all(self.reader())
            .await?;
        let people = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Replies { people, total })
    }
}

fn read(row: &AnyRow) -> Result<Reply, StoreError> {
    Ok(Reply {
        chat: row.try_get("chat")?,
        at: time(row, "last_at")?,
    })
}
