//! `doctor`: checks of this machine, each with the command that cures it.
//!
//! ```text
//!  the running service's environment, or else this shell's
//!     ─> checks, each: ok | warning | failure ─> text or JSON ─> 0 | 1 | 2
//! ```

mod machine;
mod options;
mod report;
mod secrets;
mod service;
mod service_manager;

pub use machine::{clock, disk, folder, free_mib, port};
pub use options::Options;
pub use report::{Check, Report, Verdict};
pub use secrets::{SECRETS, secrets};
pub use service::{Service, Subject, Whose, examine};
pub use service_manager::ServiceManager;
