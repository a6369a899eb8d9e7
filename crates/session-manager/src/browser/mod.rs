//! The browser: its processes, its profile, its page.
//!
//! ```text
//!  session driver ──> Browser ──┬─ fantoccini (WebDriver): session, navigation,
//!                               │                          screenshot,
//!                               │              close
//!                               └─ CDP: calls side by side, pushed events
//!                      both over one pipe ─> Chrome ─> WhatsApp Web + page script
//! ```

mod cdp;
mod chromedriver;
mod facts;
mod flags;
mod handover;
mod launch;
mod page;
mod profile;
mod relay;
mod running;
mod tree;

pub use cdp::CdpError;
pub use facts::{Facts, PageAccount, PageEvent, PageMessage};
pub use handover::become_chrome;
pub use launch::{BrowserConfig, BrowserEvent, find_chrome, find_driver, launch, runs_as_root};
pub use page::{Found, Page, PageError, PageSend, ScanRequest, StoredMessage};
pub use profile::Profile;
pub(crate) use profile::remove_tree;
pub use running::{Browser, clear};
pub use tree::Tree;
