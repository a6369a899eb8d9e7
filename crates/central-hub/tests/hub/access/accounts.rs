//! Tests of users and tokens.

use scratch_database::on_both_engines;
use serde_json::{Value, json};

use super::{PASSWORD, admin_auth, basic_auth, bearer, start_with_password};
use crate::fake_session_manager::FakeSessionManager;
use crate::support::Hub;

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

on_both_engines! {
    async fn users_are_created_changed_and_deleted(database: Database) {
        let variables = [("HUB_ADMIN_PASSWORD", PASSWORD)];
        let hub = Hub::start_on(
            &database.url(),
            &FakeSessionManager::unused_url().await,
            &variables,
        )
        .await;
        let ask = async |method: &str, path: &str, body: Value| {
            hub.call_as(&admin_auth(), method, &format!("/api/users{path}"), body)
                .await
        };
        let ana = json!({"username": "Ana@Example", "password": "ana-ana-ana", "role": "cliente", "cliente_id": 51});
        let (status, created) = ask("POST", "", ana.clone()).await;
        assert_eq!(
            (status, &created["username"], &created["cliente_id"]),
            (201, &json!("ana@example"), &json!(51))
        );
        assert!(
            !created.to_string().contains("argon2") && created.get("password").is_none(),
            "{created}"
        );
        assert_eq!(code(&ask("POST", "", ana).await), (409, "USER_EXISTS"));
        for invalid_user in [
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
            assert_eq!(
                code(&ask("POST", "", invalid_user.clone()).await),
                (400, "INVALID_REQUEST"),
                "{invalid_user}"
            );
        }
        let path = format!("/{}", created["id"]);
        assert_eq!(ask("GET", &path, json!(null)).await.1["role"], "cliente");

        // A disabled user loses all access at once.
        let session = hub.sign_in("ana@example", "ana-ana-ana").await;
        let caller = basic_auth("ana@example", "ana-ana-ana");
        let token = bearer(&hub.add_token(&caller, &["read"], None).await);
        let status_for = async |caller: &str| {
            hub.call_as(caller, "GET", "/api/config", json!(null))
                .await
                .0
        };
        assert_eq!(status_for(&token).await, 200);
        let (status, updated) = ask("PUT", &path, json!({"disabled": true})).await;
        assert_eq!(
            (status, &updated["disabled"], &updated["cliente_id"]),
            (200, &json!(true), &json!(51))
        );
        assert!(!session.is_valid(&hub).await);
        assert_eq!(
            (status_for(&caller).await, status_for(&token).await),
            (401, 401)
        );
        ask(
            "PUT",
            &path,
            json!({"disabled": false, "password": "another one"}),
        )
        .await;
        assert_eq!(
            (status_for(&caller).await, status_for(&token).await),
            (401, 200)
        );
        assert_eq!(
            status_for(&basic_auth("ana@example", "another one")).await,
            200
        );
        assert!(!session.is_valid(&hub).await, "an ended session must stay invalid");

        // The last administrator cannot be removed.
        let (_, list) = ask("GET", "", json!(null)).await;
        let first_admin = list["users"]
            .as_array()
            .unwrap()
            .iter()
            .find(|user| user["role"] == "admin")
            .unwrap();
        let first_admin = format!("/{}", first_admin["id"]);
        for (method, body) in [
            ("DELETE", json!(null)),
            ("PUT", json!({"disabled": true})),
            ("PUT", json!({"role": "cliente", "cliente_id": 51})),
        ] {
            assert_eq!(
                code(&ask(method, &first_admin, body).await),
                (409, "LAST_ADMIN")
            );
        }
        let (_, promoted) = ask("PUT", &path, json!({"role": "admin"})).await;
        assert_eq!(promoted["cliente_id"], json!(null));
        let caller = basic_auth("ana@example", "another one");
        let (status, body) = hub
            .call_as(
                &caller,
                "DELETE",
                &format!("/api/users{first_admin}"),
                json!(null),
            )
            .await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(status_for(&admin_auth()).await, 401);
        let repeated = hub
            .call_as(
                &caller,
                "DELETE",
                &format!("/api/users{first_admin}"),
                json!(null),
            )
            .await;
        assert_eq!(code(&repeated), (404, "USER_NOT_FOUND"));
        hub.stop().await;
    }

    async fn answering_role_reaches_only_conversations(database: Database) {
        let variables = [("HUB_ADMIN_PASSWORD", PASSWORD)];
        let hub = Hub::start_on(
            &database.url(),
            &FakeSessionManager::unused_url().await,
            &variables,
        )
        .await;
        let users = async |method: &str, path: &str, body: Value| {
            hub.call_as(&admin_auth(), method, &format!("/api/users{path}"), body)
                .await
        };
        let invalid_user =
            json!({"username": "x", "password": "long enough", "role": "agente", "cliente_id": 51});
        assert_eq!(
            code(&users("POST", "", invalid_user).await),
            (400, "INVALID_REQUEST")
        );
        let luz = hub.add_agente("luz").await;
        let (_, me) = hub.call_as(&luz, "GET", "/api/auth/me", json!(null)).await;
        assert_eq!(
            (&me["role"], &me["cliente_id"], &me["scopes"]),
            (&json!("agente"), &json!(null), &json!(["read", "send"]))
        );
        // An agente cannot read the server's settings.
        let (_, config) = hub.call_as(&luz, "GET", "/api/config", json!(null)).await;
        assert!(config.get("database_url").is_none(), "{config}");
        // An agente does not count as the last administrator.
        let (_, list) = users("GET", "", json!(null)).await;
        let id = |name: &str| {
            let user_list = list["users"].as_array().unwrap();
            user_list
                .iter()
                .find(|user| user["username"] == name)
                .unwrap()["id"]
                .clone()
        };
        let admin_path = format!("/{}", id("admin"));
        assert_eq!(
            code(&users("PUT", &admin_path, json!({"role": "agente"})).await),
            (409, "LAST_ADMIN")
        );
        // The tokens of a demoted user lose their scopes.
        let (status, created) =
            users("PUT", &format!("/{}", id("luz")), json!({"role": "admin"})).await;
        assert_eq!((status, &created["role"]), (200, &json!("admin")));
        let token = bearer(&hub.add_token(&luz, &["read", "admin"], None).await);
        assert_eq!(
            hub.call_as(&token, "GET", "/api/users", json!(null))
                .await
                .0,
            200
        );
        users("PUT", &format!("/{}", id("luz")), json!({"role": "agente"})).await;
        for path in ["/api/users", "/api/tokens", "/api/webhooks"] {
            assert_eq!(
                code(&hub.call_as(&token, "GET", path, json!(null)).await),
                (403, "FORBIDDEN"),
                "{path}"
            );
        }
        assert_eq!(
            hub.call_as(&token, "GET", "/api/listener/inbox", json!(null))
                .await
                .0,
            200
        );
        hub.stop().await;
    }

    async fn tokens_are_created_shown_once_and_revoked(database: Database) {
        let variables = [("HUB_ADMIN_PASSWORD", PASSWORD)];
        let hub = Hub::start_on(
            &database.url(),
            &FakeSessionManager::unused_url().await,
            &variables,
        )
        .await;
        let ask = async |caller: &str, method: &str, path: &str, body: Value| {
            hub.call_as(caller, method, &format!("/api/tokens{path}"), body)
                .await
        };
        let (status, created) = ask(
            &admin_auth(),
            "POST",
            "",
            json!({"name": "cron", "scopes": ["send", "read"]}),
        )
        .await;
        assert_eq!(status, 201, "{created}");
        let token = bearer(created["token"].as_str().unwrap());
        assert!(token.starts_with("Bearer lm_"), "{token}");
        assert_eq!(created["scopes"], json!(["read", "send"]));
        assert_eq!(
            hub.call_as(&token, "GET", "/api/sender/messages", json!(null))
                .await
                .0,
            200
        );
        // The use of a token is recorded; its secret is never returned.
        crate::support::wait_until("the use of the token to be recorded", async || {
            let (_, list) = ask(&admin_auth(), "GET", "", json!(null)).await;
            assert!(!list.to_string().contains("lm_"), "{list}");
            list["tokens"][0]["used_at"].is_string()
        })
        .await;
        for invalid_token in [
            json!({"name": "", "scopes": ["read"]}),
            json!({"name": "x", "scopes": []}),
            json!({"name": "x", "scopes": ["root"]}),
            json!({"name": "x", "scopes": ["admin"], "cliente_id": 51}),
            json!({"name": "x", "scopes": ["read"], "cliente_id": 0}),
            json!({"name": "x", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00.000Z"}),
            json!({"name": "x", "scopes": ["read"], "expires_at": "mañana"}),
        ] {
            assert_eq!(
                code(&ask(&admin_auth(), "POST", "", invalid_token.clone()).await),
                (400, "INVALID_REQUEST"),
                "{invalid_token}"
            );
        }
        // A token can create another only with `admin`, and no caller can grant more than it has.
        let new = json!({"name": "x", "scopes": ["read"]});
        assert_eq!(
            code(&ask(&token, "POST", "", new.clone()).await),
            (403, "FORBIDDEN")
        );
        let ana = hub.add_cliente("ana", 51).await;
        for greedy in [json!({"name": "x", "scopes": ["read"], "cliente_id": 52})] {
            assert_eq!(
                code(&ask(&ana, "POST", "", greedy).await),
                (403, "FORBIDDEN")
            );
        }
        assert_eq!(
            ask(&ana, "POST", "", json!({"name": "x", "scopes": ["admin"]}))
                .await
                .0,
            400
        );
        let (_, own_token) = ask(&ana, "POST", "", new).await;
        assert_eq!(own_token["cliente_id"], 51);
        let (_, visible) = ask(&ana, "GET", "", json!(null)).await;
        assert_eq!(visible["tokens"].as_array().unwrap().len(), 1, "{visible}");
        let token_path = format!("/{}", created["id"]);
        assert_eq!(
            code(&ask(&ana, "DELETE", &token_path, json!(null)).await),
            (404, "TOKEN_NOT_FOUND")
        );
        assert_eq!(
            ask(&admin_auth(), "DELETE", &token_path, json!(null))
                .await
                .0,
            200
        );
        assert_eq!(
            hub.call_as(&token, "GET", "/api/sender/messages", json!(null))
                .await
                .0,
            401
        );
        assert_eq!(
            code(&ask(&admin_auth(), "DELETE", &token_path, json!(null)).await),
            (404, "TOKEN_NOT_FOUND")
        );
        hub.stop().await;
    }
}

#[tokio::test]
async fn token_expires() {
    let (_peer, hub) = start_with_password().await;
    let end = session_api::Timestamp::now().after(std::time::Duration::from_secs(2));
    let body = json!({"name": "short", "scopes": ["read"], "expires_at": end});
    let (status, created) = hub
        .call_as(&admin_auth(), "POST", "/api/tokens", body)
        .await;
    assert_eq!(status, 201, "{created}");
    let token = bearer(created["token"].as_str().unwrap());
    let current_status = async || {
        hub.call_as(&token, "GET", "/api/config", json!(null))
            .await
            .0
    };
    let first_status = current_status().await;
    assert!(first_status == 200 || session_api::Timestamp::now().as_millis() >= end.as_millis());
    crate::support::wait_until("the token to expire", async || {
        current_status().await == 401
    })
    .await;
    assert!(session_api::Timestamp::now().as_millis() >= end.as_millis());
    hub.stop().await;
}

#[tokio::test]
async fn changing_the_own_password_requires_the_current_one() {
    let (_peer, hub) = start_with_password().await;
    let ana = hub.add_cliente("ana", 51).await;
    let change = async |caller: &str, current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        hub.call_as(caller, "POST", "/api/auth/password", body)
            .await
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
        hub.call_as(&ana, "GET", "/api/auth/me", json!(null))
            .await
            .0,
        401
    );
    let (_, me) = hub
        .call_as(
            &basic_auth("ana", "a new password"),
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
