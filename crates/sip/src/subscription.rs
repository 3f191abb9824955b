//! A subscription as its notifier holds it: a dialog of its own, an event package, an end (RFC 6665 4.2, 4.4).

use std::time::{Duration, Instant};

use crate::dialog::Dialog;
use crate::header::HeaderName;
use crate::message::Message;
use crate::scan::{self, Params};

/// Shortest subscription, seconds; less is answered 423 (phones of the guides ask for 10 to 60 s, R54, R59, R60).
pub const MIN_SUBSCRIPTION_SECONDS: u32 = 10;
/// Longest without a refresh, seconds; a wish for more is granted this much.
pub const MAX_SUBSCRIPTION_SECONDS: u32 = 3600;
/// Granted when SUBSCRIBE has no Expires, seconds (RFC 3842 3.4, RFC 3856 6.4, RFC 4235 3.4).
pub(crate) const DEFAULT_SUBSCRIPTION_SECONDS: u32 = 3600;
/// Most subscriptions of one endpoint; over it a new SUBSCRIBE is answered 503.
pub const MAX_SUBSCRIPTIONS: usize = 20_000;
/// Changes are told at most this often; what changes meanwhile is told at once afterwards (RFC 6665 4.2.2).
pub(crate) const NOTIFY_PAUSE: Duration = Duration::from_secs(1);

/// A subscription, from its SUBSCRIBE to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(pub u64);

/// Why a subscription is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionEnd {
    /// It was not refreshed in time; the subscriber was told by a last NOTIFY.
    Expired,
    /// The subscriber asked for its end, or asked once only (RFC 6665 4.4.3).
    Unsubscribed,
    /// A NOTIFY was refused, or nobody answered it, or its connection closed.
    Unreachable,
    /// `refuse_subscription`, `challenge_subscription` or `end_subscription` was called.
    Local,
}

/// Why the notifier ends a subscription: `reason` of Subscription-State (RFC 6665 4.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminationReason {
    /// The subscriber may subscribe anew at once.
    Deactivated,
    /// The subscriber may not see this any more.
    Rejected,
    /// What was watched is no more.
    NoResource,
    /// Its time is over.
    Timeout,
}

impl TerminationReason {
    /// As written in the header.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deactivated => "deactivated",
            Self::Rejected => "rejected",
            Self::NoResource => "noresource",
            Self::Timeout => "timeout",
        }
    }
}

/// The Event header: a package and, where one watcher has several of it in one dialog, an id (RFC 6665 8.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPackage<'a> {
    name: &'a [u8],
    params: Params<'a>,
}

impl<'a> EventPackage<'a> {
    /// Of a SUBSCRIBE or NOTIFY; `None` when it has no Event header or one that names no package.
    #[must_use]
    pub fn of(message: &'a Message) -> Option<Self> {
        let value = message.known(HeaderName::Event)?;
        let end = scan::find(b';', value).unwrap_or(value.len());
        let (name, params) = value.split_at_checked(end)?;
        let name = scan::trim(name);
        scan::is_token(name).then_some(Self { name, params: Params(params) })
    }
    /// The package with its templates, as written: `dialog`, `presence.winfo`.
    #[must_use]
    pub fn name(&self) -> &'a [u8] {
        self.name
    }
    /// Is it this package? Case does not matter.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
    /// The `id`, when there is one.
    #[must_use]
    pub fn id(&self) -> Option<&'a [u8]> {
        self.params.get("id")
    }
    /// Further parameters of the package.
    #[must_use]
    pub fn params(&self) -> Params<'a> {
        self.params
    }
}

/// Does the sender take this media type? Without an Accept header it takes the package's own (RFC 6665 3.1.3).
#[must_use]
pub fn accepts(message: &Message, media_type: &str) -> bool {
    let mut accepted = message.list(HeaderName::Accept).filter(|value| !value.is_empty()).peekable();
    let (kind, _) = media_type.split_once('/').unwrap_or((media_type, ""));
    accepted.peek().is_none()
        || accepted.any(|value| {
            let end = scan::find(b';', value).unwrap_or(value.len());
            let range = scan::trim(value.get(..end).unwrap_or_default());
            range == b"*/*"
                || range.eq_ignore_ascii_case(media_type.as_bytes())
                || range.strip_suffix(b"/*").is_some_and(|main| main.eq_ignore_ascii_case(kind.as_bytes()))
        })
}

/// Does the subscriber have to be told the state?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// It knows it.
    No,
    /// As soon as the NOTIFY under way is answered and the pause is over.
    Soon,
    /// As soon as the NOTIFY under way is answered: SUBSCRIBE asks for it (RFC 6665 4.2.1.2).
    Now,
    /// `NotifyDue` was told; the body is awaited.
    Told,
}

/// Where a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The first SUBSCRIBE waits for its answer.
    Asked {
        /// Its server transaction.
        transaction: u64,
    },
    /// It runs.
    Active,
    /// The next NOTIFY is the last one.
    Closing,
}

#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) dialog: Dialog,
    pub(crate) stage: Stage,
    /// Value of the Event header of every NOTIFY.
    pub(crate) event: Vec<u8>,
    pub(crate) contact_user: String,
    /// Seconds wished for and granted.
    pub(crate) granted: u32,
    pub(crate) ends_at: Instant,
    pub(crate) due: Due,
    /// Client transaction of the NOTIFY that waits for its response.
    pub(crate) in_flight: Option<u64>,
    /// The last NOTIFY is younger than [`NOTIFY_PAUSE`].
    pub(crate) is_pausing: bool,
}

impl Subscription {
    /// May the state be told now?
    pub(crate) fn is_ready(&self) -> bool {
        let wanted = match self.due {
            Due::Now => true,
            Due::Soon => !self.is_pausing,
            Due::No | Due::Told => false,
        };
        wanted && self.in_flight.is_none() && !matches!(self.stage, Stage::Asked { .. })
    }

    /// Value of Subscription-State.
    pub(crate) fn state(&self, now: Instant) -> String {
        match self.stage {
            Stage::Closing => format!("terminated;reason={}", TerminationReason::Timeout.as_str()),
            Stage::Asked { .. } | Stage::Active => {
                let left = self.ends_at.saturating_duration_since(now);
                format!("active;expires={}", left.as_secs())
            }
        }
    }
}

/// What a subscription is granted, or the shortest that would be.
pub(crate) fn granted(message: &Message) -> Result<u32, u32> {
    match message.expires() {
        None => Ok(DEFAULT_SUBSCRIPTION_SECONDS),
        Some(0) => Ok(0),
        Some(wished) if wished < MIN_SUBSCRIPTION_SECONDS => Err(MIN_SUBSCRIPTION_SECONDS),
        Some(wished) => Ok(wished.min(MAX_SUBSCRIPTION_SECONDS)),
    }
}

/// Does this response to a NOTIFY end the subscription (RFC 6665 4.2.2, RFC 5057 5.1)? Others are of this one request.
pub(crate) fn ends_usage(status: u16) -> bool {
    matches!(status, 404 | 405 | 408 | 410 | 416 | 480..=485 | 489 | 501 | 502 | 604)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Request;

    fn subscribe(lines: &str) -> Request {
        let text = format!(
            "SUBSCRIBE sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:a@h>\r\nCall-ID: 1\r\nCSeq: 1 SUBSCRIBE\r\n{lines}\r\n\r\n"
        );
        Request::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn packages() {
        let request = subscribe("o: Dialog ; id=7;sla");
        let package = EventPackage::of(&request).unwrap();
        assert!(package.is("dialog") && !package.is("presence"));
        assert_eq!((package.name(), package.id()), (&b"Dialog"[..], Some(&b"7"[..])));
        assert_eq!(package.params().get("sla"), Some(&b""[..]));
        assert_eq!(EventPackage::of(&subscribe("Subject: x")), None);
        assert_eq!(EventPackage::of(&subscribe("Event: ;id=1")), None);
        assert_eq!(EventPackage::of(&subscribe("Event: a b")), None);
    }

    #[test]
    fn accepted_types() {
        let takes = |lines: &str| accepts(&subscribe(lines), "application/pidf+xml");
        assert!(takes("Subject: x"));
        assert!(takes("Accept: text/plain, Application/PIDF+xml;q=0.5"));
        assert!(takes("Accept: application/*"));
        assert!(takes("Accept: */*"));
        assert!(takes("Accept:"));
        assert!(!takes("Accept: application/dialog-info+xml, text/*"));
    }

    #[test]
    fn durations() {
        let granted = |lines: &str| granted(&subscribe(lines));
        assert_eq!(granted("Expires: 10"), Ok(10));
        assert_eq!(granted("Expires: 0"), Ok(0));
        assert_eq!(granted("Expires: 9"), Err(10));
        assert_eq!(granted("Expires: 3601"), Ok(3600));
        assert_eq!(granted("Subject: x"), Ok(3600));
    }
}
