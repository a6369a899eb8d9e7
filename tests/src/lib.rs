//! The harness of the end-to-end tests: the real binaries, real Chromium, and
//! the stand-in for WhatsApp.
//!
//! ```text
//!  test ──> Manager (binary) ──> chromedriver ─> Chromium ─> Standin (library)
//!     └───> Hub (binary) ──> Manager                            ^
//!     └───> Phone ──────────────────────────────────────────────┘
//! ```
//!
//! Whatever a test starts ends with it, and the harness fails a test that
//! leaves a process behind.
#![expect(
    clippy::missing_panics_doc,
    reason = "a harness panics: that is how a test fails"
)]

pub mod abuse;
mod authenticator;
pub mod bench;
mod binary;
pub mod book;
pub mod chaos;
mod events;
mod flow;
mod hub;
mod manager;
pub mod poll;
pub mod processes;
mod scratch;
pub mod soak;

pub use authenticator::{Answer, Authenticator};
pub use binary::{Service, binary, run_to_end};
pub use events::{Events, SseEvent};
pub use flow::browser_flow;
pub use hub::Hub;
pub use manager::{Manager, ManagerOptions, answer, http, http_builder};
pub use scratch::Scratch;
pub use whatsapp_standin as standin;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use whatsapp_standin::{Settings, Standin};

/// Longer than anything healthy takes on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A stand-in and a session-manager that is linked to its phone.
pub async fn linked(settings: Settings, options: ManagerOptions) -> (Standin, Manager) {
    let standin = standin(settings).await;
    let manager = Manager::start_with(&standin, options).await;
    manager.link(&standin).await;
    (standin, manager)
}

/// A stand-in on a free port.
pub async fn standin(settings: Settings) -> Standin {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Standin::start(address, settings)
        .await
        .expect("a free port on loopback")
}
