//! Probes health over HTTP, without an HTTP client that would have to be compiled.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Interval between two requests.
const PAUSE: Duration = Duration::from_millis(50);
/// Timeout of one request; `/health` takes a millisecond.
const DEADLINE: Duration = Duration::from_secs(2);

/// A path on a port of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Probe {
    port: u16,
    path: String,
}

/// Result of a wait.
#[derive(Debug)]
pub(crate) enum ProbeResult<T> {
    Answers,
    Silent,
    Interrupted(T),
}

impl Probe {
    pub(crate) fn new(port: u16, path: &str) -> Self {
        Self {
            port,
            path: path.to_owned(),
        }
    }

    /// Parses a URL in the form that `url()` returns.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let rest = url.strip_prefix("http://127.0.0.1:").context("not ours")?;
        let (port, path) = rest.split_once('/').context("no path")?;
        Ok(Self::new(
            port.parse().context("no port")?,
            &format!("/{path}"),
        ))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.path)
    }

    /// Polls until the service responds, `interrupted` returns a value, or the time is up.
    pub(crate) fn wait<T>(
        &self,
        patience: Duration,
        mut interrupted: impl FnMut() -> Option<T>,
    ) -> ProbeResult<T> {
        let start = Instant::now();
        loop {
            if let Some(reason) = interrupted() {
                return ProbeResult::Interrupted(reason);
            }
            if self.ask().is_ok() {
                return ProbeResult::Answers;
            }
            if start.elapsed() > patience {
                return ProbeResult::Silent;
            }
            thread::sleep(PAUSE);
        }
    }

    /// Returns the body of a response with status 200.
    pub(crate) fn ask(&self) -> Result<String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut stream =
            TcpStream::connect_timeout(&address, DEADLINE).context("nobody listens")?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_write_timeout(Some(DEADLINE))?;
        let request = format!(
            "GET {} HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n\r\n",
            self.path
        );
        // Send it in one write, which `write!` does not guarantee.
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).context("no answer")?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP")?;
        if head.split_whitespace().nth(1) != Some("200") {
            bail!("{}", head.lines().next().unwrap_or_default());
        }
        Ok(body.trim().to_owned())
    }
}

/// Checks that the port is free. The error names the remedy.
pub(crate) fn must_be_free(port: u16, whose: &str, flag: &str) -> Result<()> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => bail!(
            "port {port}, which {whose} needs, is taken by another program \
             (`ss -ltnp 'sport = :{port}'` shows it): end that, or say {flag} PORT"
        ),
        Err(error) => Err(error).with_context(|| {
            format!("port {port}, which {whose} needs, cannot be opened; {flag} PORT takes another")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Starts a server that responds to one request with `answer`.
    fn server(answer: &'static str) -> Probe {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        Probe::new(port, "/health")
    }

    #[test]
    fn only_a_200_is_an_answer() {
        let good = server("HTTP/1.1 200 OK\r\nX: y\r\n\r\n{\"status\":\"ok\"}\n");
        assert_eq!(good.ask().unwrap(), "{\"status\":\"ok\"}");
        let bad = server("HTTP/1.1 503 Service Unavailable\r\n\r\nno");
        assert!(bad.ask().unwrap_err().to_string().contains("503"));
        let none = server("hello");
        assert!(none.ask().is_err());
    }

    #[test]
    fn a_wait_ends_early_when_something_happens() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(must_be_free(port, "it", "--port").is_err());
        drop(listener);
        assert!(must_be_free(port, "it", "--port").is_ok());
        let probe = Probe::new(port, "/");
        let outcome = probe.wait(TIMEOUT, || Some("died"));
        assert!(matches!(outcome, ProbeResult::Interrupted("died")));
        let outcome = probe.wait(Duration::ZERO, || None::<()>);
        assert!(matches!(outcome, ProbeResult::Silent));
        assert_eq!(Probe::parse(&probe.url()).unwrap(), probe);
    }

    const TIMEOUT: Duration = Duration::from_secs(60);
}
