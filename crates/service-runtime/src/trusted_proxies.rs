//! Lists the trusted reverse proxies: peers whose `X-Forwarded-For` names the client's address, and
//! whose connections are those of many clients.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use ipnet::IpNet;

/// The trusted addresses and networks in addition to loopback, such as a container bridge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    /// Returns whether `X-Forwarded-For` from this peer is trusted.
    #[must_use]
    pub fn contains(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        peer.is_loopback() || self.0.iter().any(|network| network.contains(&peer))
    }
}

impl FromStr for TrustedProxies {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let one = |word: &str| {
            let address = word.parse::<IpAddr>().map(IpNet::from);
            address
                .or_else(|_| word.parse())
                .map_err(|_| "addresses and networks by commas, such as 172.16.0.0/12,10.0.0.7")
        };
        let words = text
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty());
        words.map(one).collect::<Result<Arc<[_]>, _>>().map(Self)
    }
}

impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("(none)");
        }
        for (n, network) in self.0.iter().enumerate() {
            write!(f, "{}{network}", if n == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_addresses() {
        let trusted: TrustedProxies = "172.16.0.0/12, 10.0.0.7,".parse().unwrap();
        assert_eq!(trusted.to_string(), "172.16.0.0/12,10.0.0.7/32");
        for (peer, is_trusted) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("172.18.0.1", true),
            ("::ffff:172.18.0.1", true),
            ("10.0.0.7", true),
            ("10.0.0.8", false),
            ("203.0.113.9", false),
        ] {
            assert_eq!(
                trusted.contains(peer.parse().unwrap()),
                is_trusted,
                "{peer}"
            );
        }
        assert!(!TrustedProxies::default().contains("172.18.0.1".parse().unwrap()));
        for wrong in ["nginx", "10.0.0.0/33", "10.0.0.1 10.0.0.2"] {
            assert!(wrong.parse::<TrustedProxies>().is_err(), "{wrong}");
        }
    }
}
