//! The workspace's only unsafe code: system calls, each with its reason.

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

/// Why a descriptor number was not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotOurs {
    /// It is one that every program has.
    #[error("descriptors 0 to 2 are standard input and output")]
    Standard,
    /// Nothing is open under the number.
    #[error("it is not open")]
    Closed(#[source] io::Error),
    /// It was not inherited.
    #[error("it was opened by this process itself, not handed to it")]
    OpenedHere,
}

/// Takes a descriptor that the process was started with, and sets CLOEXEC so
/// that no child gets it.
///
/// Descriptors that this process opened itself are refused: Rust opens all of
/// them with CLOEXEC, and one that was inherited cannot have had it. So a
/// nonsense number in the environment takes nobody's descriptor away, and the
/// same one cannot be taken twice.
///
/// # Errors
/// Any [`NotOurs`].
pub fn inherited(number: RawFd) -> Result<OwnedFd, NotOurs> {
    if number <= 2 {
        return Err(NotOurs::Standard);
    }
    // SAFETY: the borrow ends before this function does, and is used only for
    // fcntl, which answers EBADF when nothing is open under the number.
    #[expect(unsafe_code, reason = "a descriptor by its number, to ask about it")]
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    let flags = fcntl_getfd(borrowed).map_err(|error| NotOurs::Closed(error.into()))?;
    if flags.contains(FdFlags::CLOEXEC) {
        return Err(NotOurs::OpenedHere);
    }
    fcntl_setfd(borrowed, flags | FdFlags::CLOEXEC)
        .map_err(|error| NotOurs::Closed(error.into()))?;
    // SAFETY: it is open (fcntl said so), it was inherited (no CLOEXEC until
    // just now), so no other owner exists in this process, and the flag set
    // above keeps a second call from making one.
    #[expect(unsafe_code, reason = "PM2 hands its socket over as a number")]
    let owned = unsafe { OwnedFd::from_raw_fd(number) };
    Ok(owned)
}

/// Has `command`'s child do this between fork and exec.
///
/// `work` may only make system calls: no heap, no locks, no environment.
pub(crate) fn in_child<F>(command: &mut Command, work: F)
where
    F: FnMut() -> io::Result<()> + Send + Sync + 'static,
{
    // SAFETY: what `work` may not do is said above, and its callers, of this
    // crate alone, keep to it.
    #[expect(unsafe_code, reason = "some calls have to be the child's own")]
    unsafe {
        command.pre_exec(work);
    }
}

/// Puts this process, which must have one thread, into a user namespace and a
/// network of its own. Both are empty at first: no user is mapped, and the
/// loopback interface is down.
pub(crate) fn leave_the_network() -> io::Result<()> {
    // SAFETY: only `CLONE_FILES` bears on memory safety: descriptors stay
    // shared by all threads here.
    #[expect(unsafe_code, reason = "rustix has one function for all flags")]
    unsafe {
        unshare_unsafe(UnshareFlags::NEWUSER | UnshareFlags::NEWNET)?;
    }
    Ok(())
}

/// `struct ifreq`, as `SIOCSIFFLAGS` reads it. Source: `netdevice(7)`.
#[repr(C)]
struct InterfaceFlags {
    name: [u8; 16],
    flags: i16,
    unused: [u8; 22],
}

/// Brings the loopback interface up, of the network that `socket` is in.
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

/// Spawns in a process group of its own, to be killed by the kernel when the
/// calling thread ends.
pub(crate) fn spawn_with_death_signal(command: &mut Command) -> io::Result<Child> {
    let parent: Option<Pid> = Some(rustix::process::getpid());
    command.process_group(0);
    in_child(command, move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // Had the parent died before the line above, no signal would come.
        if getppid() == parent {
            Ok(())
        } else {
            Err(io::Error::from(rustix::io::Errno::SRCH))
        }
    });
    command.spawn()
}

/// Lets go of the pages of this program's code that are mapped now; gives how
/// many bytes of it there are. What runs again is mapped again, from the page
/// cache as a rule.
pub(crate) fn unmap_code() -> io::Result<usize> {
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    let program = std::fs::read_link("/proc/self/exe")?;
    let mut length = 0;
    for (range, path) in maps.lines().filter_map(code_of) {
        if program.as_os_str() != path {
            continue;
        }
        // SAFETY: the range is a private mapping of the program's file that
        // nobody has written to (`r-xp`): its content comes back from the file
        // at the next access, whatever thread runs there meanwhile.
        #[expect(unsafe_code, reason = "madvise takes an address")]
        unsafe {
            let start = std::ptr::with_exposed_provenance_mut(range.start);
            madvise(start, range.len(), Advice::LinuxDontNeed)?;
        }
        length += range.len();
    }
    Ok(length)
}

/// The addresses and the file of a line of `/proc/self/maps` that maps code.
fn code_of(line: &str) -> Option<(Range<usize>, &str)> {
    let mut words = line.split_ascii_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let address = |hex| usize::from_str_radix(hex, 16).ok();
    let range = address(start)?..address(end)?;
    (words.next()? == "r-xp").then_some((range, words.nth(3)?))
}
