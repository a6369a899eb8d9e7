//! Tests of the Node services' own clients: one test per call, with the body
//! that they send and the fields that they read.
//!
//! J and H are two versions of their page: that of January 2026, and the
//! newest.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::access::{PASSWORD, admin_auth, bearer, send_request, start_with_password};
use crate::fake_session_manager::FakeSessionManager;
use crate::support::{Hub, wait_until};

const PICTURE: &str = "data:image/png;base64,AAAA";

/// Sets the session state, with or without a browser.
fn set_session(peer: &FakeSessionManager, state: &str, has_browser: bool) {
    let linked = matches!(state, "AUTHENTICATED" | "READY");
    let account = json!({"id": "5491158254201@c.us", "phone": "5491158254201"});
    let at = "2026-01-14T13:02:09.336Z";
    // After a start, `INIT` has no browser.
    let cause = if state == "INIT" && !has_browser {
        "STARTED"
    } else {
        "TEST"
    };
    let session = json!({
        "session": "admin", "state": state, "since": at, "generation": 3, "cause": cause,
        "cause_message": "because", "linked": linked,
        "account": if linked { account } else { Value::Null }, "qr": null,
        "browser": {"running": has_browser}, "page": {"url": ""},
        "restarts": {"total": 0, "recent": 0, "budget": 5, "window_seconds": 600},
        "last_error": null, "history": [], "service": {"version": "0.1.0", "started_at": at},
    });
    peer.set_response("/session", 200, &session.to_string());
    peer.set_response("/status", 200, &json!({"status": state}).to_string());
    let code = match state {
        "QR_REQUIRED" => json!({"status": "QR_AVAILABLE", "qr": PICTURE}),
        _ => json!({"status": "NO_QR"}),
    };
    peer.set_response("/qr", 200, &code.to_string());
    peer.set_state(state);
}

async fn open() -> (FakeSessionManager, Hub) {
    let peer = FakeSessionManager::start().await;
    set_session(&peer, "READY", true);
    let hub = Hub::start(&peer.url).await;
    (peer, hub)
}

async fn call(hub: &Hub, method: &str, path: &str, body: Value) -> (u16, Value) {
    let method: Method = method.parse().unwrap();
    let mut request = hub.http.request(method, hub.url(path));
    if !body.is_null() {
        request = request.json(&body);
    }
    send_request(request).await
}

async fn get(hub: &Hub, path: &str) -> (u16, Value) {
    call(hub, "GET", path, Value::Null).await
}

/// Asserts the error format of the Node hub's routes.
fn assert_refused(response: &(u16, Value), status: u16, code: &str) {
    let (found, body) = response;
    assert_eq!(*found, status, "{body}");
    assert_eq!(
        (&body["ok"], &body["success"]),
        (&json!(false), &json!(false)),
        "{body}"
    );
    assert_eq!(
        (&body["error"], &body["code"]),
        (&json!(code), &json!(code)),
        "{body}"
    );
    assert!(
        body["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{body}"
    );
}

/// Returns what J's `/whatsapp` screen shows, which reads `state` in lower case.
fn january_shows(body: &Value) -> &'static str {
    let state = body["state"].as_str().map(str::to_lowercase);
    match state.as_deref() {
        Some("connected") => "connected",
        Some("qr_required") => "scan",
        Some("connecting" | "init" | "initializing" | "reconnecting") => "wait",
        Some("disconnected") => "connect",
        _ => "error",
    }
}

/// Returns what H's `/whatsapp` screen shows, which reads `status`.
fn march_shows(body: &Value) -> &'static str {
    match body["status"].as_str() {
        Some("READY") => "connected",
        Some("QR_REQUIRED") => "scan",
        Some("CONNECTING" | "INIT" | "INITIALIZING" | "RECONNECTING") => "wait",
        Some("DISCONNECTED") => "connect",
        _ => "error",
    }
}

#[tokio::test]
async fn both_whatsapp_screens_show_every_state() {
    let (peer, hub) = open().await;
    for (state, has_browser, january, march) in [
        // Before any connect request, J offers to connect and H waits.
        ("INIT", false, "connect", "wait"),
        ("INIT", true, "wait", "wait"),
        ("QR_REQUIRED", true, "scan", "scan"),
        // H did not know this state with the Node services either.
        ("AUTHENTICATED", true, "wait", "error"),
        ("READY", true, "connected", "connected"),
        ("DISCONNECTED", false, "connect", "connect"),
        ("ERROR", false, "error", "error"),
    ] {
        set_session(&peer, state, has_browser);
        for prefix in ["", "/api"] {
            let (status, body) = get(&hub, &format!("{prefix}/whatsapp/51/status")).await;
            assert_eq!(status, 200, "{body}");
            assert_eq!(january_shows(&body), january, "{state}: {body}");
            assert_eq!(march_shows(&body), march, "{state}: {body}");
            // Fields that both pages read.
            assert_eq!(body["connected"], state == "READY");
            assert_eq!(body["needs_qr"], state == "QR_REQUIRED");
            let linked = matches!(state, "AUTHENTICATED" | "READY");
            assert_eq!(body["phone_number"].is_string(), linked, "{body}");
            assert_eq!(body["connecting"], january == "wait");
            assert!(body["recommended_action"].is_string());
            let code = (state == "QR_REQUIRED").then_some(PICTURE);
            assert_eq!(body["qr_code_base64"].as_str(), code);
            // The hub's own fields are kept.
            assert_eq!(
                (&body["ok"], &body["cliente_id"]),
                (&json!(true), &json!(51))
            );
        }
    }
    hub.stop().await;
}

#[tokio::test]
async fn code_has_both_names_and_a_reason_if_absent() {
    let (peer, hub) = open().await;
    let paths = [
        "/whatsapp/51/qr",
        "/api/whatsapp/51/qr",
        "/qr-code",
        "/api/qr-code",
    ];
    set_session(&peer, "QR_REQUIRED", true);
    for path in paths {
        let request = hub.http.get(hub.url(path)).header("x-cliente-id", "51");
        let (status, body) = send_request(request).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(
            (&body["qr"], &body["qr_code_base64"]),
            (&json!(PICTURE), &json!(PICTURE))
        );
    }
    set_session(&peer, "INIT", true);
    for path in paths {
        assert_refused(&get(&hub, path).await, 404, "QR_NOT_AVAILABLE");
    }
    for (state, word, can_send) in [
        ("READY", "CONNECTED", true),
        ("AUTHENTICATED", "CONNECTING", false),
    ] {
        set_session(&peer, state, true);
        for path in paths {
            let response = get(&hub, path).await;
            assert_refused(&response, 409, "QR_NOT_REQUIRED");
            assert_eq!(response.1["state"], word);
            assert_eq!(response.1["can_send_messages"], can_send);
        }
    }
    hub.stop().await;
}

/// Requests the code like J's buttons "Conectar WhatsApp" and "Mostrar QR".
fn request_code(hub: &Hub) -> RequestBuilder {
    let request = hub.http.get(hub.url("/qr-code"));
    request
        .header("x-cliente-id", "51")
        .header("sec-fetch-site", "same-origin")
}

/// Returns the number of connect requests so far.
fn connect_count(peer: &FakeSessionManager) -> usize {
    let requests = peer.requests();
    requests
        .iter()
        .filter(|request| request.path == "/connect")
        .count()
}

const CONNECTING: &str =
    r#"{"success":true,"message":"x","session":"admin","state":"INIT","alreadyConnected":false}"#;

/// Checks that the button starts a session: the Node session started when the
/// screen was first opened, so the screen has no other way.
#[tokio::test]
async fn january_button_connects_and_shows_the_code() {
    let (peer, hub) = open().await;
    peer.set_response("/connect", 200, CONNECTING);
    for state in ["INIT", "DISCONNECTED"] {
        set_session(&peer, state, false);
        let connects_before = connect_count(&peer);
        let pending = tokio::spawn(send_request(request_code(&hub)));
        wait_until("a connect request", async || {
            connect_count(&peer) > connects_before
        })
        .await;
        // First the browser starts, then its page.
        set_session(&peer, "INIT", true);
        set_session(&peer, "QR_REQUIRED", true);
        let (status, body) = pending.await.unwrap();
        assert_eq!((status, &body["qr"]), (200, &json!(PICTURE)), "{body}");
        assert_eq!(connect_count(&peer), connects_before + 1);
    }
    // The hub waits for a session that is starting, and reads a code that is already displayed.
    let connects_before = connect_count(&peer);
    set_session(&peer, "INIT", true);
    let pending = tokio::spawn(send_request(request_code(&hub)));
    let session_reads = async || {
        peer.requests()
            .iter()
            .filter(|request| request.path == "/session")
            .count()
            > 2
    };
    wait_until("the hub to wait for the session", session_reads).await;
    set_session(&peer, "QR_REQUIRED", true);
    assert_eq!(pending.await.unwrap().0, 200);
    assert_eq!(send_request(request_code(&hub)).await.0, 200);
    // A phone that is still linked needs no code.
    set_session(&peer, "INIT", true);
    let pending = tokio::spawn(send_request(request_code(&hub)));
    set_session(&peer, "READY", true);
    assert_refused(&pending.await.unwrap(), 409, "QR_NOT_REQUIRED");
    // A failed session is neither waited for nor started again.
    set_session(&peer, "ERROR", false);
    assert_refused(
        &send_request(request_code(&hub)).await,
        404,
        "QR_NOT_AVAILABLE",
    );
    assert_eq!(connect_count(&peer), connects_before);
    // The response has the reason why a start failed.
    set_session(&peer, "INIT", false);
    let why = r#"{"error":true,"code":"BROWSER_UNAVAILABLE","message":"no Chrome"}"#;
    peer.set_response("/connect", 503, why);
    let (status, body) = send_request(request_code(&hub)).await;
    assert_eq!((status, &body["success"]), (503, &json!(false)), "{body}");
    hub.stop().await;
}

/// Checks that a `GET` that starts a session works only for the page's own browser.
#[tokio::test]
async fn requesting_the_code_does_not_connect_from_other_clients() {
    let (peer, hub) = start_with_password().await;
    set_session(&peer, "INIT", false);
    hub.add_cliente("ana", 51).await;
    let ana = hub.sign_in("ana", "ana-ana-ana").await;
    let (cliente, site, origin) = ("x-cliente-id", "sec-fetch-site", "origin");
    for headers in [
        // A program.
        &[(cliente, "51")][..],
        // The address bar, and pages of other origins.
        &[(cliente, "51"), (site, "none")],
        &[(cliente, "51"), (site, "same-site")],
        &[
            (cliente, "51"),
            (site, "cross-site"),
            (origin, "https://evil.example"),
        ],
        &[(cliente, "51"), (origin, "https://evil.example")],
        &[(cliente, "51"), (origin, "null")],
    ] {
        let mut request = ana.get(&hub, "/qr-code");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        assert_refused(&send_request(request).await, 404, "QR_NOT_AVAILABLE");
    }
    // The other routes of the code never start a session.
    for path in ["/whatsapp/51/qr", "/whatsapp-v2/qr"] {
        let request = ana.get(&hub, path).header(site, "same-origin");
        assert!(matches!(send_request(request).await.0, 200 | 404), "{path}");
    }
    // The request fails without sign-in, and for another business.
    assert_refused(&send_request(request_code(&hub)).await, 401, "UNAUTHORIZED");
    let other_request = ana.get(&hub, "/qr-code").header(site, "same-origin");
    assert_refused(
        &send_request(other_request.header(cliente, "52")).await,
        403,
        "FORBIDDEN",
    );
    // It also fails with a token that can only read.
    let token = bearer(&hub.add_token(&admin_auth(), &["read"], None).await);
    let reader = request_code(&hub).header("authorization", token);
    assert_refused(&send_request(reader).await, 403, "FORBIDDEN");
    assert!(
        peer.requests()
            .iter()
            .all(|recorded| recorded.method == "GET")
    );
    hub.stop().await;
}

/// Checks that H's screen has its button, which connects, only at `qr_required`.
#[tokio::test]
async fn newest_screen_has_a_button_before_the_first_connection() {
    let (peer, hub) = open().await;
    let response = async || {
        let request = hub.http.get(hub.url("/api/whatsapp-v2/status"));
        let (status, body) = send_request(request.header("sec-fetch-site", "same-origin")).await;
        assert_eq!(status, 200, "{body}");
        body["status"].as_str().unwrap().to_owned()
    };
    for (state, has_browser, word) in [
        ("INIT", false, "qr_required"),
        ("INIT", true, "init"),
        ("QR_REQUIRED", true, "qr_required"),
        ("AUTHENTICATED", true, "authenticated"),
        ("READY", true, "ready"),
        ("DISCONNECTED", false, "qr_required"),
        ("ERROR", false, "error"),
    ] {
        set_session(&peer, state, has_browser);
        assert_eq!(response().await, word, "{state}");
        // Programs get the actual state.
        let (_, body) = get(&hub, "/api/whatsapp-v2/status").await;
        assert_eq!(body["status"], state.to_lowercase());
    }
    // A linked phone needs no code: the session was closed.
    set_session(&peer, "DISCONNECTED", false);
    let (_, mut session) = get(&hub, "/api/admin/whatsapp/session").await;
    session["linked"] = json!(true);
    peer.set_response("/session", 200, &session.to_string());
    assert_eq!(response().await, "disconnected");
    hub.stop().await;
}

/// Checks that a requested browser counts as starting before it runs.
#[tokio::test]
async fn screens_wait_while_a_browser_starts() {
    let (peer, hub) = open().await;
    set_session(&peer, "INIT", false);
    let (_, idle) = get(&hub, "/api/admin/whatsapp/session").await;
    for (cause, recent) in [
        ("CONNECT_REQUESTED", 0),
        ("LINKED_PROFILE_FOUND", 0),
        ("BACKING_UP", 0),
        ("BROWSER_DIED", 1),
    ] {
        let mut session = idle.clone();
        session["cause"] = json!(cause);
        session["restarts"]["recent"] = json!(recent);
        peer.set_response("/session", 200, &session.to_string());
        let (_, body) = get(&hub, "/api/whatsapp/51/status").await;
        assert_eq!(january_shows(&body), "wait", "{cause}: {body}");
        assert_eq!(body["connecting"], true);
    }
    hub.stop().await;
}

#[tokio::test]
async fn whatsapp_v2_routes_answer_as_before() {
    let (peer, hub) = open().await;
    set_session(&peer, "QR_REQUIRED", true);
    let response = get(&hub, "/api/whatsapp-v2/status").await;
    assert_eq!(response, (200, json!({"status": "qr_required"})));
    let response = get(&hub, "/whatsapp-v2/qr").await;
    assert_eq!(
        response,
        (200, json!({"status": "qr_available", "qr": PICTURE}))
    );
    hub.stop().await;
}

/// Checks the page's way to sign in: it stores the token, and sends the cookie
/// with requests that have no token.
#[tokio::test]
async fn old_page_signs_in_and_continues() {
    let (peer, hub) = start_with_password().await;
    set_session(&peer, "READY", true);
    peer.set_response("/connect", 200, CONNECTING);
    let login = async |body: Value| {
        let request = hub.http.post(hub.url("/auth/login")).json(&body);
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let cookie = response.headers().get("set-cookie").cloned();
        let body: Value = response.json().await.unwrap();
        (status, body, cookie)
    };
    let (status, refusal, _) = login(json!({"usuario": "admin", "password": "wrong"})).await;
    // The page displays this text.
    assert!(
        refusal["message"].to_string().contains("contraseña"),
        "{refusal}"
    );
    assert_refused(&(status, refusal), 401, "WRONG_PASSWORD");
    let (status, missing, _) = login(json!({"password": PASSWORD})).await;
    assert_refused(&(status, missing), 400, "INVALID_REQUEST");
    let (status, body, cookie) = login(json!({"usuario": "admin", "password": PASSWORD})).await;
    assert_eq!((status, &body["success"]), (200, &json!(true)), "{body}");
    assert_eq!(body["user"]["usuario"], "admin");
    assert_eq!(body["user"]["tipo"], "admin");
    assert!(body["user"]["id"].is_i64());
    // Without a business, the page would not request the session's state.
    assert!(body["user"]["cliente_id"].as_u64().is_some_and(|id| id > 0));
    assert_eq!(body["expires_in"], 24 * 60 * 60);
    let token = bearer(body["token"].as_str().unwrap());

    let (status, verified) = hub.call_as(&token, "POST", "/auth/verify", json!({})).await;
    assert_eq!(
        (status, &verified["success"]),
        (200, &json!(true)),
        "{verified}"
    );
    for field in ["id", "cliente_id", "usuario", "tipo"] {
        assert_eq!(verified["user"][field], body["user"][field], "{field}");
    }
    let told = hub
        .call_as("Bearer eyJ.no.jwt", "POST", "/auth/verify", json!({}))
        .await;
    assert_refused(&told, 401, "UNAUTHORIZED");
    assert_eq!(
        hub.call_as(&token, "GET", "/whatsapp/1/status", json!(null))
            .await
            .0,
        200
    );

    // Only the cookie, as in requests of the hub's own page.
    let cookie = cookie
        .unwrap()
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let connect = async |path: &str, headers: &[(&str, &str)]| {
        let mut request = hub.http.post(hub.url(path)).header("cookie", &cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send_request(request).await
    };
    let same = [("sec-fetch-site", "same-origin")];
    let origin = [("origin", hub.url.as_str())];
    for page_headers in [&same[..], &origin[..]] {
        let told = connect("/api/whatsapp-v2/connect", page_headers).await;
        assert_eq!(told, (200, json!({"status": "init"})), "{page_headers:?}");
        assert_eq!(connect("/whatsapp-v2/connect", page_headers).await.0, 200);
        // Other routes require the token.
        let told = connect("/api/admin/whatsapp/connect", page_headers).await;
        assert_refused(&told, 403, "CSRF_TOKEN_INVALID");
    }
    let told = connect("/api/whatsapp-v2/connect", &[]).await;
    assert_refused(&told, 403, "CSRF_TOKEN_INVALID");
    let told = connect(
        "/api/whatsapp-v2/connect",
        &[("origin", "https://evil.example")],
    )
    .await;
    assert_refused(&told, 403, "CROSS_SITE_REQUEST");
    let message = told.1["message"].as_str().unwrap();
    assert!(
        message.contains("Origin is https://evil.example"),
        "{message}"
    );
    let host = hub.url.trim_start_matches("http://");
    assert!(message.contains(&format!("Host is {host}")), "{message}");
    // The request for the code has no `Authorization` header, as H sends it.
    let code = hub
        .http
        .get(hub.url("/whatsapp/1/qr"))
        .header("cookie", &cookie);
    assert_refused(&send_request(code).await, 409, "QR_NOT_REQUIRED");

    let change = json!({"oldPassword": "wrong", "newPassword": "otra clave larga"});
    let told = hub
        .call_as(&token, "POST", "/auth/change-password", change)
        .await;
    assert_refused(&told, 401, "WRONG_PASSWORD");
    let change = json!({"oldPassword": PASSWORD, "newPassword": "otra clave larga"});
    let (status, updated) = hub
        .call_as(&token, "POST", "/auth/change-password", change)
        .await;
    assert_eq!(
        (status, &updated["success"]),
        (200, &json!(true)),
        "{updated}"
    );
    assert!(updated["message"].is_string());
    // Programs sign in with the other field name.
    let (status, body, _) =
        login(json!({"username": "admin", "password": "otra clave larga"})).await;
    assert_eq!((status, &body["success"]), (200, &json!(true)), "{body}");

    let (status, out) = hub.call_as(&token, "POST", "/auth/logout", json!({})).await;
    assert_eq!((status, &out["success"]), (200, &json!(true)), "{out}");
    let told = hub.call_as(&token, "POST", "/auth/verify", json!({})).await;
    assert_refused(&told, 401, "UNAUTHORIZED");
    hub.stop().await;
}

#[tokio::test]
async fn business_signs_in_with_its_own_user() {
    let (_peer, hub) = start_with_password().await;
    hub.add_cliente("ana", 51).await;
    let login = json!({"usuario": "ana", "password": "ana-ana-ana"});
    let (status, body) = send_request(hub.http.post(hub.url("/auth/login")).json(&login)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["user"]["cliente_id"], 51);
    assert_eq!(body["user"]["tipo"], "cliente");
    hub.stop().await;
}

#[tokio::test]
async fn old_page_skips_sign_in_if_no_password_is_set() {
    let (_peer, hub) = open().await;
    let login = async |name: &str, user: &str, password: &str| {
        let body = json!({name: user, "password": password});
        call(&hub, "POST", "/auth/login", body).await
    };
    let (status, body) = login("usuario", "quien sea", "lo que sea").await;
    assert_eq!((status, &body["success"]), (200, &json!(true)), "{body}");
    for (field, value) in [("cliente_id", json!(1)), ("tipo", json!("admin"))] {
        assert_eq!(body["user"][field], value, "{body}");
    }
    let usuario = &body["user"]["usuario"];
    let token = bearer(body["token"].as_str().unwrap());
    let (status, verified) = hub.call_as(&token, "POST", "/auth/verify", json!({})).await;
    assert_eq!((status, &verified["user"]["usuario"]), (200, usuario));
    let response = hub.call_as(&token, "GET", "/whatsapp/1/status", Value::Null);
    assert_eq!(response.await.0, 200);
    let out = hub.call_as(&token, "POST", "/auth/logout", json!({})).await;
    assert_eq!(out.0, 200, "{}", out.1);
    // Programs have no sign-in form to get past.
    let response = login("username", "quien sea", "lo que sea").await;
    assert_refused(&response, 401, "WRONG_PASSWORD");
    // Once users exist, passwords are checked.
    hub.add_cliente("ana", 51).await;
    let response = login("usuario", "quien sea", "lo que sea").await;
    assert_refused(&response, 401, "WRONG_PASSWORD");
    let (status, body) = login("usuario", "ana", "ana-ana-ana").await;
    assert_eq!((status, &body["user"]["cliente_id"]), (200, &json!(51)));
    hub.stop().await;
}

#[tokio::test]
async fn business_sees_the_whatsapp_screens() {
    let (peer, hub) = start_with_password().await;
    peer.set_response("/connect", 200, CONNECTING);
    set_session(&peer, "QR_REQUIRED", true);
    hub.add_cliente("ana", 51).await;
    let ana = hub.sign_in("ana", "ana-ana-ana").await;
    // J requests the code with the cookie and the header, H with only the cookie.
    let request_for = |id: u64| ana.get(&hub, "/qr-code").header("x-cliente-id", id);
    let (status, body) = send_request(request_for(51)).await;
    assert_eq!((status, &body["qr"]), (200, &json!(PICTURE)), "{body}");
    let (status, body) = send_request(request_for(52)).await;
    assert_eq!(status, 403, "{body}");
    let (status, body) = send_request(ana.get(&hub, "/api/whatsapp-v2/status")).await;
    assert_eq!((status, body), (200, json!({"status": "qr_required"})));
    let (status, body) = send_request(ana.get(&hub, "/api/whatsapp-v2/qr")).await;
    let expected = json!({"status": "qr_available", "qr": PICTURE});
    assert_eq!((status, body), (200, expected));
    let (status, body) = send_request(ana.post(&hub, "/api/whatsapp-v2/connect")).await;
    assert_eq!((status, body), (200, json!({"status": "init"})));
    // A single business cannot take the session from the others.
    let logout = json!({"cliente_id": 51});
    let logout = ana
        .post(&hub, "/api/session-manager/admin/logout")
        .json(&logout);
    assert_refused(&send_request(logout).await, 403, "FORBIDDEN");
    hub.stop().await;
}

#[tokio::test]
async fn listener_can_be_switched_off_and_on() {
    let (_peer, hub) = open().await;
    for (mode, response, recording) in [
        ("off", "off", false),
        ("listen", "listen", true),
        ("off", "off", false),
        ("on", "listen", true),
    ] {
        let (status, body) = call(&hub, "POST", "/listener/mode", json!({"mode": mode})).await;
        assert_eq!((status, &body["mode"]), (200, &json!(response)), "{body}");
        let (status, body) = get(&hub, "/listener/status").await;
        assert_eq!((status, &body["mode"]), (200, &json!(response)), "{body}");
        assert_eq!(body["recording"], recording);
    }
    let response = call(&hub, "POST", "/listener/mode", json!({"mode": "respond"})).await;
    assert_refused(&response, 501, "NOT_SERVED_HERE");
    let response = call(&hub, "POST", "/listener/mode", json!({"mode": "loud"})).await;
    assert_refused(&response, 400, "INVALID_REQUEST");
    assert_eq!(get(&hub, "/listener/status").await.1["mode"], "listen");
    hub.stop().await;
}

/// Builds the body of the page's form.
fn form(name: &str) -> Value {
    json!({
        "nombre": name, "descripcion": "Promo de marzo", "mensaje": "Hola, ¿cómo va?",
        "programada": false, "fecha_envio": "",
    })
}

#[tokio::test]
async fn campaigns_are_an_array_unless_a_page_is_requested() {
    let (_peer, hub) = open().await;
    let (status, created) = call(&hub, "POST", "/sender/campaigns", form("Marzo")).await;
    assert_eq!(
        (status, &created["success"]),
        (201, &json!(true)),
        "{created}"
    );
    let id = created["id"].as_i64().unwrap();
    let planned = json!({
        "nombre": "Abril", "descripcion": "", "mensaje": "Hola", "cliente_id": "51",
        "programada": true, "fecha_envio": "2031-04-01T09:00",
    });
    let (status, planned) = call(&hub, "POST", "/sender/campaigns", planned).await;
    assert_eq!(
        (status, &planned["cliente_id"]),
        (201, &json!(51)),
        "{planned}"
    );

    let (status, rows) = get(&hub, "/sender/campaigns").await;
    assert_eq!(status, 200);
    let rows = rows.as_array().expect("an array");
    assert_eq!(rows.len(), 2);
    for row in rows {
        for field in [
            "id",
            "nombre",
            "descripcion",
            "mensaje",
            "estado",
            "fecha_creacion",
            "programada",
            "fecha_envio",
            "total_destinatarios",
            "enviados",
            "fallidos",
            "pendientes",
            "cliente_id",
            "cliente_nombre",
        ] {
            assert!(row.get(field).is_some(), "{field}: {row}");
        }
    }
    let (april, march) = (&rows[0], &rows[1]);
    assert_eq!(
        (&march["id"], &march["descripcion"]),
        (&json!(id), &json!("Promo de marzo"))
    );
    assert_eq!(
        (&march["programada"], &march["fecha_envio"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(march["estado"], "pendiente");
    assert_eq!(april["programada"], true);
    assert_eq!(april["fecha_envio"], "2031-04-01T12:00:00.000Z");
    assert_eq!(april["cliente_nombre"], "Cliente 51");
    let (_, single_page) = get(&hub, "/sender/campaigns?cliente_id=51").await;
    assert_eq!(single_page.as_array().map(Vec::len), Some(1));
    // A request that names a page gets the hub's own object.
    for page in ["limite=1", "antes=999"] {
        let (_, page) = get(&hub, &format!("/api/sender/campaigns?{page}")).await;
        assert!(page["campanias"].is_array(), "{page}");
    }
    let response = get(&hub, "/sender/campaigns/999").await;
    assert_refused(&response, 404, "NOT_FOUND");
    let mut invalid_form = form("Mayo");
    invalid_form["programada"] = json!(true);
    assert_refused(
        &call(&hub, "POST", "/sender/campaigns", invalid_form).await,
        400,
        "INVALID_REQUEST",
    );
    hub.stop().await;
}

#[tokio::test]
async fn arrays_are_bounded_and_link_to_the_rest() {
    let (_peer, hub) = open().await;
    let new = central_hub::store::campaigns::NewCampaign {
        cliente_id: None,
        name: "C".to_owned(),
        text: "Hola".to_owned(),
        columns: Vec::new(),
        pause: central_hub::sending_windows::Pause::default(),
    };
    for _ in 0..501 {
        hub.store.create_campaign(&new).await.unwrap();
    }
    let request = hub
        .http
        .get(hub.url("/api/sender/campaigns?estado=pendiente"));
    let response = request.send().await.unwrap();
    let link = response.headers()["link"].to_str().unwrap().to_owned();
    let rows: Value = response.json().await.unwrap();
    assert_eq!(rows.as_array().map(Vec::len), Some(500));
    let target = link
        .strip_prefix('<')
        .unwrap()
        .split_once(">; rel=\"next\"")
        .unwrap()
        .0;
    let (_, next_page) = get(&hub, target).await;
    assert_eq!(
        next_page["campanias"].as_array().map(Vec::len),
        Some(1),
        "{link}"
    );
    assert_eq!(next_page["siguiente"], Value::Null);
    hub.stop().await;
}

#[tokio::test]
async fn campaign_is_changed_and_approved() {
    let (_peer, hub) = open().await;
    let (_, created) = call(&hub, "POST", "/sender/campaigns", form("Marzo")).await;
    let path = format!("/sender/campaigns/{}", created["id"]);
    let mut edited = form("Marzo, otra vez");
    edited["descripcion"] = json!("Otra");
    let (status, body) = call(&hub, "PUT", &path, edited).await;
    assert_eq!((status, &body["success"]), (200, &json!(true)), "{body}");
    assert_eq!(body["data"]["estado"], "pendiente");
    assert!(body["message"].is_string());
    assert_eq!(
        (&body["nombre"], &body["descripcion"]),
        (&json!("Marzo, otra vez"), &json!("Otra"))
    );
    let approve = format!("{path}/approve");
    let response = call(&hub, "POST", &approve, json!({"comentario": "dale"})).await;
    assert_refused(&response, 409, "CAMPAIGN_STATE");
    let add = format!("/sender/destinatarios/campania/{}/agregar", created["id"]);
    let list = json!({"destinatarios": [{"telefono_wapp": "5491158254201"}]});
    assert_eq!(call(&hub, "POST", &add, list).await.0, 200);
    let (status, body) = call(&hub, "POST", &approve, json!({"comentario": "dale"})).await;
    assert_eq!((status, &body["success"]), (200, &json!(true)), "{body}");
    assert!(body["message"].is_string());
    assert_eq!(body["data"]["estado"], "en_progreso");
    hub.stop().await;
}

#[tokio::test]
async fn schedules_accept_the_old_forms_fields() {
    let (_peer, hub) = open().await;
    let (_, created) = call(&hub, "POST", "/sender/campaigns", form("Marzo")).await;
    let id = created["id"].as_i64().unwrap();
    let days = [
        json!(["lun", "mié", "Sábado"]),
        json!(["mon", "wed", "sat"]),
    ];
    for days in days {
        let body = json!({
            "campania_id": id.to_string(), "dias_semana": days, "hora_inicio": "09:00:00",
            "hora_fin": "13:30:00", "cupo_diario": "50", "fecha_inicio": "2026-03-02",
            "fecha_fin": null, "comentario": "de mañana",
        });
        let (status, body) = call(&hub, "POST", "/sender/programaciones", body).await;
        assert_eq!((status, &body["success"]), (201, &json!(true)), "{body}");
        assert!(body["id"].is_i64());
        assert_eq!(body["dias_semana"], json!(["mon", "wed", "sat"]));
    }
    let (status, rows) = get(&hub, "/sender/programaciones?estado=pendiente").await;
    assert_eq!(status, 200);
    let rows = rows.as_array().expect("an array");
    assert_eq!(rows.len(), 2);
    let row = &rows[0];
    for (field, value) in [
        ("campania_id", json!(id)),
        ("campania_nombre", json!("Marzo")),
        ("dias_semana", json!("mon,wed,sat")),
        ("hora_inicio", json!("09:00:00")),
        ("hora_fin", json!("13:30:00")),
        ("cupo_diario", json!(50)),
        ("fecha_inicio", json!("2026-03-02")),
        ("fecha_fin", Value::Null),
        ("estado", json!("pendiente")),
        ("comentario_cliente", json!("de mañana")),
        ("comentario_admin", Value::Null),
    ] {
        assert_eq!(row[field], value, "{field}: {row}");
    }
    assert!(row["id"].is_i64());
    let reject = format!("/sender/programaciones/{}/reject", row["id"]);
    assert_eq!(
        call(&hub, "POST", &reject, json!({"motivo": "feriado"}))
            .await
            .0,
        200
    );
    let (_, rows) = get(&hub, "/sender/programaciones?estado=rechazada").await;
    assert_eq!(rows[0]["comentario_admin"], "feriado");
    let (_, page) = get(&hub, "/sender/programaciones?limite=1").await;
    assert_eq!(
        page["programaciones"][0]["dias_semana"],
        json!(["mon", "wed", "sat"])
    );
    assert_eq!(page["programaciones"][0]["hora_inicio"], "09:00");
    let invalid_schedule = json!({"campania_id": "x", "dias_semana": ["lun"]});
    assert_refused(
        &call(&hub, "POST", "/sender/programaciones", invalid_schedule).await,
        400,
        "INVALID_REQUEST",
    );
    hub.stop().await;
}

#[tokio::test]
async fn recipients_are_listed_added_and_removed() {
    let (_peer, hub) = open().await;
    let (_, created) = call(&hub, "POST", "/sender/campaigns", form("Marzo")).await;
    let path = format!("/sender/destinatarios/campania/{}", created["id"]);
    let list = json!({"destinatarios": [
        {"telefono_wapp": "5491158254201", "nombre_destino": "Ana", "lugar_id": 7},
        {"telefono": "5491158254202", "nombre": "Luis"},
        {"phone": 5_491_158_254_203_u64},
        {"telefono": "5491158254201"},
        {"telefono": "no tengo"},
        {"nombre": "nadie"},
    ]});
    let (status, body) = call(&hub, "POST", &format!("{path}/agregar"), list).await;
    assert_eq!((status, &body["success"]), (200, &json!(true)), "{body}");
    let data = &body["data"];
    assert_eq!(data["agregados"], 3, "{body}");
    assert_eq!(
        (&data["duplicados"], &data["errores"]),
        (&json!(1), &json!(2))
    );

    let (status, body) = get(&hub, &path).await;
    assert_eq!((status, &body["success"]), (200, &json!(true)), "{body}");
    let rows = body["data"]["destinatarios"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    let ana = &rows[0];
    assert_eq!(
        (&ana["telefono_wapp"], &ana["nombre_destino"]),
        (&json!("5491158254201"), &json!("Ana"))
    );
    assert_eq!(ana["mensaje_final"], "Hola, ¿cómo va?");
    assert_eq!(
        (&ana["estado"], &ana["fecha_envio"]),
        (&json!("pendiente"), &Value::Null)
    );
    assert!(ana["id"].is_i64());
    let counts = json!({"total": 3, "pendientes": 3, "enviados": 0, "fallidos": 0});
    for (_, body) in [
        get(&hub, &path).await,
        get(&hub, &format!("{path}/resumen")).await,
    ] {
        for (name, count) in counts.as_object().unwrap() {
            assert_eq!(body["data"]["estadisticas"][name], *count, "{body}");
        }
    }
    let (_, body) = get(&hub, &format!("{path}/resumen")).await;
    assert_eq!(
        (&body["data"]["total"], &body["data"]["errores"]),
        (&json!(3), &json!(0))
    );
    // One page, with a link to the next one.
    let request = hub.http.get(hub.url(&format!("{path}?limite=2")));
    let response = request.send().await.unwrap();
    let link = response.headers()["link"].to_str().unwrap().to_owned();
    assert!(
        link.contains("despues=") && link.contains("rel=\"next\""),
        "{link}"
    );

    let quitar = json!({"telefonos": ["5491158254202", 5_491_158_254_203_u64, "5491100000000"]});
    let (status, body) = call(&hub, "DELETE", &format!("{path}/quitar"), quitar).await;
    assert_eq!((status, &body["success"]), (200, &json!(true)), "{body}");
    assert_eq!(
        (&body["data"]["eliminados"], &body["data"]["noEliminados"]),
        (&json!(2), &json!(1))
    );
    let (_, body) = get(&hub, &path).await;
    assert_eq!(body["data"]["estadisticas"]["total"], 1, "{body}");
    assert_refused(
        &get(&hub, "/sender/destinatarios/campania/999").await,
        404,
        "NOT_FOUND",
    );
    let empty_list = json!({"destinatarios": []});
    assert_refused(
        &call(&hub, "POST", &format!("{path}/agregar"), empty_list).await,
        400,
        "INVALID_REQUEST",
    );
    hub.stop().await;
}

#[tokio::test]
async fn messages_accept_every_field_name() {
    let (_peer, hub) = open().await;
    for body in [
        json!({"destinatario": "5491158254201", "mensaje": "Hola"}),
        json!({"to": "5491158254201", "message": "Hola", "cliente_id": "51"}),
        json!({"telefono": 5_491_158_254_201_u64, "texto": "Hola"}),
        json!({"phoneNumber": "5491158254201", "texto": "Hola"}),
    ] {
        let (status, sent) = call(&hub, "POST", "/sender/messages/send", body).await;
        assert_eq!((status, &sent["success"]), (201, &json!(true)), "{sent}");
        assert_eq!(
            (&sent["destinatario"], &sent["mensaje"]),
            (&json!("5491158254201"), &json!("Hola"))
        );
        let path = format!("/sender/messages/status/{}", sent["id"]);
        let (status, body) = get(&hub, &path).await;
        assert_eq!((status, &body["success"]), (200, &json!(true)), "{body}");
        assert_eq!(body["estado"], "simulado");
    }
    let (_, created) = call(&hub, "POST", "/sender/campaigns", form("Marzo")).await;
    let campaign = created["id"].to_string();
    for body in [
        json!({"mensajes": [{"destinatario": "5491158254201", "mensaje": "Hola"}]}),
        json!({"campañaId": campaign, "mensajes": [{"phoneNumber": "5491158254201", "texto": "Hola"}]}),
        json!({"destinatarios": [{"telefono": "5491158254201", "message": "Hola"}]}),
        json!({"destinatarios": ["5491158254201", 5_491_158_254_202_u64], "mensaje": "Hola"}),
    ] {
        let (status, queued) = call(&hub, "POST", "/sender/messages/bulk", body).await;
        assert_eq!(
            (status, &queued["success"]),
            (202, &json!(true)),
            "{queued}"
        );
        assert_eq!(queued["mensajes"][0]["mensaje"], "Hola");
    }
    let invalid_body = json!({"destinatarios": ["5491158254201"]});
    assert_refused(
        &call(&hub, "POST", "/sender/messages/bulk", invalid_body).await,
        400,
        "INVALID_REQUEST",
    );
    hub.stop().await;
}

/// Checks the fields of the `/send` response that programs of the Node session-manager read.
#[tokio::test]
async fn send_reports_success_and_the_invalid_field() {
    let (peer, hub) = open().await;
    let valid_body = json!({"cliente_id": 51, "to": "5491158254201", "message": "Hola"});
    let (status, sent) = call(&hub, "POST", "/send", valid_body.clone()).await;
    assert_eq!(
        (status, &sent["ok"], &sent["success"]),
        (200, &json!(true), &json!(true))
    );
    for (field, value, code) in [
        ("cliente_id", json!(0), "INVALID_CLIENTE_ID"),
        ("to", json!("nobody"), "INVALID_TO"),
        ("to", Value::Null, "INVALID_TO"),
        ("message", json!(""), "INVALID_MESSAGE"),
    ] {
        let mut body = valid_body.clone();
        body[field] = value;
        let (status, body) = call(&hub, "POST", "/send", body).await;
        assert_eq!(
            (status, &body["code"]),
            (400, &json!("INVALID_REQUEST")),
            "{body}"
        );
        assert_eq!(
            (&body["success"], &body["detail_code"]),
            (&json!(false), &json!(code))
        );
    }
    set_session(&peer, "QR_REQUIRED", true);
    wait_until("the hub to receive the state", async || {
        get(&hub, "/api/health").await.1["dependencies"]["session_manager"]["state"]
            == "QR_REQUIRED"
    })
    .await;
    let (status, body) = call(&hub, "POST", "/send", valid_body).await;
    assert_eq!(
        (status, &body["code"]),
        (503, &json!("SESSION_NOT_READY")),
        "{body}"
    );
    assert_eq!(body["success"], false);
    // A simulated send fails where a real one would, and stores nothing.
    let send = json!({"destinatario": "5491158254201", "mensaje": "Hola"});
    let response = call(&hub, "POST", "/sender/messages/send", send).await;
    assert_refused(&response, 503, "SESSION_NOT_READY");
    let (_, messages) = get(&hub, "/api/sender/messages").await;
    assert_eq!(
        messages["mensajes"].as_array().map(Vec::len),
        Some(1),
        "{messages}"
    );
    hub.stop().await;
}

/// Checks the Node hub's own route for sending one message.
#[tokio::test]
async fn sender_send_sends_one_message() {
    let (peer, hub) = open().await;
    let send = json!({"to": "5491158254201", "message": "Hola"});
    let (status, sent) = call(&hub, "POST", "/sender/send", send.clone()).await;
    assert_eq!((status, &sent["success"]), (200, &json!(true)), "{sent}");
    assert_eq!(sent["data"]["ok"], true);
    assert!(sent["data"]["message_id"].is_string(), "{sent}");
    for field in ["to", "message"] {
        let mut invalid_body = send.clone();
        invalid_body[field] = Value::Null;
        let response = call(&hub, "POST", "/api/sender/send", invalid_body).await;
        assert_refused(&response, 400, "INVALID_REQUEST");
    }
    set_session(&peer, "QR_REQUIRED", true);
    wait_until("the hub to receive the state", async || {
        get(&hub, "/api/health").await.1["dependencies"]["session_manager"]["state"]
            == "QR_REQUIRED"
    })
    .await;
    let response = call(&hub, "POST", "/sender/send", send).await;
    assert_refused(&response, 503, "SESSION_NOT_READY");
    hub.stop().await;
}

#[tokio::test]
async fn sessions_list_has_one_session() {
    let (peer, hub) = open().await;
    let transition = r#"{"success":true,"message":"x","session":"admin","state":"DISCONNECTED"}"#;
    peer.set_response("/connect", 200, CONNECTING);
    peer.set_response("/disconnect", 200, transition);
    // The screen reads `state.state`, `state.ready` and `state.connecting`.
    for (state, has_browser, word, has_qr, ready, connecting) in [
        ("INIT", false, "desconectado", false, false, false),
        ("INIT", true, "conectando", false, false, true),
        ("QR_REQUIRED", true, "qr", true, false, false),
        ("AUTHENTICATED", true, "conectando", false, false, true),
        ("READY", true, "conectado", false, true, false),
        ("DISCONNECTED", false, "desconectado", false, false, false),
        ("ERROR", false, "error", false, false, false),
    ] {
        set_session(&peer, state, has_browser);
        let (status, rows) = get(&hub, "/session-manager/sessions").await;
        assert_eq!(status, 200);
        let response =
            json!({"state": word, "hasQR": has_qr, "ready": ready, "connecting": connecting});
        assert_eq!(
            rows,
            json!([{"clienteId": 1, "state": response}]),
            "{state}"
        );
    }
    for (path, path_called) in [("login", "/connect"), ("logout", "/disconnect")] {
        let path = format!("/session-manager/admin/{path}");
        let (status, body) = call(&hub, "POST", &path, json!({"cliente_id": "51"})).await;
        assert_eq!((status, &body["success"]), (200, &json!(true)), "{body}");
        let last_request = peer.last_request();
        assert_eq!(
            (
                last_request.path.as_str(),
                &last_request.headers["x-cliente-id"]
            ),
            (path_called, &"51".parse().unwrap())
        );
    }
    set_session(&peer, "QR_REQUIRED", true);
    for path in ["status", "state"] {
        let (_, body) = get(&hub, &format!("/session-manager/{path}")).await;
        assert_eq!(
            body,
            json!({"status": "QR_REQUIRED", "state": "QR_REQUIRED"})
        );
    }
    let (_, body) = get(&hub, "/api/session-manager/qr").await;
    let expected = json!({"status": "QR_AVAILABLE", "qr": PICTURE, "state": "QR_REQUIRED"});
    assert_eq!(body, expected);
    hub.stop().await;
}

#[tokio::test]
async fn stats_agree_with_health_and_overview() {
    let (_peer, hub) = open().await;
    for (theirs, ours) in [
        ("/stats/health", "/api/health"),
        ("/stats/dashboard", "/api/overview"),
    ] {
        let (status, response) = get(&hub, theirs).await;
        assert_eq!(status, 200, "{response}");
        let keys = |value: &Value| {
            value
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(keys(&response), keys(&get(&hub, ours).await.1));
    }
    hub.stop().await;
}

#[tokio::test]
async fn routes_of_other_systems_are_reported_as_such() {
    let (_peer, hub) = open().await;
    for path in [
        "/sender/prospectos/filtrar",
        "/sender/lugares",
        "/sender/lugares/stats",
        "/leads",
        "/leads/7/conversations",
        "/email/campaigns",
        "/mailer/send",
        "/listener/ia/enable",
        "/sync-contacts/status",
        "/sender/envios/manual/prepare",
    ] {
        for prefix in ["", "/api"] {
            for method in ["GET", "POST", "PUT", "DELETE"] {
                let request = hub
                    .http
                    .request(method.parse().unwrap(), hub.url(&format!("{prefix}{path}")));
                assert_refused(
                    &send_request(with_page_headers(request)).await,
                    501,
                    "NOT_SERVED_HERE",
                );
            }
        }
    }
    assert_refused(&get(&hub, "/api/sender/nothing").await, 404, "NOT_FOUND");
    hub.stop().await;
}

/// Sets the headers that axios, the page's HTTP client, sends.
fn with_page_headers(request: RequestBuilder) -> RequestBuilder {
    request.header("accept", "application/json, text/plain, */*")
}

/// Checks that every route of the Node hub has the format, and that other routes are unchanged.
#[tokio::test]
async fn node_error_shape_is_used_only_on_node_routes() {
    let (_peer, hub) = start_with_password().await;
    for (method, path) in [
        ("POST", "/auth/verify"),
        ("GET", "/whatsapp/51/status"),
        ("GET", "/whatsapp-v2/status"),
        ("GET", "/admin/whatsapp/status"),
        ("GET", "/qr-code"),
        ("GET", "/sender/campaigns"),
        ("GET", "/listener/status"),
        ("GET", "/session-manager/sessions"),
    ] {
        for prefix in ["", "/api"] {
            // `/whatsapp/51/status` without the prefix is a route, not a page.
            let response = call(&hub, method, &format!("{prefix}{path}"), Value::Null).await;
            assert_refused(&response, 401, "UNAUTHORIZED");
        }
    }
    assert_refused(
        &call(&hub, "DELETE", "/api/auth/login", Value::Null).await,
        405,
        "METHOD_NOT_ALLOWED",
    );
    for path in ["/api/users", "/status", "/api/overview"] {
        let (status, body) = get(&hub, path).await;
        assert_eq!((status, &body["error"]), (401, &json!(true)), "{body}");
        assert!(body.get("success").is_none(), "{body}");
    }
    let request = hub
        .http
        .get(hub.url("/api/users"))
        .header("authorization", admin_auth());
    assert_eq!(send_request(request).await.0, 200);
    hub.stop().await;
}
