//! Checks the web page's TLS certificate as a browser would receive it.
//!
//! The TLS handshake runs with a clock two weeks ahead and, if that fails, with
//! the current time. The verdict therefore comes from this machine's trust
//! store and the usual validation rules; no certificate is parsed by hand.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::redirect;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};
use url::Url;

use super::evaluation::{CertificateFacts, CertificateState};
use crate::webhooks::causes;

/// How far in the future the certificate must still be valid.
const MIN_VALIDITY: Duration = Duration::from_secs(14 * 24 * 3600);
/// Timeout of one request.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A time source for rustls that runs ahead by the given duration.
#[derive(Debug)]
struct FastClock(Duration);

impl TimeProvider for FastClock {
    fn current_time(&self) -> Option<UnixTime> {
        let now = SystemTime::now() + self.0;
        let since = now.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(UnixTime::since_unix_epoch(since))
    }
}

/// Checks the certificate. Returns `None` if the page cannot be reached,
/// because that says nothing about its certificate.
pub(super) async fn check(url: &Url) -> Option<CertificateFacts> {
    let roots = tokio::task::spawn_blocking(roots).await.ok()??;
    check_with(url, &Arc::new(roots)).await
}

async fn check_with(url: &Url, roots: &Arc<RootCertStore>) -> Option<CertificateFacts> {
    let host = url.host_str()?.to_owned();
    let state = match handshake(url, roots, MIN_VALIDITY).await? {
        true => CertificateState::Valid,
        false if handshake(url, roots, Duration::ZERO).await? => CertificateState::ExpiresSoon,
        false => CertificateState::Rejected,
    };
    Some(CertificateFacts { host, state })
}

/// Returns the root certificates that this machine trusts.
fn roots() -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    (!roots.is_empty()).then_some(roots)
}

/// Returns whether the certificate is valid `ahead` of now; `None` if the server presented none.
async fn handshake(url: &Url, roots: &Arc<RootCertStore>, ahead: Duration) -> Option<bool> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_details(provider, Arc::new(FastClock(ahead)))
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(roots.clone())
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .timeout(TIMEOUT)
        .build()
        .ok()?;
    match client.get(url.clone()).send().await {
        Ok(_) => Some(true),
        Err(error) if is_about_certificate(&error) => Some(false),
        Err(_) => None,
    }
}

fn is_about_certificate(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        matches!(
            cause.downcast_ref(),
            Some(rustls::Error::InvalidCertificate(_))
        )
    })
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::ServerConfig;
    use rustls::pki_types::PrivateKeyDer;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// Serves a page with a certificate of `authority` that expires in `days` days.
    async fn page(authority: &CertifiedIssuer<'static, KeyPair>, days: i64) -> Url {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let today = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now());
        let end = today.date() + jiff::Span::new().days(days);
        let [month, day] = [end.month(), end.day()].map(|it| u8::try_from(it).unwrap());
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(end.year().into(), month, day);
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
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                if let Ok(mut stream) = acceptor.accept(socket).await {
                    let mut buffer = [0; 1024];
                    let _ = stream.read(&mut buffer).await;
                    let answer = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";
                    let _ = stream.write_all(answer).await;
                    let _ = stream.shutdown().await;
                }
            }
        });
        format!("https://localhost:{port}/").parse().unwrap()
    }

    #[tokio::test]
    async fn certificates_are_valid_expiring_or_rejected() {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(authority.as_ref().der().clone()).unwrap();
        let roots = Arc::new(roots);
        for (days, state) in [
            (90, CertificateState::Valid),
            (7, CertificateState::ExpiresSoon),
            (-1, CertificateState::Rejected),
        ] {
            let url = page(&authority, days).await;
            let found = check_with(&url, &roots).await.unwrap();
            assert_eq!((found.host.as_str(), found.state), ("localhost", state));
        }
        // A certificate of an unknown authority, then a page that cannot be reached.
        let url = page(&authority, 90).await;
        let other = CertifiedIssuer::self_signed(
            CertificateParams::new(Vec::new()).unwrap(),
            KeyPair::generate().unwrap(),
        );
        let mut other_roots = RootCertStore::empty();
        let _ = other_roots.add(other.unwrap().as_ref().der().clone());
        let found = check_with(&url, &Arc::new(other_roots)).await.unwrap();
        assert_eq!(found.state, CertificateState::Rejected);
        let nowhere = "https://localhost:1/".parse().unwrap();
        assert_eq!(check_with(&nowhere, &roots).await, None);
    }
}
