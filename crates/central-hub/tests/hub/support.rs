//! The hub under test, and a client for its event stream.

use std::time::Duration;

use central_hub::config::Config;
use central_hub::store::Store;
use central_hub::webhooks::WebhookLimits;
use central_hub::{Deps, run};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use reqwest::{Client, RequestBuilder, Response};
use scratch_database::Database;
use serde_json::{Value, json};
use service_runtime::{Env, Shutdown};
use session_client::Timeouts;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const LONG: Duration = Duration::from_secs(20);

/// Returns short timeouts, for tests with peers that never respond.
fn short_timeouts() -> Timeouts {
    let timeout = Duration::from_millis(400);
    Timeouts {
        connect: Duration::from_millis(200),
        read: timeout,
        command: timeout,
        send: timeout,
        transfer: timeout,
        silence: LONG,
    }
}

/// Builds a client without a proxy or connection pooling.
pub fn http() -> Client {
    // `http://` does not need the provider, but reqwest requires it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .timeout(LONG)
        .pool_max_idle_per_host(0)
        .build()
        .unwrap()
}

pub struct Hub {
    pub url: String,
    pub http: Client,
    pub shutdown: Shutdown,
    /// The hub's store.
    pub store: Store,
    task: JoinHandle<()>,
    /// The hub's database, unless the test provided one.
    database: Option<Database>,
}

impl Hub {
    pub async fn start(session_manager: &str) -> Self {
        Self::start_with(session_manager, &[]).await
    }

    pub async fn start_with(session_manager: &str, variables: &[(&str, &str)]) -> Self {
        let database = Database::sqlite();
        let url = database.url();
        let mut hub = Self::start_on(&url, session_manager, variables).await;
        hub.database = Some(database);
        hub
    }

    /// Starts a hub on a database that the test provides.
    pub async fn start_on(
        database_url: &str,
        session_manager: &str,
        variables: &[(&str, &str)],
    ) -> Self {
        Self::start_limited(database_url, session_manager, variables, 4).await
    }

    /// Starts a hub with a maximum number of webhook attempts.
    pub async fn start_limited(
        database_url: &str,
        session_manager: &str,
        variables: &[(&str, &str)],
        attempts: u32,
    ) -> Self {
        Self::start_changed(database_url, session_manager, variables, |deps| {
            deps.webhook_limits.attempts = attempts;
        })
        .await
    }

    /// Starts a hub with changed dependencies.
    pub async fn start_changed(
        database_url: &str,
        session_manager: &str,
        variables: &[(&str, &str)],
        change: impl FnOnce(&mut Deps),
    ) -> Self {
        let base = [
            ("SESSION_MANAGER_BASE_URL", session_manager),
            ("PORT", "0"),
            ("DATABASE_URL", database_url),
        ];
        let env = Env::from_pairs(base.iter().chain(variables).copied());
        let config = Config::from_env(&env).unwrap();
        let mut deps = Deps::with_timeouts(config, short_timeouts()).await.unwrap();
        deps.webhook_limits = WebhookLimits {
            attempt: Duration::from_secs(4),
            first_pause: Duration::from_millis(50),
            attempts: 4,
            ..WebhookLimits::default()
        };
        change(&mut deps);
        let store = deps.store.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = Shutdown::new();
        let task = tokio::spawn(run(listener, deps, shutdown.clone(), || {}));
        Self {
            url,
            http: http(),
            shutdown,
            store,
            task,
            database: None,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    pub async fn get(&self, path: &str) -> (u16, String) {
        text(self.http.get(self.url(path))).await
    }

    pub async fn post(&self, path: &str, body: &str) -> (u16, String) {
        let request = self
            .http
            .post(self.url(path))
            .header("content-type", "application/json")
            .body(body.to_owned());
        text(request).await
    }

    pub async fn events(&self) -> Events {
        let response = self.http.get(self.url("/api/events")).send().await.unwrap();
        Events::from_response(response)
    }

    /// Drains the hub and waits until it has ended.
    pub async fn stop(self) {
        self.shutdown.stop("test");
        tokio::time::timeout(LONG, self.task)
            .await
            .expect("the hub stops")
            .unwrap();
    }
}

/// Returns the status and body of a response.
pub async fn text(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.text().await.unwrap())
}

/// Returns the code of an error body, after checking its format.
pub fn code(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
    // On the Node hub's routes `error` repeats the code.
    let is_refusal = body["error"] == true || body["error"] == body["code"];
    assert!(is_refusal, "{body}");
    assert!(!body["message"].as_str().unwrap().is_empty(), "{body}");
    body["code"].as_str().unwrap().to_owned()
}

/// Polls a condition until it is true, or panics after a timeout.
pub async fn wait_until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, wait)
        .await
        .unwrap_or_else(|_| panic!("not in time: {what}"));
}

/// A reader of the hub's Server-Sent Events.
pub struct Events {
    bytes: BoxStream<'static, Vec<u8>>,
    text: String,
}

impl Events {
    pub fn from_response(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let bytes = response
            .bytes_stream()
            .map(|chunk| chunk.unwrap_or_default().to_vec())
            .boxed();
        Self {
            bytes,
            text: String::new(),
        }
    }

    /// Returns the next event, or `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    block
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(str::to_owned)
                };
                let event = field("event: ").zip(field("data: "));
                self.text = rest.to_owned();
                if let Some((name, data)) = event {
                    return Some((name, serde_json::from_str(&data).unwrap()));
                }
                continue;
            }
            let chunk = tokio::time::timeout(LONG, self.bytes.next())
                .await
                .expect("an event in time")?;
            self.text.push_str(&String::from_utf8(chunk).unwrap());
        }
    }

    /// Reads up to the next event with this name.
    pub async fn next_named(&mut self, name: &str) -> Value {
        loop {
            let (event_name, data) = self.next().await.expect("an event, not the end");
            if event_name == name {
                return data;
            }
        }
    }

    /// Reads up to the next `hub` event with this link state.
    pub async fn next_link_state(&mut self, link: &str) -> Value {
        loop {
            let data = self.next_named("hub").await;
            if data["session_manager"] == link {
                return data;
            }
        }
    }
}

/// Subscribes this URL to these events.
pub async fn subscribe(hub: &Hub, url: &str, events: &[&str]) {
    let body = json!({"url": url, "eventos": events});
    assert_eq!(hub.post("/api/webhooks", &body.to_string()).await.0, 201);
}

/// Sends a request with or without a JSON body. Returns the status and the
/// body; a body that is not JSON becomes null.
pub async fn ask(hub: &Hub, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
    let method = method.parse().unwrap();
    let mut request = hub.http.request(method, hub.url(path));
    if let Some(body) = body {
        request = request.json(body);
    }
    let (status, body) = text(request).await;
    (status, serde_json::from_str(&body).unwrap_or(Value::Null))
}

/// Returns the body of a `GET`, which must succeed.
pub async fn get(hub: &Hub, path: &str) -> Value {
    let (status, body) = ask(hub, "GET", path, None).await;
    assert_eq!(status, 200, "{path} {body}");
    body
}

/// Waits until the hub has read the event with this id.
pub async fn wait_until_read(hub: &Hub, id: u64) {
    wait_until("the hub to read the event", async || {
        get(hub, "/api/listener/status").await["last_event_id"].as_str() == Some(&id.to_string())
    })
    .await;
}
