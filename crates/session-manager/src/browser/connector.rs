//! Connects to ChromeDriver: HTTP over sockets of its network namespace.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpSocket;
use tower::Service;

use super::chrome_shim::Shim;

/// A connector to a ChromeDriver inside its network namespace.
#[derive(Clone, Debug)]
pub(super) struct DriverConnector {
    address: SocketAddr,
    first_socket: Arc<Mutex<Option<OwnedFd>>>,
    shim: Arc<OnceLock<Arc<Shim>>>,
}

impl DriverConnector {
    /// Creates a connector to this port, with the first socket of the namespace.
    pub(super) fn new(port: u16, socket: OwnedFd) -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            first_socket: Arc::new(Mutex::new(Some(socket))),
            shim: Arc::default(),
        }
    }

    /// Sets the shim that creates further sockets in the namespace.
    pub(super) fn set_shim(&self, shim: Arc<Shim>) {
        // ChromeDriver has one Chrome, so this is called once.
        let _ = self.shim.set(shim);
    }

    async fn socket(&self) -> io::Result<OwnedFd> {
        let first_socket = self
            .first_socket
            .lock()
            .ok()
            .and_then(|mut first_socket| first_socket.take());
        if let Some(first_socket) = first_socket {
            return Ok(first_socket);
        }
        let shim = self.shim.get().cloned();
        let shim = shim.ok_or(io::ErrorKind::NotConnected)?;
        let created = tokio::task::spawn_blocking(move || shim.socket());
        created.await.map_err(io::Error::other)?
    }
}

impl Service<Uri> for DriverConnector {
    type Response = TokioIo<tokio::net::TcpStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let socket = TcpSocket::from_std_stream(TcpStream::from(connector.socket().await?));
            Ok(TokioIo::new(socket.connect(connector.address).await?))
        })
    }
}
