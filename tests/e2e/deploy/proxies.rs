//! Tests a proxy on another host, such as a container's bridge: which proxies the hub trusts, and
//! whose connections belong to many clients. The test has a separate network, since on loopback all
//! clients are this host.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::{IpAddr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use harness::{Hub, Manager, ManagerOptions, http_builder, send_request};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

const PROXY: &str = "10.77.0.2";
const STRANGER: &str = "10.77.0.3";
const PASSWORD: &str = "una clave de prueba, larga";
/// The connection limit of one address, from `docs/security.md`.
const CONNECTIONS_PER_ADDRESS: usize = 256;

/// Creates these addresses, and runs the test below.
const NETWORK: &str = "ip link set lo up &&
    for address in 10.77.0.1 10.77.0.2 10.77.0.3; do
        ip address add $address/32 dev lo || exit 1
    done &&
    exec \"$0\" --exact deploy::proxies::inside --ignored --nocapture";

#[test]
fn clients_behind_a_trusted_proxy_have_separate_limits() {
    let test_binary = std::env::current_exe().unwrap();
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "sh", "-c", NETWORK])
        .arg(test_binary)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
}

/// Opens a connection from this address, waits for a response, and leaves the connection idle.
async fn open_idle_connection(hub: SocketAddr, from: &str) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket
        .bind(SocketAddr::new(from.parse().unwrap(), 0))
        .unwrap();
    let mut stream = socket.connect(hub).await.unwrap();
    let request = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut head = [0; 15];
    stream.read_exact(&mut head).await.ok()?;
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    Some(stream)
}

/// Returns how many of these connections the hub closed.
async fn count_closed(streams: &mut [TcpStream]) -> usize {
    let mut count = 0;
    for stream in streams {
        let mut remaining = Vec::new();
        let read = stream.read_to_end(&mut remaining);
        let end = tokio::time::timeout(Duration::from_millis(5), read).await;
        count += usize::from(end.is_ok());
    }
    count
}

#[tokio::test]
#[ignore = "run by the test above, in a separate network"]
async fn inside() {
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let options = ManagerOptions::default()
        .with("HOST", "0.0.0.0")
        .with("TRUSTED_PROXIES", PROXY)
        .with("HUB_ADMIN_PASSWORD", PASSWORD);
    let hub = Hub::start(&manager, options).await;
    let port = hub.service.url.rsplit_once(':').unwrap().1;
    let address: SocketAddr = format!("10.77.0.1:{port}").parse().unwrap();

    // Further connections of an unknown host close its own earlier ones. Those of the proxy close none.
    for (from, closed_count) in [(PROXY, 0), (STRANGER, 8)] {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS_PER_ADDRESS {
            connections.extend(open_idle_connection(address, from).await);
        }
        assert_eq!(connections.len(), CONNECTIONS_PER_ADDRESS, "{from}");
        // A recent connection is not closed, so a new one would be refused before this pause.
        tokio::time::sleep(Duration::from_millis(600)).await;
        for _ in 0..8 {
            connections.push(open_idle_connection(address, from).await.unwrap());
        }
        assert_eq!(count_closed(&mut connections).await, closed_count, "{from}");
    }

    // A client that the proxy names has its own limit. Claims by others are ignored.
    let sign_in = async |from: &str, claim: &str| {
        let local: IpAddr = from.parse().unwrap();
        let client = http_builder().local_address(local).build().unwrap();
        let request = client.get(format!("http://{address}/api/auth/me"));
        let request = request.basic_auth(format!("nadie-{from}-{claim}"), Some("otra clave"));
        send_request(request.header("x-forwarded-for", claim)).await
    };
    for number in 0..10 {
        assert_eq!(sign_in(PROXY, "203.0.113.1").await.0, 401, "{number}");
    }
    assert_eq!(sign_in(PROXY, "203.0.113.1").await.0, 429);
    assert_eq!(sign_in(PROXY, "203.0.113.2").await.0, 401);
    for number in 0..10 {
        let claim = format!("203.0.113.{}", 10 + number);
        assert_eq!(sign_in(STRANGER, &claim).await.0, 401, "{number}");
    }
    let (status, body) = sign_in(STRANGER, "203.0.113.99").await;
    assert_eq!((status, &body["code"]), (429, &json!("TOO_MANY_ATTEMPTS")));
    manager.stop().await;
}
