//! Runs a fake session-manager that accepts every message at once, so that only the hub's own work
//! is measured.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::stream::{self, Stream, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Starts the server, which ends with the process.
pub async fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = Router::new()
        .route("/health", get(async || Json(json!({"status": "ok"}))))
        .route("/status", get(async || Json(json!({"status": "READY"}))))
        .route("/events", get(events))
        .route("/send", post(send))
        .with_state(Arc::default());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn events() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let state = json!({
        "status": "READY",
        "generation": 1,
        "since": "2026-01-01T00:00:00.000Z",
        "cause": "SYNCED",
        "message": "linked, synced and connected",
    });
    let first = Event::default()
        .id("1")
        .event("state")
        .data(state.to_string());
    Sse::new(stream::iter([Ok(first)]).chain(stream::pending()))
}

async fn send(State(count): State<Arc<AtomicU64>>) -> Json<Value> {
    let n = count.fetch_add(1, Ordering::Relaxed);
    let id = format!("true_5491100000000@c.us_3EB0{n:018X}");
    Json(json!({"ok": true, "message_id": id, "dry_run": false}))
}
