//! Tests the firewall of `deploy/nftables` with packets, in a separate network.

use std::path::Path;
use std::time::Duration;

use harness::Scratch;
use tokio::process::Command;

#[tokio::test]
async fn nftables_lets_in_this_machine_and_who_is_named() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let work = Scratch::default();
    let run = Command::new(here.join("e2e/deploy/nftables.sh"))
        .arg(here.join("../deploy/nftables/leadmaster.nft"))
        .arg(work.path())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(110), run).await;
    let output = output.expect("in time").expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    assert!(
        said.contains("the neighbour does not reach 3001 over IPv6"),
        "{said}"
    );
    assert!(
        said.ends_with("away with it, everything is as before\n"),
        "{said}"
    );
}
