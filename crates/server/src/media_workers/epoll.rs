//! The kernel's readiness list, and a way to wake a thread that waits on it.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
    /// The kernel counts waits finer than in milliseconds.
    is_exact: bool,
}

impl Epoll {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: no pointers; the descriptor is checked and owned at once.
        let fd = unsafe { OwnedFd::from_raw_fd(check(libc::epoll_create1(libc::EPOLL_CLOEXEC))?) };
        Ok(Self { fd, ready: vec![libc::epoll_event { events: 0, u64: 0 }; MAX_READY], is_exact: true })
    }

    /// Watches for what comes to be read; `token` comes back from [`Self::wait`] once for all that came since it last did. To be
    /// told until all is read would let the kernel look at each socket twice.
    pub(crate) fn add(&self, fd: RawFd, token: u64) -> io::Result<()> {
        self.watch(fd, token, libc::EPOLLIN | libc::EPOLLET)
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
        if self.is_exact {
            let limit = timeout.map(|t| libc::timespec {
                tv_sec: t.as_secs().try_into().unwrap_or(libc::time_t::MAX),
                tv_nsec: t.subsec_nanos().into(),
            });
            match self.wait_exactly(limit.as_ref()) {
                Err(error) if error.raw_os_error() == Some(libc::ENOSYS) => self.is_exact = false,
                ready => return ready.unwrap_or(0),
            }
        }
        // Rounded up: waking a little late is caught up, waking early would spin.
        let ms = timeout.map_or(-1, |t| i32::try_from(t.as_micros().div_ceil(1000)).unwrap_or(i32::MAX));
        // SAFETY: the buffer holds MAX_READY events and outlives the call.
        let n = unsafe { libc::epoll_wait(self.fd.as_raw_fd(), self.ready.as_mut_ptr(), MAX_READY as i32, ms) };
        usize::try_from(n).unwrap_or(0)
    }

    /// The same with a limit that is not a number of milliseconds; Linux has it since 5.11.
    fn wait_exactly(&mut self, limit: Option<&libc::timespec>) -> io::Result<usize> {
        // By its number: not every C library has a name for it.
        // SAFETY: the buffer holds MAX_READY events, `limit` is null or a live time; both outlive the call. Without a mask of
        // signals its size is not read.
        let ready = unsafe {
            libc::syscall(
                libc::SYS_epoll_pwait2,
                self.fd.as_raw_fd(),
                self.ready.as_mut_ptr(),
                MAX_READY as libc::c_int,
                limit.map_or(std::ptr::null(), std::ptr::from_ref),
                std::ptr::null::<libc::sigset_t>(),
                0usize,
            )
        };
        usize::try_from(ready).map_err(|_| io::Error::last_os_error())
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
    /// How often the inbox was begun to be emptied.
    looks: AtomicU64,
}

impl Waker {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: no pointers; the descriptor is checked and owned at once.
        let fd = unsafe { OwnedFd::from_raw_fd(check(libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK))?) };
        Ok(Self { fd, pending: AtomicBool::new(false), looks: AtomicU64::new(0) })
    }

    pub(crate) fn wake(&self) {
        if !self.pending.swap(true, Ordering::AcqRel) {
            let one = 1u64;
            // SAFETY: eight bytes are read from a live u64.
            unsafe { libc::write(self.fd.as_raw_fd(), (&raw const one).cast(), 8) };
        }
    }

    /// Whether it was woken since the inbox was emptied.
    pub(crate) fn is_pending(&self) -> bool {
        self.pending.load(Ordering::Acquire)
    }

    /// Before the inbox is emptied, whatever for: wakes from now on count anew. Not only where a wait told of the wake, for what
    /// one tells it tells once, and who waits again before it looks would never hear of it. An exchange and not a store, so that
    /// what was in the inbox when a wake was spared is seen.
    pub(crate) fn look(&self) {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.pending.swap(false, Ordering::AcqRel);
    }

    /// Asked after something was put into the inbox: once another number comes back, it was taken out.
    pub(crate) fn looks(&self) -> u64 {
        self.looks.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn both_ways(check: impl Fn(Epoll)) {
        for is_exact in [true, false] {
            check(Epoll { is_exact, ..Epoll::new().unwrap() });
        }
    }

    #[test]
    fn a_wait_without_events_lasts_its_time() {
        both_ways(|mut epoll| {
            let (before, limit) = (Instant::now(), Duration::from_micros(1_500));
            assert_eq!(epoll.wait(Some(limit)), 0);
            assert!(before.elapsed() >= limit, "woken early: it would spin");
            assert_eq!(epoll.wait(Some(Duration::ZERO)), 0);
        });
    }

    #[test]
    fn a_wake_is_told_once_to_each_who_watches() {
        both_ways(|mut epoll| {
            let (waker, mut other) = (Waker::new().unwrap(), Epoll::new().unwrap());
            epoll.add_waker(&waker, 7).unwrap();
            other.add_waker(&waker, 8).unwrap();
            for _ in 0..2 {
                waker.wake();
                assert!(waker.is_pending());
                assert_eq!((epoll.wait(None), epoll.token(0)), (1, 7));
                waker.look();
                assert!(!waker.is_pending());
                assert_eq!(epoll.wait(Some(Duration::ZERO)), 0);
                assert_eq!((other.wait(None), other.token(0)), (1, 8));
                assert_eq!(other.wait(Some(Duration::ZERO)), 0);
            }
        });
    }
}
