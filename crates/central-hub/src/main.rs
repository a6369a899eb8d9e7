//! Parses the command line, then serves or runs a command.

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use backup_files::BackupKey;
use central_hub::backup::{BackupError, Backups};
use central_hub::config::{BackupConfig, Config, DEFAULT_PORT, VARIABLES, database, home, zone};
use central_hub::store::{Store, dump};
use central_hub::{Deps, commands};
use clap::{Parser, Subcommand};
use service_runtime::doctor::Options;
use service_runtime::listen::Listeners;
use service_runtime::liveness::{self, Question};
use service_runtime::pm2::Supervisor;
use service_runtime::{Env, Shutdown, fatal, logs, memory, private, traces};

/// The page and the API of LeadMaster, in front of session-manager.
#[derive(Parser)]
#[command(name = "central-hub", version, after_help = VARIABLES.help())]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

/// The commands besides serving.
#[derive(Subcommand)]
enum Command {
    /// Report problems of this machine, each with the command that fixes it;
    /// exits with 0, 1 (a warning) or 2 (a failure).
    Doctor {
        #[command(flatten)]
        options: Options,
    },
    /// Report whether the hub on this machine answers; exits with 0 or 1.
    Health {
        #[command(flatten)]
        question: Question,
    },
    /// Check whether alerts arrive; exits with 0 or 1.
    Alert {
        /// Send a test through each channel now, and report the results.
        #[arg(long, required = true)]
        test: bool,
    },
    /// Back up hub.db into BACKUP_DIR, whether or not the hub is running.
    Backup {
        /// Print a new BACKUP_KEY instead.
        #[arg(long)]
        new_key: bool,
    },
    /// Replace hub.db with the contents of a backup; stop the hub first.
    Restore {
        /// The backup: hub-….db.gz.age.
        file: PathBuf,
    },
    /// Restore the newest backup into a temporary folder and check it; leaves
    /// nothing behind.
    Drill {
        /// Another backup than the newest.
        file: Option<PathBuf>,
    },
    /// Replace the keys of links to files and of JWTs, which are in the database;
    /// restart the hub afterwards.
    NewKeys,
    #[command(flatten)]
    Move(Move),
    /// Import the data of the Node services' MySQL or MariaDB; stop the hub
    /// first. Rows imported before are skipped.
    ImportNode {
        /// mysql://user:password@host:3306/database; read only.
        source: String,
        /// Report what would be imported and left out, and write nothing.
        #[arg(long)]
        plan: bool,
    },
}

/// Commands that move the data; they read the database's variables only.
#[derive(Subcommand)]
enum Move {
    /// Export the whole database as lines of JSON; stop the hub first.
    Export {
        /// A file that does not exist yet; standard output by default.
        file: Option<PathBuf>,
    },
    /// Import an export into an empty database.
    Import {
        /// The file; standard input by default.
        file: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    memory::return_large_allocations();
    private::create_private_from_now_on();
    let arguments = Arguments::parse();
    let env = Env::from_process();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fatal(&error),
    };
    match arguments.command {
        Some(Command::Doctor { options }) => {
            let report = runtime.block_on(commands::doctor::examine(options.environment_of()));
            return options.finish(report).print(options.json);
        }
        Some(Command::Health { question }) => {
            let asked = liveness::ask("central-hub", &env, DEFAULT_PORT, question);
            return print_outcome(runtime.block_on(asked));
        }
        Some(Command::Alert { test: _ }) => {
            let said = match Config::from_env(&env) {
                Ok(config) => runtime.block_on(commands::alert::test(&config)),
                Err(error) => return fatal(&error),
            };
            return print_outcome(said);
        }
        Some(Command::Backup { new_key: true }) => return print_outcome(Ok(BackupKey::letter())),
        Some(Command::Backup { new_key: false }) => {
            return runtime.block_on(with_backups(&env, commands::backup::backup));
        }
        Some(Command::Restore { file }) => {
            let restore = async |backups: &_| commands::backup::restore(backups, &file).await;
            return runtime.block_on(with_backups(&env, restore));
        }
        Some(Command::Drill { file }) => {
            let drill = async |backups: &_| commands::backup::drill(backups, file.as_deref()).await;
            return runtime.block_on(with_backups(&env, drill));
        }
        Some(Command::NewKeys) => {
            return match runtime.block_on(new_keys(&env)) {
                Ok(said) => print_outcome(Ok(said)),
                Err(error) => fatal(&error),
            };
        }
        Some(Command::Move(what)) => {
            return match runtime.block_on(move_data(&env, what)) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fatal(&error),
            };
        }
        Some(Command::ImportNode { source, plan }) => {
            return match runtime.block_on(import_node(&env, &source, plan)) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fatal(&error),
            };
        }
        None => {}
    }
    let supervisor = Supervisor::from_env(&env);
    let config = match Config::from_env(&env) {
        Ok(config) => config,
        Err(error) => return fatal(&error),
    };
    if let Err(error) = logs::init(&env, config.environment, "central-hub") {
        return fatal(&error);
    }
    let code = runtime.block_on(serve(config, &supervisor));
    traces::end();
    runtime.shutdown_background();
    code
}

/// Runs a backup command, which reads only the database's and the backups' variables.
async fn with_backups(
    env: &Env,
    work: impl AsyncFnOnce(&Backups) -> Result<String, BackupError>,
) -> ExitCode {
    let (database, config) = match (database(env), BackupConfig::from_env(env)) {
        (Ok(database), Ok(config)) => (database, config),
        (Err(error), _) | (_, Err(error)) => return fatal(&error),
    };
    let done = work(&Backups::new(config, database)).await;
    print_outcome(done.map_err(|error| error.to_string()))
}

/// Prints the outcome of a command.
fn print_outcome(outcome: Result<String, String>) -> ExitCode {
    let (code, said) = match outcome {
        Ok(said) => (ExitCode::SUCCESS, writeln!(std::io::stdout(), "{said}")),
        Err(why) => (ExitCode::FAILURE, writeln!(std::io::stderr(), "{why}")),
    };
    // A closed terminal must not change the exit code.
    drop(said);
    code
}

async fn new_keys(env: &Env) -> Result<String, Box<dyn Error>> {
    let store = Store::open(&database(env)?).await?;
    let renewed = commands::new_keys::renew(&store).await;
    store.close().await;
    Ok(renewed?)
}

async fn import_node(env: &Env, source: &str, plan: bool) -> Result<(), Box<dyn Error>> {
    let location = database(env)?;
    let zone = zone(env)?;
    let home = home(env)?;
    let store = Store::open(&location).await?;
    let report = commands::import_node::import(&store, source, &zone, &home, plan).await;
    store.close().await;
    write!(std::io::stdout(), "{}", report?)?;
    Ok(())
}

async fn move_data(env: &Env, what: Move) -> Result<(), Box<dyn Error>> {
    let location = database(env)?;
    let store = Store::open(&location).await?;
    let (rows, done) = match what {
        Move::Export { file: Some(file) } => {
            // The export contains the customers' messages, so only the owner may read it.
            let mut options = File::options();
            let file = options
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(file)?;
            let mut out = BufWriter::new(file);
            (dump::export(&store, &mut out).await?, "exported from")
        }
        Move::Export { file: None } => {
            let mut out = BufWriter::new(std::io::stdout());
            (dump::export(&store, &mut out).await?, "exported from")
        }
        Move::Import { file: Some(file) } => {
            let opened = File::open(&file).map_err(|error| with_file_name(&file, &error))?;
            let mut reader = BufReader::new(opened);
            (dump::import(&store, &mut reader).await?, "imported into")
        }
        Move::Import { file: None } => {
            let mut reader = BufReader::new(std::io::stdin());
            (dump::import(&store, &mut reader).await?, "imported into")
        }
    };
    store.close().await;
    writeln!(std::io::stderr(), "{rows} rows {done} {location}")?;
    Ok(())
}

fn with_file_name(file: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", file.display())
}

async fn serve(config: Config, supervisor: &Supervisor) -> ExitCode {
    let deps = match Deps::open(config).await {
        Ok(deps) => deps,
        Err(error) => return fatal(&error),
    };
    let listeners = match Listeners::bind(&deps.config.hosts, deps.config.port).await {
        Ok(listeners) => listeners,
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
    if deps.config.admin_password.is_none() {
        tracing::info!(
            "HUB_ADMIN_PASSWORD is not set: only requests to 127.0.0.1, [::1] and localhost by \
             these names are answered; what a proxy passes on with a public name in Host gets \
             403 FOREIGN_HOST until a password is set"
        );
    }
    for warning in deps.config.warnings() {
        tracing::warn!("{warning}");
    }
    let addresses: Vec<_> = listeners.addresses().collect();
    let ready = || {
        for address in addresses {
            tracing::info!("listening on http://{address}");
        }
        supervisor.ready();
        liveness::ready();
        memory::release_startup_pages();
    };
    central_hub::run(listeners, deps, shutdown.clone(), ready).await;
    tracing::info!("stopped");
    shutdown.exit_code()
}
