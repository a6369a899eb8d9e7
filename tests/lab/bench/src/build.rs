//! Benchmarks download and build: the sizes of the binaries, a first visit to the page, a clean
//! build.

use std::process::Stdio;
use std::time::Instant;

use serde::Deserialize;
use tokio::process::Command;

use super::report::ProductFigure;
use harness::{Scratch, binary, node_scripts, repository_root};

/// The product's binaries.
const BINARIES: [&str; 2] = ["session-manager", "central-hub"];

/// Measures the sizes of the binaries.
pub(super) fn measure_binary_sizes() -> Vec<ProductFigure> {
    let size = |name: &str| {
        let file = binary(name).metadata().expect("it is built");
        #[expect(clippy::cast_precision_loss, reason = "some megabytes")]
        let size = file.len() as f64 / 1e6;
        ProductFigure::new(format!("{name}, binary"), "MB", size)
    };
    BINARIES.map(size).into()
}

/// The output of `bench-page.mjs`.
#[derive(Deserialize)]
struct Visits {
    here: Visit,
    phone: Visit,
}

/// A first visit: the bytes that were transferred, and the time in milliseconds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Visit {
    bytes: f64,
    first_content: f64,
    interactive: f64,
}

/// Measures a first visit to the page of the hub at `url`.
pub(super) async fn measure_page_visit(url: &str) -> Vec<ProductFigure> {
    let temporary = Scratch::default();
    let output = Command::new("node")
        .arg("bench-page.mjs")
        .current_dir(node_scripts())
        .env("HUB_URL", url)
        .env("TMPDIR", temporary.path())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .expect("node");
    let visits: Visits = serde_json::from_slice(&output.stdout).expect("what the script prints");
    vec![
        // A slow phone is measured until the page is at rest. On this machine Lighthouse goes on, and
        // counts what the page loads afterwards.
        ProductFigure::new(
            "page, bytes of a first visit",
            "kB",
            visits.phone.bytes / 1e3,
        ),
        ProductFigure::new("page, first content", "ms", visits.here.first_content),
        ProductFigure::new("page, interactive", "ms", visits.here.interactive),
        ProductFigure::new(
            "page, first content on a slow phone",
            "ms",
            visits.phone.first_content,
        ),
        ProductFigure::new(
            "page, interactive on a slow phone",
            "ms",
            visits.phone.interactive,
        ),
    ]
}

/// Measures a clean release build of both binaries, with the sources of the dependencies already
/// downloaded.
pub(super) async fn measure_clean_build() -> ProductFigure {
    let folder = Scratch::default();
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(["build", "--release", "--locked", "--quiet"])
        .arg("--target-dir")
        .arg(folder.path())
        .current_dir(repository_root())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    for name in BINARIES {
        command.args(["--package", name]);
    }
    let start = Instant::now();
    let status = command.status().await.expect("cargo");
    assert!(status.success(), "the build failed: {status}");
    ProductFigure::new(
        "cold build of both, optimised",
        "s",
        start.elapsed().as_secs_f64(),
    )
}
