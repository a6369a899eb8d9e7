//! A short abuse run; the long one is `cargo xtask abuse`. And what one business
//! can take of the room for files.

use e2e::abuse::{self, Options};
use e2e::{Manager, ManagerOptions, answer};
use serde_json::Value;

async fn held(only: &str) {
    let options = Options {
        short: true,
        only: Some(only.to_owned()),
    };
    let outcome = abuse::run(&options, drop).await;
    assert!(!outcome.rows.is_empty(), "{only} is no attack");
    let rows: Vec<_> = outcome.rows.iter().map(ToString::to_string).collect();
    assert_eq!(outcome.broken(), Vec::<String>::new(), "{rows:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_nobody_reads_stop_nobody() {
    held("answers that nobody reads").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_stand_still_stop_nobody() {
    held("connections without a request").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_stop_are_answered_wherever_they_stop() {
    held("requests that stop").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_of_parts_take_no_memory() {
    held("heads of parts").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_without_an_end_take_no_memory() {
    held("bodies without an end").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_at_the_sign_in_take_no_memory() {
    held("long names").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_of_one_caller_are_bounded() {
    held("event streams").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_tokens_run_out() {
    held("wrong tokens").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_everything_is_answered_as_what_it_is() {
    held("every route").await;
}

#[tokio::test]
async fn one_business_has_its_share_of_the_room_for_files() {
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
