//! Runs the browser: its processes, its profile, its page.
//!
//! ```text
//!  session driver ──> Browser ──┬─ fantoccini (WebDriver): session, screenshot,
//!                               │     diagnosis, close ──> chromedriver ─┐
//!                               └─ Page, Tab (DevTools): concurrent      │
//!                                  calls, pushed events ─────────────────┤
//!                            WhatsApp Web + page script <── Chrome <─ relay
//! ```

mod cdp;
mod cdp_mux;
mod chrome;
mod chrome_flags;
mod chrome_shim;
mod chromedriver;
mod connector;
mod events;
mod launch;
mod leftover_processes;
mod page_report;
mod profile;
mod running_browser;
mod tab;
mod user_agent;
mod whatsapp_page;

pub use cdp::CdpError;
pub use chromedriver::{find_on_path, is_executable};
pub use events::{BrowserEvent, Events};
pub use launch::{BrowserConfig, find_chrome, find_driver, launch, runs_as_root};
pub use leftover_processes::ProfileProcesses;
pub use page_report::{
    Notice, PageAccount, PageChange, PageChangeKind, PageEvent, PageLimits, PageLinkCode,
    PageMessage, PagePasskey, PageReport, PageUpdate, PasskeyStage,
};
pub(crate) use profile::remove_tree;
pub use profile::{Profile, Usage};
pub use running_browser::{Browser, KILL_GRACE, clean_up};
pub use whatsapp_page::{
    ChatSearch, Direction, GivenReaction, MemorySearch, OwnMessage, PageContact, PageEdit,
    PageError, PageFile, PageReaction, PageSend, PairingCode, Presence, ReadChat, ReadMessages,
    Sent, StoredMessage, WhatsAppPage,
};

use std::process::ExitCode;

/// Runs as a browser helper if this process was started as one: as Chrome's shim, or to become
/// Chrome. Returns `None` if it was not.
///
/// Call it before anything else is read or opened.
#[must_use]
pub fn run_as_helper() -> Option<ExitCode> {
    chrome_shim::run_as_shim().or_else(chrome::become_chrome)
}
