//! Records (RFC 6347 section 4.1): plain in epoch 0, AES-128-GCM in epoch 1 (RFC 5288).

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::message::Reader;

/// Contents of records.
pub(super) mod content {
    pub const CHANGE_CIPHER_SPEC: u8 = 20;
    pub const ALERT: u8 = 21;
    pub const HANDSHAKE: u8 = 22;
}

/// DTLS 1.2.
pub(super) const VERSION: u16 = 0xfefd;
/// Bytes of a record's header.
pub(super) const HEADER: usize = 13;
/// Bytes that the sender chooses of a nonce (RFC 5288 section 3).
const EXPLICIT_NONCE: usize = 8;
/// Bytes of a tag.
const TAG: usize = 16;
/// Bytes that protection adds to a record.
pub(super) const OVERHEAD: usize = EXPLICIT_NONCE + TAG;
/// Sequence numbers have 48 bits.
const MAX_SEQUENCE: u64 = 1 << 48;

/// A record as it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub content: u8,
    pub epoch: u16,
    pub sequence: u64,
    version: [u8; 2],
    pub body: &'a [u8],
}

impl<'a> Record<'a> {
    /// Takes the record at the front of a datagram. `None` when the rest is none.
    pub fn next(reader: &mut Reader<'a>) -> Option<Self> {
        let (content, version) = (reader.u8()?, reader.array::<2>()?);
        let (epoch, sequence) = (reader.u16()?, reader.u48()?);
        let body = reader.vector16()?;
        // A first ClientHello may come with DTLS 1.0's number (RFC 6347 section 4.2.1).
        (version[0] == 0xfe).then_some(Self { content, epoch, sequence, version, body })
    }
}

/// One direction's key.
struct Protection {
    key: LessSafeKey,
    salt: [u8; 4],
}

impl Protection {
    fn new(key: &[u8], salt: [u8; 4]) -> Option<Self> {
        Some(Self { key: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key).ok()?), salt })
    }

    fn nonce(&self, explicit: [u8; EXPLICIT_NONCE]) -> Nonce {
        let mut nonce = [0; 12];
        nonce[..4].copy_from_slice(&self.salt);
        nonce[4..].copy_from_slice(&explicit);
        Nonce::assume_unique_for_key(nonce)
    }
}

/// What else is authenticated (RFC 5246 section 6.2.3.3).
fn additional(number: [u8; 8], content: u8, version: [u8; 2], length: usize) -> Aad<[u8; 13]> {
    let mut bytes = [0; 13];
    bytes[..8].copy_from_slice(&number);
    bytes[8] = content;
    bytes[9..11].copy_from_slice(&version);
    bytes[11..].copy_from_slice(&(length as u16).to_be_bytes());
    Aad::from(bytes)
}

/// Epoch and sequence number in eight bytes.
fn number(epoch: u16, sequence: u64) -> [u8; 8] {
    (u64::from(epoch) << 48 | sequence).to_be_bytes()
}

/// Both directions of an association.
#[derive(Default)]
pub(super) struct Records {
    /// The next sequence numbers of both epochs.
    next: [u64; 2],
    sending: Option<Protection>,
    receiving: Option<Protection>,
}

impl Records {
    /// Epoch 1 begins. Keys have 16 bytes.
    pub fn protect(&mut self, ours: (&[u8], [u8; 4]), theirs: (&[u8], [u8; 4])) -> Option<()> {
        self.sending = Some(Protection::new(ours.0, ours.1)?);
        self.receiving = Some(Protection::new(theirs.0, theirs.1)?);
        Some(())
    }

    /// The next plain record has this number: that of the first ClientHello (RFC 6347 section 4.2.1).
    pub fn start_at(&mut self, sequence: u64) {
        self.next[0] = self.next[0].max(sequence);
    }

    /// Appends a record to a datagram. `None` when it cannot be: no keys, or no numbers left.
    pub fn write(&mut self, content: u8, epoch: u16, body: &[u8], into: &mut Vec<u8>) -> Option<()> {
        let next = self.next.get_mut(usize::from(epoch))?;
        let sequence = *next;
        if sequence >= MAX_SEQUENCE {
            return None;
        }
        let version = VERSION.to_be_bytes();
        let number = number(epoch, sequence);
        let mut sealed = body.to_vec();
        if epoch > 0 {
            let protection = self.sending.as_ref()?;
            let aad = additional(number, content, version, body.len());
            protection.key.seal_in_place_append_tag(protection.nonce(number), aad, &mut sealed).ok()?;
            sealed.splice(..0, number);
        }
        *next += 1;
        into.push(content);
        into.extend_from_slice(&version);
        into.extend_from_slice(&number);
        into.extend_from_slice(&(sealed.len() as u16).to_be_bytes());
        into.extend_from_slice(&sealed);
        Some(())
    }

    /// The plain contents of a record. `None` when it is not authentic, or of an epoch that there is none of (yet).
    pub fn open(&self, record: &Record<'_>) -> Option<Vec<u8>> {
        if record.epoch == 0 {
            return Some(record.body.to_vec());
        }
        let protection = self.receiving.as_ref().filter(|_| record.epoch == 1)?;
        let mut reader = Reader(record.body);
        let explicit = reader.array::<EXPLICIT_NONCE>()?;
        let mut body = reader.0.to_vec();
        let length = body.len().checked_sub(TAG)?;
        let aad = additional(number(record.epoch, record.sequence), record.content, record.version, length);
        protection.key.open_in_place(protection.nonce(explicit), aad, &mut body).ok()?;
        body.truncate(length);
        Some(body)
    }
}
