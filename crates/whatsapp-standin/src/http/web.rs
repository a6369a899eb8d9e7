//! Serves the simulated WhatsApp page, into which clients inject their scripts.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, Request, State, WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::assets;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::socket;
use crate::world::{PageHttp, Upload};

/// Maximum size of an uploaded file, in bytes.
const MAX_MEDIA_BYTES: u64 = 256 * 1024 * 1024;
/// Maximum size of an upload whose content is kept for a later download, in bytes.
const MAX_STORED_BYTES: u64 = 8 * 1024 * 1024;

/// The Content Security Policy of the real page: a client that needs more fails there as well.
const CSP: &str = "default-src 'self' data: blob:; \
    script-src 'self' 'unsafe-eval' blob:; \
    style-src 'self' 'unsafe-inline'; \
    img-src 'self' data: blob:; \
    connect-src 'self' data: blob: ws: wss:; \
    worker-src 'self' blob:; \
    object-src 'none'; base-uri 'self'; frame-ancestors 'self'";

pub(super) fn routes(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(index))
        .route("/app/{file}", get(asset))
        .route(
            "/sw.js",
            get(async || asset(Path("service_worker.js".to_owned())).await),
        )
        .route("/favicon.ico", get(async || StatusCode::NO_CONTENT))
        .route("/ws/chat", get(chat))
        .route("/media", post(media))
        .route("/v/{id}", get(file).post(reupload))
        .layer(middleware::from_fn_with_state(
            Arc::clone(shared),
            reachable,
        ))
}

/// Simulates an unreachable page. A middleware.
async fn reachable(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let mode = shared.world().page_http;
    match mode {
        PageHttp::Ok => next.run(request).await,
        PageHttp::Error => {
            // The real error has a body as well, and browsers do not commit an empty response as a
            // page.
            let body = Html("<h1>Internal Server Error</h1>");
            (StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
        }
        PageHttp::Hang => {
            shared.stop.cancelled().await;
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn index(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default();
    let body = if agent.contains("HeadlessChrome") {
        assets::UNSUPPORTED.to_owned()
    } else {
        let mut world = shared.world();
        let broken = world.settings.broken_database_loads > 0;
        world.settings.broken_database_loads -= u32::from(broken);
        page(&world.settings, broken)
    };
    let mut response = Html(body).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CSP),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Renders the page with its settings.
fn page(settings: &Settings, broken_database: bool) -> String {
    let mut config = serde_json::to_value(settings).unwrap_or_default();
    config["broken_database"] = broken_database.into();
    let config = config.to_string();
    // Escape it, so that the text cannot end the script element.
    let config = config.replace('<', "\\u003c");
    assets::INDEX.replace("{{config}}", &config)
}

async fn asset(Path(file): Path<String>) -> Response {
    match assets::app(&file) {
        Some((kind, text)) => {
            let headers = [
                (header::CONTENT_TYPE, kind),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (headers, text).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[derive(Deserialize)]
struct MediaQuery {
    /// The target chat, if already known.
    #[serde(default)]
    to: String,
}

/// Receives a file. Stores its size and hash, and its content unless that is large.
async fn media(
    State(shared): State<Arc<Shared>>,
    Query(MediaQuery { to }): Query<MediaQuery>,
    body: Body,
) -> Response {
    let network = shared.network();
    let taking = async {
        let (mut hash, mut size, mut content) = (Sha256::new(), 0_u64, Vec::new());
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
            size += chunk.len() as u64;
            if size > MAX_MEDIA_BYTES {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            hash.update(&chunk);
            if size <= MAX_STORED_BYTES {
                content.extend_from_slice(&chunk);
            } else {
                content = Vec::new();
            }
        }
        let content = (size <= MAX_STORED_BYTES).then(|| Bytes::from(content));
        Ok((hash.finalize(), size, content))
    };
    let taken = tokio::select! {
        // A network outage also cancels uploads.
        () = network.cancelled() => Err(StatusCode::SERVICE_UNAVAILABLE),
        taken = taking => taken,
    };
    let (hash, size, content) = match taken {
        Ok(taken) if shared.world().network_up => taken,
        Ok(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Err(status) => return status.into_response(),
    };
    let mut world = shared.world();
    if world.upload_fails(&to) {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let sha256 = hex::encode(hash);
    let path = world.uploaded(Upload { size, sha256 });
    if let Some(content) = content {
        world.files.insert(path.clone(), content);
    }
    Json(json!({"path": path})).into_response()
}

/// Serves a file that a lead or the account sent.
async fn file(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let mut world = shared.world();
    if !world.network_up || !world.file_server_up {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let Some(file) = world.files.get(&format!("/v/{id}")).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    world.downloads += 1;
    file.into_response()
}

/// Answers whether the phone has uploaded a file again: not yet (202), or never (404).
async fn reupload(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> StatusCode {
    let world = shared.world();
    let path = format!("/v/{id}");
    match (
        world.files.contains_key(&path),
        world.phone_files.contains_key(&path),
    ) {
        (true, _) => StatusCode::OK,
        (false, true) => StatusCode::ACCEPTED,
        (false, false) => StatusCode::NOT_FOUND,
    }
}

async fn chat(State(shared): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    if !shared.world().network_up {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let tasks = shared.tasks.clone();
    upgrade.on_upgrade(move |ws| tasks.track_future(socket::serve(ws, shared)))
}
