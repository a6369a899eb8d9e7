//! Starts and stops the stand-in's server, and gives its addresses.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::http;
use crate::phone::Phone;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::state_file;
use crate::world::World;

/// Maximum time for connections to close on their own.
const GRACE: Duration = Duration::from_millis(500);

/// A running stand-in. Dropping it stops it.
#[derive(Debug)]
pub struct Standin {
    shared: Arc<Shared>,
    addr: SocketAddr,
    serving: JoinHandle<()>,
}

impl Standin {
    /// Serves on `addr`; port 0 takes a free one.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub async fn start(addr: SocketAddr, settings: Settings) -> io::Result<Self> {
        Self::start_inner(addr, settings, None).await
    }

    /// Works like [`Standin::start`], but stores devices and messages in a file.
    ///
    /// # Errors
    /// If the address cannot be bound, or the file has another format.
    pub async fn start_with_data(
        addr: SocketAddr,
        settings: Settings,
        data: &Path,
    ) -> io::Result<Self> {
        Self::start_inner(addr, settings, Some(data.to_owned())).await
    }

    async fn start_inner(
        addr: SocketAddr,
        settings: Settings,
        data: Option<PathBuf>,
    ) -> io::Result<Self> {
        let mut world = World::new(settings);
        if let Some(data) = &data {
            world.restore(state_file::load(data)?);
        }
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        // Without this option, a short line waits for the peer's delayed acknowledgement.
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let shared = Shared::new(world);
        if let Some(data) = data {
            shared
                .tasks
                .spawn(state_file::keep(Arc::clone(&shared), data));
        }
        let router = http::router(Arc::clone(&shared));
        let stop = shared.stop.clone();
        let serving = tokio::spawn(async move {
            let served = axum::serve(listener, router)
                .with_graceful_shutdown(stop.cancelled_owned())
                .await;
            // Serving ends only by the token; a listener does not fail.
            drop(served);
        });
        Ok(Self {
            shared,
            addr,
            serving,
        })
    }

    /// Returns the URL for clients: `http://127.0.0.1:PORT/`.
    pub fn web_url(&self) -> String {
        format!("http://{}/", self.addr)
    }

    /// Returns the URL of the phone's page.
    pub fn phone_url(&self) -> String {
        format!("http://{}/phone", self.addr)
    }

    /// Returns the phone.
    pub fn phone(&self) -> Phone {
        Phone {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Stops the server. Waits until the port is free and the file is written.
    pub async fn stop(mut self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        // Idle keep-alive connections must not delay the stop.
        let _ = tokio::time::timeout(GRACE, &mut self.serving).await;
        let _ = tokio::time::timeout(GRACE, self.shared.tasks.wait()).await;
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        self.shared.stop.cancel();
        self.serving.abort();
    }
}
