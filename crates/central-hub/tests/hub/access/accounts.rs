//! Tests of users and tokens.

use scratch_database::on_both_engines;
use serde_json::{Value, json};

use super::{PASSWORD, admin, basic, bearer, locked};
use crate::fake_session_manager::FakeSessionManager;
use crate::support::Hub;

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

on_both_engines! {
    async fn users_are_created_changed_and_deleted(database: Database) {
        let variables = [("HUB_ADMIN_PASSWORD", PASSWORD)];
        let hub = Hub::start_on(&database.url(), &FakeSessionManager::nowhere().await, &variables).await;
        let ask = async |method: &str, path: &str, body: Value| {
            hub.by(&admin(), method, &format!("/api/users{path}"), body).await
        };
        let ana = json!({"username": "Ana@Example", "password": "ana-ana-ana", "role": "cliente", "cliente_id": 51});
        let (status, made) = ask("POST", "", ana.clone()).await;
        assert_eq!((status, &made["username"], &made["cliente_id"]), (201, &json!("ana@example"), &json!(51)));
        assert!(!made.to_string().contains("argon2") && made.get("password").is_none(), "{made}");
        assert_eq!(code(&ask("POST", "", ana).await), (409, "USER_EXISTS"));
        for wrong in [
            json!({"username": "x", "password": "short", "role": "admin"}),
            json!({"username": "", "password": "long enough", "role": "admin"}),
            json!({"username": "a b", "password": "long enough", "role": "admin"}),
            json!({"username": "a:b", "password": "long enough", "role": "admin"}),
            json!({"username": "x", "password": "long enough", "role": "root"}),
            json!({"username": "x", "password": "long enough", "role": "cliente"}),
            json!({"username": "x", "password": "long enough", "role": "cliente", "cliente_id": 0}),
            json!({"username": "x", "password": "long enough", "role": "admin", "cliente_id": 51}),
            json!({"username": "x", "password": "long enough", "role": "admin", "scopes": []}),
        ] {
            assert_eq!(code(&ask("POST", "", wrong.clone()).await), (400, "INVALID_REQUEST"), "{wrong}");
        }
        let path = format!("/{}", made["id"]);
        assert_eq!(ask("GET", &path, json!(null)).await.1["role"], "cliente");

        // A disabled user loses all access at once.
        let session = hub.sign_in("ana@example", "ana-ana-ana").await;
        let by = basic("ana@example", "ana-ana-ana");
        let token = bearer(&hub.add_token(&by, &["read"], None).await);
        let gets_in = async |by: &str| hub.by(by, "GET", "/api/config", json!(null)).await.0;
        assert_eq!(gets_in(&token).await, 200);
        let (status, changed) = ask("PUT", &path, json!({"disabled": true})).await;
        assert_eq!((status, &changed["disabled"], &changed["cliente_id"]), (200, &json!(true), &json!(51)));
        assert!(!session.holds(&hub).await);
        assert_eq!((gets_in(&by).await, gets_in(&token).await), (401, 401));
        ask("PUT", &path, json!({"disabled": false, "password": "another one"})).await;
        assert_eq!((gets_in(&by).await, gets_in(&token).await), (401, 200));
        assert_eq!(gets_in(&basic("ana@example", "another one")).await, 200);
        assert!(!session.holds(&hub).await, "it stays over");

        // The last administrator cannot be removed.
        let (_, list) = ask("GET", "", json!(null)).await;
        let first = list["users"].as_array().unwrap().iter().find(|user| user["role"] == "admin").unwrap();
        let first = format!("/{}", first["id"]);
        for (method, body) in [
            ("DELETE", json!(null)),
            ("PUT", json!({"disabled": true})),
            ("PUT", json!({"role": "cliente", "cliente_id": 51})),
        ] {
            assert_eq!(code(&ask(method, &first, body).await), (409, "LAST_ADMIN"));
        }
        let (_, promoted) = ask("PUT", &path, json!({"role": "admin"})).await;
        assert_eq!(promoted["cliente_id"], json!(null));
        let by = basic("ana@example", "another one");
        let (status, body) = hub.by(&by, "DELETE", &format!("/api/users{first}"), json!(null)).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(gets_in(&admin()).await, 401);
        let again = hub.by(&by, "DELETE", &format!("/api/users{first}"), json!(null)).await;
        assert_eq!(code(&again), (404, "USER_NOT_FOUND"));
        hub.stop().await;
    }

    async fn answering_role_reaches_only_conversations(database: Database) {
        let variables = [("HUB_ADMIN_PASSWORD", PASSWORD)];
        let hub = Hub::start_on(&database.url(), &FakeSessionManager::nowhere().await, &variables).await;
        let users = async |method: &str, path: &str, body: Value| {
            hub.by(&admin(), method, &format!("/api/users{path}"), body).await
        };
        let wrong = json!({"username": "x", "password": "long enough", "role": "agente", "cliente_id": 51});
        assert_eq!(code(&users("POST", "", wrong).await), (400, "INVALID_REQUEST"));
        let luz = hub.add_agente("luz").await;
        let (_, me) = hub.by(&luz, "GET", "/api/auth/me", json!(null)).await;
        assert_eq!((&me["role"], &me["cliente_id"], &me["scopes"]), (&json!("agente"), &json!(null), &json!(["read", "send"])));
        // An agente cannot read the server's settings.
        let (_, config) = hub.by(&luz, "GET", "/api/config", json!(null)).await;
        assert!(config.get("database_url").is_none(), "{config}");
        // An agente does not count as the last administrator.
        let (_, list) = users("GET", "", json!(null)).await;
        let id = |name: &str| {
            let all = list["users"].as_array().unwrap();
            all.iter().find(|user| user["username"] == name).unwrap()["id"].clone()
        };
        let first = format!("/{}", id("admin"));
        assert_eq!(code(&users("PUT", &first, json!({"role": "agente"})).await), (409, "LAST_ADMIN"));
        // The tokens of a demoted user lose their scopes.
        let (status, made) = users("PUT", &format!("/{}", id("luz")), json!({"role": "admin"})).await;
        assert_eq!((status, &made["role"]), (200, &json!("admin")));
        let token = bearer(&hub.add_token(&luz, &["read", "admin"], None).await);
        assert_eq!(hub.by(&token, "GET", "/api/users", json!(null)).await.0, 200);
        users("PUT", &format!("/{}", id("luz")), json!({"role": "agente"})).await;
        for path in ["/api/users", "/api/tokens", "/api/webhooks"] {
            assert_eq!(code(&hub.by(&token, "GET", path, json!(null)).await), (403, "FORBIDDEN"), "{path}");
        }
        assert_eq!(hub.by(&token, "GET", "/api/listener/inbox", json!(null)).await.0, 200);
        hub.stop().await;
    }

    async fn tokens_are_created_shown_once_and_revoked(database: Database) {
        let variables = [("HUB_ADMIN_PASSWORD", PASSWORD)];
        let hub = Hub::start_on(&database.url(), &FakeSessionManager::nowhere().await, &variables).await;
        let ask = async |by: &str, method: &str, path: &str, body: Value| {
            hub.by(by, method, &format!("/api/tokens{path}"), body).await
        };
        let (status, made) = ask(&admin(), "POST", "", json!({"name": "cron", "scopes": ["send", "read"]})).await;
        assert_eq!(status, 201, "{made}");
        let token = bearer(made["token"].as_str().unwrap());
        assert!(token.starts_with("Bearer lm_"), "{token}");
        assert_eq!(made["scopes"], json!(["read", "send"]));
        assert_eq!(hub.by(&token, "GET", "/api/sender/messages", json!(null)).await.0, 200);
        // The use of a token is recorded; its secret is never returned.
        crate::support::until("the use is noted", async || {
            let (_, list) = ask(&admin(), "GET", "", json!(null)).await;
            assert!(!list.to_string().contains("lm_"), "{list}");
            list["tokens"][0]["used_at"].is_string()
        })
        .await;
        for wrong in [
            json!({"name": "", "scopes": ["read"]}),
            json!({"name": "x", "scopes": []}),
            json!({"name": "x", "scopes": ["root"]}),
            json!({"name": "x", "scopes": ["admin"], "cliente_id": 51}),
            json!({"name": "x", "scopes": ["read"], "cliente_id": 0}),
            json!({"name": "x", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00.000Z"}),
            json!({"name": "x", "scopes": ["read"], "expires_at": "mañana"}),
        ] {
            assert_eq!(code(&ask(&admin(), "POST", "", wrong.clone()).await), (400, "INVALID_REQUEST"), "{wrong}");
        }
        // A token can create another only with `admin`, and no caller can grant more than it has.
        let new = json!({"name": "x", "scopes": ["read"]});
        assert_eq!(code(&ask(&token, "POST", "", new.clone()).await), (403, "FORBIDDEN"));
        let ana = hub.add_cliente("ana", 51).await;
        for greedy in [
            json!({"name": "x", "scopes": ["read"], "cliente_id": 52}),
        ] {
            assert_eq!(code(&ask(&ana, "POST", "", greedy).await), (403, "FORBIDDEN"));
        }
        assert_eq!(ask(&ana, "POST", "", json!({"name": "x", "scopes": ["admin"]})).await.0, 400);
        let (_, own) = ask(&ana, "POST", "", new).await;
        assert_eq!(own["cliente_id"], 51);
        let (_, seen) = ask(&ana, "GET", "", json!(null)).await;
        assert_eq!(seen["tokens"].as_array().unwrap().len(), 1, "{seen}");
        let other = format!("/{}", made["id"]);
        assert_eq!(code(&ask(&ana, "DELETE", &other, json!(null)).await), (404, "TOKEN_NOT_FOUND"));
        assert_eq!(ask(&admin(), "DELETE", &other, json!(null)).await.0, 200);
        assert_eq!(hub.by(&token, "GET", "/api/sender/messages", json!(null)).await.0, 401);
        assert_eq!(code(&ask(&admin(), "DELETE", &other, json!(null)).await), (404, "TOKEN_NOT_FOUND"));
        hub.stop().await;
    }
}

#[tokio::test]
async fn token_expires() {
    let (_peer, hub) = locked().await;
    let end = session_api::Timestamp::now().after(std::time::Duration::from_secs(2));
    let body = json!({"name": "short", "scopes": ["read"], "expires_at": end});
    let (status, made) = hub.by(&admin(), "POST", "/api/tokens", body).await;
    assert_eq!(status, 201, "{made}");
    let token = bearer(made["token"].as_str().unwrap());
    let gets_in = async || hub.by(&token, "GET", "/api/config", json!(null)).await.0;
    let first = gets_in().await;
    assert!(first == 200 || session_api::Timestamp::now().as_millis() >= end.as_millis());
    crate::support::until("it is over", async || gets_in().await == 401).await;
    assert!(session_api::Timestamp::now().as_millis() >= end.as_millis());
    hub.stop().await;
}

#[tokio::test]
async fn changing_the_own_password_requires_the_current_one() {
    let (_peer, hub) = locked().await;
    let ana = hub.add_cliente("ana", 51).await;
    let change = async |by: &str, current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        hub.by(by, "POST", "/api/auth/password", body).await
    };
    assert_eq!(
        code(&change(&ana, "wrong", "a new password").await),
        (401, "WRONG_PASSWORD")
    );
    assert_eq!(
        code(&change(&ana, "ana-ana-ana", "short").await),
        (400, "INVALID_REQUEST")
    );
    assert_eq!(change(&ana, "ana-ana-ana", "a new password").await.0, 200);
    assert_eq!(
        hub.by(&ana, "GET", "/api/auth/me", json!(null)).await.0,
        401
    );
    let (_, me) = hub
        .by(
            &basic("ana", "a new password"),
            "GET",
            "/api/auth/me",
            json!(null),
        )
        .await;
    assert_eq!(
        (&me["user"]["username"], &me["cliente_id"]),
        (&json!("ana"), &json!(51))
    );
    hub.stop().await;
}
