//! Tests the firewall of `deploy/nftables` with packets, in a separate network.

use std::path::Path;
use std::time::Duration;

use harness::Scratch;
use tokio::process::Command;

#[tokio::test]
async fn nftables_admits_only_this_host_and_named_addresses() {
    let tests_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let work = Scratch::default();
    let script = Command::new(tests_folder.join("e2e/deploy/nftables.sh"))
        .arg(tests_folder.join("../deploy/nftables/leadmaster.nft"))
        .arg(work.path())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(110), script).await;
    let output = output.expect("in time").expect("it starts");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}{errors}");
    assert!(
        stdout.contains("the neighbour does not reach 3001 over IPv6"),
        "{stdout}"
    );
    assert!(
        stdout.ends_with("without the table, the neighbour reaches 3012 again\n"),
        "{stdout}"
    );
}
