//! Build script: fails with one sentence when the page script was not built.

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
