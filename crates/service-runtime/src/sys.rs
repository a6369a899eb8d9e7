//! Contains the workspace's only unsafe code: system calls, each with the reason why it is safe.

use std::io;
use std::ops::Range;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use rustix::ioctl::{Opcode, Setter, ioctl};
use rustix::mm::{Advice, madvise};
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use rustix::thread::{UnshareFlags, unshare_unsafe};

/// Why a descriptor number was rejected.
#[derive(Debug, thiserror::Error)]
pub enum NotOurs {
    /// The number is a standard descriptor.
    #[error("descriptors 0 to 2 are standard input and output")]
    Standard,
    /// No open descriptor has this number.
    #[error("it is not open")]
    Closed(#[source] io::Error),
    /// The descriptor was opened by this process, not inherited.
    #[error("it was opened by this process itself, not inherited")]
    OpenedHere,
}

/// Takes a descriptor that the process inherited, and sets CLOEXEC so that no child gets it.
///
/// Rejects descriptors that this process opened: Rust sets CLOEXEC on all of them, and an inherited
/// one cannot have it. So an invalid number in the environment never closes another owner's
/// descriptor, and the same descriptor cannot be taken twice.
///
/// # Errors
/// Any [`NotOurs`].
pub fn inherited(number: RawFd) -> Result<OwnedFd, NotOurs> {
    if number <= 2 {
        return Err(NotOurs::Standard);
    }
    // SAFETY: the borrow ends before this function does, and is used only for
    // fcntl, which returns EBADF if the number is not open.
    #[expect(unsafe_code, reason = "a descriptor by its number, to ask about it")]
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    let flags = fcntl_getfd(borrowed).map_err(|error| NotOurs::Closed(error.into()))?;
    if flags.contains(FdFlags::CLOEXEC) {
        return Err(NotOurs::OpenedHere);
    }
    fcntl_setfd(borrowed, flags | FdFlags::CLOEXEC)
        .map_err(|error| NotOurs::Closed(error.into()))?;
    // SAFETY: the descriptor is open (checked by fcntl) and was inherited (no CLOEXEC until just
    // now), so it has no other owner in this process, and the flag set above keeps a second call
    // from creating one.
    #[expect(unsafe_code, reason = "PM2 hands its socket over as a number")]
    let owned = unsafe { OwnedFd::from_raw_fd(number) };
    Ok(owned)
}

/// Runs `work` in the child of `command`, between fork and exec.
///
/// `work` may only make system calls: no heap, no locks, no environment.
pub(crate) fn in_child<F>(command: &mut Command, work: F)
where
    F: FnMut() -> io::Result<()> + Send + Sync + 'static,
{
    // SAFETY: the restrictions on `work` are documented above, and its callers,
    // all in this crate, follow them.
    #[expect(unsafe_code, reason = "some calls have to be the child's own")]
    unsafe {
        command.pre_exec(work);
    }
}

/// Moves this process, which must have only one thread, into new user and network namespaces. Both
/// are empty at first: no user is mapped, and the loopback interface is down.
pub(crate) fn leave_the_network() -> io::Result<()> {
    // SAFETY: only `CLONE_FILES` affects memory safety: descriptors stay shared
    // by all threads here.
    #[expect(unsafe_code, reason = "rustix has one function for all flags")]
    unsafe {
        unshare_unsafe(UnshareFlags::NEWUSER | UnshareFlags::NEWNET)?;
    }
    Ok(())
}

/// Ends the process at once, without running destructors and exit handlers, which may wait for the
/// very part that hangs.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: `_exit` neither reads nor writes memory of this process, and does not return.
    #[expect(unsafe_code, reason = "the standard library's exit runs handlers")]
    unsafe {
        libc::_exit(code)
    }
}

/// `struct ifreq`, as `SIOCSIFFLAGS` reads it. Source: `netdevice(7)`.
#[repr(C)]
struct InterfaceFlags {
    name: [u8; 16],
    flags: i16,
    unused: [u8; 22],
}

/// Brings up the loopback interface of the network that `socket` is in.
pub(crate) fn loopback_up(socket: BorrowedFd<'_>) -> io::Result<()> {
    const SIOCSIFFLAGS: Opcode = 0x8914;
    const IFF_UP: i16 = 1;
    let up = InterfaceFlags {
        name: *b"lo\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        flags: IFF_UP,
        unused: [0; 22],
    };
    // SAFETY: the structure is as large as the kernel's, which only reads it.
    #[expect(unsafe_code, reason = "an ioctl of which rustix does not know")]
    unsafe {
        ioctl(socket, Setter::<SIOCSIFFLAGS, _>::new(up))?;
    }
    Ok(())
}

/// Spawns a child in its own process group. The kernel kills the child when the calling thread
/// ends.
pub(crate) fn spawn_with_death_signal(command: &mut Command) -> io::Result<Child> {
    let parent: Option<Pid> = Some(rustix::process::getpid());
    command.process_group(0);
    in_child(command, move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // If the parent died before the line above, the signal would never come.
        if getppid() == parent {
            Ok(())
        } else {
            Err(io::Error::from(rustix::io::Errno::SRCH))
        }
    });
    command.spawn()
}

/// Makes the allocator take allocations of at least this many bytes from the kernel, and give them
/// back when they are freed. Returns whether the setting took effect.
#[cfg(target_env = "gnu")]
pub(crate) fn map_allocations_from(bytes: std::ffi::c_int) -> bool {
    // SAFETY: mallopt changes a number of the allocator, under the allocator's lock.
    #[expect(unsafe_code, reason = "a setting of the C library")]
    let done = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, bytes) };
    done == 1
}

/// Returns `false`: only glibc has this setting.
#[cfg(not(target_env = "gnu"))]
pub(crate) fn map_allocations_from(_bytes: std::ffi::c_int) -> bool {
    false
}

/// Releases the mapped pages of this program's code. Returns the size of the code in bytes. Code
/// that runs again is mapped again, usually from the page cache.
pub(crate) fn unmap_code() -> io::Result<usize> {
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    let program = std::fs::read_link("/proc/self/exe")?;
    let mut length = 0;
    for (range, path) in maps.lines().filter_map(code_of) {
        if program.as_os_str() != path {
            continue;
        }
        // SAFETY: the range is a private, unmodified mapping of the program's file (`r-xp`). Its
        // content comes back from the file at the next access, whatever thread runs there
        // meanwhile.
        #[expect(unsafe_code, reason = "madvise takes an address")]
        unsafe {
            let start = std::ptr::with_exposed_provenance_mut(range.start);
            madvise(start, range.len(), Advice::LinuxDontNeed)?;
        }
        length += range.len();
    }
    Ok(length)
}

/// Parses a line of `/proc/self/maps` into addresses and file; `None` if it does not map code.
fn code_of(line: &str) -> Option<(Range<usize>, &str)> {
    let mut words = line.split_ascii_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let address = |hex| usize::from_str_radix(hex, 16).ok();
    let range = address(start)?..address(end)?;
    (words.next()? == "r-xp").then_some((range, words.nth(3)?))
}
