//! Spawns a child in its own network namespace, so that no other process can connect to its ports.
//!
//! ```text
//!  service ── spawns ──> child: a network of its own, loopback only
//!     │                    port 9515, to which no other process can connect
//!     └──────────────────────^ except with a socket created in it
//! ```
//!
//! A socket stays in the network in which it was created, even when it is passed on. So the child
//! creates one before exec and passes it to the parent.
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

/// A spawned child, in its own network namespace if that was requested.
#[derive(Debug)]
pub struct Isolated {
    /// The child.
    pub child: Child,
    /// An IPv4 TCP socket that was created in the child's network; not connected, nonblocking.
    pub socket: OwnedFd,
    /// The path of the calling program for the child to execute. In the child's user namespace
    /// `/proc` hides its parent, so an ordinary path would not work.
    pub program: PathBuf,
}

/// Creates an IPv4 TCP socket in this process's network; not connected, nonblocking.
pub fn tcp_socket() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    Ok(socket)
}

/// Works like [`spawn_bound`]. If `alone`, the child gets its own network: no other process can
/// reach it, and it cannot reach the internet.
///
/// # Errors
/// As [`spawn_bound`]; also if the kernel, a container or a security module does not allow user
/// namespaces.
pub fn spawn_isolated(mut command: Command, alone: bool) -> io::Result<Isolated> {
    let kind = SocketType::STREAM;
    let (told, tell) = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)?;
    // The child keeps its user and group ids, for file permissions.
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
        // Opened without CLOEXEC, so that it stays open while the child runs.
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
