//! Both families at once: a phone with IPv6 and a carrier with IPv4, each told addresses of its own kind.

use crate::bad_input::answer;
use crate::message::{Message, uri_of};
use crate::patience::{SOON, until};
use crate::sori::Sori;
use crate::user_agent::{UserAgent, offer, reply};
use crate::voice::Voice;
use std::net::{Ipv6Addr, SocketAddr, UdpSocket};

const CUSTOMER: f64 = 440.0;
const MANAGER: f64 = 700.0;

/// A port of `::1` that nobody has: there is only one such address for all tests.
fn free_port() -> u16 {
    UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

struct Phone {
    socket: UdpSocket,
    server: SocketAddr,
}

impl Phone {
    fn request(&self, method: &str, user: &str, sequence: u32) -> Message {
        let local = self.socket.local_addr().unwrap();
        Message { start: format!("{method} sip:{} SIP/2.0", self.server), ..Message::default() }
            .with("Via", format!("SIP/2.0/UDP {local};branch=z9hG4bK6-{sequence};rport"))
            .with("Max-Forwards", "70")
            .with("From", format!("<sip:{user}@{}>;tag=6", self.server))
            .with("To", format!("<sip:{user}@{}>", self.server))
            .with("Call-ID", format!("six-{}", local.port()))
            .with("CSeq", format!("{sequence} {method}"))
            .with("Contact", format!("<sip:{user}@{local}>"))
    }

    fn send(&self, message: &Message) {
        self.socket.send_to(&message.write(), self.server).unwrap();
    }

    #[track_caller]
    fn wait(&self, what: &str, wanted: impl Fn(&Message) -> bool) -> Message {
        let mut buffer = [0; 65_535];
        until(what, SOON, || {
            let (length, from) = self.socket.recv_from(&mut buffer).ok()?;
            assert_eq!(from, self.server, "it speaks from the address that was asked");
            Message::read(&buffer[..length]).filter(|message| wanted(message))
        })
    }
}

#[test]
fn a_phone_with_ipv6_takes_a_call_of_a_carrier_with_ipv4() {
    let carrier = UserAgent::start();
    let server = SocketAddr::from((Ipv6Addr::LOCALHOST, free_port()));
    let sori = Sori::start_with(&carrier, |command, address| {
        command.env("SORI_SIP", format!("{address}:5060,{server}"));
        command.env("SORI_RTP", format!("{address},[::1]:41000-41999"));
    });
    let socket = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(std::time::Duration::from_millis(100))).unwrap();
    let phone = Phone { socket, server };
    let account = sori.phone();
    phone.send(&phone.request("REGISTER", &account.user, 1).with("Expires", "60"));
    let challenge = phone.wait("a challenge", |came| came.status() == 401);
    let second = phone.request("REGISTER", &account.user, 2).with("Expires", "60");
    phone.send(&second.with("Authorization", answer(&challenge, &account, &format!("sip:{server}"))));
    phone.wait("the binding", |came| came.status() == 200 && came.sequence() == 2);

    let call = carrier.call(sori.sip(), "01012345678", "07040000003");
    call.voice.sing(CUSTOMER);
    let invite = phone.wait("an INVITE", |came| came.method() == "INVITE");
    assert!(invite.header("Via").contains(&server.to_string()), "{}", invite.header("Via"));
    assert!(uri_of(invite.header("Contact")).contains(&server.to_string()), "{}", invite.header("Contact"));
    let media = invite.media().expect("an offer");
    assert!(media.is_ipv6(), "media of the phone's family: {media}");
    let voice = Voice::open(Ipv6Addr::LOCALHOST);
    voice.line().connect(media);
    voice.sing(MANAGER);
    let to = format!("{};tag=phone6", invite.header("To"));
    let mut taken =
        reply(&invite, "200 OK", &to).with("Contact", format!("<sip:phone@{}>", phone.socket.local_addr().unwrap()));
    taken.body = offer(voice.local);
    phone.send(&taken);
    phone.wait("an ACK", |came| came.method() == "ACK");
    assert!(call.engaged().outcome().media().unwrap().is_ipv4());
    voice.wait_for_tone(CUSTOMER);
    call.voice.wait_for_tone(MANAGER);
    call.hang_up();
    let bye = phone.wait("a BYE", |came| came.method() == "BYE");
    phone.send(&reply(&bye, "200 OK", &to));
    sori.wait_until_idle();
}
