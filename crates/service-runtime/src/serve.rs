//! HTTP/1.1 server with limits on time and connections, and draining.
//!
//! ```text
//!  accept ─> room? ─> one task for each connection
//!    │         │ head not read in time, answer not taken in time ─> closed
//!    │         │ body stops ─> 408
//!    │         │ answered before the body's end ─> the rest is read and dropped
//!    │         └ hyper's own bare 400, 414, 431 ─> given a JSON body
//!    └─ draining: no new ones, each ends after its request ─┐
//!         `drain` over, or aborting: what is left is cut <──┘
//! ```
//!
//! `axum::serve` has none of the limits: without a timer hyper waits for a
//! request's head for ever, and an open event stream holds a stop up for ever.

mod activity;
mod admission;
mod bare;
mod watched;

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
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

/// What a server puts up with.
#[derive(Clone, Debug)]
pub struct ServeLimits {
    /// For a request's head to arrive; also how long an idle connection is
    /// kept.
    pub header_read: Duration,
    /// For the next piece of a request's body to arrive.
    pub body_idle: Duration,
    /// For the peer to take the next piece of an answer.
    pub write_stall: Duration,
    /// For open requests to end once draining began; event streams that do
    /// not end by themselves are cut then.
    pub drain: Duration,
    /// Connections at once. For a further one the one that waits longest for
    /// its peer is cut; where all are at work it is refused.
    pub connections: usize,
    /// Of those, from one address.
    pub of_address: usize,
    /// Who has all of them: behind these, and on this machine, are many clients.
    pub proxies: TrustedProxies,
}

impl Default for ServeLimits {
    /// 30 s each, 5 s to drain, 1024 connections, 256 of them of one address.
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

/// Descriptors for what is no connection: the database, files, the browser.
const OTHER_DESCRIPTORS: u64 = 512;
/// How long a new connection waits for a place before it is refused.
const FOR_A_PLACE: Duration = Duration::from_secs(1);
const LOOKED_AT: Duration = Duration::from_millis(50);
/// Refused connections that are told so at once; further ones are just closed.
const REFUSALS: usize = 64;
/// Response to a refused connection.
const REFUSED: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
content-type: application/json\r\ncontent-length: 108\r\nretry-after: 1\r\n\
connection: close\r\n\r\n\
{\"error\":true,\"code\":\"OVERLOADED\",\"message\":\"as many connections are open as there may be: try again later\"}";

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
    let room = room_for(limits.connections);
    let open = Connections::new(room, limits.of_address, limits.proxies.clone());
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    let refused = OncePerMinute::default();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // Stopping comes first: a flood of connections must not delay it.
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
                            warn!(count, ?why, "connections were refused: as many are open as there may be");
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
            "cutting connections that did not end"
        );
        connections.shutdown().await;
    }
}

/// Raises the descriptor limit for this many connections; returns for how
/// many there are.
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

/// Lets a connection in, or waits a moment for a place.
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

/// Tells one that there is no place. It is read from for a moment: closed with
/// unread bytes, it would be reset before its peer has the answer.
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
    limits: ServeLimits,
    draining: CancellationToken,
    admitted: Admitted,
) {
    // Events and small answers must not wait for a full packet.
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
        .map_response(move |response: axum::response::Response| {
            response.map(|body| watched::response_body(body, Arc::clone(&answering)))
        });
    let socket = watched::Socket::new(stream, activity, limits.write_stall);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(
            TokioIo::new(bare::HyperErrorBody::new(socket)),
            TowerToHyperService::new(service),
        );
    let mut connection = pin!(connection);
    let result = tokio::select! {
        biased;
        result = connection.as_mut() => result,
        () = admitted.cut.cancelled() => {
            debug!("a connection that waited for its peer made room for another");
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
