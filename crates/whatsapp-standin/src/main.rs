//! Parses the stand-in's command line and runs it.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use whatsapp_standin::{Settings, Standin};

/// WhatsApp Web without WhatsApp, with a simulated phone.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// The address to serve on.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// The port; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Serve beyond this machine. Anyone who reaches it controls the phone.
    #[arg(long)]
    allow_remote: bool,
    /// Store linked devices and messages in this file.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Lifetime of the first code.
    #[arg(long, value_name = "MS")]
    first_code_ms: Option<u64>,
    /// Lifetime of each further code.
    #[arg(long, value_name = "MS")]
    next_code_ms: Option<u64>,
    /// Number of codes before the page goes idle.
    #[arg(long, value_name = "N")]
    codes: Option<u32>,
    /// Duration of a sync.
    #[arg(long, value_name = "MS")]
    sync_ms: Option<u64>,
    /// Delay before the server acknowledges a message.
    #[arg(long, value_name = "MS")]
    server_ack_ms: Option<u64>,
    /// Any setting by its name in the phone's API; repeatable.
    #[arg(long = "set", value_name = "NAME=JSON")]
    set: Vec<String>,
}

impl Options {
    fn settings(&self) -> Result<Settings, String> {
        let mut settings = Settings::default();
        let ms = Duration::from_millis;
        if let Some(time) = self.first_code_ms {
            settings.first_code = ms(time);
        }
        if let Some(time) = self.next_code_ms {
            settings.next_code = ms(time);
        }
        if let Some(codes) = self.codes {
            settings.codes = codes;
        }
        if let Some(time) = self.sync_ms {
            settings.sync = ms(time);
        }
        if let Some(time) = self.server_ack_ms {
            settings.server_ack = ms(time);
        }
        let mut patch = serde_json::Map::new();
        for pair in &self.set {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| format!("--set {pair}: NAME=JSON expected"))?;
            // A bare word counts as text, so that a shell needs no double quoting.
            let value =
                serde_json::from_str(value).unwrap_or_else(|_| serde_json::Value::from(value));
            patch.insert(name.to_owned(), value);
        }
        settings.patched(&serde_json::Value::Object(patch))
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // There is nowhere to report a closed stderr.
            let _ = writeln!(std::io::stderr(), "whatsapp-standin: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    if !options.host.is_loopback() && !options.allow_remote {
        return Err(format!(
            "{} is not this machine alone: whoever reaches it holds the phone. \
             Say --allow-remote if that is meant",
            options.host
        ));
    }
    let settings = options.settings()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    runtime.block_on(serve(options, settings))
}

async fn serve(options: &Options, settings: Settings) -> Result<(), String> {
    // Register the signals before the port opens: a client that sees the address may already send a
    // signal.
    let mut term = signal(SignalKind::terminate()).map_err(|e| e.to_string())?;
    let mut int = signal(SignalKind::interrupt()).map_err(|e| e.to_string())?;
    let addr = SocketAddr::new(options.host, options.port);
    let started = match &options.data {
        Some(data) => Standin::start_with_data(addr, settings, data).await,
        None => Standin::start(addr, settings).await,
    };
    let standin = started.map_err(|e| format!("{addr}: {e}"))?;
    let mut out = std::io::stdout();
    // A closed stdout is not an error.
    let _ = writeln!(
        out,
        "web {}\nphone {}",
        standin.web_url(),
        standin.phone_url()
    );
    let _ = out.flush();
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    standin.stop().await;
    Ok(())
}
