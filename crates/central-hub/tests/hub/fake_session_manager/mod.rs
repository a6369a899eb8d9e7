//! A fake session-manager with scripted responses and events.
//!
//! The fake of [`FakeSessionManager::start`] sends the same first events to
//! each listener. That of [`FakeSessionManager::with_event_log`] numbers its
//! events, so that listeners can resume.

mod event_log;

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use event_log::EventLog;
pub use event_log::message;

/// The response on a path.
#[derive(Clone)]
pub enum FakeResponse {
    Json(u16, String),
    /// Serves a file with this content type, and parts of it.
    File(&'static str, Vec<u8>),
    /// Accepts a send; the message id consists of the recipient and the key.
    AcceptSend,
    /// Responds to a lookup with the chat of the requested number.
    Lookup(HashMap<String, Option<String>>),
    /// Accepts the request and never responds.
    NeverRespond,
}

/// A received request.
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    pub method: String,
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

#[derive(Clone)]
struct Script {
    responses: Arc<Mutex<HashMap<String, FakeResponse>>>,
    /// One-time responses, which take precedence over `responses`.
    one_time_responses: Arc<Mutex<VecDeque<(String, FakeResponse)>>>,
    requests: Arc<Mutex<Vec<RecordedRequest>>>,
    first_events: Arc<Mutex<Vec<(String, String)>>>,
    events: broadcast::Sender<(String, String)>,
    listeners: Arc<Mutex<u32>>,
    /// Cancelled by `stop_listening`, which ends the event streams.
    stopped: CancellationToken,
    /// The durable event log that replaces `events`, if there is one.
    log: Option<EventLog>,
}

pub struct FakeSessionManager {
    script: Script,
    pub url: String,
    task: JoinHandle<()>,
}

impl FakeSessionManager {
    /// Starts a fake that responds 404 on every path except `/events`.
    pub async fn start() -> Self {
        Self::listen(None).await
    }

    /// Starts a fake with a durable event log, so that listeners can resume after an id.
    pub async fn with_event_log() -> Self {
        Self::listen(Some(EventLog::default())).await
    }

    async fn listen(log: Option<EventLog>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let script = Script {
            responses: Arc::default(),
            one_time_responses: Arc::default(),
            requests: Arc::default(),
            first_events: Arc::new(Mutex::new(vec![("state".to_owned(), state("INIT", 1))])),
            events: broadcast::channel(1024).0,
            listeners: Arc::default(),
            stopped: CancellationToken::new(),
            log,
        };
        Self::serve(listener, script)
    }

    fn serve(listener: TcpListener, script: Script) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(respond).with_state(script.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { script, url, task }
    }

    /// Returns the URL of a port without a listener.
    pub async fn unused_url() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    }

    pub fn set_response(&self, path: &str, status: u16, body: &str) {
        let answer = FakeResponse::Json(status, body.to_owned());
        self.script
            .responses
            .lock()
            .unwrap()
            .insert(path.to_owned(), answer);
    }

    /// Serves the file of a message.
    pub fn add_media(&self, message_id: &str, kind: &'static str, bytes: &[u8]) {
        let path = format!("/messages/{message_id}/media");
        let answer = FakeResponse::File(kind, bytes.to_vec());
        self.script.responses.lock().unwrap().insert(path, answer);
    }

    /// Accepts every send.
    pub fn accept_sends(&self) {
        let mut responses = self.script.responses.lock().unwrap();
        responses.insert("/send".to_owned(), FakeResponse::AcceptSend);
    }

    /// Responds to lookups with WhatsApp's chat of each number, or with none.
    pub fn set_lookups(&self, results: &[(&str, Option<&str>)]) {
        let results = results.iter();
        let results = results.map(|(to, chat)| ((*to).to_owned(), chat.map(str::to_owned)));
        let mut responses = self.script.responses.lock().unwrap();
        responses.insert(
            "/lookup".to_owned(),
            FakeResponse::Lookup(results.collect()),
        );
    }

    /// Returns the numbers that were looked up so far.
    pub fn lookups(&self) -> Vec<String> {
        let asked = self.requests().into_iter();
        let asked = asked.filter(|asked| asked.path == "/lookup");
        let requested_number = |asked: RecordedRequest| -> String {
            let body: Value = serde_json::from_str(&asked.body).unwrap();
            body["to"].as_str().unwrap().to_owned()
        };
        asked.map(requested_number).collect()
    }

    /// Fails the next send with this error.
    pub fn fail_next_send(&self, status: u16, code: &str) {
        let body = format!(r#"{{"error":true,"code":"{code}","message":"why"}}"#);
        let answer = FakeResponse::Json(status, body);
        let mut one_time_responses = self.script.one_time_responses.lock().unwrap();
        one_time_responses.push_back(("/send".to_owned(), answer));
    }

    /// Publishes this session state to current and later listeners.
    pub fn set_state(&self, status: &str) {
        self.set_first_events(&[("state", state(status, 2))]);
        // There may be no listener yet.
        let event = ("state".to_owned(), state(status, 2));
        let _ = self.script.events.send(event);
    }

    /// Returns the sends so far.
    pub fn sends(&self) -> Vec<RecordedRequest> {
        let mut requests = self.requests();
        requests.retain(|requests| requests.path == "/send");
        requests
    }

    pub fn never_respond(&self, path: &str) {
        self.script
            .responses
            .lock()
            .unwrap()
            .insert(path.to_owned(), FakeResponse::NeverRespond);
    }

    /// Sets the initial events of a new `/events` listener.
    pub fn set_first_events(&self, events: &[(&str, String)]) {
        *self.script.first_events.lock().unwrap() = events
            .iter()
            .map(|(name, data)| ((*name).to_owned(), data.clone()))
            .collect();
    }

    /// Publishes an event to the current listeners.
    pub fn send_event(&self, name: &str, data: String) {
        self.script.events.send((name.to_owned(), data)).unwrap();
    }

    /// Returns the number of connections to `/events`, not counting those that resume.
    pub fn listeners(&self) -> u32 {
        *self.script.listeners.lock().unwrap()
    }

    /// Returns the requests so far, not counting those of the event stream.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.script.requests.lock().unwrap().clone()
    }

    pub fn last_request(&self) -> RecordedRequest {
        self.requests().pop().expect("a request")
    }

    /// Stops listening and breaks all event streams.
    pub async fn stop_listening(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
        self.script.stopped.cancel();
    }

    /// Listens again on the same port.
    pub async fn listen_again(&mut self) {
        let address = self.url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind(address).await.unwrap();
        let mut script = self.script.clone();
        script.stopped = CancellationToken::new();
        *self = Self::serve(listener, script);
    }
}

impl Drop for FakeSessionManager {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Builds the data of a `state` event.
pub fn state(status: &str, generation: u64) -> String {
    format!(
        r#"{{"status":"{status}","generation":{generation},"since":"2026-01-14T13:02:09.336Z","cause":"TEST","message":"because"}}"#
    )
}

async fn respond(State(script): State<Script>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    if path == "/events"
        && let Some(log) = &script.log
    {
        return log.stream(&parts.headers);
    }
    if path == "/events" {
        // A request with an id resumes; others get the current state.
        let resumes = parts.headers.contains_key("last-event-id");
        return events(&script, resumes);
    }
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let key = parts.headers.get("idempotency-key").cloned();
    let range = parts.headers.get("range").cloned();
    script.requests.lock().unwrap().push(RecordedRequest {
        method: parts.method.to_string(),
        path: path.clone(),
        headers: parts.headers,
        body: body.clone(),
    });
    if parts.method == "DELETE" && path.ends_with("/media") {
        let mut responses = script.responses.lock().unwrap();
        return match responses.get(&path) {
            Some(FakeResponse::File(..)) => {
                responses.remove(&path);
                StatusCode::NO_CONTENT.into_response()
            }
            Some(FakeResponse::Json(status, body)) => {
                (StatusCode::from_u16(*status).unwrap(), body.clone()).into_response()
            }
            _ => {
                let body = json!({"error": true, "code": "MEDIA_NOT_FOUND", "message": "x"});
                (StatusCode::NOT_FOUND, body.to_string()).into_response()
            }
        };
    }
    match script.next(&path) {
        Some(FakeResponse::AcceptSend) => {
            let request: Value = serde_json::from_str(&body).unwrap();
            let to = request["to"].as_str().unwrap();
            let key = key.as_ref().map_or("none", |key| key.to_str().unwrap());
            let id = format!("true_{to}@c.us_{}", key.replace('_', "-"));
            axum::Json(json!({"ok": true, "message_id": id, "chat": format!("{to}@c.us")}))
                .into_response()
        }
        Some(FakeResponse::Json(status, body)) => (
            StatusCode::from_u16(status).unwrap(),
            [("content-type", "application/json; charset=utf-8")],
            Body::from(body),
        )
            .into_response(),
        Some(FakeResponse::File(kind, bytes)) => {
            let headers = [
                ("content-type", kind),
                ("etag", "\"tag\""),
                ("accept-ranges", "bytes"),
            ];
            let Some(range) = range else {
                return (headers, bytes).into_response();
            };
            let range = range.to_str().unwrap().strip_prefix("bytes=").unwrap();
            let (from, to) = range.split_once('-').unwrap();
            let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
            let length = bytes.len();
            if from >= length {
                let content_range = [("content-range", format!("bytes */{length}"))];
                return (StatusCode::RANGE_NOT_SATISFIABLE, content_range).into_response();
            }
            let content_range = [("content-range", format!("bytes {from}-{to}/{length}"))];
            let part = bytes[from..=to].to_vec();
            (StatusCode::PARTIAL_CONTENT, headers, content_range, part).into_response()
        }
        Some(FakeResponse::Lookup(results)) => {
            let request: Value = serde_json::from_str(&body).unwrap();
            let chat = results.get(request["to"].as_str().unwrap()).cloned();
            let chat = chat.flatten();
            axum::Json(json!({"ok": true, "exists": chat.is_some(), "chat": chat})).into_response()
        }
        Some(FakeResponse::NeverRespond) => std::future::pending().await,
        // By default, the response is the state in the fake's events.
        None if path == "/status" && script.log.is_none() => {
            let events = script.first_events.lock().unwrap();
            let state = events.iter().rev().find(|(name, _)| name == "state");
            let state: Value =
                state.map_or(Value::Null, |(_, data)| serde_json::from_str(data).unwrap());
            axum::Json(json!({"status": state["status"]})).into_response()
        }
        None => (StatusCode::NOT_FOUND, "no answer for this path").into_response(),
    }
}

impl Script {
    fn next(&self, path: &str) -> Option<FakeResponse> {
        let mut one_time_responses = self.one_time_responses.lock().unwrap();
        if one_time_responses
            .front()
            .is_some_and(|(scripted_path, _)| scripted_path == path)
        {
            return one_time_responses.pop_front().map(|(_, response)| response);
        }
        self.responses.lock().unwrap().get(path).cloned()
    }
}

fn events(script: &Script, resumes: bool) -> Response {
    *script.listeners.lock().unwrap() += u32::from(!resumes);
    let changes = script.events.subscribe();
    let first_events = script.first_events.lock().unwrap().clone();
    let later_events = stream::unfold(changes, |mut changes| async move {
        Some((changes.recv().await.ok()?, changes))
    });
    let events = stream::iter(first_events)
        .chain(later_events)
        .map(|(name, data)| Ok::<_, Infallible>(Event::default().event(name).data(data)))
        .take_until(script.stopped.clone().cancelled_owned());
    Sse::new(events).into_response()
}
