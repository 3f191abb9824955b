//! Protecting what we send.

use super::MAX_TRAILER;
use super::master_key::MasterKey;
use super::transform::{Number, Transform};

/// Packets of RTP under one key at most: indices have 48 bits (RFC 3711 section 9.2).
const MAX_RTP: u64 = 1 << 48;
/// Packets of RTCP under one key at most.
const MAX_RTCP: u32 = 1 << 31;
/// The bit that says that an SRTCP packet is encrypted.
const ENCRYPTED: u32 = 1 << 31;

/// The sending half of a session. One key, one SSRC, one count.
pub struct Sender {
    keys: Option<(Transform, Transform)>,
    rtcp_index: u32,
}

impl Sender {
    /// Makes the session keys.
    #[must_use]
    pub fn new(key: &MasterKey) -> Self {
        let keys = Transform::new(key, false).and_then(|rtp| Ok((rtp, Transform::new(key, true)?)));
        Self { keys: keys.ok(), rtcp_index: 0 }
    }

    /// Protects the packet of `length` bytes at the start of `buffer`; there must be [`MAX_TRAILER`] bytes of room behind
    /// it. `sequence` is the extended sequence number, never twice the same. How long the packet is now; `None` when it
    /// must not leave: no room, no header, or the key is used up.
    #[must_use]
    pub fn protect_rtp(&mut self, buffer: &mut [u8], length: usize, sequence: u64) -> Option<usize> {
        let (transform, _) = self.keys.as_ref()?;
        let from = header_length(buffer.get(..length)?)?;
        if sequence >= MAX_RTP || buffer.len() < length + MAX_TRAILER {
            return None;
        }
        let number = Number { ssrc: word(buffer, 8)?, index: sequence };
        transform.encrypt(number, buffer, from, length, None).ok()?;
        let end = length + transform.tag_length();
        let rollover = ((sequence >> 16) as u32).to_be_bytes();
        if !transform.is_aead() {
            buffer.get_mut(length..length + 4)?.copy_from_slice(&rollover);
            let tag = transform.authenticate(buffer.get(..length + 4)?)?;
            buffer.get_mut(length..end)?.copy_from_slice(tag.as_ref().get(..end - length)?);
        }
        Some(end)
    }

    /// Protects the compound RTCP packet of `length` bytes at the start of `buffer`, as [`Self::protect_rtp`] does.
    #[must_use]
    pub fn protect_rtcp(&mut self, buffer: &mut [u8], length: usize) -> Option<usize> {
        let (_, transform) = self.keys.as_ref()?;
        if length < 8 || self.rtcp_index >= MAX_RTCP || buffer.len() < length + MAX_TRAILER {
            return None;
        }
        let index = self.rtcp_index;
        self.rtcp_index += 1;
        let number = Number { ssrc: word(buffer, 4)?, index: index.into() };
        let trailer = (ENCRYPTED | index).to_be_bytes();
        if transform.is_aead() {
            let mut aad = [0; 12];
            aad[..8].copy_from_slice(buffer.get(..8)?);
            aad[8..].copy_from_slice(&trailer);
            transform.encrypt(number, buffer, 8, length, Some(&aad)).ok()?;
            let end = length + transform.tag_length();
            buffer.get_mut(end..end + 4)?.copy_from_slice(&trailer);
            return Some(end + 4);
        }
        transform.encrypt(number, buffer, 8, length, None).ok()?;
        buffer.get_mut(length..length + 4)?.copy_from_slice(&trailer);
        let tag = transform.authenticate(buffer.get(..length + 4)?)?;
        let end = length + 4 + transform.tag_length();
        buffer.get_mut(length + 4..end)?.copy_from_slice(tag.as_ref().get(..transform.tag_length())?);
        Some(end)
    }
}

/// Bytes before the payload: fixed header, CSRCs and extension (RFC 3550 section 5.1). `None` when they are not there.
pub(super) fn header_length(packet: &[u8]) -> Option<usize> {
    let fixed = packet.first_chunk::<12>()?;
    if fixed[0] >> 6 != 2 {
        return None;
    }
    let mut length = 12 + 4 * usize::from(fixed[0] & 0xf);
    if fixed[0] & 0x10 != 0 {
        let words = packet.get(length + 2..length + 4)?;
        length += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
    }
    (length <= packet.len()).then_some(length)
}

/// Four bytes, big-endian.
pub(super) fn word(packet: &[u8], at: usize) -> Option<u32> {
    packet.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}
