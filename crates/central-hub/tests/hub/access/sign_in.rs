//! Tests of sessions: the cookie, the JWT, and their expiry.

use central_hub::store::Store;
use scratch_database::on_both_engines;
use serde_json::json;

use super::{PASSWORD, admin_auth, basic_auth, bearer, send_request, start_with_password};
use crate::fake_session_manager::FakeSessionManager;
use crate::support::{Hub, wait_until};

on_both_engines! {
    async fn session_from_sign_in_to_sign_out(database: Database) {
        let peer = FakeSessionManager::start().await;
        peer.set_response("/status", 200, r#"{"status":"INIT"}"#);
        let variables = [("HUB_ADMIN_PASSWORD", PASSWORD)];
        let hub = Hub::start_on(&database.url(), &peer.url, &variables).await;
        let session = hub.sign_in(" Admin ", PASSWORD).await;
        for flag in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"] {
            assert!(session.set_cookie.contains(flag), "{}", session.set_cookie);
        }
        assert!(!session.set_cookie.contains("Secure"), "over http, the cookie must not be Secure");
        assert_eq!(session.body["user"]["role"], "admin");
        assert_eq!(session.body["expires_in"], 24 * 3600);
        assert!(session.is_valid(&hub).await);
        let (_, me) = send_request(session.get(&hub, "/api/auth/me")).await;
        assert_eq!(
            (&me["csrf"], &me["user"]["username"]),
            (&json!(session.csrf), &json!("admin"))
        );
        assert_eq!(me["auth_required"], true);

        // A read needs only the cookie; a change also needs the CSRF token.
        assert_eq!(send_request(session.get(&hub, "/status")).await.0, 200);
        let url = hub.url("/api/auth/logout");
        for csrf_token in [None, Some(""), Some("x"), Some(&session.csrf[1..])] {
            let mut request = hub.http.post(&url).header("cookie", &session.cookie);
            if let Some(token) = csrf_token {
                request = request.header("x-csrf-token", token);
            }
            let (status, body) = send_request(request).await;
            assert_eq!((status, &body["code"]), (403, &json!("CSRF_TOKEN_INVALID")));
        }
        // The CSRF token of another session is rejected.
        let other_session = hub.sign_in("admin", PASSWORD).await;
        let request = hub.http.post(&url).header("cookie", &session.cookie);
        assert_eq!(
            send_request(request.header("x-csrf-token", &other_session.csrf))
                .await
                .0,
            403
        );

        // A JWT needs no CSRF token, and can be refreshed.
        let (status, renewed) = hub
            .call_as(
                &bearer(&session.jwt),
                "POST",
                "/api/auth/refresh",
                json!({}),
            )
            .await;
        assert_eq!(status, 200, "{renewed}");
        let renewed = bearer(renewed["token"].as_str().unwrap());
        assert_eq!(
            hub.call_as(&renewed, "GET", "/status", json!(null)).await.0,
            200
        );
        assert_eq!(
            send_request(session.post(&hub, "/api/auth/refresh"))
                .await
                .0,
            200
        );

        let response = session.post(&hub, "/api/auth/logout").send().await.unwrap();
        assert_eq!(response.status(), 200);
        let cleared = response.headers()["set-cookie"].to_str().unwrap();
        assert!(cleared.contains("Max-Age=0"), "{cleared}");
        assert!(!session.is_valid(&hub).await);
        assert_eq!(
            hub.call_as(&renewed, "GET", "/status", json!(null)).await.0,
            401
        );
        assert!(other_session.is_valid(&hub).await);
        hub.stop().await;
    }

    /// After `central-hub new-keys`, browsers stay signed in, but older JWTs become invalid.
    async fn jwts_end_with_new_keys_and_cookies_do_not(database: Database) {
        let unused_url = FakeSessionManager::unused_url().await;
        let variables = [("HUB_ADMIN_PASSWORD", PASSWORD)];
        let hub = Hub::start_on(&database.url(), &unused_url, &variables).await;
        let session = hub.sign_in("admin", PASSWORD).await;
        assert!(session.is_valid(&hub).await);
        let message = central_hub::commands::new_keys::renew(&hub.store)
            .await
            .unwrap();
        assert!(message.contains("restart the hub"), "{message}");
        hub.stop().await;
        let hub = Hub::start_on(&database.url(), &unused_url, &variables).await;
        assert_eq!(send_request(session.get(&hub, "/api/auth/me")).await.0, 200);
        let jwt = bearer(&session.jwt);
        assert_eq!(
            hub.call_as(&jwt, "GET", "/api/auth/me", json!(null))
                .await
                .0,
            401
        );
        let (_, renewed) = send_request(session.post(&hub, "/api/auth/refresh")).await;
        let jwt = bearer(renewed["token"].as_str().unwrap());
        assert_eq!(
            hub.call_as(&jwt, "GET", "/api/auth/me", json!(null))
                .await
                .0,
            200
        );
        hub.stop().await;
    }

    async fn sessions_expire_by_age_and_by_inactivity(database: Database) {
        let hub = Hub::start_on(
            &database.url(),
            &FakeSessionManager::unused_url().await,
            &[("HUB_ADMIN_PASSWORD", PASSWORD)],
        )
        .await;
        let store = Store::open(&database.url().parse().unwrap()).await.unwrap();
        let age = async |column: &str, hours: i64| {
            let sql = format!(
                "UPDATE sessions SET {column} = {column} - {}",
                hours * 3_600_000
            );
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .execute(store.writer())
                .await
                .unwrap();
        };
        let session = hub.sign_in("admin", PASSWORD).await;
        age("seen_at", 11).await;
        assert!(session.is_valid(&hub).await);
        // The use is recorded after the response.
        wait_until("the use of the session to be recorded", async || {
            let seen_at: i64 = sqlx::query_scalar("SELECT seen_at FROM sessions")
                .fetch_one(store.reader())
                .await
                .unwrap();
            seen_at > session_api::Timestamp::now().as_millis() - 3_600_000
        })
        .await;
        // A late record of an earlier request may follow, so the session is aged repeatedly.
        wait_until("the cookie to expire by inactivity", async || {
            age("seen_at", 13).await;
            send_request(session.get(&hub, "/api/auth/me")).await.0 == 401
        })
        .await;
        // A program's JWT stays valid until its expiry.
        let jwt = bearer(&session.jwt);
        assert_eq!(
            hub.call_as(&jwt, "GET", "/api/auth/me", json!(null))
                .await
                .0,
            200
        );
        wait_until("the cookie and the JWT to expire", async || {
            age("seen_at", 25).await;
            let by_cookie = send_request(session.get(&hub, "/api/auth/me")).await.0;
            by_cookie == 401
                && hub
                    .call_as(&jwt, "GET", "/api/auth/me", json!(null))
                    .await
                    .0
                    == 401
        })
        .await;
        let session = hub.sign_in("admin", PASSWORD).await;
        age("expires_at", 24 * 6).await;
        assert!(session.is_valid(&hub).await);
        age("expires_at", 24).await;
        assert!(!session.is_valid(&hub).await);
        hub.sign_in("admin", PASSWORD).await;
        let remaining: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sessions")
            .fetch_one(store.reader())
            .await
            .unwrap();
        assert_eq!(remaining, 1, "expired sessions must be deleted");
        store.close().await;
        hub.stop().await;
    }

    async fn variable_sets_the_first_user_and_later_only_on_change(database: Database) {
        let unused_url = FakeSessionManager::unused_url().await;
        let start = async |password: &str| {
            Hub::start_on(
                &database.url(),
                &unused_url,
                &[("HUB_ADMIN_PASSWORD", password)],
            )
            .await
        };
        let works = async |hub: &Hub, password: &str| {
            hub.call_as(
                &basic_auth("admin", password),
                "GET",
                "/api/config",
                json!(null),
            )
            .await
            .0 == 200
        };
        let hub = start(PASSWORD).await;
        let session = hub.sign_in("admin", PASSWORD).await;
        let change = json!({"current_password": PASSWORD, "new_password": "battery staple"});
        let request = session.post(&hub, "/api/auth/password").json(&change);
        assert_eq!(send_request(request).await.0, 200);
        assert!(session.is_valid(&hub).await, "the session that changes the password must stay valid");
        assert!(works(&hub, "battery staple").await && !works(&hub, PASSWORD).await);
        hub.stop().await;
        // With the same variable, the changed password is kept.
        let hub = start(PASSWORD).await;
        assert!(works(&hub, "battery staple").await && !works(&hub, PASSWORD).await);
        hub.stop().await;
        // A changed variable resets the password.
        let hub = start("tr0ub4dor").await;
        assert!(works(&hub, "tr0ub4dor").await && !works(&hub, "battery staple").await);
        assert!(!session.is_valid(&hub).await);
        hub.stop().await;
    }
}

#[tokio::test]
async fn each_sign_in_creates_its_own_session() {
    let (_peer, hub) = start_with_password().await;
    // A session id that was planted in the browser is not adopted.
    let planted = "leadmaster_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let login = |cookie: &str| {
        let body = json!({"username": "admin", "password": PASSWORD});
        let request = hub.http.post(hub.url("/api/auth/login"));
        request.header("cookie", cookie).json(&body).send()
    };
    let response = login(planted).await.unwrap();
    let set_cookie = response.headers()["set-cookie"].to_str().unwrap();
    assert!(!set_cookie.starts_with(planted), "{set_cookie}");
    let request = hub.http.get(hub.url("/api/auth/me"));
    assert_eq!(send_request(request.header("cookie", planted)).await.0, 401);
    // The browser's previous session has ended.
    let before = hub.sign_in("admin", PASSWORD).await;
    assert_eq!(login(&before.cookie).await.unwrap().status(), 200);
    assert!(!before.is_valid(&hub).await);
    hub.stop().await;
}

#[tokio::test]
async fn cookie_is_secure_behind_https() {
    let (_peer, hub) = start_with_password().await;
    for (header, value, secure) in [
        ("x-forwarded-proto", "https", true),
        ("forwarded", "for=1.2.3.4;proto=https", true),
        ("x-forwarded-proto", "http", false),
    ] {
        let request = hub
            .http
            .post(hub.url("/api/auth/login"))
            .header(header, value);
        let body = json!({"username": "admin", "password": PASSWORD});
        let response = request.json(&body).send().await.unwrap();
        let cookie = response.headers()["set-cookie"].to_str().unwrap();
        assert_eq!(cookie.contains("Secure"), secure, "{value}: {cookie}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn guesses_are_limited_by_address_and_user_without_blocking_sessions() {
    let (_peer, hub) = start_with_password().await;
    let session = hub.sign_in("admin", PASSWORD).await;
    let token = hub.add_token(&admin_auth(), &["read"], None).await;
    let attempt = async |user: &str, password: &str, address: &str| {
        let request = hub.http.post(hub.url("/api/auth/login"));
        let body = json!({"username": user, "password": password});
        let response = request
            .header("x-forwarded-for", address)
            .json(&body)
            .send();
        let response = response.await.unwrap();
        let wait = response.headers().get("retry-after").cloned();
        let status = response.status().as_u16();
        let body: serde_json::Value = response.json().await.unwrap();
        (
            status,
            body["code"].as_str().unwrap_or_default().to_owned(),
            wait,
        )
    };
    for _ in 0..10 {
        let (status, code, _) = attempt("nobody", "x", "10.0.0.1").await;
        assert_eq!((status, &*code), (401, "WRONG_PASSWORD"));
    }
    let (status, code, wait) = attempt("admin", PASSWORD, "10.0.0.1").await;
    assert_eq!((status, &*code), (429, "TOO_MANY_ATTEMPTS"));
    let wait: u64 = wait.unwrap().to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    // Attempts from many addresses, for one user.
    for number in 0..30 {
        let address = format!("10.1.0.{number}");
        assert_eq!(attempt("admin", "x", &address).await.0, 401);
    }
    assert_eq!(attempt("ADMIN", PASSWORD, "10.2.0.1").await.0, 429);
    assert!(session.is_valid(&hub).await);
    assert_eq!(
        hub.call_as(&bearer(&token), "GET", "/status", json!(null))
            .await
            .0,
        200
    );
    hub.stop().await;
}

#[tokio::test]
async fn concurrent_sign_ins_are_bounded() {
    let (_peer, hub) = start_with_password().await;
    let attempt = |number: u32| {
        let address = std::net::Ipv4Addr::from(number).to_string();
        let request = hub.http.post(hub.url("/api/auth/login"));
        let body = json!({"username": format!("u{number}"), "password": "x"});
        send_request(request.header("x-forwarded-for", address).json(&body))
    };
    let answers = futures_util::future::join_all((1..=200).map(attempt)).await;
    let count_of = |expected: u16| {
        answers
            .iter()
            .filter(|(status, _)| *status == expected)
            .count()
    };
    assert_eq!(count_of(401) + count_of(503), 200, "{answers:?}");
    assert!(
        count_of(401) >= 64 && count_of(503) > 0,
        "{} were checked",
        count_of(401)
    );
    hub.sign_in("admin", PASSWORD).await;
    hub.stop().await;
}
