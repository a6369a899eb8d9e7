//! Adds timeouts to the socket and the bodies of a connection, against slow clients (slowloris).

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body as AxumBody;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::activity::Activity;

/// A timeout that starts when an operation stalls.
#[derive(Debug)]
struct Patience {
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    const fn new(limit: Duration) -> Self {
        Self { limit, timer: None }
    }

    fn renew(&mut self) {
        self.timer = None;
    }

    /// Returns whether the timeout has expired. Otherwise the task is woken when it does.
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        let limit = self.limit;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        timer.as_mut().poll(context).is_ready()
    }
}

/// How long to read from a peer that is still sending after the response. If the socket were closed
/// with unread bytes, it would be reset before the peer has the response, and a proxy would return
/// 502 instead.
const LINGER: Duration = Duration::from_secs(10);
/// Idle timeout while reading from such a peer.
const LINGER_IDLE: Duration = Duration::from_secs(1);

/// A socket whose peer must read in time.
#[derive(Debug)]
pub(super) struct Socket<T> {
    inner: T,
    activity: Arc<Activity>,
    patience: Patience,
    /// The total and the idle timeout of reading after the response; set once everything is
    /// written.
    lingering: Option<(Patience, Patience)>,
}

impl<T> Socket<T> {
    pub(super) const fn new(inner: T, activity: Arc<Activity>, write_stall: Duration) -> Self {
        Self {
            inner,
            activity,
            patience: Patience::new(write_stall),
            lingering: None,
        }
    }

    fn judge<R>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if written.is_ready() {
            self.activity.wrote();
            self.patience.renew();
            return written;
        }
        self.activity.waits_for_room();
        if self.patience.is_over(context) {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the peer does not read",
            )));
        }
        Poll::Pending
    }
}

impl<T: AsyncRead + Unpin> Socket<T> {
    /// Reads and discards until the peer closes or a timeout expires.
    fn linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let (whole, idle) = self
            .lingering
            .get_or_insert_with(|| (Patience::new(LINGER), Patience::new(LINGER_IDLE)));
        self.activity.waits_for_bytes();
        let mut dropped = [0; 16 * 1024];
        loop {
            if whole.is_over(context) {
                return Poll::Ready(());
            }
            let mut buffer = ReadBuf::new(&mut dropped);
            match Pin::new(&mut self.inner).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => idle.renew(),
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending if idle.is_over(context) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Socket<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Socket<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.judge(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.judge(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(context);
        self.judge(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.inner).poll_shutdown(context))?;
        }
        if self.activity.has_unread() {
            ready!(self.linger(context));
        }
        Poll::Ready(Ok(()))
    }
}

/// The error that the read timeout of a request body expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stalled(Duration);

impl fmt::Display for Stalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing of the body came for {} s", self.0.as_secs())
    }
}

impl std::error::Error for Stalled {}

/// A request body whose peer must send in time.
struct RequestBody {
    inner: Incoming,
    activity: Arc<Activity>,
    patience: Patience,
}

/// Wraps a request body with the read timeout.
pub(super) fn request_body(
    inner: Incoming,
    activity: Arc<Activity>,
    body_idle: Duration,
) -> AxumBody {
    if inner.is_end_stream() {
        return AxumBody::empty();
    }
    AxumBody::new(RequestBody {
        inner,
        activity,
        patience: Patience::new(body_idle),
    })
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(context) {
            this.activity.works();
            this.patience.renew();
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        this.activity.waits_for_bytes();
        if this.patience.is_over(context) {
            return Poll::Ready(Some(Err(Stalled(this.patience.limit).into())));
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        // The handler no longer waits for the body.
        self.activity.works();
        if !self.inner.is_end_stream() {
            self.activity.leaves_unread(self.inner.size_hint().upper());
        }
    }
}

/// A response body. When it ends, the connection waits for the next request.
struct ResponseBody {
    inner: AxumBody,
    activity: Arc<Activity>,
}

/// Wraps a response body, so that its end is recorded.
pub(super) fn response_body(inner: AxumBody, activity: Arc<Activity>) -> AxumBody {
    AxumBody::new(ResponseBody { inner, activity })
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.activity.works();
        self.activity.waits_for_bytes();
    }
}
