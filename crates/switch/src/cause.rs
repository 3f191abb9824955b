//! SIP's status codes and the business's causes.

use media::RefusedSdp;
use pbx::Cause;

/// What a final response of the far end means to the business.
pub(crate) fn from_status(status: u16) -> Cause {
    match status {
        486 | 600 => Cause::Busy,
        401 | 403 | 407 | 603 | 607 | 608 => Cause::Declined,
        408 | 480 | 487 => Cause::NoAnswer,
        404 | 484 | 604 => Cause::UnknownNumber,
        415 | 488 | 606 => Cause::Media,
        _ => Cause::Unreachable,
    }
}

/// What a final response of a manager's device means. One that asks for a password or forbids has a trouble of its own;
/// no person said no, so the others ring on.
pub(crate) fn from_device(status: u16) -> Cause {
    match status {
        401 | 403 | 407 => Cause::Unreachable,
        other => from_status(other),
    }
}

/// With which status a call is refused.
pub(crate) fn to_status(cause: Cause) -> u16 {
    match cause {
        Cause::Normal | Cause::Declined => 603,
        Cause::Busy => 486,
        Cause::NoAnswer | Cause::Unreachable => 480,
        Cause::UnknownNumber => 404,
        Cause::Media => 488,
        Cause::Overload | Cause::Shutdown => 503,
    }
}

/// With which status an SDP is refused.
pub(crate) fn of_refused_sdp(why: RefusedSdp) -> u16 {
    match why {
        RefusedSdp::Malformed => 400,
        RefusedSdp::NotAcceptable => 488,
        RefusedSdp::NoPort => 503,
        RefusedSdp::WrongState => 500,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_wants_a_password_speaks_for_itself_alone() {
        assert_eq!(from_device(401), Cause::Unreachable);
        assert_eq!(from_device(603), Cause::Declined);
        assert_eq!(from_status(403), Cause::Declined, "a carrier's word is the customer's");
    }

    #[test]
    fn a_refusal_told_in_sip_comes_back_as_itself() {
        for cause in [Cause::Busy, Cause::Declined, Cause::UnknownNumber, Cause::Media, Cause::NoAnswer] {
            assert_eq!(from_status(to_status(cause)), cause);
        }
    }
}
