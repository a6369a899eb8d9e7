//! Exports OpenTelemetry traces, if the operator configures a collector.
//!
//! ```text
//!  traceparent ─> continued() ─> span ─> its children ─> OTLP over HTTP ─> collector
//!                                  └─> parent() ─> traceparent of the next service
//! ```
//!
//! Traces are disabled without `OTEL_EXPORTER_OTLP_ENDPOINT`. The SDK itself reads OpenTelemetry's
//! other variables, such as `OTEL_EXPORTER_OTLP_HEADERS` and `OTEL_TRACES_SAMPLER`.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanData};
use tracing::Span;
use tracing::field::display;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use url::Url;

use crate::env::variable::OTEL_EXPORTER_OTLP_ENDPOINT;
use crate::env::{Env, EnvError};

const VARIABLE: &str = OTEL_EXPORTER_OTLP_ENDPOINT.name;
/// Timeout of an export.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);
/// Timeout of the last export at shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// The header that carries a trace from one service to the next (W3C Trace
/// Context).
pub const TRACE_PARENT: &str = "traceparent";

static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// Starts to export traces of `service` if the environment names a collector; otherwise returns
/// `None`. Call it outside any asynchronous runtime: the exporter has its own thread.
///
/// # Errors
/// If the variable is not an http:// or https:// URL.
pub(crate) fn begin(env: &Env, service: &'static str) -> Result<Option<SdkTracer>, EnvError> {
    let Some(collector) = env.http_url(VARIABLE)? else {
        return Ok(None);
    };
    let provider = PROVIDER.get_or_init(|| provider(&collector, service));
    Ok(Some(provider.tracer(service)))
}

fn provider(collector: &Url, service: &'static str) -> SdkTracerProvider {
    let resource = Resource::builder().with_service_name(service).build();
    let builder = SdkTracerProvider::builder().with_resource(resource);
    let path = collector.path().trim_end_matches('/');
    let mut endpoint = collector.clone();
    endpoint.set_path(&format!("{path}/v1/traces"));
    // The exporter may be the first TLS client of the process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::blocking::Client::builder()
        .timeout(EXPORT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build();
    let exporter = client
        .map_err(|error| error.to_string())
        .and_then(|client| {
            SpanExporter::builder()
                .with_http()
                .with_http_client(client)
                .with_endpoint(endpoint)
                .with_timeout(EXPORT_TIMEOUT)
                .build()
                .map_err(|error| error.to_string())
        });
    match exporter {
        Ok(exporter) => {
            let failing = AtomicBool::new(false);
            builder
                .with_batch_exporter(LoggedExporter { exporter, failing })
                .build()
        }
        Err(error) => {
            tracing::error!("traces cannot be sent: {error}");
            builder.build()
        }
    }
}

/// An exporter that logs once when the export fails, and once when it works again.
#[derive(Debug)]
struct LoggedExporter {
    exporter: SpanExporter,
    failing: AtomicBool,
}

impl opentelemetry_sdk::trace::SpanExporter for LoggedExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.exporter.export(batch).await;
        match (&sent, self.failing.swap(sent.is_err(), Ordering::Relaxed)) {
            (Err(error), false) => tracing::warn!(
                "traces are lost: {error}; is {VARIABLE} a collector that takes OTLP over HTTP?"
            ),
            (Ok(()), true) => tracing::info!("traces are being sent again"),
            _ => {}
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// Exports the remaining spans. Call it as the last step of a service.
pub fn end() {
    if let Some(provider) = PROVIDER.get() {
        // The log already says so if the collector is unreachable.
        let _ = provider.shutdown_with_timeout(SHUTDOWN_TIMEOUT);
    }
}

/// Makes `span` part of the trace that the headers of a request name, if any, and sets the span's
/// name.
pub(crate) fn continued(span: &Span, headers: &HeaderMap, name: fmt::Arguments<'_>) {
    if PROVIDER.get().is_none() {
        return;
    }
    span.record("otel.name", display(name));
    span.record("otel.kind", "server");
    let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    // Fails only for a span that has already begun, which this one has not.
    let _ = span.set_parent(parent);
}

/// Records the status of the response in `span`.
pub(crate) fn answered(span: &Span, status: u16) {
    if PROVIDER.get().is_some() {
        span.set_attribute("http.response.status_code", i64::from(status));
    }
}

/// Returns the value of [`TRACE_PARENT`] for a request to another service; `None` outside a trace.
#[must_use]
pub fn parent() -> Option<HeaderValue> {
    PROVIDER.get()?;
    let mut headers = HeaderMap::new();
    let context = Span::current().context();
    TraceContextPropagator::new().inject_context(&context, &mut HeaderInjector(&mut headers));
    headers.remove(TRACE_PARENT)
}
