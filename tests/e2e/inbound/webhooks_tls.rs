//! Tests webhooks over TLS: certificates are verified against the system's trust store.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use harness::{Hub, Manager, ManagerOptions};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn create_authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(params, key).expect("an authority")
}

/// Responds with 204 to every request, under a certificate for `name`. Stores the requests.
async fn start_receiver(
    authority: &Authority,
    name: &str,
    expired: bool,
) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    if expired {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    }
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, authority).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
        )
        .expect("a matching key");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let requests = Arc::new(Mutex::new(Vec::new()));
    let received = requests.clone();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(socket).await else {
                continue;
            };
            let mut request = Vec::new();
            while !is_whole(&request) {
                if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            received
                .lock()
                .expect("the requests")
                .push(String::from_utf8_lossy(&request).into_owned());
            let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    });
    (address, requests)
}

/// Returns whether the request has its whole head, and the whole body that the head declares.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .split_once("content-length: ")
        .and_then(|(_, rest)| rest.lines().next())
        .map_or(0, |length| length.parse().expect("a number"));
    body.len() >= length
}

async fn test_webhook(hub: &Hub, url: String) -> Value {
    let hook = json!({"url": url, "eventos": ["message"]});
    let (status, webhook) = hub.post("/api/webhooks", &hook).await;
    assert_eq!(status, 201, "{webhook}");
    let path = format!("/api/webhooks/{}/test", webhook["id"]);
    hub.post(&path, &json!({})).await.1
}

#[tokio::test]
async fn webhook_is_delivered_over_tls() {
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let (trusted_authority, other_authority) = (create_authority(), create_authority());
    let trusted = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(trusted.path(), trusted_authority.pem()).unwrap();
    let options = ManagerOptions::default()
        .with("WEBHOOK_ALLOWED_HOSTS", "127.0.0.1,localhost")
        .with("SSL_CERT_FILE", trusted.path().display());
    let hub = Hub::start(&manager, options).await;

    let (address, requests) = start_receiver(&trusted_authority, "127.0.0.1", false).await;
    let tested = test_webhook(&hub, format!("https://{address}/wa")).await;
    assert_eq!(
        (&tested["ok"], &tested["estado_http"]),
        (&json!(true), &json!(204)),
        "{tested}"
    );
    let request = requests.lock().unwrap().concat();
    assert!(request.starts_with("POST /wa HTTP/1.1"), "{request}");
    assert!(
        request.to_lowercase().contains("webhook-signature: v1,"),
        "{request}"
    );

    // These receivers have another authority, another name, an expired certificate, and no TLS at
    // all.
    let (unknown_authority, _) = start_receiver(&other_authority, "127.0.0.1", false).await;
    let (misnamed, _) = start_receiver(&trusted_authority, "example.com", false).await;
    let (expired, _) = start_receiver(&trusted_authority, "127.0.0.1", true).await;
    for address in [unknown_authority, misnamed, expired] {
        let tested = test_webhook(&hub, format!("https://{address}/wa")).await;
        assert_eq!(tested["error"], "TLS_FAILED", "{tested}");
    }
    manager.stop().await;
}
