//! Measures the clock skew of this host against the `Date` header of WhatsApp's page.

use std::time::{Duration, SystemTime};

use metrics::gauge;
use reqwest::Response;
use reqwest::header::DATE;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Delay before the first measurement, since startup has priority.
const FIRST_DELAY: Duration = Duration::from_secs(60);
const INTERVAL: Duration = Duration::from_secs(3600);
const RETRY_DELAY: Duration = Duration::from_secs(600);
/// Timeout of a request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Returns the server's time; `None` if the response has no valid `Date` header.
#[must_use]
pub fn server_time_of(response: &Response) -> Option<SystemTime> {
    let date = response.headers().get(DATE)?.to_str().ok()?;
    httpdate::parse_http_date(date).ok()
}

/// Returns by how many seconds `now` is ahead of `server_time`.
fn skew(server_time: SystemTime, now: SystemTime) -> f64 {
    match now.duration_since(server_time) {
        Ok(ahead) => ahead.as_secs_f64(),
        Err(behind) => -behind.duration().as_secs_f64(),
    }
}

/// Measures the skew every hour, for `GET /metrics`, until `stop` is cancelled.
pub async fn watch(page: Url, stop: CancellationToken) {
    let mut delay = FIRST_DELAY;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(delay) => {}
        }
        delay = match query_server_time(&page).await {
            Some(server_time) => {
                gauge!("leadmaster_clock_skew_seconds").set(skew(server_time, SystemTime::now()));
                INTERVAL
            }
            None => RETRY_DELAY,
        };
    }
}

async fn query_server_time(page: &Url) -> Option<SystemTime> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Create a client for each request: a kept client would only use memory.
    let client = reqwest::Client::builder()
        .timeout(REQUEST_TIMEOUT)
        .build()
        .ok()?;
    let response = client.head(page.clone()).send().await.ok()?;
    server_time_of(&response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skew_is_positive_if_ahead_and_negative_if_behind() {
        let now = SystemTime::now();
        let offset = Duration::from_secs(90);
        assert!((skew(now - offset, now) - 90.0).abs() < 1e-6);
        assert!((skew(now + offset, now) + 90.0).abs() < 1e-6);
    }
}
