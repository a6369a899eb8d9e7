//! Spawns a child in a network namespace of its own, so that no other process
//! reaches its ports.
//!
//! ```text
//!  service ── spawns ──> child: a network of its own, loopback only
//!     │                    port 9515, to which no other process can connect
//!     └──────────────────────^ but by a socket that was made in there
//! ```
//!
//! A socket stays in the network that it was made in, also when passed on: so the
//! child makes one before it becomes its program, and hands it over.
//!
//! Source: `network_namespaces(7)`, `user_namespaces(7)`.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Child, Command};

use rustix::fs::{Mode, OFlags, open};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with, socketpair};
use rustix::process::{getgid, getuid};

use super::{recv_fds, send_fds, spawn_bound};
use crate::sys;

/// A child that has a network of its own, or could have had one.
#[derive(Debug)]
pub struct Isolated {
    /// The child.
    pub child: Child,
    /// TCP of IPv4, made where the child is; not connected, not blocking.
    pub socket: OwnedFd,
    /// The calling program, by a path that the child can execute: out of its
    /// user namespace, `/proc` shows it nothing of its parent's.
    pub program: PathBuf,
}

/// Makes a TCP socket of IPv4 in this process's network, neither connected nor
/// blocking.
pub fn tcp_socket() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    Ok(socket)
}

/// As [`spawn_bound`], and if it is to be `alone`, in a network of its own:
/// out of reach for everybody, the internet out of reach for it.
///
/// # Errors
/// As [`spawn_bound`]; also where the kernel, a container or a security module
/// lets no user have namespaces.
pub fn spawn_isolated(mut command: Command, alone: bool) -> io::Result<Isolated> {
    let kind = SocketType::STREAM;
    let (told, tell) = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)?;
    // The same users as here, since files are judged by them.
    let users = format!("{0} {0} 1", getuid().as_raw());
    let groups = format!("{0} {0} 1", getgid().as_raw());
    sys::in_child(&mut command, move || {
        if alone {
            sys::leave_the_network()?;
            write(c"/proc/self/setgroups", "deny")?;
            write(c"/proc/self/uid_map", &users)?;
            write(c"/proc/self/gid_map", &groups)?;
        }
        let socket = tcp_socket()?;
        if alone {
            sys::loopback_up(socket.as_fd())?;
        }
        // Without CLOEXEC: it is open for as long as the child runs.
        let program = open(c"/proc/self/exe", OFlags::PATH, Mode::empty())?;
        let number = program.as_raw_fd().to_ne_bytes();
        send_fds(&tell, &number, &[socket.as_fd()])?;
        let _ = program.into_raw_fd();
        Ok(())
    });
    let mut child = spawn_bound(command)?;
    let mut number = [0; size_of::<i32>()];
    match recv_fds(&told, &mut number) {
        Ok([socket]) => {
            let number = i32::from_ne_bytes(number);
            Ok(Isolated {
                program: PathBuf::from(format!("/proc/{}/fd/{number}", child.id())),
                socket,
                child,
            })
        }
        Err(error) => {
            child.kill()?;
            child.wait()?;
            Err(error)
        }
    }
}

fn write(file: &CStr, text: &str) -> io::Result<()> {
    let file = open(file, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(&file, text.as_bytes())?;
    Ok(())
}
