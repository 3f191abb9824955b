//! Handshakes: with ourselves, and with another implementation (dimpl).

use std::sync::Arc;
use std::time::{Duration, Instant};

use dimpl::{Config, Dtls, Output};

use super::{Association, Certificate, Failure, Fingerprint, Outcome, Role};
use crate::srtp::{KeySource, Keys, Suite};

const STEP: Duration = Duration::from_millis(50);

#[allow(clippy::disallowed_methods, reason = "an arbitrary start for a test")]
fn start() -> Instant {
    Instant::now()
}

fn source(number: u64) -> KeySource {
    KeySource::new([3; 32], number)
}

/// One end of ours, with what came of it.
struct End {
    association: Association,
    keys: Option<Keys>,
    failed: Option<Failure>,
}

impl End {
    fn new(role: Role, certificate: &Arc<Certificate>, number: u64, trusted: Fingerprint) -> Self {
        let association = Association::new(role, Arc::clone(certificate), source(number), vec![trusted]);
        Self { association, keys: None, failed: None }
    }

    fn collect(&mut self) -> Vec<Vec<u8>> {
        match self.association.poll_outcome() {
            Some(Outcome::Keys(keys)) => self.keys = Some(*keys),
            Some(Outcome::Failed(failure)) => self.failed = Some(failure),
            None => {}
        }
        std::iter::from_fn(|| self.association.poll_packet()).collect()
    }

    fn run(&mut self, now: Instant) {
        self.association.start(now);
        if self.association.next_timeout().is_some_and(|at| at <= now) {
            self.association.handle_timeout(now);
        }
    }
}

fn pair() -> (End, End) {
    pair_that_trusts([None, None])
}

/// A client and a server that believe the other has this fingerprint, or the one it has.
fn pair_that_trusts([client, server]: [Option<Fingerprint>; 2]) -> (End, End) {
    let certificates = [1, 2].map(|number| Arc::new(Certificate::new(&mut source(number)).unwrap()));
    let [ours, theirs] = &certificates;
    let client = End::new(Role::Client, ours, 3, client.unwrap_or_else(|| theirs.fingerprint().clone()));
    let server = End::new(Role::Server, theirs, 4, server.unwrap_or_else(|| ours.fingerprint().clone()));
    (client, server)
}

/// Runs two ends of ours for ten seconds; `lost` says which datagrams do not arrive. How many were sent.
fn talk(client: &mut End, server: &mut End, mut lost: impl FnMut(usize) -> bool) -> usize {
    let (mut now, mut sent) = (start(), 0);
    for _ in 0..200 {
        client.run(now);
        server.run(now);
        loop {
            let (up, down) = (client.collect(), server.collect());
            if up.is_empty() && down.is_empty() {
                break;
            }
            for (packets, to) in [(up, &mut *server), (down, &mut *client)] {
                for packet in packets {
                    sent += 1;
                    if !lost(sent) {
                        to.association.handle_packet(now, &packet);
                    }
                }
            }
        }
        now += STEP;
    }
    sent
}

fn assert_agreed(client: &End, server: &End) {
    let (a, b) = (client.keys.as_ref().expect("the client's keys"), server.keys.as_ref().expect("the server's keys"));
    assert!(a.ours == b.theirs && a.theirs == b.ours && a.ours != a.theirs);
    assert_eq!(a.ours.suite(), Suite::AesCm128Sha1_80);
    assert!(client.association.is_connected() && server.association.is_connected());
}

#[test]
fn two_ends_agree_on_keys_in_six_datagrams() {
    let (mut client, mut server) = pair();
    let sent = talk(&mut client, &mut server, |_| false);
    assert_agreed(&client, &server);
    assert_eq!(sent, 6);
    assert_eq!(client.association.next_timeout(), None);
    assert_eq!(server.association.next_timeout(), None);
}

#[test]
fn each_datagram_may_be_lost_and_so_may_any_two() {
    for first in 1..=6 {
        for second in first..=9 {
            let (mut client, mut server) = pair();
            talk(&mut client, &mut server, |number| number == first || number == second);
            assert_agreed(&client, &server);
        }
    }
}

#[test]
fn another_certificate_than_the_announced_one_ends_it_on_either_side() {
    let stranger = Fingerprint::of(b"another certificate");
    let (mut client, mut server) = pair_that_trusts([Some(stranger.clone()), None]);
    talk(&mut client, &mut server, |_| false);
    assert_eq!((client.failed, server.failed), (Some(Failure::Fingerprint), Some(Failure::Alert(40))));
    assert!(client.keys.is_none() && server.keys.is_none());

    let (mut client, mut server) = pair_that_trusts([None, Some(stranger)]);
    talk(&mut client, &mut server, |_| false);
    assert_eq!((client.failed, server.failed), (Some(Failure::Alert(40)), Some(Failure::Fingerprint)));
    assert!(client.keys.is_none() && server.keys.is_none());
}

/// Bytes of strangers never make it panic, agree or fail; the handshake goes on around them.
#[test]
fn noise_and_damaged_copies_change_nothing_that_matters() {
    let (mut client, mut server) = pair();
    let mut seed = crate::seed::Seed::new(9);
    let mut now = start();
    for _ in 0..400 {
        client.run(now);
        server.run(now);
        let (up, down) = (client.collect(), server.collect());
        for (packets, to) in [(up, &mut server), (down, &mut client)] {
            for packet in packets {
                // Cut anywhere: what is left of it is a datagram, not a message.
                let cut = seed.next_number() as usize % packet.len();
                to.association.handle_packet(now, &packet[..cut]);
                to.association.handle_packet(now, &packet);
            }
        }
        for end in [&mut client, &mut server] {
            let noise: Vec<u8> = (0..seed.next_number() % 100).map(|_| seed.next_number() as u8).collect();
            end.association.handle_packet(now, &noise);
        }
        now += STEP;
    }
    assert_agreed(&client, &server);
}

/// A datagram with one byte changed ends the handshake or is passed over; never do both ends believe other keys.
#[test]
fn a_changed_byte_anywhere_is_noticed() {
    let mut seed = crate::seed::Seed::new(5);
    let mut agreed = 0;
    for round in 0..300 {
        let (mut client, mut server) = pair();
        let (mut now, mut number) = (start(), 0);
        for _ in 0..12 {
            client.run(now);
            server.run(now);
            let (up, down) = (client.collect(), server.collect());
            for (packets, to) in [(up, &mut server), (down, &mut client)] {
                for mut packet in packets {
                    number += 1;
                    if number == round % 6 + 1 {
                        let at = seed.next_number() as usize % packet.len();
                        packet[at] ^= 1 << (seed.next_number() % 8);
                    }
                    to.association.handle_packet(now, &packet);
                }
            }
            now += STEP * 12;
        }
        if let (Some(a), Some(b)) = (&client.keys, &server.keys) {
            assert!(a.ours == b.theirs && a.theirs == b.ours);
            agreed += 1;
        }
        assert!(client.keys.is_none() || client.failed.is_none());
    }
    assert!(agreed > 0, "what is passed over is sent again");
}

/// The handshake with dimpl; what it exported for SRTP, and its profile.
fn talk_with_other(role: Role, config: Config) -> (End, Option<(Vec<u8>, String)>) {
    let other = dimpl::certificate::generate_self_signed_certificate().unwrap();
    let ours = Arc::new(Certificate::new(&mut source(1)).unwrap());
    let trusted = Fingerprint::of(&other.certificate);
    let mut end = End::new(role, &ours, 5, trusted);
    let mut now = start();
    let mut dtls = Dtls::new_12(Arc::new(config), other, now);
    dtls.set_active(role == Role::Server);
    let (mut exported, mut shown) = (None, None);
    for _ in 0..100 {
        end.run(now);
        dtls.handle_timeout(now).unwrap();
        for packet in end.collect() {
            dtls.handle_packet(&packet).unwrap();
        }
        let mut buffer = vec![0; 2048];
        loop {
            match dtls.poll_output(&mut buffer) {
                Output::Packet(packet) => end.association.handle_packet(now, packet),
                Output::PeerCert(der) => shown = Some(ours.fingerprint().is_of(der)),
                Output::KeyingMaterial(material, profile) => {
                    exported = Some((material.to_vec(), format!("{profile:?}")));
                }
                Output::Timeout(_) => break,
                _ => {}
            }
        }
        now += STEP;
    }
    end.collect();
    assert_eq!(shown, Some(true), "it saw our certificate");
    (end, exported)
}

#[test]
fn another_implementation_agrees_as_server_and_as_client() {
    for role in [Role::Client, Role::Server] {
        let (end, exported) = talk_with_other(role, Config::default());
        assert_eq!(end.failed, None);
        let keys = end.keys.expect("keys");
        let (material, profile) = exported.expect("its keys");
        let suite = keys.ours.suite();
        let (key, salt) = (suite.key_length(), suite.salt_length());
        assert_eq!(material.len(), 2 * (key + salt), "{profile}");
        let part = |at: usize| {
            let salts = &material[2 * key..];
            let bytes = [&material[at * key..(at + 1) * key], &salts[at * salt..(at + 1) * salt]].concat();
            crate::srtp::MasterKey::new(suite, &bytes).unwrap()
        };
        let (client, server) = (part(0), part(1));
        let (ours, theirs) = if role == Role::Client { (client, server) } else { (server, client) };
        assert!(keys.ours == ours && keys.theirs == theirs, "{role:?} with {profile}");
    }
}
