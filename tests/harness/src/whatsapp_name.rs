//! Serves the stand-in as `https://web.whatsapp.com`, a name that a Chromium maps to loopback.
//! Passkeys require TLS, and the name of their relying party.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use whatsapp_standin::Standin;

use crate::ManagerOptions;

/// The address of the stand-in behind TLS.
#[derive(Clone, Copy, Debug)]
pub struct WhatsappName(SocketAddr);

impl WhatsappName {
    /// The URL of WhatsApp's page.
    pub const URL: &str = "https://web.whatsapp.com/";

    /// Serves `standin` over TLS with a new certificate.
    pub async fn serve(standin: &Standin) -> Self {
        let certificate = rcgen::generate_simple_self_signed(vec!["web.whatsapp.com".to_owned()]);
        let certificate = certificate.expect("a certificate");
        let key = PrivateKeyDer::try_from(certificate.signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.cert.der().clone()], key)
            .expect("a matching key");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let standin_address = standin.web_url();
        let standin_address = standin_address
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (acceptor, standin_address) = (acceptor.clone(), standin_address.clone());
                tokio::spawn(async move {
                    let mut outside = acceptor.accept(socket).await.ok()?;
                    let mut inside = TcpStream::connect(standin_address).await.ok()?;
                    copy_bidirectional(&mut outside, &mut inside).await.ok()
                });
            }
        });
        Self(address)
    }

    /// Returns the address that serves TLS.
    #[must_use]
    pub fn address(self) -> SocketAddr {
        self.0
    }

    /// Returns the value of `CHROME_ARGS` that makes Chromium take the stand-in for WhatsApp. No
    /// authority signed the certificate, and Chromium offers no passkeys to a page with a wrong
    /// certificate, so it has to accept this one.
    #[must_use]
    pub fn chrome_args(self) -> String {
        format!(
            "'--host-resolver-rules=MAP web.whatsapp.com:443 {}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1' --ignore-certificate-errors",
            self.0
        )
    }

    /// Returns the options of a session-manager that opens this page.
    #[must_use]
    pub fn options(self) -> ManagerOptions {
        ManagerOptions::default()
            .with("WHATSAPP_WEB_URL", Self::URL)
            .with("CHROME_ARGS", self.chrome_args())
    }
}
