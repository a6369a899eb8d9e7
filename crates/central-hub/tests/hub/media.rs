//! Tests of the files of messages: who gets them, how, and through which links.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use scratch_database::on_both_engines;
use serde_json::{Value, json};

use crate::access::{PASSWORD, admin_auth};
use crate::fake_session_manager::{FakeSessionManager, message};
use crate::receiver::Receiver;
use crate::support::{Hub, code, get, text, wait_until, wait_until_read};

const ANA: &str = "5491158254201@c.us";
const ONE: &str = "false_5491158254201@c.us_3A01";
const WEBHOOKS: (&str, &str) = ("WEBHOOK_ALLOWED_HOSTS", "127.0.0.1");

/// Publishes a message with a file, and returns the message's number.
async fn publish_file(hub: &Hub, peer: &FakeSessionManager, id: &str, media: &Value) -> i64 {
    let mut event = message(id, ANA, "");
    event["type"] = json!("image");
    event["media"] = media.clone();
    wait_until_read(hub, peer.publish("message", &event)).await;
    let messages = get(hub, "/api/listener/messages?limite=1").await;
    messages["mensajes"][0]["id"].as_i64().unwrap()
}

fn url(id: i64) -> String {
    format!("/api/listener/messages/{id}/media")
}

fn picture() -> Value {
    json!({"mime": "image/png", "size": 9, "filename": "casa.png", "state": "remote"})
}

#[tokio::test]
async fn file_is_streamed_with_ranges_and_headers() {
    let peer = FakeSessionManager::with_event_log().await;
    let hub = Hub::start(&peer.url).await;
    peer.add_media(ONE, "image/png", b"123456789");
    let id = publish_file(&hub, &peer, ONE, &picture()).await;
    let get = async |headers: &[(&str, &str)]| {
        let mut request = hub.http.get(hub.url(&url(id)));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    };
    let complete = get(&[]).await;
    assert_eq!(complete.status(), 200);
    let headers = complete.headers().clone();
    for (name, value) in [
        ("content-type", "image/png"),
        ("content-length", "9"),
        ("content-disposition", "inline; filename*=UTF-8''casa.png"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cache-control", "private, no-cache"),
        ("accept-ranges", "bytes"),
        ("etag", "\"tag\""),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    assert_eq!(complete.bytes().await.unwrap(), "123456789");
    let partial = get(&[("range", "bytes=2-4")]).await;
    assert_eq!(partial.status(), 206);
    assert_eq!(partial.headers()["content-range"], "bytes 2-4/9");
    assert_eq!(partial.headers()["x-content-type-options"], "nosniff");
    assert_eq!(partial.bytes().await.unwrap(), "345");
    let unsatisfiable = get(&[("range", "bytes=100-200")]).await;
    assert_eq!(unsatisfiable.status(), 416);
    assert_eq!(unsatisfiable.headers()["content-range"], "bytes */9");
    let stored = get(&[("if-none-match", "\"other\", \"tag\"")]).await;
    assert_eq!(stored.status(), 304);
    assert!(stored.bytes().await.unwrap().is_empty());
    let head = hub.http.head(hub.url(&url(id))).send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), &head.headers()["content-type"]),
        (200, &"image/png".parse().unwrap())
    );
    // No message was sent in the course of this.
    assert!(peer.sends().is_empty());
    hub.stop().await;
}

#[tokio::test]
async fn executable_content_is_served_as_a_download() {
    let peer = FakeSessionManager::with_event_log().await;
    let hub = Hub::start(&peer.url).await;
    let script = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    for (n, (kind, told, name)) in [
        ("image/svg+xml", "application/octet-stream", "logo.svg"),
        (
            "text/html; charset=utf-8",
            "application/octet-stream",
            "hola.html",
        ),
        ("application/pdf", "application/pdf", "recibo.pdf"),
    ]
    .into_iter()
    .enumerate()
    {
        let wa_id = format!("false_5491158254201@c.us_3B{n:02}");
        peer.add_media(&wa_id, kind, script);
        // The sender claims that the file is a picture.
        let media = json!({"mime": "image/png", "filename": name, "state": "remote"});
        let id = publish_file(&hub, &peer, &wa_id, &media).await;
        let response = hub.http.get(hub.url(&url(id))).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], told);
        let disposition = format!("attachment; filename*=UTF-8''{name}");
        assert_eq!(
            response.headers()["content-disposition"],
            disposition.as_str()
        );
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert_eq!(response.bytes().await.unwrap(), script.as_slice());
        // Nor does a page get it in place of a picture.
        let to_show = hub.url(&format!("{}?mostrar=1", url(id)));
        let (status, body) = text(hub.http.get(to_show)).await;
        assert_eq!(status, 415, "{body}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn missing_file_is_reported_with_its_reason() {
    let mut peer = FakeSessionManager::with_event_log().await;
    let hub = Hub::start(&peer.url).await;
    let id = publish_file(&hub, &peer, ONE, &picture()).await;
    let path = format!("/messages/{ONE}/media");
    let ask = async |id: &str| {
        let (status, body) = hub.get(&format!("/api/listener/messages/{id}/media")).await;
        (status, code(&body))
    };
    for (status, expected) in [
        (404, "MEDIA_NOT_FOUND"),
        (410, "MEDIA_GONE"),
        (409, "MEDIA_OFF"),
        (503, "SESSION_NOT_READY"),
        (413, "PAYLOAD_TOO_LARGE"),
        (504, "BROWSER_TIMEOUT"),
    ] {
        let body = json!({"error": true, "code": expected, "message": "because"});
        peer.set_response(&path, status, &body.to_string());
        assert_eq!(ask(&id.to_string()).await, (status, expected.to_owned()));
    }
    peer.never_respond(&path);
    assert_eq!(
        ask(&id.to_string()).await,
        (504, "SESSION_MANAGER_TIMEOUT".to_owned())
    );
    // A plain text, a view-once message, a number without a message, and a
    // malformed number have no file.
    wait_until_read(
        &hub,
        peer.publish_message("false_5491158254201@c.us_3A02", ANA, "hola"),
    )
    .await;
    let messages = get(&hub, "/api/listener/messages?limite=1").await;
    let text_message = messages["mensajes"][0]["id"].to_string();
    assert_eq!(
        ask(&text_message).await,
        (404, "MEDIA_NOT_FOUND".to_owned())
    );
    assert_eq!(ask("999999").await, (404, "MESSAGE_NOT_FOUND".to_owned()));
    assert_eq!(ask("rubbish").await.0, 400);
    peer.stop_listening().await;
    assert_eq!(
        ask(&id.to_string()).await,
        (503, "WHATSAPP_UNAVAILABLE".to_owned())
    );
    hub.stop().await;
}

on_both_engines! {
    async fn business_gets_only_files_of_its_own_conversations(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let hub = Hub::start_on(
            &database.url(),
            &peer.url,
            &[
                ("HUB_ADMIN_PASSWORD", PASSWORD),
                ("INTERNAL_TOKEN", "hunter2hunter2"),
            ],
        )
        .await;
        peer.add_media(ONE, "image/png", b"123456789");
        let by_admin = |path: &str| {
            hub.http
                .get(hub.url(path))
                .header("authorization", admin_auth())
        };
        // The conversation belongs to the business that wrote first.
        let report = json!({"cliente_id": 51, "to": "5491158254201", "message": "hola", "message_id": "true_5491158254201@c.us_K1"});
        let request = hub
            .http
            .post(hub.url("/api/listener/outgoing-message"))
            .json(&report)
            .header("x-internal-token", "hunter2hunter2");
        assert_eq!(text(request).await.0, 200);
        let mut event = message(ONE, ANA, "");
        event["media"] = picture();
        peer.publish("message", &event);
        let id = {
            let mut file_id = None;
            wait_until("the message to be recorded", async || {
                let (_, body) = text(by_admin("/api/listener/messages")).await;
                let body: Value = serde_json::from_str(&body).unwrap();
                file_id = body["mensajes"][0]["id"].as_i64();
                file_id.is_some()
            })
            .await;
            file_id.unwrap()
        };
        let mut tokens = Vec::new();
        for (cliente_id, scope) in [(51, "read"), (52, "read"), (51, "send")] {
            tokens.push(
                hub.add_token(&admin_auth(), &[scope], Some(cliente_id))
                    .await,
            );
        }
        let mut statuses = Vec::new();
        for token in &tokens {
            statuses.push(
                text(hub.http.get(hub.url(&url(id))).bearer_auth(token))
                    .await
                    .0,
            );
        }
        statuses.push(text(hub.http.get(hub.url(&url(id)))).await.0);
        statuses.push(text(by_admin(&url(id))).await.0);
        assert_eq!(statuses, [200, 404, 403, 401, 200]);
        hub.stop().await;
    }

    async fn webhook_links_to_files_need_no_sign_in(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let receiver = Receiver::start().await;
        let hub = Hub::start_on(
            &database.url(),
            &peer.url,
            &[WEBHOOKS, ("HUB_ADMIN_PASSWORD", PASSWORD)],
        )
        .await;
        let body = json!({"url": receiver.url("/"), "eventos": ["message"]});
        let request = hub
            .http
            .post(hub.url("/api/webhooks"))
            .basic_auth("admin", Some(PASSWORD))
            .json(&body);
        assert_eq!(text(request).await.0, 201);
        peer.add_media(ONE, "image/png", b"123456789");
        let mut event = message(ONE, ANA, "¿Es esta?");
        event["type"] = json!("image");
        event["media"] = picture();
        peer.publish("message", &event);
        wait_until("the delivery", async || receiver.deliveries("/").len() == 1).await;
        let data = receiver.deliveries("/")[0].json()["data"].clone();
        assert_eq!(
            (&data["mensaje"], &data["media"]["filename"]),
            (&json!("¿Es esta?"), &json!("casa.png"))
        );
        assert_eq!(data["media_url"], url(data["id"].as_i64().unwrap()));
        assert!(data["media_link"]["expires_at"].is_string());
        let path = data["media_link"]["path"].as_str().unwrap().to_owned();
        let response = hub.http.get(hub.url(&path)).send().await.unwrap();
        assert_eq!(
            (
                response.status().as_u16(),
                &response.headers()["x-content-type-options"]
            ),
            (200, &"nosniff".parse().unwrap())
        );
        assert_eq!(response.bytes().await.unwrap(), "123456789");
        // A link that was altered or cut off is invalid, and so is a token that is not one.
        let mut forged = path.clone();
        let at = forged.len() - 4;
        forged.replace_range(
            at..=at,
            if forged[at..].starts_with('A') {
                "B"
            } else {
                "A"
            },
        );
        for invalid_path in [forged.as_str(), &path[..30], "/media/x"] {
            let (status, body) = hub.get(invalid_path).await;
            assert_eq!(
                (status, code(&body).as_str()),
                (404, "MESSAGE_NOT_FOUND"),
                "{invalid_path}"
            );
        }
        // The link expires.
        let key: String =
            sqlx::query_scalar("SELECT value FROM settings WHERE name = 'media.link_key'")
                .fetch_one(hub.store.reader())
                .await
                .unwrap();
        let first_key = key.clone();
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
        let now_seconds = session_api::Timestamp::now().as_millis() / 1000;
        for (expires, expected) in [(now_seconds - 1, 410), (now_seconds + 60, 200)] {
            let mut token = [
                data["id"].as_i64().unwrap().to_be_bytes(),
                expires.to_be_bytes(),
            ]
            .concat();
            token.extend_from_slice(hmac::sign(&key, &token).as_ref());
            let (status, body) = hub
                .get(&format!("/media/{}", URL_SAFE_NO_PAD.encode(token)))
                .await;
            assert_eq!(status, expected);
            assert!(status == 200 || code(&body) == "LINK_EXPIRED");
        }
        // A hub that starts after `central-hub new-keys` has other keys.
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_central-hub"))
            .arg("new-keys")
            .env_clear()
            .env("DATABASE_URL", database.url())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("restart the hub"),
            "{output:?}"
        );
        let renewed = Hub::start_on(
            &database.url(),
            &peer.url,
            &[("HUB_ADMIN_PASSWORD", PASSWORD)],
        )
        .await;
        assert_eq!(renewed.get(&path).await.0, 404);
        renewed.stop().await;
        let renewed: String =
            sqlx::query_scalar("SELECT value FROM settings WHERE name = 'media.link_key'")
                .fetch_one(hub.store.reader())
                .await
                .unwrap();
        hub.store.set("media.link_key", &first_key).await.unwrap();
        assert_ne!(renewed, first_key);
        // Another hub on this database accepts the link as well.
        let other_hub = Hub::start_on(
            &database.url(),
            &peer.url,
            &[("HUB_ADMIN_PASSWORD", PASSWORD)],
        )
        .await;
        assert_eq!(other_hub.get(&path).await.0, 200);
        other_hub.stop().await;
        hub.stop().await;
    }
}
