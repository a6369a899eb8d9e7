//! Checks that the page was built; if not, fails with a message that says so.

use std::path::Path;

fn main() {
    for name in [
        "index.html",
        "start.js",
        "swagger-ui-bundle.js",
        "swagger-ui.css",
    ] {
        let file = format!("page/dist/{name}.gz");
        println!("cargo::rerun-if-changed={file}");
        if !Path::new(&file).exists() {
            println!("cargo::error=The API's page is not built: run `cargo xtask assets` first.");
            return;
        }
    }
}
