//! Limits what a client may use: concurrency ([`Shares`]), wrong secrets ([`Attempts`]) and log
//! lines ([`OncePerMinute`]).

mod attempts;
mod concurrency;
mod log_rate;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use attempts::Attempts;
pub use concurrency::{Full, Share, Shares};
pub use log_rate::OncePerMinute;

/// Returns the network that counts as one client address. A client with an IPv6 network has 2⁶⁴
/// addresses, and this machine's loopback network has 2²⁴.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        address if address.is_loopback() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from(network))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let network = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:0:0:2"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
        assert_ne!(network("10.0.0.1"), network("10.0.0.2"));
        assert_eq!(network("127.9.9.9"), network("::1"));
    }
}
