//! Stores webhook subscriptions.

use session_api::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::error::StoreError;
use super::rows::timestamp;
use super::webhook_events::Topic;
use super::webhook_secret::WebhookSecret;
use super::{Store, now};

/// Maximum number of subscriptions; each has slots in the dispatcher.
pub const MAX_WEBHOOKS: i64 = 32;

/// A webhook subscription.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The row's id.
    pub id: i64,
    /// Target URL.
    pub url: String,
    /// The business's description.
    pub description: String,
    /// Subscribed event types.
    pub topics: Vec<Topic>,
    /// The business whose events are sent; `None` for the events of all businesses.
    pub cliente_id: Option<u64>,
    /// Whether deliveries are enabled.
    pub enabled: bool,
    /// Why the hub disabled the webhook, if it did.
    pub disabled_cause: Option<String>,
    /// The signing secrets: the current one and, while it is valid, the previous one.
    pub secrets: Vec<WebhookSecret>,
    /// Until when the previous secret is valid.
    pub previous_until: Option<Timestamp>,
    /// When the subscription was created.
    pub created_at: Timestamp,
    /// When the subscription was last changed.
    pub updated_at: Timestamp,
}

/// The requested contents of a subscription.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// Target URL.
    pub url: String,
    /// The business's description.
    pub description: String,
    /// Subscribed event types.
    pub topics: Vec<Topic>,
    /// The business whose events are sent; `None` for the events of all businesses.
    pub cliente_id: Option<u64>,
    /// Whether deliveries are enabled.
    pub enabled: bool,
}

impl NewWebhook {
    fn topics(&self) -> String {
        let names: Vec<_> = self.topics.iter().map(|topic| topic.as_str()).collect();
        format!(",{},", names.join(","))
    }

    fn cliente_id(&self) -> Option<i64> {
        self.cliente_id.and_then(|id| id.try_into().ok())
    }
}

impl Webhook {
    pub(super) fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let topics: String = row.try_get("topics")?;
        let cliente_id: Option<i64> = row.try_get("cliente_id")?;
        let previous: Option<String> = row.try_get("previous_secret")?;
        let until: Option<i64> = row.try_get("previous_until")?;
        let until = until.filter(|until| previous.is_some() && *until > now());
        let secrets = [
            Some(row.try_get("secret")?),
            previous.filter(|_| until.is_some()),
        ];
        Ok(Self {
            id: row.try_get("id")?,
            url: row.try_get("url")?,
            description: row.try_get("description")?,
            topics: topics.split(',').filter_map(Topic::from_name).collect(),
            cliente_id: cliente_id.and_then(|id| id.try_into().ok()),
            enabled: row.try_get::<i64, _>("enabled")? != 0,
            disabled_cause: row.try_get("disabled_cause")?,
            secrets: secrets
                .into_iter()
                .flatten()
                .map(WebhookSecret::stored)
                .collect(),
            previous_until: until.map(timestamp),
            created_at: timestamp(row.try_get("created_at")?),
            updated_at: timestamp(row.try_get("updated_at")?),
        })
    }
}

impl Store {
    /// Creates a subscription. Returns `None` if there are already
    /// [`MAX_WEBHOOKS`].
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn add_webhook(
        &self,
        new: &NewWebhook,
        secret: &WebhookSecret,
    ) -> Result<Option<Webhook>, StoreError> {
        let mut tx = self.begin().await?;
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM webhooks")
            .fetch_one(&mut *tx)
            .await?;
        if count >= MAX_WEBHOOKS {
            return Ok(None);
        }
        let row = sqlx::query(
            "INSERT INTO webhooks (url, description, topics, cliente_id, enabled, secret,
                 created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7) RETURNING *",
        )
        .bind(&new.url)
        .bind(&new.description)
        .bind(new.topics())
        .bind(new.cliente_id())
        .bind(i64::from(new.enabled))
        .bind(secret.expose())
        .bind(now())
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Some(Webhook::read(&row)?))
    }

    /// Updates a subscription, keeping its pending deliveries. Returns `None`
    /// if there is none with this id.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn change_webhook(
        &self,
        id: i64,
        new: &NewWebhook,
    ) -> Result<Option<Webhook>, StoreError> {
        let row = sqlx::query(
            "UPDATE webhooks SET url = $1, description = $2, topics = $3, cliente_id = $4,
                 disabled_cause = CASE enabled WHEN $5 THEN disabled_cause ELSE NULL END,
                 enabled = $5, updated_at = $6
             WHERE id = $7 RETURNING *",
        )
        .bind(&new.url)
        .bind(&new.description)
        .bind(new.topics())
        .bind(new.cliente_id())
        .bind(i64::from(new.enabled))
        .bind(now())
        .bind(id)
        .fetch_optional(self.writer())
        .await?;
        self.delivery_enqueued().notify_one();
        row.as_ref().map(Webhook::read).transpose()
    }

    /// Sets a new secret; the previous one stays valid until `until`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn rotate_webhook(
        &self,
        id: i64,
        secret: &WebhookSecret,
        until: Timestamp,
    ) -> Result<Option<Webhook>, StoreError> {
        let row = sqlx::query(
            "UPDATE webhooks SET previous_secret = secret, previous_until = $1, secret = $2,
                 updated_at = $3
             WHERE id = $4 RETURNING *",
        )
        .bind(until.as_millis())
        .bind(secret.expose())
        .bind(now())
        .bind(id)
        .fetch_optional(self.writer())
        .await?;
        row.as_ref().map(Webhook::read).transpose()
    }

    /// Removes a subscription and its deliveries. Returns whether it existed.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn remove_webhook(&self, id: i64) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM webhooks WHERE id = $1")
            .bind(id)
            .execute(self.writer())
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Returns the subscription with this id.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn webhook(&self, id: i64) -> Result<Option<Webhook>, StoreError> {
        let row = sqlx::query("SELECT * FROM webhooks WHERE id = $1")
            .bind(id)
            .fetch_optional(self.reader())
            .await?;
        row.as_ref().map(Webhook::read).transpose()
    }

    /// Lists all subscriptions, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, StoreError> {
        let rows = sqlx::query("SELECT * FROM webhooks ORDER BY id")
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(Webhook::read).collect()
    }
}
