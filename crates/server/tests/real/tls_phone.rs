//! A phone that speaks SIP over TLS on one connection, and knows the certificate it was shown.

use crate::bad_input::answer;
use crate::desk_phone::Account;
use crate::message::{Message, uri_of};
use crate::patience::SOON;
use crate::user_agent::{offer, reply};
use crate::voice::Voice;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

static NEXT: AtomicU32 = AtomicU32::new(1);

/// A phone on one TLS connection.
pub struct TlsPhone {
    stream: StreamOwned<ClientConnection, TcpStream>,
    server: SocketAddr,
    local: SocketAddr,
    read: Vec<u8>,
    came: Vec<Message>,
    call: Option<(Message, String)>,
}

fn config() -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap()
}

/// A TLS connection over which nothing was said yet.
pub fn connect(server: SocketAddr, config: ClientConfig) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let mut socket = TcpStream::connect(server)?;
    socket.set_read_timeout(Some(SOON))?;
    let mut connection = ClientConnection::new(Arc::new(config), ServerName::from(server.ip())).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut socket)?;
    }
    Ok(StreamOwned::new(connection, socket))
}

/// Believes nobody but whom `certificate` (PEM) vouches for.
pub fn trusting(certificate: &[u8]) -> ClientConfig {
    use rustls::pki_types::pem::PemObject;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate).unwrap()).unwrap();
    config().with_root_certificates(roots).with_no_client_auth()
}

/// Believes everybody; `version` is the only one spoken, if one is given.
pub fn gullible(version: Option<&'static rustls::SupportedProtocolVersion>) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions: Vec<_> = version.map_or_else(|| rustls::ALL_VERSIONS.to_vec(), |version| vec![version]);
    ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Gullible))
        .with_no_client_auth()
}

/// The certificate that is shown to a new connection.
pub fn shown_at(server: SocketAddr) -> Vec<u8> {
    let stream = connect(server, gullible(None)).unwrap();
    stream.conn.peer_certificates().unwrap().first().unwrap().to_vec()
}

impl TlsPhone {
    /// Connects.
    #[track_caller]
    pub fn connect(server: SocketAddr, config: ClientConfig) -> Self {
        let stream = connect(server, config).unwrap();
        stream.sock.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let local = stream.sock.local_addr().unwrap();
        Self { stream, server, local, read: Vec::new(), came: Vec::new(), call: None }
    }

    /// Sends a message.
    #[track_caller]
    pub fn send(&mut self, message: &Message) {
        self.stream.write_all(&message.write()).unwrap();
        self.stream.flush().unwrap();
    }

    /// Waits for a message that was not handed out yet.
    #[track_caller]
    pub fn wait(&mut self, what: &str, wanted: impl Fn(&Message) -> bool) -> Message {
        let deadline = Instant::now() + SOON;
        loop {
            if let Some(place) = self.came.iter().position(&wanted) {
                return self.came.remove(place);
            }
            assert!(Instant::now() < deadline, "waited in vain for {what}");
            self.receive();
        }
    }

    fn receive(&mut self) {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => panic!("the connection was closed"),
            Ok(length) => self.read.extend_from_slice(&buffer[..length]),
            Err(why) if matches!(why.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => return,
            Err(why) => panic!("the connection broke: {why}"),
        }
        while let Some((message, length)) = whole(&self.read) {
            self.read.drain(..length);
            self.came.push(message);
        }
    }

    fn request(&self, method: &str, user: &str, sequence: u32) -> Message {
        let token = format!("{}{}", self.local.port(), NEXT.fetch_add(1, Ordering::Relaxed));
        let identity = format!("<sip:{user}@{}>", self.server);
        Message { start: format!("{method} sip:{} SIP/2.0", self.server), ..Message::default() }
            .with("Via", format!("SIP/2.0/TLS {};branch=z9hG4bK{token};rport", self.local))
            .with("Max-Forwards", "70")
            .with("From", format!("{identity};tag={token}"))
            .with("To", identity)
            .with("Call-ID", format!("tls{}", self.local.port()))
            .with("CSeq", format!("{sequence} {method}"))
            .with("Contact", format!("<sip:{user}@{};transport=tls>", self.local))
    }

    /// Signs in, and gives the final answer.
    #[track_caller]
    pub fn register(&mut self, account: &Account) -> Message {
        let uri = format!("sip:{}", self.server);
        self.send(&self.request("REGISTER", &account.user, 1).with("Expires", "60"));
        let challenge = self.wait("a challenge", |came| came.sequence() == 1 && came.status() >= 200);
        assert_eq!(challenge.status(), 401, "{}", challenge.start);
        let second = self.request("REGISTER", &account.user, 2).with("Expires", "60");
        self.send(&second.with("Authorization", answer(&challenge, account, &uri)));
        self.wait("the answer to REGISTER", |came| came.sequence() == 2 && came.status() >= 200)
    }

    /// Waits for a call and takes it, with plain RTP: SRTP, which is offered to who signed in over TLS, it does not know.
    #[track_caller]
    pub fn take_call(&mut self, voice: &Voice) {
        let invite = self.ring();
        self.answer(invite, voice);
    }

    /// Waits for a call and rings; gives its INVITE.
    #[track_caller]
    pub fn ring(&mut self) -> Message {
        let mut invite = self.wait("an INVITE", |came| came.method() == "INVITE");
        // By keys in the description first, then by DTLS.
        while invite.body.contains("RTP/SAVP") {
            let to = format!("{};tag=plain", invite.header("To"));
            self.send(&reply(&invite, "488 Not Acceptable Here", &to));
            self.wait("the ACK to the refusal", |came| came.method() == "ACK");
            invite = self.wait("an INVITE with something else", |came| came.method() == "INVITE");
        }
        assert!(invite.header("Via").starts_with("SIP/2.0/TLS"), "{}", invite.header("Via"));
        assert!(uri_of(invite.header("Contact")).contains("transport=tls"), "{}", invite.header("Contact"));
        self.send(&self.reply(&invite, "180 Ringing"));
        invite
    }

    /// A response to the INVITE of a call.
    fn reply(&self, invite: &Message, status: &str) -> Message {
        let contact = format!("<sip:phone@{};transport=tls>", self.local);
        reply(invite, status, &format!("{};tag=phone", invite.header("To"))).with("Contact", contact)
    }

    /// Answers a call that rings, here or where its connection was lost.
    #[track_caller]
    pub fn answer(&mut self, invite: Message, voice: &Voice) {
        voice.line().connect(invite.media().expect("an offer"));
        let mut taken = self.reply(&invite, "200 OK");
        let to = taken.header("To").to_owned();
        taken.body = offer(voice.local);
        self.send(&taken);
        self.wait("an ACK", |came| came.method() == "ACK");
        self.call = Some((invite, to));
    }

    /// Waits for the far end to hang up.
    #[track_caller]
    pub fn wait_for_bye(&mut self) {
        let bye = self.wait("a BYE", |came| came.method() == "BYE");
        let (invite, to) = self.call.take().expect("a call is up");
        assert_eq!(bye.header("Call-ID"), invite.header("Call-ID"));
        self.send(&reply(&bye, "200 OK", &to));
    }
}

/// The first whole message of a stream, with its length.
pub fn whole(bytes: &[u8]) -> Option<(Message, usize)> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let message = Message::read(&bytes[..head])?;
    let body: usize = message.header("Content-Length").parse().unwrap_or(0);
    let message = Message::read(bytes.get(..head + body)?)?;
    Some((message, head + body))
}

/// Takes any certificate: what it is is looked at afterwards.
#[derive(Debug)]
struct Gullible;

impl ServerCertVerifier for Gullible {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
