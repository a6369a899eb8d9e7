//! Sets resource limits: the open descriptors of this process, and what a child may use.

use std::io;
use std::process::Command;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::sys;

/// The limits of a child. If it exceeds one, the kernel kills it or refuses the request.
#[derive(Clone, Copy, Debug)]
pub struct ResourceLimits {
    /// Processor time, in seconds.
    pub cpu_seconds: u64,
    /// Size of the address space, in bytes.
    pub memory: u64,
    /// Maximum size of a file that it writes, in bytes.
    pub file_size: u64,
}

impl ResourceLimits {
    /// Applies the limits to the child of `command`, and disables its core dumps.
    pub fn apply(self, command: &mut Command) {
        let limits = [
            (Resource::Cpu, self.cpu_seconds),
            (Resource::As, self.memory),
            (Resource::Fsize, self.file_size),
            (Resource::Core, 0),
        ];
        sys::in_child(command, move || {
            for (resource, most) in limits {
                let limit = Rlimit {
                    current: Some(most),
                    maximum: Some(most),
                };
                setrlimit(resource, limit).map_err(io::Error::from)?;
            }
            Ok(())
        });
    }
}

/// Raises the limit on open descriptors to `wanted`, or as far as the system allows. Returns the
/// resulting limit.
pub fn raise_descriptors(wanted: u64) -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let has = current.unwrap_or(u64::MAX);
    if has >= wanted {
        return has;
    }
    let raised = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let limit = Rlimit {
        current: Some(raised),
        maximum,
    };
    match setrlimit(Resource::Nofile, limit) {
        Ok(()) => raised,
        Err(_) => has,
    }
}
