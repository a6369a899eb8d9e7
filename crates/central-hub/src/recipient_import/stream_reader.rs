//! A blocking reader over an asynchronous stream (`StreamReader`). It passes
//! the chunks of a request body to the thread that parses them, with a size
//! limit and a read timeout.

use std::io::{self, Read};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;

/// Maximum size of a list, in bytes.
pub(crate) const MAX_LIST_BYTES: u64 = 64 * 1024 * 1024;
/// Timeout for the next chunk of a list.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// The reading half; [`feed`] supplies the chunks.
pub(crate) struct StreamReader {
    chunks: mpsc::Receiver<io::Result<Bytes>>,
    chunk: Bytes,
}

impl StreamReader {
    /// Returns a reader of `stream` and the future that feeds it.
    pub(crate) fn new<E: Into<Box<dyn std::error::Error + Send + Sync>> + Send>(
        stream: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> (impl Future<Output = ()> + Send, Self) {
        let (sender, chunks) = mpsc::channel(2);
        let chunk = Bytes::new();
        (feed(stream, sender), Self { chunks, chunk })
    }
}

impl Read for StreamReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.chunks.blocking_recv() {
                Some(chunk) => self.chunk = chunk?,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.chunk.len());
        buffer[..count].copy_from_slice(&self.chunk.split_to(count));
        Ok(count)
    }
}

/// Sends the stream's chunks to the reader.
async fn feed<E: Into<Box<dyn std::error::Error + Send + Sync>> + Send>(
    stream: impl Stream<Item = Result<Bytes, E>> + Send,
    chunks: mpsc::Sender<io::Result<Bytes>>,
) {
    let mut stream = std::pin::pin!(stream);
    let mut total = 0_u64;
    loop {
        let chunk = match tokio::time::timeout(READ_TIMEOUT, stream.next()).await {
            Ok(None) => return,
            Ok(Some(chunk)) => chunk.map_err(io::Error::other),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        let length = chunk.as_ref().map_or(0, Bytes::len);
        total = total.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        let chunk = if total > MAX_LIST_BYTES {
            Err(io::ErrorKind::FileTooLarge.into())
        } else {
            chunk
        };
        let is_over = chunk.is_err();
        if chunks.send(chunk).await.is_err() || is_over {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn read(chunks: Vec<Bytes>) -> io::Result<u64> {
        let chunks = chunks.into_iter().map(Ok::<_, io::Error>);
        let (feed, mut reader) = StreamReader::new(stream::iter(chunks));
        let read = tokio::task::spawn_blocking(move || io::copy(&mut reader, &mut io::sink()));
        feed.await;
        read.await.unwrap()
    }

    #[tokio::test]
    async fn list_of_64_mib_is_read_and_one_byte_more_is_not() {
        let mut chunks = vec![Bytes::from(vec![b'1'; 1024 * 1024]); 64];
        assert_eq!(read(chunks.clone()).await.unwrap(), 64 * 1024 * 1024);
        chunks.push(Bytes::from_static(b"1"));
        let refused = read(chunks).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::FileTooLarge);
    }
}
