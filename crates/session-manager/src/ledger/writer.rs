//! Commits in groups: one transaction for all waiting writes.
//!
//! ```text
//!  callers ──Job──> queue ──> BEGIN, all queued jobs, COMMIT ──> results
//!                     ^                      │
//!                     └── jobs queued during a flush share the next one
//! ```
//!
//! A flush of the disk takes from a fraction of a millisecond to tens of milliseconds, and SQLite
//! has only one writer. So many callers share one flush. No caller gets a response before the
//! commit. A failed write fails for all callers that shared its transaction, and none of the
//! transaction is on disk.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::{broadcast, mpsc, oneshot};

use super::error::LedgerError;
use crate::event_log::{EventLog, Ticket};

/// Maximum number of jobs in one transaction.
const TOGETHER: usize = 64;
const QUEUE: usize = 256;

/// The transaction of a job, and its side effects.
pub(super) struct WriteTx<'a> {
    /// The connection, inside the transaction.
    pub(super) connection: &'a mut SqliteConnection,
    /// The ticket for events, which are published once they are on disk.
    pub(super) ticket: &'a mut Ticket,
    /// The rows whose state changed. Their waiters are notified after the commit.
    pub(super) moved: &'a mut Vec<i64>,
}

impl WriteTx<'_> {
    /// Reborrows the transaction, for a part of the work.
    pub(super) fn reborrow(&mut self) -> WriteTx<'_> {
        WriteTx {
            connection: &mut *self.connection,
            ticket: &mut *self.ticket,
            moved: &mut *self.moved,
        }
    }
}

/// A future that borrows from its transaction.
pub(super) type Written<'a, T> = Pin<Box<dyn Future<Output = Result<T, sqlx::Error>> + Send + 'a>>;

/// Why nothing was written. All jobs of the transaction share it.
type Broken = Arc<sqlx::Error>;
/// Tells a caller how the transaction ended.
type CommitCallback = Box<dyn FnOnce(Result<(), Broken>) + Send>;

trait Job: Send {
    /// Writes within the transaction. Fails if the transaction is no longer usable.
    fn write<'a>(
        self: Box<Self>,
        tx: WriteTx<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<CommitCallback, Broken>> + Send + 'a>>;

    /// Fails the job because the transaction failed before its turn.
    fn refuse(self: Box<Self>, why: Broken);
}

struct Asked<W, T> {
    work: W,
    tell: oneshot::Sender<Result<T, Broken>>,
}

impl<W, T> Job for Asked<W, T>
where
    W: for<'a> FnOnce(WriteTx<'a>) -> Written<'a, T> + Send + 'static,
    T: Send + 'static,
{
    fn write<'a>(
        self: Box<Self>,
        tx: WriteTx<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<CommitCallback, Broken>> + Send + 'a>> {
        Box::pin(async move {
            let Self { work, tell } = *self;
            match work(tx).await {
                Ok(value) => Ok(Box::new(move |committed: Result<(), Broken>| {
                    // The caller may have been cancelled.
                    let _ = tell.send(committed.map(|()| value));
                }) as CommitCallback),
                Err(error) => {
                    let error = Arc::new(error);
                    let _ = tell.send(Err(error.clone()));
                    Err(error)
                }
            }
        })
    }

    fn refuse(self: Box<Self>, why: Broken) {
        let _ = self.tell.send(Err(why));
    }
}

/// A handle to the writer's task; cheap to clone. The task ends with the last handle.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
}

impl Writer {
    /// Starts the task that writes with `pool`.
    pub(super) fn start(
        pool: SqlitePool,
        log: EventLog,
        row_changes: broadcast::Sender<i64>,
    ) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        tokio::spawn(write_loop(queue, pool, log, row_changes));
        Self { jobs }
    }

    /// Runs `work` in a transaction, which other jobs may share. Returns once the transaction is on
    /// disk. The work is not cancelled if the caller is.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'a> FnOnce(WriteTx<'a>) -> Written<'a, T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.queue(work).await.await
    }

    /// Works like [`Self::write`], but returns once the work is queued. Later work is written after
    /// it, or together with it.
    pub(super) async fn queue<T: Send + 'static>(
        &self,
        work: impl for<'a> FnOnce(WriteTx<'a>) -> Written<'a, T> + Send + 'static,
    ) -> impl Future<Output = Result<T, LedgerError>> + Send + 'static {
        let (tell, told) = oneshot::channel();
        // A writer that has ended drops the job, and the sender with it.
        let _ = self.jobs.send(Box::new(Asked { work, tell })).await;
        async move {
            match told.await {
                Ok(written) => written.map_err(LedgerError::Sqlite),
                Err(_) => Err(sqlx::Error::PoolClosed.into()),
            }
        }
    }

    /// Waits until all writes that were queued before are on disk or have failed.
    pub(super) async fn flush(&self) -> Result<(), LedgerError> {
        self.write(|_| Box::pin(async { Ok(()) })).await
    }
}

async fn write_loop(
    mut queue: mpsc::Receiver<Box<dyn Job>>,
    pool: SqlitePool,
    log: EventLog,
    row_changes: broadcast::Sender<i64>,
) {
    let mut jobs = Vec::with_capacity(TOGETHER);
    while queue.recv_many(&mut jobs, TOGETHER).await > 0 {
        let mut waiting = jobs.drain(..);
        let mut answers = Vec::new();
        let began = Instant::now();
        let written = write(&mut waiting, &mut answers, &pool, &log).await;
        metrics::histogram!("leadmaster_ledger_write_duration_seconds")
            .record(began.elapsed().as_secs_f64());
        for answer in answers {
            answer(written.as_ref().map(drop).map_err(Arc::clone));
        }
        match written {
            Ok(moved) => {
                for row in moved {
                    // It is not an error if nobody subscribes.
                    let _ = row_changes.send(row);
                }
            }
            Err(why) => waiting.for_each(|job| job.refuse(why.clone())),
        }
    }
}

/// Writes all jobs in one transaction. Returns the rows whose state changed.
async fn write(
    jobs: &mut impl Iterator<Item = Box<dyn Job>>,
    answers: &mut Vec<CommitCallback>,
    pool: &SqlitePool,
    log: &EventLog,
) -> Result<Vec<i64>, Broken> {
    let mut ticket = log.ticket().await;
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let mut moved = Vec::new();
    for job in jobs {
        let tx = WriteTx {
            connection: &mut transaction,
            ticket: &mut ticket,
            moved: &mut moved,
        };
        answers.push(job.write(tx).await?);
    }
    ticket.mark_committing();
    transaction.commit().await?;
    ticket.publish();
    Ok(moved)
}
