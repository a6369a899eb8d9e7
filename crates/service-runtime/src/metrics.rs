//! Collects Prometheus metrics: counters, gauges and histograms.
//!
//! Events are counted where they happen, with the macros of the `metrics` crate. Gauges are set
//! when the metrics are scraped. Until [`install`] is called nothing is recorded; most tests never
//! call it.

use std::sync::OnceLock;
use std::time::Duration;

use metrics::{counter, describe_gauge, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::process::Usage;

/// The content type of the text format.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Histogram buckets in seconds, from a millisecond to the longest timeout.
const BUCKETS_SECONDS: [f64; 15] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];
/// How often observations are moved into their buckets. Until then each takes memory, even if
/// nobody scrapes.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(30);

/// Descriptions of the metrics that every service has.
const HELP: &[(&str, &str)] = &[
    (
        "http_requests_total",
        "Answered requests, by route, method and status",
    ),
    ("http_request_duration_seconds", "How long answers took"),
    (
        "process_resident_memory_bytes",
        "Resident memory of the service itself",
    ),
    (
        "process_cpu_seconds",
        "Processor time of the service itself since its start",
    ),
    ("process_open_fds", "Open descriptors of the service itself"),
];

/// Registers the descriptions of metrics, by name.
fn describe(help: &[(&'static str, &'static str)]) {
    for (name, text) in help {
        // The first value determines the kind.
        describe_gauge!(*name, *text);
    }
}

/// The metrics of this process; cheap to clone.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

/// Installs the recorder for the whole process. `help` describes the service's own metrics, by
/// name. A second call returns the same metrics. If another recorder is installed already, nothing
/// is recorded.
#[must_use]
pub fn install(help: &[(&'static str, &'static str)]) -> Metrics {
    static INSTALLED: OnceLock<Metrics> = OnceLock::new();
    let installed = INSTALLED
        .get_or_init(|| {
            let seconds = Matcher::Suffix("_seconds".to_owned());
            let recorder = PrometheusBuilder::new()
                .set_buckets_for_metric(seconds, &BUCKETS_SECONDS)
                // Only an empty list of buckets is an error.
                .unwrap_or_default()
                .build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!("another metrics recorder is installed: /metrics will be empty");
            }
            describe(HELP);
            Metrics(handle)
        })
        .clone();
    describe(help);
    installed
}

impl Metrics {
    /// Moves observations into their buckets periodically. Never returns.
    pub async fn upkeep(self) {
        loop {
            tokio::time::sleep(UPKEEP_INTERVAL).await;
            self.0.run_upkeep();
        }
    }

    /// Returns all metrics as text, with the current resource usage of the process.
    pub fn render(&self) -> String {
        let usage = Usage::of(std::process::id().cast_signed()).unwrap_or_default();
        gauge!("process_resident_memory_bytes").set(as_f64(usage.resident));
        gauge!("process_cpu_seconds").set(usage.processor.as_secs_f64());
        gauge!("process_open_fds").set(as_f64(usage.descriptors));
        self.0.run_upkeep();
        self.0.render()
    }
}

/// Converts a count or a number of bytes to the value of a gauge.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub const fn as_f64(number: u64) -> f64 {
    number as f64
}

/// Counts a response. `route` is the pattern of the route, so that there are only as many series as
/// routes. Unknown methods share one series.
pub(crate) fn count_response(method: &str, route: &str, status: u16, duration: Duration) {
    let method = match method {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    };
    let status = status.to_string();
    let route = route.to_owned();
    metrics::histogram!("http_request_duration_seconds", "route" => route.clone())
        .record(duration.as_secs_f64());
    counter!("http_requests_total", "method" => method, "route" => route, "status" => status)
        .increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_metrics_are_rendered() {
        let metrics = install(&[]);
        count_response("GET", "/health", 200, Duration::from_millis(3));
        count_response("BREW", "/health", 405, Duration::from_millis(3));
        let text = metrics.render();
        for line in [
            r#"http_requests_total{method="GET",route="/health",status="200"} 1"#,
            r#"http_requests_total{method="other",route="/health",status="405"} 1"#,
            r#"http_request_duration_seconds_bucket{route="/health",le="0.005"} 2"#,
            "# TYPE process_resident_memory_bytes gauge",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
