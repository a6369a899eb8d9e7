//! Checks a campaign's list: which of its numbers have WhatsApp.

use std::collections::BTreeSet;

use serde_json::json;
use sqlx::Row;

use super::recipients::{Deltas, Move, Recipient, move_in};
use super::refused::Refused;
use super::states::{CampaignState, RecipientState};
use crate::store::addresses::address_of;
use crate::store::{LookupPriority, Store, StoreError, now};

/// Number of recipients per transaction.
const RECIPIENTS_PER_TX: i64 = 1_000;
/// Maximum length of a list that is checked; at one number per second, the
/// check takes five and a half hours.
const MAX_CHECKED_RECIPIENTS: i64 = 20_000;
/// Maximum age in milliseconds of an answer by which a recipient may be
/// skipped, because people join WhatsApp later.
const MAX_ANSWER_AGE_MS: i64 = 7 * 24 * 3600 * 1000;
/// Maximum number of listed recipients without WhatsApp.
const MAX_LISTED: i64 = 50;

/// The progress of a check.
#[derive(Clone, Debug, Default)]
pub struct CheckProgress {
    /// Number of phone numbers on the list.
    pub total: i64,
    /// Number of phone numbers that have WhatsApp.
    pub found: i64,
    /// Number of phone numbers that do not have WhatsApp.
    pub missing: i64,
    /// Some of the pending recipients without WhatsApp, as line and address.
    pub examples: Vec<(i64, String)>,
}

impl Store {
    /// Queues lookups for the numbers of a campaign's pending recipients. The
    /// campaign must not be running.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::State`], [`Refused::Nobody`].
    pub async fn begin_check(&self, campaign: i64) -> Result<CheckProgress, Refused> {
        let (mut tx, row) = self.begin_with_campaign(campaign).await?;
        if !matches!(row.state, CampaignState::Draft | CampaignState::Paused) {
            let state = row.state;
            let cure = "a list is checked before anything is sent, or while it is paused";
            return Err(Refused::State { state, cure });
        }
        match row.count(RecipientState::Pending) {
            0 => return Err(Refused::Nobody),
            pending if pending > MAX_CHECKED_RECIPIENTS => {
                let state = row.state;
                let cure = "a list of more than 20,000 is too long to be checked: WhatsApp is asked for one number a second";
                return Err(Refused::State { state, cure });
            }
            _ => {}
        }
        sqlx::query("DELETE FROM campaign_checks WHERE campaign_id = $1")
            .bind(campaign)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        let mut after = Some(0);
        while let Some(id) = after {
            after = self.check_some(campaign, id).await?;
        }
        Ok(self.check_progress(campaign).await?)
    }

    /// Queues lookups for some recipients with an id above `after`. Returns the
    /// last id, or `None` at the end.
    async fn check_some(&self, campaign: i64, after: i64) -> Result<Option<i64>, StoreError> {
        let mut tx = self.begin().await?;
        // The lock keeps the list from being deleted meanwhile.
        self.campaign_in(&mut tx, campaign).await?;
        let rows = sqlx::query(
            "SELECT * FROM recipients WHERE campaign_id = $1 AND state = 'pending' AND id > $2
             ORDER BY id LIMIT $3",
        )
        .bind(campaign)
        .bind(after)
        .bind(RECIPIENTS_PER_TX)
        .fetch_all(&mut *tx)
        .await?;
        let recipients: Result<Vec<_>, _> = rows.iter().map(Recipient::read).collect();
        let recipients = recipients?;
        let Some(last) = recipients.last() else {
            return Ok(None);
        };
        let wanted: Vec<_> = recipients
            .iter()
            // A LID always belongs to an account, so it needs no lookup.
            .filter(|it| it.address().ends_with("@c.us"))
            .map(|it| (it.id, address_of(it.address()).into_owned()))
            .collect();
        sqlx::query(self.engine().pick(
            "INSERT INTO campaign_checks (recipient_id, campaign_id, address)
             SELECT value ->> 0, $1, value ->> 1 FROM json_each($2) WHERE true
             ON CONFLICT (recipient_id) DO NOTHING",
            "INSERT INTO campaign_checks (recipient_id, campaign_id, address)
             SELECT CAST(value ->> 0 AS BIGINT), CAST($1 AS BIGINT), value ->> 1
             FROM json_array_elements(CAST($2 AS JSON))
             ON CONFLICT (recipient_id) DO NOTHING",
        ))
        .bind(campaign)
        .bind(json!(wanted).to_string())
        .execute(&mut *tx)
        .await?;
        let addresses: BTreeSet<_> = wanted.into_iter().map(|(_, address)| address).collect();
        self.want_lookups_in(&mut tx, &addresses, LookupPriority::List)
            .await?;
        let last = last.id;
        tx.commit().await?;
        Ok(Some(last))
    }

    /// Returns the progress of the check of a campaign's list.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn check_progress(&self, campaign: i64) -> Result<CheckProgress, StoreError> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS total, CAST(COALESCE(SUM(l.found), 0) AS BIGINT) AS found,
                 COUNT(l.found) AS answered
             FROM campaign_checks c LEFT JOIN lookups l ON l.address = c.address
             WHERE c.campaign_id = $1",
        )
        .bind(campaign)
        .fetch_one(self.reader())
        .await?;
        let (found, answered): (i64, i64) = (row.try_get("found")?, row.try_get("answered")?);
        let rows = sqlx::query(
            "SELECT r.line, COALESCE(r.address, r.chat) AS address
             FROM campaign_checks c JOIN lookups l ON l.address = c.address AND l.found = 0
             JOIN recipients r ON r.id = c.recipient_id
             WHERE c.campaign_id = $1 AND r.state = 'pending' ORDER BY c.recipient_id LIMIT $2",
        )
        .bind(campaign)
        .bind(MAX_LISTED)
        .fetch_all(self.reader())
        .await?;
        let examples: Result<_, sqlx::Error> = rows
            .iter()
            .map(|row| Ok((row.try_get("line")?, row.try_get("address")?)))
            .collect();
        Ok(CheckProgress {
            total: row.try_get("total")?,
            found,
            missing: answered - found,
            examples: examples?,
        })
    }

    /// Skips the recipients without WhatsApp, and returns their number.
    ///
    /// # Errors
    /// [`Refused::NotFound`].
    pub async fn skip_missing(&self, campaign: i64) -> Result<u64, Refused> {
        let (mut count, mut after) = (0, 0);
        loop {
            let (mut tx, _) = self.begin_with_campaign(campaign).await?;
            let rows = sqlx::query(
                "SELECT r.* FROM campaign_checks c
                 JOIN lookups l ON l.address = c.address AND l.found = 0 AND l.answered_at >= $4
                 JOIN recipients r ON r.id = c.recipient_id
                 WHERE c.campaign_id = $1 AND r.state = 'pending' AND c.recipient_id > $3
                 ORDER BY c.recipient_id LIMIT $2",
            )
            .bind(campaign)
            .bind(RECIPIENTS_PER_TX)
            .bind(after)
            .bind(now() - MAX_ANSWER_AGE_MS)
            .fetch_all(&mut *tx)
            .await?;
            let mut deltas = Deltas::default();
            for row in &rows {
                let step = Move::to(RecipientState::Skipped, "NOT_ON_WHATSAPP");
                let recipient = Recipient::read(row)?;
                after = recipient.id;
                count += u64::from(move_in(&mut tx, &recipient, step, &mut deltas).await?);
            }
            deltas.apply(&mut tx, campaign).await?;
            tx.commit().await?;
            if rows.is_empty() {
                return Ok(count);
            }
        }
    }
}
