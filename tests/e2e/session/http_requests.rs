//! Sends requests to a session-manager whose browser cannot start, so that only HTTP is tested.

use harness::{Manager, ManagerOptions};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use session_api::ErrorBody;

pub const READS: [&str; 12] = [
    "/health",
    "/status",
    "/qr",
    "/qr.png",
    "/qr.svg",
    "/qr.txt",
    "/session",
    "/events",
    "/screenshot.png",
    MESSAGE,
    "/passkey",
    CONTACT,
];
pub const MESSAGE: &str = "/messages/3EB000";
pub const CONTACT: &str = "/contacts/5491158254201";
pub const READ: &str = "/chats/5491158254201/read";
pub const TYPING: &str = "/chats/5491158254201/typing";
pub const RECORDS: &str = "/chats/5491158254201/messages";
pub const FILE: &str = "/files/0123456789abcdef0123456789abcdef";
const WRITES: [&str; 14] = [
    "/backup",
    "/connect",
    "/disconnect",
    "/logout",
    "/pairing-code",
    "/passkey",
    "/passkey/confirm",
    "/passkey/cancel",
    "/send",
    "/send/check",
    "/lookup",
    READ,
    TYPING,
    "/files",
];

pub fn routes() -> impl Iterator<Item = (Method, &'static str)> {
    let get_routes = READS.into_iter().map(|path| (Method::GET, path));
    let post_routes = WRITES.into_iter().map(|path| (Method::POST, path));
    let other_routes = [
        (Method::GET, FILE),
        (Method::DELETE, FILE),
        (Method::PUT, MESSAGE),
        (Method::DELETE, MESSAGE),
        (Method::DELETE, RECORDS),
    ];
    get_routes.chain(post_routes).chain(other_routes)
}

/// Starts a session-manager whose browser cannot start.
pub async fn without_browser(options: ManagerOptions) -> Manager {
    Manager::without_browser(options.with("RETRY_SECONDS", 3_600)).await
}

pub async fn start_plain() -> Manager {
    without_browser(ManagerOptions::default()).await
}

pub struct HttpResponse {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

pub async fn send(request: RequestBuilder) -> HttpResponse {
    let response = request.send().await.expect("an answer");
    HttpResponse {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.text().await.expect("a body in UTF-8"),
    }
}

impl HttpResponse {
    pub fn kind(&self) -> &str {
        self.headers["content-type"].to_str().expect("ASCII")
    }

    /// Returns the status and code of a rejection, whose body must have the standard format.
    pub fn refusal(&self) -> (u16, String) {
        assert!(
            (400..600).contains(&self.status),
            "{} {}",
            self.status,
            self.body
        );
        assert_eq!(self.kind(), "application/json", "{}", self.body);
        let body: ErrorBody = serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", self.body));
        // Compare byte for byte: the body has these keys, in this order. For a send, the keys that
        // the Node pair's clients read follow.
        let json = serde_json::to_string(&body).expect("JSON");
        let (expected_part, remaining) = self.body.split_at(json.len().min(self.body.len()) - 1);
        assert_eq!(expected_part, json.trim_end_matches('}'));
        assert!(
            remaining == "}" || remaining.starts_with(r#","success":false"#),
            "{}",
            self.body
        );
        assert!(body.error && !body.message.is_empty(), "{}", self.body);
        assert!(
            body.code
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_'),
            "{}",
            self.body
        );
        (self.status, body.code)
    }
}

pub fn request_to(manager: &Manager, method: Method, path: &str) -> RequestBuilder {
    manager.client().request(method, manager.url(path))
}

pub async fn get(manager: &Manager, path: &str) -> HttpResponse {
    send(request_to(manager, Method::GET, path)).await
}

pub async fn post(manager: &Manager, path: &str, body: impl Into<reqwest::Body>) -> HttpResponse {
    send(request_to(manager, Method::POST, path).body(body)).await
}
