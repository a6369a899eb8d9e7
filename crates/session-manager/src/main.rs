//! Parses the command line, wires the service and starts it. The rest is library.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use service_runtime::doctor::Options;
use service_runtime::listen::Listeners;
use service_runtime::liveness::{self, Question};
use service_runtime::pm2::Supervisor;
use service_runtime::{Env, Shutdown, fatal, logs, memory, private, traces};
use session_manager::backup::BackupKey;
use session_manager::browser::run_as_helper;
use session_manager::commands::{backup, doctor, link};
use session_manager::config::{Config, DEFAULT_PORT, VARIABLES};

/// Holds one WhatsApp Web session in headless Chrome and speaks HTTP.
#[derive(Parser)]
#[command(name = "session-manager", version, after_help = VARIABLES.help())]
struct Arguments {
    #[command(subcommand)]
    task: Option<Task>,
}

/// Without one it serves.
#[derive(Subcommand)]
enum Task {
    /// Says what is wrong on this machine, and the command that cures it; ends
    /// with 0, 1 (a warning) or 2 (a failure).
    Doctor {
        #[command(flatten)]
        options: Options,
        /// Judge this wa-js bundle instead: which names it does not find.
        #[arg(long, value_name = "FILE")]
        wa_js: Option<PathBuf>,
        /// The page to judge it on: an address, or a saved page's file
        /// (WHATSAPP_WEB_URL).
        #[arg(long, value_name = "PAGE", requires = "wa_js")]
        page: Option<String>,
    },
    /// Says whether the service on this machine answers; ends with 0 or 1.
    Health {
        #[command(flatten)]
        question: Question,
    },
    /// Links a phone in a Chrome that is visible, on a computer with a screen; the
    /// session goes to a server with a backup.
    Link,
    /// Takes a backup of the linked session into BACKUP_DIR; a running service
    /// is asked to do it.
    Backup {
        /// Print a new BACKUP_KEY instead.
        #[arg(long)]
        new_key: bool,
    },
    /// Puts the session of a backup in the place of what TOKENS_DIR holds; the
    /// service must be stopped.
    Restore {
        /// The backup: session-….tar.gz.age.
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    // ChromeDriver starts this program as well, with Chrome's arguments.
    if let Some(code) = run_as_helper() {
        return code;
    }
    memory::return_large_allocations();
    private::create_private_from_now_on();
    let Arguments { task } = Arguments::parse();
    if let Some(task) = task {
        return carry_out(&task);
    }
    let env = Env::from_process();
    // Take the descriptor before anything else: no child may inherit it.
    let supervisor = Supervisor::from_env(&env);
    let config = match Config::from_env(&env) {
        Ok(config) => config,
        Err(error) => return fatal(&error),
    };
    if let Err(error) = logs::init(&env, config.environment, "session-manager") {
        return fatal(&error);
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fatal(&error),
    };
    let code = runtime.block_on(serve(config, supervisor));
    traces::end();
    // A task that hangs in the kernel must not keep the process from ending.
    runtime.shutdown_background();
    code
}

/// Runs a one-shot subcommand.
fn carry_out(task: &Task) -> ExitCode {
    let config = || Config::from_env(&Env::from_process()).map_err(|error| error.to_string());
    match task {
        Task::Doctor {
            options,
            wa_js,
            page,
        } => {
            let report = async {
                let Some(file) = wa_js else {
                    return Ok(doctor::examine(options.environment_of()).await);
                };
                let browser = config()?.browser;
                Ok(doctor::wa_js::check_bundle(&browser, file, page.as_deref()).await)
            };
            match tokio::runtime::Runtime::new().map(|runtime| runtime.block_on(report)) {
                Ok(Ok(report)) => options.finish(report).print(options.json),
                Ok(Err(why)) => tell(Err(why)),
                Err(error) => fatal(&error),
            }
        }
        Task::Health { question } => {
            let env = Env::from_process();
            let asked = liveness::ask("session-manager", &env, DEFAULT_PORT, *question);
            match tokio::runtime::Runtime::new() {
                Ok(runtime) => {
                    let answer = runtime.block_on(asked);
                    // Each message already starts with the program's name.
                    tell(
                        answer.map_err(|why| match why.strip_prefix("session-manager ") {
                            Some(rest) => rest.to_owned(),
                            None => why,
                        }),
                    )
                }
                Err(error) => fatal(&error),
            }
        }
        Task::Link => tell(config().and_then(|config| {
            let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
            let env = Env::from_process();
            let linked = runtime.block_on(link::link(config, &env, say));
            runtime.shutdown_background();
            linked
        })),
        Task::Backup { new_key: true } => tell(Ok(BackupKey::letter())),
        Task::Backup { new_key: false } => {
            tell(config().and_then(|config| backup::backup(&config)))
        }
        Task::Restore { file } => tell(config().and_then(|config| backup::restore(&config, file))),
    }
}

#[expect(clippy::print_stdout, reason = "a command for a person at a terminal")]
fn say(line: &str) {
    println!("{line}");
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command for a person at a terminal"
)]
fn tell(done: Result<String, String>) -> ExitCode {
    match done {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("session-manager: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: Config, supervisor: Supervisor) -> ExitCode {
    let listeners = match Listeners::bind(&config.hosts, config.port).await {
        Ok(listeners) => listeners,
        Err(error) => return fatal(&error),
    };
    let shutdown = Shutdown::new();
    let signals = match shutdown.on_signals() {
        Ok(signals) => signals,
        Err(error) => return fatal(&error),
    };
    let watch = supervisor.watch(&shutdown);
    let addresses: Vec<_> = listeners.addresses().collect();
    tracing::info!(
        "session-manager {} {}",
        env!("CARGO_PKG_VERSION"),
        config.summary()
    );
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let ready = || {
        for address in addresses {
            tracing::info!("listening on http://{address}");
        }
        supervisor.ready();
        liveness::ready();
        memory::release_startup_pages();
    };
    session_manager::run(listeners, config, shutdown.clone(), ready).await;
    signals.abort();
    watch.abort();
    tracing::info!("stopped");
    shutdown.exit_code()
}
