//! Whom alerts reach, by which ways, and when: `SMTP_URL`, `ALERT_…`.

use std::fmt;
use std::time::Duration;

use jiff::civil::Time;
use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use service_runtime::env::mask_userinfo;
use service_runtime::{Env, EnvError, ExposeSecret, SecretString};
use url::Url;

const MINUTE: Duration = Duration::from_secs(60);
/// What a template of a webhook's body may name.
pub const PLACEHOLDERS: [&str; 7] = ["title", "text", "kind", "code", "severity", "at", "message"];

/// Whom alerts reach, and when.
#[derive(Clone, Debug)]
pub struct AlertConfig {
    /// `SMTP_URL`, `ALERT_EMAIL_FROM`, `ALERT_EMAIL_TO`.
    pub email: Option<EmailConfig>,
    /// `ALERT_WEBHOOK_URL` and what belongs to it.
    pub webhook: Option<AlertWebhook>,
    /// `ALERT_AFTER_MINUTES`: how long the session may be other than `READY`.
    pub after: Duration,
    /// `ALERT_REPEAT_HOURS`: how often what holds is told again.
    pub repeat: Option<Duration>,
    /// `ALERT_QUIET_HOURS`.
    pub quiet: Option<QuietHours>,
    /// `ALERT_DIGEST_AT`.
    pub digest_at: Option<Time>,
    /// `ALERT_LANGUAGE`.
    pub language: Language,
    /// `ALERT_CERTIFICATE_URL`: the page as people reach it.
    pub certificate_url: Option<Url>,
}

/// Of the texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Español.
    #[default]
    Spanish,
    /// English.
    English,
}

impl Language {
    /// Its word in `ALERT_LANGUAGE`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spanish => "es",
            Self::English => "en",
        }
    }
}

/// How mail leaves.
#[derive(Clone, Debug)]
pub struct EmailConfig {
    /// `SMTP_URL`.
    pub server: SmtpServer,
    /// `ALERT_EMAIL_FROM`.
    pub from: Mailbox,
    /// `ALERT_EMAIL_TO`.
    pub to: Vec<Mailbox>,
}

/// Whether mail is encrypted on its way to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// From the first byte (`smtps://`).
    Wrapped,
    /// By STARTTLS, or not at all.
    Required,
    /// By STARTTLS where the server offers it.
    Opportunistic,
    /// Never.
    None,
}

/// A mail server, out of its URL.
#[derive(Clone, Debug)]
pub struct SmtpServer {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is encrypted.
    pub tls: SmtpTls,
    /// User and password.
    pub credentials: Option<(String, SecretString)>,
    /// Whether it is this machine's own, whose certificate is nobody's.
    pub is_near: bool,
}

impl fmt::Display for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.tls {
            SmtpTls::Wrapped => "smtps",
            _ => "smtp",
        };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

const SMTP_TAKES: &str = "smtp://user:password@host:587 (STARTTLS), smtps://user:password@host:465, \
     or smtp://localhost:25; ?tls=required, opportunistic or none";

impl SmtpServer {
    /// Reads a URL. A server that is not this machine gets nothing in the clear
    /// unless that is asked for.
    fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let host = url.host_str().filter(|host| !host.is_empty())?.to_owned();
        let mut asked = None;
        for (name, value) in url.query_pairs() {
            if name != "tls" || asked.is_some() {
                return None;
            }
            asked = Some(value.into_owned());
        }
        let is_near = matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]");
        let (tls, port) = match (url.scheme(), asked.as_deref()) {
            ("smtps", None) => (SmtpTls::Wrapped, 465),
            ("smtp", None) if is_near => (SmtpTls::Opportunistic, 25),
            ("smtp", None | Some("required")) => (SmtpTls::Required, 587),
            ("smtp", Some("opportunistic")) => (SmtpTls::Opportunistic, 25),
            ("smtp", Some("none")) => (SmtpTls::None, 25),
            _ => return None,
        };
        let decoded = |text: &str| {
            let decoded = percent_decode_str(text).decode_utf8().ok()?;
            Some(decoded.into_owned())
        };
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => {
                Some((decoded(user)?, SecretString::from(decoded(password)?)))
            }
            _ => return None,
        };
        let has_no_path = matches!(url.path(), "" | "/") && url.fragment().is_none();
        has_no_path.then(|| Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(port),
            tls,
            credentials,
            is_near,
        })
    }
}

/// How a program is told.
#[derive(Clone)]
pub struct AlertWebhook {
    /// `ALERT_WEBHOOK_URL`; it may hold a secret.
    pub url: Url,
    /// `ALERT_WEBHOOK_SECRET`: what it is signed with.
    pub secret: Option<SecretString>,
    /// `ALERT_WEBHOOK_BODY`; without it the envelope of every webhook.
    pub body: Option<String>,
    /// `ALERT_WEBHOOK_TYPE`.
    pub encoding: BodyEncoding,
}

// The address of a chat's hook is its password.
impl fmt::Debug for AlertWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertWebhook")
            .field("host", &self.url.host_str())
            .field("encoding", &self.encoding)
            .finish_non_exhaustive()
    }
}

/// How values stand in a webhook's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyEncoding {
    /// `json`
    Json,
    /// `form`
    Form,
    /// `text`
    Text,
}

/// Hours of the business's zone in which only what cannot wait is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    from: Time,
    until: Time,
}

impl QuietHours {
    /// `22:00-07:00`; over midnight where the end is not after the beginning.
    fn parse(text: &str) -> Option<Self> {
        let (from, until) = text.split_once('-')?;
        let (from, until) = (clock_time(from)?, clock_time(until)?);
        (from != until).then_some(Self { from, until })
    }

    /// Whether this time of the day is among them.
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
        write!(f, "{}-{}", shown(self.from), shown(self.until))
    }
}

/// `HH:MM`.
#[must_use]
pub fn shown(time: Time) -> String {
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
    /// Reads `env`.
    ///
    /// # Errors
    /// The first variable that is nonsense, or is missing beside another one.
    pub fn from_env(env: &Env) -> Result<Self, EnvError> {
        let hours = env.integer("ALERT_REPEAT_HOURS", 0..=168, 4)?;
        let language = env.word("ALERT_LANGUAGE", &["es", "en"], "es")?;
        Ok(Self {
            email: email(env)?,
            webhook: webhook(env)?,
            after: MINUTE
                * u32::try_from(env.integer("ALERT_AFTER_MINUTES", 0..=1440, 10)?).unwrap_or(10),
            repeat: (hours > 0).then(|| Duration::from_secs(3600 * hours)),
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
            language: if language == "en" {
                Language::English
            } else {
                Language::Spanish
            },
            certificate_url: parsed(
                env,
                "ALERT_CERTIFICATE_URL",
                |text| Url::parse(text).ok().filter(|url| url.scheme() == "https"),
                "the https:// address of the page, as people reach it",
            )?,
        })
    }

    /// Whether anybody is told.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.email.is_some() || self.webhook.is_some()
    }

    /// For the line that tells what the service runs with.
    pub(super) fn summary(&self) -> String {
        let none = || "(none)".to_owned();
        let email = self.email.as_ref();
        let to = email.map(|email| email.to.len().to_string());
        format!(
            "SMTP_URL={} ALERT_EMAIL_TO={} ALERT_WEBHOOK_URL={} ALERT_QUIET_HOURS={} ALERT_DIGEST_AT={}",
            email.map_or_else(none, |email| email.server.to_string()),
            to.map_or_else(none, |count| format!("({count})")),
            self.webhook
                .as_ref()
                .map_or_else(none, |_| "***".to_owned()),
            self.quiet.map_or_else(none, |quiet| quiet.to_string()),
            self.digest_at.map_or_else(none, shown),
        )
    }
}

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

fn email(env: &Env) -> Result<Option<EmailConfig>, EnvError> {
    const FROM: &str = "ALERT_EMAIL_FROM";
    const TO: &str = "ALERT_EMAIL_TO";
    let from = parsed(
        env,
        FROM,
        |text| text.parse().ok(),
        "an address such as LeadMaster <alertas@example.com>",
    )?;
    let to = parsed(
        env,
        TO,
        |text| {
            let all = text.split(',').map(|one| one.trim().parse());
            let all: Result<Vec<Mailbox>, _> = all.collect();
            all.ok()
        },
        "addresses by commas, such as ana@example.com,beto@example.com",
    )?;
    let Some(secret) = env.secret_text("SMTP_URL")? else {
        return match (to, from) {
            (None, None) => Ok(None),
            _ => Err(EnvError::missing("SMTP_URL")),
        };
    };
    let server = SmtpServer::parse(secret.expose_secret())
        .ok_or_else(|| EnvError::invalid_secret("SMTP_URL", SMTP_TAKES))?;
    Ok(Some(EmailConfig {
        server,
        from: from.ok_or_else(|| EnvError::missing(FROM))?,
        to: to.ok_or_else(|| EnvError::missing(TO))?,
    }))
}

fn webhook(env: &Env) -> Result<Option<AlertWebhook>, EnvError> {
    const URL: &str = "ALERT_WEBHOOK_URL";
    const BODY: &str = "ALERT_WEBHOOK_BODY";
    let secret = env.secret("ALERT_WEBHOOK_SECRET")?;
    let encoding = match env.word("ALERT_WEBHOOK_TYPE", &["json", "form", "text"], "json")? {
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

/// Whether every placeholder is known, and what comes of it JSON where it has to.
fn check_template(text: &str, encoding: BodyEncoding) -> Result<(), String> {
    let known = PLACEHOLDERS.map(|name| format!("{{{{{name}}}}}")).join(" ");
    let mut bare = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        let (name, behind) = behind
            .split_once("}}")
            .ok_or_else(|| format!("a text with {known}"))?;
        if !PLACEHOLDERS.contains(&name.trim()) {
            return Err(format!("a text with {known}"));
        }
        bare.push_str(before);
        bare.push('x');
        rest = behind;
    }
    bare.push_str(rest);
    if encoding == BodyEncoding::Json && serde_json::from_str::<serde_json::Value>(&bare).is_err() {
        return Err(format!(
            "JSON in which {known} stand within quotes, or ALERT_WEBHOOK_TYPE=form or text"
        ));
    }
    Ok(())
}

/// The address without what may be secret in it.
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
        AlertConfig::from_env(&env).map_err(|error| error.to_string())
    }

    fn mail(url: &str) -> Result<SmtpServer, String> {
        let config = read(&[
            ("SMTP_URL", url),
            ("ALERT_EMAIL_FROM", "LeadMaster <a@example.com>"),
            ("ALERT_EMAIL_TO", "b@example.com, Ana <c@example.com>"),
        ])?;
        let email = config.email.unwrap();
        assert_eq!(email.to.len(), 2);
        Ok(email.server)
    }

    #[test]
    fn nothing_goes_in_the_clear_beyond_this_machine_unless_asked() {
        for (url, tls, port) in [
            ("smtp://localhost", SmtpTls::Opportunistic, 25),
            ("smtp://[::1]:2525", SmtpTls::Opportunistic, 2525),
            ("smtp://mail.example.com", SmtpTls::Required, 587),
            ("smtp://10.0.0.5:25", SmtpTls::Required, 25),
            ("smtp://mail.example.com?tls=none", SmtpTls::None, 25),
            ("smtps://u:p@mail.example.com", SmtpTls::Wrapped, 465),
        ] {
            let server = mail(url).unwrap();
            assert_eq!((server.tls, server.port), (tls, port), "{url}");
        }
        let server = mail("smtps://ana%40example.com:p%2F%3Aq@mail.example.com").unwrap();
        let (user, password) = server.credentials.unwrap();
        assert_eq!(
            (user.as_str(), password.expose_secret()),
            ("ana@example.com", "p/:q")
        );
    }

    #[test]
    fn bad_addresses_are_refused_without_the_password() {
        for bad in [
            "mail.example.com",
            "http://u:hunter2@mail.example.com",
            "smtp://u@mail.example.com",
            "smtp://u:hunter2@mail.example.com/inbox",
            "smtp://u:hunter2@mail.example.com?tls=maybe",
            "smtps://u:hunter2@mail.example.com?tls=none",
        ] {
            let error = mail(bad).unwrap_err();
            assert!(error.starts_with("SMTP_URL "), "{error}");
            assert!(!error.contains("hunter"), "{error}");
        }
        let alone = [("ALERT_EMAIL_TO", "a@example.com")];
        assert!(read(&alone).unwrap_err().starts_with("SMTP_URL"));
        let alone = [("SMTP_URL", "smtp://localhost")];
        assert!(read(&alone).unwrap_err().starts_with("ALERT_EMAIL_FROM"));
        assert!(!read(&[]).unwrap().is_on());
    }

    #[test]
    fn quiet_hours_may_go_over_midnight() {
        let of = |text: &str| read(&[("ALERT_QUIET_HOURS", text)]).map(|it| it.quiet.unwrap());
        let at = |hour, minute| Time::constant(hour, minute, 0, 0);
        let night = of("22:00-07:30").unwrap();
        assert!(night.contains(at(22, 0)) && night.contains(at(0, 0)) && night.contains(at(7, 29)));
        assert!(!night.contains(at(7, 30)) && !night.contains(at(21, 59)));
        let noon = of("13:00-16:00").unwrap();
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
                of(bad).unwrap_err().starts_with("ALERT_QUIET_HOURS is "),
                "{bad}"
            );
        }
        assert!(read(&[("ALERT_DIGEST_AT", "8")]).is_err());
    }

    #[test]
    fn a_template_names_what_is_known_and_is_json_where_it_has_to() {
        let of = |kind: &str, body: &str| {
            read(&[
                ("ALERT_WEBHOOK_URL", "https://hooks.example.com/T0/secret"),
                ("ALERT_WEBHOOK_TYPE", kind),
                ("ALERT_WEBHOOK_BODY", body),
            ])
        };
        assert!(of("json", r#"{"text":"{{title}}\n{{ text }}"}"#).is_ok());
        assert!(of("form", "To=%2B549&Body={{message}}").is_ok());
        assert!(of("text", "{{message}}").is_ok());
        for (kind, body) in [
            ("json", r#"{"text":{{title}}"#),
            ("json", "{{title}}"),
            ("json", r#"{"text":"{{subject}}"}"#),
            ("form", "Body={{message"),
            ("form", ""),
        ] {
            let error = of(kind, body).unwrap_err();
            assert!(error.starts_with("ALERT_WEBHOOK_BODY"), "{error}");
        }
        let config = of("json", r#"{"text":"{{title}}"}"#).unwrap();
        assert!(!config.summary().contains("secret") && !format!("{config:?}").contains("T0"));
    }
}
