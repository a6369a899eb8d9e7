//! Implements the `doctor` command: checks of this machine, each with a remedy.
//!
//! ```text
//!  the running service's environment, or else this shell's
//!     ─> checks, each: ok | warning | failure ─> text or JSON ─> 0 | 1 | 2
//! ```

mod machine;
mod options;
mod permissions;
mod report;
mod secrets;
mod service;
mod service_manager;
mod watchdog;

pub use machine::{clock, disk, folder, folder_of, free_mib, port};
pub use options::Options;
pub use permissions::logs;
pub use report::{Check, DoctorReport, Verdict};
pub use secrets::{SECRETS, secrets};
pub use service::{EnvironmentOf, Service, Subject, examine};
pub use service_manager::ServiceManager;
pub use watchdog::watchdog;
