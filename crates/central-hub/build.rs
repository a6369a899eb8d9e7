//! Fails the build if the web page, which is embedded in the binary, is missing.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=web/dist");
    println!("cargo::rerun-if-changed=web/dist/index.html");
    if !Path::new("web/dist/index.html").is_file() {
        println!("cargo::error=The page is not built: run `cargo xtask assets` first.");
    }
}
