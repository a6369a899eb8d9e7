//! Raw TCP clients that misbehave as no HTTP library does.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than a service waits for a client that has stopped.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Whom an attack is on.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) name: &'static str,
    /// `127.0.0.1:PORT`
    pub(super) address: String,
    pub(super) pid: i32,
    /// `Authorization` of somebody who may do everything.
    pub(super) authorization: String,
}

impl Target {
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request's head, with whatever further headers.
    pub(super) fn head(&self, line: &str, headers: &str) -> String {
        format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\n{headers}\r\n",
            self.authorization
        )
    }

    /// Connects and writes, and leaves it at that.
    pub(super) async fn begin(&self, bytes: &[u8]) -> Option<TcpStream> {
        let connecting = TcpStream::connect(&self.address);
        let mut stream = tokio::time::timeout(PATIENCE, connecting)
            .await
            .ok()?
            .ok()?;
        // It may close before it has read everything.
        let _ = tokio::time::timeout(PATIENCE, stream.write_all(bytes)).await;
        Some(stream)
    }

    /// Connects, writes, and reads the status; 0 for a close without a word.
    pub(super) async fn status(&self, bytes: &[u8]) -> u16 {
        match self.begin(bytes).await {
            Some(stream) => status(stream).await,
            None => 0,
        }
    }
}

/// Reads the status of an answer; 0 for a close without a word, 1 for none in
/// time.
pub(super) async fn status(mut stream: TcpStream) -> u16 {
    let mut head = [0; 12];
    match tokio::time::timeout(PATIENCE, stream.read_exact(&mut head)).await {
        Ok(Ok(_)) => std::str::from_utf8(&head[9..])
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0),
        Ok(Err(_)) => 0,
        Err(_) => 1,
    }
}
