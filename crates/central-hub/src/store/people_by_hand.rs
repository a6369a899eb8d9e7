//! Merges, splits and deletes contacts on a user's request.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use session_api::{Recipient, Timestamp};
use sqlx::{AssertSqlSafe, Row};

use super::addresses::{LOCK_ALONE, address_of, is_lid};
use super::campaigns::{Deltas, RecipientState};
use super::contact_cards::stored;
use super::error::StoreError;
use super::merge_records::{SplitOff, forget_kept_cards_in};
use super::people::{Holder, Source, addresses_in, detach_address_in, detach_person_in, holder_in};
use super::webhook_events::{delivered_field, phone_of};
use super::{Store, Tx};

/// How long the request itself may try to delete the data from session-manager,
/// before the queue takes over.
const IMMEDIATE_DELETION_TIMEOUT: Duration = Duration::from_secs(15);
/// Number of messages read per step.
const MESSAGES_PER_STEP: i64 = 1_000;
/// Maximum number of attempts at a transaction that conflicts with another hub's.
const MAX_TRIES: u32 = 3;
/// Number of final digits of a phone number by which a refused line is found.
const COMPARED_DIGITS: usize = 8;

/// The result of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergeOutcome {
    /// The contacts were merged, under this chat.
    Done(String),
    /// They already were one contact.
    Already,
}

/// The result of splitting off an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SplitOutcome {
    /// The address now is a separate contact, under this chat.
    Done(String),
    /// The address is not the contact's, or is its only one.
    NotTheirs,
    /// The address is the contact's main address, and there are several others.
    Main,
}

/// The result of a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeleteOutcome {
    /// The data was deleted.
    Done {
        /// Number of deleted messages.
        messages: u64,
        /// Number of deleted campaign recipients.
        recipients: u64,
        /// Whether there is an opt-out, which is kept.
        is_opted_out: bool,
        /// The addresses whose data session-manager has to delete.
        addresses: Vec<String>,
    },
    /// Nothing was deleted, because a message to the contact is being sent.
    Busy,
    /// No data was found.
    Nobody,
}

impl Store {
    /// Merges two contacts; `into` remains.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn merge_by_hand(
        &self,
        into: &Recipient,
        other: &Recipient,
    ) -> Result<MergeOutcome, StoreError> {
        let mut tries = 1;
        loop {
            match self.try_merge(into, other).await {
                Err(error) if tries < MAX_TRIES && error.is_conflict() => tries += 1,
                result => return result,
            }
        }
    }

    async fn try_merge(
        &self,
        into: &Recipient,
        other: &Recipient,
    ) -> Result<MergeOutcome, StoreError> {
        let (stays, goes) = (self.chat_of(into).await?, self.chat_of(other).await?);
        let mut tx = self.begin().await?;
        let addresses: BTreeSet<String> = [into, other]
            .map(|id| address_of(id.as_str()).into_owned())
            .into();
        let mut chats = addresses.clone();
        chats.extend([stays.clone(), goes.clone()]);
        self.lock_campaigns_in(&mut tx, &chats).await?;
        self.lock_people(&mut tx, LOCK_ALONE).await?;
        let mut persons = BTreeSet::new();
        for address in &addresses {
            persons.insert(holder_in(&mut tx, address).await?.map(|it| it.id));
        }
        let is_one = addresses.len() == 1 || persons.len() == 1 && !persons.contains(&None);
        if is_one {
            return Ok(MergeOutcome::Already);
        }
        // A number is preferred to a LID, because it can be called.
        let chat = match is_lid(&stays) && !is_lid(&goes) {
            true => goes,
            false => stays,
        };
        self.merge_people_in(&mut tx, &addresses, Some(&chat), Source::Hand)
            .await?;
        tx.commit().await?;
        Ok(MergeOutcome::Done(chat))
    }

    /// Splits an address off a contact. It becomes a separate contact with its
    /// campaign recipients and the messages sent to and from it. An address
    /// that a merge by hand brought leaves together with the other addresses of
    /// that merge, and each contact gets back the names, tags, notes and
    /// campaign recipients that the merge took. An opt-out is copied to both
    /// contacts.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn split_by_hand(
        &self,
        person: &Recipient,
        leaving: &Recipient,
    ) -> Result<SplitOutcome, StoreError> {
        let mut tries = 1;
        loop {
            match self.try_split(person, leaving).await {
                Err(error) if tries < MAX_TRIES && error.is_conflict() => tries += 1,
                result => return result,
            }
        }
    }

    async fn try_split(
        &self,
        person: &Recipient,
        leaving: &Recipient,
    ) -> Result<SplitOutcome, StoreError> {
        let mut leaving = address_of(leaving.as_str()).into_owned();
        let mut chats = BTreeSet::from([self.chat_of(person).await?, leaving.clone()]);
        let mut tx = self.begin().await?;
        if let Some(holder) = holder_in(&mut tx, &address_of(person.as_str())).await? {
            chats.extend(addresses_in(&mut tx, holder.id).await?);
        }
        self.lock_campaigns_in(&mut tx, &chats).await?;
        self.lock_people(&mut tx, LOCK_ALONE).await?;
        let Some(holder) = holder_in(&mut tx, &address_of(person.as_str())).await? else {
            return Ok(SplitOutcome::NotTheirs);
        };
        let addresses = addresses_in(&mut tx, holder.id).await?;
        if addresses.len() < 2 || !addresses.contains(&leaving) {
            return Ok(SplitOutcome::NotTheirs);
        }
        if *address_of(&holder.chat) == *leaving {
            // If the contact has only two addresses, either may be split off.
            let mut others = addresses.into_iter().filter(|it| *it != leaving);
            match (others.next(), others.next()) {
                (Some(other), None) => leaving = other,
                _ => return Ok(SplitOutcome::Main),
            }
        }
        let merged_with = addresses_merged_with_in(&mut tx, &holder, &leaving).await?;
        let (leaving, together, other) = match merged_with {
            Some((chat, together)) => {
                let other = detach_person_in(&mut tx, &together, &chat, &holder.chat).await?;
                (chat, together, Some(other))
            }
            None => {
                detach_address_in(&mut tx, &leaving, &holder.chat).await?;
                (leaving.clone(), vec![leaving], None)
            }
        };
        let of = self
            .split_messages_in(&mut tx, &holder.chat, &together, &leaving)
            .await?;
        self.split_inbox_in(&mut tx, &holder.chat, &leaving).await?;
        split_recipients_in(&mut tx, &holder.chat, &together, &leaving).await?;
        let between = of.iter().map(|of| (leaving.as_str(), *of)).collect();
        self.note_conversations_in(&mut tx, &between).await?;
        let split_off = SplitOff {
            person: holder.id,
            stays: &holder.chat,
            other,
            leaves: &leaving,
            addresses: &together,
        };
        self.undo_merges_in(&mut tx, &split_off).await?;
        sqlx::query(
            "DELETE FROM conversations WHERE chat = $1
                 AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.chat = $1
                     AND (m.cliente_id = conversations.cliente_id
                         OR m.cliente_id IS NULL AND conversations.cliente_id IS NULL))
                 AND NOT EXISTS (SELECT 1 FROM contact_cards k WHERE k.chat = $1
                     AND k.cliente_id = COALESCE(conversations.cliente_id, 0))",
        )
        .bind(&holder.chat)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(SplitOutcome::Done(leaving))
    }

    /// Moves the messages of these addresses to the chat `to`, and returns the
    /// messages' businesses.
    async fn split_messages_in(
        &self,
        tx: &mut Tx,
        chat: &str,
        addresses: &[String],
        to: &str,
    ) -> Result<BTreeSet<Option<i64>>, StoreError> {
        let mut of = BTreeSet::new();
        let mut after = 0_i64;
        loop {
            let rows = sqlx::query(
                "SELECT id, wa_id, request, cliente_id FROM messages
                 WHERE chat = $1 AND id > $2 ORDER BY id LIMIT $3",
            )
            .bind(chat)
            .bind(after)
            .bind(MESSAGES_PER_STEP)
            .fetch_all(&mut **tx)
            .await?;
            let mut ids = Vec::new();
            for row in &rows {
                after = row.try_get("id")?;
                let (wa_id, request): (Option<String>, Option<String>) =
                    (row.try_get("wa_id")?, row.try_get("request")?);
                let own = own_address(wa_id.as_deref(), request.as_deref());
                if own.is_some_and(|own| addresses.contains(&own)) {
                    ids.push(after);
                    of.insert(row.try_get("cliente_id")?);
                }
            }
            if !ids.is_empty() {
                let statement = format!(
                    "UPDATE messages SET chat = $1 WHERE id IN ({})",
                    super::messages::joined(&ids)
                );
                sqlx::query(AssertSqlSafe(statement))
                    .persistent(false)
                    .bind(to)
                    .execute(&mut **tx)
                    .await?;
            }
            if rows.is_empty() {
                return Ok(of);
            }
        }
    }

    /// Deletes the data of a contact, either all of it or that of one business.
    /// The opt-out is kept, with the addresses to which it applies.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn forget(
        &self,
        person: &Recipient,
        cliente_id: Option<u64>,
    ) -> Result<DeleteOutcome, StoreError> {
        let mut tries = 1;
        loop {
            match self.try_delete(person, cliente_id).await {
                Err(error) if tries < MAX_TRIES && error.is_conflict() => tries += 1,
                result => return result,
            }
        }
    }

    async fn try_delete(
        &self,
        person: &Recipient,
        cliente_id: Option<u64>,
    ) -> Result<DeleteOutcome, StoreError> {
        let chat = self.contact_chat(person, cliente_id).await?;
        let mut tx = self.begin().await?;
        self.lock_campaigns_in(&mut tx, &[chat.clone()].into())
            .await?;
        self.lock_people(&mut tx, LOCK_ALONE).await?;
        let mut chats = BTreeSet::from([chat.clone(), address_of(&chat).into_owned()]);
        let holder = holder_in(&mut tx, &address_of(&chat)).await?;
        if let Some(holder) = holder.as_ref().filter(|_| cliente_id.is_none()) {
            // This includes messages to a LID whose number was not known at the time.
            chats.extend(addresses_in(&mut tx, holder.id).await?);
        }
        let every_chat = chats;
        let chats = json!(every_chat).to_string();
        let business = stored(cliente_id);
        let among = self.engine().pick(
            "(SELECT value FROM json_each($1))",
            "(SELECT value FROM json_array_elements_text(CAST($1 AS JSON)))",
        );
        let of_business = "($2 = 0 OR cliente_id = $2)";
        let busy = format!(
            "SELECT COUNT(*) FROM messages
             WHERE chat IN {among} AND {of_business} AND state = 'sending'"
        );
        let busy: i64 = sqlx::query_scalar(AssertSqlSafe(busy))
            .bind(&chats)
            .bind(business)
            .fetch_one(&mut *tx)
            .await?;
        if busy > 0 {
            return Ok(DeleteOutcome::Busy);
        }
        let words = self.engine().pick("rowid", "message_id");
        let delivered = |field| delivered_field(self.engine(), field);
        let (told_chat, told_business) = (delivered("chat"), delivered("cliente_id"));
        let recipients = self
            .forget_recipients_in(&mut tx, among, &chats, business)
            .await?;
        self.delete_media_of_in(&mut tx, among, &chats, business)
            .await?;
        // The final digits of a number are the same in each spelling of its line.
        let ends = every_chat.iter().filter_map(|chat| phone_of(chat));
        let ends: BTreeSet<_> = ends
            .map(|it| &it[it.len().saturating_sub(COMPARED_DIGITS)..])
            .collect();
        for end in ends {
            blank_refused_lines_in(&mut tx, end, business).await?;
        }
        let mut counts = [0; 4];
        for (count, statement) in counts.iter_mut().zip([
            format!(
                "DELETE FROM message_words WHERE {words} IN (
                     SELECT id FROM messages WHERE chat IN {among} AND {of_business})"
            ),
            format!("DELETE FROM messages WHERE chat IN {among} AND {of_business}"),
            format!("DELETE FROM contact_cards WHERE chat IN {among} AND {of_business}"),
            format!("DELETE FROM conversations WHERE chat IN {among} AND {of_business}"),
        ]) {
            let deleted = sqlx::query(AssertSqlSafe(statement))
                .bind(&chats)
                .bind(business)
                .execute(&mut *tx)
                .await?;
            *count = deleted.rows_affected();
        }
        for chat in &every_chat {
            self.forget_inbox_in(&mut tx, chat).await?;
        }
        sqlx::query(AssertSqlSafe(format!(
            "DELETE FROM webhook_deliveries
             WHERE topic NOT IN ('state', 'campaign') AND {told_chat} IN {among}
                 AND ($2 = 0 OR CAST({told_business} AS BIGINT) = $2)"
        )))
        .bind(&chats)
        .bind(business)
        .execute(&mut *tx)
        .await?;
        let [_, messages, cards, known] = counts;
        if messages + recipients + cards + known == 0 {
            return Ok(DeleteOutcome::Nobody);
        }
        let opt_out = sqlx::query("SELECT id FROM opt_outs WHERE chat = $1")
            .bind(&chat)
            .fetch_optional(&mut *tx)
            .await?;
        let is_opted_out = opt_out.is_some();
        if cliente_id.is_some() {
            let person = holder.map(|it| it.id);
            forget_kept_cards_in(&mut tx, person, among, &chats, business).await?;
        } else {
            forget_person_in(&mut tx, among, &chats, holder.map(|it| it.id), is_opted_out).await?;
        }
        let mut addresses = Vec::new();
        if cliente_id.is_none() || !is_known_in(&mut tx, among, &chats).await? {
            let until = Timestamp::now().after(IMMEDIATE_DELETION_TIMEOUT);
            self.delete_chats_in(&mut tx, &every_chat, until).await?;
            addresses.extend(every_chat);
        }
        tx.commit().await?;
        self.deletions_queued().notify_one();
        Ok(DeleteOutcome::Done {
            messages,
            recipients,
            is_opted_out,
            addresses,
        })
    }

    async fn forget_recipients_in(
        &self,
        tx: &mut Tx,
        among: &str,
        chats: &str,
        of: i64,
    ) -> Result<u64, StoreError> {
        let statement = format!(
            "DELETE FROM recipients WHERE chat IN {among} AND ($2 = 0 OR campaign_id IN (
                 SELECT id FROM campaigns WHERE cliente_id = $2)) RETURNING campaign_id, state"
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(chats)
            .bind(of)
            .fetch_all(&mut **tx)
            .await?;
        let mut deltas_by_campaign: BTreeMap<i64, Deltas> = BTreeMap::new();
        for row in &rows {
            let state: String = row.try_get("state")?;
            let deltas = deltas_by_campaign
                .entry(row.try_get("campaign_id")?)
                .or_default();
            deltas.add(RecipientState::read(&state)?, -1);
        }
        for (campaign, deltas) in deltas_by_campaign {
            deltas.apply(tx, campaign).await?;
        }
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }
}

/// Returns whether data of these chats is stored for another business.
async fn is_known_in(tx: &mut Tx, among: &str, chats: &str) -> Result<bool, StoreError> {
    for table in ["messages", "contact_cards", "recipients"] {
        let statement = format!("SELECT id FROM {table} WHERE chat IN {among} LIMIT 1");
        let one: Option<i64> = sqlx::query_scalar(AssertSqlSafe(statement))
            .bind(chats)
            .fetch_optional(&mut **tx)
            .await?;
        if one.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Deletes the names and merges of a contact. If the contact opted out, its
/// addresses are kept, since the opt-out applies to them.
async fn forget_person_in(
    tx: &mut Tx,
    among: &str,
    chats: &str,
    person: Option<i64>,
    is_opted_out: bool,
) -> Result<(), StoreError> {
    for statement in [
        format!("DELETE FROM contacts WHERE wa_id IN {among}"),
        format!("DELETE FROM early_changes WHERE chat IN {among}"),
        format!("DELETE FROM possible_opt_outs WHERE chat IN {among}"),
        format!(
            "DELETE FROM lookups WHERE address IN {among} OR address IN (
                 SELECT a.address FROM people p JOIN person_addresses a ON a.person_id = p.id
                 WHERE p.chat IN {among})"
        ),
        format!("DELETE FROM person_joinings WHERE from_chat IN {among} OR to_chat IN {among}"),
        format!("UPDATE opt_outs SET reason = NULL WHERE chat IN {among}"),
        format!(
            "DELETE FROM opt_out_answers WHERE chat IN {among}
                 AND NOT EXISTS (SELECT 1 FROM opt_outs o WHERE o.chat = opt_out_answers.chat)"
        ),
    ] {
        sqlx::query(AssertSqlSafe(statement))
            .bind(chats)
            .execute(&mut **tx)
            .await?;
    }
    let Some(person) = person else { return Ok(()) };
    // This also deletes merges under a spelling that is not one of the addresses.
    sqlx::query("DELETE FROM person_joinings WHERE person_id = $1")
        .bind(person)
        .execute(&mut **tx)
        .await?;
    if !is_opted_out {
        sqlx::query("DELETE FROM people WHERE id = $1")
            .bind(person)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Returns the contact to which an address belonged before a merge by hand: its
/// chat, and those of its addresses that are still with `holder`. Returns
/// `None` if the address came alone.
async fn addresses_merged_with_in(
    tx: &mut Tx,
    holder: &Holder,
    leaving: &str,
) -> Result<Option<(String, Vec<String>)>, StoreError> {
    let now_here = addresses_in(tx, holder.id).await?;
    let main = address_of(&holder.chat);
    let rows = sqlx::query(
        "SELECT from_chat, addresses FROM person_joinings
         WHERE person_id = $1 AND undone_at IS NULL AND addresses IS NOT NULL ORDER BY id DESC",
    )
    .bind(holder.id)
    .fetch_all(&mut **tx)
    .await?;
    let mut smallest: Option<(String, Vec<String>)> = None;
    for row in &rows {
        let json: String = row.try_get("addresses")?;
        let mut addresses: Vec<String> = serde_json::from_str(&json).unwrap_or_default();
        addresses.retain(|address| now_here.contains(address));
        let holds = |address: &str| addresses.iter().any(|it| it == address);
        let is_smaller = smallest
            .as_ref()
            .is_none_or(|(_, it)| addresses.len() < it.len());
        if holds(leaving) && !holds(&main) && is_smaller {
            smallest = Some((row.try_get("from_chat")?, addresses));
        }
    }
    Ok(smallest.filter(|(_, addresses)| addresses.len() > 1))
}

/// Blanks the refused lines that contain a number with this ending, in any
/// notation, in the lists of one business or of all.
async fn blank_refused_lines_in(tx: &mut Tx, end: &str, of: i64) -> Result<(), StoreError> {
    let pattern: String = end.chars().flat_map(|digit| ['%', digit]).collect();
    let rows = sqlx::query(
        "SELECT r.id, r.cell FROM import_refusals r
             JOIN campaign_imports i ON i.id = r.import_id
             JOIN campaigns c ON c.id = i.campaign_id
         WHERE r.cell LIKE $1 AND ($2 = 0 OR c.cliente_id = $2)",
    )
    .bind(format!("{pattern}%"))
    .bind(of)
    .fetch_all(&mut **tx)
    .await?;
    for row in &rows {
        let cell: &str = row.try_get("cell")?;
        let digits: String = cell.chars().filter(char::is_ascii_digit).collect();
        if digits.contains(end) {
            let blank =
                "UPDATE import_refusals SET cell = '', reason = '', cells = NULL WHERE id = $1";
            sqlx::query(blank)
                .bind(row.try_get::<i64, _>("id")?)
                .execute(&mut **tx)
                .await?;
        }
    }
    Ok(())
}

/// Returns the address to or from which a message was sent, if it can be derived.
fn own_address(wa_id: Option<&str>, request: Option<&str>) -> Option<String> {
    let recipient = request.and_then(|json| serde_json::from_str::<Value>(json).ok());
    let recipient = recipient.and_then(|recipient| Some(recipient.get("to")?.as_str()?.to_owned()));
    let chat_of_id = || wa_id?.split('_').nth(1).map(str::to_owned);
    let id = Recipient::parse(&recipient.or_else(chat_of_id)?).ok()?;
    Some(address_of(id.as_str()).into_owned())
}

/// Moves the campaign recipients of these addresses to the chat `to`, unless
/// the campaign already has a recipient there.
async fn split_recipients_in(
    tx: &mut Tx,
    chat: &str,
    addresses: &[String],
    to: &str,
) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "SELECT id, address FROM recipients WHERE chat = $1 AND address IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM recipients o WHERE o.chat = $2
                 AND o.campaign_id = recipients.campaign_id)",
    )
    .bind(chat)
    .bind(to)
    .fetch_all(&mut **tx)
    .await?;
    for row in &rows {
        let own_address: String = row.try_get("address")?;
        if addresses.contains(&address_of(&own_address).into_owned()) {
            sqlx::query(
                "UPDATE recipients SET chat = $1, address = NULLIF(address, $1) WHERE id = $2",
            )
            .bind(to)
            .bind(row.try_get::<i64, _>("id")?)
            .execute(&mut **tx)
            .await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::own_address;

    #[test]
    fn own_address_is_derived_from_id_or_request() {
        let request = r#"{"to":"541158254201","message":"hola"}"#;
        for (wa_id, request, own) in [
            (
                Some("false_247033104567642@lid_3A"),
                None,
                Some("247033104567642@lid"),
            ),
            (
                Some("true_541158254201@c.us_3EB0"),
                None,
                Some("5491158254201@c.us"),
            ),
            (
                Some("true_247033104567642@lid_3EB0"),
                Some(request),
                Some("5491158254201@c.us"),
            ),
            (None, Some(request), Some("5491158254201@c.us")),
            (Some("dry-run-7"), None, None),
            (None, None, None),
        ] {
            assert_eq!(
                own_address(wa_id, request).as_deref(),
                own,
                "{wa_id:?} {request:?}"
            );
        }
    }
}
