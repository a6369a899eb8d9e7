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
    first: Arc<Mutex<Option<OwnedFd>>>,
    more: Arc<OnceLock<Arc<Shim>>>,
}

impl DriverConnector {
    /// Creates a connector to this port, with the first socket of the namespace.
    pub(super) fn new(port: u16, socket: OwnedFd) -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            first: Arc::new(Mutex::new(Some(socket))),
            more: Arc::default(),
        }
    }

    /// Sets the shim that creates further sockets in the namespace.
    pub(super) fn set_shim(&self, shim: Arc<Shim>) {
        // ChromeDriver has one Chrome, so this is called once.
        let _ = self.more.set(shim);
    }

    async fn socket(&self) -> io::Result<OwnedFd> {
        let first = self.first.lock().ok().and_then(|mut first| first.take());
        if let Some(first) = first {
            return Ok(first);
        }
        let shim = self.more.get().cloned();
        let shim = shim.ok_or(io::ErrorKind::NotConnected)?;
        let made = tokio::task::spawn_blocking(move || shim.socket());
        made.await.map_err(io::Error::other)?
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
        let line = self.clone();
        Box::pin(async move {
            let socket = TcpSocket::from_std_stream(TcpStream::from(line.socket().await?));
            Ok(TokioIo::new(socket.connect(line.address).await?))
        })
    }
}
