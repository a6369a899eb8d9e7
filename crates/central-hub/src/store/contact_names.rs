//! Looks up the display names of contacts: from the business's card, the
//! phone's contacts, a recipient list, or the contact's own choice.

use std::collections::{BTreeSet, HashMap};

use sqlx::{AssertSqlSafe, Row};

use super::Store;
use super::error::StoreError;

/// The columns that may contain a name, the likeliest first.
const NAMES: [&str; 4] = ["nombre", "nombre completo", "nombre y apellido", "name"];
const SURNAME: &str = "apellido";

impl Store {
    /// Returns the names of the contacts in these chats, as one business knows
    /// them or as a user who sees all businesses does.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn names_of(
        &self,
        cliente_id: Option<u64>,
        chats: impl IntoIterator<Item = &str>,
    ) -> Result<HashMap<String, String>, StoreError> {
        let chats: BTreeSet<&str> = chats.into_iter().collect();
        let mut chats: Vec<&str> = chats.into_iter().collect();
        let mut names = HashMap::new();
        let mut own_names = Vec::new();
        for card in self.cards(&chats, cliente_id).await? {
            if let Some(name) = card.name {
                names.entry(card.chat).or_insert(name);
            }
        }
        for contact in self.contacts(&chats).await? {
            if let Some(name) = contact.name {
                names.entry(contact.wa_id).or_insert(name);
            } else if let Some(pushname) = contact.pushname {
                own_names.push((contact.wa_id, pushname));
            }
        }
        chats.retain(|chat| !names.contains_key(*chat));
        let in_lists = self.names_in_lists(cliente_id, &chats).await?;
        for (chat, name) in in_lists.into_iter().chain(own_names) {
            names.entry(chat).or_insert(name);
        }
        Ok(names)
    }

    /// Returns the names of these contacts from the newest list that contains
    /// each of them, of one business or of all.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    async fn names_in_lists(
        &self,
        cliente_id: Option<u64>,
        chats: &[&str],
    ) -> Result<HashMap<String, String>, StoreError> {
        if chats.is_empty() {
            return Ok(HashMap::new());
        }
        let places: Vec<_> = (1..=chats.len()).map(|n| format!("${n}")).collect();
        let condition = match cliente_id {
            None => String::new(),
            Some(_) => format!(" AND c.cliente_id = ${}", chats.len() + 1),
        };
        let statement = format!(
            "SELECT chat, fields FROM recipients WHERE id IN (
                 SELECT MAX(r.id) FROM recipients r JOIN campaigns c ON c.id = r.campaign_id
                 WHERE r.chat IN ({}){condition} GROUP BY r.chat)",
            places.join(", ")
        );
        let mut query = sqlx::query(AssertSqlSafe(statement)).persistent(false);
        for chat in chats {
            query = query.bind(*chat);
        }
        if let Some(id) = cliente_id {
            query = query.bind(i64::try_from(id).unwrap_or(i64::MAX));
        }
        let rows = query.fetch_all(self.reader()).await?;
        let mut names = HashMap::new();
        for row in &rows {
            let fields: String = row.try_get("fields")?;
            if let Some(name) = name_among(&fields) {
                names.insert(row.try_get("chat")?, name);
            }
        }
        Ok(names)
    }
}

fn name_among(fields: &str) -> Option<String> {
    let fields: HashMap<String, String> = serde_json::from_str(fields).ok()?;
    let of = |wanted: &str| {
        let found = fields
            .iter()
            .find(|(column, _)| column.trim().to_lowercase() == wanted);
        found
            .map(|(_, cell)| cell.trim())
            .filter(|it| !it.is_empty())
    };
    let name = NAMES.into_iter().find_map(of);
    match (name, of(SURNAME)) {
        (Some(name), Some(surname)) if !name.ends_with(surname) => {
            Some(format!("{name} {surname}"))
        }
        (name, surname) => name.or(surname).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::name_among;

    #[test]
    fn a_name_is_found_by_its_column() {
        let name = |fields: &str| name_among(fields);
        assert_eq!(name(r#"{"Nombre":" Ana "}"#).as_deref(), Some("Ana"));
        let both = r#"{"nombre":"Ana","APELLIDO":"Gómez"}"#;
        assert_eq!(name(both).as_deref(), Some("Ana Gómez"));
        let twice = r#"{"nombre":"Ana Gómez","apellido":"Gómez"}"#;
        assert_eq!(name(twice).as_deref(), Some("Ana Gómez"));
        assert_eq!(name(r#"{"apellido":"Gómez"}"#).as_deref(), Some("Gómez"));
        for none in [r#"{"nombre":""}"#, r#"{"propiedad":"PH"}"#, "[]", ""] {
            assert_eq!(name(none), None, "{none}");
        }
    }
}
