//! Serves the embedded React page, and the 404 of all other paths.
//!
//! ```text
//!  not GET or HEAD, or /api/… ───────────────> 404, JSON
//!  a file of the page ───────────────────────> the file
//!  /, /inicio, /whatsapp, or Accept: HTML ───> index.html: the page routes
//!  anything else ────────────────────────────> 404, JSON
//! ```

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};
use service_runtime::http::ErrorReply;

#[derive(RustEmbed)]
#[folder = "web/dist"]
struct WebAssets;

const INDEX: &str = "index.html";

/// Paths that return the page whatever the client accepts, because people check them with curl.
const PAGE_PATHS: [&str; 3] = ["", "inicio", "whatsapp"];

/// Folder of files named by a hash of their content, which never change.
const HASHED_FOLDER: &str = "assets/";

/// Ending of the Brotli copy of a file, which the page's build makes.
const BROTLI_ENDING: &str = ".br";

/// Content security policy. Scripts are allowed only from this origin, and
/// never inline. Inline styles are allowed, because the component library sets
/// its variables with them; a style cannot send data elsewhere, since nothing
/// is loaded from other origins. Audio may come from the page itself, so that a
/// recording can be listened to before it is sent.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'";

/// Returns whether a person opened this address, rather than a program or a
/// request of the page itself.
fn is_navigation(method: &Method, headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok();
    let reads = matches!(*method, Method::GET | Method::HEAD);
    match text(HeaderName::from_static("sec-fetch-mode")) {
        Some(mode) => reads && mode == "navigate",
        None => reads && text(header::ACCEPT).is_some_and(|kinds| kinds.contains("text/html")),
    }
}

/// Serves every path that is not an API route.
pub(crate) async fn page(request: Request) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let path = request.uri().path();
    if !reads || path == "/api" || path.starts_with("/api/") {
        return ErrorReply::not_found().into_response();
    }
    let name = path.trim_start_matches('/');
    if let Some(file) = WebAssets::get(name) {
        return serve(name, file, request.headers());
    }
    let wants_page = is_navigation(request.method(), request.headers())
        || PAGE_PATHS.contains(&name.trim_end_matches('/'));
    if wants_page
        && !name.starts_with(HASHED_FOLDER)
        && let Some(file) = WebAssets::get(INDEX)
    {
        return serve(INDEX, file, request.headers());
    }
    ErrorReply::not_found().into_response()
}

/// Returns whether a client accepts Brotli. A weight of zero is a refusal.
fn accepts_brotli(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
            Some((
                name.trim(),
                weight.trim().strip_prefix("q=")?.parse::<f32>().ok()?,
            ))
        })
        .any(|(name, weight)| name.eq_ignore_ascii_case("br") && weight > 0.0)
}

fn serve(name: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let brotli = WebAssets::get(&format!("{name}{BROTLI_ENDING}"));
    let varies = brotli.is_some();
    let brotli = brotli.filter(|_| accepts_brotli(headers));
    let hash = file.metadata.sha256_hash();
    let hex: String = hash
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    // The tag is weak because the same file may be sent compressed.
    let tag = format!("W/\"{hex}\"");
    let is_known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|known| known.to_str().ok())
        .is_some_and(|known| known.split(',').any(|one| one.trim() == tag));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let is_brotli = brotli.is_some();
        let data = brotli.map_or(file.data, |brotli| brotli.data);
        let mut response = Body::from(data).into_response();
        if is_brotli {
            response
                .headers_mut()
                .insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
        }
        let kind = HeaderValue::from_str(file.metadata.mimetype())
            .unwrap_or(HeaderValue::from_static("application/octet-stream"));
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    };
    let cache = if name.starts_with(HASHED_FOLDER) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let fixed = [
        (header::CACHE_CONTROL, cache),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            // The page records voice messages, and embeds no other site that
            // could use the microphone.
            "camera=(), microphone=(self), geolocation=()",
        ),
    ];
    let headers = response.headers_mut();
    if varies {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}
