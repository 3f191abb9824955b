//! DTLS in offers and answers: whose certificate, and who begins (RFC 5763 section 5, RFC 4145 section 4, RFC 8122).

use std::sync::Arc;

use super::association::Role;
use super::certificate::Certificate;
use super::fingerprint::Fingerprint;
use crate::family::is_private;
use crate::sdp::{Media, Sdp, Setup};

/// What all legs of an engine show and prefer.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub certificate: Arc<Certificate>,
    /// Whether we begin where the far end leaves it to us; `None`: unless it seems to be behind a NAT.
    pub active: Option<bool>,
}

/// What was agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pact {
    pub role: Role,
    /// The far end's certificate is one of these.
    pub trusted: Vec<Fingerprint>,
}

/// Transports of DTLS-SRTP. `RTP/SAVP(F)` with a fingerprint and without keys is what came before RFC 5764.
pub(crate) fn is_dtls(media: &Media) -> bool {
    matches!(media.protocol.as_str(), "UDP/TLS/RTP/SAVP" | "UDP/TLS/RTP/SAVPF" | "RTP/SAVP" | "RTP/SAVPF")
        && media.setup != Some(Setup::HoldConn)
        && media.fingerprints.iter().any(|text| Fingerprint::parse(text).is_some())
}

fn trusted(media: &Media) -> Vec<Fingerprint> {
    media.fingerprints.iter().filter_map(|text| Fingerprint::parse(text)).collect()
}

impl Pact {
    /// Answers an m-line that [`is_dtls`]. `before`: what stands already; while the certificate stays, so do the roles.
    pub fn answering(sdp: &Sdp, media: &Media, ours: &Identity, before: Option<&Self>) -> Self {
        let trusted = trusted(media);
        let kept = before.filter(|before| before.trusted == trusted).map(|before| before.role);
        let role = match media.setup {
            // Who says nothing in an offer is active (RFC 4145 section 4.1).
            Some(Setup::Active) | None => Role::Server,
            Some(Setup::Passive) => Role::Client,
            Some(Setup::ActPass | Setup::HoldConn) => kept.unwrap_or_else(|| ours.choose(sdp, media)),
        };
        Self { role, trusted }
    }

    /// What an answer to our offer agreed on; `None` when it has no fingerprint or leaves the roles open.
    pub fn answered(media: &Media) -> Option<Self> {
        let role = match media.setup {
            Some(Setup::Active) => Role::Server,
            // Who says nothing in an answer is passive (RFC 4145 section 4.1).
            Some(Setup::Passive) | None => Role::Client,
            Some(Setup::ActPass | Setup::HoldConn) => return None,
        };
        is_dtls(media).then(|| Self { role, trusted: trusted(media) })
    }

    /// Our role as it is written.
    pub const fn setup(&self) -> Setup {
        match self.role {
            Role::Client => Setup::Active,
            Role::Server => Setup::Passive,
        }
    }
}

impl Identity {
    /// Who begins where it is left to us. What we send to a private address may never arrive; from there something must come
    /// first, and it tells us where to.
    fn choose(&self, sdp: &Sdp, media: &Media) -> Role {
        let is_private = match sdp.connection_of(media) {
            Some(crate::sdp::Connection::Address(address)) => is_private(address),
            _ => true,
        };
        if self.active.unwrap_or(!is_private) { Role::Client } else { Role::Server }
    }
}
