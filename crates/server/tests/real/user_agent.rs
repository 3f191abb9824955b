//! A SIP user agent over UDP that plays the carrier, or any stranger: it writes its own messages and judges every answer.
//! A thread answers what must be answered at once (OPTIONS, BYE, re-INVITE); tests read everything that came from a log.

use crate::message::{Message, uri_of};
use crate::patience::{SOON, until};
use crate::voice::{EVENT_TYPE, Line, Voice};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// RFC 3261 T1.
const T1: Duration = Duration::from_millis(500);

#[derive(Default)]
struct Log {
    came: Vec<Message>,
    /// The calls that are up, by Call-ID: what their re-INVITEs are answered with and where their voices are connected.
    calls: Vec<(String, Line)>,
}

impl Log {
    fn line(&self, message: &Message) -> Option<&Line> {
        let id = message.header("Call-ID");
        self.calls.iter().find(|(found, _)| found == id).map(|(_, line)| line)
    }
}

/// The user agent.
pub struct UserAgent {
    /// Where it listens.
    pub local: SocketAddr,
    socket: UdpSocket,
    log: Arc<Mutex<Log>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    next: AtomicU32,
}

/// A call the user agent began or answered.
pub struct Call<'a> {
    agent: &'a UserAgent,
    /// Its Call-ID.
    pub id: String,
    far: SocketAddr,
    target: String,
    local_party: String,
    remote_party: Mutex<String>,
    remote_target: Mutex<String>,
    branch: String,
    sequence: AtomicU32,
    /// Its sound.
    pub voice: Voice,
}

impl UserAgent {
    /// Listens on port 5060 of a loopback address of its own.
    pub fn start() -> Self {
        let socket = UdpSocket::bind((crate::address::own(), 5060)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let local = socket.local_addr().unwrap();
        let log = Arc::<Mutex<Log>>::default();
        let stop = Arc::<AtomicBool>::default();
        let thread = std::thread::spawn({
            let (socket, log, stop) = (socket.try_clone().unwrap(), log.clone(), stop.clone());
            move || listen(&socket, &log, &stop)
        });
        Self { local, socket, log, stop, thread: Some(thread), next: AtomicU32::new(1) }
    }

    /// A token nobody else made.
    pub fn token(&self) -> String {
        format!("{}-{}-{}", self.local.ip(), std::process::id(), self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Its address as sori writes it.
    pub fn address(&self) -> Ipv4Addr {
        match self.local {
            SocketAddr::V4(local) => *local.ip(),
            SocketAddr::V6(_) => unreachable!("bound to an IPv4 address"),
        }
    }

    /// Sends raw bytes.
    pub fn send(&self, bytes: &[u8], to: SocketAddr) {
        self.socket.send_to(bytes, to).unwrap();
    }

    /// Waits for a message that answers the question, among all that ever came.
    #[track_caller]
    pub fn wait(&self, what: &str, limit: Duration, wanted: impl Fn(&Message) -> bool) -> Message {
        until(what, limit, || self.log.lock().unwrap().came.iter().find(|message| wanted(message)).cloned())
    }

    /// Messages that came so far and fit.
    pub fn count(&self, wanted: impl Fn(&Message) -> bool) -> usize {
        self.log.lock().unwrap().came.iter().filter(|message| wanted(message)).count()
    }

    /// Sends a request outside any call, again every second until it is answered, and gives the final response.
    #[track_caller]
    pub fn ask(&self, request: &Message, to: SocketAddr) -> Message {
        let bytes = request.write();
        let mut sent = std::time::Instant::now() - T1 * 2;
        until(&format!("an answer to {}", request.start), SOON, || {
            if sent.elapsed() >= T1 * 2 {
                sent = std::time::Instant::now();
                self.send(&bytes, to);
            }
            let log = self.log.lock().unwrap();
            let ours = |came: &&Message| {
                came.status() >= 200
                    && came.header("Via").contains(branch_of(request))
                    && came.header("CSeq") == request.header("CSeq")
            };
            log.came.iter().find(ours).cloned()
        })
    }

    /// A request of ours with the headers every request has; `user` is who we say we are.
    pub fn request(&self, method: &str, uri: &str, user: &str) -> Message {
        let token = self.token();
        Message { start: format!("{method} {uri} SIP/2.0"), ..Message::default() }
            .with("Via", format!("SIP/2.0/UDP {};branch=z9hG4bK{token};rport", self.local))
            .with("Max-Forwards", "70")
            .with("From", format!("<sip:{user}@{}>;tag={token}", self.local.ip()))
            .with("To", format!("<{uri}>"))
            .with("Call-ID", token)
            .with("CSeq", format!("1 {method}"))
            .with("Contact", format!("<sip:{user}@{}>", self.local))
    }

    /// Begins a call from `caller` to `number` at `far`; its voice is open and silent.
    pub fn call(&self, far: SocketAddr, caller: &str, number: &str) -> Call<'_> {
        let voice = Voice::open(self.address());
        let uri = format!("sip:{number}@{}", far.ip());
        let mut request = self.request("INVITE", &uri, caller);
        request.body = offer(voice.local);
        let call = Call {
            agent: self,
            id: request.header("Call-ID").to_owned(),
            far,
            target: uri.clone(),
            local_party: request.header("From").to_owned(),
            remote_party: Mutex::new(format!("<{uri}>")),
            remote_target: Mutex::new(uri),
            branch: branch_of(&request).to_owned(),
            sequence: AtomicU32::new(1),
            voice,
        };
        self.log.lock().unwrap().calls.push((call.id.clone(), call.voice.line()));
        self.send(&request.write(), far);
        call
    }

    /// Waits for a call to `number` to come in and answers it: 180, then 200.
    #[track_caller]
    pub fn answer(&self, number: &str, far: SocketAddr) -> (Message, Call<'_>) {
        self.answer_after(number, far, "180 Ringing", |_| {})
    }

    /// As `answer`, with another progress (183 has a description), and something to do between it and the 200.
    #[track_caller]
    pub fn answer_after(
        &self,
        number: &str,
        far: SocketAddr,
        progress: &str,
        meanwhile: impl FnOnce(&Voice),
    ) -> (Message, Call<'_>) {
        let invite = self.wait(&format!("an INVITE to {number}"), SOON, |came| {
            came.method() == "INVITE" && came.start.contains(number)
        });
        let voice = Voice::open(self.address());
        if let Some(media) = invite.media() {
            voice.line().connect(media);
        }
        let tag = self.token();
        let local_party = format!("{};tag={tag}", invite.header("To"));
        self.log.lock().unwrap().calls.push((invite.header("Call-ID").to_owned(), voice.line()));
        let contact = format!("<sip:carrier@{}>", self.local);
        let say = |status: &str| {
            let mut response = reply(&invite, status, &local_party).with("Contact", contact.clone());
            if !status.starts_with("180") {
                response.body = offer(voice.local);
            }
            self.send(&response.write(), far);
        };
        say(progress);
        meanwhile(&voice);
        say("200 OK");
        let call = Call {
            agent: self,
            id: invite.header("Call-ID").to_owned(),
            far,
            target: number.to_owned(),
            local_party,
            remote_party: Mutex::new(invite.header("From").to_owned()),
            remote_target: Mutex::new(uri_of(invite.header("Contact")).to_owned()),
            branch: String::new(),
            sequence: AtomicU32::new(100),
            voice,
        };
        self.wait("the ACK to our answer", SOON, |came| came.method() == "ACK" && came.header("Call-ID") == call.id);
        (invite, call)
    }
}

impl Drop for UserAgent {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Call<'_> {
    /// Waits for the final answer to our INVITE (it is acknowledged as it comes) and gives it.
    #[track_caller]
    pub fn outcome(&self) -> Message {
        self.outcome_within(SOON)
    }

    /// As `outcome`, with a limit of its own.
    #[track_caller]
    pub fn outcome_within(&self, limit: Duration) -> Message {
        let what = format!("a final answer to the call to {}", self.target);
        let answer = self.agent.wait(&what, limit, |came| {
            came.status() >= 200 && came.header("Call-ID") == self.id && came.sequence_method() == "INVITE"
        });
        *self.remote_party.lock().unwrap() = answer.header("To").to_owned();
        if answer.status() < 300 {
            *self.remote_target.lock().unwrap() = uri_of(answer.header("Contact")).to_owned();
            assert!(answer.media().is_some(), "a 200 to an offer carries an answer");
        }
        answer
    }

    /// The call was answered.
    #[track_caller]
    pub fn engaged(&self) -> &Self {
        let answer = self.outcome();
        assert_eq!(answer.status(), 200, "the call to {} was refused: {}", self.target, answer.start);
        self
    }

    /// Gives up while it rings: by CANCEL, or by BYE where the number has answered to play its greeting.
    #[track_caller]
    pub fn give_up(&self) {
        let answered = |came: &Message| {
            came.status() == 200 && came.header("Call-ID") == self.id && came.sequence_method() == "INVITE"
        };
        if self.agent.count(answered) > 0 {
            return self.engaged().hang_up();
        }
        self.send("CANCEL", 1, Some(&self.branch));
        assert_eq!(self.outcome().status(), 487);
    }

    /// Hangs up and waits for the answer to that.
    #[track_caller]
    pub fn hang_up(&self) {
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        self.send("BYE", sequence, None);
        self.agent.wait("the answer to our BYE", SOON, |came| {
            came.header("Call-ID") == self.id && came.sequence_method() == "BYE" && came.status() >= 200
        });
    }

    /// Waits for the far end to hang up.
    #[track_caller]
    pub fn wait_for_bye(&self, limit: Duration) -> Message {
        self.agent.wait("a BYE", limit, |came| came.method() == "BYE" && came.header("Call-ID") == self.id)
    }

    fn send(&self, method: &str, sequence: u32, branch: Option<&str>) {
        let ours = branch.is_some();
        let branch = branch.map_or_else(|| format!("z9hG4bK{}", self.agent.token()), str::to_owned);
        let uri = if ours { self.target.clone() } else { self.remote_target.lock().unwrap().clone() };
        let to =
            if method == "CANCEL" { format!("<{}>", self.target) } else { self.remote_party.lock().unwrap().clone() };
        let request = Message { start: format!("{method} {uri} SIP/2.0"), ..Message::default() }
            .with("Via", format!("SIP/2.0/UDP {};branch={branch};rport", self.agent.local))
            .with("Max-Forwards", "70")
            .with("From", self.local_party.clone())
            .with("To", to)
            .with("Call-ID", self.id.clone())
            .with("CSeq", format!("{sequence} {method}"));
        self.agent.send(&request.write(), self.far);
    }
}

/// The branch of a message's top Via.
fn branch_of(message: &Message) -> &str {
    message.header("Via").split("branch=").nth(1).and_then(|rest| rest.split(';').next()).unwrap_or_default()
}

/// An SDP of PCMU and telephone-event.
pub fn offer(media: SocketAddr) -> String {
    let (ip, port) = (media.ip(), media.port());
    let kind = if ip.is_ipv4() { "IP4" } else { "IP6" };
    format!(
        "v=0\r\no=- 1 1 IN {kind} {ip}\r\ns=-\r\nc=IN {kind} {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 {EVENT_TYPE}\r\na=rtpmap:0 PCMU/8000\r\n\
         a=rtpmap:{EVENT_TYPE} telephone-event/8000\r\na=fmtp:{EVENT_TYPE} 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    )
}

/// A response with the headers that every response copies (RFC 3261 section 8.2.6.2).
pub fn reply(request: &Message, status: &str, to: &str) -> Message {
    let mut response = Message { start: format!("SIP/2.0 {status}"), ..Message::default() };
    for name in ["Via", "Record-Route"] {
        for value in request.all(name) {
            response = response.with(name, value);
        }
    }
    response
        .with("From", request.header("From"))
        .with("To", to)
        .with("Call-ID", request.header("Call-ID"))
        .with("CSeq", request.header("CSeq"))
}

fn listen(socket: &UdpSocket, log: &Mutex<Log>, stop: &AtomicBool) {
    let mut buffer = vec![0u8; 65_535];
    while !stop.load(Ordering::Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        let Some(message) = Message::read(&buffer[..length]) else { continue };
        let mut log = log.lock().unwrap();
        if let Some(answer) = at_once(&message, &log) {
            let _ = socket.send_to(&answer.write(), from);
        }
        if let Some((line, media)) = log.line(&message).zip(message.media()) {
            line.connect(media);
        }
        log.came.push(message);
    }
}

/// What a user agent answers without asking anybody.
fn at_once(message: &Message, log: &Log) -> Option<Message> {
    let inside = message.header("To").contains("tag=");
    match message.method() {
        "" if message.sequence_method() == "INVITE" && message.status() >= 200 => Some(acknowledge(message)),
        "OPTIONS" | "BYE" | "INFO" => Some(reply(message, "200 OK", message.header("To"))),
        "INVITE" | "UPDATE" if inside => {
            let media = log.line(message)?.local;
            let mut response = reply(message, "200 OK", message.header("To"))
                .with("Contact", format!("<sip:carrier@{}:5060>", media.ip()));
            response.body = offer(media).replace("sendrecv", mirrored(&message.body));
            Some(response)
        }
        _ => None,
    }
}

/// The ACK to a final response: of the INVITE's own transaction for a refusal (RFC 3261 section 17.1.1.3), a request of the
/// dialog for a success (section 13.2.2.4).
fn acknowledge(response: &Message) -> Message {
    let success = response.status() < 300;
    let via = response.header("Via").split(";received").next().unwrap_or_default().replace(";rport=5060", ";rport");
    let via = if success { via.replace("z9hG4bK", "z9hG4bKack") } else { via };
    let uri = if success { uri_of(response.header("Contact")) } else { uri_of(response.header("To")) };
    Message { start: format!("ACK {uri} SIP/2.0"), ..Message::default() }
        .with("Via", via)
        .with("Max-Forwards", "70")
        .with("From", response.header("From"))
        .with("To", response.header("To"))
        .with("Call-ID", response.header("Call-ID"))
        .with("CSeq", format!("{} ACK", response.sequence()))
}

/// RFC 3264 section 6.1: the direction that answers an offered one.
fn mirrored(offer: &str) -> &'static str {
    match offer {
        offer if offer.contains("a=sendonly") => "recvonly",
        offer if offer.contains("a=recvonly") => "sendonly",
        offer if offer.contains("a=inactive") => "inactive",
        _ => "sendrecv",
    }
}
