//! Checks regularly that the service still works, and reports the result to systemd (`Type=notify`,
//! `WatchdogSec=`) and to health requests.
//!
//! ```text
//!  every few seconds: check ──> all respond ─> WATCHDOG=1 ──> systemd
//!                         └───> one does not ─> no notify ──> systemd restarts it
//!                         │          └─ for WATCHDOG_SECONDS ─> the process ends itself
//!                         └───> last result ──> GET /health/deep <── `… health --deep`
//! ```
//!
//! An unavailable dependency is not a hang: a restart would not fix it. Dependencies belong to
//! readiness, which is reported separately.

mod end_on_hang;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use sd_notify::NotifyState;
use serde::Deserialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use self::end_on_hang::Ending;
use crate::env::variable::WATCHDOG_SECONDS;
use crate::env::{Env, EnvError};

/// Interval between checks, unless systemd's watchdog needs a shorter one.
pub const EVERY: Duration = Duration::from_secs(10);
/// Minimum interval between checks.
const LEAST: Duration = Duration::from_millis(50);
/// Timeout for the check of each part.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum age of the last result. It allows for several parts that are slow one after another.
const STALE: Duration = Duration::from_secs(60);
/// Timeout of the `health` request.
const ASKED: Duration = Duration::from_secs(8);

/// How often a service is checked, and when a hanging service ends itself.
#[derive(Clone, Copy, Debug)]
pub struct Watching {
    /// Interval between two checks.
    pub every: Duration,
    /// How long without a successful check until the process ends itself; `None`: never.
    pub ends_after: Option<Duration>,
}

/// Reads `WATCHDOG_SECONDS`, for [`Watching::ends_after`].
///
/// # Errors
/// The value is not a number, or is too large.
pub fn ends_after(env: &Env) -> Result<Option<Duration>, EnvError> {
    let seconds = env.integer(&WATCHDOG_SECONDS)?;
    Ok((seconds > 0).then(|| Duration::from_secs(seconds)))
}

/// Notifies systemd that the service is ready; does nothing without systemd.
pub fn ready() {
    tell(&NotifyState::Ready);
}

fn tell(state: &NotifyState<'_>) {
    // A failed notification must not disturb a working service.
    if let Err(error) = sd_notify::notify(std::slice::from_ref(state)) {
        debug!(%error, ?state, "systemd could not be notified");
    }
}

/// The heartbeat of a task. The task's loop calls [`Heartbeat::beat`] at every turn, so that a task
/// that waits forever, or has ended, is noticed. Clones share the heartbeat.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    task: &'static str,
    period: Duration,
    last: Arc<Mutex<Instant>>,
}

impl Heartbeat {
    /// Creates the heartbeat of `task`, whose loop takes at most `period` per turn when there is no
    /// work.
    #[must_use]
    pub fn new(task: &'static str, period: Duration) -> Self {
        let last = Arc::new(Mutex::new(Instant::now()));
        Self { task, period, last }
    }

    /// Records that the loop has begun a turn.
    pub fn beat(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Checks that the work of the last turn takes no longer than `most`.
    ///
    /// # Errors
    /// A message that names the task.
    pub fn check(&self, most: Duration) -> Result<(), String> {
        let silent = {
            let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            last.elapsed()
        };
        if silent <= self.period.saturating_add(most) {
            return Ok(());
        }
        let (task, seconds) = (self.task, silent.as_secs());
        Err(format!("{task} has not gone on for {seconds} s"))
    }
}

/// Waits for `answer`; on a timeout returns an error about `part`.
///
/// # Errors
/// A message that names `part`.
pub async fn with_timeout<T>(part: &str, answer: impl Future<Output = T>) -> Result<T, String> {
    tokio::time::timeout(ANSWER_TIMEOUT, answer)
        .await
        .map_err(|_| format!("{part} has not answered for {} s", ANSWER_TIMEOUT.as_secs()))
}

#[derive(Clone, Debug)]
struct Look {
    at: Instant,
    hung: Option<String>,
}

/// The result of the last check; cheap to clone.
#[derive(Clone, Debug)]
pub struct Liveness {
    last: watch::Receiver<Look>,
}

impl Liveness {
    /// Runs `check` regularly until `draining`. While it succeeds, notifies systemd's watchdog and
    /// puts off the end of the process. The interval is shorter than `watching.every` if a watchdog
    /// needs that. An error of `check` is a message that names the hanging part.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn watch<F, Fut>(
        check: F,
        watching: Watching,
        draining: CancellationToken,
    ) -> (Self, JoinHandle<()>)
    where
        F: Fn() -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), String>> + Send,
    {
        let (looks, last) = watch::channel(Look {
            at: Instant::now(),
            hung: None,
        });
        // Check twice within a watchdog's timeout, with a margin for a slow machine.
        let timeouts = [sd_notify::watchdog_enabled(), watching.ends_after];
        let every = match timeouts.into_iter().flatten().min() {
            Some(time) => (time / 3).clamp(LEAST, EVERY),
            None => watching.every,
        };
        let ending = watching
            .ends_after
            .and_then(|after| Ending::start(after, last.clone(), draining.clone()));
        let task = tokio::spawn(async move {
            loop {
                let hung = check().await.err();
                let was = looks.borrow().hung.clone();
                match (&hung, &was) {
                    (None, _) => {
                        tell(&NotifyState::Watchdog);
                        ending.iter().for_each(Ending::put_off);
                    }
                    (Some(why), None) => warn!("the service hangs: {why}"),
                    _ => {}
                }
                if hung.is_none() && was.is_some() {
                    info!("the service no longer hangs");
                }
                let at = Instant::now();
                looks.send_replace(Look { at, hung });
                tokio::select! {
                    () = draining.cancelled() => break,
                    () = tokio::time::sleep(every) => {}
                }
            }
            tell(&NotifyState::Stopping);
        });
        (Self { last }, task)
    }

    /// Returns a message that names the hanging part; `None` if every part responds.
    #[must_use]
    pub fn hung(&self) -> Option<String> {
        let last = self.last.borrow();
        let age = last.at.elapsed();
        if age > STALE {
            return Some(format!(
                "nothing was looked at for {} s: the service's tasks do not run",
                age.as_secs()
            ));
        }
        last.hung.clone()
    }
}

/// Options of `health`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Question {
    /// Check that the workers respond, too, not only the port.
    #[arg(long)]
    deep: bool,
    /// Check that the service can work now, too: its dependencies are
    /// available.
    #[arg(long)]
    ready: bool,
}

/// The fields that are read from the response of `GET /health/deep`.
#[derive(Deserialize)]
struct DeepHealthBody {
    alive: bool,
    ready: bool,
    cause: Option<String>,
}

/// Requests the health of the service `name` that runs with `env` on this machine. Reads only
/// `HOST` and `PORT`: no secret is needed.
///
/// # Errors
/// A message with the cause.
pub async fn ask(
    name: &str,
    env: &Env,
    default_port: u16,
    question: Question,
) -> Result<String, String> {
    let told = |error: EnvError| error.to_string();
    let host = env.hosts("HOST").map_err(told)?.nearest();
    let port = env.port("PORT", default_port).map_err(told)?;
    let address = std::net::SocketAddr::new(host, port);
    let deep = question.deep || question.ready;
    let path = if deep { "/health/deep" } else { "/health" };
    // Another part of the process may have installed the provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let silent = |error: reqwest::Error| {
        let why = crate::error_chain(&error);
        format!("{name} does not answer on {address}: {why}")
    };
    let client = reqwest::Client::builder().no_proxy().timeout(ASKED);
    let client = client.build().map_err(silent)?;
    let answer = client.get(format!("http://{address}{path}")).send().await;
    let answer = answer.map_err(silent)?;
    let status = answer.status();
    let expected = status.is_success() || (deep && status == StatusCode::SERVICE_UNAVAILABLE);
    if !expected {
        return Err(format!("{name} on {address} answered {status}"));
    }
    if !deep {
        return Ok(format!("{name} answers on {address}"));
    }
    let answer: DeepHealthBody = answer
        .json()
        .await
        .map_err(|_| format!("what answers on {address} is not {name}"))?;
    let cause = answer.cause.unwrap_or_default();
    match (answer.alive, answer.ready) {
        (false, _) => Err(format!("{name} hangs: {cause}")),
        (true, false) if question.ready => Err(format!("{name} is not ready: {cause}")),
        (true, false) => Ok(format!("{name} works, and is not ready: {cause}")),
        (true, true) => Ok(format!("{name} works and is ready")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn unresponsive_component_is_reported_until_it_recovers() {
        let hangs = Arc::new(AtomicBool::new(false));
        let draining = CancellationToken::new();
        let asked = hangs.clone();
        let check = move || {
            let hangs = asked.load(Ordering::Relaxed);
            async move {
                with_timeout("the driver", async {
                    if hangs {
                        std::future::pending::<()>().await;
                    }
                })
                .await
            }
        };
        let watching = Watching {
            every: EVERY,
            ends_after: None,
        };
        let (liveness, task) = Liveness::watch(check, watching, draining.clone());
        let mut looks = liveness.last.clone();
        looks.changed().await.unwrap();
        assert_eq!(liveness.hung(), None);
        hangs.store(true, Ordering::Relaxed);
        looks.changed().await.unwrap();
        let why = "the driver has not answered for 5 s";
        assert_eq!(liveness.hung().as_deref(), Some(why));
        hangs.store(false, Ordering::Relaxed);
        looks.changed().await.unwrap();
        assert_eq!(liveness.hung(), None);
        draining.cancel();
        task.await.unwrap();
    }

    #[test]
    fn silent_task_is_named_until_it_goes_on() {
        let beat = Heartbeat::new("the outbox", Duration::from_secs(1));
        let set = |ago: u64| {
            let at = Instant::now().checked_sub(Duration::from_secs(ago));
            *beat.last.lock().unwrap() = at.unwrap();
        };
        set(10);
        assert_eq!(beat.check(Duration::from_secs(20)), Ok(()));
        set(30);
        let why = beat.check(Duration::from_secs(20)).unwrap_err();
        assert_eq!(why, "the outbox has not gone on for 30 s");
        beat.clone().beat();
        assert_eq!(beat.check(Duration::ZERO), Ok(()));
    }

    #[tokio::test]
    async fn unreachable_peer_is_reported_with_its_address() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = nobody.local_addr().unwrap().port();
        drop(nobody);
        let env = Env::from_pairs([("PORT", port.to_string())]);
        let question = Question {
            deep: true,
            ready: false,
        };
        let why = ask("central-hub", &env, 3012, question).await.unwrap_err();
        let start = format!("central-hub does not answer on 127.0.0.1:{port}: ");
        assert!(why.starts_with(&start), "{why}");
        let env = Env::from_pairs([("PORT", "x")]);
        let why = ask("central-hub", &env, 3012, question).await.unwrap_err();
        assert!(why.starts_with("PORT is "), "{why}");
    }
}
