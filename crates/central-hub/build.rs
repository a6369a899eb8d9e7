//! The page is embedded, so it has to be there.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=web/dist");
    println!("cargo::rerun-if-changed=web/dist/index.html");
    if !Path::new("web/dist/index.html").is_file() {
        println!("cargo::error=The page is not built: run `cargo xtask assets` first.");
    }
}
