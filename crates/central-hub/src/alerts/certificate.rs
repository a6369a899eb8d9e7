//! Whether browsers would open the page: its certificate, as people get it.
//!
//! The handshake is made as if it were two weeks from now, and, if that fails,
//! now: so what this machine trusts is judged by what every browser judges it by,
//! and no certificate is read by hand.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::redirect;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};
use url::Url;

use super::judge::{CertificateFacts, Standing};

/// How far ahead it is looked.
const AHEAD: Duration = Duration::from_secs(14 * 24 * 3600);
/// For a request.
const PATIENCE: Duration = Duration::from_secs(15);

/// A clock that is ahead.
#[derive(Debug)]
struct Ahead(Duration);

impl TimeProvider for Ahead {
    fn current_time(&self) -> Option<UnixTime> {
        let now = SystemTime::now() + self.0;
        let since = now.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(UnixTime::since_unix_epoch(since))
    }
}

/// How the certificate stands; nothing where the page cannot be reached, which is
/// no matter of its certificate.
pub(super) async fn look(url: &Url) -> Option<CertificateFacts> {
    let host = url.host_str()?.to_owned();
    let roots = tokio::task::spawn_blocking(roots).await.ok()??;
    let roots = Arc::new(roots);
    let standing = match handshake(url, &roots, AHEAD).await? {
        true => Standing::Good,
        false if handshake(url, &roots, Duration::ZERO).await? => Standing::Near,
        false => Standing::Refused,
    };
    Some(CertificateFacts { host, standing })
}

/// What this machine trusts.
fn roots() -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    (!roots.is_empty()).then_some(roots)
}

/// Whether the certificate is good at that time; `None` if there was none to see.
async fn handshake(url: &Url, roots: &Arc<RootCertStore>, ahead: Duration) -> Option<bool> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_details(provider, Arc::new(Ahead(ahead)))
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(roots.clone())
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .ok()?;
    match client.get(url.clone()).send().await {
        Ok(_) => Some(true),
        Err(error) if is_about_certificate(&error) => Some(false),
        Err(_) => None,
    }
}

fn is_about_certificate(error: &reqwest::Error) -> bool {
    let mut source: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = source {
        if let Some(rustls::Error::InvalidCertificate(_)) = cause.downcast_ref() {
            return true;
        }
        // An I/O error leaves what it wraps out of its sources.
        let io = cause.downcast_ref::<std::io::Error>();
        source = match io.and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
    }
    false
}
