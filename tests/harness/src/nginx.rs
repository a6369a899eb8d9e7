//! Runs a real nginx with `deploy/nginx/leadmaster.conf` in front of hubs. Only the addresses and
//! the path of the certificate are changed.
//!
//! ```text
//!  client (any address, by ADDRESS_HEADER) ── TLS ──> nginx ──> hub
//!                                                       └─────> another hub
//! ```

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};
use reqwest::{Certificate, Client, ClientBuilder, redirect};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use service_runtime::process::spawn_bound;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::{Scratch, http_builder, poll, repository_root};

/// A running nginx in front of hubs.
#[derive(Debug)]
pub struct Nginx {
    child: Child,
    folder: Scratch,
    /// The address for requests without TLS.
    pub http: SocketAddr,
    /// The address for requests with TLS.
    pub https: SocketAddr,
}

impl Nginx {
    /// The host name in the configuration.
    pub const NAME: &str = "leadmaster.example.com";
    /// The header by which a client on this machine sets its internet address, so that there can be
    /// many clients. nginx trusts it unless the configuration has a setting for that.
    pub const ADDRESS_HEADER: &str = "x-test-address";

    /// Starts nginx in front of these hubs, each given as `http://ADDRESS:PORT`.
    pub async fn start(hubs: &[&str]) -> Self {
        Self::start_with(None, hubs).await
    }

    /// Works like [`Self::start`], with `node-page.conf` set up as the file describes: a page with
    /// the text `index` is served besides the hubs.
    pub async fn with_node_page(index: &str, hubs: &[&str]) -> Self {
        Self::start_with(Some(index), hubs).await
    }

    async fn start_with(index: Option<&str>, hubs: &[&str]) -> Self {
        // Retry, since another test may take a port that is free now.
        for _ in 0..5 {
            let folder = Scratch::default();
            write_certificates(folder.path());
            let (http, https) = (free_address(), free_address());
            let mut text = configuration(folder.path(), http, https);
            if let Some(index) = index {
                text = with_page_location(folder.path(), index, &text);
            }
            std::fs::write(folder.join("leadmaster.conf"), text).expect("a file");
            let mut nginx = Self {
                child: spawn(folder.path(), hubs),
                folder,
                http,
                https,
            };
            if nginx.wait_until_listening().await {
                return nginx;
            }
            let log = nginx.output();
            assert!(log.contains("Address already in use"), "{log}");
        }
        panic!("no port stays free");
    }

    /// Returns the output of nginx so far.
    #[must_use]
    pub fn output(&self) -> String {
        std::fs::read_to_string(self.folder.join("output.log")).unwrap_or_default()
    }

    /// Returns the path of the certificate that clients must trust.
    #[must_use]
    pub fn authority(&self) -> std::path::PathBuf {
        self.folder.join("authority.pem")
    }

    /// Waits for the start, and returns whether it succeeded. nginx binds all ports before it
    /// responds on any.
    async fn wait_until_listening(&mut self) -> bool {
        let address = self.https;
        let child = &mut self.child;
        poll::until("nginx to listen, or to end", async || {
            if child.try_wait().expect("its state").is_some() {
                return Some(false);
            }
            TcpStream::connect(address).is_ok().then_some(true)
        })
        .await
    }

    /// Returns a client builder that resolves the name and trusts the certificate.
    pub fn client_builder(&self) -> ClientBuilder {
        let pem = std::fs::read(self.authority()).expect("a certificate");
        http_builder()
            .tls_certs_only([Certificate::from_pem(&pem).expect("a certificate")])
            .resolve(Self::NAME, self.https)
            .redirect(redirect::Policy::none())
            // This timeout applies to streams as well: none lasts that long in a test.
            .timeout(Duration::from_secs(90))
    }

    /// Returns a client that connects from `last_octet`, an address of this machine.
    #[must_use]
    pub fn client(&self, last_octet: u8) -> Client {
        self.client_builder()
            .local_address(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last_octet)))
            .build()
            .expect("a client")
    }

    /// Returns the URL of `path`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("https://{}:{}{path}", Self::NAME, self.https.port())
    }

    /// Returns a connector for raw TLS connections.
    #[must_use]
    pub fn tls(&self) -> Tls {
        // Installs the TLS provider of this process.
        let _ = http_builder();
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_file(self.authority()).expect("a certificate");
        roots.add(authority).expect("an authority");
        let config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Tls {
            connector: TlsConnector::from(Arc::new(config)),
            address: self.https,
        }
    }
}

/// Opens raw TLS connections; see [`Nginx::tls`].
#[derive(Clone)]
pub struct Tls {
    connector: TlsConnector,
    address: SocketAddr,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tls").field(&self.address).finish()
    }
}

impl Tls {
    /// Opens a connection, including the TLS handshake.
    ///
    /// # Errors
    /// If the connection or the handshake fails.
    pub async fn connect(&self) -> std::io::Result<TlsStream<tokio::net::TcpStream>> {
        let name = ServerName::try_from(Nginx::NAME).map_err(std::io::Error::other)?;
        let stream = tokio::net::TcpStream::connect(self.address).await?;
        self.connector.connect(name, stream).await
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address")
}

/// Creates a certificate for [`Nginx::NAME`], and the authority that clients
/// trust.
fn write_certificates(folder: &Path) {
    let mut parameters = CertificateParams::new(Vec::new()).expect("no names");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // With the default name, each certificate would be its own authority.
    parameters.distinguished_name = DistinguishedName::new();
    parameters
        .distinguished_name
        .push(DnType::CommonName, "authority of a test");
    let generate = || KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(parameters, generate()).expect("an authority");
    let key = generate();
    let parameters = CertificateParams::new(vec![Nginx::NAME.to_owned()]).expect("a name");
    let certificate = parameters
        .signed_by(&key, &authority)
        .expect("a certificate");
    for (name, text) in [
        ("authority.pem", authority.pem()),
        ("fullchain.pem", certificate.pem()),
        ("privkey.pem", key.serialize_pem()),
    ] {
        std::fs::write(folder.join(name), text).expect("a file");
    }
}

/// Returns the file of `deploy/`, changed to loopback and these ports.
fn configuration(folder: &Path, http: SocketAddr, https: SocketAddr) -> String {
    let file = repository_root().join("deploy/nginx/leadmaster.conf");
    let mut text = std::fs::read_to_string(file).expect("the file of deploy/");
    let letsencrypt = format!("/etc/letsencrypt/live/{}", Nginx::NAME);
    for (original, replacement) in [
        ("listen 80;", format!("listen {http};")),
        ("listen 443 ssl", format!("listen {https} ssl")),
        // Not every machine has IPv6.
        ("  listen [::]:80;\n", String::new()),
        ("  listen [::]:443 ssl http2;\n", String::new()),
        (letsencrypt.as_str(), folder.display().to_string()),
        ("http://127.0.0.1:3012", "http://hubs".to_owned()),
    ] {
        assert!(text.contains(original), "{original} is not in the file");
        text = text.replace(original, &replacement);
    }
    text
}

/// Returns the configuration with `node-page.conf` in place of its last location, and creates the
/// page for it to serve.
fn with_page_location(folder: &Path, index: &str, text: &str) -> String {
    let file = repository_root().join("deploy/nginx/node-page.conf");
    let mut snippet = std::fs::read_to_string(file).expect("the file of deploy/");
    let page_folder = folder.join("dist");
    std::fs::create_dir(&page_folder).expect("a folder");
    std::fs::write(page_folder.join("index.html"), index).expect("a file");
    for (original, replacement) in [
        (
            "/var/www/leadmaster-page",
            page_folder.display().to_string(),
        ),
        ("http://127.0.0.1:3012;\n}", "http://hubs;\n}".to_owned()),
    ] {
        assert!(snippet.contains(original), "{original} is not in the file");
        snippet = snippet.replace(original, &replacement);
    }
    std::fs::write(folder.join("node-page.conf"), snippet).expect("a file");
    let last_location = "  location / {\n    proxy_pass http://hubs;\n  }\n";
    assert!(
        text.contains(last_location),
        "the last location has changed: {text}"
    );
    text.replace(last_location, "  include node-page.conf;\n")
}

/// Starts nginx as a single process that dies with this one. Everything that it writes is in
/// `folder`. It has as many connections as in Debian's own configuration.
fn spawn(folder: &Path, hubs: &[&str]) -> Child {
    let mut configuration = format!(
        "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\n\
         events {{ worker_connections 768; }}\nhttp {{\naccess_log off;\ngzip on;\n\
         set_real_ip_from 127.0.0.0/8;\nreal_ip_header {};\nupstream hubs {{\n",
        Nginx::ADDRESS_HEADER
    );
    for hub in hubs {
        let address = hub.trim_start_matches("http://");
        // `max_fails=0`: the hub is never skipped after a failure, since the test needs this one.
        configuration += &format!("server {address} max_fails=0;\n");
    }
    configuration += "}\n";
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        configuration += &format!("{kind}_temp_path {kind};\n");
    }
    configuration += "include leadmaster.conf;\n}\n";
    std::fs::write(folder.join("nginx.conf"), configuration).expect("a file");
    let log = File::create(folder.join("output.log")).expect("a file");
    let mut command = Command::new("nginx");
    command
        .arg("-p")
        .arg(folder)
        .args(["-c", "nginx.conf", "-e", "stderr"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    spawn_bound(command)
        .expect("nginx is missing: `cargo xtask test` installs it, or put it on PATH")
}
