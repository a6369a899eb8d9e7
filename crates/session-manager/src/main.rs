//! Parses, wires, serves; the rest is library.

use std::process::ExitCode;

use clap::Parser;
use service_runtime::pm2::Supervisor;
use service_runtime::{Env, Shutdown, fatal, listen, logs};
use session_manager::config::{Config, HELP};

/// Holds one WhatsApp Web session in headless Chrome and speaks HTTP.
#[derive(Parser)]
#[command(name = "session-manager", version, after_help = HELP)]
struct Arguments {}

fn main() -> ExitCode {
    Arguments::parse();
    let env = Env::from_process();
    // First of all: the descriptor must not reach any child.
    let supervisor = Supervisor::from_env(&env);
    let config = match Config::from_env(&env) {
        Ok(config) => config,
        Err(error) => return fatal(&error),
    };
    if let Err(error) = logs::init(&env, config.environment) {
        return fatal(&error);
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fatal(&error),
    };
    let code = runtime.block_on(serve(config, supervisor));
    // A task that hangs in the kernel must not keep the process.
    runtime.shutdown_background();
    code
}

async fn serve(config: Config, supervisor: Supervisor) -> ExitCode {
    let listener = match listen::bind(config.host, config.port).await {
        Ok(listener) => listener,
        Err(error) => return fatal(&error),
    };
    let shutdown = Shutdown::new();
    let signals = match shutdown.on_signals() {
        Ok(signals) => signals,
        Err(error) => return fatal(&error),
    };
    let watch = supervisor.watch(&shutdown);
    let address = listener.local_addr();
    tracing::info!(
        "session-manager {} {}",
        env!("CARGO_PKG_VERSION"),
        config.summary()
    );
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let ready = || {
        if let Ok(address) = address {
            tracing::info!("listening on http://{address}");
        }
        supervisor.ready();
    };
    session_manager::run(listener, config, shutdown.clone(), ready).await;
    signals.abort();
    watch.abort();
    tracing::info!("stopped");
    shutdown.exit_code()
}
