//! A SIP user agent over UDP: sori's own endpoint with a socket, for the far ends of measurements.

use sip::{
    Body, Config, Credentials, Endpoint, Event, Flow, Invite, InviteId, Method, NameAddrText, OutOfDialog, Transport,
};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// No datagram is longer.
const MAX_DATAGRAM: usize = 65_535;
/// How long a registration lasts, seconds.
pub const REGISTERED_FOR: u64 = 3_600;
/// How long a registration may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks while a registration is under way.
const PAUSE: Duration = Duration::from_millis(1);

/// An account that a phone signs in with.
pub struct Account {
    /// Its ID.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl Account {
    fn credentials(&self) -> Credentials {
        Credentials { username: self.user.clone(), password: self.password.clone() }
    }
}

/// One end of calls.
pub struct UserAgent {
    socket: UdpSocket,
    /// Takes the media of all its calls and reads none: what is too much for its buffer is dropped by the kernel.
    media: UdpSocket,
    endpoint: Endpoint,
    flow: Flow,
    buffer: Vec<u8>,
}

impl UserAgent {
    /// Listens at `local` and talks with the server at `server` alone.
    ///
    /// # Errors
    /// When a socket cannot be had.
    pub fn bind(local: SocketAddr, server: SocketAddr, seed: u64) -> Result<Self, String> {
        let open = || -> std::io::Result<(UdpSocket, UdpSocket)> {
            let socket = UdpSocket::bind(local)?;
            socket.set_nonblocking(true)?;
            Ok((socket, UdpSocket::bind((local.ip(), 0))?))
        };
        let (socket, media) = open().map_err(|problem| format!("no socket at {local}: {problem}"))?;
        let flow = Flow { transport: Transport::Udp, local, remote: server, connection: 0 };
        let endpoint = Endpoint::new(Config { user_agent: "bench".to_owned(), ..Config::default() }, seed);
        Ok(Self { socket, media, endpoint, flow, buffer: vec![0; MAX_DATAGRAM] })
    }

    /// To wait on.
    pub fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// The endpoint, to answer with; [`Self::flush`] must follow.
    pub fn endpoint(&mut self) -> &mut Endpoint {
        &mut self.endpoint
    }

    /// Takes one datagram, if one is there, and gives the time it was taken at.
    pub fn receive(&mut self) -> Option<Instant> {
        loop {
            match self.socket.recv_from(&mut self.buffer) {
                Ok((length, from)) => {
                    let now = Instant::now();
                    if from == self.flow.remote {
                        self.endpoint.handle_message(now, self.flow, self.buffer.get(..length).unwrap_or_default());
                    }
                    return Some(now);
                }
                // An ICMP error of an earlier packet; the next call reads on.
                Err(problem) if problem.kind() == ErrorKind::ConnectionRefused => {}
                Err(_) => return None,
            }
        }
    }

    /// Does what is due, and sends what is to be sent.
    pub fn flush(&mut self, now: Instant) {
        self.endpoint.handle_timeout(now);
        while let Some(sent) = self.endpoint.poll_transmit() {
            // What the kernel refuses is lost, as in a network; the endpoint repeats it.
            let _ = self.socket.send_to(&sent.bytes, sent.flow.remote);
            self.endpoint.recycle(sent.bytes);
        }
    }

    /// Calls `number` as `caller`, with `account` where the server asks for one.
    pub fn call(&mut self, now: Instant, caller: &str, number: &str, account: Option<&Account>) -> InviteId {
        let uri = |user: &str| format!("sip:{user}@{}", self.flow.remote);
        let party = |user: &str| NameAddrText { display: String::new(), uri: uri(user) };
        let invite = Invite {
            flow: self.flow,
            request_uri: uri(number),
            from: party(caller),
            to: party(number),
            contact_user: caller.to_owned(),
            headers: Vec::new(),
            route: Vec::new(),
            body: Some(self.description()),
            credentials: account.map(Account::credentials),
            ring_limit: None,
            reliable: false,
            max_forwards: None,
        };
        self.endpoint.invite(now, invite)
    }

    /// G.711 and keys, at our media socket.
    pub fn description(&self) -> Body {
        let (ip, port) = self.media.local_addr().map_or((self.flow.local.ip(), 9), |media| (media.ip(), media.port()));
        let text = format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
        );
        Body::sdp(Arc::<[u8]>::from(text.into_bytes()))
    }

    /// Registers as `account`.
    ///
    /// # Errors
    /// When the server refuses it, or does not answer within five seconds.
    pub fn register(&mut self, account: &Account) -> Result<(), String> {
        let host = self.flow.remote;
        let party = NameAddrText { display: String::new(), uri: format!("sip:{}@{host}", account.user) };
        let request = OutOfDialog {
            from: party.clone(),
            to: party,
            contact_user: Some(account.user.clone()),
            headers: vec![("Expires", REGISTERED_FOR.to_string())],
            credentials: Some(account.credentials()),
            ..OutOfDialog::new(self.flow, Method::Register, &format!("sip:{host}"))
        };
        let began = Instant::now();
        self.endpoint.send(began, request);
        while began.elapsed() < PATIENCE {
            self.flush(Instant::now());
            while self.receive().is_some() {}
            while let Some(event) = self.endpoint.poll_event() {
                if let Event::Response { response, .. } = event {
                    return match response.map(|response| response.status()) {
                        Some(200..=299) => Ok(()),
                        Some(status) => Err(format!("the registration was answered {status}")),
                        None => Err("the registration was not answered".to_owned()),
                    };
                }
            }
            std::thread::sleep(PAUSE);
        }
        Err("the registration was not answered in time".to_owned())
    }
}
