//! One DTLS association: datagrams in, datagrams and keys out.

use std::sync::Arc;
use std::time::Instant;

use aws_lc_rs::agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::certificate::{Certificate, draw_p256};
use super::fingerprint::Fingerprint;
use super::flight::Flight;
use super::key_schedule::{MasterSecret, Randoms};
use super::message::{Message, Reader, kind, vector24};
use super::peer_key::PeerKey;
use super::reassembly::{Fragment, Reassembly};
use super::record::{Record, Records, content};
use crate::srtp::{KeySource, Keys, Suite};

/// Records of a datagram that are read at most.
const MAX_RECORDS: usize = 16;
/// Bytes of a handshake that are kept to be hashed and signed.
const MAX_TRANSCRIPT: usize = 64 * 1024;
/// The level of an alert that ends an association (RFC 5246 section 7.2).
const FATAL: u8 = 2;
/// What we say when we end one.
const HANDSHAKE_FAILURE: [u8; 2] = [FATAL, 40];
/// What we say when all is over.
const CLOSE_NOTIFY: [u8; 2] = [1, 0];

/// Who begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Sends ClientHello (`a=setup:active`).
    Client,
    /// Waits for it (`a=setup:passive`).
    Server,
}

/// Why a handshake failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Failure {
    /// The certificate is not the one the SDP announced, or there was none.
    Fingerprint,
    /// The far end has no cipher, curve, signature or SRTP profile of ours.
    NothingInCommon,
    /// A signature or the Finished is wrong.
    NotAuthentic,
    /// A message is malformed, or another one was due.
    Malformed,
    /// The far end ended it, by this alert.
    Alert(u8),
    /// The cryptographic library failed.
    Library,
}

impl Failure {
    /// For people.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Fingerprint => "the certificate is not the one that the SDP announced",
            Self::NothingInCommon => "DTLS has no cipher, curve, signature or SRTP profile in common",
            Self::NotAuthentic => "a signature of the DTLS handshake is wrong",
            Self::Malformed => "the DTLS handshake is malformed",
            Self::Alert(_) => "the far end ended the DTLS handshake by an alert",
            Self::Library => "cryptography failed",
        }
    }
}

/// How it went.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Keys for SRTP.
    Keys(Box<Keys>),
    /// It is over.
    Failed(Failure),
}

/// What is due next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing was sent.
    Start,
    ClientHello,
    /// ServerHello or HelloVerifyRequest.
    ServerHello,
    Certificate,
    ServerKeyExchange,
    /// CertificateRequest or ServerHelloDone.
    RequestOrDone,
    ServerHelloDone,
    ClientKeyExchange,
    CertificateVerify,
    Finished,
    /// Both ends are done.
    Connected,
    Failed,
}

/// A handshake and what comes of it.
pub(crate) struct Association {
    pub(super) role: Role,
    pub(super) certificate: Arc<Certificate>,
    pub(super) source: KeySource,
    /// The fingerprints that the SDP has; any of them will do.
    trusted: Vec<Fingerprint>,
    pub(super) step: Step,
    pub(super) randoms: Randoms,
    pub(super) cookie: Vec<u8>,
    pub(super) ephemeral: Option<PrivateKey>,
    /// The far end's ephemeral key.
    pub(super) peer_point: Vec<u8>,
    pub(super) peer_key: Option<PeerKey>,
    pub(super) suite: u16,
    pub(super) profile: Option<Suite>,
    pub(super) extended: bool,
    /// The far end wants to see our certificate.
    pub(super) requested: bool,
    pub(super) master: Option<MasterSecret>,
    /// The handshake so far, as it is hashed.
    pub(super) transcript: Vec<u8>,
    pub(super) records: Records,
    pub(super) flight: Flight,
    pub(super) sent: u16,
    /// A message of the far end was taken.
    heard: bool,
    reassembly: Reassembly,
    outcome: Option<Outcome>,
}

impl Association {
    /// One that has not begun. `trusted`: the fingerprints in the far end's SDP.
    pub fn new(role: Role, certificate: Arc<Certificate>, source: KeySource, trusted: Vec<Fingerprint>) -> Self {
        Self {
            role,
            certificate,
            source,
            trusted,
            step: Step::Start,
            randoms: Randoms::default(),
            cookie: Vec::new(),
            ephemeral: None,
            peer_point: Vec::new(),
            peer_key: None,
            suite: 0,
            profile: None,
            extended: false,
            requested: false,
            master: None,
            transcript: Vec::new(),
            records: Records::default(),
            flight: Flight::default(),
            sent: 0,
            heard: false,
            reassembly: Reassembly::default(),
            outcome: None,
        }
    }

    /// Begins: the client sends its hello, the server waits for one.
    pub fn start(&mut self, now: Instant) {
        if self.step == Step::Start {
            let started = match self.role {
                Role::Client => self.start_client(now),
                Role::Server => self.start_server(),
            };
            self.settle(now, started);
        }
    }

    /// Takes a datagram.
    pub fn handle_packet(&mut self, now: Instant, packet: &[u8]) {
        if self.step == Step::Failed {
            return;
        }
        let mut reader = Reader(packet);
        let mut repeats = false;
        for _ in 0..MAX_RECORDS {
            let Some(record) = Record::next(&mut reader) else {
                break;
            };
            repeats |= self.take_record(now, &record);
        }
        if repeats && self.step != Step::Failed {
            self.flight.repeat(now, &mut self.records);
        }
    }

    /// Sends again what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.flight.run(now, &mut self.records);
    }

    /// When [`Self::handle_timeout`] is needed next.
    pub const fn next_timeout(&self) -> Option<Instant> {
        self.flight.next_timeout()
    }

    /// The next datagram to send.
    pub fn poll_packet(&mut self) -> Option<Vec<u8>> {
        self.flight.poll()
    }

    /// How it went, once.
    pub fn poll_outcome(&mut self) -> Option<Outcome> {
        self.outcome.take()
    }

    /// Whether a message of the far end was taken.
    pub const fn was_heard(&self) -> bool {
        self.heard
    }

    /// Whether the far end showed that it gets what is sent to it: it goes on with the handshake.
    pub fn is_proven(&self) -> bool {
        !matches!(self.step, Step::Start | Step::ClientHello | Step::ServerHello)
    }

    /// Whether both ends are done.
    pub fn is_connected(&self) -> bool {
        self.step == Step::Connected
    }

    /// Says goodbye, where both ends are done.
    pub fn close(&mut self, now: Instant) {
        if self.step == Step::Connected {
            self.step = Step::Failed;
            self.say(now, CLOSE_NOTIFY, 1);
        }
    }

    /// Takes a record; whether it repeats what was taken before.
    fn take_record(&mut self, now: Instant, record: &Record<'_>) -> bool {
        let Some(body) = self.records.open(record) else {
            return false;
        };
        match record.content {
            // All was said: the far end did not hear the last of it.
            content::HANDSHAKE if self.step == Step::Connected => true,
            content::HANDSHAKE => {
                if self.step == Step::ClientHello && self.cookie.is_empty() {
                    self.records.start_at(record.sequence);
                }
                self.take_fragments(now, record.epoch, &body)
            }
            content::ALERT if body.first() == Some(&FATAL) && self.step != Step::Connected => {
                self.settle(now, Err(Failure::Alert(body.get(1).copied().unwrap_or_default())));
                false
            }
            // Epochs say themselves what ChangeCipherSpec says; of other contents there is no use.
            _ => false,
        }
    }

    fn take_fragments(&mut self, now: Instant, epoch: u16, body: &[u8]) -> bool {
        let mut reader = Reader(body);
        let mut repeats = false;
        while !reader.is_empty() {
            match self.reassembly.take(epoch, &mut reader) {
                Fragment::New => {}
                Fragment::Old => repeats = true,
                Fragment::Refused => break,
            }
        }
        while !matches!(self.step, Step::Connected | Step::Failed)
            && let Some(message) = self.reassembly.next()
        {
            let taken = self.take_message(now, &message);
            self.settle(now, taken);
        }
        repeats
    }

    fn take_message(&mut self, now: Instant, message: &Message) -> Result<(), Failure> {
        let is_finished = message.kind == kind::FINISHED;
        if is_finished != (message.epoch == 1) || self.transcript.len() + message.body.len() > MAX_TRANSCRIPT {
            return Err(Failure::Malformed);
        }
        self.heard = true;
        self.flight.was_heard();
        match self.role {
            Role::Client => self.take_as_client(now, message),
            Role::Server => self.take_as_server(now, message),
        }
    }

    /// Ends it when a step failed.
    fn settle(&mut self, now: Instant, taken: Result<(), Failure>) {
        if let Err(failure) = taken
            && self.step != Step::Failed
        {
            self.step = Step::Failed;
            if !matches!(failure, Failure::Alert(_)) {
                self.say(now, HANDSHAKE_FAILURE, 0);
            }
            self.forget();
            self.outcome = Some(Outcome::Failed(failure));
        }
    }

    fn say(&mut self, now: Instant, alert: [u8; 2], epoch: u16) {
        self.flight.begin();
        self.flight.add(content::ALERT, epoch, alert.to_vec());
        self.flight.send(now, false, &mut self.records);
    }

    /// Notes a message of the far end as part of the handshake.
    pub(super) fn note(&mut self, message: &Message) {
        self.transcript.extend_from_slice(&message.bytes());
    }

    /// Adds a message of ours to the flight, and notes it.
    pub(super) fn add(&mut self, kind: u8, epoch: u16, body: Vec<u8>) {
        let message = Message { kind, number: self.sent, epoch, body };
        self.sent = self.sent.wrapping_add(1);
        let bytes = message.bytes();
        self.transcript.extend_from_slice(&bytes);
        self.flight.add(content::HANDSHAKE, epoch, bytes);
    }

    /// The body of our Certificate.
    pub(super) fn our_certificate(&self) -> Vec<u8> {
        vector24(&vector24(self.certificate.der()))
    }

    /// Takes the far end's Certificate: the first one must be the one that the SDP announced.
    pub(super) fn take_certificate(&mut self, message: &Message) -> Result<(), Failure> {
        let mut list = Reader(Reader(&message.body).vector24().ok_or(Failure::Malformed)?);
        let certificate = list.vector24().ok_or(Failure::Fingerprint)?;
        if !self.trusted.iter().any(|fingerprint| fingerprint.is_of(certificate)) {
            return Err(Failure::Fingerprint);
        }
        self.peer_key = Some(PeerKey::of_certificate(certificate).ok_or(Failure::NothingInCommon)?);
        self.note(message);
        Ok(())
    }

    /// Whether the far end signed `message`; `signed`: the algorithm and the signature, to the end.
    pub(super) fn check_signature(&self, message: &[u8], signed: &[u8]) -> Result<(), Failure> {
        let mut reader = Reader(signed);
        let parts = reader.u16().zip(reader.vector16()).filter(|_| reader.is_empty());
        let (algorithm, signature) = parts.ok_or(Failure::Malformed)?;
        let key = self.peer_key.as_ref().ok_or(Failure::Fingerprint)?;
        if key.verify(algorithm, message, signature) { Ok(()) } else { Err(Failure::NotAuthentic) }
    }

    /// Draws our ephemeral key; its public point.
    pub(super) fn draw_ephemeral(&mut self) -> Result<Vec<u8>, Failure> {
        let private = draw_p256(&mut self.source).ok_or(Failure::Library)?;
        let private = PrivateKey::from_private_key(&ECDH_P256, &private).map_err(|_| Failure::Library)?;
        let point = private.compute_public_key().map_err(|_| Failure::Library)?.as_ref().to_vec();
        self.ephemeral = Some(private);
        Ok(point)
    }

    /// Both ephemeral keys are known, and the handshake up to the client's: the secrets follow.
    pub(super) fn derive(&mut self) -> Result<(), Failure> {
        let private = self.ephemeral.take().ok_or(Failure::Malformed)?;
        let theirs = UnparsedPublicKey::new(&ECDH_P256, std::mem::take(&mut self.peer_point));
        let session = self.extended.then_some(self.transcript.as_slice());
        let master = agreement::agree(&private, &theirs, Failure::NotAuthentic, |shared| {
            Ok(MasterSecret::new(shared, self.randoms, session))
        })?;
        let (client, server) = master.record_keys();
        let (ours, theirs) = if self.role == Role::Client { (&client, &server) } else { (&server, &client) };
        self.records.protect((&ours.0, ours.1), (&theirs.0, theirs.1)).ok_or(Failure::Library)?;
        self.master = Some(master);
        Ok(())
    }

    /// Adds ChangeCipherSpec and Finished to the flight.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        let master = self.master.as_ref().ok_or(Failure::Malformed)?;
        let data = master.verify_data(self.role == Role::Client, &self.transcript);
        self.flight.add(content::CHANGE_CIPHER_SPEC, 0, vec![1]);
        self.add(kind::FINISHED, 1, data.to_vec());
        Ok(())
    }

    /// Takes the far end's Finished.
    pub(super) fn take_finished(&mut self, message: &Message) -> Result<(), Failure> {
        let master = self.master.as_ref().ok_or(Failure::Malformed)?;
        let expected = master.verify_data(self.role == Role::Server, &self.transcript);
        verify_slices_are_equal(&expected, &message.body).map_err(|_| Failure::NotAuthentic)?;
        self.note(message);
        Ok(())
    }

    /// Both Finished are there: the keys are told, and what they needed is forgotten.
    pub(super) fn connected(&mut self) -> Result<(), Failure> {
        let suite = self.profile.ok_or(Failure::NothingInCommon)?;
        let master = self.master.take().ok_or(Failure::Malformed)?;
        let (client, server) = master.srtp_keys(suite).ok_or(Failure::Library)?;
        let (ours, theirs) = if self.role == Role::Client { (client, server) } else { (server, client) };
        self.step = Step::Connected;
        self.forget();
        self.outcome = Some(Outcome::Keys(Box::new(Keys { ours, theirs, their_mki: Vec::new() })));
        Ok(())
    }

    fn forget(&mut self) {
        self.transcript = Vec::new();
        self.peer_key = None;
        self.ephemeral = None;
        self.master = None;
        self.trusted = Vec::new();
    }
}
