//! Stores API tokens.

use session_api::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{User, as_known, as_stored};
use crate::store::error::StoreError;
use crate::store::rows::timestamp;
use crate::store::{Store, now};

/// Maximum number of valid tokens per business.
pub const MAX_TOKENS: i64 = 100;

/// A token to create.
#[derive(Clone, Copy)]
pub struct NewToken<'a> {
    /// The name that the creator chose.
    pub name: &'a str,
    /// SHA-256 of the token.
    pub hash: &'a str,
    /// The scopes, separated by spaces.
    pub scopes: &'a str,
    /// The only business whose data the token can access; `None` means all businesses.
    pub cliente_id: Option<u64>,
    /// The id of the user who creates the token.
    pub user_id: Option<i64>,
    /// When the token expires; `None` means never.
    pub expires_at: Option<Timestamp>,
    /// Whether the hub currently has no password.
    pub unguarded: bool,
}

/// A stored token.
#[derive(Clone, Debug)]
pub struct ApiToken {
    /// The row's id.
    pub id: i64,
    /// The name that the creator chose.
    pub name: String,
    /// The scopes, separated by spaces.
    pub scopes: String,
    /// The only business whose data the token can access; `None` means all businesses.
    pub cliente_id: Option<u64>,
    /// The id of the user who created the token.
    pub user_id: Option<i64>,
    /// When the token was created.
    pub created_at: Timestamp,
    /// When the token expires; `None` means never.
    pub expires_at: Option<Timestamp>,
    /// When the token was last used, accurate to minutes.
    pub used_at: Option<Timestamp>,
    /// Whether the token was created while the hub had no password.
    pub unguarded: bool,
}

/// A token with the user who created it.
pub type TokenRow = (ApiToken, Option<User>);

impl ApiToken {
    fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let moment =
            |name| Ok::<_, StoreError>(row.try_get::<Option<i64>, _>(name)?.map(timestamp));
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            scopes: row.try_get("scopes")?,
            cliente_id: as_known(row.try_get("cliente_id")?),
            user_id: row.try_get("user_id")?,
            created_at: timestamp(row.try_get("created_at")?),
            expires_at: moment("expires_at")?,
            used_at: moment("used_at")?,
            unguarded: row.try_get::<i64, _>("unguarded")? != 0,
        })
    }
}

impl Store {
    /// Creates a token. Returns `None` if its business already has
    /// [`MAX_TOKENS`] valid tokens.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn add_token(&self, token: NewToken<'_>) -> Result<Option<ApiToken>, StoreError> {
        let mut tx = self.begin().await?;
        if token.cliente_id.is_some() {
            let count: i64 = sqlx::query_scalar(
                "SELECT COUNT(*) FROM api_tokens
                 WHERE cliente_id = $1 AND (expires_at IS NULL OR expires_at > $2)",
            )
            .bind(as_stored(token.cliente_id))
            .bind(now())
            .fetch_one(&mut *tx)
            .await?;
            if count >= MAX_TOKENS {
                return Ok(None);
            }
        }
        let row = sqlx::query(
            "INSERT INTO api_tokens (name, hash, scopes, cliente_id, user_id, created_at,
                 expires_at, unguarded)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING *",
        )
        .bind(token.name)
        .bind(token.hash)
        .bind(token.scopes)
        .bind(as_stored(token.cliente_id))
        .bind(token.user_id)
        .bind(now())
        .bind(token.expires_at.map(Timestamp::as_millis))
        .bind(i64::from(token.unguarded))
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Some(ApiToken::read(&row)?))
    }

    /// Returns the valid token with this hash, and its creator. A token of a
    /// disabled user is not valid.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn token_of_hash(&self, hash: &str) -> Result<Option<TokenRow>, StoreError> {
        let sql =
            "SELECT * FROM api_tokens WHERE hash = $1 AND (expires_at IS NULL OR expires_at > $2)";
        let query = sqlx::query(sql).bind(hash.to_owned());
        self.token_row(query).await
    }

    /// Returns the token like [`Store::token_of_hash`], by its id.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn token_with_id(&self, id: i64) -> Result<Option<TokenRow>, StoreError> {
        let sql =
            "SELECT * FROM api_tokens WHERE id = $1 AND (expires_at IS NULL OR expires_at > $2)";
        self.token_row(sqlx::query(sql).bind(id)).await
    }

    async fn token_row(
        &self,
        query: sqlx::query::Query<'_, sqlx::Any, sqlx::any::AnyArguments>,
    ) -> Result<Option<TokenRow>, StoreError> {
        let row = query.bind(now()).fetch_optional(self.reader()).await?;
        let Some(token) = row.as_ref().map(ApiToken::read).transpose()? else {
            return Ok(None);
        };
        let Some(user_id) = token.user_id else {
            return Ok(Some((token, None)));
        };
        let user = self.user(user_id).await?.filter(|user| !user.disabled);
        Ok(user.map(|user| (token, Some(user))))
    }

    /// Counts the valid tokens and the enabled users that were created while
    /// the hub had no password.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn unguarded(&self) -> Result<(i64, i64), StoreError> {
        let tokens = sqlx::query_scalar(
            "SELECT COUNT(*) FROM api_tokens
             WHERE unguarded = 1 AND (expires_at IS NULL OR expires_at > $1)",
        )
        .bind(now())
        .fetch_one(self.reader())
        .await?;
        let users =
            sqlx::query_scalar("SELECT COUNT(*) FROM users WHERE unguarded = 1 AND disabled = 0")
                .fetch_one(self.reader())
                .await?;
        Ok((tokens, users))
    }

    /// Lists the newest tokens with an id below `before`, of one business or of
    /// all.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn tokens(
        &self,
        cliente_id: Option<u64>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<ApiToken>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM api_tokens
             WHERE id < $1 AND ($2 = 0 OR cliente_id = $2) ORDER BY id DESC LIMIT $3",
        )
        .bind(before.unwrap_or(i64::MAX))
        .bind(as_stored(cliente_id).unwrap_or(0))
        .bind(i64::from(limit))
        .fetch_all(self.reader())
        .await?;
        rows.iter().map(ApiToken::read).collect()
    }

    /// Revokes a token of one business or, if `cliente_id` is `None`, of any.
    /// Returns `None` if there is no such token.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn revoke_token(
        &self,
        id: i64,
        cliente_id: Option<u64>,
    ) -> Result<Option<ApiToken>, StoreError> {
        let row = sqlx::query(
            "DELETE FROM api_tokens WHERE id = $1 AND ($2 = 0 OR cliente_id = $2) RETURNING *",
        )
        .bind(id)
        .bind(as_stored(cliente_id).unwrap_or(0))
        .fetch_optional(self.writer())
        .await?;
        self.access_changed();
        row.as_ref().map(ApiToken::read).transpose()
    }

    /// Stores that a token is in use, unless a use after `unless_after` is
    /// already stored.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn token_used(&self, id: i64, unless_after: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE api_tokens SET used_at = $1
             WHERE id = $2 AND (used_at IS NULL OR used_at < $3)",
        )
        .bind(now())
        .bind(id)
        .bind(unless_after.as_millis())
        .execute(self.writer())
        .await?;
        Ok(())
    }
}
