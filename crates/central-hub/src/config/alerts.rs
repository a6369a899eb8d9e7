//! The channels, recipients and schedule of alerts: `SMTP_URL`, `ALERT_…`.

use std::fmt;
use std::time::Duration;

use jiff::civil::Time;
use service_runtime::env::{mask_userinfo, masked};
use service_runtime::{Env, EnvError, ExposeSecret, SecretString};
use url::Url;

use super::smtp::{self, EmailConfig};
use super::{VARIABLES, parsed};

/// The interval of backups where it is not known.
const BACKUP_EVERY: Duration = Duration::from_hours(24);
/// A backup is old once this many more should have been taken.
const MISSED_BACKUPS: u32 = 3;
/// The placeholders of a template for a webhook's body.
pub const PLACEHOLDERS: [&str; 7] = ["title", "text", "kind", "code", "severity", "at", "message"];

/// The channels, recipients and schedule of alerts.
#[derive(Clone, Debug)]
pub struct AlertConfig {
    /// `SMTP_URL`, `ALERT_EMAIL_FROM`, `ALERT_EMAIL_TO`.
    pub email: Option<EmailConfig>,
    /// `ALERT_WEBHOOK_URL` and its options.
    pub webhook: Option<AlertWebhook>,
    /// `ALERT_AFTER_MINUTES`: how long the session may be in a state other
    /// than `READY`.
    pub after: Duration,
    /// `ALERT_REPEAT_HOURS`: interval between reminders of an active alert.
    pub repeat: Option<Duration>,
    /// `ALERT_BACKUP_HOURS`: the age at which the newest backup is old, and how
    /// long there may be none.
    pub backup_after: Duration,
    /// `ALERT_QUIET_HOURS`.
    pub quiet: Option<QuietHours>,
    /// `ALERT_DIGEST_AT`.
    pub digest_at: Option<Time>,
    /// `ALERT_LANGUAGE`.
    pub language: Language,
    /// `ALERT_CERTIFICATE_URL`: the public URL of the page.
    pub certificate_url: Option<Url>,
}

/// The language of the notices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Español.
    #[default]
    Spanish,
    /// English.
    English,
}

impl Language {
    /// Returns its code in `ALERT_LANGUAGE`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spanish => "es",
            Self::English => "en",
        }
    }
}

/// The webhook that receives alerts.
#[derive(Clone)]
pub struct AlertWebhook {
    /// `ALERT_WEBHOOK_URL`; it may contain a secret.
    pub url: Url,
    /// `ALERT_WEBHOOK_SECRET`: the signing key.
    pub secret: Option<SecretString>,
    /// `ALERT_WEBHOOK_BODY`; if unset, the envelope of all webhooks is sent.
    pub body: Option<String>,
    /// `ALERT_WEBHOOK_TYPE`.
    pub encoding: BodyEncoding,
}

// The URL of a chat service's webhook is also its password.
impl fmt::Debug for AlertWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertWebhook")
            .field("host", &self.url.host_str())
            .field("encoding", &self.encoding)
            .finish_non_exhaustive()
    }
}

/// How values are encoded in a webhook's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyEncoding {
    /// `json`
    Json,
    /// `form`
    Form,
    /// `text`
    Text,
}

/// Hours, in the business's time zone, in which only critical alerts are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    from: Time,
    until: Time,
}

impl QuietHours {
    /// Parses `22:00-07:00`; it spans midnight if the end is not after the start.
    fn parse(text: &str) -> Option<Self> {
        let (from, until) = text.split_once('-')?;
        let (from, until) = (clock_time(from)?, clock_time(until)?);
        (from != until).then_some(Self { from, until })
    }

    /// Returns whether they contain this time of the day.
    #[must_use]
    pub fn contains(self, time: Time) -> bool {
        if self.from < self.until {
            (self.from..self.until).contains(&time)
        } else {
            time >= self.from || time < self.until
        }
    }
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", format_time(self.from), format_time(self.until))
    }
}

/// Formats a time as `HH:MM`.
#[must_use]
pub fn format_time(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

fn clock_time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| {
        let is_two = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_two.then(|| digits.parse::<i8>().ok()).flatten()
    };
    Time::new(two(hour)?, two(minute)?, 0, 0).ok()
}

impl AlertConfig {
    /// Reads the settings from `env`; `backup_every` is the interval of the
    /// hub's own backups.
    ///
    /// # Errors
    /// The first variable that is invalid, or missing although another needs it.
    pub fn from_env(env: &Env, backup_every: Option<Duration>) -> Result<Self, EnvError> {
        let hours = env.integer(&VARIABLES["ALERT_REPEAT_HOURS"])?;
        let backup_hours = env.optional_integer(&VARIABLES["ALERT_BACKUP_HOURS"])?;
        let missed = backup_every.unwrap_or(BACKUP_EVERY) * MISSED_BACKUPS;
        Ok(Self {
            email: smtp::email(env)?,
            webhook: webhook(env)?,
            after: Duration::from_mins(env.integer(&VARIABLES["ALERT_AFTER_MINUTES"])?),
            repeat: (hours > 0).then(|| Duration::from_hours(hours)),
            backup_after: backup_hours.map_or(missed, Duration::from_hours),
            quiet: parsed(
                env,
                "ALERT_QUIET_HOURS",
                QuietHours::parse,
                "two times of the day such as 22:00-07:00",
            )?,
            digest_at: parsed(
                env,
                "ALERT_DIGEST_AT",
                clock_time,
                "a time of the day such as 08:00",
            )?,
            language: match env.word(&VARIABLES["ALERT_LANGUAGE"])? {
                "en" => Language::English,
                _ => Language::Spanish,
            },
            certificate_url: parsed(
                env,
                "ALERT_CERTIFICATE_URL",
                |text| Url::parse(text).ok().filter(|url| url.scheme() == "https"),
                "the https:// address of the page, as people reach it",
            )?,
        })
    }

    /// Returns whether a channel is configured.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.email.is_some() || self.webhook.is_some()
    }

    /// Returns the settings for the log line at start, with secrets masked.
    pub(super) fn summary(&self) -> String {
        let none = || "(none)".to_owned();
        let email = self.email.as_ref();
        let recipients = email.map(|email| email.to.len().to_string());
        format!(
            "SMTP_URL={} ALERT_EMAIL_TO={} ALERT_WEBHOOK_URL={} ALERT_QUIET_HOURS={} ALERT_DIGEST_AT={}",
            email.map_or_else(none, |email| email.server.to_string()),
            recipients.map_or_else(none, |count| format!("({count})")),
            masked(self.webhook.as_ref()),
            self.quiet.map_or_else(none, |quiet| quiet.to_string()),
            self.digest_at.map_or_else(none, format_time),
        )
    }
}

fn webhook(env: &Env) -> Result<Option<AlertWebhook>, EnvError> {
    const URL: &str = "ALERT_WEBHOOK_URL";
    const BODY: &str = "ALERT_WEBHOOK_BODY";
    let secret = env.secret("ALERT_WEBHOOK_SECRET")?;
    let encoding = match env.word(&VARIABLES["ALERT_WEBHOOK_TYPE"])? {
        "form" => BodyEncoding::Form,
        "text" => BodyEncoding::Text,
        _ => BodyEncoding::Json,
    };
    let body = env.text(BODY)?;
    let Some(url) = env.secret_text(URL)? else {
        return match (secret, body) {
            (None, None) => Ok(None),
            _ => Err(EnvError::missing(URL)),
        };
    };
    let url = Url::parse(url.expose_secret())
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| EnvError::invalid_secret(URL, "an absolute http:// or https:// URL"))?;
    if encoding != BodyEncoding::Json && body.is_none() {
        return Err(EnvError::missing(BODY));
    }
    if let Some(text) = &body {
        check_template(text, encoding).map_err(|takes| EnvError::invalid(BODY, text, takes))?;
    }
    Ok(Some(AlertWebhook {
        url,
        secret,
        body,
        encoding,
    }))
}

/// Checks that all placeholders are known and, if required, that the result is
/// JSON.
fn check_template(text: &str, encoding: BodyEncoding) -> Result<(), String> {
    let placeholders = PLACEHOLDERS.map(|name| format!("{{{{{name}}}}}")).join(" ");
    let mut bare = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after
            .split_once("}}")
            .ok_or_else(|| format!("a text with {placeholders}"))?;
        if !PLACEHOLDERS.contains(&name.trim()) {
            return Err(format!("a text with {placeholders}"));
        }
        bare.push_str(before);
        bare.push('x');
        rest = after;
    }
    bare.push_str(rest);
    if encoding == BodyEncoding::Json && serde_json::from_str::<serde_json::Value>(&bare).is_err() {
        return Err(format!(
            "JSON in which {placeholders} stand within quotes, or ALERT_WEBHOOK_TYPE=form or text"
        ));
    }
    Ok(())
}

/// Returns the origin of a URL, without parts that may be secret.
#[must_use]
pub fn shown_host(url: &Url) -> String {
    let origin = url.origin().ascii_serialization();
    mask_userinfo(&origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<AlertConfig, String> {
        let env = Env::from_pairs(pairs.iter().copied());
        AlertConfig::from_env(&env, None).map_err(|error| error.to_string())
    }

    #[test]
    fn quiet_hours_may_span_midnight() {
        let parse = |text: &str| read(&[("ALERT_QUIET_HOURS", text)]).map(|it| it.quiet.unwrap());
        let at = |hour, minute| Time::constant(hour, minute, 0, 0);
        let night = parse("22:00-07:30").unwrap();
        assert!(night.contains(at(22, 0)) && night.contains(at(0, 0)) && night.contains(at(7, 29)));
        assert!(!night.contains(at(7, 30)) && !night.contains(at(21, 59)));
        let noon = parse("13:00-16:00").unwrap();
        assert!(noon.contains(at(13, 0)) && !noon.contains(at(16, 0)) && !noon.contains(at(0, 0)));
        for bad in [
            "22-7",
            "22:00",
            "24:00-07:00",
            "08:00-08:00",
            "22:0-07:00",
            "+2:00-07:00",
        ] {
            assert!(
                parse(bad).unwrap_err().starts_with("ALERT_QUIET_HOURS is "),
                "{bad}"
            );
        }
        assert!(read(&[("ALERT_DIGEST_AT", "8")]).is_err());
    }

    #[test]
    fn backups_are_old_after_three_intervals_unless_set() {
        let hours = |pairs: &[(&str, &str)], every: Option<u64>| {
            let env = Env::from_pairs(pairs.iter().copied());
            let config = AlertConfig::from_env(&env, every.map(Duration::from_hours));
            config.map(|config| config.backup_after.as_secs() / 3600)
        };
        assert_eq!(hours(&[], None).unwrap(), 72);
        assert_eq!(hours(&[], Some(24)).unwrap(), 72);
        assert_eq!(hours(&[], Some(168)).unwrap(), 504);
        assert_eq!(hours(&[], Some(8_760)).unwrap(), 26_280);
        let set = [("ALERT_BACKUP_HOURS", "30")];
        assert_eq!(hours(&set, Some(168)).unwrap(), 30);
        assert!(hours(&[("ALERT_BACKUP_HOURS", "0")], None).is_err());
    }

    #[test]
    fn template_has_only_known_placeholders_and_is_json_if_required() {
        let parse = |kind: &str, body: &str| {
            read(&[
                ("ALERT_WEBHOOK_URL", "https://hooks.example.com/T0/secret"),
                ("ALERT_WEBHOOK_TYPE", kind),
                ("ALERT_WEBHOOK_BODY", body),
            ])
        };
        assert!(parse("json", r#"{"text":"{{title}}\n{{ text }}"}"#).is_ok());
        assert!(parse("form", "To=%2B549&Body={{message}}").is_ok());
        assert!(parse("text", "{{message}}").is_ok());
        for (kind, body) in [
            ("json", r#"{"text":{{title}}"#),
            ("json", "{{title}}"),
            ("json", r#"{"text":"{{subject}}"}"#),
            ("form", "Body={{message"),
            ("form", ""),
        ] {
            let error = parse(kind, body).unwrap_err();
            assert!(error.starts_with("ALERT_WEBHOOK_BODY"), "{error}");
        }
        let config = parse("json", r#"{"text":"{{title}}"}"#).unwrap();
        assert!(!config.summary().contains("secret") && !format!("{config:?}").contains("T0"));
    }
}
