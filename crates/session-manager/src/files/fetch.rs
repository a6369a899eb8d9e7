//! A file that the caller has somewhere else.
//!
//! Nothing is fetched from a host that the operator did not name, whatever the
//! caller, a redirect or a name server says: from here the machine's own network
//! is in reach.

use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use service_runtime::is_public;
use url::{Host, Url};

use super::{FileError, Files, Told};
use crate::ledger::FileRow;

const CONNECT: Duration = Duration::from_secs(5);
const HEAD: Duration = Duration::from_secs(15);
/// For all of it.
const DEADLINE: Duration = Duration::from_secs(120);
const REDIRECTS: usize = 5;

/// A host that files are not fetched from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// The URL is none, or has a name or password in it.
    #[error("url has to be an absolute http:// or https:// URL without user and password")]
    NotAUrl,
    /// The operator does not allow it.
    #[error(
        "files are not fetched from this host: FILE_URL_HOSTS names those that are; or upload the file with POST /files"
    )]
    NotAllowed,
}

/// Where files may be fetched from: `example.com`, `*.example.com`, each with or
/// without a port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<Allowed>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Allowed {
    host: Host,
    /// Names below it, and not itself.
    below: bool,
    /// Else the scheme's own.
    port: Option<u16>,
}

/// A text that names no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "host names such as files.example.com, *.example.com or 127.0.0.1:8080, with commas in between"
)]
pub struct NoHosts;

impl FromStr for AllowedHosts {
    type Err = NoHosts;

    fn from_str(text: &str) -> Result<Self, NoHosts> {
        let entries = text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        entries.map(one).collect::<Result<_, _>>().map(Self)
    }
}

fn one(entry: &str) -> Result<Allowed, NoHosts> {
    let (below, rest) = match entry.strip_prefix("*.") {
        Some(rest) => (true, rest),
        None => (false, entry),
    };
    // Read as a URL is read, so that both are the same to the letter.
    let url = Url::parse(&format!("http://{rest}/")).map_err(|_| NoHosts)?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let host = url.host().ok_or(NoHosts)?.to_owned();
    let is_name = matches!(host, Host::Domain(_));
    if !bare
        || !url.username().is_empty()
        || url.password().is_some()
        || rest.contains('*')
        || (below && !is_name)
    {
        return Err(NoHosts);
    }
    // `http://host:80/` has no port for the parser.
    let port = match url.port() {
        None if rest.ends_with(":80") => Some(80),
        port => port,
    };
    Ok(Allowed { host, below, port })
}

impl AllowedHosts {
    /// Whether files may be fetched from `url`; gives it parsed.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, url: &str) -> Result<Url, HostError> {
        let url = Url::parse(url).map_err(|_| HostError::NotAUrl)?;
        let web = matches!(url.scheme(), "http" | "https");
        if !web || !url.username().is_empty() || url.password().is_some() {
            return Err(HostError::NotAUrl);
        }
        let host = url.host().ok_or(HostError::NotAUrl)?.to_owned();
        let port = url.port_or_known_default();
        let own = match url.scheme() {
            "http" => Some(80),
            _ => Some(443),
        };
        let fits = |allowed: &Allowed| {
            let host_fits = match (&allowed.host, &host) {
                (Host::Domain(wanted), Host::Domain(name)) if allowed.below => name
                    .strip_suffix(wanted.as_str())
                    .is_some_and(|front| front.len() > 1 && front.ends_with('.')),
                (wanted, host) => wanted == host,
            };
            host_fits && port == allowed.port.or(own)
        };
        match self.0.iter().any(fits) {
            true => Ok(url),
            false => Err(HostError::NotAllowed),
        }
    }
}

impl std::fmt::Display for AllowedHosts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.write_str("(none)");
        }
        for (at, Allowed { host, below, port }) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let star = if *below { "*." } else { "" };
            write!(f, "{comma}{star}{host}")?;
            if let Some(port) = port {
                write!(f, ":{port}")?;
            }
        }
        Ok(())
    }
}

/// Names that lead to this machine or network lead nowhere: one that is meant is
/// named by its address, which needs no resolver, or is `localhost`.
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
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

fn client() -> Result<&'static Client, FileError> {
    static CLIENT: OnceLock<Option<Client>> = OnceLock::new();
    let client = CLIENT.get_or_init(|| {
        // Somebody else's provider is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder()
            .user_agent(concat!("leadmaster/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .pool_max_idle_per_host(0)
            .dns_resolver(std::sync::Arc::new(PublicOnly))
            .build()
            .map_err(|error| tracing::error!(%error, "no files can be fetched"))
            .ok()
    });
    let none = || FileError::Fetch("this machine's certificates cannot be read".to_owned());
    client.as_ref().ok_or_else(none)
}

impl Files {
    /// Fetches the file at `url`.
    ///
    /// # Errors
    /// Any [`FileError`]; nothing of the file is left then.
    pub async fn fetch(
        &self,
        url: &str,
        filename: Option<String>,
        cliente_id: Option<u64>,
    ) -> Result<FileRow, FileError> {
        let fetching = async {
            let (url, response) = self.follow(url).await?;
            let told = Told {
                mime: response
                    .headers()
                    .get(CONTENT_TYPE)
                    .and_then(|kind| kind.to_str().ok())
                    .map(str::to_owned),
                filename: filename.or_else(|| name_in(&url)),
                length: response.content_length(),
                cliente_id,
            };
            // A reset in the middle is the other side's fault, not the caller's.
            let taken = self.take(response.bytes_stream(), told, true).await;
            taken.map_err(|error| match error {
                FileError::Broken | FileError::Slow(_) | FileError::Empty => {
                    FileError::Fetch(error.to_string())
                }
                other => other,
            })
        };
        let late = || FileError::Fetch(format!("it took more than {} s", DEADLINE.as_secs()));
        tokio::time::timeout(DEADLINE, fetching)
            .await
            .map_err(|_| late())?
    }

    async fn follow(&self, url: &str) -> Result<(Url, Response), FileError> {
        let hosts = &self.0.limits.hosts;
        let mut url = hosts.check(url)?;
        for _ in 0..=REDIRECTS {
            let asking = client()?.get(url.clone()).send();
            let response = tokio::time::timeout(HEAD, asking)
                .await
                .map_err(|_| FileError::Fetch("the host did not answer in time".to_owned()))?
                .map_err(|error| FileError::Fetch(reason(&error).to_owned()))?;
            let status = response.status();
            if status.is_success() {
                return Ok((url, response));
            }
            let to = response
                .headers()
                .get(LOCATION)
                .and_then(|to| to.to_str().ok());
            let next = to
                .filter(|_| status.is_redirection())
                .map(|to| url.join(to));
            match next {
                // As strict as with the first.
                Some(Ok(next)) => url = hosts.check(next.as_str())?,
                _ => {
                    return Err(FileError::Fetch(format!(
                        "the host answered {}",
                        status.as_u16()
                    )));
                }
            }
        }
        Err(FileError::Fetch("it is redirected too often".to_owned()))
    }
}

/// Without the URL, which may hold a secret.
fn reason(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "the host did not answer in time"
    } else if error.is_connect() {
        "the host cannot be reached"
    } else {
        "the host's answer cannot be read"
    }
}

fn name_in(url: &Url) -> Option<String> {
    let last = url.path_segments()?.next_back()?;
    let name: String = percent_decoded(last);
    session_api::check_filename("url", &name)
        .is_ok()
        .then_some(name)
}

fn percent_decoded(text: &str) -> String {
    // `form_urlencoded` reads a plus as a blank, which a path does not mean.
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
    fn only_named_hosts() {
        let hosts: AllowedHosts = "cdn.example.com, *.fotos.example, 127.0.0.1:8080, [::1]"
            .parse()
            .unwrap();
        for url in [
            "https://cdn.example.com/a.png",
            "http://CDN.example.com:80/a.png?x=1",
            "https://a.b.fotos.example/",
            "http://127.0.0.1:8080/x",
            "http://[::1]/x",
            // The same address, written in another way.
            "http://2130706433:8080/",
        ] {
            assert!(hosts.check(url).is_ok(), "{url}");
        }
        for url in [
            "https://example.com/",
            "https://cdn.example.com.evil.example/",
            "https://evil.example/?cdn.example.com",
            "https://cdn.example.com@evil.example/",
            "https://cdn.example.com:8443/",
            "https://fotos.example/",
            "https://evilfotos.example/",
            "http://127.0.0.1/",
            "http://127.0.0.2:8080/",
            "http://localhost:8080/",
        ] {
            assert!(hosts.check(url).is_err(), "{url}");
        }
        for url in [
            "",
            "ftp://cdn.example.com/",
            "file:///etc/passwd",
            "https://user@cdn.example.com/",
        ] {
            assert_eq!(hosts.check(url), Err(HostError::NotAUrl), "{url}");
        }
        assert_eq!(
            hosts.to_string(),
            "cdn.example.com,*.fotos.example,127.0.0.1:8080,[::1]"
        );
        let none = AllowedHosts::default();
        assert_eq!(
            none.check("https://example.com/"),
            Err(HostError::NotAllowed)
        );
    }

    #[test]
    fn what_names_no_host() {
        for text in [
            "http://a/",
            "a/b",
            "a b",
            "*",
            "*.1.2.3.4",
            "user@a",
            "*.*.a",
            "a:port",
        ] {
            assert_eq!(text.parse::<AllowedHosts>(), Err(NoHosts), "{text}");
        }
        assert_eq!(" ,".parse(), Ok(AllowedHosts::default()));
    }

    #[test]
    fn a_name_out_of_a_path() {
        let name = |url: &str| name_in(&Url::parse(url).unwrap());
        assert_eq!(
            name("https://a/b/la%20casa+1.png?x=y").as_deref(),
            Some("la casa+1.png")
        );
        for without in [
            "https://a/",
            "https://a/b/",
            "https://a/%2e%2e%2fb",
            "https://a/%00",
        ] {
            assert_eq!(name(without), None, "{without}");
        }
    }
}
