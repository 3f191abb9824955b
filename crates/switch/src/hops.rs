//! How far a call may still be passed on, so that servers that pass it to each other in a ring come to an end
//! (RFC 3261 16.3, 16.6; RFC 7332 asks the same of a B2BUA).

use crate::switch::Switch;
use pbx::{CallRecord, Caller, E164};
use sip::{Invite, Reply, Request};

/// When an INVITE does not say (RFC 3261 8.1.1.6).
const USUAL: u8 = 70;
/// How often one call may leave for a carrier and come back here. Session border controllers begin Max-Forwards anew, so
/// it alone does not end such a ring.
const MAX_PASSES: u8 = 3;
/// Calls from one number of ours to the same number of ours, up at once: a carrier that drops every header of ours still
/// tells both numbers.
const MAX_CALLS_TO_ONESELF: usize = 4;
/// Counts the passes, on calls that came in and go out again.
const PASSES: &str = "X-Sori-Passes";

/// Of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hops {
    /// What the INVITE that began the call had left.
    max_forwards: u8,
    /// How often the call went out to a carrier before it came in here; `None` for a manager's call.
    passes: Option<u8>,
}

impl Default for Hops {
    fn default() -> Self {
        // A call that begins here goes out with the usual number.
        Self { max_forwards: USUAL + 1, passes: None }
    }
}

impl Hops {
    /// Of a customer's call.
    ///
    /// # Errors
    /// The refusal: 483 where it may go no further, 482 where it came round too often.
    pub(crate) fn of_customer(request: &Request) -> Result<Self, Reply> {
        let own = Self::of_manager(request)?;
        let passes = request.header_str(PASSES).map_or(Some(0), |text| text.trim().parse().ok());
        let passes = passes.filter(|passes| *passes <= MAX_PASSES).ok_or_else(|| Reply::new(482))?;
        Ok(Self { passes: Some(passes), ..own })
    }

    /// Of a manager's call.
    ///
    /// # Errors
    /// 483 where it may go no further: whatever the business does with it, somebody else is called.
    pub(crate) fn of_manager(request: &Request) -> Result<Self, Reply> {
        match request.max_forwards().unwrap_or(USUAL) {
            0 => Err(Reply::new(483)),
            left => Ok(Self { max_forwards: left, passes: None }),
        }
    }

    /// Marks an INVITE of ours for the same call.
    pub(crate) fn pass_on(self, invite: &mut Invite, to_carrier: bool) {
        invite.max_forwards = Some(self.max_forwards.saturating_sub(1));
        if let (Some(passes), true) = (self.passes, to_carrier) {
            invite.headers.push((PASSES, passes.saturating_add(1).to_string()));
        }
    }
}

impl Switch {
    /// How far a customer's call may be passed on, or why it goes no further.
    pub(crate) fn hops_of_customer(&self, request: &Request, from: &Caller, to: Option<E164>) -> Result<Hops, Reply> {
        let hops = Hops::of_customer(request)?;
        let is_ours = |number: &E164| self.settings.business.number_by_e164.contains_key(number);
        // From a number of ours to a number of ours: it may be one of ours that a carrier brought back.
        if let (Caller::Number(from), Some(to)) = (from, to)
            && is_ours(from)
            && is_ours(&to)
        {
            let (from, to) = (from.to_string(), to.to_string());
            let is_alike = |call: &&CallRecord| call.from == from && call.to == to;
            if self.pbx.live_calls().filter(is_alike).count() >= MAX_CALLS_TO_ONESELF {
                return Err(Reply::new(482));
            }
        }
        Ok(hops)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::{Flow, NameAddrText, Transport};

    fn request(lines: &str) -> Request {
        let text = format!(
            "INVITE sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:a@h>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n{lines}\r\n\r\n"
        );
        Request::parse(text.as_bytes()).unwrap()
    }

    fn invite() -> Invite {
        let address = "192.0.2.1:5060".parse().unwrap();
        Invite {
            flow: Flow { transport: Transport::Udp, local: address, remote: address, connection: 0 },
            request_uri: "sip:a@h".to_owned(),
            from: NameAddrText::default(),
            to: NameAddrText::default(),
            contact_user: String::new(),
            headers: Vec::new(),
            route: Vec::new(),
            body: None,
            credentials: None,
            ring_limit: None,
            reliable: false,
            max_forwards: None,
        }
    }

    /// A call that a carrier sends back each time is refused after a few rounds, whether or not Max-Forwards is kept.
    #[test]
    fn a_ring_ends() {
        let mut lines = "Max-Forwards: 70".to_owned();
        let mut rounds = 0;
        let refusal = loop {
            match Hops::of_customer(&request(&lines)) {
                Err(refusal) => break refusal,
                Ok(hops) => {
                    let mut invite = invite();
                    hops.pass_on(&mut invite, true);
                    // The carrier begins Max-Forwards anew and keeps what it does not know.
                    lines = format!("Max-Forwards: 70\r\n{}: {}", invite.headers[0].0, invite.headers[0].1);
                    rounds += 1;
                }
            }
        };
        assert_eq!((refusal.status, rounds), (482, 4));
    }

    #[test]
    fn hops_count_down() {
        let mut out = invite();
        Hops::of_manager(&request("Max-Forwards: 1")).unwrap().pass_on(&mut out, true);
        assert_eq!((out.max_forwards, out.headers.len()), (Some(0), 0), "a manager's call passes for the first time");
        assert_eq!(Hops::of_manager(&request("Max-Forwards: 0")).unwrap_err().status, 483);
        assert_eq!(Hops::of_customer(&request("Max-Forwards: 0")).unwrap_err().status, 483);
        let mut out = invite();
        Hops::of_customer(&request("Subject: x")).unwrap().pass_on(&mut out, false);
        assert_eq!((out.max_forwards, out.headers.len()), (Some(69), 0), "phones here are told no count");
        assert_eq!(Hops::of_customer(&request("X-Sori-Passes: many")).unwrap_err().status, 482);
    }
}
