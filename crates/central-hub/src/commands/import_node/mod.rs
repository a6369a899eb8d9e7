//! `central-hub import-node`: imports the Node services' MySQL or MariaDB
//! database into the hub's own.
//!
//! ```text
//!  ll_envios_whatsapp.message_id ─┐
//!  ll_whatsapp_messages.raw_json ─┴─ name a number and a chat ─> people
//!  ll_usuarios ───────────────────────────────────────> users (bcrypt, until they sign in)
//!  ll_campanias_whatsapp ─────────────────────────────> campaigns; under way: paused
//!  ll_envios_whatsapp (sent) ─┐
//!  ll_whatsapp_messages ──────┴─ in the order of time ─> messages
//!  ll_envios_whatsapp ── and its historial ───────────> recipients, with their steps
//!  ll_programaciones ── and today's envios_diarios ───> schedules, days
//! ```
//!
//! Each row is read, converted, and inserted together with a record of its
//! source row (`node_rows`). A second run therefore adds nothing, and an
//! interrupted one can be continued. The source is read in one read-only
//! transaction. A plan is the same run, rolled back at the end.

mod report;
mod row_converter;
mod source;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::tz::TimeZone;
use phone_number::Home;

pub use report::{ImportNodeReport, Skipped, Table};

use self::row_converter::{Fault, RowConverter};
use self::source::{Record, Source};
use crate::store::campaigns::{Deltas, NewSchedule, RecipientState};
use crate::store::{
    NewUser, NodeKind, NodeMessage, NodeRecipient, NodeStep, Store, StoreError, Tx,
};

/// Number of rows per transaction.
const BATCH: usize = 1000;

/// Maximum difference in milliseconds between two records of one message. The
/// Node services stored a campaign's message when it was sent or when a user
/// confirmed it, and stored it again when WhatsApp reported it.
const DUPLICATE_WINDOW_MS: i64 = 10 * 60 * 1000;

/// Errors of an import.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// An error of the hub's own database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address is not one of a MySQL or MariaDB database.
    #[error("the source must be mysql://user:password@host:port/database")]
    Address,
    /// The source cannot be read.
    #[error("the source cannot be read: {0}")]
    Source(#[source] sqlx::Error),
    /// MySQL's `caching_sha2_password` without TLS. The password would be
    /// encrypted with the server's RSA key, and the crate that does so has an
    /// open advisory.
    #[error(
        "the source takes this user's password over TLS alone (caching_sha2_password), and TLS is \
         off: leave ssl-mode out of the address and have the server offer TLS (MySQL does unless \
         it is told not to), or make a user for this that is IDENTIFIED WITH mysql_native_password"
    )]
    NeedsTls,
    /// The source has none of the expected tables.
    #[error("the source has none of the Node pair's tables: is {0} the right database?")]
    Foreign(String),
}

/// Imports the rows that the hub does not have yet; with `is_plan`, only
/// reports them.
///
/// # Errors
/// Any [`NodeError`]. Rows committed before the error stay, and the next run
/// continues from there.
pub async fn import(
    store: &Store,
    source: &str,
    zone: &TimeZone,
    home: &Home,
    is_plan: bool,
) -> Result<ImportNodeReport, NodeError> {
    let source = Source::open(source).await?;
    let mut import = Import {
        converter: RowConverter::new(zone.clone(), home.clone()),
        store,
        source,
        is_plan,
        report: ImportNodeReport::new(is_plan),
        campaigns: BTreeMap::new(),
        sent: HashMap::new(),
    };
    import.people().await?;
    let tx = store.begin().await?;
    let tx = import.users(tx).await?;
    let tx = import.campaigns(tx).await?;
    let tx = import.messages(tx).await?;
    let tx = import.recipients(tx).await?;
    let mut tx = import.schedules(tx).await?;
    if is_plan {
        tx.rollback().await.map_err(StoreError::from)?;
    } else {
        store.fill_inbox_in(&mut tx).await?;
        tx.commit().await.map_err(StoreError::from)?;
    }
    import.source.close().await;
    Ok(import.report)
}

/// An imported campaign.
struct Campaign {
    id: i64,
    cliente_id: Option<u64>,
    text: String,
    /// Whether its pending recipients have texts of their own.
    has_own_texts: bool,
}

struct Import<'a> {
    store: &'a Store,
    source: Source,
    converter: RowConverter,
    is_plan: bool,
    report: ImportNodeReport,
    /// Campaigns by their ids in the source.
    campaigns: BTreeMap<i64, Campaign>,
    /// Times at which campaigns sent a message, by [`message_hash`].
    sent: HashMap<u64, Vec<i64>>,
}

/// Returns a hash of a message's chat and text.
fn message_hash(message: &NodeMessage) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&message.chat, message.body.trim()).hash(&mut hasher);
    hasher.finish()
}

impl Import<'_> {
    /// Commits the rows written so far, so that a later failure does not lose them.
    async fn checkpoint(&self, tx: Tx) -> Result<Tx, StoreError> {
        if self.is_plan {
            return Ok(tx);
        }
        tx.commit().await?;
        self.store.begin().await
    }

    /// Returns the next rows of a table after the row `after`, which is
    /// advanced, and the hub's ids of those rows that were imported before;
    /// `None` at the end.
    async fn batch(
        &mut self,
        tx: &mut Tx,
        kind: NodeKind,
        table: &'static str,
        columns: &[&'static str],
        after: &mut i64,
    ) -> Result<Option<(Vec<Record>, HashMap<i64, i64>)>, NodeError> {
        let rows = self.source.after(table, columns, *after, BATCH).await?;
        let Some(last) = rows.last() else {
            return Ok(None);
        };
        *after = last.id;
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let imported = self.store.node_rows_in(tx, kind, &ids).await?;
        Ok(Some((rows, imported)))
    }

    /// Records the hub's ids of the added rows, and commits.
    async fn note(
        &self,
        mut tx: Tx,
        kind: NodeKind,
        added: &[(i64, i64)],
    ) -> Result<Tx, StoreError> {
        self.store.note_node_rows_in(&mut tx, kind, added).await?;
        self.checkpoint(tx).await
    }

    /// Learns from the messages which number and which WhatsApp chat belong to
    /// the same person. This happens before anything is stored, so that all of
    /// a person's messages are stored under one chat.
    async fn people(&mut self) -> Result<(), NodeError> {
        let mut seen = HashSet::new();
        for (table, columns) in [(SENT, &SENT_COLUMNS[..]), (RECORDED, &RECORDED_COLUMNS[..])] {
            let mut after = 0;
            loop {
                let rows = self.source.after(table, columns, after, BATCH).await?;
                let Some(last) = rows.last() else { break };
                after = last.id;
                for row in &rows {
                    let pair = match table {
                        SENT => self.converter.addresses_of_sent(row),
                        _ => self.converter.addresses_of_recorded(row),
                    };
                    let Some(pair) = pair.filter(|pair| !seen.contains(pair)) else {
                        continue;
                    };
                    let is_new = if self.is_plan {
                        self.store.may_learn(&pair.0, &pair.1).await?
                    } else {
                        self.store.learn_from_import(&pair.0, &pair.1).await?
                    };
                    self.report.people += u64::from(is_new);
                    seen.insert(pair);
                }
            }
        }
        Ok(())
    }

    async fn users(&mut self, mut tx: Tx) -> Result<Tx, NodeError> {
        const TABLE: &str = "ll_usuarios";
        let columns = [
            "id",
            "cliente_id",
            "usuario",
            "password_hash",
            "tipo",
            "activo",
        ];
        let mut after = 0;
        while let Some((rows, known)) = self
            .batch(&mut tx, NodeKind::User, TABLE, &columns, &mut after)
            .await?
        {
            let mut added = Vec::new();
            for row in rows {
                if known.contains_key(&row.id) {
                    self.report.known(TABLE);
                    continue;
                }
                match row_converter::user(&row) {
                    Ok(user) => {
                        let new = NewUser {
                            unguarded: false,
                            name: &user.name,
                            password: &user.password,
                            role: user.role,
                            cliente_id: user.cliente_id,
                        };
                        let Some(made) = self.store.add_user_in(&mut tx, new).await? else {
                            self.report.skip(TABLE, row.id, &Fault::NameTaken);
                            continue;
                        };
                        if !user.is_active {
                            self.store.disable_user_in(&mut tx, made.id).await?;
                        }
                        added.push((row.id, made.id));
                        self.report.added(TABLE);
                    }
                    Err(fault) => self.report.skip(TABLE, row.id, &fault),
                }
            }
            tx = self.note(tx, NodeKind::User, &added).await?;
        }
        Ok(tx)
    }

    async fn campaigns(&mut self, mut tx: Tx) -> Result<Tx, NodeError> {
        const TABLE: &str = "ll_campanias_whatsapp";
        let columns = [
            "id",
            "nombre",
            "mensaje",
            "fecha_creacion",
            "estado",
            "cliente_id",
        ];
        let own_texts = self.source.campaigns_with_own_texts().await?;
        let mut after = 0;
        while let Some((rows, known)) = self
            .batch(&mut tx, NodeKind::Campaign, TABLE, &columns, &mut after)
            .await?
        {
            let mut added = Vec::new();
            for row in rows {
                let has_own_texts = own_texts.contains(&row.id);
                let campaign = match self.converter.campaign(&row, has_own_texts) {
                    Ok(campaign) => campaign,
                    Err(fault) => {
                        self.report.skip(TABLE, row.id, &fault);
                        continue;
                    }
                };
                let id = match known.get(&row.id) {
                    Some(id) => {
                        self.report.known(TABLE);
                        *id
                    }
                    None => {
                        let created = self
                            .store
                            .create_campaign_in(&mut tx, &campaign.new)
                            .await?;
                        let (state, pause) = campaign.initial_state();
                        self.store
                            .place_node_campaign_in(&mut tx, created.id, state, pause, campaign.at)
                            .await?;
                        added.push((row.id, created.id));
                        self.report.added(TABLE);
                        created.id
                    }
                };
                let known = Campaign {
                    id,
                    cliente_id: campaign.new.cliente_id,
                    text: campaign.text,
                    has_own_texts,
                };
                self.campaigns.insert(row.id, known);
            }
            tx = self.note(tx, NodeKind::Campaign, &added).await?;
        }
        Ok(tx)
    }

    /// Imports outbound and inbound messages in the order of time, because the
    /// hub's history has the order of its rows.
    async fn messages(&mut self, mut tx: Tx) -> Result<Tx, NodeError> {
        let message_times = self.source.message_times().await?;
        let recorded = message_times.iter().filter(|it| !it.is_sent);
        let times = recorded.map(|it| (it.at.as_deref(), it.created_at.as_deref()));
        self.converter.recorded_in_utc = self.converter.detects_utc(times);
        self.report.recorded_in_utc = self.converter.recorded_in_utc;
        if message_times.iter().any(|it| it.is_out) {
            self.collect_campaign_messages().await?;
        }
        let mut message_times: Vec<_> = message_times
            .into_iter()
            .map(|it| {
                let at = it.at.as_deref();
                let at = if it.is_sent {
                    self.converter.time(at)
                } else {
                    self.converter.recorded_time(at)
                };
                (at, it.is_sent, it.id)
            })
            .collect();
        message_times.sort_unstable();
        for batch in message_times.chunks(BATCH) {
            let of = |is_sent| {
                let ids = batch.iter().filter(move |(_, sent, _)| *sent == is_sent);
                ids.map(|(.., id)| *id).collect::<Vec<_>>()
            };
            let sent = self.sent_messages(&mut tx, &of(true)).await?;
            let recorded = self.recorded_messages(&mut tx, &of(false)).await?;
            let mut rows: HashMap<(bool, i64), NodeMessage> = HashMap::new();
            rows.extend(sent.into_iter().map(|(id, row)| ((true, id), row)));
            rows.extend(recorded.into_iter().map(|(id, row)| ((false, id), row)));
            let order = batch.iter().map(|(_, is_sent, id)| (*is_sent, *id));
            let messages: Vec<_> = order.filter_map(|key| rows.remove(&key)).collect();
            let ids = self.store.add_node_messages_in(&mut tx, &messages).await?;
            let mut noted = [Vec::new(), Vec::new()];
            for (table, kind_sent) in [(SENT, true), (RECORDED, false)] {
                for message in &messages {
                    let Some(id) = row_converter::row_of(&message.key, kind_sent) else {
                        continue;
                    };
                    match ids.get(&message.key) {
                        Some(here) => noted[usize::from(kind_sent)].push((id, *here)),
                        // Another row has this WhatsApp id, so it is the same message.
                        None => self.report.skip(table, id, &Fault::Duplicate),
                    }
                }
            }
            for _ in &noted[0] {
                self.report.added(RECORDED);
            }
            let [recorded, sent] = noted;
            for (kind, rows) in [(NodeKind::Message, recorded), (NodeKind::Sent, sent)] {
                self.store.note_node_rows_in(&mut tx, kind, &rows).await?;
            }
            tx = self.checkpoint(tx).await?;
        }
        Ok(tx)
    }

    /// Collects the messages of campaigns. WhatsApp reports them like all
    /// outbound messages, so such a row of [`RECORDED`] duplicates a row of
    /// [`SENT`].
    async fn collect_campaign_messages(&mut self) -> Result<(), NodeError> {
        let mut after = 0;
        loop {
            let rows = self.source.after(SENT, &SENT_COLUMNS, after, BATCH).await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = last.id;
            for row in rows
                .iter()
                .filter(|row| row.text("estado") == Some("enviado"))
            {
                let campaign = row.number("campania_id");
                let campaign = campaign.and_then(|id| self.campaigns.get(&id));
                if let Some(campaign) = campaign
                    && let Ok(message) = self.converter.sent_message(row, campaign)
                {
                    let times = self.sent.entry(message_hash(&message)).or_default();
                    times.push(message.at);
                }
            }
        }
    }

    /// Returns whether the message duplicates a campaign's message. Each
    /// message of a campaign matches once.
    fn is_campaign_message(&mut self, message: &NodeMessage) -> bool {
        if message.direction != "out" {
            return false;
        }
        let Some(times) = self.sent.get_mut(&message_hash(message)) else {
            return false;
        };
        let is_near = |at: &i64| (message.at - at).abs() <= DUPLICATE_WINDOW_MS;
        let Some(place) = times.iter().position(is_near) else {
            return false;
        };
        times.swap_remove(place);
        true
    }

    async fn sent_messages(
        &mut self,
        tx: &mut Tx,
        ids: &[i64],
    ) -> Result<Vec<(i64, NodeMessage)>, NodeError> {
        let imported = self.store.node_rows_in(tx, NodeKind::Sent, ids).await?;
        let rows = self.source.by_ids(SENT, &SENT_COLUMNS, ids).await?;
        let mut messages = Vec::new();
        for row in rows
            .into_iter()
            .filter(|row| !imported.contains_key(&row.id))
        {
            let campaign = row.number("campania_id");
            let campaign = campaign.and_then(|id| self.campaigns.get(&id));
            // An invalid row is reported when the recipients are imported.
            if let Some(campaign) = campaign
                && let Ok(message) = self.converter.sent_message(&row, campaign)
            {
                messages.push((row.id, message));
            }
        }
        Ok(messages)
    }

    async fn recorded_messages(
        &mut self,
        tx: &mut Tx,
        ids: &[i64],
    ) -> Result<Vec<(i64, NodeMessage)>, NodeError> {
        let imported = self.store.node_rows_in(tx, NodeKind::Message, ids).await?;
        let rows = self.source.by_ids(RECORDED, &RECORDED_COLUMNS, ids).await?;
        let mut messages = Vec::new();
        for row in rows {
            if imported.contains_key(&row.id) {
                self.report.known(RECORDED);
                continue;
            }
            match self.converter.recorded_message(&row) {
                Ok(message) if self.is_campaign_message(&message) => {
                    self.report.skip(RECORDED, row.id, &Fault::Duplicate);
                }
                Ok(message) => messages.push((row.id, message)),
                Err(fault) => self.report.skip(RECORDED, row.id, &fault),
            }
        }
        Ok(messages)
    }

    async fn recipients(&mut self, mut tx: Tx) -> Result<Tx, NodeError> {
        let mut after = 0;
        loop {
            let rows = self.source.after(SENT, &SENT_COLUMNS, after, BATCH).await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            self.some_recipients(&mut tx, &rows).await?;
            tx = self.checkpoint(tx).await?;
        }
        Ok(tx)
    }

    async fn some_recipients(&mut self, tx: &mut Tx, rows: &[Record]) -> Result<(), NodeError> {
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let store = self.store;
        let imported = store.node_rows_in(tx, NodeKind::Recipient, &ids).await?;
        let messages = store.node_rows_in(tx, NodeKind::Sent, &ids).await?;
        let mut deltas: BTreeMap<i64, Deltas> = BTreeMap::new();
        let mut new: Vec<NodeRecipient> = Vec::new();
        for row in rows {
            let campaign = row.number("campania_id");
            let Some(campaign) = campaign.and_then(|id| self.campaigns.get(&id)) else {
                self.report.skip(SENT, row.id, &Fault::NoCampaign);
                continue;
            };
            let message = messages.get(&row.id).copied();
            let recipient = match self.converter.recipient(row, campaign, message) {
                Ok(recipient) => recipient,
                Err(fault) => {
                    self.report.skip(SENT, row.id, &fault);
                    continue;
                }
            };
            let Some(here) = imported.get(&row.id) else {
                new.push(recipient);
                continue;
            };
            self.report.known(SENT);
            // The Node services may have continued to send between two runs.
            if recipient.state == RecipientState::Sent.as_str() {
                let at = recipient.planned_at.unwrap_or(recipient.at);
                let updated = store.node_recipient_was_sent_in(tx, *here, message, at);
                if updated.await? {
                    let deltas = deltas.entry(campaign.id).or_default();
                    deltas.add(RecipientState::Pending, -1);
                    deltas.add(RecipientState::Sent, 1);
                }
            }
        }
        let added = store.add_node_recipients_in(tx, &new).await?;
        let mut noted = Vec::with_capacity(added.len());
        for recipient in &new {
            let Some(here) = added.get(&recipient.line) else {
                self.report.skip(SENT, recipient.line, &Fault::Duplicate);
                continue;
            };
            noted.push((recipient.line, *here));
            self.report.added(SENT);
            if let Ok(state) = RecipientState::read(recipient.state) {
                let deltas = deltas.entry(recipient.campaign_id).or_default();
                deltas.add(state, 1);
            }
        }
        store
            .note_node_rows_in(tx, NodeKind::Recipient, &noted)
            .await?;
        for (campaign, deltas) in deltas {
            deltas.apply(tx, campaign).await?;
        }
        let noted: HashMap<i64, i64> = noted.into_iter().collect();
        let mut steps: Vec<NodeStep> = Vec::new();
        for row in self.source.steps(&ids).await? {
            let recipient_id = row.number("envio_id").and_then(|id| noted.get(&id));
            let Some(recipient_id) = recipient_id else {
                continue;
            };
            match self.converter.step(&row, *recipient_id) {
                Some(step) => {
                    steps.push(step);
                    self.report.added(STATE_CHANGES);
                }
                None => self.report.skip(STATE_CHANGES, row.id, &Fault::State),
            }
        }
        store.add_node_steps_in(tx, &steps).await?;
        Ok(())
    }

    async fn schedules(&mut self, mut tx: Tx) -> Result<Tx, NodeError> {
        const TABLE: &str = "ll_programaciones";
        let columns = [
            "id",
            "campania_id",
            "cliente_id",
            "dias_semana",
            "hora_inicio",
            "hora_fin",
            "cupo_diario",
            "fecha_inicio",
            "fecha_fin",
            "estado",
            "comentario_cliente",
            "comentario_admin",
            "rechazo_motivo",
        ];
        let mut created: HashMap<i64, (i64, i64)> = HashMap::new();
        let mut after = 0;
        while let Some((rows, known)) = self
            .batch(&mut tx, NodeKind::Schedule, TABLE, &columns, &mut after)
            .await?
        {
            let mut added = Vec::new();
            for row in rows {
                if known.contains_key(&row.id) {
                    self.report.known(TABLE);
                    continue;
                }
                let campaign = row.number("campania_id");
                let Some(campaign) = campaign.and_then(|id| self.campaigns.get(&id)) else {
                    self.report.skip(TABLE, row.id, &Fault::NoCampaign);
                    continue;
                };
                match row_converter::schedule(&row) {
                    Ok(schedule) => {
                        let new = NewSchedule {
                            campaign_id: campaign.id,
                            cliente_id: schedule.cliente_id.or(campaign.cliente_id),
                            rules: schedule.rules,
                            comment: schedule.comment,
                        };
                        let schedule_id = self.store.create_schedule_in(&mut tx, &new).await?.id;
                        let reason = schedule.reason.as_deref();
                        self.store
                            .place_node_schedule_in(&mut tx, schedule_id, schedule.state, reason)
                            .await?;
                        created.insert(row.id, (campaign.id, schedule_id));
                        added.push((row.id, schedule_id));
                        self.report.added(TABLE);
                    }
                    Err(fault) => self.report.skip(TABLE, row.id, &fault),
                }
            }
            tx = self.note(tx, NodeKind::Schedule, &added).await?;
        }
        let today = self.converter.today();
        for row in self.source.sent_on(&today).await? {
            let schedule = row.number("programacion_id");
            let Some((campaign, schedule)) = schedule.and_then(|id| created.get(&id)) else {
                continue;
            };
            let used = row.number("enviados").unwrap_or_default().max(0);
            let noted = self
                .store
                .note_node_day_in(&mut tx, *campaign, *schedule, &today, used);
            if noted.await? {
                self.report.added(DAILY_SENDS);
            }
        }
        Ok(tx)
    }
}

const SENT: &str = "ll_envios_whatsapp";
const SENT_COLUMNS: [&str; 9] = [
    "id",
    "campania_id",
    "telefono_wapp",
    "nombre_destino",
    "mensaje_final",
    "estado",
    "fecha_envio",
    "message_id",
    "lugar_id",
];
const RECORDED: &str = "ll_whatsapp_messages";
const RECORDED_COLUMNS: [&str; 10] = [
    "id",
    "cliente_id",
    "direction",
    "wa_from",
    "wa_to",
    "message",
    "ts_wa",
    "message_hash",
    "raw_json",
    "created_at",
];
const STATE_CHANGES: &str = "ll_envios_whatsapp_historial";
const DAILY_SENDS: &str = "ll_programacion_envios_diarios";
