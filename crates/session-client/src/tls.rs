//! TLS configuration, loaded only if the base URL is https.

use reqwest::ClientBuilder;
use rustls::crypto::ring;

/// Prepares `builder` for the scheme of the base URL.
///
/// `https` uses the system's certificates through the platform's verifier. For
/// `http` none are loaded: a machine without any must not keep the service from
/// starting.
pub(crate) fn prepare(builder: ClientBuilder, scheme: &str) -> ClientBuilder {
    // Another provider is as good; both calls may race.
    let _ = ring::default_provider().install_default();
    if scheme == "https" {
        return builder.https_only(true);
    }
    let nothing_trusted = rustls::ClientConfig::builder()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    builder.tls_backend_preconfigured(nothing_trusted)
}
