//! Runs a session-manager in its own folder.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use whatsapp_standin::Standin;

use crate::{Scratch, Service, poll, processes};

/// Returns the HTTP client of the tests.
#[must_use]
pub fn http() -> reqwest::Client {
    http_builder()
        // The services close idle connections after 30 s. A connection that is reused at that very
        // moment would fail the request.
        .pool_idle_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(90))
        .build()
        .expect("a client")
}

/// Returns the builder of every HTTP client in the tests.
pub fn http_builder() -> reqwest::ClientBuilder {
    static CLIENT_TLS: OnceLock<()> = OnceLock::new();
    CLIENT_TLS.get_or_init(|| {
        // Another test of the same process may have installed the provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder().no_proxy()
}

/// The variables with which a [`Manager`] is started.
#[derive(Clone, Debug, Default)]
pub struct ManagerOptions {
    variables: Vec<(String, String)>,
}

impl ManagerOptions {
    /// Sets a variable of the environment.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers pass numbers and strings"
    )]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.variables.retain(|(other, _)| other != name);
        self.variables.push((name.to_owned(), value.to_string()));
        self
    }

    /// Returns the value of the variable with this name.
    #[must_use]
    pub fn get_variable(&self, name: &str) -> Option<&str> {
        let mut variables = self.variables.iter();
        variables
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns all variables.
    #[must_use]
    pub fn variables(&self) -> &[(String, String)] {
        &self.variables
    }
}

/// A running session-manager.
#[derive(Debug)]
pub struct Manager {
    /// The process.
    pub service: Service,
    /// The folder of its data.
    pub folder: Scratch,
    options: ManagerOptions,
    client: reqwest::Client,
}

impl Manager {
    /// Starts a session-manager on the page of `standin`, with short timeouts for tests.
    pub async fn start(standin: &Standin) -> Self {
        Self::start_with(standin, ManagerOptions::default()).await
    }

    /// Works like [`Self::start`], with additional variables.
    pub async fn start_with(standin: &Standin, options: ManagerOptions) -> Self {
        let page = ("WHATSAPP_WEB_URL".to_owned(), standin.web_url());
        let mut merged = ManagerOptions::default()
            .with("RESTART_BACKOFF_MS", 50)
            .with("RETRY_SECONDS", 1)
            .with(&page.0, page.1);
        for (name, value) in options.variables {
            merged = merged.with(&name, value);
        }
        Self::start_in(Scratch::default(), merged).await
    }

    /// Starts a session-manager whose browser cannot start, for tests of HTTP alone.
    pub async fn without_browser(options: ManagerOptions) -> Self {
        let options = options
            .with("CHROME_BIN", "/nowhere/chromium")
            .with("WHATSAPP_WEB_URL", "http://127.0.0.1:1/");
        Self::start_in(Scratch::default(), options).await
    }

    /// Starts a session-manager in `folder` with only these options.
    pub async fn start_in(folder: Scratch, options: ManagerOptions) -> Self {
        let options = match options.get_variable("TOKENS_DIR") {
            Some(_) => options,
            None => options.with("TOKENS_DIR", folder.join("tokens").display()),
        };
        let service = Service::start("session-manager", folder.path(), options.variables()).await;
        Self {
            service,
            folder,
            options,
            client: http(),
        }
    }

    /// Starts the service again in the same folder, after it ended.
    pub async fn restart(&mut self) {
        let variables = self.options.variables();
        self.service = Service::start("session-manager", self.folder.path(), variables).await;
    }

    /// Changes a variable for the next start.
    pub fn set(&mut self, name: &str, value: impl ToString) {
        self.options = self.options.clone().with(name, value);
    }

    /// Returns the folder that keeps the linked device.
    #[must_use]
    pub fn tokens(&self) -> PathBuf {
        PathBuf::from(self.options.get_variable("TOKENS_DIR").expect("TOKENS_DIR"))
    }

    /// Returns the HTTP client.
    #[must_use]
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Returns the URL of `path`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.service.url)
    }

    /// Requests `GET path`. Returns the status and the body.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        let request = self.client.get(self.url(path));
        send_request(request).await
    }

    /// Requests `POST path` with a JSON body. Returns the status and the body.
    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.client.post(self.url(path)).json(body);
        send_request(request).await
    }

    /// Requests `POST /connect`, which must succeed.
    pub async fn connect(&self) {
        let (status, body) = self.post("/connect", &Value::Null).await;
        assert_eq!(status, 200, "{body}");
    }

    /// Returns the current state.
    pub async fn state(&self) -> String {
        let (_, body) = self.get("/status").await;
        body["status"].as_str().unwrap_or_default().to_owned()
    }

    /// Requests `GET /session`.
    pub async fn session(&self) -> Value {
        self.get("/session").await.1
    }

    /// Waits until the session is in this state.
    pub async fn wait_for_state(&self, state: &str) {
        let deadline = tokio::time::Instant::now() + crate::PATIENCE;
        while self.state().await != state {
            if tokio::time::Instant::now() > deadline {
                panic!(
                    "no {state} within {:?}: {:#}",
                    crate::PATIENCE,
                    self.session().await
                );
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until the session is in this state with this cause. Returns the body of `GET
    /// /session`.
    pub async fn wait_for_cause(&self, state: &str, cause: &str) -> Value {
        poll::until(format!("{state} because of {cause}"), async || {
            let session = self.session().await;
            (session["state"] == state && session["cause"] == cause).then_some(session)
        })
        .await
    }

    /// Waits until the page's stored data has not changed for a while.
    ///
    /// Chromium sometimes treats an `IndexedDB` as corrupted if it was killed while it wrote to it,
    /// and deletes it, including the linked device ("Got corruption" in `chrome_debug.log`). A test
    /// that needs the device afterwards must not kill Chromium at such a moment.
    pub async fn wait_until_stored(&self) {
        let folder = self.tokens().join("profile/Default/IndexedDB");
        let mut earlier = Vec::new();
        poll::until("the page's storage to stop changing", async || {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let current = list_files(&folder);
            let at_rest = !current.is_empty() && current == earlier;
            earlier = current;
            at_rest.then_some(())
        })
        .await;
    }

    /// Links the session, and waits until it is READY.
    pub async fn link(&self, standin: &Standin) {
        self.connect().await;
        self.wait_for_state("QR_REQUIRED").await;
        poll::until("a code to scan", async || {
            standin.phone().scan_current().ok()
        })
        .await;
        self.wait_for_state("READY").await;
    }

    /// Sends SIGTERM, and waits for the end. Fails the test if a process or a lock is left.
    pub async fn stop(&mut self) -> ExitStatus {
        let status = self.service.stop().await;
        processes::assert_none_left(&self.tokens()).await;
        self.assert_no_lock();
        status
    }

    /// Fails the test if Chrome's lock still exists.
    pub fn assert_no_lock(&self) {
        for name in ["SingletonLock", "SingletonSocket", "SingletonCookie"] {
            let link = self.tokens().join("profile").join(name);
            assert!(
                std::fs::symlink_metadata(&link).is_err(),
                "{name} was left behind"
            );
        }
    }
}

/// Lists every file below `folder` with its size and modification time.
fn list_files(folder: &Path) -> Vec<(PathBuf, u64, Option<SystemTime>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        // Chrome may have removed the file meanwhile.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        if metadata.is_dir() {
            files.extend(list_files(&entry.path()));
        } else {
            files.push((entry.path(), metadata.len(), metadata.modified().ok()));
        }
    }
    files.sort();
    files
}

/// Sends `request`. Returns the status and the body, which is `Null` if it is not JSON.
pub async fn send_request(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or(Value::Null))
}
