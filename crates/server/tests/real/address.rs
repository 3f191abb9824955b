//! Addresses of the tests' own. Every party gets a loopback address to itself, so fixed ports never meet, however many tests
//! (and other programs) run beside each other.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::atomic::{AtomicU8, Ordering};

static NEXT: AtomicU8 = AtomicU8::new(1);

/// A loopback address nobody else in this process has; other processes have another middle part.
pub fn own() -> Ipv4Addr {
    let process = std::process::id();
    let [.., high, low] = process.to_be_bytes();
    loop {
        let last = NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(last < 250, "one test process needs 250 addresses");
        // 127.64.0.0 to 127.127.255.255: away from 127.0.0.1, where other programs listen.
        let address = Ipv4Addr::new(127, 64 | (high & 63), low, last);
        if UdpSocket::bind((address, 5060)).is_ok() {
            return address;
        }
    }
}
