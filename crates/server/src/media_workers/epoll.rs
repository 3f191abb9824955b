//! The kernel's readiness list, and a way to wake a thread that waits on it.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Sockets served per wake-up at most; the rest is still ready at the next one.
pub(crate) const MAX_READY: usize = 1024;

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// An epoll instance.
pub(crate) struct Epoll {
    fd: OwnedFd,
    ready: Vec<libc::epoll_event>,
}

impl Epoll {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: no pointers; the descriptor is checked and owned at once.
        let fd = unsafe { OwnedFd::from_raw_fd(check(libc::epoll_create1(libc::EPOLL_CLOEXEC))?) };
        Ok(Self { fd, ready: vec![libc::epoll_event { events: 0, u64: 0 }; MAX_READY] })
    }

    /// Watches for something to read; `token` comes back from [`Self::wait`].
    pub(crate) fn add(&self, fd: RawFd, token: u64) -> io::Result<()> {
        self.watch(fd, token, libc::EPOLLIN)
    }

    /// Watches for wakes; each is told once, so nothing has to be read.
    pub(crate) fn add_waker(&self, waker: &Waker, token: u64) -> io::Result<()> {
        self.watch(waker.fd.as_raw_fd(), token, libc::EPOLLIN | libc::EPOLLET)
    }

    fn watch(&self, fd: RawFd, token: u64, events: libc::c_int) -> io::Result<()> {
        let mut event = libc::epoll_event { events: events as u32, u64: token };
        // SAFETY: `event` lives through the call, the kernel copies it.
        check(unsafe { libc::epoll_ctl(self.fd.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &raw mut event) }).map(drop)
    }

    /// Watches no longer.
    pub(crate) fn remove(&self, fd: RawFd) -> io::Result<()> {
        // SAFETY: the kernel reads no event for this operation.
        check(unsafe { libc::epoll_ctl(self.fd.as_raw_fd(), libc::EPOLL_CTL_DEL, fd, std::ptr::null_mut()) }).map(drop)
    }

    /// Waits for readiness or `timeout`; answers how many tokens are ready.
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> usize {
        // Rounded up: waking a little late is caught up, waking early would spin.
        let ms = timeout.map_or(-1, |t| i32::try_from(t.as_micros().div_ceil(1000)).unwrap_or(i32::MAX));
        // SAFETY: the buffer holds MAX_READY events and outlives the call.
        let n = unsafe { libc::epoll_wait(self.fd.as_raw_fd(), self.ready.as_mut_ptr(), MAX_READY as i32, ms) };
        usize::try_from(n).unwrap_or(0)
    }

    /// The token of the n-th ready descriptor of the last wait.
    pub(crate) fn token(&self, n: usize) -> u64 {
        self.ready[n].u64
    }
}

/// Wakes a thread out of [`Epoll::wait`]; several wakes before it looks cost one system call.
pub(crate) struct Waker {
    fd: OwnedFd,
    pending: AtomicBool,
}

impl Waker {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: no pointers; the descriptor is checked and owned at once.
        let fd = unsafe { OwnedFd::from_raw_fd(check(libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK))?) };
        Ok(Self { fd, pending: AtomicBool::new(false) })
    }

    pub(crate) fn wake(&self) {
        if !self.pending.swap(true, Ordering::AcqRel) {
            let one = 1u64;
            // SAFETY: eight bytes are read from a live u64.
            unsafe { libc::write(self.fd.as_raw_fd(), (&raw const one).cast(), 8) };
        }
    }

    /// Before the inbox is emptied: wakes from now on count anew. An exchange and not a store, so that what was in the inbox when
    /// a wake was spared is seen.
    pub(crate) fn clear(&self) {
        self.pending.swap(false, Ordering::AcqRel);
    }
}
