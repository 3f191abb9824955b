//! Session timers: who refreshes a call, how often, and when it is over without (RFC 4028).

use std::time::{Duration, Instant};

use crate::ability::Ability;
use crate::header::HeaderName;
use crate::message::Message;
use crate::print;
use crate::scan::{self, Params};

/// Shortest Min-SE there is, seconds (RFC 4028 4).
pub(crate) const LEAST_MIN_SE: u32 = 90;
/// A session interval below this, from a peer that should not name one, is taken as this, seconds.
const LEAST_INTERVAL: u32 = 32;
/// Longest session interval, seconds: a peer must not make us wait for ever.
const MOST_INTERVAL: u32 = 24 * 3600;
/// The call ends this long before its interval does, or a third of it when that is less, seconds (RFC 4028 10).
const LAST_MOMENT: u32 = 32;
/// A refresh of ours is given up after this: its transaction is over (64 × T1, timers B and F, RFC 3261 17.1), and a little.
const REFRESH_TAKES: Duration = Duration::from_secs(33);
/// A refresh that failed is tried again after this at the earliest: its transaction is over by then.
const TRY_AGAIN: Duration = Duration::from_secs(40);

/// Who sends the refreshes of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresher {
    Us,
    Peer,
}

/// The header field Session-Expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionExpires {
    pub(crate) seconds: u32,
    /// `refresher`: is it the sender of the request (`uac`)?
    pub(crate) by_requester: Option<bool>,
}

impl SessionExpires {
    pub(crate) fn of(message: &Message) -> Option<Self> {
        let value = message.known(HeaderName::SessionExpires)?;
        let (seconds, params) = with_params(value)?;
        let by_requester = match params.get("refresher") {
            Some(who) if who.eq_ignore_ascii_case(b"uac") => Some(true),
            Some(who) if who.eq_ignore_ascii_case(b"uas") => Some(false),
            _ => None,
        };
        Some(Self { seconds, by_requester })
    }
}

/// Min-SE in seconds.
pub(crate) fn min_se(message: &Message) -> Option<u32> {
    with_params(message.known(HeaderName::MinSe)?).map(|(seconds, _)| seconds)
}

fn with_params(value: &[u8]) -> Option<(u32, Params<'_>)> {
    let end = scan::find(b';', value).unwrap_or(value.len());
    let (number, params) = value.split_at_checked(end)?;
    let seconds = scan::number(scan::trim(number), u64::from(u32::MAX))?;
    Some((u32::try_from(seconds).ok()?, Params(params)))
}

/// What both sides agreed on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionTimer {
    /// Session interval, seconds.
    pub(crate) interval: u32,
    /// Shortest interval that may be asked for, seconds.
    pub(crate) min_se: u32,
    pub(crate) refresher: Refresher,
    /// Both sides keep it. Otherwise we alone look now and then whether the peer still lives.
    pub(crate) is_agreed: bool,
    /// When the call ends without a refresh.
    deadline: Option<Instant>,
}

impl SessionTimer {
    /// Before anything was heard.
    pub(crate) fn new(interval: u32, min_se: u32) -> Self {
        let min_se = min_se.max(LEAST_MIN_SE);
        let interval = interval.clamp(min_se, MOST_INTERVAL.max(min_se));
        Self { interval, min_se, refresher: Refresher::Us, is_agreed: false, deadline: None }
    }

    /// Takes a request of the peer that sets up or refreshes the session (9, table 2). We refresh where the choice is ours.
    pub(crate) fn take_request(&mut self, request: &Message, ability: Ability) {
        let asked = SessionExpires::of(request);
        self.is_agreed = ability.timer || asked.is_some();
        self.refresher = match asked.and_then(|asked| asked.by_requester) {
            Some(true) if ability.timer => Refresher::Peer,
            _ => Refresher::Us,
        };
        let least = min_se(request).unwrap_or(0).max(self.min_se);
        if let Some(asked) = asked {
            self.interval = asked.seconds.min(self.interval).clamp(least, MOST_INTERVAL.max(least));
        } else {
            self.interval = self.interval.max(least);
        }
    }

    /// Takes a 2xx to a request of ours (7.2).
    pub(crate) fn take_response(&mut self, response: &Message) {
        match SessionExpires::of(response) {
            Some(granted) => {
                self.is_agreed = true;
                self.interval = granted.seconds.clamp(LEAST_INTERVAL, MOST_INTERVAL);
                self.refresher = if granted.by_requester == Some(false) { Refresher::Peer } else { Refresher::Us };
            }
            None => {
                self.is_agreed = false;
                self.refresher = Refresher::Us;
            }
        }
    }

    /// Takes a 422: asks for more from now on. False when that makes no difference.
    pub(crate) fn take_too_small(&mut self, response: &Message) -> bool {
        let wanted = min_se(response).filter(|wanted| *wanted > self.min_se || *wanted > self.interval);
        let Some(wanted) = wanted.filter(|wanted| *wanted <= MOST_INTERVAL) else { return false };
        self.min_se = self.min_se.max(wanted);
        self.interval = self.interval.max(wanted);
        true
    }

    /// Header lines of a first INVITE: the callee may choose who refreshes.
    pub(crate) fn first_lines(&self, out: &mut Vec<u8>) {
        print::number_header(out, "Session-Expires", u64::from(self.interval));
        print::number_header(out, "Min-SE", u64::from(self.min_se));
    }

    /// Header lines of a later request of ours.
    pub(crate) fn request_lines(&self, out: &mut Vec<u8>) {
        self.expires(out, self.refresher == Refresher::Us);
        print::number_header(out, "Min-SE", u64::from(self.min_se));
    }

    /// Header lines of our 2xx.
    pub(crate) fn response_lines(&self, out: &mut Vec<u8>) {
        if !self.is_agreed {
            return;
        }
        if self.refresher == Refresher::Peer {
            out.extend_from_slice(b"Require: timer\r\n");
        }
        self.expires(out, self.refresher == Refresher::Peer);
    }

    fn expires(&self, out: &mut Vec<u8>, by_requester: bool) {
        out.extend_from_slice(b"Session-Expires: ");
        print::number(out, u64::from(self.interval));
        out.extend_from_slice(if by_requester { b";refresher=uac\r\n" } else { b";refresher=uas\r\n" });
    }

    /// It was refreshed; how long until something is to be done.
    pub(crate) fn restart(&mut self, now: Instant) -> Duration {
        let interval = Duration::from_secs(u64::from(self.interval));
        let left = interval - Duration::from_secs(u64::from(LAST_MOMENT.min(self.interval / 3)));
        if self.refresher == Refresher::Peer {
            self.deadline = Some(now + left);
            return left;
        }
        // In a short session two thirds are over before a refresh that gets lost has been repeated as often as it may be.
        let tried = (interval / 2 + REFRESH_TAKES).min(interval);
        self.deadline = Some(now + left.max(tried));
        interval / 2
    }

    /// Has the session begun?
    pub(crate) fn runs(&self) -> bool {
        self.deadline.is_some()
    }

    /// Time went by: is it over, or how long until the next look?
    pub(crate) fn look_again(&self, now: Instant) -> Option<Duration> {
        let left = self.deadline?.checked_duration_since(now).filter(|left| !left.is_zero())?;
        Some((left / 2).max(TRY_AGAIN).min(left))
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "any instant will do to count from")]
mod tests {
    use super::*;
    use crate::request::Request;

    fn request(lines: &str) -> Request {
        let text = format!(
            "INVITE sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKr\r\nFrom: <sip:b@h>;tag=1\r\nTo: <sip:a@h>\r\n\
             Call-ID: c\r\nCSeq: 2 INVITE\r\n{lines}\r\n"
        );
        Request::parse(text.as_bytes()).unwrap()
    }

    /// Interval, refresher and what our 200 says.
    fn answer(lines: &str) -> (u32, Refresher, String) {
        let request = request(lines);
        let mut timer = SessionTimer::new(1800, 90);
        timer.take_request(&request, Ability::of(&request));
        let mut out = Vec::new();
        timer.response_lines(&mut out);
        (timer.interval, timer.refresher, String::from_utf8(out).unwrap())
    }

    #[test]
    fn table_2() {
        let none = String::new();
        let us = |seconds: u32| format!("Session-Expires: {seconds};refresher=uas\r\n");
        let peer = |seconds: u32| format!("Require: timer\r\nSession-Expires: {seconds};refresher=uac\r\n");
        assert_eq!(answer(""), (1800, Refresher::Us, none));
        assert_eq!(answer("Session-Expires: 600\r\n"), (600, Refresher::Us, us(600)));
        assert_eq!(answer("Supported: timer\r\n"), (1800, Refresher::Us, us(1800)));
        assert_eq!(answer("k: timer\r\nx: 600\r\n"), (600, Refresher::Us, us(600)));
        assert_eq!(answer("k: x, Timer\r\nx: 600;refresher=uac\r\n"), (600, Refresher::Peer, peer(600)));
        assert_eq!(answer("k: timer\r\nx: 600 ; refresher=uas\r\n"), (600, Refresher::Us, us(600)));
        assert_eq!(answer("x: 600;refresher=uac\r\n"), (600, Refresher::Us, us(600)));
    }

    #[test]
    fn a_refresh_of_ours_may_run_its_course() {
        let now = Instant::now();
        let over = |interval: u32, refresher: Refresher| {
            let mut timer = SessionTimer { interval, refresher, ..SessionTimer::new(interval, 90) };
            timer.restart(now);
            (timer.deadline.unwrap() - now).as_secs()
        };
        assert_eq!((over(90, Refresher::Peer), over(90, Refresher::Us)), (60, 78));
        assert_eq!((over(180, Refresher::Peer), over(180, Refresher::Us)), (148, 148));
        assert_eq!((over(1_800, Refresher::Peer), over(1_800, Refresher::Us)), (1_768, 1_768));
        assert_eq!((over(LEAST_INTERVAL, Refresher::Peer), over(LEAST_INTERVAL, Refresher::Us)), (22, 32));
    }

    #[test]
    fn bounds() {
        assert_eq!(answer("k: timer\r\nx: 7200\r\n").0, 1800);
        assert_eq!(answer("k: timer\r\nx: 7200\r\nMin-SE: 3600\r\n").0, 3600);
        assert_eq!(answer("x: 20\r\n").0, 90);
        assert_eq!(answer("x: nonsense\r\n").0, 1800);
        assert_eq!(answer("k: timer\r\nx: 600\r\nMin-SE: 4294967295\r\n").0, u32::MAX, "what the caller insists on");
        let timer = SessionTimer::new(10, 10);
        assert_eq!((timer.interval, timer.min_se), (90, 90));
    }
}
