//! Connects the subcommands to the service that runs on this host, over HTTP.

use session_client::{SessionClient, Timeouts};

use crate::config::Config;

/// Creates a client of the service that runs with `config` on `port`.
pub(super) fn connect(config: &Config, port: u16) -> Result<SessionClient, String> {
    let address = std::net::SocketAddr::new(config.hosts.nearest(), port);
    let base = format!("http://{address}/")
        .parse()
        .map_err(|error| format!("{address}: {error}"))?;
    SessionClient::new(base, config.token.as_ref(), Timeouts::default())
        .map_err(|error| error.to_string())
}
