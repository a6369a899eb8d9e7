//! Serves `GET /metrics` in Prometheus format, and sets the gauges that are read on request.

use std::time::SystemTime;

use api_docs::Failures;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use metrics::{counter, gauge};
use service_runtime::doctor::free_mib;
use service_runtime::metrics::{self as prometheus, as_f64};
use service_runtime::process::Usage;
use session_api::{Limits, NewChatStatus, SessionState, Timestamp, paths};

use crate::browser::Profile;
use crate::state::AppState;

/// The names of the metrics with their descriptions.
pub const HELP: &[(&str, &str)] = &[
    (
        "leadmaster_session_state",
        "1 for the state that the session is in",
    ),
    (
        "leadmaster_session_state_age_seconds",
        "How long it has been in it",
    ),
    (
        "leadmaster_session_transitions_total",
        "Transitions, by the new state and the cause",
    ),
    (
        "leadmaster_code_refreshes_total",
        "How often WhatsApp was asked for further codes",
    ),
    (
        "leadmaster_passkeys_total",
        "Passkeys that WhatsApp asked for, by what happened to them",
    ),
    (
        "leadmaster_browser_restarts_total",
        "Restarts of the browser that nobody asked for",
    ),
    (
        "leadmaster_browser_processes",
        "Processes of ChromeDriver and Chrome",
    ),
    (
        "leadmaster_browser_memory_bytes",
        "Their memory, what they share shared out",
    ),
    (
        "leadmaster_browser_cpu_seconds",
        "Processor time of those that run now",
    ),
    (
        "leadmaster_sends_total",
        "Sends by outcome: sent, or the error's code",
    ),
    (
        "leadmaster_send_duration_seconds",
        "From the request to the outcome, by outcome",
    ),
    (
        "leadmaster_sends_under_way",
        "Sends that are being worked on",
    ),
    (
        "leadmaster_sends_unsettled",
        "Sends whose outcome is not known yet",
    ),
    (
        "leadmaster_sends_unsettled_age_seconds",
        "Since when the oldest of them",
    ),
    (
        "leadmaster_sends_undecided",
        "Sends that a person has to decide on",
    ),
    (
        "leadmaster_reach_out_locked",
        "1 while WhatsApp lets this account write to nobody new",
    ),
    (
        "leadmaster_new_chats_status",
        "1 for how near WhatsApp's monthly limit on new chats is",
    ),
    (
        "leadmaster_new_chats_used",
        "New chats in this cycle of WhatsApp's limit",
    ),
    (
        "leadmaster_new_chats_allowed",
        "How many there may be; 0 where there is no limit",
    ),
    (
        "leadmaster_first_sync_complete",
        "1 once the history that follows a link is through",
    ),
    (
        "leadmaster_acks_total",
        "How far messages got, each step once",
    ),
    ("leadmaster_events_total", "Events that were told, by kind"),
    (
        "leadmaster_page_lag_seconds",
        "From WhatsApp's page to the service",
    ),
    (
        "leadmaster_media_fetched_total",
        "Files of messages that came in, by what became of fetching them: stored, gone, failed, later",
    ),
    (
        "leadmaster_inbound_unreadable_total",
        "Messages that stayed unreadable for a minute",
    ),
    (
        "leadmaster_inbound_chats_lost",
        "Chats whose messages the page does not find; they are tried again",
    ),
    (
        "leadmaster_profile_bytes",
        "What Chrome's profile takes on the disk",
    ),
    (
        "leadmaster_inbound_write_duration_seconds",
        "Until what came in is on the disk",
    ),
    (
        "leadmaster_ledger_write_duration_seconds",
        "One transaction of the ledger",
    ),
    ("leadmaster_ledger_up", "1 while the ledger can be used"),
    (
        "leadmaster_backup_age_seconds",
        "How old the newest backup is; absent without one",
    ),
    (
        "leadmaster_backup_wanted",
        "1 where BACKUP_KEY is set, so that there should be a backup",
    ),
    (
        "leadmaster_backup_failed",
        "1 while the last try at a backup was none; absent before the first",
    ),
    (
        "leadmaster_disk_free_bytes",
        "Room for the profile and what the service keeps",
    ),
    (
        "leadmaster_clock_skew_seconds",
        "By how much this machine's clock is ahead of WhatsApp's, looked at every hour",
    ),
];

/// Returns the metrics in Prometheus format.
#[utoipa::path(get, path = paths::METRICS, tag = "service",
    responses((status = 200, description = "As Prometheus reads it", body = String, content_type = "text/plain"), Failures))]
pub async fn metrics(State(state): State<AppState>) -> Response {
    session(&state);
    limits(&state);
    browser(state.profile.clone()).await;
    sends(&state).await;
    let has_key = state.backups.key.is_some();
    gauge!("leadmaster_backup_wanted").set(f64::from(has_key));
    if let Some(newest) = state.backups.newest() {
        let age = SystemTime::now().duration_since(newest).unwrap_or_default();
        gauge!("leadmaster_backup_age_seconds").set(age.as_secs_f64());
    }
    let text = state.metrics.render();
    ([(CONTENT_TYPE, prometheus::CONTENT_TYPE)], text).into_response()
}

fn limits(state: &AppState) {
    let current = state.limits.borrow().clone();
    let Limits {
        reach_out,
        new_chats,
    } = &current.limits;
    gauge!("leadmaster_reach_out_locked").set(f64::from(reach_out.locked));
    for candidate in NewChatStatus::ALL {
        let is_current = f64::from(candidate == new_chats.status);
        gauge!("leadmaster_new_chats_status", "status" => candidate.as_str()).set(is_current);
    }
    gauge!("leadmaster_new_chats_used").set(as_f64(new_chats.used));
    gauge!("leadmaster_new_chats_allowed").set(as_f64(new_chats.total.unwrap_or(0)));
    gauge!("leadmaster_first_sync_complete").set(f64::from(current.first_sync.complete));
}

fn session(state: &AppState) {
    let snapshot = state.session.snapshot();
    let body = &snapshot.session;
    for candidate in SessionState::ALL {
        let is_current = f64::from(candidate == body.state);
        gauge!("leadmaster_session_state", "state" => candidate.as_str()).set(is_current);
    }
    gauge!("leadmaster_session_state_age_seconds").set(age(body.since.as_millis()));
    counter!("leadmaster_browser_restarts_total").absolute(body.restarts.total);
}

async fn browser(profile: Profile) {
    let own_pid = std::process::id().cast_signed();
    // This reads several files of every process, and the folders of the profile.
    let usage = move || {
        let free = free_mib(profile.root());
        (Usage::below(own_pid), profile.usage().total, free)
    };
    let usage = tokio::task::spawn_blocking(usage).await;
    let (usage, profile, free) = usage.unwrap_or_default();
    if let Some(mib) = free {
        gauge!("leadmaster_disk_free_bytes").set(as_f64(mib << 20));
    }
    gauge!("leadmaster_profile_bytes").set(as_f64(profile));
    gauge!("leadmaster_browser_processes").set(as_f64(usage.processes));
    gauge!("leadmaster_browser_memory_bytes").set(as_f64(usage.resident));
    gauge!("leadmaster_browser_cpu_seconds").set(usage.processor.as_secs_f64());
}

async fn sends(state: &AppState) {
    gauge!("leadmaster_sends_under_way").set(as_f64(state.outbox.in_progress_count() as u64));
    let unsettled = match state.ledger.store().await {
        Ok(store) => store.unsettled_count().await,
        Err(error) => Err(error),
    };
    gauge!("leadmaster_ledger_up").set(f64::from(unsettled.is_ok()));
    if let Ok((count, oldest)) = unsettled {
        gauge!("leadmaster_sends_unsettled").set(as_f64(count));
        gauge!("leadmaster_sends_unsettled_age_seconds").set(oldest.map_or(0.0, age));
    }
    if let Ok(store) = state.ledger.store().await
        && let Ok(count) = store.undecided_count().await
    {
        gauge!("leadmaster_sends_undecided").set(as_f64(count));
    }
}

/// Returns how many seconds have passed since a time in milliseconds since 1970.
fn age(since: i64) -> f64 {
    let millis = Timestamp::now().as_millis() - since;
    as_f64(u64::try_from(millis).unwrap_or(0)) / 1e3
}
