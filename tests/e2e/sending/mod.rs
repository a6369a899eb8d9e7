//! Tests outgoing messages: every kind, and each exactly once.

mod exactly_once;
pub(crate) mod file_kinds;
pub(crate) mod media;
mod message_changes;
mod message_kinds;
mod reactions;

/// Writes wa-js with scripts before and after it, for `WA_JS_PATH`.
fn write_wa_js(folder: &harness::Scratch, before: &str, after: &str) -> std::path::PathBuf {
    let path = folder.join("wa-js.js");
    let wa_js = std::fs::read_to_string(harness::built_in_wa_js()).expect("the bundle");
    std::fs::write(&path, [before, &wa_js, after].concat()).expect("a file");
    path
}
