//! Sets up the log: text in development, JSON in production. Warnings and errors go to standard
//! error, so that `pm2 logs --err` shows only problems; the rest goes to standard output.

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::writer::MakeWriterExt as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::env::variable::RUST_LOG;
use crate::env::{Env, EnvError, Environment};
use crate::traces;

/// Logs this workspace at `info`, and libraries at `warn`.
const DEFAULT_FILTER: &str = "info,hyper=warn,hyper_util=warn,h2=warn,reqwest=warn,rustls=warn,sqlx=warn,tower_http=warn,tungstenite=warn,fantoccini=warn,mio=warn";

/// Installs the log of the process, and its traces if a collector is configured (see
/// [`crate::traces`]). `RUST_LOG` replaces the default filter. A second call does nothing. Call it
/// outside any asynchronous runtime.
///
/// # Errors
/// If `RUST_LOG` is not a filter, or `OTEL_EXPORTER_OTLP_ENDPOINT` is not a URL.
pub fn init(env: &Env, environment: Environment, service: &'static str) -> Result<(), EnvError> {
    let filter = filter(env)?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(
            std::io::stderr
                .with_max_level(Level::WARN)
                .or_else(std::io::stdout),
        )
        // When PM2's daemon dies, both pipes break. Reporting the error of one on the other would
        // panic.
        .log_internal_errors(false);
    let lines = if environment.is_production() {
        let json = lines.json().flatten_event(true).with_span_list(false);
        json.with_filter(filter).boxed()
    } else {
        let is_seen = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        let has_colours = is_seen && env.raw("NO_COLOR").is_none();
        lines.with_ansi(has_colours).with_filter(filter).boxed()
    };
    let traces = traces::begin(env, service)?.map(|tracer| {
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            // Log the attributes that operators search for, and no code locations.
            .with_location(false)
            .with_threads(false)
            .with_filter(LevelFilter::INFO)
    });
    let installed = tracing_subscriber::registry()
        .with(lines)
        .with(traces)
        .try_init();
    // A log is installed already: a test's, or the caller's own.
    drop(installed);
    Ok(())
}

fn filter(env: &Env) -> Result<EnvFilter, EnvError> {
    let text = env.text(RUST_LOG.name)?;
    EnvFilter::try_new(text.as_deref().unwrap_or(DEFAULT_FILTER)).map_err(|_| {
        EnvError::invalid(
            RUST_LOG.name,
            text.unwrap_or_default(),
            "a filter such as info or session_manager=debug,info",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_filter_is_one() {
        let filter = filter(&Env::default()).unwrap().to_string();
        assert!(filter.contains("info"), "{filter}");
        assert!(filter.contains("hyper=warn"), "{filter}");
    }

    #[test]
    fn invalid_values_are_reported() {
        let error = filter(&Env::from_pairs([("RUST_LOG", "a=b=c")])).unwrap_err();
        assert!(
            error.to_string().starts_with(r#"RUST_LOG is "a=b=c""#),
            "{error}"
        );
        assert!(filter(&Env::from_pairs([("RUST_LOG", "debug")])).is_ok());
    }
}
