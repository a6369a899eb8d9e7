//! Tests the page's passkey flow in a browser with a virtual authenticator, and what the extension
//! may do.

use std::path::Path;
use std::time::Duration;

use harness::standin::Settings;
use harness::{Hub, Manager, ManagerOptions, WhatsappName, run_browser_flow, start_standin};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(270);

#[tokio::test]
async fn passkey_by_hand_and_with_the_extension() {
    let standin = start_standin(Settings {
        passkey: true,
        ..Settings::default()
    })
    .await;
    let whatsapp = WhatsappName::serve(&standin).await.address().to_string();
    let mut manager = Manager::start(&standin).await;
    let hub = Hub::start(&manager, ManagerOptions::default()).await;
    let phone = standin.web_url();
    let variables = [
        ("PHONE_URL", phone.as_str()),
        ("WHATSAPP", whatsapp.as_str()),
    ];
    run_browser_flow(&hub, "passkey-flow.mjs", &variables, PATIENCE).await;
    manager.stop().await;
}

/// Checks that the extension may run in the hub's page and in WhatsApp's, and nowhere else. Its
/// README promises this; its manifest and the calls in its scripts prove it.
#[test]
fn extension_has_no_permissions_and_stores_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/passkey");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect(name);
    let manifest: Value = serde_json::from_str(&read("manifest.json")).expect("JSON");
    assert_eq!(manifest["manifest_version"], 3);
    assert_eq!(manifest["permissions"], json!([]));
    assert_eq!(manifest["incognito"], "not_allowed");
    // No other key may grant it anything: hosts, optional permissions, files for pages, messages
    // from pages or other extensions.
    let keys: Vec<_> = manifest.as_object().expect("an object").keys().collect();
    let mut known = vec![
        "manifest_version",
        "name",
        "short_name",
        "version",
        "description",
        "minimum_chrome_version",
        "incognito",
        "permissions",
        "background",
        "content_scripts",
    ];
    known.sort_unstable();
    let mut keys: Vec<_> = keys.into_iter().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, known);
    assert_eq!(
        manifest["background"],
        json!({"service_worker": "background.js"})
    );
    let scripts = json!([
        {"matches": ["http://localhost/*", "http://127.0.0.1/*"], "js": ["hub.js"], "run_at": "document_start"},
        {"matches": ["https://web.whatsapp.com/*"], "js": ["whatsapp.js"], "run_at": "document_start"},
    ]);
    assert_eq!(manifest["content_scripts"], scripts);

    let entries = std::fs::read_dir(&folder).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.into_string().expect("UTF-8"));
    let mut files: Vec<_> = names.filter(|name| !name.starts_with("README.")).collect();
    files.sort();
    assert_eq!(
        files,
        ["background.js", "hub.js", "manifest.json", "whatsapp.js"]
    );
    for file in files.iter().filter(|name| name.ends_with(".js")) {
        let source = read(file);
        for call in source.split("chrome.").skip(1) {
            let call = call.split(['(', ';']).next().unwrap_or_default();
            let allowed = [
                "runtime.connect",
                "runtime.onConnect.addListener",
                "tabs.create",
                "tabs.remove",
                "tabs.update",
            ];
            assert!(allowed.contains(&call), "{file}: chrome.{call}");
        }
        for word in [
            "storage",
            "localStorage",
            "sessionStorage",
            "indexedDB",
            "caches",
            "cookie",
            "fetch",
            "XMLHttpRequest",
            "WebSocket",
            "EventSource",
            "sendBeacon",
            "RTCPeerConnection",
            "import",
            "eval",
            "Function(",
            "innerHTML",
            ".src",
        ] {
            assert!(!source.contains(word), "{file}: {word}");
        }
    }
}
