//! The browser: its processes, its profile, its page.
//!
//! ```text
//!  session driver ──> Browser ──┬─ fantoccini (WebDriver): session, navigation,
//!                               │                          screenshot, close
//!                               └─ BiDi: calls side by side, pushed events
//!                      chromedriver ─> Chrome ─> WhatsApp Web + page script
//! ```

mod bidi;
mod chromedriver;
mod facts;
mod flags;
mod garbage;
mod launch;
mod page;
mod profile;
mod running;
mod tree;

pub use bidi::BidiError;
pub use facts::{Facts, PageAccount, PageEvent, PageMessage};
pub use launch::{BrowserConfig, BrowserEvent, find_chrome, find_driver, launch, runs_as_root};
pub use page::{Found, Page, PageError, PageSend, ScanRequest, StoredMessage};
pub use profile::Profile;
pub(crate) use profile::remove_tree;
pub use running::{Browser, clear};
pub use tree::Tree;
