//! The page's passkey flow, in a browser with a virtual authenticator.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use harness::standin::{Settings, Standin};
use harness::{Hub, Manager, ManagerOptions, browser_flow, standin};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

const PATIENCE: Duration = Duration::from_secs(270);

/// Serves `standin` as `https://web.whatsapp.com`: passkeys require TLS.
async fn as_whatsapp(standin: &Standin) -> SocketAddr {
    let own = rcgen::generate_simple_self_signed(vec!["web.whatsapp.com".to_owned()]);
    let own = own.expect("a certificate");
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .expect("its own key");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let behind = standin.web_url();
    let behind = behind
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, behind) = (acceptor.clone(), behind.clone());
            tokio::spawn(async move {
                let mut outside = acceptor.accept(socket).await.ok()?;
                let mut inside = TcpStream::connect(behind).await.ok()?;
                copy_bidirectional(&mut outside, &mut inside).await.ok()
            });
        }
    });
    address
}

#[tokio::test]
async fn passkey_by_hand_and_with_the_extension() {
    let standin = standin(Settings {
        passkey: true,
        ..Settings::default()
    })
    .await;
    let whatsapp = as_whatsapp(&standin).await.to_string();
    let mut manager = Manager::start(&standin).await;
    let hub = Hub::start(&manager, ManagerOptions::default()).await;
    let phone = standin.web_url();
    let variables = [
        ("PHONE_URL", phone.as_str()),
        ("WHATSAPP", whatsapp.as_str()),
    ];
    browser_flow(&hub, "passkey-flow.mjs", &variables, PATIENCE).await;
    manager.stop().await;
}
