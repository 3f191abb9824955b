//! DTLS 1.2 (RFC 6347) as far as DTLS-SRTP needs it (RFC 5763, RFC 5764): a handshake whose keys protect a leg's packets.
//!
//! Sans-IO: an [`Association`] is handed datagrams and the time, and hands out datagrams, a wake-up time and its
//! [`Outcome`]. Browsers' legs have the DTLS of the WebRTC library, which takes ECDSA certificates alone; phones show RSA
//! ones, so theirs is here.
//!
//! Not done, because no phone needs it for this: DTLS 1.0 (RFC 8996 retires it) and 1.3, cipher suites but
//! ECDHE with AES-128-GCM, groups but P-256, resumption, renegotiation, application data, MKI.
//! A certificate counts by its fingerprint in the SDP alone: who signed it and until when is not asked (RFC 5763 section 5).

mod association;
mod certificate;
mod client;
mod der;
mod fingerprint;
mod flight;
mod hello;
mod key_schedule;
mod message;
mod peer_key;
mod reassembly;
mod record;
mod server;
mod terms;
#[cfg(test)]
mod tests;

pub(crate) use association::{Association, Failure, Outcome, Role};
pub(crate) use certificate::Certificate;
#[cfg(test)]
pub(crate) use fingerprint::Fingerprint;
pub(crate) use terms::{Identity, Pact, is_dtls};
