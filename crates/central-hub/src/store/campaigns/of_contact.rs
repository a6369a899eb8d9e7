//! Lists the campaigns that have a contact among their recipients.

use session_api::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::rows::time;
use super::states::RecipientState;
use crate::store::contact_cards::stored;
use crate::store::{Store, StoreError};

/// A campaign of which a contact is a recipient.
#[derive(Clone, Debug)]
pub struct ContactCampaign {
    /// The campaign's id.
    pub id: i64,
    /// The campaign's name.
    pub name: String,
    /// The contact's state in the campaign.
    pub state: RecipientState,
    /// When that state last changed.
    pub at: Timestamp,
}

/// Query for the campaigns of a contact. `$1` is the chat, `$2` the business or
/// 0, `$3` the limit.
///
/// A merge leaves a second recipient under an address of the contact if the
/// campaign already has one under its chat. The campaign is listed once, with
/// the recipient that was not skipped.
const OF_CONTACT: &str = "SELECT id, name, state, updated_at FROM (
         SELECT c.id, c.name, r.state, r.updated_at, ROW_NUMBER() OVER (
             PARTITION BY c.id ORDER BY CASE r.state WHEN 'skipped' THEN 1 ELSE 0 END,
                 r.updated_at DESC, r.id DESC) AS place
         FROM recipients r JOIN campaigns c ON c.id = r.campaign_id
         WHERE r.chat IN (SELECT CAST($1 AS TEXT)
                 UNION SELECT a.address FROM people p
                     JOIN person_addresses a ON a.person_id = p.id WHERE p.chat = $1)
             AND ($2 = 0 OR c.cliente_id = $2)) listed
     WHERE place = 1 ORDER BY updated_at DESC, id DESC LIMIT $3";

impl Store {
    /// Returns the newest campaigns of one business, or of any, that have a
    /// contact among their recipients under any of its addresses.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn campaigns_of_contact(
        &self,
        chat: &str,
        cliente_id: Option<u64>,
        limit: u32,
    ) -> Result<Vec<ContactCampaign>, StoreError> {
        let rows = sqlx::query(OF_CONTACT)
            .bind(chat)
            .bind(stored(cliente_id))
            .bind(i64::from(limit))
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &AnyRow) -> Result<ContactCampaign, StoreError> {
    Ok(ContactCampaign {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        state: RecipientState::read(row.try_get("state")?)?,
        at: time(row, "updated_at")?,
    })
}

#[cfg(test)]
mod tests {
    use scratch_database::Database;
    use sqlx::{AssertSqlSafe, Row};

    use super::OF_CONTACT;
    use crate::store::tests::open;

    /// Checks that recipients are found by their chat, without reading a
    /// campaign's list.
    #[tokio::test]
    async fn campaigns_of_a_contact_are_found_by_index() {
        let database = Database::sqlite();
        let store = open(&database).await;
        let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {OF_CONTACT}")))
            .bind("5491158254201@c.us")
            .bind(0_i64)
            .bind(5_i64)
            .fetch_all(store.reader())
            .await
            .unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        let index = "SEARCH r USING INDEX recipients_by_chat (chat=?)";
        assert!(plan.iter().any(|step| step.contains(index)), "{plan:#?}");
        store.close().await;
    }
}
