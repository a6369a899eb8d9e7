//! Tests of access control: sign-in, users, tokens, and every route for every kind of caller.

mod accounts;
mod matrix;
mod ownership;
mod sign_in;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::fake_session_manager::FakeSessionManager;
use crate::support::Hub;

pub const PASSWORD: &str = "correct horse";

/// Starts a hub with a password and a separate database.
pub async fn start_with_password() -> (FakeSessionManager, Hub) {
    let peer = FakeSessionManager::start().await;
    peer.set_response("/status", 200, r#"{"status":"READY"}"#);
    let hub = Hub::start_with(&peer.url, &[("HUB_ADMIN_PASSWORD", PASSWORD)]).await;
    (peer, hub)
}

pub fn basic_auth(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

pub fn admin_auth() -> String {
    basic_auth("admin", PASSWORD)
}

/// Returns the status and JSON body of a response.
pub async fn send_request(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

impl Hub {
    /// Sends a request with this `Authorization` header.
    pub async fn call_as(
        &self,
        authorization: &str,
        method: &str,
        path: &str,
        body: Value,
    ) -> (u16, Value) {
        let method: Method = method.parse().unwrap();
        let mut request = self
            .http
            .request(method.clone(), self.url(path))
            .header("authorization", authorization);
        if method != Method::GET {
            request = request.json(&body);
        }
        send_request(request).await
    }

    /// Creates a cliente, whose password repeats its name three times.
    pub async fn add_cliente(&self, name: &str, cliente_id: u64) -> String {
        let password = format!("{name}-{name}-{name}");
        let user = json!({
            "username": name, "password": password, "role": "cliente", "cliente_id": cliente_id,
        });
        let (status, body) = self
            .call_as(&admin_auth(), "POST", "/api/users", user)
            .await;
        assert_eq!(status, 201, "{body}");
        basic_auth(name, &password)
    }

    /// Creates an agente, whose password repeats its name three times.
    pub async fn add_agente(&self, name: &str) -> String {
        let password = format!("{name}-{name}-{name}");
        let user = json!({"username": name, "password": password, "role": "agente"});
        let (status, body) = self
            .call_as(&admin_auth(), "POST", "/api/users", user)
            .await;
        assert_eq!(status, 201, "{body}");
        basic_auth(name, &password)
    }

    /// Creates a token on behalf of `caller`.
    pub async fn add_token(
        &self,
        caller: &str,
        scopes: &[&str],
        cliente_id: Option<u64>,
    ) -> String {
        let token = json!({"name": "prueba", "scopes": scopes, "cliente_id": cliente_id});
        let (status, body) = self.call_as(caller, "POST", "/api/tokens", token).await;
        assert_eq!(status, 201, "{body}");
        body["token"].as_str().unwrap().to_owned()
    }

    pub async fn sign_in(&self, user: &str, password: &str) -> Session {
        let request = self.http.post(self.url("/api/auth/login"));
        let request = request.json(&json!({"username": user, "password": password}));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let set_cookie = response.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .to_owned();
        let cookie = set_cookie.split(';').next().unwrap().to_owned();
        let body: Value = response.json().await.unwrap();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Session {
            csrf: text("csrf"),
            jwt: text("token"),
            cookie,
            set_cookie,
            body,
        }
    }
}

/// A browser's state after signing in.
pub struct Session {
    pub cookie: String,
    pub csrf: String,
    pub jwt: String,
    pub set_cookie: String,
    pub body: Value,
}

impl Session {
    pub fn get(&self, hub: &Hub, path: &str) -> RequestBuilder {
        hub.http.get(hub.url(path)).header("cookie", &self.cookie)
    }

    pub fn post(&self, hub: &Hub, path: &str) -> RequestBuilder {
        let request = hub.http.post(hub.url(path)).header("cookie", &self.cookie);
        request.header("x-csrf-token", &self.csrf)
    }

    /// Returns whether the cookie and the JWT are accepted. Asserts that both agree.
    pub async fn is_valid(&self, hub: &Hub) -> bool {
        let cookie = send_request(self.get(hub, "/api/auth/me")).await.0;
        let jwt = hub
            .call_as(&bearer(&self.jwt), "GET", "/api/auth/me", json!(null))
            .await
            .0;
        assert_eq!(cookie, jwt);
        cookie == 200
    }
}
