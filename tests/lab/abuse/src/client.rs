//! Provides raw clients that misbehave as no HTTP library does, and the targets that they attack.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use harness::{Nginx, Tls};
use service_runtime::process::Usage;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// The clients' timeout. It is longer than a service's timeout for a stalled client, and than the
/// hub's for session-manager, which may be busy with its browser.
pub(super) const PATIENCE: Duration = Duration::from_secs(75);
/// The attackers' address, as nginx sees it.
const ATTACKER: &str = "203.0.113.9";
/// The address of all other clients.
const OTHER_CLIENT: &str = "198.51.100.200";

/// A process of the attacked service.
#[derive(Clone, Debug)]
pub(super) struct Process {
    /// The address, `127.0.0.1:PORT`.
    pub(super) address: String,
    pub(super) pid: i32,
}

/// The target of an attack.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) name: &'static str,
    /// The attacked processes: one, or several hubs that share a database.
    pub(super) processes: Vec<Process>,
    pub(super) entrance: Entrance,
    /// The `Authorization` header of an administrator.
    pub(super) authorization: String,
    /// The `Authorization` headers of other roles.
    pub(super) other_authorizations: Vec<String>,
    /// Whether all attackers have one address that is not this machine's, and cannot claim another.
    /// They then share the connections of that address, and wrong tokens lock out the right ones.
    pub(super) is_remote: bool,
}

/// How clients connect.
#[derive(Clone, Debug)]
pub(super) enum Entrance {
    /// Directly to the processes, in turns.
    Direct(Arc<AtomicUsize>),
    /// Through nginx, in front of the processes.
    Nginx(Arc<Nginx>, Tls),
}

/// A connection, with or without TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}
pub(super) type Connection = Box<dyn Stream>;

impl Target {
    pub(super) fn is_hub(&self) -> bool {
        self.name == "central-hub"
    }

    fn next_address(&self) -> &str {
        let counter = match &self.entrance {
            Entrance::Direct(counter) => counter.fetch_add(1, Ordering::Relaxed),
            Entrance::Nginx(..) => 0,
        };
        &self.processes[counter % self.processes.len()].address
    }

    pub(super) fn url(&self, path: &str) -> String {
        match &self.entrance {
            Entrance::Direct(_) => format!("http://{}{path}", self.next_address()),
            Entrance::Nginx(nginx, _) => nginx.url(path),
        }
    }

    /// Returns an ordinary HTTP client at the attackers' address.
    pub(super) fn client(&self) -> reqwest::Client {
        match &self.entrance {
            Entrance::Direct(_) => harness::http(),
            Entrance::Nginx(nginx, _) => {
                let mut headers = reqwest::header::HeaderMap::new();
                let attacker = reqwest::header::HeaderValue::from_static(ATTACKER);
                headers.insert(Nginx::ADDRESS_HEADER, attacker);
                let client = nginx.client_builder().default_headers(headers);
                client.build().expect("a client")
            }
        }
    }

    /// Returns the header that sets the client's address: the header that nginx writes, or the one
    /// that nginx accepts in tests.
    pub(super) fn address_header(&self) -> &'static str {
        match &self.entrance {
            Entrance::Direct(_) => "x-forwarded-for",
            Entrance::Nginx(..) => Nginx::ADDRESS_HEADER,
        }
    }

    /// Returns the headers that follow every request line.
    pub(super) fn host(&self) -> String {
        match &self.entrance {
            Entrance::Direct(_) => "Host: localhost\r\n".to_owned(),
            Entrance::Nginx(..) => format!(
                "Host: {}\r\n{}: {ATTACKER}\r\n",
                Nginx::NAME,
                Nginx::ADDRESS_HEADER
            ),
        }
    }

    /// Returns the head of a request, with additional headers.
    pub(super) fn head(&self, line: &str, headers: &str) -> String {
        format!(
            "{line} HTTP/1.1\r\n{}Authorization: {}\r\n{headers}\r\n",
            self.host(),
            self.authorization
        )
    }

    async fn connect(&self) -> Option<Connection> {
        Some(match &self.entrance {
            Entrance::Direct(_) => Box::new(TcpStream::connect(self.next_address()).await.ok()?),
            Entrance::Nginx(_, tls) => Box::new(tls.connect().await.ok()?),
        })
    }

    /// Connects and writes, without reading. Returns `None` if that fails.
    pub(super) async fn write_only(&self, bytes: &[u8]) -> Option<Connection> {
        let connecting = tokio::time::timeout(PATIENCE, self.connect());
        let mut stream = connecting.await.ok()??;
        // The service may close before it has read all bytes.
        let _ = tokio::time::timeout(PATIENCE, async {
            stream.write_all(bytes).await?;
            stream.flush().await
        })
        .await;
        Some(stream)
    }

    /// Connects, writes, and reads the status; 0 if the connection was closed without a response.
    pub(super) async fn status(&self, bytes: &[u8]) -> u16 {
        match self.write_only(bytes).await {
            Some(mut stream) => status(&mut stream).await,
            None => 0,
        }
    }
}

/// What a health probe asks: a process, or nginx.
#[derive(Clone, Debug)]
pub(super) enum Probe {
    Process(Process),
    Nginx(Tls),
}

impl Target {
    /// Returns the probes of this target.
    pub(super) fn probes(&self) -> Vec<Probe> {
        let mut probes: Vec<_> = self.processes.iter().cloned().map(Probe::Process).collect();
        if let Entrance::Nginx(_, tls) = &self.entrance {
            probes.push(Probe::Nginx(tls.clone()));
        }
        probes
    }
}

impl Probe {
    /// Returns the status of `GET /health` on a new connection; 0 if there is no response.
    pub(super) async fn health(&self) -> u16 {
        let request = format!(
            "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}: {OTHER_CLIENT}\r\n\r\n",
            Nginx::ADDRESS_HEADER
        );
        let mut stream: Connection = match self {
            Self::Process(process) => match TcpStream::connect(&process.address).await {
                Ok(stream) => Box::new(stream),
                Err(_) => return 0,
            },
            Self::Nginx(tls) => match tls.connect().await {
                Ok(stream) => Box::new(stream),
                Err(_) => return 0,
            },
        };
        let _ = stream.write_all(request.as_bytes()).await;
        let _ = stream.flush().await;
        status(&mut stream).await
    }

    /// Returns the resource usage; nginx's own is not checked.
    pub(super) fn usage(&self) -> Usage {
        match self {
            Self::Process(process) => Usage::of(process.pid).unwrap_or_default(),
            Self::Nginx(_) => Usage::default(),
        }
    }
}

/// Reads the status of a response. Returns 0 if the connection was closed without a response, 1
/// after a timeout.
pub(super) async fn status(stream: &mut (impl AsyncRead + Unpin)) -> u16 {
    status_within(PATIENCE, stream).await
}

pub(super) async fn status_within(limit: Duration, stream: &mut (impl AsyncRead + Unpin)) -> u16 {
    let mut head = [0; 12];
    match tokio::time::timeout(limit, stream.read_exact(&mut head)).await {
        Ok(Ok(_)) => std::str::from_utf8(&head[9..])
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0),
        Ok(Err(_)) => 0,
        Err(_) => 1,
    }
}
