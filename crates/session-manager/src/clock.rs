//! Measures the clock skew of this host against the `Date` header of WhatsApp's page.

use std::time::{Duration, SystemTime};

use metrics::gauge;
use reqwest::Response;
use reqwest::header::DATE;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Delay before the first measurement, since startup has priority.
const FIRST: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_secs(3600);
const AGAIN: Duration = Duration::from_secs(600);
/// Timeout of a request.
const PATIENCE: Duration = Duration::from_secs(10);

/// Returns the server's time; `None` if the response has no valid `Date` header.
#[must_use]
pub fn of(answer: &Response) -> Option<SystemTime> {
    let date = answer.headers().get(DATE)?.to_str().ok()?;
    httpdate::parse_http_date(date).ok()
}

/// Returns by how many seconds `now` is ahead of `theirs`.
fn skew(theirs: SystemTime, now: SystemTime) -> f64 {
    match now.duration_since(theirs) {
        Ok(ahead) => ahead.as_secs_f64(),
        Err(behind) => -behind.duration().as_secs_f64(),
    }
}

/// Measures the skew every hour, for `GET /metrics`, until `stop` is cancelled.
pub async fn watch(page: Url, stop: CancellationToken) {
    let mut pause = FIRST;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = match ask(&page).await {
            Some(theirs) => {
                gauge!("leadmaster_clock_skew_seconds").set(skew(theirs, SystemTime::now()));
                EVERY
            }
            None => AGAIN,
        };
    }
}

async fn ask(page: &Url) -> Option<SystemTime> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Create a client for each request: a kept client would only use memory.
    let client = reqwest::Client::builder().timeout(PATIENCE).build().ok()?;
    let answer = client.head(page.clone()).send().await.ok()?;
    of(&answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skew_is_positive_if_ahead_and_negative_if_behind() {
        let now = SystemTime::now();
        let by = Duration::from_secs(90);
        assert!((skew(now - by, now) - 90.0).abs() < 1e-6);
        assert!((skew(now + by, now) + 90.0).abs() < 1e-6);
    }
}
