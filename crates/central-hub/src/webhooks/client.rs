//! The HTTP client of webhooks (`WebhookClient`), which makes one signed `POST`
//! with limits on time and size, and only to allowed addresses (against SSRF).

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use metrics::{counter, histogram};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, redirect, retry};
use session_api::Timestamp;
use url::Url;

use super::signature::signature_header;
use super::ssrf_guard::{Refused, Resolver, Unresolved};
use crate::config::AllowedHosts;
use crate::store::{Attempt, Webhook, WebhookSecret};

/// Timeout for establishing the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Limits on reading the response body, in bytes and in time. The body is
/// discarded, but reading it lets the receiver finish sending it.
const MAX_BODY_BYTES: usize = 16 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(1);

/// A request to post, and its destination.
#[derive(Clone, Copy)]
pub(crate) struct Post<'a> {
    pub(crate) url: &'a str,
    pub(crate) content_type: &'a str,
    /// The signing secrets; each adds a signature.
    pub(crate) secrets: &'a [WebhookSecret],
    /// The value of the `webhook-id` header.
    pub(crate) id: &'a str,
    pub(crate) body: &'a str,
}

/// Sends requests to the receivers of webhooks; clones share everything.
#[derive(Clone)]
pub(crate) struct WebhookClient(Arc<Inner>);

struct Inner {
    allowed: AllowedHosts,
    deadline: Duration,
    plain: OnceLock<Client>,
    tls: OnceLock<Client>,
}

impl WebhookClient {
    pub(crate) fn new(allowed: AllowedHosts, deadline: Duration) -> Self {
        Self(Arc::new(Inner {
            allowed,
            deadline,
            plain: OnceLock::new(),
            tls: OnceLock::new(),
        }))
    }

    pub(crate) fn allowed(&self) -> &AllowedHosts {
        &self.0.allowed
    }

    /// Posts to a subscriber. Returns the result, and the pause that the receiver requests.
    pub(crate) async fn call(
        &self,
        webhook: &Webhook,
        id: &str,
        body: &str,
    ) -> (Attempt, Option<Duration>) {
        let post = Post {
            url: &webhook.url,
            content_type: "application/json",
            secrets: &webhook.secrets,
            id,
            body,
        };
        self.post_once(&post).await
    }

    /// Posts once. Returns the result, and the pause that the receiver requests.
    pub(crate) async fn post_once(&self, post: &Post<'_>) -> (Attempt, Option<Duration>) {
        let (at, started) = (Timestamp::now(), Instant::now());
        let called = tokio::time::timeout(self.0.deadline, self.post(post, at)).await;
        let mut attempt = Attempt {
            at,
            duration: started.elapsed(),
            status: None,
            error: None,
        };
        let response = match called {
            Err(_) => Err("TIMEOUT"),
            Ok(result) => result,
        };
        let mut requested_pause = None;
        match response {
            Err(error) => attempt.error = Some(error),
            Ok(response) => {
                let status = response.status();
                attempt.status = Some(status.as_u16());
                attempt.error = error_of_status(status.as_u16());
                requested_pause = retry_after(response.headers());
                let _ = tokio::time::timeout(BODY_TIMEOUT, drain(response)).await;
            }
        }
        let outcome = attempt.error.unwrap_or("OK");
        counter!("leadmaster_webhook_attempts_total", "outcome" => outcome).increment(1);
        histogram!("leadmaster_webhook_attempt_duration_seconds")
            .record(attempt.duration.as_secs_f64());
        (attempt, requested_pause)
    }

    async fn post(&self, post: &Post<'_>, at: Timestamp) -> Result<Response, &'static str> {
        let url = Url::parse(post.url).map_err(|_| "BAD_URL")?;
        if !self.0.allowed.admits_url(&url) {
            return Err("ADDRESS_REFUSED");
        }
        let timestamp = at.as_millis() / 1000;
        let mut request = self
            .client(url.scheme() == "https")?
            .post(url)
            .header(CONTENT_TYPE, post.content_type)
            .header("webhook-id", post.id)
            .header("webhook-timestamp", timestamp);
        if !post.secrets.is_empty() {
            let signature = signature_header(post.secrets, post.id, timestamp, post.body);
            request = request.header("webhook-signature", signature);
        }
        let sent = request.body(post.body.to_owned()).send().await;
        sent.map_err(|error| error_code(&error))
    }

    /// Returns the HTTP client, which is built on first use so that
    /// certificates are loaded only if needed.
    fn client(&self, tls: bool) -> Result<&Client, &'static str> {
        let cell = if tls { &self.0.tls } else { &self.0.plain };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .user_agent(concat!("LeadMaster-Webhooks/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Resolver(self.0.allowed.clone())))
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            // A proxy would resolve names itself, without the check.
            .no_proxy()
            .pool_max_idle_per_host(0);
        if !tls {
            let nothing_trusted = rustls::ClientConfig::builder()
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth();
            builder = builder.tls_backend_preconfigured(nothing_trusted);
        }
        let client = builder.build().map_err(|error| {
            tracing::error!("webhooks cannot be called over https: {error}");
            "NO_CERTIFICATES"
        })?;
        Ok(cell.get_or_init(|| client))
    }
}

/// Returns the error code for a response status; `None` for success.
fn error_of_status(status: u16) -> Option<&'static str> {
    match status {
        200..300 => None,
        300..400 => Some("REDIRECTED"),
        410 => Some("GONE"),
        429 => Some("TOO_MANY_REQUESTS"),
        400..500 => Some("REFUSED"),
        _ => Some("SERVER_ERROR"),
    }
}

/// Returns the error and its causes. rustls errors are wrapped in `io::Error`,
/// whose `source()` skips the wrapped error.
pub(crate) fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    std::iter::from_fn(move || {
        let cause = next?;
        let io = cause.downcast_ref::<std::io::Error>();
        next = match io.and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
        Some(cause)
    })
}

fn error_code(error: &reqwest::Error) -> &'static str {
    for cause in causes(error) {
        if cause.is::<Refused>() {
            return "ADDRESS_REFUSED";
        }
        if cause.is::<Unresolved>() {
            return "HOST_NOT_FOUND";
        }
        if cause.is::<rustls::Error>() {
            return "TLS_FAILED";
        }
    }
    match error {
        _ if error.is_timeout() => "TIMEOUT",
        _ if error.is_connect() => "CANNOT_CONNECT",
        _ => "BROKE_OFF",
    }
}

/// Parses `Retry-After`, which is a number of seconds or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let remaining_ms = until.as_millisecond() - Timestamp::now().as_millis();
    Some(Duration::from_millis(remaining_ms.try_into().unwrap_or(0)))
}

async fn drain(mut response: Response) {
    let mut read = 0;
    while read < MAX_BODY_BYTES
        && let Ok(Some(chunk)) = response.chunk().await
    {
        read += chunk.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_header_is_parsed() {
        let parse = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(parse("120"), Some(Duration::from_secs(120)));
        assert_eq!(parse("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        let left = parse("Wed, 21 Oct 2099 07:28:00 GMT").unwrap();
        assert!(left > Duration::from_secs(365 * 24 * 3600));
        for nonsense in ["", "soon", "-5", "1.5"] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
    }
}
