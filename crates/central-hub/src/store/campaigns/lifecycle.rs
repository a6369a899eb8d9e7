//! Implements a person's actions on a campaign: approve, pause, resume, copy, retry.

use super::recipients::{Deltas, Move, move_in};
use super::refused::Refused;
use super::states::{CampaignState, RecipientState};
use sqlx::Row;

use super::rows::time;
use super::{Campaign, NewCampaign};
use crate::store::rows::now;
use crate::store::webhook_events::{CampaignData, campaign};
use crate::store::{Change, MessageState, Store, StoreError, Topic, Tx};

impl Store {
    /// Approves a campaign and, if `with_schedules`, its pending schedules. The
    /// campaign or its dry run then starts.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn approve_campaign(
        &self,
        id: i64,
        dry_run: bool,
        with_schedules: bool,
    ) -> Result<Campaign, Refused> {
        let (mut tx, campaign) = self.begin_with_campaign(id).await?;
        match campaign.state {
            CampaignState::Draft => {}
            // A repeated approval has no effect on the campaign.
            CampaignState::Running if with_schedules => {
                super::schedules::approve_pending_in(&mut tx, id, now()).await?;
                super::schedules::make_due(&mut tx, id).await?;
                changed_in(&mut tx, id).await?;
                return self.committed(tx, id).await;
            }
            CampaignState::Running => return Ok(campaign),
            state @ CampaignState::Paused => {
                let cure = "it is already approved; resume it";
                return Err(Refused::State { state, cure });
            }
            state @ CampaignState::Finished => {
                let cure = "copy it to run it again";
                return Err(Refused::State { state, cure });
            }
        }
        if campaign.total() == 0 {
            return Err(Refused::Nobody);
        }
        if campaign.text.is_empty() {
            return Err(Refused::NoText);
        }
        self.refuse_unfinished_import(&mut tx, id).await?;
        let at = now();
        sqlx::query(
            "UPDATE campaigns SET state = 'running', dry_run = $1, clock = $2, approved_at = $2,
                 next_at = 0, wait_code = NULL, wait_until = NULL, updated_at = $2 WHERE id = $3",
        )
        .bind(i64::from(dry_run))
        .bind(at)
        .bind(id)
        .execute(&mut *tx)
        .await?;
        if with_schedules {
            super::schedules::approve_pending_in(&mut tx, id, at).await?;
        }
        changed_in(&mut tx, id).await?;
        self.committed(tx, id).await
    }

    /// Pauses a campaign and withdraws the messages that have not been sent.
    /// `by` is the user who requested it.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn pause_campaign(
        &self,
        id: i64,
        code: &str,
        detail: Option<&str>,
        by: Option<&str>,
    ) -> Result<Campaign, Refused> {
        let (mut tx, campaign) = self.begin_with_campaign(id).await?;
        match campaign.state {
            CampaignState::Running => {}
            CampaignState::Paused => return Ok(campaign),
            state => {
                let cure = "only a running one can be paused";
                return Err(Refused::State { state, cure });
            }
        }
        pause_by_in(&mut tx, id, code, detail, by).await?;
        withdraw(self, &mut tx, id, "CAMPAIGN_PAUSED").await?;
        self.committed(tx, id).await
    }

    /// Resumes a paused campaign.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn resume_campaign(&self, id: i64) -> Result<Campaign, Refused> {
        let (mut tx, campaign) = self.begin_with_campaign(id).await?;
        match campaign.state {
            CampaignState::Paused => {}
            CampaignState::Running => return Ok(campaign),
            state => {
                let cure = "only a paused one can be resumed";
                return Err(Refused::State { state, cure });
            }
        }
        self.refuse_unfinished_import(&mut tx, id).await?;
        sqlx::query(
            "UPDATE campaigns SET state = 'running', pause_code = NULL, pause_detail = NULL,
                 paused_by = NULL, paused_at = NULL, wait_code = NULL, wait_until = NULL,
                 health = '', next_at = 0, updated_at = $1
             WHERE id = $2",
        )
        .bind(now())
        .bind(id)
        .execute(&mut *tx)
        .await?;
        changed_in(&mut tx, id).await?;
        self.committed(tx, id).await
    }

    /// Resumes a paused campaign.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn copy_campaign(&self, id: i64, name: &str) -> Result<Campaign, Refused> {
        let source = self.campaign(id).await?.ok_or(Refused::NotFound)?;
        let copy = self
            .create_campaign(&NewCampaign {
                cliente_id: source.cliente_id,
                name: name.to_owned(),
                text: source.text,
                columns: source.columns,
                pause: source.pause,
            })
            .await?;
        let mut tx = self.begin().await?;
        let at = now();
        let copied = sqlx::query(
            "INSERT INTO recipients (campaign_id, line, chat, fields, state, created_at, updated_at)
             SELECT $1, line, chat, fields, 'pending', $2, $2 FROM recipients WHERE campaign_id = $3 ORDER BY id",
        )
        .bind(copy.id)
        .bind(at)
        .bind(id)
        .execute(&mut *tx)
        .await?;
        // The copied schedules need approval again, because the copy is sent for real.
        sqlx::query(
            "INSERT INTO schedules (campaign_id, cliente_id, days, from_minute, until_minute, quota,
                 first_day, last_day, pause_min, pause_max, comment, state, created_at, updated_at)
             SELECT $1, cliente_id, days, from_minute, until_minute, quota, first_day, last_day,
                 pause_min, pause_max, comment, 'pending', $2, $2
             FROM schedules WHERE campaign_id = $3 ORDER BY id",
        )
        .bind(copy.id)
        .bind(at)
        .bind(id)
        .execute(&mut *tx)
        .await?;
        let countries = self.campaign_countries_in(&mut tx, id).await?;
        sqlx::query(
            "UPDATE campaigns SET pending = $1, scheduled = $2, copied_countries = $3 WHERE id = $4",
        )
        .bind(i64::try_from(copied.rows_affected()).unwrap_or(i64::MAX))
        .bind(i64::from(source.scheduled))
        .bind(countries.stored())
        .bind(copy.id)
        .execute(&mut *tx)
        .await?;
        self.committed(tx, copy.id).await
    }

    /// Makes failed recipients pending again on a person's request.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn retry_recipients(
        &self,
        campaign: i64,
        only: Option<i64>,
        reason: &str,
    ) -> Result<i64, Refused> {
        let (mut tx, _) = self.begin_with_campaign(campaign).await?;
        let failed = super::recipients::failed_in(&mut tx, campaign, only).await?;
        let mut deltas = Deltas::default();
        let mut count = 0;
        for recipient in &failed {
            let step = Move {
                detail: Some(reason),
                ..Move::to(RecipientState::Pending, "RETRY")
            };
            if move_in(&mut tx, recipient, step, &mut deltas).await? {
                count += 1;
            }
        }
        deltas.apply(&mut tx, campaign).await?;
        if count > 0 {
            reopen_in(&mut tx, campaign, Some(reason)).await?;
        }
        tx.commit().await?;
        Ok(count)
    }

    async fn committed(&self, tx: Tx, id: i64) -> Result<Campaign, Refused> {
        tx.commit().await?;
        self.campaign(id).await?.ok_or(Refused::NotFound)
    }
}

/// Lets a campaign continue that has pending recipients again. A finished
/// campaign does not resume by itself; a person decides when it does.
pub(in crate::store) async fn reopen_in(
    tx: &mut Tx,
    id: i64,
    detail: Option<&str>,
) -> Result<(), StoreError> {
    let reopened = sqlx::query(
        "UPDATE campaigns SET state = 'paused', pause_code = 'RETRY', pause_detail = $1,
             paused_by = NULL, paused_at = $2, finished_at = NULL
         WHERE id = $3 AND state = 'finished'",
    )
    .bind(detail)
    .bind(now())
    .bind(id)
    .execute(&mut **tx)
    .await?;
    if reopened.rows_affected() > 0 {
        changed_in(tx, id).await?;
    }
    sqlx::query("UPDATE campaigns SET next_at = 0 WHERE id = $1")
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Enqueues webhook deliveries with a campaign's current state.
pub(crate) async fn changed_in(tx: &mut Tx, id: i64) -> Result<(), StoreError> {
    let row = sqlx::query(
        "SELECT cliente_id, name, state, dry_run, pause_code, pause_detail, updated_at
         FROM campaigns WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(()) };
    let state = CampaignState::read(row.try_get("state")?)?;
    let dry_run: Option<i64> = row.try_get("dry_run")?;
    let cliente_id: Option<i64> = row.try_get("cliente_id")?;
    let cliente_id = cliente_id.and_then(|id| u64::try_from(id).ok());
    let data = campaign(CampaignData {
        id,
        nombre: row.try_get("name")?,
        cliente_id,
        estado: state.estado(),
        motivo: row.try_get("pause_code")?,
        detalle: row.try_get("pause_detail")?,
        dry_run: dry_run.map(|it| it != 0),
        fecha: time(&row, "updated_at")?,
    });
    crate::store::enqueue_delivery_in(tx, Topic::Campaign, cliente_id, &data).await?;
    Ok(())
}

/// Pauses a campaign because of a problem that the hub noticed, within a transaction.
pub(crate) async fn pause_in(
    tx: &mut Tx,
    id: i64,
    code: &str,
    detail: Option<&str>,
) -> Result<(), StoreError> {
    pause_by_in(tx, id, code, detail, None).await
}

async fn pause_by_in(
    tx: &mut Tx,
    id: i64,
    code: &str,
    detail: Option<&str>,
    by: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE campaigns SET state = 'paused', pause_code = $1, pause_detail = $2,
             paused_by = $3, paused_at = $4, wait_code = NULL, wait_until = NULL,
             updated_at = $4 WHERE id = $5",
    )
    .bind(code)
    .bind(detail)
    .bind(by)
    .bind(now())
    .bind(id)
    .execute(&mut **tx)
    .await?;
    changed_in(tx, id).await
}

/// Withdraws the messages of a campaign that the outbox has not started to
/// send. Their recipients become pending again.
///
/// # Errors
/// [`StoreError::Query`].
pub async fn withdraw(
    store: &Store,
    tx: &mut Tx,
    campaign: i64,
    cause: &str,
) -> Result<i64, StoreError> {
    let waiting = super::recipients::waiting_in(tx, campaign).await?;
    let mut deltas = Deltas::default();
    let mut count = 0;
    for recipient in &waiting {
        let Some(message) = recipient.message_id else {
            continue;
        };
        let change = Change::to(MessageState::Cancelled, cause);
        // The outbox may have claimed the message first.
        if store.change_in(tx, message, change).await?.is_none() {
            continue;
        }
        if move_in(
            tx,
            recipient,
            Move::to(RecipientState::Pending, cause),
            &mut deltas,
        )
        .await?
        {
            super::days::remove_from_count(tx, recipient.id).await?;
            count += 1;
        }
    }
    deltas.apply(tx, campaign).await?;
    Ok(count)
}
