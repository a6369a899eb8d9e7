//! Serves HTTP/1.1 with limits on time and connections, and drains when stopping.
//!
//! ```text
//!  accept ─> room? ─> one task for each connection
//!    │         │ timeout of request head or response ─> closed
//!    │         │ body stops ─> 408
//!    │         │ response before the body's end ─> the rest is read and discarded
//!    │         └ hyper's own bare 400, 414, 431 ─> given a JSON body
//!    └─ draining: no new ones, each ends after its request ─┐
//!         `drain` over, or aborting: what is left is cut <──┘
//! ```
//!
//! `axum::serve` has none of these limits. Without a timer hyper waits forever for the head of a
//! request, and an open event stream blocks a stop forever.

mod activity;
mod admission;
mod hyper_errors;
mod watched;

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing::{debug, error, info, warn};

use self::admission::{Admitted, Connections, NoRoom};
pub use self::watched::Stalled;
use crate::limits::OncePerMinute;
use crate::listen::Listeners;
use crate::process::raise_descriptors;
use crate::shutdown::Shutdown;
use crate::trusted_proxies::TrustedProxies;

/// Timeouts and limits of a server.
#[derive(Clone, Debug)]
pub struct ServeLimits {
    /// Timeout for the head of a request. It also applies to an idle connection.
    pub header_read: Duration,
    /// Timeout for the next chunk of a request body.
    pub body_idle: Duration,
    /// Timeout for the peer to accept the next chunk of a response.
    pub write_stall: Duration,
    /// Timeout for open requests after draining began. Event streams that have not ended by then
    /// are cut.
    pub drain: Duration,
    /// Maximum number of connections. To admit another one, the connection that has waited longest
    /// for its peer is cut; if all are at work, the new one is refused.
    pub connections: usize,
    /// Maximum number of connections from one address.
    pub of_address: usize,
    /// Proxies with many clients, which are exempt from the limit per address, as this machine is.
    pub proxies: TrustedProxies,
}

impl Default for ServeLimits {
    /// Returns timeouts of 30 s, a drain of 5 s, and 1024 connections, 256 of them per address.
    fn default() -> Self {
        Self {
            header_read: Duration::from_secs(30),
            body_idle: Duration::from_secs(30),
            write_stall: Duration::from_secs(30),
            drain: Duration::from_secs(5),
            connections: 1024,
            of_address: 256,
            proxies: TrustedProxies::default(),
        }
    }
}

/// The number of descriptors for other uses: the database, files and the browser.
const OTHER_DESCRIPTORS: u64 = 512;
/// How long a new connection waits for a slot before it is refused.
const FOR_A_PLACE: Duration = Duration::from_secs(1);
const LOOKED_AT: Duration = Duration::from_millis(50);
/// Maximum number of concurrent 503 responses. Further connections are closed without a response.
const REFUSALS: usize = 64;
/// The response to a refused connection.
const REFUSED: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
content-type: application/json\r\ncontent-length: 108\r\nretry-after: 1\r\n\
connection: close\r\n\r\n\
{\"error\":true,\"code\":\"OVERLOADED\",\"message\":\"as many connections are open as there may be: try again later\"}";

/// Maximum size of a request head that is parsed, in bytes. The limit of [`crate::http::standard`]
/// is lower, and its rejection has an error body.
const MAX_HEAD_BYTES: usize = 256 * 1024;

/// Serves until draining is over. Handlers may extract [`ConnectInfo<SocketAddr>`].
///
/// A stream that should end as soon as draining begins has to watch [`Shutdown::draining`] itself.
pub async fn serve(
    listeners: impl Into<Listeners>,
    router: Router,
    limits: ServeLimits,
    shutdown: &Shutdown,
) {
    let listeners = listeners.into();
    let room = room_for(limits.connections);
    let open = Connections::new(room, limits.of_address, limits.proxies.clone());
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    let refused = OncePerMinute::default();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // Stopping has priority, so that a flood of connections does not delay it.
            biased;
            () = shutdown.draining().cancelled() => break,
            Some(_) = connections.join_next() => {}
            (stream, peer) = accept(&listeners) => {
                let admitted = tokio::select! {
                    biased;
                    () = shutdown.draining().cancelled() => break,
                    admitted = admit(&open, peer) => admitted,
                };
                let admitted = match admitted {
                    Ok(admitted) => admitted,
                    Err(why) => {
                        if let Some(count) = refused.due() {
                            warn!(count, ?why, "connections were refused: the maximum number is open");
                        }
                        if let Ok(permit) = Arc::clone(&refusals).try_acquire_owned() {
                            connections.spawn(async move {
                                refuse(stream).await;
                                drop(permit);
                            });
                        }
                        continue;
                    }
                };
                let router = router.clone();
                let (limits, draining) = (limits.clone(), shutdown.draining().clone());
                connections.spawn(connection(stream, peer, router, limits, draining, admitted));
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
            "cutting connections that did not close in time"
        );
        connections.shutdown().await;
    }
}

/// Raises the descriptor limit for this many connections. Returns how many connections the
/// resulting limit allows.
fn room_for(connections: usize) -> usize {
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX);
    let wanted = wanted.saturating_add(OTHER_DESCRIPTORS);
    let has = raise_descriptors(wanted);
    if has >= wanted {
        return connections;
    }
    let fit = has.saturating_sub(OTHER_DESCRIPTORS).max(has / 2).max(1);
    warn!(
        descriptors = has,
        connections = fit,
        "few descriptors: fewer connections at once than usual; raise the limit (ulimit -n, LimitNOFILE=)"
    );
    usize::try_from(fit).map_or(connections, |fit| fit.min(connections))
}

/// Admits a connection, after a short wait for a slot if necessary.
async fn admit(open: &Connections, peer: SocketAddr) -> Result<Admitted, NoRoom> {
    let begun = tokio::time::Instant::now();
    loop {
        match open.admit(peer.ip()) {
            Err(NoRoom::OfAll) if begun.elapsed() < FOR_A_PLACE => {
                tokio::time::sleep(LOOKED_AT).await;
            }
            admitted => return admitted,
        }
    }
}

/// Sends a 503. Then reads from the socket for a moment: if it were closed with unread bytes, it
/// would be reset before the peer has the response.
async fn refuse(mut stream: TcpStream) {
    let polite = async {
        stream.write_all(REFUSED).await?;
        stream.shutdown().await?;
        let mut dropped = [0; 1024];
        while stream.read(&mut dropped).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = tokio::time::timeout(FOR_A_PLACE, polite).await;
}

async fn accept(listeners: &Listeners) -> (TcpStream, SocketAddr) {
    loop {
        match listeners.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if of_one_connection(&error) => {}
            Err(error) => {
                // The process is probably out of descriptors, and some will be released.
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
    limits: ServeLimits,
    draining: CancellationToken,
    admitted: Admitted,
) {
    // Events and small responses must not wait for a full packet.
    let _ = stream.set_nodelay(true);
    let activity = Arc::clone(&admitted.activity);
    let answering = Arc::clone(&activity);
    let asking = Arc::clone(&activity);
    let service = router
        .map_request(move |request: hyper::Request<Incoming>| {
            asking.begins();
            let watch = |body| watched::request_body(body, Arc::clone(&asking), limits.body_idle);
            let mut request = request.map(watch);
            request.extensions_mut().insert(ConnectInfo(peer));
            request
        })
        .map_response(move |mut response: axum::response::Response| {
            // Otherwise the peer may send its next request on a connection that is being closed.
            if answering.ends_with_response() {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            response.map(|body| watched::response_body(body, Arc::clone(&answering)))
        });
    let socket = watched::Socket::new(stream, activity, limits.write_stall);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(
            TokioIo::new(hyper_errors::HyperErrorBody::new(socket)),
            TowerToHyperService::new(service),
        );
    let mut connection = pin!(connection);
    let result = tokio::select! {
        biased;
        result = connection.as_mut() => result,
        () = admitted.cut.cancelled() => {
            debug!("an idle connection was closed to admit another");
            return;
        }
        () = draining.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        debug!(%error, "a connection ended with an error");
    }
}
