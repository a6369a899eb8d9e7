//! The running service, as the commands of its own binary reach it.

use std::net::{IpAddr, Ipv4Addr};

use session_client::{SessionClient, Timeouts};

use crate::config::Config;

/// A client of the service that runs with `config` on `port`.
///
/// # Errors
/// A sentence.
pub(crate) fn client(config: &Config, port: u16) -> Result<SessionClient, String> {
    let host = if config.host.is_unspecified() {
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    } else {
        config.host
    };
    let address = std::net::SocketAddr::new(host, port);
    let base = format!("http://{address}/")
        .parse()
        .map_err(|error| format!("{address}: {error}"))?;
    SessionClient::new(base, config.token.as_ref(), Timeouts::default())
        .map_err(|error| error.to_string())
}
