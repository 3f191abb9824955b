//! A session description, to the parser and as an offer; its keys (RFC 4568) to theirs.

use media::negotiation::{LocalAddresses, Negotiation};
use media::sdp::Sdp;
use media::srtp::{CryptoAttribute, KeySource, Sdes};

/// Whatever the bytes are: no panic; what is read can be printed and read again; an offer is answered or refused.
pub fn run(bytes: &[u8]) {
    let Ok(sdp) = Sdp::parse(bytes) else { return };
    let printed = sdp.to_string();
    assert!(Sdp::parse(printed.as_bytes()).is_ok(), "a printed description is not read again:\n{printed}");
    for line in sdp.media.iter().flat_map(|media| &media.crypto) {
        if let Ok(crypto) = CryptoAttribute::parse(line) {
            let again = CryptoAttribute::parse(&crypto.to_string());
            assert!(again.is_ok_and(|again| again.key == crypto.key), "our own a=crypto is not read: {crypto}");
        }
    }
    let local = LocalAddresses { rtp: ([192, 0, 2, 1], 40_000).into(), rtcp: None };
    if let Ok((answer, _)) =
        Negotiation::new(local, 1, Sdes::new(Some(KeySource::new([1; 32], 1)), false)).answer(&sdp, None)
    {
        let answer = answer.to_string();
        assert!(Sdp::parse(answer.as_bytes()).is_ok(), "our own answer is not read:\n{answer}");
    }
}
