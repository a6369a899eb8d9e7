//! Multipart requests: `multipart/form-data` only, bounded bytes between parts, and a
//! JSON part with the limits and errors of an ordinary body.

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

/// As much as an ordinary request may have, in bytes.
const LARGEST_JSON: usize = 512 * 1024;
/// The boundary and the headers of a part, and what stands before the first
/// one, in bytes. What was read beyond it in one piece is let pass.
const LARGEST_HEAD: usize = 16 * 1024;
/// How much of a head that is too large is read and dropped, so that the client
/// gets to read the answer.
const DROPPED: usize = 16 * 1024 * 1024;
/// Looks at what was read that the parser has before a head counts as too
/// large: it reads before it looks, up to twice.
const LOOKS: usize = 4;

/// Whether a request says that it comes in parts.
#[must_use]
pub fn is_multipart(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| {
            let essence = kind.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("multipart/form-data")
        })
}

/// The parts of a request, one after the other.
#[derive(Debug)]
pub struct Parts {
    parts: Multipart,
    between: Arc<Between>,
}

/// What was read since the last part ended; [`IN_PART`] within one.
#[derive(Debug, Default)]
struct Between(AtomicUsize);

const IN_PART: usize = usize::MAX;

impl Parts {
    /// The next part; the one before has to be read to its end.
    ///
    /// # Errors
    /// 400 where the body is not properly framed, 408 where nothing of it comes,
    /// 413 where a part's headers have no end.
    pub async fn next(&mut self) -> Result<Option<Field<'_>>, ErrorReply> {
        self.between.0.store(0, Ordering::Relaxed);
        let part = self.parts.next_field().await.map_err(broken_part);
        self.between.0.store(IN_PART, Ordering::Relaxed);
        part
    }
}

/// The parts of a request.
///
/// # Errors
/// 400 `INVALID_REQUEST`.
pub async fn parts_of(request: Request) -> Result<Parts, ErrorReply> {
    let between = Arc::<Between>::default();
    let bounded = |inner| {
        AxumBody::new(Bounded {
            inner,
            between: Arc::clone(&between),
            gave: false,
            looks: 0,
            dropped: None,
        })
    };
    let parts = Multipart::from_request(request.map(bounded), &()).await;
    let parts =
        parts.map_err(|_| ErrorReply::invalid_request("the multipart body has no boundary"))?;
    Ok(Parts { parts, between })
}

/// The refusal of a part that cannot be read: 408, 413 or 400. What axum says of
/// it is dropped: it may repeat what stands in the body.
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
            format!("the headers of a part are larger than {LARGEST_HEAD} bytes"),
        );
    }
    body_failed(
        &error,
        "the multipart body broke off or is not properly framed",
    )
}

/// A part that is JSON of the shape `T`.
///
/// # Errors
/// As [`super::ApiJson`]; 413 where it is larger than an ordinary body may be.
pub async fn json_part<T: DeserializeOwned>(mut part: Field<'_>) -> Result<T, ErrorReply> {
    let mut json = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(broken_part)? {
        json.extend_from_slice(&chunk);
        if json.len() > LARGEST_JSON {
            return Err(ErrorReply::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "PAYLOAD_TOO_LARGE",
                format!("the part json is larger than {LARGEST_JSON} bytes"),
            ));
        }
    }
    json_from(&json)
}

/// A part's headers have no end.
#[derive(Debug, thiserror::Error)]
#[error("the headers of a part are too large")]
struct HeadTooLarge;

/// A body that is handed to the parser piece by piece: the parser takes all that
/// is there before it looks at it, and keeps what it has no end of.
struct Bounded {
    inner: AxumBody,
    between: Arc<Between>,
    /// Whether a piece was given since the parser last had to wait.
    gave: bool,
    /// How often it looked without an end of the head.
    looks: usize,
    /// How much was dropped of a head that is too large.
    dropped: Option<usize>,
}

impl Body for Bounded {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        if std::mem::take(&mut this.gave) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let read = this.between.0.load(Ordering::Relaxed);
        if read == IN_PART || read < LARGEST_HEAD {
            this.looks = 0;
        } else if this.looks < LOOKS {
            this.looks += 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        } else {
            this.dropped.get_or_insert(0);
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
            if let Some(dropped) = &mut this.dropped {
                *dropped += length;
                if length == 0 || *dropped > DROPPED {
                    return Poll::Ready(Some(Err(HeadTooLarge.into())));
                }
                continue;
            }
            if read != IN_PART {
                this.between.0.store(read + length, Ordering::Relaxed);
            }
            this.gave = true;
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

    /// The names and sizes of all parts.
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
    async fn parts_are_read_however_they_are_cut() {
        let body = two_parts(100_000);
        for size in [1, 7, 1000, 64 * 1024, body.len()] {
            let pieces = body.chunks(size).map(<[u8]>::to_vec).collect();
            let read = read(pieces).await.unwrap();
            let expected = [("json".to_owned(), 2), ("file".to_owned(), 100_000)];
            assert_eq!(read, expected, "pieces of {size}");
        }
    }

    #[tokio::test]
    async fn a_large_first_piece_is_no_large_head() {
        // The parser reads a second piece before it looks.
        let body = two_parts(1_000_000);
        let (first, rest) = body.split_at(3);
        let (second, rest) = rest.split_at(300_000);
        let read = read(vec![first.to_vec(), second.to_vec(), rest.to_vec()]).await;
        assert_eq!(read.unwrap()[1].1, 1_000_000);
    }

    #[tokio::test]
    async fn endless_bytes_between_parts_are_refused() {
        let piece = |of| vec![of; 8 * 1024];
        let preamble = vec![];
        let head = b"--x\r\nContent-Disposition: form-data; name=\"".to_vec();
        let after = two_parts(1);
        let after = after.strip_suffix(b"--x--\r\n").unwrap();
        let second = [after, b"--x\r\nX-Long: "].concat();
        let padding = b"--x    ".to_vec();
        for (begin, of) in [
            (preamble, b'a'),
            (head, b'a'),
            (second, b'a'),
            (padding, b' '),
        ] {
            for pieces in [100, 3_000] {
                let pieces = std::iter::once(begin.clone()).chain((0..pieces).map(|_| piece(of)));
                let refused = read(pieces.collect()).await.unwrap_err();
                assert_eq!(
                    (refused.status(), refused.code()),
                    (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE"),
                    "{begin:?}"
                );
            }
        }
    }
}
