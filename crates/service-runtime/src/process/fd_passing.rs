//! Passes file descriptors between processes over a Unix socket (`SCM_RIGHTS`).

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// Maximum number of descriptors per message.
const MOST: usize = 4;
const SPACE: usize = rustix::cmsg_space!(ScmRights(MOST));

/// Sends `bytes` (at least one) and `descriptors` (at most four). Makes one system call and no heap
/// allocation.
///
/// # Errors
/// As `sendmsg(2)`.
pub fn send_fds(socket: impl AsFd, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); SPACE];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let parts = [IoSlice::new(bytes)];
    sendmsg(socket, &parts, &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives as many bytes as [`send_fds`] sent, and `N` descriptors with CLOEXEC.
///
/// # Errors
/// As `recvmsg(2)`; `ConnectionAborted` if the number of descriptors is not `N`.
pub fn recv_fds<const N: usize>(socket: impl AsFd, bytes: &mut [u8]) -> io::Result<[OwnedFd; N]> {
    let mut space = [MaybeUninit::uninit(); SPACE];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(bytes)];
    recvmsg(socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut handed = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            handed.extend(descriptors);
        }
    }
    handed
        .try_into()
        .map_err(|_| io::ErrorKind::ConnectionAborted.into())
}
