//! The RFCs' vectors, packets of another implementation, and what an attacker may send.

use super::master_key::Label;
use super::*;
use crate::rtp::write_header;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn derived(master: &MasterKey, label: Label, length: usize) -> Vec<u8> {
    let mut key = vec![0; length];
    master.derive(label, false, &mut key).unwrap();
    key
}

#[test]
fn session_keys_are_the_rfcs() {
    // RFC 3711 appendix B.3.
    let master = "e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6";
    let master = MasterKey::new(Suite::AesCm128Sha1_80, &bytes(master)).unwrap();
    assert_eq!(derived(&master, Label::Encryption, 16), bytes("c61e7a93744f39ee10734afe3ff7a087"));
    assert_eq!(derived(&master, Label::Salt, 14), bytes("30cbbc08863d8c85d49db34a9ae1"));
    assert_eq!(derived(&master, Label::Authentication, 20), bytes("cebe321f6ff7716b6fd4ab49af256a156d38baa4"));
    // RFC 6188 section 7.2.
    let master = "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6 3b04803de51ee7c96423ab5b78d2";
    let master = MasterKey::new(Suite::AesCm256Sha1_80, &bytes(master)).unwrap();
    let key = "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4";
    assert_eq!(derived(&master, Label::Encryption, 32), bytes(key));
    assert_eq!(derived(&master, Label::Salt, 14), bytes("fa31791685ca444a9e07c6c64e93"));
    assert_eq!(derived(&master, Label::Authentication, 20), bytes("fd9c32d39ed5fbb5a9dc96b30818454d1313dc05"));
}

/// A key of consecutive bytes from 1.
fn key(suite: Suite) -> MasterKey {
    let length = suite.key_length() + suite.salt_length();
    MasterKey::new(suite, &(1..=length as u8).collect::<Vec<_>>()).unwrap()
}

/// Protects with room behind.
fn protected(sender: &mut Sender, plain: &[u8], sequence: u64) -> Vec<u8> {
    let mut buffer = plain.to_vec();
    buffer.resize(plain.len() + MAX_TRAILER, 0);
    let length = sender.protect_rtp(&mut buffer, plain.len(), sequence).unwrap();
    buffer.truncate(length);
    buffer
}

fn protected_rtcp(sender: &mut Sender, plain: &[u8]) -> Vec<u8> {
    let mut buffer = plain.to_vec();
    buffer.resize(plain.len() + MAX_TRAILER, 0);
    let length = sender.protect_rtcp(&mut buffer, plain.len()).unwrap();
    buffer.truncate(length);
    buffer
}

#[test]
fn packets_of_another_implementation_are_opened_and_made() {
    // Made by libsrtp of the same keys and packets; its SRTCP index starts at 1.
    let cases = [
        (
            Suite::AesCm128Sha1_80,
            "80001234000000a0cafebabef006539a694c852a29a19f9c5359e0c25064785144ce8b9b6d23d882aa74",
            "80c90001cafebabe29900959ff8307438000000190171f6a996a8ec8b074",
        ),
        (
            Suite::AesCm128Sha1_32,
            "80001234000000a0cafebabef006539a694c852a29a19f9c5359e0c25064785144ce8b9b",
            "80c90001cafebabe29900959ff8307438000000190171f6a996a8ec8b074",
        ),
        (
            Suite::AesGcm128,
            "80001234000000a0cafebabe8d204fc62be6d9fdf31a34a5a5de00ee039f1e4962002835b9353e16b5896c55f3a5adfa",
            "80c90001cafebabef11cc81e126e354aec5254e8c5cb2950e467a2d208efabf780000001",
        ),
        (
            Suite::AesGcm256,
            "80001234000000a0cafebabec1e5eeec8809779f607a79404e395abc0e0208e533b31b4add7497c5360b03a2e63f0096",
            "80c90001cafebabeaf984aa1d34eeb2f134b07b297046a947e92dcda0d79699580000001",
        ),
    ];
    let mut rtp = bytes("80001234000000a0cafebabe");
    rtp.extend(0..20);
    let rtcp = bytes("80c90001cafebabe81cb0001cafebabe");
    for (suite, srtp, srtcp) in cases {
        let mut sender = Sender::new(&key(suite));
        assert_eq!(protected(&mut sender, &rtp, 0x1234), bytes(srtp), "{suite:?}");
        let _first = protected_rtcp(&mut sender, &rtcp);
        assert_eq!(protected_rtcp(&mut sender, &rtcp), bytes(srtcp), "{suite:?}");
        let mut receiver = Receiver::new(&key(suite), &[]);
        let mut packet = bytes(srtp);
        let length = receiver.open_rtp(&mut packet).unwrap();
        assert_eq!(packet[..length], rtp, "{suite:?}");
        let mut packet = bytes(srtcp);
        let length = receiver.open_rtcp(&mut packet).unwrap();
        assert_eq!(packet[..length], rtcp, "{suite:?}");
    }
}

fn packet(sequence: u16) -> Vec<u8> {
    let mut packet = vec![0; 12];
    write_header(packet.first_chunk_mut().unwrap(), false, 0, sequence, u32::from(sequence) * 160, 77);
    packet.extend([0x55; 160]);
    packet
}

fn opened(receiver: &mut Receiver, protected: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut copy = protected.to_vec();
    let result = receiver.open_rtp(&mut copy);
    match result {
        Ok(length) => Ok(copy[..length].to_vec()),
        Err(refused) => {
            assert_eq!(copy, protected, "what is refused is not changed");
            Err(refused)
        }
    }
}

#[test]
fn every_suite_over_two_rollovers_with_loss_and_reordering() {
    for suite in Suite::ALL {
        let (mut sender, mut receiver) = (Sender::new(&key(suite)), Receiver::new(&key(suite), &[]));
        for sequence in (0x7ff0_u64..0x2_8000).step_by(61) {
            for number in [sequence + 3, sequence, sequence + 1] {
                let plain = packet(number as u16);
                let srtp = protected(&mut sender, &plain, number);
                assert_ne!(srtp[12..172], plain[12..]);
                assert_eq!(opened(&mut receiver, &srtp), Ok(plain), "{suite:?} {number:x}");
                assert_eq!(opened(&mut receiver, &srtp), Err(Refused::Replayed), "{suite:?} {number:x}");
            }
        }
    }
}

#[test]
fn a_first_packet_after_the_rollover_is_opened() {
    for suite in Suite::ALL {
        let (mut sender, mut receiver) = (Sender::new(&key(suite)), Receiver::new(&key(suite), &[]));
        assert!(opened(&mut receiver, &protected(&mut sender, &packet(5), 0x1_0005)).is_ok(), "{suite:?}");
        assert!(opened(&mut receiver, &protected(&mut sender, &packet(6), 0x1_0006)).is_ok());
        // Its rollover counter cannot be known: nobody's packet.
        let mut receiver = Receiver::new(&key(suite), &[]);
        let far = protected(&mut sender, &packet(5), 0x7_0005);
        assert_eq!(opened(&mut receiver, &far), Err(Refused::NotAuthentic));
    }
}

#[test]
fn whatever_bit_is_flipped_nothing_is_opened() {
    for suite in Suite::ALL {
        let mut receiver = Receiver::new(&key(suite), &[]);
        let srtp = protected(&mut Sender::new(&key(suite)), &packet(9)[..20], 9);
        for bit in 0..srtp.len() * 8 {
            let mut changed = srtp.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(opened(&mut receiver, &changed).is_err(), "{suite:?} {bit}");
        }
        for length in 0..srtp.len() {
            assert!(opened(&mut receiver, &srtp[..length]).is_err(), "{suite:?} {length}");
        }
        let rtcp = protected_rtcp(&mut Sender::new(&key(suite)), &bytes("80c90001cafebabe81cb0001cafebabe"));
        for bit in 0..rtcp.len() * 8 {
            let mut changed = rtcp.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(receiver.open_rtcp(&mut changed).is_err(), "{suite:?} {bit}");
        }
        for length in 0..rtcp.len() {
            assert!(receiver.open_rtcp(&mut rtcp[..length].to_vec()).is_err(), "{suite:?} {length}");
        }
        assert!(receiver.open_rtcp(&mut rtcp.clone()).is_ok());
        assert_eq!(receiver.open_rtcp(&mut rtcp.clone()), Err(Refused::Replayed));
    }
}

#[test]
fn extension_and_csrcs_stay_readable_and_are_authenticated() {
    let mut plain = bytes("92000001000000a0cafebabe 00000001 00000002 bede0001 01020304");
    plain.extend([7; 30]);
    let srtp = protected(&mut Sender::new(&key(Suite::AesCm128Sha1_80)), &plain, 1);
    assert_eq!(srtp[..28], plain[..28]);
    assert_ne!(srtp[28..58], plain[28..]);
    let mut receiver = Receiver::new(&key(Suite::AesCm128Sha1_80), &[]);
    assert_eq!(opened(&mut receiver, &srtp), Ok(plain));
}

#[test]
fn an_identifier_is_taken_off_and_must_be_the_one_told() {
    for suite in Suite::ALL {
        let plain = packet(9);
        let srtp = protected(&mut Sender::new(&key(suite)), &plain, 9);
        let tag = suite.rtp_tag_length();
        // Before the tag, with GCM behind it.
        let at = if suite.is_aead() { srtp.len() } else { srtp.len() - tag };
        let mut marked = srtp.clone();
        marked.splice(at..at, [0, 0, 0, 1]);
        let mut receiver = Receiver::new(&key(suite), &[0, 0, 0, 1]);
        assert_eq!(opened(&mut receiver, &srtp), Err(Refused::NotAuthentic), "{suite:?}");
        assert_eq!(opened(&mut receiver, &marked), Ok(plain), "{suite:?}");
    }
}

#[test]
fn sources_are_told_apart_and_bounded() {
    let suite = Suite::AesCm128Sha1_80;
    let (mut sender, mut receiver) = (Sender::new(&key(suite)), Receiver::new(&key(suite), &[]));
    for ssrc in 1..=20_u32 {
        let mut plain = packet(ssrc as u16 * 3000);
        plain[8..12].copy_from_slice(&ssrc.to_be_bytes());
        let srtp = protected(&mut sender, &plain, u64::from(ssrc) * 3000);
        assert!(opened(&mut receiver, &srtp).is_ok());
        assert_eq!(opened(&mut receiver, &srtp), Err(Refused::Replayed));
    }
}

#[test]
fn a_used_up_key_sends_nothing() {
    let mut sender = Sender::new(&key(Suite::AesCm128Sha1_80));
    let mut buffer = packet(0);
    buffer.resize(172 + MAX_TRAILER, 0);
    assert_eq!(sender.protect_rtp(&mut buffer, 172, 1 << 48), None);
    assert_eq!(sender.protect_rtp(&mut buffer[..180], 172, 1), None, "no room");
    assert_eq!(sender.protect_rtp(&mut buffer, 11, 1), None, "no header");
    assert_eq!(sender.protect_rtcp(&mut buffer, 7), None);
    assert!(sender.protect_rtp(&mut buffer, 172, (1 << 48) - 1).is_some());
}

#[test]
fn keys_follow_from_the_seed_and_never_repeat() {
    let suite = Suite::AesCm256Sha1_80;
    let draw = |seed: u8, leg| {
        let mut source = KeySource::new([seed; 32], leg);
        [source.draw(suite).unwrap().to_base64(), source.draw(suite).unwrap().to_base64()]
    };
    assert_eq!(draw(1, 1), draw(1, 1));
    let mut all: Vec<String> = [draw(1, 1), draw(1, 2), draw(2, 1)].into_iter().flatten().collect();
    assert!(all.iter().all(|key| key.len() == 64));
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 6);
    assert!(!format!("{:?}", key(suite)).contains("1, 2"), "keys are not printed");
}

#[test]
fn after_a_new_key_old_packets_are_opened_until_new_ones_come() {
    let suite = Suite::AesCm128Sha1_80;
    let other = MasterKey::new(suite, &[9; 30]).unwrap();
    let keys = |theirs: &MasterKey| Keys { ours: key(suite), theirs: theirs.clone(), their_mki: Vec::new() };
    for kept in [0x1_0000_u64, 0] {
        let (mut old, mut new) = (Sender::new(&key(suite)), Sender::new(&other));
        let mut srtp = Srtp::new(keys(&key(suite)), None);
        let open = |srtp: &mut Srtp, mut packet: Vec<u8>| srtp.open_rtp(&mut packet).map(drop);
        assert_eq!(open(&mut srtp, protected(&mut old, &packet(0xfffe), 0xfffe)), Ok(()));
        assert_eq!(open(&mut srtp, protected(&mut old, &packet(1), 0x1_0001)), Ok(()));
        let mut srtp = Srtp::new(keys(&other), Some(srtp));
        assert_eq!(open(&mut srtp, protected(&mut old, &packet(2), 0x1_0002)), Ok(()));
        // The far end keeps its rollover counter (RFC 3711 section 3.3.1) or begins anew, as some do.
        assert_eq!(open(&mut srtp, protected(&mut new, &packet(3), kept + 3)), Ok(()), "{kept:x}");
        assert_eq!(open(&mut srtp, protected(&mut old, &packet(4), 0x1_0004)), Err(Refused::NotAuthentic));
        assert_eq!(open(&mut srtp, protected(&mut new, &packet(5), kept + 5)), Ok(()));
    }
}
