//! What the fuzz targets start from is replayed in every ordinary test run, with a thousand small changes to each piece.

#[path = "../../fuzz/targets/dtls.rs"]
mod dtls;
#[path = "../../fuzz/targets/rtcp.rs"]
mod rtcp;
#[path = "../../fuzz/targets/rtp.rs"]
mod rtp;
#[path = "../../fuzz/targets/sdp.rs"]
mod sdp;
#[path = "../../fuzz/targets/sip_headers.rs"]
mod sip_headers;
#[path = "../../fuzz/targets/sip_message.rs"]
mod sip_message;
#[path = "../../fuzz/targets/sip_stream.rs"]
mod sip_stream;
#[path = "../../fuzz/targets/stun.rs"]
mod stun;

use std::path::{Path, PathBuf};

/// Changes tried on each piece that somebody wrote.
const CHANGES: u64 = 1_000;
/// Changes tried on each that a fuzzer found: there are many.
const CHANGES_OF_FOUND: u64 = 8;

/// The same of handshakes, each of which costs two others.
const CHANGES_OF_HANDSHAKES: u64 = 60;

/// Runs a target over a folder; gives how many pieces there were.
fn replay(folder: &Path, target: fn(&[u8])) -> usize {
    replay_changed(folder, CHANGES, target)
}

/// The same with so many changes to each piece.
fn replay_changed(folder: &Path, changes: u64, target: fn(&[u8])) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    paths.sort();
    for path in &paths {
        let piece = std::fs::read(path).unwrap();
        attempt(path, 0, &piece, target);
        let changes = if is_found(path) { changes.min(CHANGES_OF_FOUND) } else { changes };
        for seed in 1..=changes {
            attempt(path, seed, &changed(&piece, seed), target);
        }
    }
    paths.len()
}

/// A fuzzer names what it finds by its hash.
fn is_found(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.len() == 40 && name.iter().all(u8::is_ascii_hexdigit)
}

/// A failure names the piece and the change, so that it can be tried again alone.
fn attempt(path: &Path, seed: u64, bytes: &[u8], target: fn(&[u8])) {
    let outcome = std::panic::catch_unwind(|| target(bytes));
    assert!(outcome.is_ok(), "{} with change {seed} fails: {:?}", path.display(), String::from_utf8_lossy(bytes));
}

/// A few bytes replaced, removed, doubled or cut off, by seed.
fn changed(piece: &[u8], seed: u64) -> Vec<u8> {
    let mut bytes = piece.to_vec();
    let mut state = seed;
    for _ in 0..=seed % 4 {
        let place = if bytes.is_empty() { 0 } else { next(&mut state) as usize % bytes.len() };
        match next(&mut state) % 5 {
            0 if !bytes.is_empty() => bytes[place] = next(&mut state) as u8,
            1 if !bytes.is_empty() => _ = bytes.remove(place),
            2 => bytes.insert(place, *b"\r\n :;,<>\"0-\x00\xff".get(next(&mut state) as usize % 14).unwrap_or(&b' ')),
            3 => bytes.truncate(place),
            _ => {
                let end = (place + 16).min(bytes.len());
                let copy = bytes[place..end].to_vec();
                bytes.splice(place..place, copy);
            }
        }
    }
    bytes
}

/// splitmix64: small, and the same everywhere.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name)
}

#[test]
fn sip_messages() {
    assert!(replay(&corpus("sip_message"), sip_message::run) >= 10);
}

#[test]
fn sip_headers() {
    assert!(replay(&corpus("sip_headers"), sip_headers::run) >= 8);
}

#[test]
fn sip_streams() {
    assert!(replay(&corpus("sip_stream"), sip_stream::run) >= 5);
}

#[test]
fn session_descriptions() {
    assert!(replay(&corpus("sdp"), sdp::run) >= 8);
}

#[test]
fn media_packets() {
    assert!(replay(&corpus("rtp"), rtp::run) >= 10);
}

#[test]
fn media_reports() {
    assert!(replay(&corpus("rtcp"), rtcp::run) >= 8);
}

#[test]
fn handshakes() {
    assert!(replay_changed(&corpus("dtls"), CHANGES_OF_HANDSHAKES, dtls::run) >= 6);
}

#[test]
fn packets_of_browsers() {
    assert!(replay(&corpus("stun"), stun::run) >= 6);
}

#[test]
fn torture_messages() {
    for name in ["rfc4475", "rfc5118"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name);
        if replay(&folder, sip_message::run) == 0 {
            println!("skipped: there is no ../shared/data/{name} beside this repository");
        }
    }
}
