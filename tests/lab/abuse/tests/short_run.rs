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
