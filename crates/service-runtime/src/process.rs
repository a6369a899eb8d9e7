//! Manages child processes that die with the service, and finds leftover ones.
//!
//! ```text
//!  service ── spawner thread (lives as long as the process)
//!                 └─ child: own process group, SIGKILL when the thread ends
//!                       └─ grandchildren …            ─┐
//!  any that left the group or lost their parent ───────┴─ ProcessTable finds them
//! ```
//!
//! Pids are reused. A [`ProcessId`] includes the start time, so that a signal never reaches another
//! process. Zombies do not count as alive, since they use no resources.

mod fd_passing;
mod limits;
mod netns;
mod signal;
mod spawn;
mod table;
pub mod usage;

pub use fd_passing::{recv_fds, send_fds};
pub use limits::{ResourceLimits, raise_descriptors};
pub use netns::{Isolated, spawn_isolated, tcp_socket};
pub use rustix::process::Signal;
pub use signal::{kill, kill_group};
pub use spawn::{hide_supervisor, spawn_bound};
pub use table::{Process, ProcessId, ProcessTable};
pub use usage::Usage;
