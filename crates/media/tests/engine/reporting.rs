//! RTCP both ways, and the figures that come of it.

use std::net::SocketAddr;
use std::sync::Arc;

use media::g711::Law;
use media::rtcp::{Part, ReportBlock, Writer, ntp_middle, parse};
use media::{Channel, Command, Event, Family, Figures, LegId, Profile};

use crate::world::{Phone, World};

/// Our last report to this address: NTP time of the sender report and our SSRC.
fn last_report(world: &World, to: SocketAddr) -> (u64, u32) {
    let mut report = (0, 0);
    for (_, _, at, packet, _) in &world.sent.0 {
        if *at == to && media::rtp::looks_like_rtcp(packet) {
            parse(packet, |part| {
                if let Part::Sender(ssrc, info) = part {
                    report = (info.ntp, ssrc);
                }
            })
            .unwrap();
        }
    }
    report
}

fn figures(world: &World, leg: LegId) -> Figures {
    let closed = world.events.iter().rev().find_map(|(_, event)| match event {
        Event::Closed { leg: of, figures } if *of == leg => Some(*figures),
        _ => None,
    });
    closed.expect("a closed leg")
}

fn rtcp_of(phone: &Phone) -> SocketAddr {
    SocketAddr::new(phone.at.ip(), phone.at.port() + 1)
}

/// Echoes five seconds of a phone that hears us 60 ms later, reports 300 ms after that, and misses `lost` packets.
fn reported(lost: i32) -> Figures {
    let mut world = World::new();
    let mut a = Phone::new(1, Law::A, None).open(&mut world);
    world.command(Command::Echo { leg: a.leg });
    let rtcp = rtcp_of(&a);
    let mut told = 0;
    for _ in 0..500 {
        a.say(&mut world, &[0; 160]);
        let (ntp, ours) = last_report(&world, rtcp);
        if ntp == told {
            continue;
        }
        told = ntp;
        for _ in 0..18 {
            a.say(&mut world, &[0; 160]);
        }
        let block = ReportBlock {
            ssrc: ours,
            lost,
            jitter: 40,
            last_sender_report: ntp_middle(ntp),
            // It lay at the far end for 300 of the 360 ms since.
            delay: 65_536 * 3 / 10,
            ..ReportBlock::default()
        };
        let report = Writer::new().report(a.ssrc, None, Some(block)).cname(a.ssrc, 1);
        world.packet(a.leg, Channel::Rtcp, rtcp, report.bytes());
    }
    let live = world.engine.figures(a.leg);
    world.command(Command::Close { leg: a.leg });
    let closed = figures(&world, a.leg);
    assert_eq!(live, Some(closed), "a live leg tells what it will have told");
    assert_eq!(world.engine.figures(a.leg), None);
    closed
}

#[test]
fn figures_have_both_directions_the_round_trip_and_a_mark() {
    let clean = reported(0);
    assert_eq!((clean.lost, clean.far_lost, clean.protection), (0, Some(0), ""));
    assert_eq!(clean.far_jitter_ms, Some(5.0));
    let rtt = clean.rtt_ms.unwrap();
    assert!((55.0..=85.0).contains(&rtt), "{rtt}");
    let mark = clean.mos.unwrap();
    assert!(mark > 4.2, "{mark}");
    let lossy = reported(1000);
    assert_eq!(lossy.far_lost, Some(1000));
    assert!(lossy.mos.unwrap() < mark - 0.8, "{:?}", lossy.mos);
    let silent = {
        let mut world = World::new();
        let mut a = Phone::new(1, Law::Mu, None).open(&mut world);
        a.say(&mut world, &[0; 16_000]);
        world.command(Command::Close { leg: a.leg });
        figures(&world, a.leg)
    };
    assert_eq!((silent.rtt_ms, silent.far_lost, silent.far_jitter_ms, silent.far_mos), (None, None, None, None));
    assert!(silent.mos.unwrap() > 4.3, "{silent:?}");
}

#[test]
fn a_report_about_somebody_else_says_nothing_of_us() {
    let mut world = World::new();
    let mut a = Phone::new(1, Law::Mu, None).open(&mut world);
    a.say(&mut world, &[0; 1600]);
    let block = ReportBlock { ssrc: 1234, lost: 50, ..ReportBlock::default() };
    let report = Writer::new().report(a.ssrc, None, Some(block));
    world.packet(a.leg, Channel::Rtcp, rtcp_of(&a), report.bytes());
    world.command(Command::Close { leg: a.leg });
    assert_eq!(figures(&world, a.leg).far_lost, None);
}

#[test]
fn our_block_stands_among_others() {
    let mut world = World::new();
    let mut a = Phone::new(1, Law::Mu, None).open(&mut world);
    world.command(Command::Echo { leg: a.leg });
    a.say(&mut world, &[0; 80_000]);
    let (_, ours) = last_report(&world, rtcp_of(&a));
    let block = |ssrc, lost| Writer::new().report(a.ssrc, None, Some(ReportBlock { ssrc, lost, ..Default::default() }));
    let (other, mine) = (block(99, 50), block(ours, 7));
    // One report with two blocks: the second is ours.
    let mut report = other.bytes().to_vec();
    report[0] = 0x82;
    report[3] += 6;
    report.extend(&mine.bytes()[8..]);
    world.packet(a.leg, Channel::Rtcp, rtcp_of(&a), &report);
    world.command(Command::Close { leg: a.leg });
    assert_eq!(figures(&world, a.leg).far_lost, Some(7));
}

#[test]
fn rtcp_shares_the_port_where_the_phone_offers_it_and_ends_with_a_goodbye() {
    let mut world = World::new();
    let mut a = Phone::new(1, Law::Mu, None);
    let sdp = String::from_utf8(a.sdp("sendrecv").to_vec()).unwrap() + "a=rtcp-mux\r\n";
    let offer: Option<Arc<[u8]>> = Some(sdp.into_bytes().into());
    world.command(Command::Open { leg: a.leg, profile: Profile::Rtp, offer, family: Family::V4, like: None });
    assert!(world.local_sdp(a.leg).contains("a=rtcp-mux\r\n"));
    world.command(Command::Echo { leg: a.leg });
    a.say(&mut world, &[0; 80_000]);
    world.command(Command::Close { leg: a.leg });
    let rtcp: Vec<_> = world.sent.0.iter().filter(|sent| media::rtp::looks_like_rtcp(&sent.3)).collect();
    assert!(rtcp.len() >= 2);
    assert!(rtcp.iter().all(|sent| sent.1 == Channel::Rtp && sent.2 == a.at));
    let mut goodbye = false;
    parse(&rtcp[rtcp.len() - 1].3, |part| goodbye |= matches!(part, Part::Bye(_))).unwrap();
    assert!(goodbye);
    // A phone that did not offer it has its RTCP on the port above.
    let mut world = World::new();
    let mut b = Phone::new(2, Law::Mu, None).open(&mut world);
    assert!(!world.local_sdp(b.leg).contains("rtcp-mux"));
    b.say(&mut world, &[0; 80_000]);
    let apart = world.sent.0.iter().filter(|sent| media::rtp::looks_like_rtcp(&sent.3));
    assert!(apart.clone().count() > 0);
    assert!(apart.into_iter().all(|sent| sent.1 == Channel::Rtcp && sent.2 == rtcp_of(&b)));
}
