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
const BATCH: usize = 256;

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
        let mut batch = Vec::with_capacity(BATCH);
        // A single update is written at once; updates that arrive while the
        // disk is busy form one batch.
        while queue.recv_many(&mut batch, BATCH).await > 0 {
            self.listen(&batch);
            self.catch_up.through().await;
            if batch.len() < BATCH {
                while let Ok(more) = queue.try_recv() {
                    self.listen(std::slice::from_ref(&more));
                    batch.push(more);
                    if batch.len() == BATCH {
                        break;
                    }
                }
            }
            self.write(std::mem::replace(&mut batch, Vec::with_capacity(BATCH)))
                .await;
        }
    }

    /// Notifies the outbox of acks: they prove that the server responds, even if the disk fails.
    fn listen(&self, batch: &[PageUpdate]) {
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
                let took = since.elapsed().as_secs_f64();
                tracing::debug!(events, "inbound: written down within {:.1} ms", took * 1e3);
                histogram!("leadmaster_inbound_write_duration_seconds").record(took);
                self.outbox.acknowledged(&recorded.moved);
            }
            Err(error) => {
                // Log the failure once, not with every message.
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!(
                        "what came in was not written down; it is searched for in the page once the ledger can be used: {}",
                        error.chain()
                    );
                }
                self.catch_up.fell_behind();
                self.file.check().await;
            }
        }
    }
}
