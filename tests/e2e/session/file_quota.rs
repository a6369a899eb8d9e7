//! Tests how much of `FILES_QUOTA_MIB` one business can use.

use std::convert::Infallible;

use futures_util::StreamExt as _;
use futures_util::stream::{self, FuturesUnordered};
use harness::{Hub, Manager, ManagerOptions, send_request};
use scratch_database::on_both_engines;
use serde_json::{Value, json};

/// Starts a session-manager with room for four files, one per business.
async fn manager() -> Manager {
    let options = ManagerOptions::default()
        .with("FILE_MAX_MIB", 1)
        .with("FILES_QUOTA_MIB", 4)
        .with("FILES_QUOTA_CLIENTE_MIB", 1);
    Manager::without_browser(options).await
}

on_both_engines! {
    async fn quota_is_counted_per_business_of_the_signed_in_user(database: Database) {
        const PASSWORD: &str = "una clave de prueba, larga";
        let mut manager = manager().await;
        let options = ManagerOptions::default()
            .with("DATABASE_URL", database.url())
            .with("HUB_ADMIN_PASSWORD", PASSWORD);
        let hub = Hub::start(&manager, options).await;
        let token = async |cliente: u64| {
            let body = json!({"name": "prueba", "scopes": ["send"], "cliente_id": cliente});
            let request = hub.client().post(hub.url("/api/tokens")).json(&body);
            let (status, body) = send_request(request.basic_auth("admin", Some(PASSWORD))).await;
            assert_eq!(status, 201, "{body}");
            body["token"].as_str().expect("a token").to_owned()
        };
        let upload = async |token: &str, claim: Option<u64>| {
            let request = hub.client().post(hub.url("/api/files?filename=a.txt"));
            let request = match claim {
                Some(id) => request.header("x-cliente-id", id),
                None => request,
            };
            send_request(request.bearer_auth(token).body(vec![b'a'; 700_000])).await
        };
        let (own_token, other_token) = (token(51).await, token(52).await);
        assert_eq!(upload(&own_token, None).await.0, 201);
        let (status, body) = upload(&own_token, None).await;
        assert_eq!(
            (status, &body["code"]),
            (507, &json!("STORAGE_FULL")),
            "{body}"
        );
        assert_eq!(
            upload(&own_token, Some(52)).await.0,
            403,
            "a business uploads for another one"
        );
        assert_eq!(upload(&other_token, None).await.0, 201);
        drop(hub);
        assert!(manager.stop().await.success());
    }
}

#[tokio::test]
async fn cliente_quota_leaves_room_for_others() {
    let mut manager = manager().await;
    let upload = async |manager: &Manager, cliente: Option<u64>| {
        let request = manager.client().post(manager.url("/files?filename=a.txt"));
        let request = match cliente {
            Some(id) => request.header("x-cliente-id", id),
            None => request,
        };
        send_request(request.body(vec![b'a'; 700_000])).await
    };
    let (status, uploaded) = upload(&manager, Some(51)).await;
    assert_eq!(status, 201, "{uploaded}");
    let storage_full = (507, Value::from("STORAGE_FULL"));
    let (status, body) = upload(&manager, Some(51)).await;
    assert_eq!((status, body["code"].clone()), storage_full, "{body}");
    // There is room for other businesses. The first has room again once its own file is deleted,
    // also after a restart.
    assert_eq!(upload(&manager, Some(52)).await.0, 201);
    assert_eq!(upload(&manager, None).await.0, 201);
    assert!(manager.stop().await.success());
    manager.restart().await;
    assert_eq!(upload(&manager, Some(51)).await.0, 507);
    let id = uploaded["file_id"].as_str().expect("an id");
    let delete = manager
        .client()
        .delete(manager.url(&format!("/files/{id}")));
    assert_eq!(send_request(delete).await.0, 204);
    assert_eq!(upload(&manager, Some(51)).await.0, 201);
    assert!(manager.stop().await.success());
}

/// Checks that uploads that stop midway hold at most the slots of their business, and together at
/// most all slots.
#[tokio::test]
async fn uploads_at_once_are_bounded_per_business_and_in_total() {
    const TRIED: usize = 40;
    const OF_BUSINESS: usize = 32;
    let mut manager = manager().await;
    let upload = |cliente: u64| {
        let request = manager.client().post(manager.url("/files?filename=a.txt"));
        request.header("x-cliente-id", cliente)
    };
    let mut connections = Vec::new();
    for cliente in [51, 52] {
        let uploads = (0..TRIED).map(|_| {
            let partial_body = stream::iter([Ok::<_, Infallible>("a")]).chain(stream::pending());
            let body = reqwest::Body::wrap_stream(partial_body);
            Box::pin(send_request(upload(cliente).body(body)))
        });
        let mut uploads: FuturesUnordered<_> = uploads.collect();
        for _ in OF_BUSINESS..TRIED {
            let (status, body) = uploads.next().await.expect("an answer");
            assert_eq!(
                (status, &body["code"]),
                (429, &json!("TOO_MANY_AT_ONCE")),
                "{body}"
            );
        }
        assert_eq!(uploads.len(), OF_BUSINESS);
        connections.push(uploads);
    }
    // The 64 uploads in progress hold all slots.
    let response = upload(53).body("a").send().await.expect("an answer");
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    let body: Value = response.json().await.expect("a body");
    assert_eq!(body["code"], "OVERLOADED");
    // An upload that the caller gives up releases its slot.
    connections.clear();
    harness::poll::until("a free upload slot", async || {
        let (status, _) = send_request(upload(53).body("a")).await;
        (status == 201).then_some(())
    })
    .await;
    assert!(manager.stop().await.success());
}
