//! Opening what the far end sends.

use super::master_key::MasterKey;
use super::sender::{header_length, word};
use super::stream::{Window, nearest};
use super::transform::{Number, Transform};

/// Sources whose packets are known apart; the one heard longest ago gives way to a new one.
const MAX_STREAMS: usize = 4;
/// The most indices tried for a source's first packet.
const MAX_GUESSES: usize = 3;
/// The bit that says that an SRTCP packet is encrypted.
const ENCRYPTED: u32 = 1 << 31;

/// Why a packet is not opened; it was not changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refused {
    /// Too short, or no RTP.
    Malformed,
    /// Its tag is wrong: another key, or somebody else's packet.
    NotAuthentic,
    /// Opened before, or too old to know.
    Replayed,
}

/// The receiving half of a session.
pub struct Receiver {
    keys: Option<(Transform, Transform)>,
    mki: Box<[u8]>,
    streams: [Option<Stream>; MAX_STREAMS],
    /// Sources under the former key and their highest indices: a far end may keep its rollover counter.
    before: [Option<(u32, u64)>; MAX_STREAMS],
    clock: u64,
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    ssrc: u32,
    rtp: Window,
    rtcp: Window,
    /// The receiver's count when it was last heard.
    heard: u64,
}

impl Receiver {
    /// Makes the session keys. `mki`: what each packet carries before its tag; empty for nothing.
    #[must_use]
    pub fn new(key: &MasterKey, mki: &[u8]) -> Self {
        let keys = Transform::new(key, false).and_then(|rtp| Ok((rtp, Transform::new(key, true)?)));
        Self { keys: keys.ok(), mki: mki.into(), streams: [None; MAX_STREAMS], before: [None; MAX_STREAMS], clock: 0 }
    }

    /// This receiver, which takes the place of another one under an older key.
    #[must_use]
    pub fn after(mut self, old: &Self) -> Self {
        for (place, stream) in self.before.iter_mut().zip(&old.streams) {
            *place = stream.and_then(|stream| Some((stream.ssrc, stream.rtp.highest()?)));
        }
        self
    }

    /// Opens an SRTP packet where it stands; how long the plain packet is.
    ///
    /// # Errors
    /// [`Refused`]; the packet is as it was.
    pub fn open_rtp(&mut self, packet: &mut [u8]) -> Result<usize, Refused> {
        let (transform, _) = self.keys.as_ref().ok_or(Refused::NotAuthentic)?;
        let trailer = self.mki.len() + transform.tag_length();
        let end = packet.len().checked_sub(trailer).ok_or(Refused::Malformed)?;
        let from = packet.get(..end).and_then(header_length).ok_or(Refused::Malformed)?;
        let ssrc = word(packet, 8).ok_or(Refused::Malformed)?;
        let sequence = u16::from_be_bytes([packet[2], packet[3]]);
        let known = self.streams.iter().flatten().find(|stream| stream.ssrc == ssrc).map(|stream| stream.rtp);
        if !mki_matches(packet, end, transform, &self.mki) {
            return Err(Refused::NotAuthentic);
        }
        let mut guesses = self.guesses(ssrc, sequence, known.and_then(|window| window.highest())).into_iter().flatten();
        // A packet that was opened before says nothing new, whoever sent it.
        if known.is_some_and(|window| guesses.clone().any(|index| !window.is_new(index))) {
            return Err(Refused::Replayed);
        }
        let index = guesses.find(|index| open(transform, Number { ssrc, index: *index }, packet, from, end));
        let index = index.ok_or(Refused::NotAuthentic)?;
        if let Some(stream) = self.stream(ssrc) {
            stream.rtp.take(index);
        }
        Ok(end)
    }

    /// Which indices a packet may have: the one nearest to what came before; for a source's first packet the rollover
    /// counter it had under the former key, none, or one when its first packets were missed.
    fn guesses(&self, ssrc: u32, sequence: u16, highest: Option<u64>) -> [Option<u64>; MAX_GUESSES] {
        if let Some(highest) = highest {
            return [nearest(highest, sequence), None, None];
        }
        let before = self.before.iter().flatten().find(|(known, _)| *known == ssrc);
        let kept = before.and_then(|(_, highest)| nearest(*highest, sequence));
        let first = u64::from(sequence);
        let missed = (sequence < 0x8000).then_some(first | 1 << 16);
        [kept, Some(first), missed]
    }

    /// The state of a source, made when there is none. Only for authentic packets.
    fn stream(&mut self, ssrc: u32) -> Option<&mut Stream> {
        self.clock += 1;
        let known = self.streams.iter().position(|slot| slot.is_some_and(|stream| stream.ssrc == ssrc));
        let at = known.or_else(|| {
            (0..MAX_STREAMS).min_by_key(|at| self.streams.get(*at).copied().flatten().map(|stream| stream.heard))
        })?;
        let slot = self.streams.get_mut(at)?;
        if known.is_none() {
            *slot = Some(Stream { ssrc, rtp: Window::default(), rtcp: Window::default(), heard: 0 });
        }
        let stream = slot.as_mut()?;
        stream.heard = self.clock;
        Some(stream)
    }

    /// Opens an SRTCP packet where it stands; how long the plain packet is.
    ///
    /// # Errors
    /// [`Refused`]; the packet is as it was.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, Refused> {
        let (_, transform) = self.keys.as_ref().ok_or(Refused::NotAuthentic)?;
        let (tag, aead) = (transform.tag_length(), transform.is_aead());
        let trailer = 4 + self.mki.len() + tag;
        let end = packet.len().checked_sub(trailer).filter(|end| *end >= 8).ok_or(Refused::Malformed)?;
        // The index stands before MKI and tag, with GCM behind the tag.
        let at = if aead { end + tag } else { end };
        let trailer = word(packet, at).ok_or(Refused::Malformed)?;
        let ssrc = word(packet, 4).ok_or(Refused::Malformed)?;
        let (index, encrypted) = (u64::from(trailer & !ENCRYPTED), trailer & ENCRYPTED != 0);
        if self.streams.iter().flatten().any(|stream| stream.ssrc == ssrc && !stream.rtcp.is_new(index)) {
            return Err(Refused::Replayed);
        }
        let number = Number { ssrc, index };
        let opened = if aead {
            // What is authenticated alone (E = 0) is of no use to a phone with GCM.
            let mut aad = [0; 12];
            aad[..8].copy_from_slice(packet.get(..8).ok_or(Refused::Malformed)?);
            aad[8..].copy_from_slice(&trailer.to_be_bytes());
            let mki = packet.get(at + 4..).is_some_and(|rest| *rest == *self.mki);
            mki && encrypted && transform.decrypt(number, packet, 8, end, Some(&aad)).is_ok()
        } else {
            let (signed, rest) = packet.split_at_checked(end + 4).ok_or(Refused::Malformed)?;
            let (mki, tag) = rest.split_at_checked(self.mki.len()).ok_or(Refused::Malformed)?;
            let authentic = *mki == *self.mki && transform.verify(signed, tag);
            authentic && (!encrypted || transform.decrypt(number, packet, 8, end, None).is_ok())
        };
        if !opened {
            return Err(Refused::NotAuthentic);
        }
        if let Some(stream) = self.stream(ssrc) {
            stream.rtcp.take(index);
        }
        Ok(end)
    }
}

/// The identifier stands before the tag, with GCM behind it (RFC 7714 section 8.3).
fn mki_matches(packet: &[u8], end: usize, transform: &Transform, mki: &[u8]) -> bool {
    let at = if transform.is_aead() { end + transform.tag_length() } else { end };
    mki.is_empty() || packet.get(at..at + mki.len()) == Some(mki)
}

/// Checks and decrypts with one index; what is not authentic stays as it was.
fn open(transform: &Transform, number: Number, packet: &mut [u8], from: usize, end: usize) -> bool {
    if transform.is_aead() {
        return transform.decrypt(number, packet, from, end, None).is_ok();
    }
    // The rollover counter is authenticated as if it stood behind the payload (RFC 3711 section 4.2).
    let start = packet.len() - transform.tag_length();
    let mut tag = [0; 10];
    let Some((tag, room)) = tag.get_mut(..transform.tag_length()).zip(packet.get(start..)) else {
        return false;
    };
    tag.copy_from_slice(room);
    let rollover = ((number.index >> 16) as u32).to_be_bytes();
    let Some(behind) = packet.get_mut(end..end + 4) else {
        return false;
    };
    let kept: [u8; 4] = [behind[0], behind[1], behind[2], behind[3]];
    behind.copy_from_slice(&rollover);
    let authentic = packet.get(..end + 4).is_some_and(|signed| transform.verify(signed, tag));
    if let Some(behind) = packet.get_mut(end..end + 4) {
        behind.copy_from_slice(&kept);
    }
    authentic && transform.decrypt(number, packet, from, end, None).is_ok()
}
