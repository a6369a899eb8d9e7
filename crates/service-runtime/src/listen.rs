//! Binds the port. If the port is taken, identifies the process that uses it.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use secrecy::{ExposeSecret, SecretString};
use tokio::net::{TcpListener, TcpStream};

use crate::process::Process;

/// The error that the port cannot be opened. `Display` gives one line with the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Another process uses the port.
    #[error("port {port} is taken{holder}: stop it, or set PORT to a free port")]
    Taken {
        /// The port.
        port: u16,
        /// The process, if `/proc` shows it.
        holder: Holder,
        /// The system error.
        #[source]
        source: io::Error,
    },
    /// The operating system does not allow the port.
    #[error("this user may not open port {port}: set PORT to a port above 1023")]
    Forbidden {
        /// The port.
        port: u16,
        /// The system error.
        #[source]
        source: io::Error,
    },
    /// The address does not belong to this machine.
    #[error(
        "HOST is {host}, which is not an address of this machine: set it to one that is, such as 127.0.0.1"
    )]
    NotLocal {
        /// The address.
        host: IpAddr,
        /// The system error.
        #[source]
        source: io::Error,
    },
    /// Any other system error.
    #[error("cannot listen on {address}: {source}")]
    Other {
        /// The address and port.
        address: SocketAddr,
        /// The system error.
        #[source]
        source: io::Error,
    },
    /// Other machines could reach the service without authentication.
    #[error("HOST is {host}, which other machines can reach: set {variable}, or HOST=127.0.0.1")]
    Unprotected {
        /// The address.
        host: IpAddr,
        /// The variable that would hold the secret.
        variable: &'static str,
    },
    /// Other machines could reach the service and guess the secret.
    #[error(
        "HOST is {host}, which other machines can reach, and {variable} has fewer than {minimum} characters: anyone who can reach the port can guess it; generate a longer one, for example with `openssl rand -hex 24`"
    )]
    Guessable {
        /// The address.
        host: IpAddr,
        /// The variable of the secret.
        variable: &'static str,
        /// Minimum number of characters.
        minimum: usize,
    },
}

/// Minimum length of a secret that programs use, in characters.
pub const MIN_TOKEN_LENGTH: usize = 16;
/// Minimum length of a typed password, in characters. It is shorter because password guesses have a
/// stricter rate limit.
pub const MIN_PASSWORD_LENGTH: usize = 10;

/// The process that uses a port; empty if it is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder(Option<(i32, String)>);

impl Holder {
    /// Returns the process id; `None` if it is unknown.
    pub fn pid(&self) -> Option<i32> {
        self.0.as_ref().map(|(pid, _)| *pid)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some((pid, name)) => write!(f, " by {name} (pid {pid})"),
            None => f.write_str(" by another program"),
        }
    }
}

/// The value of `HOST`: the addresses that a service listens on, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    addresses: Vec<IpAddr>,
    /// Whether `::1` is optional, for a machine without IPv6.
    is_localhost: bool,
}

impl Default for Hosts {
    /// Returns both loopback addresses, since `localhost` may mean either.
    fn default() -> Self {
        Self {
            addresses: vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            is_localhost: true,
        }
    }
}

impl Hosts {
    /// Iterates over the addresses, in the given order.
    pub fn iter(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses.iter().copied()
    }

    /// Returns an address at which this machine can reach the service.
    pub fn nearest(&self) -> IpAddr {
        let loopback = self.iter().find(|host| host.to_canonical().is_loopback());
        let public_host = self.iter().find(IpAddr::is_unspecified);
        let first = self.addresses.first().copied();
        match (loopback, public_host) {
            (Some(loopback), _) => loopback,
            (None, Some(IpAddr::V6(_))) => Ipv6Addr::LOCALHOST.into(),
            (None, Some(IpAddr::V4(_))) => Ipv4Addr::LOCALHOST.into(),
            (None, None) => first.unwrap_or(Ipv4Addr::LOCALHOST.into()),
        }
    }
}

impl FromStr for Hosts {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut hosts = Self {
            addresses: Vec::new(),
            is_localhost: false,
        };
        for word in text.split(',').map(str::trim) {
            let added = if word == "localhost" {
                hosts.is_localhost = true;
                Self::default().addresses
            } else {
                vec![word.parse().map_err(|_| ())?]
            };
            for address in added {
                if !hosts.addresses.contains(&address) {
                    hosts.addresses.push(address);
                }
            }
        }
        Ok(hosts)
    }
}

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, address) in self.addresses.iter().enumerate() {
            write!(f, "{}{address}", if n == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// The listening sockets of a service. Connections are accepted from all of them.
#[derive(Debug)]
pub struct Listeners {
    sockets: Vec<TcpListener>,
    /// The index of the socket to poll first. It rotates, so that no socket starves another.
    next: AtomicUsize,
}

impl From<TcpListener> for Listeners {
    fn from(socket: TcpListener) -> Self {
        Self {
            sockets: vec![socket],
            next: AtomicUsize::new(0),
        }
    }
}

impl Listeners {
    /// Opens the port on each address. Port 0 selects a port that is free on all of them.
    ///
    /// # Errors
    /// See [`ListenError`].
    pub async fn bind(hosts: &Hosts, port: u16) -> Result<Self, ListenError> {
        /// How often to retry: the port that the system chose for the first address may be taken on
        /// the second.
        const MAX_TRIES: usize = 16;
        let mut tries = 0;
        loop {
            match Self::bind_once(hosts, port).await {
                Err(ListenError::Taken { .. }) if port == 0 && tries < MAX_TRIES => tries += 1,
                result => return result,
            }
        }
    }

    async fn bind_once(hosts: &Hosts, mut port: u16) -> Result<Self, ListenError> {
        let mut sockets: Vec<TcpListener> = Vec::new();
        for host in hosts.iter() {
            let socket = match bind(host, port).await {
                Ok(socket) => socket,
                // A machine may have no IPv6.
                Err(error) if hosts.is_localhost && host.is_ipv6() && error.is_without_ipv6() => {
                    continue;
                }
                Err(error) => return Err(error),
            };
            if let Ok(address) = socket.local_addr() {
                port = address.port();
            }
            sockets.push(socket);
        }
        Ok(Self {
            sockets,
            next: AtomicUsize::new(0),
        })
    }

    /// Returns the address and port of each socket.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        let addresses = self.sockets.iter().map(TcpListener::local_addr);
        addresses.filter_map(Result::ok)
    }

    /// Accepts the next connection from any socket.
    ///
    /// # Errors
    /// As [`TcpListener::accept`].
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        std::future::poll_fn(|context| {
            let count = self.sockets.len();
            let first = self.next.fetch_add(1, Ordering::Relaxed);
            for n in 0..count {
                let socket = &self.sockets[first.wrapping_add(n) % count];
                if let Poll::Ready(accepted) = socket.poll_accept(context) {
                    return Poll::Ready(accepted);
                }
            }
            Poll::Pending
        })
        .await
    }
}

impl ListenError {
    /// Returns whether the machine lacks this address, or IPv6 altogether.
    fn is_without_ipv6(&self) -> bool {
        match self {
            Self::NotLocal { .. } => true,
            Self::Other { source, .. } => {
                source.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
            }
            _ => false,
        }
    }
}

/// Opens `host:port`; port 0 lets the system choose.
///
/// # Errors
/// See [`ListenError`].
pub async fn bind(host: IpAddr, port: u16) -> Result<TcpListener, ListenError> {
    let address = SocketAddr::new(host, port);
    TcpListener::bind(address)
        .await
        .map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => ListenError::Taken {
                port,
                holder: Holder(holder(port)),
                source,
            },
            io::ErrorKind::PermissionDenied => ListenError::Forbidden { port, source },
            io::ErrorKind::AddrNotAvailable => ListenError::NotLocal { host, source },
            _ => ListenError::Other { address, source },
        })
}

/// Rejects an address that other machines can reach, unless a token protects it.
///
/// # Errors
/// [`ListenError::Unprotected`].
pub fn ensure_loopback_or_token(
    hosts: &Hosts,
    has_token: bool,
    variable: &'static str,
) -> Result<(), ListenError> {
    let public_host = hosts.iter().find(|host| !host.to_canonical().is_loopback());
    match public_host {
        Some(host) if !has_token => Err(ListenError::Unprotected { host, variable }),
        _ => Ok(()),
    }
}

/// Rejects a secret that is too short if other machines can reach the service.
///
/// # Errors
/// [`ListenError::Guessable`].
pub fn ensure_not_guessable(
    hosts: &Hosts,
    secret: Option<&SecretString>,
    variable: &'static str,
    minimum: usize,
) -> Result<(), ListenError> {
    let public_host = hosts.iter().find(|host| !host.to_canonical().is_loopback());
    match public_host {
        Some(host) if is_guessable(secret, minimum) => Err(ListenError::Guessable {
            host,
            variable,
            minimum,
        }),
        _ => Ok(()),
    }
}

/// Returns whether a secret is short enough to be guessed. A missing secret is not.
#[must_use]
pub fn is_guessable(secret: Option<&SecretString>, minimum: usize) -> bool {
    secret.is_some_and(|secret| secret.expose_secret().chars().count() < minimum)
}

/// Returns the pid and name of the process that listens on the port; `None` if they cannot be
/// found.
fn holder(port: u16) -> Option<(i32, String)> {
    let sockets: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .flat_map(|table| listening_inodes(&table, port))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    let processes = std::fs::read_dir("/proc").ok()?;
    processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .find(|pid| holds(*pid, &sockets))
        .and_then(|pid| Some((pid, Process::read(pid)?.comm)))
}

/// Returns the port that a process listens on; `None` if it is unknown.
#[must_use]
pub fn port_of(pid: i32) -> Option<u16> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let tables = tables.map(|table| std::fs::read_to_string(table).unwrap_or_default());
    let mut listening = tables.iter().flat_map(|table| listening(table));
    listening
        .find(|(_, inode)| holds(pid, &[format!("socket:[{inode}]")]))
        .map(|(port, _)| port)
}

fn holds(pid: i32, sockets: &[String]) -> bool {
    // The descriptors of another user's process cannot be read; its name then stays unknown.
    let Ok(descriptors) = std::fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    descriptors
        .flatten()
        .filter_map(|entry| std::fs::read_link(entry.path()).ok())
        .any(|target| {
            sockets
                .iter()
                .any(|socket| target.as_os_str() == socket.as_str())
        })
}

/// Returns the inodes of the sockets that listen on the port, from a table such as `/proc/net/tcp`.
fn listening_inodes(table: &str, port: u16) -> Vec<u64> {
    listening(table)
        .filter(|(listens, _)| *listens == port)
        .map(|(_, inode)| inode)
        .collect()
}

/// Returns the port and inode of each socket in state LISTEN (0A).
fn listening(table: &str) -> impl Iterator<Item = (u16, u64)> {
    table.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, port) = fields.get(1)?.rsplit_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        let inode = fields.get(9)?.parse().ok()?;
        (*fields.get(3)? == "0A").then_some((port, inode))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(text: &str) -> Hosts {
        text.parse().unwrap()
    }

    #[test]
    fn hosts_are_addresses_by_commas() {
        assert_eq!(Hosts::default().to_string(), "127.0.0.1,::1");
        assert_eq!(hosts("localhost"), Hosts::default());
        assert_eq!(hosts("10.0.0.5, ::1").to_string(), "10.0.0.5,::1");
        assert_eq!(hosts("127.0.0.1,127.0.0.1").to_string(), "127.0.0.1");
        assert_eq!(hosts("10.0.0.5,::1").nearest().to_string(), "::1");
        assert_eq!(hosts("0.0.0.0").nearest().to_string(), "127.0.0.1");
        assert_eq!(hosts("::").nearest().to_string(), "::1");
        for bad in ["", "127.0.0.1,", "example.com", "127.0.0.1 ::1"] {
            assert!(bad.parse::<Hosts>().is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn both_loopbacks_are_answered_on_one_port() {
        let listeners = Listeners::bind(&Hosts::default(), 0).await.unwrap();
        let addresses: Vec<_> = listeners.addresses().collect();
        let has_ipv6 = bind(Ipv6Addr::LOCALHOST.into(), 0).await.is_ok();
        assert_eq!(addresses.len(), if has_ipv6 { 2 } else { 1 });
        for address in addresses {
            assert_eq!(address.port(), listeners.addresses().next().unwrap().port());
            let client = TcpStream::connect(address).await.unwrap();
            let (_, peer) = listeners.accept().await.unwrap();
            assert_eq!(peer, client.local_addr().unwrap());
        }
    }

    #[tokio::test]
    async fn port_in_use_reports_its_process() {
        let host = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let first = bind(host, 0).await.unwrap();
        let port = first.local_addr().unwrap().port();
        let error = bind(host, port).await.unwrap_err().to_string();
        let own = std::process::id();
        assert!(
            error.starts_with(&format!("port {port} is taken by ")),
            "{error}"
        );
        assert!(error.contains(&format!("(pid {own})")), "{error}");
        assert!(error.ends_with("set PORT to a free port"), "{error}");
    }

    #[tokio::test]
    async fn a_foreign_address_is_named() {
        // TEST-NET-1, which no machine uses.
        let host: IpAddr = "192.0.2.1".parse().unwrap();
        let error = bind(host, 0).await.unwrap_err();
        assert!(matches!(error, ListenError::NotLocal { .. }), "{error}");
        assert!(error.to_string().contains("192.0.2.1"));
    }

    #[test]
    fn beyond_loopback_only_with_a_token() {
        let check = |text, token| ensure_loopback_or_token(&hosts(text), token, "API_TOKEN");
        for host in ["localhost", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(check(host, false).is_ok(), "{host}");
        }
        assert!(check("0.0.0.0", true).is_ok());
        for host in [
            "0.0.0.0",
            "::",
            "10.0.0.1",
            "::ffff:10.0.0.1",
            "127.0.0.1,10.0.0.1",
        ] {
            let error = check(host, false).unwrap_err().to_string();
            assert!(error.contains("API_TOKEN"), "{error}");
        }
    }

    #[test]
    fn beyond_loopback_no_secret_that_can_be_guessed() {
        let check = |host: &str, secret: &str| {
            let secret = SecretString::from(secret);
            ensure_not_guessable(&hosts(host), Some(&secret), "API_TOKEN", MIN_TOKEN_LENGTH)
        };
        assert!(check("127.0.0.1", "x").is_ok());
        assert!(check("0.0.0.0", "0123456789abcdef").is_ok());
        assert!(check("::", "ñandúñandúñandúñ").is_ok());
        let error = check("0.0.0.0", "0123456789abcde").unwrap_err().to_string();
        assert!(error.contains("API_TOKEN has fewer than 16"), "{error}");
        assert!(!error.contains("0123"), "{error}");
        assert!(ensure_not_guessable(&hosts("0.0.0.0"), None, "API_TOKEN", 16).is_ok());
    }

    #[test]
    fn reads_the_kernels_table() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB9 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 31337 1 0 100 0 0 10 0
   1: 0100007F:0BB9 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 4242 1 0 20 4 30 10 -1
   2: rubbish";
        assert_eq!(listening_inodes(table, 3001), [31337]);
        assert!(listening_inodes(table, 3002).is_empty());
        assert!(listening_inodes("", 3001).is_empty());
    }
}
