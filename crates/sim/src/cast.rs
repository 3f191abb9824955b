//! Who plays: carriers and the workspace's phones, each at its address.

use crate::agent::{AgentSetup, Habit, SignIn};
use crate::voice::{PCMA, PCMU};
use crate::workspace::{self, PASSWORD, PHONES};
use crate::world::SERVER;
use sip::Transport;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The usual session interval (RFC 4028).
const SESSION_SECONDS: u32 = 1_800;
/// How long phones sign in for, seconds.
const EXPIRES: u32 = 60;

fn at(a: u8, b: u8, c: u8, d: u8) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), 5060)
}

/// A carrier; the `nth` from 1, the first is called `carrier`.
#[must_use]
pub fn carrier(nth: u8, habit: Habit) -> AgentSetup {
    AgentSetup {
        name: if nth == 1 { "carrier".to_owned() } else { format!("carrier{nth}") },
        address: at(10, 9, 0, nth),
        transport: Transport::Udp,
        server: SERVER,
        sign_in: None,
        payload_type: PCMU,
        session_seconds: SESSION_SECONDS,
        nat: None,
        habit,
    }
}

/// A phone of [`PHONES`] by its name. `pairing` from 0 to 3 says which of its two names are user and digest user name.
///
/// # Panics
/// When the workspace has no such phone.
#[must_use]
pub fn phone(name: &str, transport: Transport, pairing: u8, habit: Habit) -> AgentSetup {
    let index = PHONES.iter().position(|phone| phone.0 == name).expect("a phone of the workspace");
    let names = workspace::names(PHONES[index].1);
    let pick = |second: bool| names[usize::from(second)].clone();
    AgentSetup {
        name: name.to_owned(),
        address: at(10, 1, 0, u8::try_from(index).unwrap_or(0) + 1),
        transport,
        server: SERVER,
        sign_in: Some(SignIn {
            user: pick(pairing & 1 != 0),
            username: pick(pairing & 2 != 0),
            password: PASSWORD.to_owned(),
            expires_seconds: EXPIRES,
        }),
        // One of them speaks the other law, so that calls with it are transcoded.
        payload_type: if name == "jun" { PCMA } else { PCMU },
        session_seconds: SESSION_SECONDS,
        nat: None,
        habit,
    }
}

/// Where the box of the `nth` agent is seen when boxes began anew so many times.
#[must_use]
pub fn public_address(nth: usize, moves: u32) -> IpAddr {
    let part = |n: u64| u8::try_from(n % 250).unwrap_or(0) + 1;
    Ipv4Addr::new(198, 18 + u8::from(moves > 249), part(u64::from(moves)), part(u64::try_from(nth).unwrap_or(0))).into()
}
