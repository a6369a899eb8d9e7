//! Writes page updates into the ledger, in batches.

use std::time::Instant;

use metrics::histogram;
use tokio::sync::mpsc;

use super::new_event;
use crate::browser::PageUpdate;
use crate::ledger::LedgerFile;
use crate::outbox::Outbox;
use crate::session::CatchUp;

/// Maximum number of updates that are written in one transaction.
const MAX_BATCH: usize = 256;

/// The only task that empties the inbox.
pub struct Recorder {
    file: LedgerFile,
    outbox: Outbox,
    catch_up: CatchUp,
    failing: bool,
}

impl Recorder {
    /// Creates a recorder that writes to `file` and notifies `outbox` of acks.
    #[must_use]
    pub fn new(file: LedgerFile, outbox: Outbox, catch_up: CatchUp) -> Self {
        Self {
            file,
            outbox,
            catch_up,
            failing: false,
        }
    }

    /// Runs until the inbox is closed.
    pub async fn run(mut self, mut queue: mpsc::Receiver<PageUpdate>) {
        let mut batch = Vec::with_capacity(MAX_BATCH);
        // A single update is written at once; updates that arrive while the
        // disk is busy form one batch.
        while queue.recv_many(&mut batch, MAX_BATCH).await > 0 {
            self.notify_outbox(&batch);
            self.catch_up.wait_until_found().await;
            if batch.len() < MAX_BATCH {
                while let Ok(more) = queue.try_recv() {
                    self.notify_outbox(std::slice::from_ref(&more));
                    batch.push(more);
                    if batch.len() == MAX_BATCH {
                        break;
                    }
                }
            }
            self.write(std::mem::replace(&mut batch, Vec::with_capacity(MAX_BATCH)))
                .await;
        }
    }

    /// Notifies the outbox of acks: they prove that the server responds, even if the disk fails.
    fn notify_outbox(&self, batch: &[PageUpdate]) {
        if batch
            .iter()
            .any(|update| matches!(update, PageUpdate::Ack { ack: 1.., .. }))
        {
            self.outbox.server_answered();
        }
    }

    async fn write(&mut self, batch: Vec<PageUpdate>) {
        let (since, events) = (Instant::now(), batch.len());
        let written = match self.file.store().await {
            Ok(store) => {
                store
                    .record(batch.into_iter().map(new_event).collect())
                    .await
            }
            Err(error) => Err(error),
        };
        match written {
            Ok(recorded) => {
                self.failing = false;
                let elapsed = since.elapsed().as_secs_f64();
                tracing::debug!(events, "inbound: recorded within {:.1} ms", elapsed * 1e3);
                histogram!("leadmaster_inbound_write_duration_seconds").record(elapsed);
                self.outbox.acknowledged(&recorded.moved);
            }
            Err(error) => {
                // Log the failure once, not with every message.
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!(
                        "incoming messages were not recorded; they are searched for in the page once the ledger is usable: {}",
                        error.chain()
                    );
                }
                self.catch_up.record_miss();
                self.file.check().await;
            }
        }
    }
}
