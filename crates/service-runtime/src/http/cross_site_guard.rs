//! Protects a service without a token against CSRF and DNS rebinding.
//!
//! Any web page can make a browser post to `127.0.0.1`, or point its own domain at 127.0.0.1 and
//! read the responses (DNS rebinding). These layers block both, but do not block curl, cron and
//! other programs.

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::reply::ErrorReply;

/// Rejects a browser's cross-site request with 403 `CROSS_SITE_REQUEST`, if the request could
/// change something. A middleware.
pub async fn refuse_cross_site(request: Request, next: Next) -> Response {
    let is_change = !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if is_change && let Some(mismatch) = cross_site(request.headers()) {
        return ErrorReply::new(
            StatusCode::FORBIDDEN,
            "CROSS_SITE_REQUEST",
            format!("a page from another site may not do this: {mismatch}"),
        )
        .into_response();
    }
    next.run(request).await
}

/// Rejects a request with 403 `FOREIGN_HOST`, unless the requested host is `localhost` or a
/// loopback address. A middleware.
pub async fn require_loopback_host(request: Request, next: Next) -> Response {
    let target = request.uri().authority().map(Authority::as_str);
    // A request without any host is HTTP/1.0, which no browser uses. If there are several hosts,
    // all are checked, since it is unknown which of them a proxy used.
    let mut requested_hosts = target.into_iter().chain(
        request
            .headers()
            .get_all(header::HOST)
            .iter()
            .map(|host| host.to_str().unwrap_or("?")),
    );
    if requested_hosts.all(is_loopback_host) {
        return next.run(request).await;
    }
    ErrorReply::new(
        StatusCode::FORBIDDEN,
        "FOREIGN_HOST",
        "without a password or token this service answers only to 127.0.0.1 and localhost; \
         behind a proxy set one, or let the proxy pass Host: 127.0.0.1",
    )
    .into_response()
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Returns whether the browser's headers prove that the request comes from a page of this service.
/// The headers of other clients prove nothing.
#[must_use]
pub fn is_same_origin(headers: &HeaderMap) -> bool {
    let site = header_text(headers, header::HeaderName::from_static("sec-fetch-site"));
    cross_site(headers).is_none()
        && (site == Some("same-origin") || headers.contains_key(header::ORIGIN))
}

/// Returns why a request counts as cross-site, with the two values that differ; `None` if it does
/// not. A request through a proxy that rewrites `Host` looks the same.
fn cross_site(headers: &HeaderMap) -> Option<String> {
    /// Maximum length, in characters, of a quoted header value, since any client can set it.
    const MAX_QUOTED: usize = 100;
    let truncated = |header_text: &str| header_text.chars().take(MAX_QUOTED).collect::<String>();
    if let Some(site) = header_text(headers, header::HeaderName::from_static("sec-fetch-site")) {
        // Set by the browser itself; `none` is direct navigation.
        return (!matches!(site, "same-origin" | "none"))
            .then(|| format!("the browser says Sec-Fetch-Site: {}", truncated(site)));
    }
    let origin = headers.get(header::ORIGIN)?.to_str().unwrap_or("?");
    let uri = origin.parse::<Uri>().ok();
    let authority = uri.as_ref().and_then(|origin| origin.authority());
    let host = header_text(headers, header::HOST);
    if let (Some(authority), Some(host)) = (authority, host)
        && authority.as_str().eq_ignore_ascii_case(host)
    {
        return None;
    }
    // This covers `Origin: null` as well.
    Some(format!(
        "Origin is {}, and Host is {}; a proxy in front must pass the Host that the browser \
         asked for, with its port (nginx: proxy_set_header Host $http_host)",
        truncated(origin),
        host.map_or_else(|| "not there".to_owned(), truncated)
    ))
}

/// Returns whether `host` (with or without a port) is `localhost`, a subdomain of it, or a loopback
/// address.
#[must_use]
pub fn is_loopback_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, "")) => address,
            Some((address, port)) if is_port(port) => address,
            _ => return false,
        },
        None => match host.split_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            Some(_) => return false,
            None => host,
        },
    };
    let name = name.to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

fn is_port(header_text: &str) -> bool {
    header_text
        .strip_prefix(':')
        .is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requested_hosts() {
        for host in [
            "localhost",
            "LOCALHOST:3012",
            "app.localhost:1",
            "127.0.0.1",
            "127.0.0.1:3012",
            "127.1.2.3:80",
            "[::1]",
            "[::1]:3012",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example:3012",
            "evil.example:127.0.0.1",
            "user@127.0.0.1",
            "192.168.0.1:3012",
            "[::2]:1",
            "[::1",
            "[::1]evil",
            "0.0.0.0",
        ] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }

    #[test]
    fn foreign_pages_are_cross_site() {
        let check = |pairs: &[(&'static str, &str)]| {
            let headers: HeaderMap = pairs
                .iter()
                .map(|(name, value)| {
                    (
                        header::HeaderName::from_static(name),
                        value.parse().unwrap(),
                    )
                })
                .collect();
            cross_site(&headers).is_some()
        };
        assert!(!check(&[]));
        assert!(!check(&[("host", "127.0.0.1:3012")]));
        assert!(!check(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "http://x")
        ]));
        assert!(!check(&[("sec-fetch-site", "none")]));
        assert!(!check(&[
            ("host", "localhost:1"),
            ("origin", "http://localhost:1")
        ]));
        assert!(check(&[("sec-fetch-site", "cross-site")]));
        assert!(check(&[("sec-fetch-site", "same-site")]));
        assert!(check(&[
            ("host", "localhost:1"),
            ("origin", "http://localhost:2")
        ]));
        assert!(check(&[("host", "localhost:1"), ("origin", "null")]));
        assert!(check(&[
            ("host", "localhost:1"),
            ("origin", "https://evil.example")
        ]));
    }

    #[test]
    fn refusal_names_the_differing_values() {
        let headers = HeaderMap::from_iter([
            (header::HOST, "leads.example".parse().unwrap()),
            (
                header::ORIGIN,
                "https://leads.example:8443".parse().unwrap(),
            ),
        ]);
        let mismatch = cross_site(&headers).unwrap();
        assert!(
            mismatch.contains("Origin is https://leads.example:8443"),
            "{mismatch}"
        );
        assert!(mismatch.contains("Host is leads.example;"), "{mismatch}");
        assert!(!is_same_origin(&headers));
    }

    #[test]
    fn same_origin_needs_a_browser_header() {
        let check = |pairs: &[(&'static str, &str)]| {
            let headers = pairs.iter().map(|(name, value)| {
                let name = header::HeaderName::from_static(name);
                (name, value.parse().unwrap())
            });
            is_same_origin(&headers.collect())
        };
        assert!(check(&[("sec-fetch-site", "same-origin")]));
        assert!(check(&[("host", "a:1"), ("origin", "http://a:1")]));
        for pairs in [
            &[][..],
            &[("host", "a:1")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "same-site")],
            &[("host", "a:1"), ("origin", "http://a:2")],
        ] {
            assert!(!check(pairs), "{pairs:?}");
        }
    }
}
