//! Two endpoints, a clock of their own and a network between them that can lose messages.

use std::collections::VecDeque;
use std::fmt::Write;
use std::time::{Duration, Instant};

use sip::{Body, Config, Counts, Endpoint, Event, Flow, Invite, InviteId, NameAddrText, Request, Response, Transport};

/// How long a message is under way.
pub const DELAY: Duration = Duration::from_millis(10);

/// Any instant to count from.
#[allow(clippy::disallowed_methods, reason = "tests need one instant to begin with; all others are counted from it")]
pub fn start() -> Instant {
    Instant::now()
}

pub fn config() -> Config {
    Config { user_agent: "test".to_owned(), max_transactions: 1000, max_invites: 100, ..Config::default() }
}

/// The flow between both, seen from the left side (`0`) or the right side (`1`).
pub fn flow(side: usize, transport: Transport) -> Flow {
    let addresses = ["192.0.2.1:5060".parse().unwrap(), "192.0.2.2:5060".parse().unwrap()];
    let connection = u64::from(transport.is_reliable());
    Flow { transport, local: addresses[side], remote: addresses[1 - side], connection }
}

pub struct Side {
    pub endpoint: Endpoint,
    /// What was told, in words.
    pub told: Vec<String>,
    /// The session the latest event was about.
    pub id: Option<InviteId>,
    /// Requests that wait for an answer.
    pub requests: Vec<(sip::ServerTransactionId, Request)>,
    /// Subscriptions in the order they came.
    pub subscriptions: Vec<sip::SubscriptionId>,
    /// REFERs in the order they came.
    pub refers: Vec<sip::ReferId>,
    /// Final responses to requests sent by hand.
    pub responses: Vec<Option<Response>>,
}

struct Packet {
    due: Instant,
    to: usize,
    bytes: Vec<u8>,
}

pub struct Net {
    pub start: Instant,
    pub now: Instant,
    pub sides: [Side; 2],
    pub transport: Transport,
    pub ladder: String,
    under_way: VecDeque<Packet>,
    /// The latest ACK of each side, by which a request within the dialog is made by hand.
    acks: [Option<String>; 2],
    by_hand: u32,
    /// Labels of messages to be lost, each once.
    lose: Vec<String>,
    /// Is everything lost from now on?
    pub is_cut: bool,
}

impl Net {
    pub fn new(transport: Transport) -> Self {
        let now = start();
        let side = |seed| Side {
            endpoint: Endpoint::new(config(), seed),
            told: Vec::new(),
            id: None,
            requests: Vec::new(),
            subscriptions: Vec::new(),
            refers: Vec::new(),
            responses: Vec::new(),
        };
        Self {
            start: now,
            now,
            sides: [side(1), side(2)],
            transport,
            ladder: String::new(),
            under_way: VecDeque::new(),
            acks: [None, None],
            by_hand: 0,
            lose: Vec::new(),
            is_cut: false,
        }
    }

    /// The next message with this label (`INVITE`, `200 INVITE`) is lost.
    pub fn lose(&mut self, label: &str) {
        self.lose.push(label.to_owned());
    }

    /// Lets messages, timers and time go for so many milliseconds.
    pub fn run(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        self.collect();
        while let Some(next) = self.next_time().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            while self.under_way.front().is_some_and(|packet| packet.due <= self.now) {
                let packet = self.under_way.pop_front().unwrap();
                let flow = flow(packet.to, self.transport);
                self.sides[packet.to].endpoint.handle_message(self.now, flow, &packet.bytes);
                self.collect();
            }
            for side in 0..2 {
                let endpoint = &mut self.sides[side].endpoint;
                if endpoint.next_timeout().is_some_and(|due| due <= self.now) {
                    endpoint.handle_timeout(self.now);
                    assert!(endpoint.next_timeout().is_none_or(|due| due > self.now), "a timer that is due stays");
                }
            }
            self.collect();
        }
        self.now = end;
    }

    fn next_time(&self) -> Option<Instant> {
        let timers = self.sides.iter().filter_map(|side| side.endpoint.next_timeout());
        timers.chain(self.under_way.front().map(|packet| packet.due)).min()
    }

    /// Takes out what both sides want to send and tell.
    pub fn collect(&mut self) {
        for side in 0..2 {
            while let Some(transmit) = self.sides[side].endpoint.poll_transmit() {
                assert_eq!(transmit.flow, flow(side, self.transport), "sent elsewhere");
                self.dispatch(side, transmit.bytes);
            }
            while let Some(event) = self.sides[side].endpoint.poll_event() {
                self.sides[side].note(event);
            }
        }
    }

    fn dispatch(&mut self, from: usize, bytes: Vec<u8>) {
        let label = label(&bytes);
        let lost = self.lose.iter().position(|one| *one == label);
        if let Some(at) = lost {
            self.lose.remove(at);
        }
        if label == "ACK" {
            self.acks[from] = Some(String::from_utf8_lossy(&bytes).into_owned());
        }
        let is_lost = lost.is_some() || self.is_cut;
        let seconds = (self.now - self.start).as_secs_f64();
        let arrow = match (from, is_lost) {
            (0, false) => format!("|--{label:-<14}>|"),
            (0, true) => format!("|--{label:-<11}X   |"),
            (_, false) => format!("|<{label:->14}--|"),
            (_, true) => format!("|   X{label:->11}--|"),
        };
        writeln!(self.ladder, "{seconds:>6.2} {arrow}").unwrap();
        if !is_lost {
            self.under_way.push_back(Packet { due: self.now + DELAY, to: 1 - from, bytes: bytes.clone() });
        }
        self.sides[from].endpoint.recycle(bytes);
    }

    /// A REFER of this side, which its endpoint knows nothing of, comes to the other side.
    pub fn refer(&mut self, side: usize) {
        let Some(ack) = &self.acks[side] else { return };
        self.by_hand += 1;
        let cseq = 500 + self.by_hand;
        let head: String =
            ack.lines().filter(|l| l.starts_with("From") || l.starts_with("To")).flat_map(|l| [l, "\r\n"]).collect();
        let call_id = ack.lines().find(|line| line.starts_with("Call-ID")).unwrap();
        let transport = self.transport.as_str();
        let text = format!(
            "REFER sip:x@h SIP/2.0\r\nVia: SIP/2.0/{transport} h;rport;branch=z9hG4bKr{cseq}\r\n{head}{call_id}\r\nCSeq: {cseq} REFER\r\nRefer-To: <sip:7@h>\r\n\r\n"
        );
        let seconds = (self.now - self.start).as_secs_f64();
        writeln!(self.ladder, "{seconds:>6.2} REFER by hand of side {side}").unwrap();
        self.under_way.push_back(Packet { due: self.now + DELAY, to: 1 - side, bytes: text.into_bytes() });
    }

    pub fn call(&mut self) -> InviteId {
        self.call_with(|_| {})
    }

    /// The left side calls the right one.
    pub fn call_with(&mut self, change: impl FnOnce(&mut Invite)) -> InviteId {
        let mut invite = Invite {
            flow: flow(0, self.transport),
            request_uri: "sip:bob@192.0.2.2".to_owned(),
            from: NameAddrText { display: "Alice".to_owned(), uri: "sip:alice@192.0.2.1".to_owned() },
            to: NameAddrText { display: String::new(), uri: "sip:bob@192.0.2.2".to_owned() },
            contact_user: "alice".to_owned(),
            headers: Vec::new(),
            route: Vec::new(),
            body: Some(sdp("offer")),
            credentials: None,
            ring_limit: None,
            reliable: true,
            max_forwards: None,
        };
        change(&mut invite);
        let id = self.sides[0].endpoint.invite(self.now, invite);
        self.sides[0].id = Some(id);
        self.collect();
        id
    }

    /// A call that is up: the ids of both sides.
    pub fn up(&mut self) -> (InviteId, InviteId) {
        let a = self.call();
        self.run(100);
        let b = self.sides[1].id.unwrap();
        self.sides[1].endpoint.accept(self.now, b, sdp("answer"));
        self.run(100);
        assert_eq!(self.told(0), "Answered answer");
        assert_eq!(self.told(1), "Invite, Confirmed");
        self.sides[0].told.clear();
        self.sides[1].told.clear();
        self.ladder.clear();
        self.start = self.now;
        (a, b)
    }

    /// What a side was told, in words.
    pub fn told(&self, side: usize) -> String {
        self.sides[side].told.join(", ")
    }

    pub fn counts(&self, side: usize) -> Counts {
        self.sides[side].endpoint.counts()
    }

    /// Lets all timers run out; nothing may be left.
    pub fn drain(&mut self) {
        self.run(600_000);
        for side in 0..2 {
            let counts = self.counts(side);
            let transactions = (counts.client_transactions, counts.server_transactions);
            let live = (transactions, counts.dialogs, counts.invites, counts.referrals, counts.timers);
            assert_eq!(
                live,
                ((0, 0), 0, 0, 0, 0),
                "side {side} keeps something: {:?}\n{}",
                self.sides[side].told,
                self.ladder
            );
        }
    }
}

impl Side {
    fn note(&mut self, event: Event) {
        let body = |body: Option<std::sync::Arc<[u8]>>| {
            body.map_or(String::new(), |b| format!(" {}", String::from_utf8_lossy(&b)))
        };
        let (id, text) = match event {
            Event::Invite { id, .. } => (Some(id), "Invite".to_owned()),
            Event::Rang { id, status, body: b } => (Some(id), format!("Rang {status}{}", body(b))),
            Event::Answered { id, body: b } => (Some(id), format!("Answered{}", body(b))),
            Event::Refused { id, status, .. } => (Some(id), format!("Refused {status}")),
            Event::Confirmed { id, body: b } => (Some(id), format!("Confirmed{}", body(b))),
            Event::Offer { id, body: b } => (Some(id), format!("Offer{}", body(b))),
            Event::OfferAnswered { id, body: b } => (Some(id), format!("OfferAnswered{}", body(b))),
            Event::OfferRefused { id, status } => (Some(id), format!("OfferRefused {status}")),
            Event::Info { id, transaction, request } => {
                self.requests.push((transaction, request));
                (Some(id), "Info".to_owned())
            }
            Event::Refer { id, refer, request } => {
                let to = sip::ReferTo::parse(&request).expect("the endpoint checked it");
                self.refers.push(refer);
                (Some(id), format!("Refer {}", to.uri))
            }
            Event::Ended { id, cause, reason } => {
                (Some(id), format!("Ended {cause:?}{}", reason.map_or(String::new(), |reason| format!(" {reason}"))))
            }
            Event::Request { transaction, request, .. } => {
                let text = format!("Request {}", request.method());
                self.requests.push((transaction, request));
                (None, text)
            }
            Event::Response { response, .. } => {
                let text = response.as_ref().map_or("none".to_owned(), |response| response.status().to_string());
                self.responses.push(response);
                (None, format!("Response {text}"))
            }
            Event::Subscribe { id, request, .. } => {
                self.subscriptions.push(id);
                (None, format!("Subscribe {}", String::from_utf8_lossy(request.header("Event").unwrap())))
            }
            Event::NotifyDue { .. } => (None, "NotifyDue".to_owned()),
            Event::SubscriptionEnded { cause, .. } => (None, format!("SubscriptionEnded {cause:?}")),
            Event::Malformed { .. } => (None, "Malformed".to_owned()),
        };
        self.id = id.or(self.id);
        self.told.push(text);
    }
}

/// `INVITE`, `200 INVITE`
pub fn label(bytes: &[u8]) -> String {
    if let Ok(request) = Request::parse(bytes) {
        return request.method().to_string();
    }
    let response = Response::parse(bytes).expect("what an endpoint sends can be read");
    format!("{} {}", response.status(), response.method())
}

pub fn sdp(text: &str) -> Body {
    Body::sdp(text.as_bytes().to_vec())
}
