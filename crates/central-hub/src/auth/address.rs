//! Determines the client's address of a request (`ClientAddress`), including
//! behind trusted proxies.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use service_runtime::TrustedProxies;
use service_runtime::limits::network_of;

/// The address of the client. If the peer is on this machine or is one of
/// [`TrustedProxies`], the address is the last entry of `X-Forwarded-For`,
/// which the proxy itself appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl ClientAddress {
    pub(crate) fn resolve(extensions: &Extensions, headers: &HeaderMap) -> Self {
        let peer = extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip())
            .to_canonical();
        let trusted = extensions.get::<TrustedProxies>().cloned();
        if !trusted.unwrap_or_default().contains(peer) {
            return Self(peer);
        }
        Self(forwarded(headers).unwrap_or(peer))
    }

    /// Returns the network by which failed attempts are counted.
    pub(crate) fn network(self) -> IpAddr {
        network_of(self.0)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::resolve(&parts.extensions, &parts.headers))
    }
}

fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    let last = last.to_str().ok()?.rsplit(',').next()?.trim();
    Some(last.parse::<IpAddr>().ok()?.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn resolved(peer: &str, forwarded: Option<&str>) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        let mut headers = HeaderMap::new();
        if let Some(value) = forwarded {
            headers.insert("x-forwarded-for", value.parse().unwrap());
        }
        ClientAddress::resolve(&extensions, &headers).0.to_string()
    }

    #[test]
    fn only_a_proxy_of_this_machine_is_believed() {
        assert_eq!(resolved("127.0.0.1", None), "127.0.0.1");
        assert_eq!(resolved("127.0.0.1", Some("9.9.9.9, 10.0.0.1")), "10.0.0.1");
        assert_eq!(resolved("::1", Some("::ffff:10.0.0.1")), "10.0.0.1");
        assert_eq!(resolved("::ffff:127.0.0.1", Some("10.0.0.1")), "10.0.0.1");
        assert_eq!(resolved("127.0.0.1", Some("nonsense")), "127.0.0.1");
        assert_eq!(resolved("192.0.2.7", Some("10.0.0.1")), "192.0.2.7");
    }

    #[test]
    fn another_proxy_is_believed_where_it_is_named() {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::from(([172, 18, 0, 1], 1))));
        let headers = HeaderMap::from_iter([(
            HeaderName::from_static("x-forwarded-for"),
            HeaderValue::from_static("203.0.113.9"),
        )]);
        let told =
            |extensions: &Extensions| ClientAddress::resolve(extensions, &headers).0.to_string();
        assert_eq!(told(&extensions), "172.18.0.1");
        extensions.insert("172.16.0.0/12".parse::<TrustedProxies>().unwrap());
        assert_eq!(told(&extensions), "203.0.113.9");
    }
}
