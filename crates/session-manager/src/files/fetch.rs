//! Downloads a file from a URL, from allowed hosts only (SSRF protection).
//!
//! Only hosts that the operator configured are contacted, whatever the caller, redirects or name
//! servers say: this process can reach the host's internal network.

use std::net::SocketAddr;

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use service_runtime::is_public;
use url::Url;

use super::{FileError, Files, UploadHints};
use crate::ledger::FileRow;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(15);
/// Timeout for the whole download.
const TIMEOUT: Duration = Duration::from_secs(120);
const MAX_REDIRECTS: usize = 5;

/// A resolver that rejects names of this host or of a private network. Such a host is configured by
/// its address, which needs no resolver, or as `localhost`.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let local = name.as_str() == "localhost";
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found
                .filter(|address| match local {
                    true => address.ip().is_loopback(),
                    false => is_public(address.ip()),
                })
                .collect();
            if allowed.is_empty() {
                return Err("the name resolves to no public address".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

fn client() -> Result<&'static Client, FileError> {
    static CLIENT: OnceLock<Option<Client>> = OnceLock::new();
    let client = CLIENT.get_or_init(|| {
        // A provider that is already installed works as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder()
            .user_agent(concat!("leadmaster/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .pool_max_idle_per_host(0)
            .dns_resolver(std::sync::Arc::new(PublicOnly))
            .build()
            .map_err(|error| tracing::error!(%error, "the HTTP client could not be created: no files can be fetched"))
            .ok()
    });
    let unavailable = || FileError::Fetch("this machine's certificates cannot be read".to_owned());
    client.as_ref().ok_or_else(unavailable)
}

impl Files {
    /// Fetches the file at `url`.
    ///
    /// # Errors
    /// Any [`FileError`]; no part of the file is kept then.
    pub async fn fetch(
        &self,
        url: &str,
        filename: Option<String>,
        cliente_id: Option<u64>,
    ) -> Result<FileRow, FileError> {
        let fetching = async {
            let (url, response) = self.follow_redirects(url).await?;
            let hints = UploadHints {
                mime: response
                    .headers()
                    .get(CONTENT_TYPE)
                    .and_then(|value| value.to_str().ok())
                    .map(str::to_owned),
                filename: filename.or_else(|| filename_from(&url)),
                length: response.content_length(),
                cliente_id,
            };
            // If the connection is reset midway, the server is at fault, not the caller.
            let received = self.receive(response.bytes_stream(), hints, true).await;
            received.map_err(|error| match error {
                FileError::Broken | FileError::Slow(_) | FileError::Empty => {
                    FileError::Fetch(error.to_string())
                }
                other => other,
            })
        };
        let timed_out = || {
            FileError::Fetch(format!(
                "the download took more than {} s",
                TIMEOUT.as_secs()
            ))
        };
        tokio::time::timeout(TIMEOUT, fetching)
            .await
            .map_err(|_| timed_out())?
    }

    async fn follow_redirects(&self, url: &str) -> Result<(Url, Response), FileError> {
        let hosts = &self.0.limits.hosts;
        let mut url = hosts.check(url)?;
        for _ in 0..=MAX_REDIRECTS {
            let request = client()?.get(url.clone()).send();
            let response = tokio::time::timeout(RESPONSE_TIMEOUT, request)
                .await
                .map_err(|_| FileError::Fetch("the host did not answer in time".to_owned()))?
                .map_err(|error| FileError::Fetch(reason(&error).to_owned()))?;
            let status = response.status();
            if status.is_success() {
                return Ok((url, response));
            }
            let location = response
                .headers()
                .get(LOCATION)
                .and_then(|location| location.to_str().ok());
            let next = location
                .filter(|_| status.is_redirection())
                .map(|location| url.join(location));
            match next {
                // Redirects are checked like the first URL.
                Some(Ok(next)) => url = hosts.check(next.as_str())?,
                _ => {
                    return Err(FileError::Fetch(format!(
                        "the host answered {}",
                        status.as_u16()
                    )));
                }
            }
        }
        Err(FileError::Fetch("there are too many redirects".to_owned()))
    }
}

/// Returns the reason without the URL, which may contain a secret.
fn reason(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "the host did not answer in time"
    } else if error.is_connect() {
        "the host cannot be reached"
    } else {
        "the host's answer cannot be parsed"
    }
}

fn filename_from(url: &Url) -> Option<String> {
    let last = url.path_segments()?.next_back()?;
    let name: String = percent_decoded(last);
    session_api::check_filename("url", &name)
        .is_ok()
        .then_some(name)
}

fn percent_decoded(text: &str) -> String {
    // `form_urlencoded` decodes a plus as a space, unlike the path of a URL.
    let query = text.replace('+', "%2B").replace(['&', '='], "_");
    url::form_urlencoded::parse(query.as_bytes())
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filename_is_taken_from_the_url_path() {
        let name = |url: &str| filename_from(&Url::parse(url).unwrap());
        assert_eq!(
            name("https://a/b/la%20casa+1.png?x=y").as_deref(),
            Some("la casa+1.png")
        );
        for url in [
            "https://a/",
            "https://a/b/",
            "https://a/%2e%2e%2fb",
            "https://a/%00",
        ] {
            assert_eq!(name(url), None, "{url}");
        }
    }
}
