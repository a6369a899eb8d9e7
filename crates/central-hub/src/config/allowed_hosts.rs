//! SSRF protection of webhooks (`WEBHOOK_ALLOWED_HOSTS`): the addresses that a
//! webhook URL may lead to.
//!
//! A user who can create a webhook chooses where this machine connects to, so
//! its own services, its neighbours' and the cloud's metadata service are
//! refused unless they are listed.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use service_runtime::is_public;
use url::{Host, Url};

/// Hosts and networks that are allowed although they are not public.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts {
    names: Vec<String>,
    networks: Vec<IpNet>,
}

/// A list that cannot be parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "host names, addresses and networks such as crm.local,127.0.0.1,10.0.0.0/8, separated by commas"
)]
pub struct BadHosts;

impl FromStr for AllowedHosts {
    type Err = BadHosts;

    fn from_str(text: &str) -> Result<Self, BadHosts> {
        let mut allowed = Self::default();
        for entry in text.split(',').map(str::trim) {
            if let Ok(network) = entry.parse::<IpNet>() {
                allowed.networks.push(network);
            } else if let Ok(address) = entry.parse::<IpAddr>() {
                allowed.networks.push(address.into());
            } else {
                match Host::parse(entry) {
                    // `10.0.0.0/33` is no name, nor is `*.local`.
                    Ok(Host::Domain(name)) if !name.contains(['*', '/', ':']) => {
                        allowed.names.push(name);
                    }
                    _ => return Err(BadHosts),
                }
            }
        }
        Ok(allowed)
    }
}

impl fmt::Display for AllowedHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let networks = self.networks.iter().map(ToString::to_string);
        let entries: Vec<_> = self.names.iter().cloned().chain(networks).collect();
        if entries.is_empty() {
            return f.write_str("(none)");
        }
        f.write_str(&entries.join(","))
    }
}

impl AllowedHosts {
    /// These, and the host of an address that the operator set: who sets the
    /// environment of the service may reach what the service reaches.
    #[must_use]
    pub fn with_host_of(mut self, url: &Url) -> Self {
        match url.host() {
            Some(Host::Ipv4(address)) => self.networks.push(IpAddr::from(address).into()),
            Some(Host::Ipv6(address)) => self.networks.push(IpAddr::from(address).into()),
            Some(Host::Domain(name)) => self.names.push(name.to_owned()),
            None => {}
        }
        self
    }

    /// Whether a connection to `address`, to which `name` was resolved, is
    /// allowed.
    #[must_use]
    pub fn admits(&self, name: Option<&str>, address: IpAddr) -> bool {
        let is_named = name.is_some_and(|name| {
            let name = name.strip_suffix('.').unwrap_or(name);
            self.names.iter().any(|it| it.eq_ignore_ascii_case(name))
        });
        let address = address.to_canonical();
        is_named || self.networks.iter().any(|it| it.contains(&address)) || is_public(address)
    }

    /// Whether a URL with an IP address as its host is allowed. Names are
    /// checked when they are resolved.
    #[must_use]
    pub fn admits_url(&self, url: &Url) -> bool {
        match url.host() {
            Some(Host::Ipv4(address)) => self.admits(None, address.into()),
            Some(Host::Ipv6(address)) => self.admits(None, address.into()),
            Some(Host::Domain(_)) => true,
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_internet() {
        let nobody = AllowedHosts::default();
        for public in [
            "8.8.8.8",
            "200.45.1.1",
            "172.32.0.1",
            "2606:4700::1111",
            "64:ff9b::808:808",
        ] {
            assert!(nobody.admits(None, public.parse().unwrap()), "{public}");
        }
        for closed in [
            "0.0.0.0",
            "127.0.0.1",
            "127.9.9.9",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.100.100.200",
            "192.0.0.192",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "fec0::1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "100::1",
        ] {
            assert!(
                !nobody.admits(Some("localhost"), closed.parse().unwrap()),
                "{closed}"
            );
        }
    }

    #[test]
    fn only_listed_hosts_are_allowed() {
        let hosts: AllowedHosts = "CRM.local, 127.0.0.1,10.0.0.0/8,fd00::/8".parse().unwrap();
        let admits = |name, address: &str| hosts.admits(name, address.parse().unwrap());
        assert!(admits(Some("crm.local"), "192.168.1.1") && admits(Some("crm.LOCAL."), "::1"));
        assert!(!admits(Some("evil.crm.local"), "192.168.1.1"));
        assert!(admits(None, "127.0.0.1") && !admits(None, "127.0.0.2"));
        assert!(admits(None, "::ffff:127.0.0.1") && admits(Some("x"), "10.9.9.9"));
        assert!(admits(None, "fd00::1") && !admits(None, "fe80::1"));
        assert_eq!(
            hosts.to_string(),
            "crm.local,127.0.0.1/32,10.0.0.0/8,fd00::/8"
        );
        for bad in [
            "",
            ",",
            "a,,b",
            "10.0.0.0/33",
            "*.local",
            "http://x/",
            "x:80",
            "a b",
        ] {
            assert_eq!(bad.parse::<AllowedHosts>(), Err(BadHosts), "{bad}");
        }
    }

    #[test]
    fn addresses_in_disguise() {
        let nobody = AllowedHosts::default();
        for url in [
            "http://0x7f.1/",
            "http://2130706433/",
            "http://127.1/",
            "http://[::1]/",
            "http://017700000001/",
        ] {
            assert!(!nobody.admits_url(&url.parse().unwrap()), "{url}");
        }
        assert!(nobody.admits_url(&"https://example.com/".parse().unwrap()));
    }
}
