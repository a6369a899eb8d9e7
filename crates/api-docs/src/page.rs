//! Serves the routes `GET /openapi.json` and `GET /docs` (Swagger UI).

use axum::Router;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_FRAME_OPTIONS,
};
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa::openapi::OpenApi;

/// The Content Security Policy. Scripts are allowed only from this origin, and none inline. Inline
/// styles are allowed, since Swagger UI sets some and a style cannot send data elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The files that `build.mjs` built: path, MIME type and gzipped content.
const FILES: [(&str, &str, &[u8]); 4] = [
    (
        "/docs",
        "text/html; charset=utf-8",
        include_bytes!("../page/dist/index.html.gz"),
    ),
    (
        "/docs/start.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../page/dist/start.js.gz"),
    ),
    (
        "/docs/swagger-ui-bundle.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../page/dist/swagger-ui-bundle.js.gz"),
    ),
    (
        "/docs/swagger-ui.css",
        "text/css; charset=utf-8",
        include_bytes!("../page/dist/swagger-ui.css.gz"),
    ),
];

/// Returns the routes of `/openapi.json`, and of `/docs` with its assets. They need no token, since
/// the content is the same for every installation and client.
pub fn routes<S: Clone + Send + Sync + 'static>(document: fn() -> OpenApi) -> Router<S> {
    let json = move || async move {
        // Plain strings and maps always serialize.
        let json = document().to_json().unwrap_or_default();
        (
            [
                (CONTENT_TYPE, "application/json"),
                (CACHE_CONTROL, "no-cache"),
            ],
            json,
        )
    };
    FILES
        .into_iter()
        .fold(Router::new(), |router, (path, kind, packed)| {
            router.route(path, get(move || async move { file(kind, packed) }))
        })
        .route("/openapi.json", get(json))
}

/// Returns a response with a gzipped file. There is no negotiation: every browser accepts gzip, and
/// so does `curl --compressed`.
fn file(kind: &'static str, packed: &'static [u8]) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, kind),
        (CONTENT_ENCODING, "gzip"),
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    (headers, packed)
}
