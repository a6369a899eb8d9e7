//! Configuration from environment variables: parsing, validation, `--help` text.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::ExposeSecret;
use service_runtime::env::mask_userinfo;
use service_runtime::listen::{
    Hosts, LEAST_TOKEN, ListenError, ensure_loopback_or_token, ensure_not_guessable, is_guessable,
};
use service_runtime::liveness;
use service_runtime::{Env, EnvError, Environment, SecretString};
use url::Url;

use crate::backup::{BackupKey, Backups};
use crate::browser::{BrowserConfig, Presence, Profile, find_on_path, is_executable, runs_as_root};
use crate::files::FileLimits;
use crate::media::{Download, MediaLimits};
use crate::outbox::SendLimits;
use crate::session::{HeartbeatConfig, Limits};

/// The default of `PORT`.
pub const DEFAULT_PORT: u16 = 3001;

/// The variables, for `--help`.
pub const HELP: &str = "\
Environment:
  PORT                    port to listen on (3001)
  HOST                    addresses to listen on, by commas (127.0.0.1,::1); beyond loopback only with a token
  NODE_ENV                development | production | test; production logs JSON
  SESSION_MANAGER_TOKEN   bearer token that every caller has to present (none)
  SESSION_MANAGER_TOKEN_FILE
                          a file that holds it, in its place (none)
  SESSION_MANAGER_TOKEN_COMMAND
                          a program, with its arguments, that prints it, in its place (none)
  SESSION_MANAGER_TOKEN_PREVIOUS
                          the token before, which is taken as well while callers change over (none)
  SESSION_MANAGER_TOKEN_PREVIOUS_FILE
  SESSION_MANAGER_TOKEN_PREVIOUS_COMMAND
  TOKENS_DIR              the browser profile that keeps the device linked (tokens/)
  DATA_DIR                the ledger: what must survive a crash (data/)
  WHATSAPP_WEB_URL        the page (https://web.whatsapp.com/)
  WA_JS_PATH              a newer wa-js bundle than the built-in one (none)
  CHROME_BIN              Chrome or Chromium (found on PATH)
  CHROMEDRIVER_BIN        ChromeDriver of the same version (found on PATH)
  CHROME_ARGS             further Chrome flags, split as a shell splits words
  FFMPEG_BIN              ffmpeg, which converts GIFs, sounds and pictures that phones do not show
                          as they are; off: they are refused (found on PATH, not needed)
  QR_ROUNDS               times an unscanned page is refreshed before it is closed (6)
  RESTART_BUDGET          browser restarts allowed within RESTART_WINDOW_SECONDS (5)
  RESTART_WINDOW_SECONDS  see RESTART_BUDGET (600)
  RESTART_BACKOFF_MS      pause before the first restart; doubles with each (500)
  RETRY_SECONDS           pause between tries while Chrome or the page cannot be had (30)
  HEARTBEAT_MS            pause between two heartbeats of the page (15000)
  HEARTBEAT_DEADLINE_MS   how long the page may take to answer one (15000)
  BOOT_PATIENCE_SECONDS   how long a page may show neither code nor session (90)
  SYNC_PATIENCE_SECONDS   how long a sync may show no progress before the page is loaded anew (600)
  DELIVERY_PATIENCE_SECONDS
                          how long WhatsApp may deliver what waited before the session is READY
                          all the same (300)
  TOOLS_PATIENCE_SECONDS  how long a connected page may lack what sending needs before the cause
                          is TOOLS_BROKEN (30)
  PRESENCE                unavailable | available: whether the account shows as online (unavailable)
  IDEMPOTENCY_DAYS        how long sends and their keys are remembered (30)
  EVENTS_DAYS             how long events are kept for listeners that come back (30)
  SETTLE_TRIES            tries to find out what became of a message before a person decides (10)
  SENDS_IN_FLIGHT         messages sent side by side (32)
  SENDS_WAITING           messages that may wait behind those; more is 503 OVERLOADED (256)
  SEND_DEADLINE_MS        how long a caller waits for WhatsApp's word (50000)
  ACK_PATIENCE_SECONDS    how long WhatsApp may acknowledge nothing before the browser is
                          started again (20)
  FILE_MAX_MIB            largest file that is taken, in MiB (64)
  FILES_QUOTA_MIB         room for all files together, in MiB (1024)
  FILES_QUOTA_CLIENTE_MIB room for the files of one business, in MiB (a quarter of FILES_QUOTA_MIB)
  FILES_KEEP_HOURS        how long an uploaded file is kept (24)
  FILE_URL_HOSTS          hosts that files may be fetched from, such as cdn.example.com,*.example.com (none)
  MEDIA_DOWNLOAD          auto | demand | off: which files of leads are fetched (auto)
  MEDIA_AUTO_MIB          largest file that is fetched by itself, in MiB (16)
  MEDIA_QUOTA_MIB         room for files that came in, in MiB; the oldest go first (2048)
  MEDIA_KEEP_DAYS         how long a file that came in is kept (90)
  BACKUP_KEY              age key that backups of the session are encrypted with; none: no backups
                          (`session-manager backup --new-key` makes one)
  BACKUP_KEY_FILE         a file that holds it, in its place (none)
  BACKUP_KEY_COMMAND      a program, with its arguments, that prints it, in its place (none)
  BACKUP_DIR              where they go (backups/)
  BACKUP_EVERY_HOURS      how often one is taken by itself, while READY; 0: only when asked (24)
  BACKUP_KEEP             how many are kept (7)
  WATCHDOG_SECONDS        a service that hangs for so long ends itself; 0: never, it is somebody
                          else's matter (0)
  OTEL_EXPORTER_OTLP_ENDPOINT
                          an OpenTelemetry collector for traces, such as http://127.0.0.1:4318 (none)
  RUST_LOG                log filter (info)";

const FFMPEG_BIN: &str = "FFMPEG_BIN";
const PREVIOUS_TOKEN: &str = "SESSION_MANAGER_TOKEN_PREVIOUS";

/// The configuration of the service.
#[derive(Clone, Debug)]
pub struct Config {
    /// `HOST`.
    pub hosts: Hosts,
    /// `PORT`.
    pub port: u16,
    /// `NODE_ENV`.
    pub environment: Environment,
    /// `SESSION_MANAGER_TOKEN`.
    pub token: Option<SecretString>,
    /// `SESSION_MANAGER_TOKEN_PREVIOUS`: also accepted, while callers migrate.
    pub previous_token: Option<SecretString>,
    /// The browser's settings.
    pub browser: BrowserConfig,
    /// `DATA_DIR`.
    pub data: PathBuf,
    /// The limits of sending.
    pub sends: SendLimits,
    /// The limits of files.
    pub files: FileLimits,
    /// `FFMPEG_BIN`, if it names a program that is not there.
    pub missing_ffmpeg: Option<PathBuf>,
    /// The limits of incoming files.
    pub media: MediaLimits,
    /// `BACKUP_KEY`, `BACKUP_DIR`, `BACKUP_KEEP`.
    pub backups: Backups,
    /// `BACKUP_EVERY_HOURS`; `None` for 0.
    pub backup_every: Option<Duration>,
    /// The limits of automatic actions.
    pub limits: Limits,
    /// The page's heartbeat.
    pub heartbeat: HeartbeatConfig,
    /// `WATCHDOG_SECONDS`: after how long a hang ends the process.
    pub ends_after: Option<Duration>,
    /// Variables of the Node service that are set, but no longer read.
    pub obsolete: Vec<String>,
}

/// The default of `WHATSAPP_WEB_URL`.
const PAGE: &str = "https://web.whatsapp.com/";

const NO_CALLER: &str = "session-manager calls nobody: the hub follows its events";

/// Variables of the Node service, each with what replaced it.
const OBSOLETE: &[(&str, &str)] = &[
    ("CENTRAL_HUB_BASE_URL", NO_CALLER),
    ("CENTRAL_HUB_USER", NO_CALLER),
    ("CENTRAL_HUB_PASS", NO_CALLER),
    ("INTERNAL_LISTENER_TOKEN", NO_CALLER),
    (
        "CLIENTE_ID",
        "there is one session for all businesses, and each request says its own",
    ),
];

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable is missing or invalid.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// `HOST` is not a loopback address and there is no token.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The working folder cannot be read.
    #[error("{0} is relative ({1}) and the working folder cannot be read: {2}")]
    WorkingFolder(&'static str, PathBuf, std::io::Error),
}

impl Config {
    /// Reads the configuration from `env`.
    ///
    /// # Errors
    /// The first invalid variable.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let hosts = env.hosts("HOST")?;
        let token = env.secret("SESSION_MANAGER_TOKEN")?;
        ensure_loopback_or_token(&hosts, token.is_some(), "SESSION_MANAGER_TOKEN")?;
        ensure_not_guessable(&hosts, token.as_ref(), "SESSION_MANAGER_TOKEN", LEAST_TOKEN)?;
        let previous_token = env.secret(PREVIOUS_TOKEN)?;
        if token.is_none() && previous_token.is_some() {
            return Err(EnvError::missing("SESSION_MANAGER_TOKEN").into());
        }
        ensure_not_guessable(&hosts, previous_token.as_ref(), PREVIOUS_TOKEN, LEAST_TOKEN)?;
        let limits = Limits::default();
        let seconds = |name, range, default: Duration| {
            env.integer(name, range, default.as_secs())
                .map(Duration::from_secs)
        };
        let millis = |name, range, default: Duration| {
            let default = u64::try_from(default.as_millis()).unwrap_or(u64::MAX);
            env.integer(name, range, default).map(Duration::from_millis)
        };
        let small = |name, default: u32| {
            env.integer(name, 0..=1000, u64::from(default))
                .map(|number| u32::try_from(number).unwrap_or(u32::MAX))
        };
        let count = |name, range, default: usize| {
            env.integer(name, range, default as u64)
                .map(|number| usize::try_from(number).unwrap_or(usize::MAX))
        };
        let sends = SendLimits::default();
        let days = env.integer("IDEMPOTENCY_DAYS", 1..=3_650, 30)?;
        let remember = Duration::from_secs(days * 24 * 3600);
        let watch = HeartbeatConfig::default();
        let boot_patience = seconds("BOOT_PATIENCE_SECONDS", 1..=3_600, watch.boot_patience)?;
        Ok(Self {
            obsolete: env.obsolete(OBSOLETE),
            hosts,
            port: env.port("PORT", DEFAULT_PORT)?,
            environment: env.environment()?,
            token,
            previous_token,
            browser: BrowserConfig {
                chrome: env.optional_path("CHROME_BIN"),
                chromedriver: env.optional_path("CHROMEDRIVER_BIN"),
                path: env.raw("PATH").map(OsString::from),
                extra_args: chrome_args(env)?,
                profile: Profile::new(absolute("TOKENS_DIR", &env.path("TOKENS_DIR", "tokens"))?),
                page_url: match env.http_url("WHATSAPP_WEB_URL")? {
                    Some(url) => url,
                    None => Url::parse(PAGE).map_err(|_| EnvError::missing("WHATSAPP_WEB_URL"))?,
                },
                wa_js: env.optional_path("WA_JS_PATH"),
                presence: presence(env)?,
                visible: false,
                // The other half is for the page's own startup.
                navigation_deadline: boot_patience / 2,
            },
            data: absolute("DATA_DIR", &env.path("DATA_DIR", "data"))?,
            sends: SendLimits {
                in_flight: count("SENDS_IN_FLIGHT", 1..=256, sends.in_flight)?,
                waiting: count("SENDS_WAITING", 0..=100_000, sends.waiting)?,
                ack_patience: seconds("ACK_PATIENCE_SECONDS", 1..=600, sends.ack_patience)?,
                settle_tries: u32::try_from(env.integer(
                    "SETTLE_TRIES",
                    1..=1_000,
                    u64::from(sends.settle_tries),
                )?)
                .unwrap_or(u32::MAX),
                deadline: millis("SEND_DEADLINE_MS", 1_000..=55_000, sends.deadline)?,
                keep: remember,
                keep_events: Duration::from_secs(
                    env.integer("EVENTS_DAYS", 1..=3_650, 30)? * 24 * 3600,
                ),
            },
            files: file_limits(env, remember)?,
            missing_ffmpeg: env
                .optional_path(FFMPEG_BIN)
                .filter(|program| !is_off(program) && !is_executable(program)),
            media: media_limits(env)?,
            backups: Backups {
                folder: absolute("BACKUP_DIR", &env.path("BACKUP_DIR", "backups"))?,
                key: backup_key(env)?,
                keep: count("BACKUP_KEEP", 1..=10_000, 7)?,
            },
            backup_every: match env.integer("BACKUP_EVERY_HOURS", 0..=8_760, 24)? {
                0 => None,
                hours => Some(Duration::from_secs(hours * 3600)),
            },
            limits: Limits {
                restart_budget: small("RESTART_BUDGET", limits.restart_budget)?,
                restart_window: seconds(
                    "RESTART_WINDOW_SECONDS",
                    1..=86_400,
                    limits.restart_window,
                )?,
                restart_backoff: millis("RESTART_BACKOFF_MS", 0..=60_000, limits.restart_backoff)?,
                retry_interval: seconds("RETRY_SECONDS", 1..=3_600, limits.retry_interval)?,
                code_rounds: small("QR_ROUNDS", limits.code_rounds)?,
                sync_patience: seconds("SYNC_PATIENCE_SECONDS", 1..=86_400, limits.sync_patience)?,
                delivery_patience: seconds(
                    "DELIVERY_PATIENCE_SECONDS",
                    1..=3_600,
                    limits.delivery_patience,
                )?,
                tools_patience: seconds(
                    "TOOLS_PATIENCE_SECONDS",
                    1..=3_600,
                    limits.tools_patience,
                )?,
            },
            heartbeat: HeartbeatConfig {
                heartbeat_every: millis("HEARTBEAT_MS", 100..=600_000, watch.heartbeat_every)?,
                heartbeat_deadline: millis(
                    "HEARTBEAT_DEADLINE_MS",
                    100..=600_000,
                    watch.heartbeat_deadline,
                )?,
                boot_patience,
            },
            ends_after: liveness::ends_after(env)?,
        })
    }

    /// Returns the configuration as one line, with secrets masked. Operators
    /// search the log for WhatsApp, Chrome and QR when one of these fails:
    /// after a healthy start they find nothing.
    pub fn summary(&self) -> String {
        let or_path = |path: &Option<PathBuf>| {
            path.as_ref()
                .map_or_else(|| "(PATH)".to_owned(), |path| path.display().to_string())
        };
        format!(
            "PORT={} HOST={} NODE_ENV={} SESSION_MANAGER_TOKEN={} TOKENS_DIR={} DATA_DIR={} page={} browser={} driver={} flags={:?} WA_JS_PATH={} FILE_URL_HOSTS={} BACKUP_KEY={} BACKUP_DIR={}",
            self.port,
            self.hosts,
            self.environment,
            if self.token.is_some() {
                "***"
            } else {
                "(none)"
            },
            self.browser.profile.root().display(),
            self.data.display(),
            match self.browser.page_url.as_str() {
                PAGE => "(default)".to_owned(),
                other => mask_userinfo(other),
            },
            or_path(&self.browser.chrome),
            or_path(&self.browser.chromedriver),
            // A proxy's address may contain its password.
            self.browser
                .extra_args
                .iter()
                .map(|arg| mask_userinfo(arg))
                .collect::<Vec<_>>(),
            self.browser.wa_js.as_ref().map_or_else(
                || "(built in)".to_owned(),
                |path| path.display().to_string()
            ),
            self.files.hosts,
            if self.backups.key.is_some() {
                "***"
            } else {
                "(none)"
            },
            self.backups.folder.display(),
        )
    }

    /// Returns warnings about valid but risky settings.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.obsolete.clone();
        if runs_as_root() {
            let root = "running as root: the browser gets --no-sandbox; a user of its own is safer";
            warnings.push(root.to_owned());
        }
        if is_guessable(self.token.as_ref(), LEAST_TOKEN) {
            let short = "SESSION_MANAGER_TOKEN has fewer than 16 characters: whoever reaches the service can guess it";
            warnings.push(short.to_owned());
        }
        if let Some(program) = &self.missing_ffmpeg {
            let shown = program.display();
            warnings.push(format!(
                "FFMPEG_BIN: {shown} is not there, or not executable: what has to be converted is refused"
            ));
        }
        if self.previous_token.is_some() {
            let both = "SESSION_MANAGER_TOKEN_PREVIOUS lets callers in as well: take it away once all of them have the new one";
            warnings.push(both.to_owned());
        }
        warnings
    }
}

fn backup_key(env: &Env) -> Result<Option<BackupKey>, EnvError> {
    let Some(text) = env.secret("BACKUP_KEY")? else {
        return Ok(None);
    };
    BackupKey::parse(text.expose_secret())
        .map(Some)
        .map_err(|takes| EnvError::invalid_secret(&env.told("BACKUP_KEY"), takes))
}

fn chrome_args(env: &Env) -> Result<Vec<String>, EnvError> {
    let Some(text) = env.text("CHROME_ARGS")? else {
        return Ok(Vec::new());
    };
    let takes = "Chrome flags as a shell would split them, with every quote closed";
    let words =
        shlex::split(&text).ok_or_else(|| EnvError::invalid("CHROME_ARGS", &text, takes))?;
    // Each of these is set by the service; Chrome would use the last value.
    let ours = ["--user-data-dir", "--remote-debugging"];
    match words
        .iter()
        .find(|word| ours.iter().any(|flag| word.starts_with(flag)))
    {
        Some(word) => Err(EnvError::invalid(
            "CHROME_ARGS",
            word,
            "flags other than --user-data-dir (use TOKENS_DIR) and --remote-debugging-…",
        )),
        None => Ok(words),
    }
}

fn presence(env: &Env) -> Result<Presence, EnvError> {
    match env.text("PRESENCE")?.as_deref() {
        None | Some("unavailable") => Ok(Presence::Unavailable),
        Some("available") => Ok(Presence::Available),
        Some(other) => Err(EnvError::invalid(
            "PRESENCE",
            other,
            "unavailable or available",
        )),
    }
}

fn is_off(program: &Path) -> bool {
    program.file_name().is_some_and(|name| name == "off")
}

fn ffmpeg(env: &Env) -> Option<PathBuf> {
    match env.optional_path(FFMPEG_BIN) {
        Some(program) => (!is_off(&program) && is_executable(&program)).then_some(program),
        None => find_on_path(&["ffmpeg"], env.raw("PATH").map(OsString::from).as_deref()),
    }
}

fn file_limits(env: &Env, remember: Duration) -> Result<FileLimits, EnvError> {
    const MIB: u64 = 1024 * 1024;
    let hosts = env.text("FILE_URL_HOSTS")?.unwrap_or_default();
    // WhatsApp accepts documents up to 2 GiB; more is useless.
    let largest = env.integer("FILE_MAX_MIB", 1..=2_048, 64)?;
    let quota = env.integer("FILES_QUOTA_MIB", 1..=1_048_576, 1_024)?;
    // At least one file, if the quota has room for one.
    let share = (quota / 4).max(largest).min(quota);
    Ok(FileLimits {
        largest: largest * MIB,
        quota: quota * MIB,
        quota_of_cliente: env.integer("FILES_QUOTA_CLIENTE_MIB", 1..=1_048_576, share)? * MIB,
        keep: Duration::from_secs(env.integer("FILES_KEEP_HOURS", 1..=8_760, 24)? * 3600),
        remember,
        hosts: hosts
            .parse()
            .map_err(|takes| EnvError::invalid("FILE_URL_HOSTS", &hosts, takes))?,
        ffmpeg: ffmpeg(env),
    })
}

fn media_limits(env: &Env) -> Result<MediaLimits, EnvError> {
    const MIB: u64 = 1024 * 1024;
    const DAY: u64 = 24 * 3600;
    let keep = env.integer("MEDIA_KEEP_DAYS", 1..=3_650, 90)?;
    let events = env.integer("EVENTS_DAYS", 1..=3_650, 30)?;
    let download = match env.text("MEDIA_DOWNLOAD")?.as_deref() {
        None | Some("auto") => Download::Auto,
        Some("demand") => Download::Demand,
        Some("off") => Download::Off,
        Some(other) => {
            return Err(EnvError::invalid(
                "MEDIA_DOWNLOAD",
                other,
                "auto, demand or off",
            ));
        }
    };
    Ok(MediaLimits {
        download,
        auto_largest: env.integer("MEDIA_AUTO_MIB", 1..=2_048, 16)? * MIB,
        quota: env.integer("MEDIA_QUOTA_MIB", 1..=1_048_576, 2_048)? * MIB,
        keep: Duration::from_secs(keep * DAY),
        remember: Duration::from_secs(keep.max(events) * DAY),
    })
}

fn absolute(name: &'static str, path: &Path) -> Result<PathBuf, ConfigError> {
    std::path::absolute(path)
        .map_err(|error| ConfigError::WorkingFolder(name, path.to_owned(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, String> {
        Config::from_env(&Env::from_pairs(pairs.iter().copied())).map_err(|e| e.to_string())
    }

    #[test]
    fn defaults_match_the_contract() {
        let config = read(&[]).unwrap();
        assert_eq!(
            (config.hosts.to_string().as_str(), config.port),
            ("127.0.0.1,::1", 3001)
        );
        assert_eq!(
            config.browser.page_url.as_str(),
            "https://web.whatsapp.com/"
        );
        assert!(config.browser.profile.root().ends_with("tokens"));
        assert!(config.data.ends_with("data"));
        assert!(config.browser.extra_args.is_empty());
    }

    #[test]
    fn invalid_value_is_named_with_its_content_and_range() {
        for (name, value) in [
            ("PORT", "tres mil"),
            ("PORT", "70000"),
            ("HOST", "example.com"),
            ("NODE_ENV", "prod"),
            ("WHATSAPP_WEB_URL", "ftp://web.whatsapp.com"),
            ("CHROME_ARGS", "--a='b"),
            ("CHROME_ARGS", "--user-data-dir=/elsewhere"),
            ("QR_ROUNDS", "-1"),
            ("SYNC_PATIENCE_SECONDS", "0"),
            ("DELIVERY_PATIENCE_SECONDS", "siempre"),
            ("TOOLS_PATIENCE_SECONDS", "0"),
            ("PRESENCE", "online"),
            ("HEARTBEAT_MS", "0"),
            ("SENDS_IN_FLIGHT", "0"),
            ("ACK_PATIENCE_SECONDS", "0"),
            ("IDEMPOTENCY_DAYS", "siempre"),
            ("EVENTS_DAYS", "0"),
            ("FILE_MAX_MIB", "0"),
            ("FILES_QUOTA_MIB", "1 GB"),
            ("FILE_URL_HOSTS", "https://cdn.example.com/"),
            ("MEDIA_DOWNLOAD", "siempre"),
            ("MEDIA_AUTO_MIB", "0"),
            ("MEDIA_QUOTA_MIB", "1 GB"),
            ("MEDIA_KEEP_DAYS", "-1"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.contains(name) && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn chrome_args_are_split_as_a_shell_does() {
        let config = read(&[("CHROME_ARGS", "--lang=es --proxy-server='http://a b'")]).unwrap();
        assert_eq!(
            config.browser.extra_args,
            ["--lang=es", "--proxy-server=http://a b"]
        );
    }

    #[test]
    fn ffmpeg_is_optional_and_can_be_switched_off() {
        for (value, is_missing) in [("off", false), ("/nowhere/ffmpeg", true)] {
            let config = read(&[("FFMPEG_BIN", value), ("PATH", "/usr/bin:/bin")]).unwrap();
            assert_eq!(config.files.ffmpeg, None, "{value}");
            let warned = config.warnings().iter().any(|it| it.contains("FFMPEG_BIN"));
            assert_eq!(warned, is_missing, "{value}");
        }
        let config = read(&[("FFMPEG_BIN", "/bin/sh")]).unwrap();
        assert_eq!(config.files.ffmpeg, Some("/bin/sh".into()));
    }

    #[test]
    fn open_to_others_only_with_a_token() {
        assert!(read(&[("HOST", "0.0.0.0")]).is_err());
        let config = read(&[
            ("HOST", "0.0.0.0"),
            ("SESSION_MANAGER_TOKEN", "hush-hush-hush-hush"),
        ])
        .unwrap();
        assert!(!config.summary().contains("hush"));
        assert!(!format!("{config:?}").contains("hush"));
        assert!(read(&[("HOST", "0.0.0.0"), ("SESSION_MANAGER_TOKEN", "hush")]).is_err());
        assert!(read(&[("SESSION_MANAGER_TOKEN", "hush")]).is_ok());
    }
}
