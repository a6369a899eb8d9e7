//! Adds error bodies to hyper's own responses, which have none.
//!
//! A request that cannot be parsed never reaches the router: hyper writes `400`, `414` or `431`
//! with an empty body, and has no hook for another body. So the head of such a response is detected
//! on its way out and replaced. Every response of the router carries `x-request-id`; hyper's own
//! does not.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection that replaces hyper's empty error responses.
pub(super) struct HyperErrorBody<T> {
    inner: T,
    replacement: Option<Replacement>,
}

struct Replacement {
    bytes: Vec<u8>,
    written: usize,
    /// How many of the caller's bytes the replacement stands for.
    replaces: usize,
}

impl<T> HyperErrorBody<T> {
    pub(super) const fn new(inner: T) -> Self {
        Self {
            inner,
            replacement: None,
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for HyperErrorBody<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for HyperErrorBody<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.replacement.is_none() {
            this.replacement = error_body_for(bytes).map(|words| Replacement {
                bytes: words,
                written: 0,
                replaces: bytes.len(),
            });
        }
        let Some(replacement) = &mut this.replacement else {
            return Pin::new(&mut this.inner).poll_write(context, bytes);
        };
        while replacement.written < replacement.bytes.len() {
            let rest = &replacement.bytes[replacement.written..];
            let written = ready!(Pin::new(&mut this.inner).poll_write(context, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            replacement.written += written;
        }
        let replaces = replacement.replaces;
        this.replacement = None;
        Poll::Ready(Ok(replaces))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = slices.iter().find(|slice| !slice.is_empty());
        match first {
            Some(head) if self.replacement.is_some() || error_body_for(head).is_some() => {
                self.poll_write(context, head)
            }
            _ => Pin::new(&mut self.inner).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

/// Returns the replacement for `bytes`, or `None` if they are not one of hyper's own responses.
fn error_body_for(bytes: &[u8]) -> Option<Vec<u8>> {
    let (status, code, message) = match bytes.get(..13)? {
        b"HTTP/1.1 400 " | b"HTTP/1.0 400 " => (
            "400 Bad Request",
            "BAD_REQUEST",
            "this is not a request in HTTP/1.1",
        ),
        b"HTTP/1.1 414 " | b"HTTP/1.0 414 " => {
            ("414 URI Too Long", "URI_TOO_LONG", "the path is too long")
        }
        b"HTTP/1.1 431 " | b"HTTP/1.0 431 " => (
            "431 Request Header Fields Too Large",
            "HEADERS_TOO_LARGE",
            "the request has too many or too large headers",
        ),
        _ => return None,
    };
    let head = std::str::from_utf8(bytes).ok()?.strip_suffix("\r\n\r\n")?;
    let is_bare = head
        .lines()
        .any(|line| line.eq_ignore_ascii_case("content-length: 0"))
        && !head
            .lines()
            .any(|line| line.to_ascii_lowercase().starts_with("x-request-id:"));
    is_bare.then(|| {
        let body = format!(r#"{{"error":true,"code":"{code}","message":"{message}"}}"#);
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_errors_are_replaced() {
        for status in ["400 Bad Request", "414 URI Too Long", "431 Too Large"] {
            let bare = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\ndate: x\r\n\r\n");
            let words = String::from_utf8(error_body_for(bare.as_bytes()).unwrap()).unwrap();
            assert!(words.contains(r#""error":true"#), "{words}");
        }
        for other in [
            "",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 9\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\nX-Request-Id: a\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
        ] {
            assert!(error_body_for(other.as_bytes()).is_none(), "{other}");
        }
    }
}
