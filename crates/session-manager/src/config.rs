//! Configuration from environment variables: parsing and validation.

mod variables;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::ExposeSecret;
use service_runtime::env::{mask_userinfo, masked};
use service_runtime::listen::{
    Hosts, ListenError, MIN_TOKEN_LENGTH, ensure_loopback_or_token, ensure_not_guessable,
    is_guessable,
};
use service_runtime::liveness;
use service_runtime::{Env, EnvError, Environment, SecretString};
use url::Url;

use self::variables::PAGE;
pub use self::variables::{DEFAULT_PORT, VARIABLES};
use crate::backup::{BackupKey, Backups};
use crate::browser::{BrowserConfig, Presence, Profile, find_on_path, is_executable, runs_as_root};
use crate::files::FileLimits;
use crate::media::{Download, MediaLimits};
use crate::outbox::SendLimits;
use crate::session::{HeartbeatConfig, Limits};

const MIB: u64 = 1024 * 1024;
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
        ensure_not_guessable(
            &hosts,
            token.as_ref(),
            "SESSION_MANAGER_TOKEN",
            MIN_TOKEN_LENGTH,
        )?;
        let previous_token = env.secret(PREVIOUS_TOKEN)?;
        if token.is_none() && previous_token.is_some() {
            return Err(EnvError::missing("SESSION_MANAGER_TOKEN").into());
        }
        ensure_not_guessable(
            &hosts,
            previous_token.as_ref(),
            PREVIOUS_TOKEN,
            MIN_TOKEN_LENGTH,
        )?;
        let seconds = |name| env.integer(&VARIABLES[name]).map(Duration::from_secs);
        let millis = |name| env.integer(&VARIABLES[name]).map(Duration::from_millis);
        let retention = days(env, "IDEMPOTENCY_DAYS")?;
        let boot_patience = seconds("BOOT_PATIENCE_SECONDS")?;
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
                profile: Profile::new(folder(env, "TOKENS_DIR")?),
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
            data: folder(env, "DATA_DIR")?,
            sends: SendLimits {
                in_flight: env.integer(&VARIABLES["SENDS_IN_FLIGHT"])?,
                waiting: env.integer(&VARIABLES["SENDS_WAITING"])?,
                ack_patience: seconds("ACK_PATIENCE_SECONDS")?,
                settle_tries: env.integer(&VARIABLES["SETTLE_TRIES"])?,
                deadline: millis("SEND_DEADLINE_MS")?,
                keep: retention,
                keep_events: days(env, "EVENTS_DAYS")?,
            },
            files: file_limits(env, retention)?,
            missing_ffmpeg: env
                .optional_path(FFMPEG_BIN)
                .filter(|program| !is_off(program) && !is_executable(program)),
            media: media_limits(env)?,
            backups: Backups {
                folder: folder(env, "BACKUP_DIR")?,
                key: backup_key(env)?,
                keep: env.integer(&VARIABLES["BACKUP_KEEP"])?,
            },
            backup_every: match env.integer(&VARIABLES["BACKUP_EVERY_HOURS"])? {
                0 => None,
                hours => Some(Duration::from_hours(hours)),
            },
            limits: Limits {
                restart_budget: env.integer(&VARIABLES["RESTART_BUDGET"])?,
                restart_window: seconds("RESTART_WINDOW_SECONDS")?,
                restart_backoff: millis("RESTART_BACKOFF_MS")?,
                retry_interval: seconds("RETRY_SECONDS")?,
                code_rounds: env.integer(&VARIABLES["QR_ROUNDS"])?,
                sync_patience: seconds("SYNC_PATIENCE_SECONDS")?,
                delivery_patience: seconds("DELIVERY_PATIENCE_SECONDS")?,
                tools_patience: seconds("TOOLS_PATIENCE_SECONDS")?,
            },
            heartbeat: HeartbeatConfig {
                heartbeat_every: millis("HEARTBEAT_MS")?,
                heartbeat_deadline: millis("HEARTBEAT_DEADLINE_MS")?,
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
            masked(self.token.as_ref()),
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
            masked(self.backups.key.as_ref()),
            self.backups.folder.display(),
        )
    }

    /// Returns warnings about valid but risky settings.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.obsolete.clone();
        if runs_as_root() {
            let warning =
                "running as root: the browser runs with --no-sandbox; a dedicated user is safer";
            warnings.push(warning.to_owned());
        }
        if is_guessable(self.token.as_ref(), MIN_TOKEN_LENGTH) {
            let warning = "SESSION_MANAGER_TOKEN has fewer than 16 characters: anyone who can reach the service can guess it";
            warnings.push(warning.to_owned());
        }
        if let Some(program) = &self.missing_ffmpeg {
            let path = program.display();
            warnings.push(format!(
                "FFMPEG_BIN: {path} does not exist or is not executable: files that need a conversion are refused"
            ));
        }
        if self.previous_token.is_some() {
            let warning = "SESSION_MANAGER_TOKEN_PREVIOUS is still accepted: remove it once all callers have the new token";
            warnings.push(warning.to_owned());
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
        .map_err(|expected| EnvError::invalid_secret(&env.describe_source("BACKUP_KEY"), expected))
}

fn chrome_args(env: &Env) -> Result<Vec<String>, EnvError> {
    let Some(text) = env.text("CHROME_ARGS")? else {
        return Ok(Vec::new());
    };
    let expected = "Chrome flags as a shell would split them, with every quote closed";
    let words =
        shlex::split(&text).ok_or_else(|| EnvError::invalid("CHROME_ARGS", &text, expected))?;
    // Each of these is set by the service; Chrome would use the last value.
    let reserved = ["--user-data-dir", "--remote-debugging"];
    match words
        .iter()
        .find(|word| reserved.iter().any(|flag| word.starts_with(flag)))
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
    Ok(match env.word(&VARIABLES["PRESENCE"])? {
        "available" => Presence::Available,
        _ => Presence::Unavailable,
    })
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

fn file_limits(env: &Env, retention: Duration) -> Result<FileLimits, EnvError> {
    let hosts = env.text("FILE_URL_HOSTS")?.unwrap_or_default();
    let max_size = env.integer(&VARIABLES["FILE_MAX_MIB"])?;
    let quota: u64 = env.integer(&VARIABLES["FILES_QUOTA_MIB"])?;
    let quota_of_cliente = env.optional_integer(&VARIABLES["FILES_QUOTA_CLIENTE_MIB"])?;
    // At least one file, if the quota has room for one.
    let share = || (quota / 4).max(max_size).min(quota);
    Ok(FileLimits {
        max_size: max_size * MIB,
        quota: quota * MIB,
        quota_of_cliente: quota_of_cliente.unwrap_or_else(share) * MIB,
        keep: Duration::from_hours(env.integer(&VARIABLES["FILES_KEEP_HOURS"])?),
        retention,
        hosts: hosts
            .parse()
            .map_err(|expected| EnvError::invalid("FILE_URL_HOSTS", &hosts, expected))?,
        ffmpeg: ffmpeg(env),
    })
}

fn media_limits(env: &Env) -> Result<MediaLimits, EnvError> {
    let mebibytes = |name| {
        env.integer(&VARIABLES[name])
            .map(|number: u64| number * MIB)
    };
    let keep = days(env, "MEDIA_KEEP_DAYS")?;
    Ok(MediaLimits {
        download: match env.word(&VARIABLES["MEDIA_DOWNLOAD"])? {
            "demand" => Download::Demand,
            "off" => Download::Off,
            _ => Download::Auto,
        },
        auto_max_size: mebibytes("MEDIA_AUTO_MIB")?,
        quota: mebibytes("MEDIA_QUOTA_MIB")?,
        keep,
        retention: keep.max(days(env, "EVENTS_DAYS")?),
    })
}

fn days(env: &Env, name: &str) -> Result<Duration, EnvError> {
    let days: u64 = env.integer(&VARIABLES[name])?;
    Ok(Duration::from_hours(24 * days))
}

fn folder(env: &Env, name: &'static str) -> Result<PathBuf, ConfigError> {
    let path = env.path(&VARIABLES[name]);
    std::path::absolute(&path).map_err(|error| ConfigError::WorkingFolder(name, path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<Config, String> {
        Config::from_env(&Env::from_pairs(pairs.iter().copied())).map_err(|e| e.to_string())
    }

    #[test]
    fn defaults_match_the_contract() {
        let config = parse(&[]).unwrap();
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
            let error = parse(&[(name, value)]).unwrap_err();
            assert!(error.contains(name) && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn chrome_args_are_split_as_a_shell_does() {
        let config = parse(&[("CHROME_ARGS", "--lang=es --proxy-server='http://a b'")]).unwrap();
        assert_eq!(
            config.browser.extra_args,
            ["--lang=es", "--proxy-server=http://a b"]
        );
    }

    #[test]
    fn ffmpeg_is_optional_and_can_be_switched_off() {
        for (value, is_missing) in [("off", false), ("/nowhere/ffmpeg", true)] {
            let config = parse(&[("FFMPEG_BIN", value), ("PATH", "/usr/bin:/bin")]).unwrap();
            assert_eq!(config.files.ffmpeg, None, "{value}");
            let warned = config
                .warnings()
                .iter()
                .any(|warning| warning.contains("FFMPEG_BIN"));
            assert_eq!(warned, is_missing, "{value}");
        }
        let config = parse(&[("FFMPEG_BIN", "/bin/sh")]).unwrap();
        assert_eq!(config.files.ffmpeg, Some("/bin/sh".into()));
    }

    #[test]
    fn open_to_others_only_with_a_token() {
        assert!(parse(&[("HOST", "0.0.0.0")]).is_err());
        let config = parse(&[
            ("HOST", "0.0.0.0"),
            ("SESSION_MANAGER_TOKEN", "hush-hush-hush-hush"),
        ])
        .unwrap();
        assert!(!config.summary().contains("hush"));
        assert!(!format!("{config:?}").contains("hush"));
        assert!(parse(&[("HOST", "0.0.0.0"), ("SESSION_MANAGER_TOKEN", "hush")]).is_err());
        assert!(parse(&[("SESSION_MANAGER_TOKEN", "hush")]).is_ok());
    }
}
