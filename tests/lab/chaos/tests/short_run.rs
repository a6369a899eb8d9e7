//! Runs half a minute of chaos, which must violate no guarantee. The long run is `cargo xtask
//! chaos`.

use std::collections::BTreeSet;
use std::path::Path;

use chaos::{self, Amount, Arrival, Options, Plan};
use harness::Scratch;

/// A seed whose plan has the faults in [`PLANNED`].
const SEED: u64 = 1;
/// The faults of the seed, each once or more. Half a minute has no room for all kinds; the long run
/// has the others (docs/testing.md).
const PLANNED: &[&str] = &[
    "a held offline delivery",
    "drop the listeners",
    "unknown failures, not accepted",
    "kill Chrome",
    "kill ChromeDriver",
    "kill central-hub",
    "kill session-manager",
    "messages lost",
    "messages accepted without an ack",
    "missing tools",
    "network errors",
    "refuse logins",
    "refused with 475",
    "restart central-hub",
    "restart session-manager",
    "temporary bans",
];

/// The last of these faults, two seconds before the end.
const LAST: &str = "temporary bans";

/// Returns the names of the faults that `SEED` plans.
fn planned(plan: &Plan) -> BTreeSet<&'static str> {
    let faults = plan.kills.iter().chain(&plan.other_faults);
    faults.map(|fault| fault.action.name()).collect()
}

#[test]
fn seed_plans_the_listed_faults() {
    let plan = Plan::new(SEED, Amount::short());
    let expected: BTreeSet<_> = PLANNED.iter().copied().collect();
    assert_eq!(planned(&plan), expected);
}

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
    let injected = record.injected.iter().filter(|injected| injected.hit);
    let hit: BTreeSet<_> = injected.map(|injected| injected.action.name()).collect();
    let mut missed: BTreeSet<_> = planned(&outcome.plan).difference(&hit).copied().collect();
    // On a slow machine there may be no time left for the last fault, which is then not tried. All
    // others find a target.
    let tried = record
        .injected
        .iter()
        .map(|injected| injected.action.name());
    if !tried.into_iter().any(|name| name == LAST) {
        missed.remove(LAST);
    }
    assert_eq!(missed, BTreeSet::new(), "{}", outcome.figures);
    assert!(outcome.figures.accepted > 150, "{}", outcome.figures);
    assert!(outcome.figures.settled > 0, "{}", outcome.figures);
    assert_eq!(outcome.figures.asked, outcome.plan.sends());
    assert_eq!(record.written.len(), outcome.plan.leads.len());
    let calls = record.written.iter().filter(|w| w.arrival == Arrival::Call);
    assert!(calls.count() > 0, "{:?}", record.written);
    for service in ["session-manager", "central-hub"] {
        let of_service = record.files.iter().filter(|file| file.service == service);
        let served = of_service.filter(|file| file.is_whole);
        assert!(served.count() > 2, "{service}: {:?}", record.files);
    }
    assert!(record.contact_changes.len() > 20, "{}", outcome.figures);
    assert!(record.own_changes.len() > 15, "{}", outcome.figures);
    assert!(outcome.figures.own_changes.1 > 4, "{}", outcome.figures);
    for received in record.events_by_service.values() {
        assert!(received.changes.len() > 40, "{}", outcome.figures);
    }
}
