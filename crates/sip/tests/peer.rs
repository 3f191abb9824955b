//! One endpoint and a peer written by hand.

use std::time::{Duration, Instant};

use sip::{Endpoint, Event, Flow, Invite, InviteId, NameAddrText, Transport};

use crate::net::{config, flow, sdp, start};

pub struct Peer {
    pub endpoint: Endpoint,
    pub now: Instant,
    pub flow: Flow,
}

/// Lines as on the wire.
pub fn wire(text: &str) -> Vec<u8> {
    text.trim_start().replace('\n', "\r\n").into_bytes()
}

impl Peer {
    pub fn new(transport: Transport) -> Self {
        Self { endpoint: Endpoint::new(config(), 7), now: start(), flow: flow(0, transport) }
    }

    /// The peer's message comes; an empty line is added at its end.
    pub fn feed(&mut self, text: &str) {
        let text = format!("{}\n\n", text.trim());
        let lines: Vec<&str> = text.split('\n').map(str::trim).collect();
        self.endpoint.handle_message(self.now, self.flow, &wire(&lines.join("\n")));
    }

    /// Everything sent since, as text.
    pub fn sent(&mut self) -> Vec<String> {
        let mut out = Vec::new();
        while let Some(transmit) = self.endpoint.poll_transmit() {
            out.push(String::from_utf8_lossy(&transmit.bytes).into_owned());
        }
        out
    }

    /// The one message sent since, and where to.
    #[track_caller]
    pub fn one(&mut self) -> (Flow, String) {
        let transmit = self.endpoint.poll_transmit().expect("something was sent");
        let text = String::from_utf8_lossy(&transmit.bytes).into_owned();
        assert!(self.endpoint.poll_transmit().is_none(), "only one message after {text}");
        (transmit.flow, text)
    }

    /// First lines of everything sent since.
    pub fn starts(&mut self) -> Vec<String> {
        self.sent().iter().map(|text| text.lines().next().unwrap().to_owned()).collect()
    }

    pub fn told(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.endpoint.poll_event()).collect()
    }

    /// Goes to the next timer; how many milliseconds that took.
    pub fn jump(&mut self) -> Option<u64> {
        let due = self.endpoint.next_timeout()?;
        let ms = (due - self.now).as_millis() as u64;
        self.now = due;
        self.endpoint.handle_timeout(due);
        Some(ms)
    }

    /// Jumps over all timers up to so many milliseconds from now.
    pub fn pass(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while self.endpoint.next_timeout().is_some_and(|due| due <= end) {
            self.jump();
        }
        self.now = end;
    }

    pub fn call(&mut self) -> (InviteId, String) {
        self.call_with(|_| {})
    }

    /// What [`Peer::call`] calls the peer with.
    pub fn invitation(&self) -> Invite {
        Invite {
            flow: self.flow,
            request_uri: "sip:bob@192.0.2.2".to_owned(),
            from: NameAddrText { display: "김".to_owned(), uri: "sip:alice@192.0.2.1".to_owned() },
            to: NameAddrText { display: String::new(), uri: "sip:bob@192.0.2.2".to_owned() },
            contact_user: "alice".to_owned(),
            headers: vec![("X-Call", "17".to_owned())],
            route: Vec::new(),
            body: Some(sdp("offer")),
            credentials: Some(sip::Credentials { username: "trunk".to_owned(), password: "secret".to_owned() }),
            ring_limit: None,
            reliable: true,
            max_forwards: None,
        }
    }

    pub fn call_with(&mut self, change: impl FnOnce(&mut Invite)) -> (InviteId, String) {
        let mut invite = self.invitation();
        change(&mut invite);
        let id = self.endpoint.invite(self.now, invite);
        let (_, text) = self.one();
        (id, text)
    }

    /// A response to a request that was sent, with further header lines.
    pub fn respond(&mut self, request: &str, status: &str, tag: &str, lines: &str) {
        let mut text = format!("SIP/2.0 {status}\n");
        for line in request.lines().take_while(|line| !line.is_empty()) {
            let name = line.split(':').next().unwrap();
            match name {
                "Via" | "From" | "Call-ID" | "CSeq" => text.push_str(&format!("{line}\n")),
                "To" if line.contains("tag=") => text.push_str(&format!("{line}\n")),
                "To" => text.push_str(&format!("{line};tag={tag}\n")),
                _ => {}
            }
        }
        text.push_str(lines);
        self.feed(&text);
    }

    #[track_caller]
    pub fn assert_nothing_left(&mut self) {
        self.pass(600_000);
        let counts = self.endpoint.counts();
        let transactions = (counts.client_transactions, counts.server_transactions);
        let live = (transactions, counts.dialogs, counts.invites, counts.referrals, counts.timers);
        assert_eq!(live, ((0, 0), 0, 0, 0, 0));
    }
}

/// Value of a header in a message as text.
#[track_caller]
pub fn value<'a>(message: &'a str, name: &str) -> &'a str {
    let prefix = format!("{name}: ");
    message.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_else(|| panic!("no {name} in {message}"))
}

/// An INVITE of the peer.
pub const INVITE: &str = "INVITE sip:07040000001@192.0.2.1 SIP/2.0
    Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKi1;rport
    Max-Forwards: 70
    From: \"Carol\" <sip:carol@192.0.2.2>;tag=c1
    To: <sip:07040000001@192.0.2.1>
    Call-ID: one@192.0.2.2
    CSeq: 10 INVITE
    Contact: <sip:carol@192.0.2.2>";

/// A request of the peer within the dialog that a response of ours made.
pub fn within(response: &str, method: &str, cseq: u32, branch: &str) -> String {
    format!(
        "{method} sip:x@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK{branch}\nMax-Forwards: 70\nFrom: {}\nTo: {}\nCall-ID: {}\nCSeq: {cseq} {method}\nContact: <sip:carol@192.0.2.2>",
        value(response, "From"),
        value(response, "To"),
        value(response, "Call-ID"),
    )
}

/// An accepted and acknowledged call of the peer: our id and the 200.
pub fn accepted(peer: &mut Peer, invite: &str) -> (InviteId, String) {
    peer.feed(invite);
    let Some(Event::Invite { id, .. }) = peer.told().pop() else { panic!("no Invite") };
    peer.endpoint.accept(peer.now, id, sdp("v=0"));
    let (_, ok) = peer.one();
    peer.feed(&within(&ok, "ACK", 10, "ack"));
    assert!(matches!(peer.told()[..], [Event::Confirmed { .. }]));
    (id, ok)
}

/// A request of the peer we called, within the dialog of this To tag.
pub fn of_callee(invite: &str, tag: &str, method: &str, cseq: u32, branch: &str) -> String {
    format!(
        "{method} sip:alice@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK{branch}\nMax-Forwards: 70\nFrom: {};tag={tag}\nTo: {}\nCall-ID: {}\nCSeq: {cseq} {method}\nContact: <sip:{tag}@192.0.2.2>",
        value(invite, "To"),
        value(invite, "From"),
        value(invite, "Call-ID"),
    )
}

/// A message with a session description.
pub fn with_sdp(message: &str, sdp: &str) -> String {
    format!("{message}\nContent-Type: application/sdp\n\n{sdp}")
}

/// What was told, in words: `Offer x` with its description, `Ended Bye`.
pub fn words(told: Vec<Event>) -> Vec<String> {
    let text = |body: Option<std::sync::Arc<[u8]>>| {
        body.map_or(String::new(), |body| format!(" {}", String::from_utf8_lossy(&body).trim_end()))
    };
    let word = |event| match event {
        Event::Invite { .. } => "Invite".to_owned(),
        Event::Rang { status, body, .. } => format!("Rang {status}{}", text(body)),
        Event::Answered { body, .. } => format!("Answered{}", text(body)),
        Event::Refused { status, .. } => format!("Refused {status}"),
        Event::Confirmed { body, .. } => format!("Confirmed{}", text(body)),
        Event::Offer { body, .. } => format!("Offer{}", text(body)),
        Event::OfferAnswered { body, .. } => format!("OfferAnswered{}", text(body)),
        Event::OfferRefused { status, .. } => format!("OfferRefused {status}"),
        Event::Ended { cause, .. } => format!("Ended {cause:?}"),
        Event::Request { request, .. } => format!("Request {}", request.method()),
        other => format!("{other:?}").split_whitespace().next().unwrap_or_default().to_owned(),
    };
    told.into_iter().map(word).collect()
}
