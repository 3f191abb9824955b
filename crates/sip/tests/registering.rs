//! The registrar (RFC 3261 10.3, R43, R60, R156).

use std::time::{Duration, Instant};

use sip::registrar::ChangeCause;
use sip::{BindingChange, Flow, Registrar, Reply, Request, Transport};

use crate::net::{flow, start};
use crate::peer::wire;

struct Office {
    registrar: Registrar,
    now: Instant,
    cseq: u32,
    flow: Flow,
}

impl Office {
    fn new() -> Self {
        Self { registrar: Registrar::new(), now: start(), cseq: 0, flow: flow(0, Transport::Udp) }
    }

    fn request(&mut self, lines: &str) -> Request {
        self.cseq += 1;
        let head = format!(
            "REGISTER sip:sori.test SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bKr{0}\nFrom: <sip:100@h>;tag=1\nTo: <sip:100@h>\nCall-ID: reg\nCSeq: {0} REGISTER\n",
            self.cseq
        );
        Request::parse(&wire(&format!("{head}{lines}\n\n"))).unwrap()
    }

    fn register(&mut self, lines: &str) -> (Reply, Option<BindingChange>) {
        let request = self.request(lines);
        let outcome = self.registrar.register(self.now, 5, &request, self.flow);
        (outcome.reply, outcome.change)
    }

    fn bound(&self) -> Vec<&str> {
        self.registrar.bindings(5).iter().map(|binding| binding.contact_uri.as_str()).collect()
    }
}

fn contacts(reply: &Reply) -> Vec<&str> {
    reply.headers.iter().filter(|(name, _)| *name == "Contact").map(|(_, value)| value.as_str()).collect()
}

fn change(bound: usize, cause: ChangeCause) -> Option<BindingChange> {
    Some(BindingChange { account: 5, bound, cause })
}

#[test]
fn bind_refresh_and_expire() {
    let mut office = Office::new();
    let (reply, bound) = office.register("Contact: <sip:100@192.0.2.2>\nExpires: 10\nUser-Agent: Phone/1");
    assert_eq!(
        (reply.status, contacts(&reply), bound),
        (200, vec!["<sip:100@192.0.2.2>;expires=10"], change(1, ChangeCause::Bound))
    );
    let binding = &office.registrar.bindings(5)[0];
    assert_eq!(
        (binding.user_agent.as_deref(), binding.is_behind_nat, binding.flow),
        (Some("Phone/1"), false, office.flow)
    );
    office.now += Duration::from_secs(9);
    let (_, refreshed) = office.register("Contact: <sip:100@192.0.2.2>;expires=10");
    assert_eq!(refreshed, None, "a refresh is no change");
    assert_eq!(office.registrar.next_timeout(), Some(office.now + Duration::from_secs(10)));
    office.registrar.handle_timeout(office.now + Duration::from_secs(9));
    assert_eq!(office.bound().len(), 1);
    office.registrar.handle_timeout(office.now + Duration::from_secs(10));
    assert_eq!(office.registrar.poll_event(), change(0, ChangeCause::Expired));
    assert_eq!(
        (office.bound().len(), office.registrar.next_timeout(), office.registrar.bound_accounts()),
        (0, None, 0)
    );
}

#[test]
fn expiry_has_bounds() {
    let mut office = Office::new();
    let (short, _) = office.register("Contact: <sip:a@192.0.2.2>;expires=1");
    assert_eq!(contacts(&short), ["<sip:a@192.0.2.2>;expires=10"]);
    let (long, _) = office.register("Contact: <sip:a@192.0.2.2>;expires=99999");
    assert_eq!(contacts(&long), ["<sip:a@192.0.2.2>;expires=3600"]);
    let (default, _) = office.register("m: <sip:a@192.0.2.2>");
    assert_eq!(contacts(&default), ["<sip:a@192.0.2.2>;expires=3600"]);
    for bad in [
        "Contact: <sip:a@h>\nExpires: -1",
        "Contact: <sip:a@h>;expires=4294967296",
        "Contact: <sip:a@h>;q=1.5",
        "Contact: <name:John>",
    ] {
        assert_eq!(office.register(bad).0.status, 400, "{bad}");
    }
}

#[test]
fn several_phones_query_and_removal() {
    let mut office = Office::new();
    office.register("Contact: <sip:a@192.0.2.2>;q=0.2;expires=60, \"x\" <sip:b@192.0.2.2:5070>;q=0.75;expires=100");
    assert_eq!(office.bound(), ["sip:b@192.0.2.2:5070", "sip:a@192.0.2.2"], "the larger q in front");
    assert_eq!(office.registrar.bindings(5)[0].q, 750);
    let (query, none) = office.register("");
    assert_eq!((contacts(&query).len(), none), (2, None));
    let (_, removed) = office.register("Contact: <sip:a@192.0.2.2>;expires=0");
    assert_eq!((office.bound(), removed), (vec!["sip:b@192.0.2.2:5070"], change(1, ChangeCause::Removed)));
    assert_eq!(office.register("Contact: *").0.status, 400);
    assert_eq!(office.register("Contact: *, <sip:x@h>\nExpires: 0").0.status, 400);
    let (reply, removed) = office.register("Contact: *\nExpires: 0");
    assert_eq!((reply.status, removed, office.bound().len()), (200, change(0, ChangeCause::Removed), 0));
}

#[test]
fn late_request_does_not_undo_a_later_one() {
    let mut office = Office::new();
    let late = office.request("Contact: <sip:a@192.0.2.2>;expires=60");
    office.register("Contact: <sip:a@192.0.2.2>;expires=0");
    office.register("Contact: <sip:a@192.0.2.2>;expires=30");
    let outcome = office.registrar.register(office.now, 5, &late, office.flow);
    assert_eq!((outcome.reply.status, outcome.change), (500, None));
    assert_eq!(office.registrar.bindings(5)[0].expires_at, office.now + Duration::from_secs(30));
}

#[test]
fn nat_and_path() {
    let mut office = Office::new();
    let (reply, _) = office.register("Contact: <sip:a@10.0.0.7:5060>\nPath: <sip:edge;lr>, <sip:edge2;lr>");
    let binding = &office.registrar.bindings(5)[0];
    assert!(binding.is_behind_nat);
    assert_eq!(
        (binding.flow, binding.path.as_slice()),
        (office.flow, &["<sip:edge;lr>".to_owned(), "<sip:edge2;lr>".to_owned()][..])
    );
    assert!(reply.headers.contains(&("Path", "<sip:edge;lr>".to_owned())));
    office.flow.remote.set_port(61_000);
    let (_, moved) = office.register("Contact: <sip:a@10.0.0.7:5060>");
    assert_eq!(moved, change(1, ChangeCause::Bound), "the same phone seen elsewhere");
    assert_eq!(office.registrar.bindings(5)[0].flow.remote.port(), 61_000);
}

#[test]
fn connection_and_account_that_go() {
    let mut office = Office::new();
    office.flow = flow(0, Transport::Ws);
    office.register("Contact: <sip:a@x.invalid;transport=ws>");
    office.flow = flow(0, Transport::Udp);
    office.register("Contact: <sip:b@192.0.2.2>");
    office.registrar.remove_connection(9);
    assert_eq!(office.registrar.poll_event(), None);
    office.registrar.remove_connection(1);
    assert_eq!(
        (office.registrar.poll_event(), office.bound()),
        (change(1, ChangeCause::Disconnected), vec!["sip:b@192.0.2.2"])
    );
    office.registrar.remove_account(office.now, 5);
    assert_eq!(
        (office.registrar.poll_event(), office.registrar.next_timeout()),
        (change(0, ChangeCause::Removed), None)
    );
    office.registrar.remove_account(office.now, 5);
    assert_eq!(office.registrar.poll_event(), None);
}

#[test]
fn bindings_are_bounded() {
    let mut office = Office::new();
    for number in 0..10 {
        assert_eq!(office.register(&format!("Contact: <sip:p{number}@192.0.2.2>")).0.status, 200);
    }
    assert_eq!(office.register("Contact: <sip:p3@192.0.2.2>").0.status, 200, "a refresh is no new one");
    assert!(office.bound().iter().any(|uri| uri.contains("p0@")));
    assert_eq!(office.register("Contact: <sip:p10@192.0.2.2>").0.status, 200);
    assert_eq!(office.bound().len(), 10);
    assert!(!office.bound().iter().any(|uri| uri.contains("p0@")), "the oldest makes room");
}

const INSTANCE: &str = "+sip.instance=\"<urn:uuid:F81D4FAE-7dec-11d0-a765-00a0c91e6bf6>\"";

fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
}

/// RFC 5626 6: the same instance and reg-id take the place of their binding, wherever they come from now.
#[test]
fn a_flow_is_replaced_by_its_successor() {
    let mut office = Office::new();
    office.flow = flow(0, Transport::Tcp);
    let (reply, _) =
        office.register(&format!("Supported: path, outbound\nContact: <sip:a@10.0.0.7:40001;ob>;reg-id=1;{INSTANCE}"));
    assert_eq!((reply.status, header(&reply, "Require")), (200, Some("outbound")));
    let bound = contacts(&reply)[0];
    assert!(bound.ends_with(";+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\";reg-id=1"), "{bound}");
    // The phone came back by another connection with another Contact, before the old one was noticed to be gone.
    office.flow.connection = 2;
    let lower = INSTANCE.to_lowercase();
    let (_, moved) =
        office.register(&format!("Supported: outbound\nContact: <sip:a@10.0.0.7:40002;ob>;reg-id=1;{lower}"));
    assert_eq!((office.bound(), moved), (vec!["sip:a@10.0.0.7:40002;ob"], change(1, ChangeCause::Bound)));
    office.registrar.remove_connection(1);
    assert_eq!(office.registrar.poll_event(), None, "the old connection has nothing left");
    let (_, gone) =
        office.register(&format!("Supported: outbound\nContact: <sip:a@10.0.0.7:40009>;reg-id=1;expires=0;{INSTANCE}"));
    assert_eq!((office.bound().len(), gone), (0, change(0, ChangeCause::Removed)));
}

#[test]
fn several_flows_are_one_phone() {
    let mut office = Office::new();
    office.flow = flow(0, Transport::Tcp);
    for number in [1, 2] {
        office.flow.connection = number;
        office.now += Duration::from_secs(1);
        office.register(&format!("Supported: outbound\nContact: <sip:a@10.0.0.7;ob>;reg-id={number};{INSTANCE}"));
    }
    office.flow = flow(0, Transport::Udp);
    office.register("Contact: <sip:plain@192.0.2.2>");
    let flows = |office: &Office| -> Vec<Vec<u64>> {
        let phones = office.registrar.phones(5);
        phones.iter().map(|phone| phone.iter().map(|flow| flow.flow.connection).collect()).collect()
    };
    assert_eq!(flows(&office), [vec![2, 1], vec![0]], "two flows of one phone, the newest in front, and another phone");
    office.now += Duration::from_secs(1);
    office.flow = flow(0, Transport::Tcp);
    office.register(&format!("Supported: outbound\nContact: <sip:a@10.0.0.7;ob>;reg-id=1;{INSTANCE}"));
    assert_eq!(flows(&office)[0], [1, 2], "a refresh makes it the newest");
    office.registrar.remove_connection(1);
    assert_eq!(flows(&office), [vec![2], vec![0]]);
}

#[test]
fn flows_need_support_an_instance_and_a_first_hop_that_keeps_them() {
    let mut office = Office::new();
    for plain in [
        format!("Contact: <sip:a@192.0.2.2>;reg-id=1;{INSTANCE}"),
        "Supported: outbound\nContact: <sip:a@192.0.2.2>;reg-id=1".to_owned(),
        format!("Supported: outbound\nContact: <sip:a@192.0.2.2>;{INSTANCE}"),
    ] {
        let (reply, _) = office.register(&plain);
        assert_eq!((reply.status, header(&reply, "Require")), (200, None), "{plain}");
        assert_eq!(office.registrar.bindings(5)[0].flow_key, None);
    }
    for bad in [
        format!("Supported: outbound\nContact: <sip:a@192.0.2.2>;reg-id=0;{INSTANCE}"),
        format!("Supported: outbound\nContact: <sip:a@192.0.2.2>;reg-id=2147483648;{INSTANCE}"),
        "Supported: outbound\nContact: <sip:a@192.0.2.2>;reg-id=1;+sip.instance=\"<>\"".to_owned(),
        format!("Supported: outbound\nContact: <sip:a@h>;reg-id=1;{INSTANCE}, <sip:b@h>;reg-id=2;{INSTANCE}"),
    ] {
        assert_eq!(office.register(&bad).0.status, 400, "{bad}");
    }
    let through_a_proxy = format!(
        "Via: SIP/2.0/UDP phone;branch=z9hG4bKp\nSupported: outbound\nContact: <sip:a@192.0.2.2>;reg-id=1;{INSTANCE}"
    );
    assert_eq!(office.register(&through_a_proxy).0.status, 439);
    assert_eq!(office.register(&format!("{through_a_proxy}\nPath: <sip:edge;lr>")).0.status, 439);
    assert_eq!(office.register(&format!("{through_a_proxy}\nPath: <sip:edge;lr;ob>")).0.status, 200);
    assert_eq!(office.registrar.bindings(5).last().unwrap().path, ["<sip:edge;lr;ob>"]);
    let many = (0..21).map(|n| format!("<sip:p{n}@h>")).collect::<Vec<_>>().join(", ");
    assert_eq!(office.register(&format!("Contact: {many}")).0.status, 400);
}

/// The registrar needs no option tag of these to be told; others it does not have.
#[test]
fn required_extensions() {
    let register = |tags: &str| {
        let mut peer = crate::peer::Peer::new(Transport::Udp);
        peer.feed(&format!(
            "REGISTER sip:192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKr\nFrom: <sip:1@h>;tag=1\nTo: <sip:1@h>\nCall-ID: r\nCSeq: 1 REGISTER\nRequire: {tags}"
        ));
        peer.starts().first().cloned()
    };
    assert_eq!(register("path, outbound"), None, "told to the user");
    assert_eq!(register("gruu").as_deref(), Some("SIP/2.0 420 Bad Extension"));
}
