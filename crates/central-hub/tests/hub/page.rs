//! Tests of the page as it is served to a browser.

use crate::fake_session_manager::FakeSessionManager;
use crate::support::Hub;

/// Requests a path with this `Accept-Encoding`.
async fn get_encoded(hub: &Hub, path: &str, accepted: &str) -> reqwest::Response {
    hub.http
        .get(hub.url(path))
        .header("accept-encoding", accepted)
        .send()
        .await
        .unwrap()
}

const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

#[tokio::test]
async fn every_page_path_serves_the_index() {
    let hub = Hub::start(&FakeSessionManager::unused_url().await).await;
    for path in [
        "/",
        "/whatsapp",
        "/whatsapp/",
        "/whatsapp/51",
        "/campaigns?a=b",
        "/x/y/z",
    ] {
        let response = hub
            .http
            .get(hub.url(path))
            .header("accept", HTML)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let headers = response.headers().clone();
        assert!(
            headers["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/html")
        );
        assert_eq!(headers["cache-control"], "no-cache");
        assert_eq!(headers["x-frame-options"], "DENY");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("script-src 'self';"), "{policy}");
        assert!(policy.contains("media-src 'self' blob:;"), "{policy}");
        assert_eq!(
            headers["permissions-policy"],
            "camera=(), microphone=(self), geolocation=()"
        );
        assert!(response.text().await.unwrap().contains("<div id=\"root\">"));

        let repeated = hub
            .http
            .get(hub.url(path))
            .header("accept", HTML)
            .header("if-none-match", &headers["etag"])
            .send()
            .await
            .unwrap();
        assert_eq!(repeated.status(), 304, "{path}");
        assert!(repeated.bytes().await.unwrap().is_empty());
    }
    hub.stop().await;
}

#[tokio::test]
async fn page_paths_need_no_sign_in() {
    let hub = Hub::start(&FakeSessionManager::unused_url().await).await;
    for path in ["/", "/inicio", "/whatsapp", "/whatsapp/"] {
        let (status, body) = hub.get(path).await;
        assert_eq!(status, 200, "{path}");
        assert!(body.contains("<div id=\"root\">"), "{path}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn assets_of_the_index_exist_and_are_cached_as_immutable() {
    let hub = Hub::start(&FakeSessionManager::unused_url().await).await;
    let index = hub
        .http
        .get(hub.url("/whatsapp"))
        .header("accept", HTML)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let mut hashed = 0;
    for part in index
        .split(['"', '\''])
        .filter(|part| part.starts_with('/') && !part.contains('%') && !part.starts_with("/api/"))
    {
        let response = get_encoded(&hub, part, "gzip").await;
        assert_eq!(response.status(), 200, "{part}");
        let headers = response.headers();
        let kind = headers["content-type"].to_str().unwrap();
        assert!(!kind.starts_with("text/html"), "{part} is {kind}");
        if part.starts_with("/assets/") {
            hashed += 1;
            assert_eq!(
                headers["cache-control"],
                "public, max-age=31536000, immutable"
            );
            assert_eq!(headers["content-encoding"], "gzip");
        } else {
            assert_eq!(headers["cache-control"], "no-cache");
        }
    }
    assert!(hashed > 0, "{index}");
    // A missing file of an older build is not answered with the page.
    let missing_asset = hub
        .http
        .get(hub.url("/assets/index-OLD.js"))
        .header("accept", HTML)
        .send()
        .await
        .unwrap();
    assert_eq!(missing_asset.status(), 404);
    hub.stop().await;
}

/// What a first visit transfers before it can show anything, in bytes.
const FIRST_VISIT_BUDGET: usize = 140_000;

#[tokio::test]
async fn first_visit_stays_within_its_byte_budget() {
    let hub = Hub::start(&FakeSessionManager::unused_url().await).await;
    let get = async |path: &str| {
        let response = get_encoded(&hub, path, "gzip, br").await;
        assert_eq!(response.status(), 200, "{path}");
        if path != "/early.js" {
            assert_eq!(response.headers()["content-encoding"], "br", "{path}");
            assert_eq!(response.headers()["vary"], "accept-encoding", "{path}");
        }
        response.bytes().await.unwrap().len()
    };
    let (_, index) = hub.get("/inicio").await;
    let mut sizes = vec![("/inicio", get("/inicio").await)];
    for path in index
        .split('"')
        .filter(|part| part.ends_with(".js") || part.ends_with(".css"))
    {
        sizes.push((path, get(path).await));
    }
    // The page, what runs early, the styles and the code.
    assert!(sizes.len() >= 4, "{sizes:?}");
    let total: usize = sizes.iter().map(|(_, size)| size).sum();
    assert!(total <= FIRST_VISIT_BUDGET, "{total}: {sizes:?}");
    hub.stop().await;
}

#[tokio::test]
async fn refused_brotli_is_not_sent() {
    let hub = Hub::start(&FakeSessionManager::unused_url().await).await;
    for (accepted, sent) in [
        ("br", Some("br")),
        ("gzip, deflate, br;q=0.5", Some("br")),
        ("BR", Some("br")),
        ("gzip, br;q=0", Some("gzip")),
        ("br;q=0.0", None),
        ("br;q=x", None),
        ("brotli", None),
        ("identity", None),
    ] {
        let response = get_encoded(&hub, "/inicio", accepted).await;
        let coding = response
            .headers()
            .get("content-encoding")
            .map(|coding| coding.to_str().unwrap());
        assert_eq!(coding, sent, "{accepted}");
        assert_eq!(response.headers()["vary"], "accept-encoding", "{accepted}");
    }
    hub.stop().await;
}
