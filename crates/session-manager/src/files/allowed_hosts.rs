//! Parses and checks the allow list of hosts from which files are fetched (`FILE_URL_HOSTS`).

use std::str::FromStr;

use url::{Host, Url};

/// Why files are not fetched from a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// The text is not a URL, or the URL contains a user name or password.
    #[error("url must be an absolute http:// or https:// URL without user and password")]
    NotAUrl,
    /// The operator does not allow the host.
    #[error(
        "files are not fetched from this host: add it to FILE_URL_HOSTS, or upload the file with POST /files"
    )]
    NotAllowed,
}

/// The hosts from which files may be fetched: `example.com` or `*.example.com`, each with or
/// without a port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<Allowed>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Allowed {
    host: Host,
    /// Whether only subdomains match.
    subdomains_only: bool,
    /// The port; `None` for the default port of the scheme.
    port: Option<u16>,
}

/// The error that a text is not a list of hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "host names such as files.example.com, *.example.com or 127.0.0.1:8080, with commas in between"
)]
pub struct InvalidHosts;

impl FromStr for AllowedHosts {
    type Err = InvalidHosts;

    fn from_str(text: &str) -> Result<Self, InvalidHosts> {
        let entries = text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        entries.map(parse_entry).collect::<Result<_, _>>().map(Self)
    }
}

fn parse_entry(entry: &str) -> Result<Allowed, InvalidHosts> {
    let (subdomains_only, rest) = match entry.strip_prefix("*.") {
        Some(rest) => (true, rest),
        None => (false, entry),
    };
    // Parse the host as part of a URL, so that both are normalized in the same way.
    let url = Url::parse(&format!("http://{rest}/")).map_err(|_| InvalidHosts)?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let host = url.host().ok_or(InvalidHosts)?.to_owned();
    let is_name = matches!(host, Host::Domain(_));
    if !is_bare
        || !url.username().is_empty()
        || url.password().is_some()
        || rest.contains('*')
        || (subdomains_only && !is_name)
    {
        return Err(InvalidHosts);
    }
    // For `http://host:80/` the parser reports no port.
    let port = match url.port() {
        None if rest.ends_with(":80") => Some(80),
        port => port,
    };
    Ok(Allowed {
        host,
        subdomains_only,
        port,
    })
}

impl AllowedHosts {
    /// Checks whether files may be fetched from `url`, and returns the parsed URL.
    pub fn check(&self, url: &str) -> Result<Url, HostError> {
        let url = Url::parse(url).map_err(|_| HostError::NotAUrl)?;
        let is_web = matches!(url.scheme(), "http" | "https");
        if !is_web || !url.username().is_empty() || url.password().is_some() {
            return Err(HostError::NotAUrl);
        }
        let host = url.host().ok_or(HostError::NotAUrl)?.to_owned();
        let port = url.port_or_known_default();
        let default_port = match url.scheme() {
            "http" => Some(80),
            _ => Some(443),
        };
        let matches = |allowed: &Allowed| {
            let host_matches = match (&allowed.host, &host) {
                (Host::Domain(pattern), Host::Domain(name)) if allowed.subdomains_only => name
                    .strip_suffix(pattern.as_str())
                    .is_some_and(|front| front.len() > 1 && front.ends_with('.')),
                (pattern, host) => pattern == host,
            };
            host_matches && port == allowed.port.or(default_port)
        };
        match self.0.iter().any(matches) {
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
        for (
            index,
            Allowed {
                host,
                subdomains_only,
                port,
            },
        ) in self.0.iter().enumerate()
        {
            let comma = if index == 0 { "" } else { "," };
            let star = if *subdomains_only { "*." } else { "" };
            write!(f, "{comma}{star}{host}")?;
            if let Some(port) = port {
                write!(f, ":{port}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allow_list_matches_named_hosts_only() {
        let hosts: AllowedHosts = "cdn.example.com, *.fotos.example, 127.0.0.1:8080, [::1]"
            .parse()
            .unwrap();
        for url in [
            "https://cdn.example.com/a.png",
            "http://CDN.example.com:80/a.png?x=1",
            "https://a.b.fotos.example/",
            "http://127.0.0.1:8080/x",
            "http://[::1]/x",
            // The same address in another notation.
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
        let empty = AllowedHosts::default();
        assert_eq!(
            empty.check("https://example.com/"),
            Err(HostError::NotAllowed)
        );
    }

    #[test]
    fn invalid_host_patterns_are_refused() {
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
            assert_eq!(text.parse::<AllowedHosts>(), Err(InvalidHosts), "{text}");
        }
        assert_eq!(" ,".parse(), Ok(AllowedHosts::default()));
    }
}
