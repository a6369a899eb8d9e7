//! Checks that the page script was built; if not, fails with one sentence that says so.

use std::path::Path;

fn main() {
    for file in ["page/dist/bridge.js", "page/dist/wa-js.js"] {
        println!("cargo::rerun-if-changed={file}");
        if !Path::new(file).exists() {
            println!("cargo::error=The page script is not built: run `cargo xtask assets` first.");
            return;
        }
    }
}
