//! The client's side of a handshake (`a=setup:active`).

use std::time::Instant;

use super::association::{Association, Failure, Step};
use super::hello::{ClientHello, ECDHE_ECDSA, ECDHE_RSA, SECP256R1, ServerHello, requested_cookie};
use super::message::{Message, Reader, kind, numbers, vector8, vector16};
use super::peer_key::OUR_SIGNATURE;

/// Cookies that are followed at most.
const MAX_COOKIE: usize = 255;
/// A curve by its name (RFC 8422 section 5.4).
const NAMED_CURVE: u8 = 3;
/// ecdsa_sign (RFC 8422 section 5.5).
pub(super) const ECDSA_SIGN: u8 = 64;

impl Association {
    pub(super) fn start_client(&mut self, now: Instant) -> Result<(), Failure> {
        self.randoms.client = self.source.bytes();
        self.step = Step::ServerHello;
        self.send_hello(now);
        Ok(())
    }

    fn send_hello(&mut self, now: Instant) {
        // A hello without a cookie is no part of the handshake (RFC 6347 section 4.2.1).
        self.transcript.clear();
        let body = ClientHello::ours(&self.randoms.client, &self.cookie);
        self.flight.begin();
        self.add(kind::CLIENT_HELLO, 0, body);
        self.flight.send(now, true, &mut self.records);
    }

    pub(super) fn take_as_client(&mut self, now: Instant, message: &Message) -> Result<(), Failure> {
        match (self.step, message.kind) {
            (Step::ServerHello, kind::HELLO_VERIFY_REQUEST) if self.cookie.is_empty() => {
                let cookie = requested_cookie(&message.body).filter(|cookie| !cookie.is_empty());
                self.cookie = cookie.filter(|cookie| cookie.len() <= MAX_COOKIE).ok_or(Failure::Malformed)?;
                self.send_hello(now);
            }
            (Step::ServerHello, kind::SERVER_HELLO) => self.take_server_hello(message)?,
            (Step::Certificate, kind::CERTIFICATE) => {
                self.take_certificate(message)?;
                let is_rsa = self.peer_key.as_ref().is_some_and(super::peer_key::PeerKey::is_rsa);
                if is_rsa != (self.suite == ECDHE_RSA) {
                    return Err(Failure::Malformed);
                }
                self.step = Step::ServerKeyExchange;
            }
            (Step::ServerKeyExchange, kind::SERVER_KEY_EXCHANGE) => self.take_server_key(message)?,
            (Step::RequestOrDone, kind::CERTIFICATE_REQUEST) => {
                self.take_request(message)?;
                self.step = Step::ServerHelloDone;
            }
            (Step::RequestOrDone | Step::ServerHelloDone, kind::SERVER_HELLO_DONE) => {
                self.note(message);
                self.answer(now)?;
            }
            (Step::Finished, kind::FINISHED) => {
                self.take_finished(message)?;
                self.connected()?;
            }
            _ => return Err(Failure::Malformed),
        }
        Ok(())
    }

    fn take_server_hello(&mut self, message: &Message) -> Result<(), Failure> {
        let hello = ServerHello::parse(&message.body).ok_or(Failure::NothingInCommon)?;
        if !matches!(hello.suite, ECDHE_ECDSA | ECDHE_RSA) || hello.profile.is_none() {
            return Err(Failure::NothingInCommon);
        }
        self.suite = hello.suite;
        self.profile = hello.profile;
        self.extended = hello.extended_master_secret;
        self.randoms.server = hello.random;
        self.note(message);
        self.step = Step::Certificate;
        Ok(())
    }

    /// ServerKeyExchange (RFC 8422 section 5.4): curve, point, and a signature over them and both randoms.
    fn take_server_key(&mut self, message: &Message) -> Result<(), Failure> {
        let mut reader = Reader(&message.body);
        let (curve, group, point) = (reader.u8(), reader.u16(), reader.vector8());
        if curve != Some(NAMED_CURVE) || group != Some(SECP256R1) {
            return Err(Failure::NothingInCommon);
        }
        let point = point.ok_or(Failure::Malformed)?;
        let parameters = message.body.strip_suffix(reader.0).unwrap_or_default();
        let signed = [self.randoms.client.as_slice(), &self.randoms.server, parameters].concat();
        self.check_signature(&signed, reader.0)?;
        self.peer_point = point.to_vec();
        self.note(message);
        self.step = Step::RequestOrDone;
        Ok(())
    }

    /// CertificateRequest (RFC 5246 section 7.4.4): what our certificate can do must be wanted.
    fn take_request(&mut self, message: &Message) -> Result<(), Failure> {
        let mut reader = Reader(&message.body);
        let kinds = reader.vector8().ok_or(Failure::Malformed)?;
        let algorithms = reader.vector16().ok_or(Failure::Malformed)?;
        if !kinds.contains(&ECDSA_SIGN) || !numbers(algorithms).any(|algorithm| algorithm == OUR_SIGNATURE) {
            return Err(Failure::NothingInCommon);
        }
        self.requested = true;
        self.note(message);
        Ok(())
    }

    /// Our second flight.
    fn answer(&mut self, now: Instant) -> Result<(), Failure> {
        let point = self.draw_ephemeral()?;
        self.flight.begin();
        if self.requested {
            let certificate = self.our_certificate();
            self.add(kind::CERTIFICATE, 0, certificate);
        }
        self.add(kind::CLIENT_KEY_EXCHANGE, 0, vector8(&point));
        self.derive()?;
        if self.requested {
            let signature = self.certificate.sign(&self.transcript).ok_or(Failure::Library)?;
            let body = [OUR_SIGNATURE.to_be_bytes().as_slice(), &vector16(&signature)].concat();
            self.add(kind::CERTIFICATE_VERIFY, 0, body);
        }
        self.finish()?;
        self.step = Step::Finished;
        self.flight.send(now, true, &mut self.records);
        Ok(())
    }
}
