//! A short abuse run; the long one is `cargo xtask abuse`.

use abuse::{self, Options};

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
async fn unread_answers_block_nobody() {
    held("answers that nobody reads").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_block_nobody() {
    held("connections without a request").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_requests_are_answered() {
    held("requests that stop").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn multipart_heads_are_bounded() {
    held("heads of parts").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_bodies_are_bounded() {
    held("bodies without an end").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_in_names_are_bounded() {
    held("long names").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn event_streams_of_one_caller_are_bounded() {
    held("event streams").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_tokens_are_rate_limited() {
    held("wrong tokens").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flood_of_every_route_gets_its_statuses() {
    held("every route").await;
}
