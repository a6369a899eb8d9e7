//! The share of `FILES_QUOTA_MIB` that one business can take.

use harness::{Manager, ManagerOptions, answer};
use serde_json::Value;

#[tokio::test]
async fn cliente_quota_leaves_room_for_others() {
    let options = ManagerOptions::default()
        .with("FILE_MAX_MIB", 1)
        .with("FILES_QUOTA_MIB", 4)
        .with("FILES_QUOTA_CLIENTE_MIB", 1);
    let mut manager = Manager::without_browser(options).await;
    let upload = async |manager: &Manager, cliente: Option<u64>| {
        let request = manager.client().post(manager.url("/files?filename=a.txt"));
        let request = match cliente {
            Some(id) => request.header("x-cliente-id", id),
            None => request,
        };
        answer(request.body(vec![b'a'; 700_000])).await
    };
    let (status, first) = upload(&manager, Some(51)).await;
    assert_eq!(status, 201, "{first}");
    let refused = (507, Value::from("STORAGE_FULL"));
    let (status, body) = upload(&manager, Some(51)).await;
    assert_eq!((status, body["code"].clone()), refused, "{body}");
    // There is room for others, and for the first again once its own is gone;
    // that holds through a restart.
    assert_eq!(upload(&manager, Some(52)).await.0, 201);
    assert_eq!(upload(&manager, None).await.0, 201);
    assert!(manager.stop().await.success());
    manager.restart().await;
    assert_eq!(upload(&manager, Some(51)).await.0, 507);
    let id = first["file_id"].as_str().expect("an id");
    let delete = manager
        .client()
        .delete(manager.url(&format!("/files/{id}")));
    assert_eq!(answer(delete).await.0, 204);
    assert_eq!(upload(&manager, Some(51)).await.0, 201);
    assert!(manager.stop().await.success());
}
