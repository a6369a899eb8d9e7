//! Configuration (`Config`): the environment variables, parsed and validated
//! once at the start.

pub mod alerts;
mod allowed_hosts;
mod backups;
mod database_location;
pub mod smtp;
mod variables;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use jiff::tz::TimeZone;
use phone_number::Home;
use service_runtime::env::{mask_userinfo, masked};
use service_runtime::listen::{
    Hosts, ListenError, MIN_PASSWORD_LENGTH, MIN_TOKEN_LENGTH, ensure_loopback_or_token,
    ensure_not_guessable, is_guessable,
};
use service_runtime::liveness;
use service_runtime::{Env, EnvError, Environment, ExposeSecret, SecretString, TrustedProxies};
use url::Url;

pub use alerts::AlertConfig;
pub use allowed_hosts::{AllowedHosts, BadHosts};
pub use backups::BackupConfig;
pub use database_location::{BadDatabaseLocation, DatabaseLocation};
pub use variables::{DEFAULT_PORT, VARIABLES};

/// The configuration of the service.
#[derive(Clone, Debug)]
pub struct Config {
    /// `HOST`.
    pub hosts: Hosts,
    /// `PORT`.
    pub port: u16,
    /// `NODE_ENV`.
    pub environment: Environment,
    /// `SESSION_MANAGER_BASE_URL`.
    pub session_manager: Url,
    /// `SESSION_MANAGER_TOKEN`.
    pub session_manager_token: Option<SecretString>,
    /// `DRY_RUN`: whether sends are only simulated.
    pub dry_run: bool,
    /// `AUTO_CAMPAIGNS_ENABLED`.
    pub auto_campaigns: bool,
    /// `DATABASE_URL`, or the file in `DATA_DIR`.
    pub database: DatabaseLocation,
    /// `TZ`: the zone of the schedules' hours.
    pub zone: TimeZone,
    /// `PHONE_REGION`: the country of numbers without a country code.
    pub home: Home,
    /// `HUB_ADMIN_PASSWORD`.
    pub admin_password: Option<SecretString>,
    /// `INTERNAL_TOKEN`: for programs that report messages.
    pub internal_token: Option<SecretString>,
    /// `INTERNAL_TOKEN_PREVIOUS`: also accepted, while the programs change over.
    pub previous_internal_token: Option<SecretString>,
    /// `TRUSTED_PROXIES`
    pub trusted_proxies: TrustedProxies,
    /// `WEBHOOK_ALLOWED_HOSTS`
    pub webhook_hosts: AllowedHosts,
    /// `SMTP_URL`, `ALERT_…`
    pub alerts: AlertConfig,
    /// `BACKUP_KEY`, `BACKUP_DIR`, `BACKUP_KEEP`, `BACKUP_EVERY_HOURS`
    pub backups: BackupConfig,
    /// `WATCHDOG_SECONDS`: after how long a hang ends the process.
    pub ends_after: Option<Duration>,
    /// Warnings about variables of the former Node services that are still set.
    obsolete: Vec<String>,
}

const MOVED_DATABASE: &str = "the data is now in DATABASE_URL or DATA_DIR; \
     `central-hub import-node mysql://…` brings it over, once";
const NOT_ITS_OWN_CALLER: &str =
    "session-manager no longer calls the hub, so this variable is ignored";

/// Obsolete variables of the Node hub and its listener, each with its
/// replacement.
const OBSOLETE: &[(&str, &str)] = &[
    ("DB_HOST", MOVED_DATABASE),
    ("DB_PORT", MOVED_DATABASE),
    ("DB_USER", MOVED_DATABASE),
    ("DB_PASSWORD", MOVED_DATABASE),
    ("DB_NAME", MOVED_DATABASE),
    (
        "JWT_SECRET",
        "the hub makes a key of its own and keeps it in its database; whoever was signed in \
         signs in again",
    ),
    ("CENTRAL_HUB_BASE_URL", NOT_ITS_OWN_CALLER),
    ("CENTRAL_HUB_USER", NOT_ITS_OWN_CALLER),
    ("CENTRAL_HUB_PASS", NOT_ITS_OWN_CALLER),
    (
        "CLIENTE_ID",
        "there is one session for all businesses, and each request says its own",
    ),
];
const OLD_INTERNAL_TOKEN: &str = "INTERNAL_LISTENER_TOKEN";
const PREVIOUS_INTERNAL_TOKEN: &str = "INTERNAL_TOKEN_PREVIOUS";

/// An invalid configuration: the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable is missing or invalid.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// `HOST` is reachable from other machines and no password is set.
    #[error(transparent)]
    Listen(#[from] ListenError),
}

impl Config {
    /// Reads the configuration from `env`.
    ///
    /// # Errors
    /// The first variable that is missing or invalid.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let session_manager = env.required_http_url("SESSION_MANAGER_BASE_URL")?;
        let hosts = env.hosts("HOST")?;
        let admin_password = env.secret("HUB_ADMIN_PASSWORD")?;
        let backups = BackupConfig::from_env(env)?;
        let config = Self {
            hosts,
            port: env.port("PORT", DEFAULT_PORT)?,
            environment: env.environment()?,
            session_manager,
            session_manager_token: env.secret("SESSION_MANAGER_TOKEN")?,
            dry_run: env.flag(&VARIABLES["DRY_RUN"])?,
            auto_campaigns: env.flag(&VARIABLES["AUTO_CAMPAIGNS_ENABLED"])?,
            database: database(env)?,
            zone: zone(env)?,
            home: home(env)?,
            admin_password,
            internal_token: match env.secret("INTERNAL_TOKEN")? {
                Some(token) => Some(token),
                None => env.secret(OLD_INTERNAL_TOKEN)?,
            },
            previous_internal_token: env.secret(PREVIOUS_INTERNAL_TOKEN)?,
            trusted_proxies: listed(env, "TRUSTED_PROXIES")?,
            webhook_hosts: listed(env, "WEBHOOK_ALLOWED_HOSTS")?,
            alerts: AlertConfig::from_env(env, backups.every)?,
            backups,
            ends_after: liveness::ends_after(env)?,
            obsolete: obsolete(env),
        };
        let hosts = &config.hosts;
        ensure_loopback_or_token(hosts, config.admin_password.is_some(), "HUB_ADMIN_PASSWORD")?;
        for (secret, variable, least) in config.secrets() {
            ensure_not_guessable(hosts, secret, variable, least)?;
        }
        if config.internal_token.is_none() && config.previous_internal_token.is_some() {
            return Err(EnvError::missing("INTERNAL_TOKEN").into());
        }
        Ok(config)
    }

    /// The secrets that grant access: value, variable, minimum length.
    fn secrets(&self) -> [(Option<&SecretString>, &'static str, usize); 3] {
        let (password, token) = (self.admin_password.as_ref(), self.internal_token.as_ref());
        let previous = self.previous_internal_token.as_ref();
        [
            (password, "HUB_ADMIN_PASSWORD", MIN_PASSWORD_LENGTH),
            (token, "INTERNAL_TOKEN", MIN_TOKEN_LENGTH),
            (previous, PREVIOUS_INTERNAL_TOKEN, MIN_TOKEN_LENGTH),
        ]
    }

    /// Warnings to log at start: obsolete variables, and secrets short enough
    /// to be guessed, which are allowed while only this machine or a proxy
    /// reaches the hub.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.obsolete.clone();
        let guessable = self
            .secrets()
            .into_iter()
            .filter(|(secret, _, least)| is_guessable(*secret, *least))
            .map(|(_, variable, least)| {
                format!("{variable} has fewer than {least} characters and can be guessed")
            });
        warnings.extend(guessable);
        if self.previous_internal_token.is_some() {
            let both = "INTERNAL_TOKEN_PREVIOUS is accepted as well: remove it once all programs have the new token";
            warnings.push(both.to_owned());
        }
        warnings
    }

    /// Returns the name of the zone.
    #[must_use]
    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The configuration on one line, with secrets masked.
    /// `SESSION_MANAGER_BASE_URL` appears under another name: operators search
    /// the log for it when it is missing, and must not find it after a healthy
    /// start.
    #[must_use]
    pub fn summary(&self) -> String {
        format!(
            "PORT={} HOST={} NODE_ENV={} session-manager={} DRY_RUN={} AUTO_CAMPAIGNS_ENABLED={} DATABASE_URL={} TZ={} PHONE_REGION={} SESSION_MANAGER_TOKEN={} HUB_ADMIN_PASSWORD={} INTERNAL_TOKEN={} TRUSTED_PROXIES={} WEBHOOK_ALLOWED_HOSTS={} {} BACKUP_KEY={}",
            self.port,
            self.hosts,
            self.environment,
            mask_userinfo(self.session_manager.as_str()),
            self.dry_run,
            self.auto_campaigns,
            self.database,
            self.zone_name(),
            self.home,
            masked(self.session_manager_token.as_ref()),
            masked(self.admin_password.as_ref()),
            masked(self.internal_token.as_ref()),
            self.trusted_proxies,
            self.webhook_hosts,
            self.alerts.summary(),
            masked(self.backups.key.as_ref()),
        )
    }
}

fn obsolete(env: &Env) -> Vec<String> {
    let mut warnings = env.obsolete(OBSOLETE);
    if env.raw(OLD_INTERNAL_TOKEN).is_some() {
        let what = if env.raw("INTERNAL_TOKEN").is_some() {
            "INTERNAL_TOKEN is set as well and takes precedence"
        } else {
            "it is used as INTERNAL_TOKEN, which is its name here"
        };
        warnings.extend(env.obsolete(&[(OLD_INTERNAL_TOKEN, what)]));
    }
    warnings
}

/// Parses a variable; `None` if it is unset.
fn parsed<T>(
    env: &Env,
    name: &str,
    parse: impl FnOnce(&str) -> Option<T>,
    takes: &str,
) -> Result<Option<T>, EnvError> {
    let Some(text) = env.text(name)? else {
        return Ok(None);
    };
    match parse(&text) {
        Some(value) => Ok(Some(value)),
        None => Err(EnvError::invalid(name, &text, takes)),
    }
}

/// Parses a comma-separated list; an unset variable is an empty list.
fn listed<T>(env: &Env, name: &str) -> Result<T, EnvError>
where
    T: Default + FromStr,
    T::Err: fmt::Display,
{
    let Some(text) = env.text(name)? else {
        return Ok(T::default());
    };
    text.parse()
        .map_err(|takes: T::Err| EnvError::invalid(name, &text, takes))
}

/// `TZ`: an IANA time zone name, with or without the `:` that the C library
/// accepts.
///
/// # Errors
/// When `TZ` is not a known time zone.
pub fn zone(env: &Env) -> Result<TimeZone, EnvError> {
    let name = env.text_or_default(&VARIABLES["TZ"])?;
    TimeZone::get(name.strip_prefix(':').unwrap_or(&name)).map_err(|_| {
        let takes = "the name of a time zone such as America/Argentina/Buenos_Aires or UTC";
        EnvError::invalid("TZ", &name, takes)
    })
}

/// `PHONE_REGION`: the country of numbers without a country code.
///
/// # Errors
/// When `PHONE_REGION` is not a country code.
pub fn home(env: &Env) -> Result<Home, EnvError> {
    let text = env.text_or_default(&VARIABLES["PHONE_REGION"])?;
    text.parse()
        .map_err(|takes| EnvError::invalid("PHONE_REGION", &text, takes))
}

/// `DATABASE_URL`, or the file in `DATA_DIR`.
///
/// # Errors
/// When the value is invalid.
pub fn database(env: &Env) -> Result<DatabaseLocation, EnvError> {
    let Some(secret) = env.secret_text("DATABASE_URL")? else {
        let folder = absolute("DATA_DIR", &env.path(&VARIABLES["DATA_DIR"]))?;
        return Ok(DatabaseLocation::in_folder(&folder));
    };
    let text = secret.expose_secret();
    match text.parse() {
        Ok(DatabaseLocation::Sqlite(file)) => {
            let file = env.resolved(file);
            Ok(DatabaseLocation::Sqlite(absolute("DATABASE_URL", &file)?))
        }
        Ok(postgres) => Ok(postgres),
        // The value may contain a password.
        Err(takes) if env.raw("DATABASE_URL").is_some() => Err(EnvError::invalid(
            "DATABASE_URL",
            mask_userinfo(text),
            takes,
        )),
        Err(takes) => Err(EnvError::invalid_secret(
            &env.describe_source("DATABASE_URL"),
            takes,
        )),
    }
}

/// Makes a path absolute, so that the log shows it independently of the working
/// directory.
fn absolute(name: &str, path: &Path) -> Result<PathBuf, EnvError> {
    std::path::absolute(path).map_err(|error| EnvError::invalid(name, path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, String> {
        let base = [(
            "SESSION_MANAGER_BASE_URL",
            "http://user:hunter2@localhost:3001",
        )];
        let env = Env::from_pairs(base.iter().chain(pairs).copied());
        Config::from_env(&env).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_the_contracts() {
        let config = read(&[]).unwrap();
        assert_eq!(config.hosts, Hosts::default());
        assert_eq!(config.port, 3012);
        assert!(config.dry_run);
        assert!(!config.auto_campaigns);
        let file = std::path::absolute("data/hub.db").unwrap();
        assert_eq!(config.database, DatabaseLocation::Sqlite(file.clone()));
        let summary = config
            .summary()
            .replace(&file.display().to_string(), "(file)");
        assert_eq!(
            summary,
            "PORT=3012 HOST=127.0.0.1,::1 NODE_ENV=development session-manager=http://***@localhost:3001/ DRY_RUN=true AUTO_CAMPAIGNS_ENABLED=false DATABASE_URL=sqlite:(file) TZ=America/Argentina/Buenos_Aires PHONE_REGION=AR SESSION_MANAGER_TOKEN=(none) HUB_ADMIN_PASSWORD=(none) INTERNAL_TOKEN=(none) TRUSTED_PROXIES=(none) WEBHOOK_ALLOWED_HOSTS=(none) SMTP_URL=(none) ALERT_EMAIL_TO=(none) ALERT_WEBHOOK_URL=(none) ALERT_QUIET_HOURS=(none) ALERT_DIGEST_AT=(none) BACKUP_KEY=(none)"
        );
    }

    #[test]
    fn the_node_hubs_variables_are_warnings() {
        let names = OBSOLETE.iter().map(|(name, _)| *name);
        let old: Vec<_> = names.map(|name| (name, "hunter8")).collect();
        let config = read(&old).unwrap();
        assert_eq!(config.obsolete.len(), OBSOLETE.len());
        for (warning, (name, _)) in config.obsolete.iter().zip(&old) {
            assert!(warning.starts_with(&format!("{name} belongs to the former Node service: ")));
            assert!(!warning.contains("hunter"), "{warning}");
        }
        assert!(read(&[]).unwrap().obsolete.is_empty());
        // The token that stays in effect, under either name.
        let token = |pairs: &[(&str, &str)]| {
            let config = read(pairs).unwrap();
            let token = config.internal_token.unwrap();
            (
                secrecy::ExposeSecret::expose_secret(&token).to_owned(),
                config.obsolete.len(),
            )
        };
        assert_eq!(token(&[(OLD_INTERNAL_TOKEN, "one")]), ("one".to_owned(), 1));
        let both = [(OLD_INTERNAL_TOKEN, "one"), ("INTERNAL_TOKEN", "two")];
        assert_eq!(token(&both), ("two".to_owned(), 1));
        assert_eq!(token(&[("INTERNAL_TOKEN", "two")]), ("two".to_owned(), 0));
    }

    #[test]
    fn secrets_show_nowhere() {
        let config = read(&[
            ("SESSION_MANAGER_TOKEN", "hunter3"),
            ("HUB_ADMIN_PASSWORD", "hunter4"),
            ("INTERNAL_TOKEN", "hunter6"),
            ("INTERNAL_TOKEN_PREVIOUS", "hunter7"),
            ("DATABASE_URL", "postgres://me:hunter5@db/leads"),
        ])
        .unwrap();
        assert!(!config.summary().contains("hunter"), "{}", config.summary());
        assert!(!config.warnings().join(" ").contains("hunter"));
    }

    #[test]
    fn previous_internal_token_is_warned_of_and_needs_a_new_one() {
        let pairs = [
            ("INTERNAL_TOKEN", "0123456789abcdef"),
            ("INTERNAL_TOKEN_PREVIOUS", "0123456789abcdeg"),
        ];
        let warnings = read(&pairs).unwrap().warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].starts_with("INTERNAL_TOKEN_PREVIOUS is accepted as well"));
        let error = read(&pairs[1..]).unwrap_err();
        assert!(error.starts_with("INTERNAL_TOKEN "), "{error}");
    }

    #[test]
    fn beyond_loopback_no_secret_that_can_be_guessed() {
        let open = |password, token| {
            let pairs = [
                ("HOST", "0.0.0.0"),
                ("HUB_ADMIN_PASSWORD", password),
                ("INTERNAL_TOKEN", token),
            ];
            read(&pairs)
        };
        assert!(open("0123456789", "0123456789abcdef").is_ok());
        for (password, token, variable) in [
            ("x", "0123456789abcdef", "HUB_ADMIN_PASSWORD"),
            ("0123456789", "x", "INTERNAL_TOKEN"),
        ] {
            let error = open(password, token).unwrap_err();
            assert!(error.contains(variable), "{error}");
        }
        let short = read(&[("HUB_ADMIN_PASSWORD", "x")]).unwrap();
        assert_eq!(short.warnings().len(), 1, "{:?}", short.warnings());
    }

    #[test]
    fn dry_run_accepts_only_true_or_false() {
        for word in ["False", "0", "no", " false", "FALSE", "off"] {
            let error = read(&[("DRY_RUN", word)]).unwrap_err();
            assert!(error.starts_with("DRY_RUN is "), "{error}");
        }
        assert!(!read(&[("DRY_RUN", "false")]).unwrap().dry_run);
    }

    #[test]
    fn zones() {
        assert_eq!(
            read(&[]).unwrap().zone_name(),
            "America/Argentina/Buenos_Aires"
        );
        for (name, zone) in [
            ("Europe/Madrid", "Europe/Madrid"),
            (":America/Santiago", "America/Santiago"),
            ("UTC", "UTC"),
        ] {
            assert_eq!(read(&[("TZ", name)]).unwrap().zone_name(), zone);
        }
        for bad in ["Argentina", "ART", "GMT-3", "/etc/localtime", " UTC"] {
            let error = read(&[("TZ", bad)]).unwrap_err();
            assert!(error.starts_with("TZ is "), "{error}");
        }
    }

    #[test]
    fn regions() {
        assert_eq!(read(&[]).unwrap().home, Home::default());
        let config = read(&[("PHONE_REGION", "UY")]).unwrap();
        assert_eq!(config.home.to_string(), "UY");
        for bad in ["ar", "Argentina", "54", "XX", " AR"] {
            let error = read(&[("PHONE_REGION", bad)]).unwrap_err();
            assert!(error.starts_with("PHONE_REGION is "), "{error}");
        }
    }

    #[test]
    fn databases() {
        for good in ["sqlite:data/hub.db", "postgres://db/x", "postgresql://db/x"] {
            assert!(read(&[("DATABASE_URL", good)]).is_ok(), "{good}");
        }
        for bad in ["mysql://db/x", "hub.db", "sqlite:", "postgres:"] {
            assert!(read(&[("DATABASE_URL", bad)]).is_err(), "{bad}");
        }
    }
}
