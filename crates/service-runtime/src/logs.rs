//! Logs on standard output: text for a person, JSON in production.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::env::{Env, EnvError, Environment};

/// Ours at `info`, and of the libraries only what is wrong.
const DEFAULT_FILTER: &str = "info,hyper=warn,hyper_util=warn,h2=warn,reqwest=warn,rustls=warn,sqlx=warn,tower_http=warn,tungstenite=warn,fantoccini=warn,mio=warn";

/// Installs the process's log. `RUST_LOG` takes the place of the default
/// filter. A second call changes nothing.
///
/// # Errors
/// `RUST_LOG` is not a filter.
pub fn init(env: &Env, environment: Environment) -> Result<(), EnvError> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(env)?)
        .with_writer(std::io::stdout)
        // When PM2's daemon dies both pipes break; complaining about the one
        // on the other would panic.
        .log_internal_errors(false);
    let installed = if environment.is_production() {
        builder
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .try_init()
    } else {
        builder
            .with_ansi(std::io::stdout().is_terminal() && env.raw("NO_COLOR").is_none())
            .try_init()
    };
    // Already installed: a test's log, or the caller's own.
    drop(installed);
    Ok(())
}

fn filter(env: &Env) -> Result<EnvFilter, EnvError> {
    let text = env.text("RUST_LOG")?;
    EnvFilter::try_new(text.as_deref().unwrap_or(DEFAULT_FILTER)).map_err(|_| {
        EnvError::invalid(
            "RUST_LOG",
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
    fn nonsense_is_named() {
        let error = filter(&Env::from_pairs([("RUST_LOG", "a=b=c")])).unwrap_err();
        assert!(
            error.to_string().starts_with(r#"RUST_LOG is "a=b=c""#),
            "{error}"
        );
        assert!(filter(&Env::from_pairs([("RUST_LOG", "debug")])).is_ok());
    }
}
