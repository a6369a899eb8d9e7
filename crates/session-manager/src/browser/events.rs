//! Converts what happens in a running browser into events: page events, crashes, the browser's end.
//!
//! ```text
//!  page script ── binding ──┐
//!  error page, dialog ──────┼──> pump ──BrowserEvent──> Events (the driver)
//!  crash, end ──────────────┘
//! ```

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use tokio::sync::{Notify, mpsc};

use super::cdp::CdpEvent;
use super::chromedriver::Chromedriver;
use super::page_report::PageEvent;
use super::tab::{CHANNEL, SERVICE_WORKER, Tab};
use crate::failure::Failure;

const QUEUE_CAPACITY: usize = 1024;

/// An event of a running browser.
pub enum BrowserEvent {
    /// The page published an event.
    Page(Box<PageEvent>),
    /// Chrome could not load the page. Contains Chrome's error code.
    Unreachable(String),
    /// Chrome or ChromeDriver ended.
    Died(Failure),
}

/// The events of one browser, in order.
pub struct Events {
    queue: mpsc::Receiver<BrowserEvent>,
    /// The events that were received during the launch.
    early: VecDeque<BrowserEvent>,
}

impl Events {
    /// Creates the sender and the stream of events.
    pub(super) fn channel() -> (mpsc::Sender<BrowserEvent>, Self) {
        let (events, queue) = mpsc::channel(QUEUE_CAPACITY);
        let early = VecDeque::new();
        (events, Self { queue, early })
    }

    /// Returns the next event; `None` after the last.
    pub async fn recv(&mut self) -> Option<BrowserEvent> {
        match self.early.pop_front() {
            Some(event) => Some(event),
            None => self.queue.recv().await,
        }
    }

    /// Waits for a fatal event. Keeps the other events for later.
    pub(super) async fn failure(&mut self) -> Failure {
        loop {
            match self.queue.recv().await {
                Some(BrowserEvent::Unreachable(why)) => return Failure::PageUnreachable(why),
                Some(BrowserEvent::Died(failure)) => return failure,
                Some(event) => self.early.push_back(event),
                // The sender ended, which is reported elsewhere.
                None => std::future::pending().await,
            }
        }
    }
}

/// Reports an unreachable page if Chrome displays its error page. The error page's text appears a
/// moment after the event, and another page may replace it.
async fn report_error_page(tab: Tab, events: mpsc::Sender<BrowserEvent>) {
    let mut reason = None;
    for _ in 0..20 {
        reason = tab.error_page().await;
        if reason.as_ref().is_some_and(|why| !why.is_empty()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let Some(why) = reason else {
        return;
    };
    let why = if why.is_empty() {
        "no reason given".to_owned()
    } else {
        why
    };
    // If the driver has ended, nobody receives the event.
    let _ = events.send(BrowserEvent::Unreachable(why)).await;
}

/// A message of the page script's channel.
#[derive(Deserialize)]
struct Batch {
    /// The time of the batch, in milliseconds since 1970.
    at: f64,
    events: Vec<PageEvent>,
}

/// A call of the binding through which the page script reports.
#[derive(Deserialize)]
struct BindingCalled {
    name: String,
    payload: String,
}

/// The event that a document replaced another.
#[derive(Deserialize)]
struct FrameNavigated {
    frame: Frame,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Frame {
    parent_id: Option<String>,
    /// The address that could not be reached, if Chrome displays its error page instead.
    unreachable_url: Option<String>,
}

#[derive(Deserialize)]
struct Dialog {
    #[serde(rename = "type")]
    kind: String,
}

/// A session with a target to which the browser attached by itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttachedToTarget {
    session_id: String,
    target_info: TargetInfo,
}

#[derive(Deserialize)]
struct TargetInfo {
    #[serde(rename = "type")]
    kind: String,
}

/// Converts CDP events into browser events, until the browser ends.
pub(super) async fn pump(
    mut cdp_events: mpsc::Receiver<CdpEvent>,
    tab: Tab,
    settled: Arc<Notify>,
    events: mpsc::Sender<BrowserEvent>,
    chromedriver: Arc<Chromedriver>,
) {
    while let Some(CdpEvent { method, params }) = cdp_events.recv().await {
        let params = params.get();
        let read = match method.as_str() {
            "Runtime.bindingCalled" => forward_page_events(params, &settled, &events).await,
            "Page.frameNavigated" => {
                serde_json::from_str(params).map(|FrameNavigated { frame }| {
                    if frame.parent_id.is_none() && frame.unreachable_url.is_some() {
                        tokio::spawn(report_error_page(tab.clone(), events.clone()));
                    }
                })
            }
            "Page.javascriptDialogOpening" => {
                serde_json::from_str(params).map(|Dialog { kind }| {
                    let tab = tab.clone();
                    tokio::spawn(async move { tab.dismiss_dialog(kind == "beforeunload").await });
                })
            }
            "Target.attachedToTarget" => {
                serde_json::from_str(params).map(|attached: AttachedToTarget| {
                    if attached.target_info.kind == SERVICE_WORKER {
                        let tab = tab.clone();
                        tokio::spawn(async move {
                            // A worker that has ended needs no user agent.
                            if let Err(error) = tab.identify_worker(&attached.session_id).await {
                                tracing::debug!(%error, "a service worker keeps its default user agent");
                            }
                        });
                    }
                })
            }
            "Inspector.targetCrashed" => {
                // If the driver has ended, nobody receives the event.
                let crashed = BrowserEvent::Died(Failure::PageCrashed);
                let _ = events.send(crashed).await;
                Ok(())
            }
            _ => Ok(()),
        };
        if let Err(error) = read {
            tracing::warn!(%error, method, "an event of the browser cannot be parsed");
        }
    }
    // Chrome's exit closes the pipes, and so does ChromeDriver's.
    let delay = Duration::from_millis(250);
    let died = match tokio::time::timeout(delay, chromedriver.ended()).await {
        Ok(()) => Failure::ChromedriverDied,
        Err(_) => Failure::BrowserDied,
    };
    let _ = events.send(BrowserEvent::Died(died)).await;
}

/// Forwards the events that the page script reports.
async fn forward_page_events(
    params: &str,
    settled: &Notify,
    events: &mpsc::Sender<BrowserEvent>,
) -> serde_json::Result<()> {
    let called: BindingCalled = serde_json::from_str(params)?;
    if called.name != CHANNEL {
        return Ok(());
    }
    let Batch { at, events: batch } = serde_json::from_str(&called.payload)?;
    let ms = since_1970() - at;
    tracing::debug!(
        events = batch.len(),
        "page: events arrived within {ms:.1} ms"
    );
    metrics::histogram!("leadmaster_page_lag_seconds").record(ms.max(0.0) / 1e3);
    for event in batch {
        if let PageEvent::Report { report } = &event
            && (report.code.is_some() || report.registered == Some(true))
        {
            settled.notify_one();
        }
        // If the driver has ended, nobody receives the event.
        let _ = events.send(BrowserEvent::Page(Box::new(event))).await;
    }
    Ok(())
}

/// Returns the current time in milliseconds since 1970, like `performance.timeOrigin`.
fn since_1970() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs_f64() * 1e3
}
