//! A webhook receiver for tests.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use central_hub::store::WebhookSecret;
use central_hub::webhooks::signature::sign;
use futures_util::stream;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A response of the receiver.
#[derive(Clone, Debug)]
pub enum Reply {
    Status(u16),
    With(u16, &'static str, String),
    /// Never responds.
    Hang,
    /// Responds 200 with an endless body.
    Endless,
}

/// A request that the receiver got.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
    pub at: Instant,
}

impl Delivery {
    pub fn id(&self) -> String {
        self.headers["webhook-id"].to_str().unwrap().to_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Returns whether a signature matches this secret and is recent.
    pub fn is_signed(&self, secret: &str) -> bool {
        let timestamp: i64 = self.headers["webhook-timestamp"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        let age = session_api::Timestamp::now().as_millis() / 1000 - timestamp;
        assert!((0..60).contains(&age), "{age} s old");
        let secret = WebhookSecret::stored(secret.to_owned());
        let expected = sign(&secret, &self.id(), timestamp, &self.body);
        let signatures = self.headers["webhook-signature"].to_str().unwrap();
        signatures.split(' ').any(|signature| signature == expected)
    }
}

#[derive(Clone, Default)]
struct Script {
    /// The next responses by path; the last one repeats.
    replies: Arc<Mutex<HashMap<String, Vec<Reply>>>>,
    deliveries: Arc<Mutex<Vec<Delivery>>>,
    /// Number of concurrent requests by path: current and maximum.
    concurrency: Arc<Mutex<HashMap<String, (usize, usize)>>>,
}

pub struct Receiver {
    script: Script,
    address: String,
    task: JoinHandle<()>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::serve(listener, Script::default())
    }

    fn serve(listener: TcpListener, script: Script) -> Self {
        let address = listener.local_addr().unwrap().to_string();
        let router = Router::new().fallback(respond).with_state(script.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            script,
            address,
            task,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn set_replies(&self, path: &str, replies: &[Reply]) {
        let mut scripted = self.script.replies.lock().unwrap();
        scripted.insert(path.to_owned(), replies.to_vec());
    }

    /// Returns the requests at this path, in order.
    pub fn deliveries(&self, path: &str) -> Vec<Delivery> {
        let deliveries = self.script.deliveries.lock().unwrap();
        deliveries
            .iter()
            .filter(|delivery| delivery.path == path)
            .cloned()
            .collect()
    }

    /// Returns the maximum number of concurrent requests at this path.
    pub fn max_concurrent(&self, path: &str) -> usize {
        self.script
            .concurrency
            .lock()
            .unwrap()
            .get(path)
            .map_or(0, |(_, max)| *max)
    }

    pub async fn stop(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }

    pub async fn restart(&mut self) {
        let listener = TcpListener::bind(&self.address).await.unwrap();
        *self = Self::serve(listener, self.script.clone());
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Guard that counts a request as open until it ends.
struct OpenRequest(Script, String);

impl OpenRequest {
    fn start(script: &Script, path: &str) -> Self {
        let mut concurrency = script.concurrency.lock().unwrap();
        let (now, max) = concurrency.entry(path.to_owned()).or_default();
        *now += 1;
        *max = (*max).max(*now);
        Self(script.clone(), path.to_owned())
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0
            .concurrency
            .lock()
            .unwrap()
            .get_mut(&self.1)
            .unwrap()
            .0 -= 1;
    }
}

async fn respond(State(script): State<Script>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let _open_request = OpenRequest::start(&script, &path);
    let body = to_bytes(body, 1 << 20).await.unwrap();
    assert_eq!(parts.method, "POST");
    script.deliveries.lock().unwrap().push(Delivery {
        path: path.clone(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
        at: Instant::now(),
    });
    let reply = {
        let mut replies = script.replies.lock().unwrap();
        match replies.get_mut(&path) {
            None => Reply::Status(200),
            Some(left) if left.len() > 1 => left.remove(0),
            Some(left) => left[0].clone(),
        }
    };
    match reply {
        Reply::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Reply::With(status, name, value) => {
            let status = StatusCode::from_u16(status).unwrap();
            (status, [(name, value)]).into_response()
        }
        Reply::Hang => std::future::pending().await,
        Reply::Endless => {
            let chunks = stream::unfold((), |()| async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                Some((Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 1024])), ()))
            });
            Body::from_stream(chunks).into_response()
        }
    }
}
