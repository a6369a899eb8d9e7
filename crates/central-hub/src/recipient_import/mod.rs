//! Imports recipient lists: reads a list as it streams in and stores its lines
//! in batches, each phone number once.
//!
//! ```text
//!  body ──chunks──> import::read (a thread) ──batches──> the store, 1,000 at a time
//! ```
//!
//! Each stage waits for the next (backpressure). A list of any length therefore
//! takes little memory, and the progress of the upload is that of the
//! processing.

mod stream_reader;

use std::io::{self, Read};

use tokio::sync::mpsc;

pub(crate) use stream_reader::{MAX_LIST_BYTES, READ_TIMEOUT, StreamReader};

use crate::campaigns::import::{self, ImportFault, ImportRules, Item, RejectedRow, Row};
use crate::store::campaigns::{Campaign, Import, ImportEnd, NewRecipient, NewRefusedLine};
use crate::store::{Store, StoreError};

/// Number of lines per transaction.
const BATCH: usize = 1000;

/// Errors of an import.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    /// The list cannot be read, or not to its end.
    #[error("{fault}")]
    List {
        /// The error in the list.
        fault: ImportFault,
        /// The number of lines stored as recipients.
        accepted: i64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Lines to be stored.
#[derive(Default)]
struct Batch {
    /// The headings of a table, in the first batch.
    titles: Option<Vec<String>>,
    columns: Vec<String>,
    rows: Vec<Row>,
    refused: Vec<RejectedRow>,
    /// Bytes of the list read so far.
    bytes: u64,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.rows.len() + self.refused.len() >= BATCH
    }
}

/// Whether the hub learns from a list which number and LID belong to the same
/// person. What it learns affects all businesses, so only lists of callers who
/// see all of them are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressLearning {
    /// The hub learns from lines that contain both.
    Enabled,
    /// The hub learns nothing.
    Disabled,
}

/// Returns the number and the LID of a line that contains both.
fn pair_of(row: &Row) -> Option<(&str, &str)> {
    let number = row.recipient.as_str();
    let mut lids = row.fields.values().map(|value| value.trim());
    let lid = lids.find(|value| value.ends_with("@lid"))?;
    // A line with two different LIDs proves nothing.
    let is_one = lids.all(|value| !value.ends_with("@lid") || value == lid);
    (number.ends_with("@c.us") && is_one).then_some((number, lid))
}

/// Reads a list to its end and stores it. Returns the finished import.
pub(crate) async fn run(
    store: &Store,
    campaign: &Campaign,
    mut import: Import,
    rules: ImportRules,
    learning: AddressLearning,
    source: impl Read + Send + 'static,
) -> Result<Option<Import>, ImportError> {
    let (batches, mut full) = mpsc::channel::<Batch>(1);
    let reading = tokio::task::spawn_blocking(move || read(source, &rules, &batches));
    let mut columns = campaign.columns.clone();
    let mut failed = None;
    while let Some(batch) = full.recv().await {
        let pairs = batch.rows.iter().filter_map(pair_of);
        let pairs = pairs.filter(|_| learning == AddressLearning::Enabled);
        if let Err(error) = learn(store, pairs).await {
            failed = Some(error);
            break;
        }
        if let Err(error) = store_batch(store, &mut import, &mut columns, batch).await {
            failed = Some(error);
            break;
        }
    }
    drop(full);
    let read = reading.await.unwrap_or(Err(ImportFault::GivenUp));
    if let Some(error) = failed {
        let end = ImportEnd::Failed("STORE_UNAVAILABLE", "the store failed");
        // The store may fail here as well; the import then times out.
        let _ = store.end_import(&import, end).await;
        return Err(error.into());
    }
    match read {
        Ok(()) => store.end_import(&import, ImportEnd::Done).await?,
        Err(fault) => return Err(end_failed_import(store, &import, fault).await?),
    }
    let import = store.import(campaign.id, import.id).await?;
    if let Some(import) = &import {
        tracing::info!(
            campaign = campaign.id,
            accepted = import.accepted,
            duplicates = import.duplicates,
            refused = import.refused,
            "a list was imported"
        );
    }
    Ok(import)
}

/// Ends an import whose list cannot be read to its end.
async fn end_failed_import(
    store: &Store,
    import: &Import,
    fault: ImportFault,
) -> Result<ImportError, StoreError> {
    if import.accepted + import.duplicates + import.refused == 0 {
        // None of the list's lines is stored, so the import is removed.
        store.discard_import(import).await?;
    } else {
        let sentence = fault.to_string();
        let end = ImportEnd::Failed(fault.code(), &sentence);
        store.end_import(import, end).await?;
    }
    let accepted = import.accepted;
    Ok(ImportError::List { fault, accepted })
}

/// Reads the list. The function blocks, so it runs on a separate thread.
fn read(
    source: impl Read,
    rules: &ImportRules,
    batches: &mpsc::Sender<Batch>,
) -> Result<(), ImportFault> {
    let bytes = std::rc::Rc::new(std::cell::Cell::new(0_u64));
    let counted = CountingReader {
        source,
        bytes: std::rc::Rc::clone(&bytes),
    };
    let mut batch = Batch::default();
    let mut sink = |item| {
        match item {
            Item::Columns(names) => batch.columns.extend(names),
            Item::Row(row) => batch.rows.push(row),
            Item::Shape(shape) => batch.titles = Some(shape.titles),
            Item::Encoding(_) => {}
            Item::Refused(refusal) => batch.refused.push(refusal),
        }
        if !batch.is_full() {
            return true;
        }
        batch.bytes = bytes.get();
        batches.blocking_send(std::mem::take(&mut batch)).is_ok()
    };
    let result = import::read(counted, rules, &mut sink);
    batch.bytes = bytes.get();
    // Lines before the error are kept.
    let _ = batches.blocking_send(batch);
    result
}

/// Learns the pairs before the lines are stored, so that each person's lines
/// are stored under one chat.
async fn learn(store: &Store, pairs: impl Iterator<Item = (&str, &str)>) -> Result<(), StoreError> {
    for (number, lid) in pairs {
        store.learn_from_import(number, lid).await?;
    }
    Ok(())
}

/// Stores a batch.
async fn store_batch(
    store: &Store,
    import: &mut Import,
    columns: &mut Vec<String>,
    mut batch: Batch,
) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let rows: Vec<_> = batch
        .rows
        .iter()
        .map(|row| NewRecipient {
            line: row.line,
            chat: row.recipient.as_str(),
            fields: &row.fields,
        })
        .collect();
    let added = store
        .add_recipients_in(&mut tx, import.campaign_id, Some(import.id), &rows)
        .await?;
    let added: std::collections::HashSet<_> = added.into_iter().collect();
    let is_added = |row: &Row| i64::try_from(row.line).is_ok_and(|line| added.contains(&line));
    for row in batch.rows.iter().filter(|row| is_added(row)) {
        if let Some(country) = &row.country {
            import.countries.note(country, row.line);
        }
    }
    let mut duplicates = 0;
    for row in batch.rows.iter().filter(|row| !is_added(row)) {
        duplicates += 1;
        let chat = row.recipient.as_str();
        let first = store
            .recipient_origin_in(&mut tx, import.campaign_id, chat)
            .await?;
        let reason = match first {
            Some((from, line)) if from == Some(import.id) => {
                format!("line {line} has the same number")
            }
            _ => "the campaign already has this number".to_owned(),
        };
        batch.refused.push(RejectedRow {
            line: row.line,
            code: "DUPLICATE",
            reason,
            cell: chat.trim_end_matches("@c.us").to_owned(),
            cells: Vec::new(),
        });
    }
    batch.refused.sort_by_key(|refused| refused.line);
    let refused: Vec<_> = batch
        .refused
        .iter()
        .map(|line| NewRefusedLine {
            line: line.line,
            code: line.code,
            reason: &line.reason,
            cell: &line.cell,
            cells: &line.cells,
        })
        .collect();
    store.refuse_lines_in(&mut tx, import.id, &refused).await?;
    let known_columns = columns.len();
    for name in batch.columns {
        if !columns.contains(&name) {
            columns.push(name);
        }
    }
    if columns.len() > known_columns {
        store
            .set_columns_in(&mut tx, import.campaign_id, columns)
            .await?;
    }
    let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    import.accepted += count(added.len());
    import.duplicates += duplicates;
    import.refused += count(batch.refused.len()) - duplicates;
    import.bytes = i64::try_from(batch.bytes).unwrap_or(i64::MAX);
    if let Some(titles) = batch.titles {
        import.titles = titles;
    }
    store.note_import_in(&mut tx, import).await?;
    tx.commit().await?;
    Ok(())
}

struct CountingReader<R> {
    source: R,
    bytes: std::rc::Rc<std::cell::Cell<u64>>,
}

impl<R: Read> Read for CountingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        let count_64 = u64::try_from(count).unwrap_or(u64::MAX);
        self.bytes.set(self.bytes.get().saturating_add(count_64));
        Ok(count)
    }
}
