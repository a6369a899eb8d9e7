//! Half a minute of chaos without a violated guarantee. The long run is
//! `cargo xtask chaos`.

use std::path::Path;

use chaos::{self, Action, Options};
use harness::Scratch;

/// A seed whose plan has every kind of fault.
const SEED: u64 = 1;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chaos_for_half_a_minute_breaks_no_promise() {
    let scratch = Scratch::default();
    let options = Options::short(SEED, scratch.path().to_owned());
    let outcome = chaos::run(options, drop).await;
    let record = &outcome.record;
    if !outcome.violations.is_empty() {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("chaos");
        outcome.keep(scratch.path(), &kept).expect("kept");
        panic!(
            "{:#?}\n{}\nlogs and record: {}; again: cargo xtask chaos --short --seed {SEED}",
            outcome.violations,
            outcome.figures,
            kept.display()
        );
    }
    // A run without faults proves nothing.
    let hit = |action| record.struck.iter().any(|s| s.hit && s.action == action);
    for action in [
        Action::KillChrome,
        Action::KillChromedriver,
        Action::KillManager,
        Action::KillHub,
    ] {
        assert!(hit(action), "{action:?} struck nothing");
    }
    assert!(outcome.figures.accepted > 150, "{}", outcome.figures);
    assert!(outcome.figures.settled > 0, "{}", outcome.figures);
    assert_eq!(outcome.figures.asked, outcome.plan.sends());
    assert_eq!(record.written.len(), outcome.plan.leads.len());
    assert!(record.files.len() > 3, "{:?}", record.files);
}
