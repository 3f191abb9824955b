//! The server's side of a handshake (`a=setup:passive`).

use std::time::Instant;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

use super::association::{Association, Failure, Step};
use super::client::ECDSA_SIGN;
use super::hello::{ClientHello, ECDHE_ECDSA, SECP256R1, ServerHello, verify_request};
use super::message::{Message, Reader, kind, vector8, vector16};
use super::peer_key::{OUR_SIGNATURE, SIGNATURES};

/// Bytes of our cookies.
const COOKIE: usize = 16;
/// A curve by its name (RFC 8422 section 5.4).
const NAMED_CURVE: u8 = 3;
/// rsa_sign (RFC 5246 section 7.4.4).
const RSA_SIGN: u8 = 1;

impl Association {
    pub(super) fn start_server(&mut self) -> Result<(), Failure> {
        self.randoms.server = self.source.bytes();
        self.step = Step::ClientHello;
        Ok(())
    }

    pub(super) fn take_as_server(&mut self, now: Instant, message: &Message) -> Result<(), Failure> {
        match (self.step, message.kind) {
            (Step::ClientHello, kind::CLIENT_HELLO) => self.take_client_hello(now, message)?,
            (Step::Certificate, kind::CERTIFICATE) => {
                self.take_certificate(message)?;
                self.step = Step::ClientKeyExchange;
            }
            (Step::ClientKeyExchange, kind::CLIENT_KEY_EXCHANGE) => {
                let mut reader = Reader(&message.body);
                self.peer_point = reader.vector8().ok_or(Failure::Malformed)?.to_vec();
                self.note(message);
                self.derive()?;
                self.step = Step::CertificateVerify;
            }
            (Step::CertificateVerify, kind::CERTIFICATE_VERIFY) => {
                self.check_signature(&self.transcript, &message.body)?;
                self.note(message);
                self.step = Step::Finished;
            }
            (Step::Finished, kind::FINISHED) => {
                self.take_finished(message)?;
                self.flight.begin();
                self.finish()?;
                // The far end asks for it again if it is lost.
                self.flight.send(now, false, &mut self.records);
                self.connected()?;
            }
            _ => return Err(Failure::Malformed),
        }
        Ok(())
    }

    fn take_client_hello(&mut self, now: Instant, message: &Message) -> Result<(), Failure> {
        let hello = ClientHello::parse(&message.body).ok_or(Failure::NothingInCommon)?;
        if self.cookie.is_empty() {
            self.cookie = self.cookie_of(&hello);
            let request = Message {
                kind: kind::HELLO_VERIFY_REQUEST,
                number: self.sent,
                epoch: 0,
                body: verify_request(&self.cookie),
            };
            self.sent += 1;
            self.flight.begin();
            self.flight.add(super::record::content::HANDSHAKE, 0, request.bytes());
            // It is sent again when the hello is (RFC 6347 section 4.2.1).
            self.flight.send(now, false, &mut self.records);
            return Ok(());
        }
        // The cookie proves that what is sent to this address arrives there: nobody else is flooded by our certificate.
        verify_slices_are_equal(&hello.cookie, &self.cookie).map_err(|_| Failure::Malformed)?;
        if !hello.is_usable || hello.profile.is_none() {
            return Err(Failure::NothingInCommon);
        }
        self.randoms.client = hello.random;
        self.suite = ECDHE_ECDSA;
        self.profile = hello.profile;
        self.extended = hello.extended_master_secret;
        self.note(message);
        self.answer_hello(now, &hello)
    }

    fn cookie_of(&mut self, hello: &ClientHello) -> Vec<u8> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.source.bytes::<32>());
        let mut cookie = hmac::sign(&key, &hello.random).as_ref().to_vec();
        cookie.truncate(COOKIE);
        cookie
    }

    /// Our first flight: hello, certificate, signed key, and the wish to see theirs.
    fn answer_hello(&mut self, now: Instant, hello: &ClientHello) -> Result<(), Failure> {
        let point = self.draw_ephemeral()?;
        let parameters = [&[NAMED_CURVE], SECP256R1.to_be_bytes().as_slice(), &vector8(&point)].concat();
        let signed = [self.randoms.client.as_slice(), &self.randoms.server, &parameters].concat();
        let signature = self.certificate.sign(&signed).ok_or(Failure::Library)?;
        let key_exchange = [parameters.as_slice(), &OUR_SIGNATURE.to_be_bytes(), &vector16(&signature)].concat();
        let algorithms: Vec<u8> = SIGNATURES.iter().flat_map(|algorithm| algorithm.to_be_bytes()).collect();
        let request = [vector8(&[ECDSA_SIGN, RSA_SIGN]), vector16(&algorithms), vector16(&[])].concat();
        self.flight.begin();
        let certificate = self.our_certificate();
        self.add(kind::SERVER_HELLO, 0, ServerHello::ours(&self.randoms.server, hello));
        self.add(kind::CERTIFICATE, 0, certificate);
        self.add(kind::SERVER_KEY_EXCHANGE, 0, key_exchange);
        self.add(kind::CERTIFICATE_REQUEST, 0, request);
        self.add(kind::SERVER_HELLO_DONE, 0, Vec::new());
        self.step = Step::Certificate;
        self.flight.send(now, true, &mut self.records);
        Ok(())
    }
}
