//! Configures TLS, but only if the base URL is https.

use reqwest::ClientBuilder;
use rustls::crypto::ring;

/// Prepares `builder` for the scheme of the base URL.
///
/// `https` uses the system's certificates through the platform's verifier. For `http` no
/// certificates are loaded, so that a machine without any can still start the service.
pub(crate) fn prepare(builder: ClientBuilder, scheme: &str) -> ClientBuilder {
    // A provider that is already installed works as well; both calls may race.
    let _ = ring::default_provider().install_default();
    if scheme == "https" {
        return builder.https_only(true);
    }
    let nothing_trusted = rustls::ClientConfig::builder()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    builder.tls_backend_preconfigured(nothing_trusted)
}
