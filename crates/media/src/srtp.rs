//! SRTP and SRTCP (RFC 3711, 6188, 7714) with keys told in SDP (SDES, RFC 4568), or agreed on by DTLS ([`crate::dtls`]).
//!
//! [`Sdes`] is the side of one leg in offers and answers, [`Srtp`] what protects its packets afterwards. Packets are
//! protected and opened where they stand; nothing is allocated per packet. Master keys come from a [`KeySource`],
//! which is seeded from outside.
//!
//! Not done: key derivation rates other than 0, several master keys per line, unencrypted or unauthenticated sessions;
//! a line that asks for one of them is passed over.

mod base64;
mod crypto_attribute;
mod key_source;
mod master_key;
mod receiver;
mod sdes;
mod sender;
mod stream;
mod suite;
#[cfg(test)]
mod tests;
mod transform;

pub use crypto_attribute::{CryptoAttribute, MalformedCrypto};
pub use key_source::KeySource;
pub use master_key::MasterKey;
pub use receiver::{Receiver, Refused};
pub use sdes::Sdes;
pub(crate) use sdes::{Keys, Security};
pub use sender::Sender;
pub use suite::Suite;

/// Bytes a protected packet is longer than a plain one at most: SRTCP's index and the longest tag.
pub const MAX_TRAILER: usize = 4 + 16;

/// Both directions of a leg.
pub(crate) struct Srtp {
    /// What it was made of.
    pub keys: Keys,
    pub sender: Sender,
    receiver: Receiver,
    /// Opens what was sent before the far end changed its key, until the first packet under the new one.
    previous: Option<Box<Receiver>>,
    rtcp: RtcpKeys,
}

/// Which keys RTCP has.
enum RtcpKeys {
    /// Those of RTP.
    Same,
    /// None yet: its own handshake goes on (RFC 5764 section 4.1).
    Awaited,
    /// Those of its own handshake.
    Own(Box<(Sender, Receiver)>),
}

impl Srtp {
    /// Fresh contexts for newly agreed keys; `before` is what the leg had.
    pub fn new(keys: Keys, before: Option<Self>) -> Self {
        let sender = Sender::new(&keys.ours);
        let receiver = Receiver::new(&keys.theirs, &keys.their_mki);
        match before {
            Some(before) if before.keys.theirs == keys.theirs => {
                Self { keys, sender, receiver: before.receiver, previous: before.previous, rtcp: before.rtcp }
            }
            Some(before) => Self {
                keys,
                sender,
                receiver: receiver.after(&before.receiver),
                previous: Some(Box::new(before.receiver)),
                rtcp: before.rtcp,
            },
            None => Self { keys, sender, receiver, previous: None, rtcp: RtcpKeys::Same },
        }
    }

    /// RTCP has keys of its own: these, or those it had, or ones that are still to come.
    pub fn part_rtcp(&mut self, keys: Option<&Keys>) {
        match (keys, &self.rtcp) {
            (Some(keys), _) => {
                let own = (Sender::new(&keys.ours), Receiver::new(&keys.theirs, &keys.their_mki));
                self.rtcp = RtcpKeys::Own(Box::new(own));
            }
            (None, RtcpKeys::Same) => self.rtcp = RtcpKeys::Awaited,
            (None, RtcpKeys::Awaited | RtcpKeys::Own(_)) => {}
        }
    }

    /// RTCP has the keys of RTP.
    pub fn share_rtcp(&mut self) {
        self.rtcp = RtcpKeys::Same;
    }

    /// Protects an RTCP packet as [`Sender::protect_rtcp`] does.
    pub fn protect_rtcp(&mut self, buffer: &mut [u8], length: usize) -> Option<usize> {
        match &mut self.rtcp {
            RtcpKeys::Same => self.sender.protect_rtcp(buffer, length),
            RtcpKeys::Own(own) => own.0.protect_rtcp(buffer, length),
            RtcpKeys::Awaited => None,
        }
    }

    /// Opens an SRTP packet where it stands; how long the plain packet is.
    pub fn open_rtp(&mut self, packet: &mut [u8]) -> Result<usize, Refused> {
        match self.receiver.open_rtp(packet) {
            Ok(length) => {
                if self.previous.is_some() {
                    self.previous = None;
                }
                Ok(length)
            }
            // What fails to authenticate was not changed.
            Err(Refused::NotAuthentic) => match self.previous.as_mut() {
                Some(previous) => previous.open_rtp(packet),
                None => Err(Refused::NotAuthentic),
            },
            Err(refused) => Err(refused),
        }
    }

    /// Opens an SRTCP packet where it stands; how long the plain packet is.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, Refused> {
        match &mut self.rtcp {
            RtcpKeys::Same => {}
            RtcpKeys::Own(own) => return own.1.open_rtcp(packet),
            RtcpKeys::Awaited => return Err(Refused::NotAuthentic),
        }
        match (self.receiver.open_rtcp(packet), self.previous.as_mut()) {
            (Err(Refused::NotAuthentic), Some(previous)) => previous.open_rtcp(packet),
            (opened, _) => opened,
        }
    }
}
