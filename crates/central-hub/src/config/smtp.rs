//! The mail server of the alerts: `SMTP_URL`, `ALERT_EMAIL_FROM`,
//! `ALERT_EMAIL_TO`.

use std::fmt;

use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use service_runtime::{Env, EnvError, ExposeSecret, SecretString};
use url::Url;

use super::parsed;

/// The mail server, the sender and the recipients.
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
    /// By STARTTLS; if it is not offered, nothing is sent.
    Required,
    /// By STARTTLS if the server offers it.
    Opportunistic,
    /// Never.
    None,
}

/// A mail server, parsed from a URL.
#[derive(Clone, Debug)]
pub struct SmtpServer {
    /// Its host name or IP address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: SmtpTls,
    /// User and password.
    pub credentials: Option<(String, SecretString)>,
    /// Whether it runs on this machine; its certificate is then not verified.
    pub is_local: bool,
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

const SMTP_URL_FORMS: &str = "smtp://user:password@host:587 (STARTTLS), smtps://user:password@host:465, \
     or smtp://localhost:25; ?tls=required, opportunistic or none";

impl SmtpServer {
    /// Parses a URL. The connection to another machine is encrypted unless the
    /// URL explicitly disables that.
    fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let host = url.host_str().filter(|host| !host.is_empty())?.to_owned();
        let mut requested = None;
        for (name, value) in url.query_pairs() {
            if name != "tls" || requested.is_some() {
                return None;
            }
            requested = Some(value.into_owned());
        }
        let is_local = matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]");
        let (tls, port) = match (url.scheme(), requested.as_deref()) {
            ("smtps", None) => (SmtpTls::Wrapped, 465),
            ("smtp", None) if is_local => (SmtpTls::Opportunistic, 25),
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
            is_local,
        })
    }
}

/// Returns the e-mail settings; `None` if there are none.
pub(super) fn email(env: &Env) -> Result<Option<EmailConfig>, EnvError> {
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
            let mailboxes = text.split(',').map(|one| one.trim().parse());
            let mailboxes: Result<Vec<Mailbox>, _> = mailboxes.collect();
            mailboxes.ok()
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
        .ok_or_else(|| EnvError::invalid_secret("SMTP_URL", SMTP_URL_FORMS))?;
    Ok(Some(EmailConfig {
        server,
        from: from.ok_or_else(|| EnvError::missing(FROM))?,
        to: to.ok_or_else(|| EnvError::missing(TO))?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AlertConfig;

    fn read(pairs: &[(&str, &str)]) -> Result<AlertConfig, String> {
        let env = Env::from_pairs(pairs.iter().copied());
        AlertConfig::from_env(&env, None).map_err(|error| error.to_string())
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
    fn mail_to_other_machines_is_encrypted_unless_disabled() {
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
    fn invalid_urls_are_rejected_without_naming_the_password() {
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
}
