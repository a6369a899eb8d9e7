//! Group commit: one transaction for all the writes that wait.
//!
//! ```text
//!  callers ──Job──> queue ──> BEGIN, all jobs that are there, COMMIT ──> answers
//!                     ^                      │
//!                     └── what comes while the disk is busy goes together
//! ```
//!
//! A flush of the disk takes a caller from a fraction of a millisecond to tens
//! of them, and SQLite has one writer: many callers cost one flush. Nobody is
//! answered before the commit, and a write that fails fails for all that shared
//! its transaction: nothing of it is on the disk.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::{broadcast, mpsc, oneshot};

use super::error::LedgerError;
use crate::event_log::{EventLog, Ticket};

/// The most jobs in one transaction.
const TOGETHER: usize = 64;
const QUEUE: usize = 256;

/// What a job writes with: the transaction and its side effects.
pub(super) struct WriteTx<'a> {
    /// In the transaction.
    pub(super) connection: &'a mut SqliteConnection,
    /// For events, published once they are on the disk.
    pub(super) ticket: &'a mut Ticket,
    /// Rows whose state changed; their waiters are notified after the commit.
    pub(super) moved: &'a mut Vec<i64>,
}

impl WriteTx<'_> {
    /// The same for a part of the work.
    pub(super) fn reborrow(&mut self) -> WriteTx<'_> {
        WriteTx {
            connection: &mut *self.connection,
            ticket: &mut *self.ticket,
            moved: &mut *self.moved,
        }
    }
}

/// A future that borrows from its turn.
pub(super) type Written<'a, T> = Pin<Box<dyn Future<Output = Result<T, sqlx::Error>> + Send + 'a>>;

/// Why nothing was written; shared by all jobs of the transaction.
type Broken = Arc<sqlx::Error>;
/// Tells a caller how the transaction ended.
type Answer = Box<dyn FnOnce(Result<(), Broken>) + Send>;

trait Job: Send {
    /// Writes; fails if the transaction is of no use any more.
    fn write<'a>(
        self: Box<Self>,
        tx: WriteTx<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Answer, Broken>> + Send + 'a>>;

    /// It has no turn: the transaction was of no use before.
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
    ) -> Pin<Box<dyn Future<Output = Result<Answer, Broken>> + Send + 'a>> {
        Box::pin(async move {
            let Self { work, tell } = *self;
            match work(tx).await {
                Ok(value) => Ok(Box::new(move |committed: Result<(), Broken>| {
                    // The caller may have gone.
                    let _ = tell.send(committed.map(|()| value));
                }) as Answer),
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

/// Handle to the writer task; cheap to clone. The task ends with the last
/// handle.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
}

impl Writer {
    /// Starts the task that writes by `pool`.
    pub(super) fn start(pool: SqlitePool, log: EventLog, news: broadcast::Sender<i64>) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        tokio::spawn(write_loop(queue, pool, log, news));
        Self { jobs }
    }

    /// Does `work` in a transaction, which others may share; back once it is on
    /// the disk. A caller that goes away stops nothing.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'a> FnOnce(WriteTx<'a>) -> Written<'a, T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.queue(work).await.await
    }

    /// As [`Self::write`], but back once it has its place: what is queued after
    /// it is written after it, or with it.
    pub(super) async fn queue<T: Send + 'static>(
        &self,
        work: impl for<'a> FnOnce(WriteTx<'a>) -> Written<'a, T> + Send + 'static,
    ) -> impl Future<Output = Result<T, LedgerError>> + Send + 'static {
        let (tell, told) = oneshot::channel();
        // A writer that is gone drops the job, and with it who tells.
        let _ = self.jobs.send(Box::new(Asked { work, tell })).await;
        async move {
            match told.await {
                Ok(written) => written.map_err(LedgerError::Sqlite),
                Err(_) => Err(sqlx::Error::PoolClosed.into()),
            }
        }
    }

    /// Waits until all that was queued before is on the disk, or lost.
    pub(super) async fn caught_up(&self) -> Result<(), LedgerError> {
        self.write(|_| Box::pin(async { Ok(()) })).await
    }
}

async fn write_loop(
    mut queue: mpsc::Receiver<Box<dyn Job>>,
    pool: SqlitePool,
    log: EventLog,
    news: broadcast::Sender<i64>,
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
                    // Nobody may be waiting.
                    let _ = news.send(row);
                }
            }
            Err(why) => waiting.for_each(|job| job.refuse(why.clone())),
        }
    }
}

/// Gives the rows that moved on.
async fn write(
    jobs: &mut impl Iterator<Item = Box<dyn Job>>,
    answers: &mut Vec<Answer>,
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
    ticket.committing();
    transaction.commit().await?;
    ticket.publish();
    Ok(moved)
}
