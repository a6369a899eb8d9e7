//! Runs a short abuse test. The long one is `cargo xtask abuse`.

use abuse::{self, Engine, Options};

/// Returns the options of a default installation on this machine.
fn default_options() -> Options {
    Options {
        short: true,
        ..Options::default()
    }
}

/// Returns the options of a large installation, with everything that differs: two hubs on one
/// PostgreSQL, attacked over the internet.
fn large_options() -> Options {
    Options {
        short: true,
        engine: Engine::Postgres,
        hubs: 2,
        nginx: true,
        ..Options::default()
    }
}

async fn assert_withstands(options: Options, only: &str) {
    let options = Options {
        only: Some(only.to_owned()),
        ..options
    };
    let outcome = abuse::run(&options, drop).await;
    assert!(!outcome.rows.is_empty(), "{only} is no attack");
    let rows: Vec<_> = outcome.rows.iter().map(ToString::to_string).collect();
    assert_eq!(outcome.violations(), Vec::<String>::new(), "{rows:#?}");
}

/// Generates the test of an attack on a large installation, unless there is a reason why that
/// installation is known not to withstand it (`docs/security.md`).
macro_rules! large_test_unless {
    ($attack:literal, $reason:literal) => {};
    ($attack:literal) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn behind_nginx_with_two_hubs_on_postgres() {
            assert_withstands(large_options(), $attack).await;
        }
    };
}

/// Generates two tests for each attack, and one that checks that no attack is missing.
macro_rules! attacks {
    ($(fn $name:ident($attack:literal) $(, $reason:literal)?;)*) => {
        $(mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_a_default_installation() {
                assert_withstands(super::default_options(), $attack).await;
            }

            large_test_unless!($attack $(, $reason)?);
        })*

        #[test]
        fn every_attack_has_a_test() {
            assert_eq!(abuse::names(), [$($attack),*]);
        }
    };
}

attacks! {
    fn unread_responses_do_not_block_others("answers that nobody reads");
    fn idle_connections_do_not_block_others("connections without a request");
    fn incomplete_request_heads_do_not_block_others("half a head"),
        "nginx counts a connection once its head is whole";
    fn kept_alive_connections_do_not_block_others("connections after an answer");
    fn stalled_requests_are_answered("requests that stop");
    fn dripping_requests_do_not_block_others("requests byte by byte");
    fn multipart_heads_are_bounded("heads of parts without an end");
    fn endless_bodies_are_bounded("bodies without an end");
    fn sign_in_names_are_bounded("long names at the sign-in");
    fn event_streams_of_one_caller_are_bounded("event streams of one caller");
    fn slow_lists_are_bounded("lists that come slowly");
    fn searches_are_bounded("searches");
    fn flood_of_every_route_gets_its_statuses("every route, role and name");
    fn wrong_tokens_are_rate_limited("wrong tokens");
}
