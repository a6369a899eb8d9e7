//! Parses, wires, serves; the rest is library.

use std::process::ExitCode;

use central_hub::Deps;
use central_hub::config::{Config, HELP};
use clap::Parser;
use service_runtime::pm2::Supervisor;
use service_runtime::{Env, Shutdown, fatal, listen, logs};

/// The page and the API of LeadMaster, in front of session-manager.
#[derive(Parser)]
#[command(name = "central-hub", version, after_help = HELP)]
struct Arguments {}

fn main() -> ExitCode {
    Arguments::parse();
    let env = Env::from_process();
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
    let code = runtime.block_on(serve(config, &supervisor));
    runtime.shutdown_background();
    code
}

async fn serve(config: Config, supervisor: &Supervisor) -> ExitCode {
    let deps = match Deps::open(config).await {
        Ok(deps) => deps,
        Err(error) => return fatal(&error),
    };
    let listener = match listen::bind(deps.config.host, deps.config.port).await {
        Ok(listener) => listener,
        Err(error) => return fatal(&error),
    };
    let shutdown = Shutdown::new();
    if let Err(error) = shutdown.on_signals() {
        return fatal(&error);
    }
    supervisor.watch(&shutdown);
    tracing::info!(
        "central-hub {} {}",
        env!("CARGO_PKG_VERSION"),
        deps.config.summary()
    );
    let address = listener.local_addr();
    let ready = || {
        if let Ok(address) = address {
            tracing::info!("listening on http://{address}");
        }
        supervisor.ready();
    };
    central_hub::run(listener, deps, shutdown.clone(), ready).await;
    tracing::info!("stopped");
    shutdown.exit_code()
}
