//! Reads multipart requests. Accepts `multipart/form-data` only, limits the bytes between parts,
//! and gives a JSON part the limits and errors of an ordinary body.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::body::Body as AxumBody;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use hyper::body::{Body, Frame};
use serde::de::DeserializeOwned;

use super::json::json_from;
use super::reply::ErrorReply;
use super::{body_failed, find_source};

/// Maximum size of a JSON part, in bytes: that of an ordinary body.
const MAX_JSON_BYTES: usize = 512 * 1024;
/// Maximum size of the boundary and headers of a part, and of the preamble, in bytes. Excess bytes
/// in the same chunk are accepted.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// How many bytes of an oversized head are read and discarded, so that the client can read the
/// response.
const MAX_DISCARDED: usize = 16 * 1024 * 1024;
/// How often the parser may poll before its buffered head counts as too large. The parser reads up
/// to twice before it parses.
const MAX_POLLS: usize = 4;

/// Returns whether the content type of a request is multipart.
#[must_use]
pub fn is_multipart(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            let essence = value.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("multipart/form-data")
        })
}

/// The parts of a request, in order.
#[derive(Debug)]
pub struct Parts {
    parts: Multipart,
    bytes_between: Arc<BytesBetweenParts>,
}

/// The number of bytes read since the last part ended; [`IN_PART`] within a part.
#[derive(Debug, Default)]
struct BytesBetweenParts(AtomicUsize);

const IN_PART: usize = usize::MAX;

impl Parts {
    /// Returns the next part; `None` after the last. The previous part must be read to its end.
    ///
    /// # Errors
    /// 400 if the body is not properly framed, 408 after its read timeout, 413 if a part's headers
    /// are too large.
    pub async fn next(&mut self) -> Result<Option<Field<'_>>, ErrorReply> {
        self.bytes_between.0.store(0, Ordering::Relaxed);
        let part = self.parts.next_field().await.map_err(broken_part);
        self.bytes_between.0.store(IN_PART, Ordering::Relaxed);
        part
    }
}

/// Returns the parts of a request.
///
/// # Errors
/// 400 `INVALID_REQUEST`.
pub async fn parts_of(request: Request) -> Result<Parts, ErrorReply> {
    let bytes_between = Arc::<BytesBetweenParts>::default();
    let bounded = |inner| {
        AxumBody::new(HeadLimitedBody {
            inner,
            bytes_between: Arc::clone(&bytes_between),
            gave_chunk: false,
            polls: 0,
            discarded: None,
        })
    };
    let parts = Multipart::from_request(request.map(bounded), &()).await;
    let parts =
        parts.map_err(|_| ErrorReply::invalid_request("the multipart body has no boundary"))?;
    Ok(Parts {
        parts,
        bytes_between,
    })
}

/// Returns the rejection of a part that cannot be read: 408, 413 or 400. Drops axum's message,
/// which may repeat content of the body.
#[must_use]
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is the argument of map_err"
)]
pub fn broken_part(error: MultipartError) -> ErrorReply {
    if find_source::<HeadTooLarge>(&error).is_some() {
        return ErrorReply::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "PAYLOAD_TOO_LARGE",
            format!("the headers of a part are larger than {MAX_HEAD_BYTES} bytes"),
        );
    }
    body_failed(
        &error,
        "the multipart body is incomplete or not properly framed",
    )
}

/// Parses a JSON part as `T`.
///
/// # Errors
/// As [`super::ApiJson`]; 413 if it is larger than an ordinary body may be.
pub async fn json_part<T: DeserializeOwned>(mut part: Field<'_>) -> Result<T, ErrorReply> {
    let mut json = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(broken_part)? {
        json.extend_from_slice(&chunk);
        if json.len() > MAX_JSON_BYTES {
            return Err(ErrorReply::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "PAYLOAD_TOO_LARGE",
                format!("the part json is larger than {MAX_JSON_BYTES} bytes"),
            ));
        }
    }
    json_from(&json)
}

/// The error that the headers of a part exceed the limit.
#[derive(Debug, thiserror::Error)]
#[error("the headers of a part are too large")]
struct HeadTooLarge;

/// A body that is passed to the parser chunk by chunk. The parser reads all available bytes before
/// it parses them, and buffers an incomplete head.
struct HeadLimitedBody {
    inner: AxumBody,
    bytes_between: Arc<BytesBetweenParts>,
    /// Whether the parser was given a chunk since it last had to wait.
    gave_chunk: bool,
    /// How often the parser polled without finding the end of the head.
    polls: usize,
    /// The number of bytes discarded of an oversized head; `None` while the head is within the
    /// limit.
    discarded: Option<usize>,
}

impl Body for HeadLimitedBody {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        if std::mem::take(&mut this.gave_chunk) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let read = this.bytes_between.0.load(Ordering::Relaxed);
        if read == IN_PART || read < MAX_HEAD_BYTES {
            this.polls = 0;
        } else if this.polls < MAX_POLLS {
            this.polls += 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        } else {
            this.discarded.get_or_insert(0);
        }
        loop {
            let frame = Pin::new(&mut this.inner).poll_frame(context);
            let Poll::Ready(frame) = frame else {
                return Poll::Pending;
            };
            let length = match &frame {
                Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
                Some(Err(_)) | None => 0,
            };
            if let Some(discarded) = &mut this.discarded {
                *discarded += length;
                if length == 0 || *discarded > MAX_DISCARDED {
                    return Poll::Ready(Some(Err(HeadTooLarge.into())));
                }
                continue;
            }
            if read != IN_PART {
                this.bytes_between.0.store(read + length, Ordering::Relaxed);
            }
            this.gave_chunk = true;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::CONTENT_TYPE;
    use futures_util::stream;

    use super::*;

    async fn parts(pieces: Vec<Vec<u8>>) -> Parts {
        let pieces = pieces.into_iter().map(Ok::<_, std::io::Error>);
        let body = AxumBody::from_stream(stream::iter(pieces));
        let request = Request::builder()
            .header(CONTENT_TYPE, "multipart/form-data; boundary=x")
            .body(body)
            .unwrap();
        parts_of(request).await.unwrap()
    }

    /// Returns the names and sizes of all parts.
    async fn read(pieces: Vec<Vec<u8>>) -> Result<Vec<(String, usize)>, ErrorReply> {
        let mut parts = parts(pieces).await;
        let mut read = Vec::new();
        while let Some(mut part) = parts.next().await? {
            let name = part.name().unwrap_or_default().to_owned();
            let mut size = 0;
            while let Some(chunk) = part.chunk().await.map_err(broken_part)? {
                size += chunk.len();
            }
            read.push((name, size));
        }
        Ok(read)
    }

    fn two_parts(size: usize) -> Vec<u8> {
        let mut body = b"preamble\r\n--x\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n{}\r\n--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n".to_vec();
        body.extend(vec![b'a'; size]);
        body.extend_from_slice(b"\r\n--x--\r\n");
        body
    }

    #[tokio::test]
    async fn parts_are_read_from_chunks_of_any_size() {
        let body = two_parts(100_000);
        for size in [1, 7, 1000, 64 * 1024, body.len()] {
            let pieces = body.chunks(size).map(<[u8]>::to_vec).collect();
            let read = read(pieces).await.unwrap();
            let expected = [("json".to_owned(), 2), ("file".to_owned(), 100_000)];
            assert_eq!(read, expected, "pieces of {size}");
        }
    }

    #[tokio::test]
    async fn large_first_chunk_is_not_a_large_head() {
        // The parser reads a second chunk before it parses.
        let body = two_parts(1_000_000);
        let (first, rest) = body.split_at(3);
        let (second, rest) = rest.split_at(300_000);
        let read = read(vec![first.to_vec(), second.to_vec(), rest.to_vec()]).await;
        assert_eq!(read.unwrap()[1].1, 1_000_000);
    }

    #[tokio::test]
    async fn unbounded_bytes_between_parts_are_refused() {
        let piece = |byte| vec![byte; 8 * 1024];
        let preamble = vec![];
        let head = b"--x\r\nContent-Disposition: form-data; name=\"".to_vec();
        let after = two_parts(1);
        let after = after.strip_suffix(b"--x--\r\n").unwrap();
        let second = [after, b"--x\r\nX-Long: "].concat();
        let padding = b"--x    ".to_vec();
        for (begin, byte) in [
            (preamble, b'a'),
            (head, b'a'),
            (second, b'a'),
            (padding, b' '),
        ] {
            for pieces in [100, 3_000] {
                let pieces = std::iter::once(begin.clone()).chain((0..pieces).map(|_| piece(byte)));
                let refusal = read(pieces.collect()).await.unwrap_err();
                assert_eq!(
                    (refusal.status(), refusal.code()),
                    (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE"),
                    "{begin:?}"
                );
            }
        }
    }
}
