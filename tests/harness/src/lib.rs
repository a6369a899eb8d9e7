//! The harness of the end-to-end tests: the real binaries, real Chromium, and the stand-in of
//! WhatsApp.
//!
//! ```text
//!  test ──> Manager (binary) ──> chromedriver ─> Chromium ─> Standin (library)
//!     └───> Hub (binary) ──> Manager                            ^
//!     └───> Phone ──────────────────────────────────────────────┘
//! ```
//!
//! Everything that a test starts ends with the test, and the harness fails a test that leaves a
//! process behind.
#![expect(clippy::missing_panics_doc, reason = "a test fails by panicking")]

mod authenticator;
mod binary;
mod events;
mod flow;
mod hub;
mod manager;
mod nginx;
mod passkey_browser;
pub mod poll;
pub mod processes;
mod scratch;
mod small_disk;
mod whatsapp_name;

pub use authenticator::{AssertionOptions, Authenticator};
pub use binary::{
    Service, binary, built_in_wa_js, find_listening_url, run_to_end, spawn_bound_to_test,
};
pub use events::{Events, SseEvent};
pub use flow::run_browser_flow;
pub use hub::Hub;
pub use manager::{Manager, ManagerOptions, http, http_builder, send_request};
pub use nginx::{Nginx, Tls};
pub use passkey_browser::PasskeyBrowser;
pub use scratch::Scratch;
pub use small_disk::SmallDisk;
pub use whatsapp_name::WhatsappName;
pub use whatsapp_standin as standin;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use whatsapp_standin::{Settings, Standin};

/// The default timeout, longer than any operation takes on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Returns the root of the repository.
#[must_use]
pub fn repository_root() -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder.ancestors().nth(2).expect("a root").to_owned()
}

/// Returns the folder of the Node.js scripts and their npm dependencies.
#[must_use]
pub fn node_scripts() -> PathBuf {
    repository_root().join("tests/node")
}

/// Starts a stand-in and a session-manager that is linked to its phone.
pub async fn start_linked(settings: Settings, options: ManagerOptions) -> (Standin, Manager) {
    let standin = start_standin(settings).await;
    let manager = Manager::start_with(&standin, options).await;
    manager.link(&standin).await;
    (standin, manager)
}

/// Starts a stand-in on a free port.
pub async fn start_standin(settings: Settings) -> Standin {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Standin::start(address, settings)
        .await
        .expect("a free port on loopback")
}
