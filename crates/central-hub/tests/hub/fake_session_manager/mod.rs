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
    Takes,
    /// Responds to a lookup with the chat of the requested number.
    LooksUp(HashMap<String, Option<String>>),
    /// Accepts the request and never responds.
    Never,
}

/// A received request.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

#[derive(Clone)]
struct Script {
    answers: Arc<Mutex<HashMap<String, FakeResponse>>>,
    /// One-time responses, which are used before `answers`.
    first: Arc<Mutex<VecDeque<(String, FakeResponse)>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    first_events: Arc<Mutex<Vec<(String, String)>>>,
    events: broadcast::Sender<(String, String)>,
    listeners: Arc<Mutex<u32>>,
    /// Cancelled by `fall_over`, which ends the event streams.
    fallen: CancellationToken,
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
            answers: Arc::default(),
            first: Arc::default(),
            asked: Arc::default(),
            first_events: Arc::new(Mutex::new(vec![("state".to_owned(), state("INIT", 1))])),
            events: broadcast::channel(1024).0,
            listeners: Arc::default(),
            fallen: CancellationToken::new(),
            log,
        };
        Self::serve(listener, script)
    }

    fn serve(listener: TcpListener, script: Script) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(script.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { script, url, task }
    }

    /// Returns the URL of a port without a listener.
    pub async fn nowhere() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    }

    pub fn answers(&self, path: &str, status: u16, body: &str) {
        let answer = FakeResponse::Json(status, body.to_owned());
        self.script
            .answers
            .lock()
            .unwrap()
            .insert(path.to_owned(), answer);
    }

    /// Serves the file of a message.
    pub fn has_media(&self, message_id: &str, kind: &'static str, bytes: &[u8]) {
        let path = format!("/messages/{message_id}/media");
        let answer = FakeResponse::File(kind, bytes.to_vec());
        self.script.answers.lock().unwrap().insert(path, answer);
    }

    /// Accepts every send.
    pub fn takes_sends(&self) {
        let mut answers = self.script.answers.lock().unwrap();
        answers.insert("/send".to_owned(), FakeResponse::Takes);
    }

    /// Responds to lookups with WhatsApp's chat of each number, or with none.
    pub fn looks_up(&self, known: &[(&str, Option<&str>)]) {
        let known = known.iter();
        let known = known.map(|(to, chat)| ((*to).to_owned(), chat.map(str::to_owned)));
        let mut answers = self.script.answers.lock().unwrap();
        answers.insert("/lookup".to_owned(), FakeResponse::LooksUp(known.collect()));
    }

    /// Returns the numbers that were looked up so far.
    pub fn lookups(&self) -> Vec<String> {
        let asked = self.asked().into_iter();
        let asked = asked.filter(|asked| asked.path == "/lookup");
        let to = |asked: Asked| -> String {
            let body: Value = serde_json::from_str(&asked.body).unwrap();
            body["to"].as_str().unwrap().to_owned()
        };
        asked.map(to).collect()
    }

    /// Fails the next send with this error.
    pub fn fails_once(&self, status: u16, code: &str) {
        let body = format!(r#"{{"error":true,"code":"{code}","message":"why"}}"#);
        let answer = FakeResponse::Json(status, body);
        let mut first = self.script.first.lock().unwrap();
        first.push_back(("/send".to_owned(), answer));
    }

    /// Publishes this session state to current and later listeners.
    pub fn is_in(&self, status: &str) {
        self.first_events(&[("state", state(status, 2))]);
        // There may be no listener yet.
        let told = ("state".to_owned(), state(status, 2));
        let _ = self.script.events.send(told);
    }

    /// Returns the sends so far.
    pub fn sends(&self) -> Vec<Asked> {
        let mut asked = self.asked();
        asked.retain(|asked| asked.path == "/send");
        asked
    }

    pub fn never_answers(&self, path: &str) {
        self.script
            .answers
            .lock()
            .unwrap()
            .insert(path.to_owned(), FakeResponse::Never);
    }

    /// Sets the initial events of a new `/events` listener.
    pub fn first_events(&self, events: &[(&str, String)]) {
        *self.script.first_events.lock().unwrap() = events
            .iter()
            .map(|(name, data)| ((*name).to_owned(), data.clone()))
            .collect();
    }

    /// Publishes an event to the current listeners.
    pub fn tell(&self, name: &str, data: String) {
        self.script.events.send((name.to_owned(), data)).unwrap();
    }

    /// Returns the number of connections to `/events`, not counting those that resume.
    pub fn listeners(&self) -> u32 {
        *self.script.listeners.lock().unwrap()
    }

    /// Returns the requests so far, not counting those of the event stream.
    pub fn asked(&self) -> Vec<Asked> {
        self.script.asked.lock().unwrap().clone()
    }

    pub fn last_asked(&self) -> Asked {
        self.asked().pop().expect("somebody asked")
    }

    /// Stops listening and breaks all event streams.
    pub async fn fall_over(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
        self.script.fallen.cancel();
    }

    /// Listens again on the same port.
    pub async fn get_up(&mut self) {
        let address = self.url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind(address).await.unwrap();
        let mut script = self.script.clone();
        script.fallen = CancellationToken::new();
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

async fn answer(State(script): State<Script>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    if path == "/events"
        && let Some(log) = &script.log
    {
        return log.stream(&parts.headers);
    }
    if path == "/events" {
        // A request with an id resumes; others get the current state.
        let follows = parts.headers.contains_key("last-event-id");
        return events(&script, follows);
    }
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let key = parts.headers.get("idempotency-key").cloned();
    let range = parts.headers.get("range").cloned();
    script.asked.lock().unwrap().push(Asked {
        method: parts.method.to_string(),
        path: path.clone(),
        headers: parts.headers,
        body: body.clone(),
    });
    if parts.method == "DELETE" && path.ends_with("/media") {
        let mut answers = script.answers.lock().unwrap();
        return match answers.get(&path) {
            Some(FakeResponse::File(..)) => {
                answers.remove(&path);
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
        Some(FakeResponse::Takes) => {
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
            let all = bytes.len();
            if from >= all {
                let told = [("content-range", format!("bytes */{all}"))];
                return (StatusCode::RANGE_NOT_SATISFIABLE, told).into_response();
            }
            let told = [("content-range", format!("bytes {from}-{to}/{all}"))];
            let part = bytes[from..=to].to_vec();
            (StatusCode::PARTIAL_CONTENT, headers, told, part).into_response()
        }
        Some(FakeResponse::LooksUp(known)) => {
            let request: Value = serde_json::from_str(&body).unwrap();
            let chat = known.get(request["to"].as_str().unwrap()).cloned();
            let chat = chat.flatten();
            axum::Json(json!({"ok": true, "exists": chat.is_some(), "chat": chat})).into_response()
        }
        Some(FakeResponse::Never) => std::future::pending().await,
        // By default, the response is the state in the fake's events.
        None if path == "/status" && script.log.is_none() => {
            let events = script.first_events.lock().unwrap();
            let told = events.iter().rev().find(|(name, _)| name == "state");
            let told: Value =
                told.map_or(Value::Null, |(_, data)| serde_json::from_str(data).unwrap());
            axum::Json(json!({"status": told["status"]})).into_response()
        }
        None => (StatusCode::NOT_FOUND, "no answer for this path").into_response(),
    }
}

impl Script {
    fn next(&self, path: &str) -> Option<FakeResponse> {
        let mut first = self.first.lock().unwrap();
        if first.front().is_some_and(|(of, _)| of == path) {
            return first.pop_front().map(|(_, answer)| answer);
        }
        self.answers.lock().unwrap().get(path).cloned()
    }
}

fn events(script: &Script, follows: bool) -> Response {
    *script.listeners.lock().unwrap() += u32::from(!follows);
    let changes = script.events.subscribe();
    let first = script.first_events.lock().unwrap().clone();
    let later = stream::unfold(changes, |mut changes| async move {
        Some((changes.recv().await.ok()?, changes))
    });
    let events = stream::iter(first)
        .chain(later)
        .map(|(name, data)| Ok::<_, Infallible>(Event::default().event(name).data(data)))
        .take_until(script.fallen.clone().cancelled_owned());
    Sse::new(events).into_response()
}
