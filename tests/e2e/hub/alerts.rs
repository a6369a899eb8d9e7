//! Tests the alerts about the page's certificate, with the hub as a process, a TLS server, and a
//! webhook that receives the alerts.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use harness::{Hub, Manager, ManagerOptions, Scratch, poll};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

type Authority = CertifiedIssuer<'static, KeyPair>;

/// Longer than the 30 s between two checks of the hub.
const PATIENCE: Duration = Duration::from_secs(90);

/// The alerts that a webhook received, each as code, severity and title.
#[derive(Clone, Default)]
pub(super) struct AlertReceiver(Arc<Mutex<Vec<Value>>>);

impl AlertReceiver {
    /// Starts a webhook. Also returns the options that make the hub use it.
    pub(super) async fn start() -> (Self, ManagerOptions) {
        async fn receive(State(received): State<AlertReceiver>, body: String) {
            let body = serde_json::from_str(&body).unwrap();
            received.0.lock().unwrap().push(body);
        }
        let received = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let router = Router::new()
            .fallback(post(receive))
            .with_state(received.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let body = r#"{"code":"{{code}}","severity":"{{severity}}","kind":"{{kind}}","title":"{{title}}"}"#;
        let options = ManagerOptions::default()
            .with("ALERT_WEBHOOK_URL", url)
            .with("ALERT_WEBHOOK_BODY", body)
            .with("ALERT_LANGUAGE", "en");
        (received, options)
    }

    /// Waits until the webhook has received an alert with this code.
    pub(super) async fn wait_for(&self, code: &str) -> Value {
        poll::until_within(PATIENCE, format!("the alert {code}"), async || {
            self.find(code)
        })
        .await
    }

    fn find(&self, code: &str) -> Option<Value> {
        let received = self.0.lock().unwrap();
        received.iter().find(|alert| alert["code"] == code).cloned()
    }
}

fn create_authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Serves an empty page with a certificate that ends in this many days.
async fn serve_page(authority: &Authority, days: i32) -> SocketAddr {
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let day = Duration::from_secs(24 * 3600);
    let time = day * days.unsigned_abs();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = if days > 0 {
        SystemTime::now() + time
    } else {
        SystemTime::now() - time
    }
    .into();
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(socket).await {
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            }
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn expiring_certificate_raises_an_alert_and_a_valid_one_does_not() {
    let folder = Scratch::default();
    let authority = create_authority();
    let trusted = folder.join("authority.pem");
    std::fs::write(&trusted, authority.pem()).unwrap();
    let mut manager = Manager::without_browser(ManagerOptions::default()).await;
    let mut hubs = Vec::new();
    for (days, expected_severity) in [(60, None), (5, Some("warning")), (-1, Some("critical"))] {
        let address = serve_page(&authority, days).await;
        let (receiver, options) = AlertReceiver::start().await;
        let options = options
            .with("ALERT_CERTIFICATE_URL", format!("https://{address}/"))
            .with("ALERT_AFTER_MINUTES", 0)
            .with("SSL_CERT_FILE", trusted.display());
        hubs.push((
            Hub::start(&manager, options).await,
            receiver,
            expected_severity,
        ));
    }
    for (hub, receiver, expected_severity) in &hubs {
        // The same check of the hub reports this and the certificate.
        receiver.wait_for("SESSION_NOT_READY").await;
        let (_, alerts) = hub.get("/api/alerts").await;
        let conditions = alerts["holding"].as_array().unwrap().iter();
        let conditions = conditions.filter(|alert| alert["code"] == "CERTIFICATE");
        let Some(severity) = expected_severity else {
            assert_eq!(conditions.count(), 0, "{alerts}");
            assert_eq!(receiver.find("CERTIFICATE"), None);
            continue;
        };
        assert_eq!(conditions.count(), 1, "{alerts}");
        let certificate = receiver.wait_for("CERTIFICATE").await;
        assert_eq!(certificate["severity"], *severity, "{certificate}");
        assert_eq!(certificate["kind"], json!("raised"), "{certificate}");
        let title = certificate["title"].as_str().unwrap();
        assert!(title.contains("127.0.0.1"), "{title}");
    }
    drop(hubs);
    manager.stop().await;
}
