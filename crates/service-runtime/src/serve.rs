//! Serving HTTP/1.1 with limits on time, connections and draining.
//!
//! ```text
//!  accept ─> one task for each connection
//!    │         │ head not read in time ─> closed
//!    │         └ hyper's own bare 400, 414, 431 ─> given a JSON body
//!    └─ draining: no new ones, each ends after its request ─┐
//!         `drain` over, or aborting: what is left is cut <──┘
//! ```
//!
//! `axum::serve` has none of the limits: without a timer hyper waits for a
//! request's head for ever, and an open event stream holds a stop up for ever.

mod bare;

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing::{debug, error, info};

use crate::listen::Listeners;
use crate::shutdown::Shutdown;

/// What a server puts up with.
#[derive(Clone, Copy, Debug)]
pub struct ServeLimits {
    /// For a request's head to arrive; also how long an idle connection is
    /// kept.
    pub header_read: Duration,
    /// For open requests to end once draining began; event streams that do
    /// not end by themselves are cut then.
    pub drain: Duration,
    /// Connections at once; further ones wait in the system's queue.
    pub connections: usize,
}

impl Default for ServeLimits {
    /// 30 s, 5 s, 1024.
    fn default() -> Self {
        Self {
            header_read: Duration::from_secs(30),
            drain: Duration::from_secs(5),
            connections: 1024,
        }
    }
}

/// The largest head of a request that is parsed at all, in bytes. What
/// [`crate::http::standard`] takes is less, and answered in words.
const LARGEST_HEAD: usize = 256 * 1024;

/// Serves until draining is over. Handlers may extract
/// [`ConnectInfo<SocketAddr>`].
///
/// A stream that should end at once when draining begins has to watch
/// [`Shutdown::draining`] itself.
pub async fn serve(
    listeners: impl Into<Listeners>,
    router: Router,
    limits: ServeLimits,
    shutdown: &Shutdown,
) {
    let listeners = listeners.into();
    let permits = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // Stopping comes first: a flood of connections must not delay it.
            biased;
            () = shutdown.draining().cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = accept(&listeners, &permits) => {
                let (stream, peer, permit) = accepted;
                let router = router.clone();
                let draining = shutdown.draining().clone();
                connections.spawn(async move {
                    connection(stream, peer, router, limits.header_read, draining).await;
                    drop(permit);
                });
            }
        }
    }
    drop(listeners);
    let rest = async { while connections.join_next().await.is_some() {} };
    tokio::select! {
        biased;
        () = rest => {}
        () = shutdown.aborting().cancelled() => {}
        () = tokio::time::sleep(limits.drain) => {}
    }
    if !connections.is_empty() {
        info!(
            connections = connections.len(),
            "cutting connections that did not end"
        );
        connections.shutdown().await;
    }
}

async fn accept(
    listeners: &Listeners,
    permits: &Arc<Semaphore>,
) -> (
    TcpStream,
    SocketAddr,
    Option<tokio::sync::OwnedSemaphorePermit>,
) {
    // Never closed, so always a permit.
    let permit = Arc::clone(permits).acquire_owned().await.ok();
    loop {
        match listeners.accept().await {
            Ok((stream, peer)) => return (stream, peer, permit),
            Err(error) if of_one_connection(&error) => {}
            Err(error) => {
                // Out of descriptors, most likely: some will come back.
                error!(%error, "cannot accept connections; trying again in a second");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

fn of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    header_read: Duration,
    draining: CancellationToken,
) {
    // Events and small answers must not wait for a full packet.
    let _ = stream.set_nodelay(true);
    let service = router.map_request(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_read)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(
            TokioIo::new(bare::InWords::new(stream)),
            TowerToHyperService::new(service),
        );
    let mut connection = pin!(connection);
    let result = tokio::select! {
        biased;
        result = connection.as_mut() => result,
        () = draining.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        debug!(%error, "a connection ended with an error");
    }
}
