//! Keys in offers and answers (RFC 4568 sections 5 to 7).

use crate::command::RefusedSdp;
use crate::sdp::Media;

use super::crypto_attribute::CryptoAttribute;
use super::key_source::KeySource;
use super::master_key::MasterKey;
use super::suite::Suite;

/// What we offer, best known first: old phones take the first line alone.
const OFFERED: [Suite; 4] = [Suite::AesCm128Sha1_80, Suite::AesCm256Sha1_80, Suite::AesGcm128, Suite::AesCm128Sha1_32];

/// The keys of both directions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keys {
    pub ours: MasterKey,
    pub theirs: MasterKey,
    /// Master key identifier of their packets; empty for none.
    pub their_mki: Vec<u8>,
}

/// What an m-line of the far end says about SRTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// Plain RTP.
    Plain,
    /// SRTP with a line that we can do.
    Srtp,
    /// SRTP with keys by DTLS.
    Dtls,
    /// SRTP that we cannot do.
    Unknown,
}

/// One leg's side in the exchange of keys.
#[derive(Clone, Debug)]
pub struct Sdes {
    source: Option<KeySource>,
    /// Our first offer asks for SRTP.
    secure: bool,
    /// The lines of our last offer.
    offered: Vec<CryptoAttribute>,
    /// Rare, so it stands elsewhere.
    active: Option<Box<(CryptoAttribute, Keys)>>,
}

impl Sdes {
    /// `source`: without one SRTP is neither offered nor taken. `secure`: our own first offer is RTP/SAVP.
    #[must_use]
    pub const fn new(source: Option<KeySource>, secure: bool) -> Self {
        Self { source, secure, offered: Vec::new(), active: None }
    }

    /// What is agreed; `None` for plain RTP.
    pub(crate) fn keys(&self) -> Option<&Keys> {
        self.active.as_deref().map(|(_, keys)| keys)
    }

    /// Whether our offers ask for SRTP from now on; where it is in use they do in any case.
    pub const fn wish(&mut self, secure: bool) {
        self.secure = secure;
    }

    /// Keys come another way.
    pub(crate) fn stop(&mut self) {
        self.active = None;
        self.offered.clear();
    }

    /// Secrets that nobody else draws; `None` without a source.
    pub(crate) fn secrets(&mut self) -> Option<KeySource> {
        self.source.as_mut().map(KeySource::branch)
    }

    /// Whether an answer has keys for the lines of our last offer.
    pub(crate) fn is_answered_by(&self, media: &Media) -> bool {
        !self.offered.is_empty() && first_usable(media).is_some()
    }

    /// The transport of our next offer.
    #[must_use]
    pub const fn protocol(&self) -> &'static str {
        if self.source.is_some() && (self.secure || self.active.is_some()) { "RTP/SAVP" } else { "RTP/AVP" }
    }

    /// The `a=crypto` lines of our offer: what is in use stays as it is, key and all (RFC 4568 section 7.1.4).
    pub fn offer(&mut self) -> Vec<String> {
        self.offered.clear();
        if let Some((ours, _)) = self.active.as_deref() {
            self.offered.push(ours.clone());
        } else if let Some(source) = self.source.as_mut().filter(|_| self.secure) {
            for (tag, suite) in (1..).zip(OFFERED) {
                let line =
                    source.draw(suite).map(|key| CryptoAttribute { tag, name: suite.name(), key, mki: Vec::new() });
                self.offered.extend(line);
            }
        }
        self.offered.iter().map(ToString::to_string).collect()
    }

    /// What an m-line of an offer asks for.
    pub(crate) fn judge(&self, media: &Media) -> Security {
        let usable = self.source.is_some() && first_usable(media).is_some();
        match media.protocol.as_str() {
            "RTP/SAVP" | "RTP/SAVPF" if usable => Security::Srtp,
            // Best effort: the far end would like SRTP and can do without.
            "RTP/AVP" | "RTP/AVPF" if usable => Security::Srtp,
            "RTP/AVP" | "RTP/AVPF" => Security::Plain,
            _ => Security::Unknown,
        }
    }

    /// Answers an m-line that was judged; the `a=crypto` of the answer. Their first line that we can do is taken. Our key
    /// stays as long as theirs does: a far end that changes its key begins anew in both directions.
    pub(crate) fn answer(&mut self, media: &Media) -> Result<Vec<String>, RefusedSdp> {
        if self.judge(media) != Security::Srtp {
            self.active = None;
            return Ok(Vec::new());
        }
        let theirs = first_usable(media).ok_or(RefusedSdp::NotAcceptable)?;
        let kept = self.active.as_deref().filter(|(_, keys)| keys.theirs == theirs.key);
        let key = match kept {
            Some((_, keys)) => Some(keys.ours.clone()),
            None => self.source.as_mut().and_then(|source| source.draw(theirs.suite())),
        };
        let key = key.ok_or(RefusedSdp::NotAcceptable)?;
        let ours = CryptoAttribute { tag: theirs.tag, name: theirs.name, key, mki: Vec::new() };
        let text = ours.to_string();
        let keys = Keys { ours: ours.key.clone(), theirs: theirs.key, their_mki: theirs.mki };
        self.active = Some(Box::new((ours, keys)));
        Ok(vec![text])
    }

    /// Takes the m-line of an answer to our offer: one line, with the tag and suite of one of ours.
    pub(crate) fn accept(&mut self, media: &Media) -> Result<(), RefusedSdp> {
        let secure = matches!(media.protocol.as_str(), "RTP/SAVP" | "RTP/SAVPF");
        if self.offered.is_empty() {
            // An answer has the transport of its offer (RFC 3264 section 6): whoever answers with another one takes for
            // protected what is not.
            if !matches!(media.protocol.as_str(), "RTP/AVP" | "RTP/AVPF") {
                return Err(RefusedSdp::NotAcceptable);
            }
            self.active = None;
            return Ok(());
        }
        let theirs = first_usable(media).filter(|_| secure).ok_or(RefusedSdp::NotAcceptable)?;
        let ours = self
            .offered
            .iter()
            .find(|ours| ours.tag == theirs.tag && ours.suite() == theirs.suite())
            .ok_or(RefusedSdp::NotAcceptable)?;
        let keys = Keys { ours: ours.key.clone(), theirs: theirs.key, their_mki: theirs.mki };
        self.active = Some(Box::new((ours.clone(), keys)));
        Ok(())
    }
}

/// The first line that we can do: the far end's preference.
fn first_usable(media: &Media) -> Option<CryptoAttribute> {
    media.crypto.iter().find_map(|line| CryptoAttribute::parse(line).ok())
}
