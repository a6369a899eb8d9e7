//! Sends notices by e-mail over SMTP, encrypted as `SMTP_URL` says.

use std::time::Duration;

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use service_runtime::{ExposeSecret, error_chain};

use super::{Outgoing, SendFailure};
use crate::config::smtp::{EmailConfig, SmtpServer, SmtpTls};

/// Timeout of each SMTP step.
const STEP_TIMEOUT: Duration = Duration::from_secs(20);
/// Timeout of one attempt as a whole.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(60);

/// Sends e-mail, with a new connection for each message.
#[derive(Clone)]
pub(super) struct Mailer(EmailConfig);

/// The header that prevents automatic replies (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Mailer {
    pub(super) fn new(config: &EmailConfig) -> Self {
        Self(config.clone())
    }

    /// Returns the recipients.
    pub(super) fn to(&self) -> String {
        let addresses = self.0.to.iter().map(|to| to.email.to_string());
        addresses.collect::<Vec<_>>().join(", ")
    }

    pub(super) async fn send(&self, outgoing: &Outgoing<'_>) -> Result<(), SendFailure> {
        let message = self.message(outgoing).map_err(|error| SendFailure {
            code: "BAD_MESSAGE",
            message: error_chain(&error),
        })?;
        let transport = transport(&self.0.server)?;
        match tokio::time::timeout(TOTAL_TIMEOUT, transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(send_failure(&error)),
            Err(_) => Err(SendFailure {
                code: "TIMEOUT",
                message: "the mail server did not answer in time".to_owned(),
            }),
        }
    }

    fn message(&self, outgoing: &Outgoing<'_>) -> Result<Message, lettre::error::Error> {
        let config = &self.0;
        let domain = config.from.email.domain();
        let mut message = Message::builder()
            .from(config.from.clone())
            // The id is the same for every attempt, so that duplicates can be recognized.
            .message_id(Some(format!("<{}@{domain}>", outgoing.event_id)))
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN)
            .subject(&outgoing.text.title);
        for to in &config.to {
            message = message.to(to.clone());
        }
        message.body(outgoing.text.text.clone())
    }
}

fn transport(server: &SmtpServer) -> Result<AsyncSmtpTransport<Tokio1Executor>, SendFailure> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let parameters = || {
        TlsParameters::builder(server.host.clone())
            // If the mail server runs on this machine, the connection does not leave it,
            // and the certificate may be self-signed and for another name.
            .dangerous_accept_invalid_certs(server.is_local)
            .dangerous_accept_invalid_hostnames(server.is_local)
            .build()
            .map_err(|error| send_failure(&error))
    };
    let tls = match server.tls {
        SmtpTls::Wrapped => Tls::Wrapper(parameters()?),
        SmtpTls::Required => Tls::Required(parameters()?),
        SmtpTls::Opportunistic => Tls::Opportunistic(parameters()?),
        SmtpTls::None => Tls::None,
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
        .port(server.port)
        .timeout(Some(STEP_TIMEOUT))
        .tls(tls);
    if let Some((user, password)) = &server.credentials {
        let password = password.expose_secret().to_owned();
        builder = builder.credentials(Credentials::new(user.clone(), password));
    }
    Ok(builder.build())
}

/// Keeps the server's message, which is more useful than one of ours and contains no password.
fn send_failure(error: &lettre::transport::smtp::Error) -> SendFailure {
    let code = if error.is_timeout() {
        "TIMEOUT"
    } else if error.is_tls() {
        "TLS_FAILED"
    } else if error.is_permanent() || error.is_transient() {
        "REFUSED"
    } else if error.is_client() {
        "BROKE_OFF"
    } else {
        "CANNOT_CONNECT"
    };
    SendFailure {
        code,
        message: error_chain(error),
    }
}
