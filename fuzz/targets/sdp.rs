//! A session description, to the parser and as an offer.

use media::negotiation::{LocalAddresses, Negotiation};
use media::sdp::Sdp;

/// Whatever the bytes are: no panic; what is read can be printed and read again; an offer is answered or refused.
pub fn run(bytes: &[u8]) {
    let Ok(sdp) = Sdp::parse(bytes) else { return };
    let printed = sdp.to_string();
    assert!(Sdp::parse(printed.as_bytes()).is_ok(), "a printed description is not read again:\n{printed}");
    let local = LocalAddresses { rtp: ([192, 0, 2, 1], 40_000).into(), rtcp: None };
    if let Ok((answer, _)) = Negotiation::new(local, 1).answer(&sdp) {
        let answer = answer.to_string();
        assert!(Sdp::parse(answer.as_bytes()).is_ok(), "our own answer is not read:\n{answer}");
    }
}
