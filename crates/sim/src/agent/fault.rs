//! What peers do wrong, each as it was seen in the field, and what that excuses.

use super::Deed;
use super::trick::Trick;
use crate::rng::Rng;
use sip::InviteId;
use std::time::Duration;

/// A wrong that a peer does in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Its first ACKs to our 200 get lost, so many.
    LosesAcks(u8),
    /// It never acknowledges our 200.
    NeverAcks,
    /// It sends CANCEL when our 200 is already there.
    CancelsAfterAnswer,
    /// It asks for a session of so many seconds, less than anybody grants.
    AsksForShortSession(u32),
    /// CANCEL does not reach it: it rings on, and may answer.
    IgnoresCancel,
    /// It says yes to CANCEL, and answers the call all the same.
    AnswersCancelled,
    /// Its proxy rings so many more devices, each with a To tag of its own and early media.
    ForksEarly(u8),
    /// Two devices behind its proxy answer.
    AnswersTwice,
    /// Its 200 has no Contact.
    AnswersWithoutContact,
    /// Not even 100 comes from it.
    IsMute,
    /// It hangs up twice.
    ByesTwice,
    /// Its BYE has a CSeq lower than what went before.
    ByesWithOldCseq,
    /// It is gone without a word, and hears nothing either.
    LeavesSilently,
    /// It crashed and came back: it knows nothing of the call.
    LeavesAndForgets,
    /// It never acknowledges a reliable provisional response.
    NeverPracks,
    /// It acknowledges one that never was.
    PracksWrongly,
    /// It refuses each UPDATE with this status.
    RefusesUpdates(u16),
    /// It agrees to a session timer and never refreshes.
    NeverRefreshes,
    /// No packet of its media ever comes.
    HasNoVoice,
    /// It offers anew so many times without waiting for an answer.
    StormsWithOffers(u8),
    /// It holds and resumes as fast as it can.
    HoldsStormily,
    /// It sends requests nobody asked for, of methods nobody knows.
    AsksOddly,
    /// It hands the call on, to somebody or nobody, at an odd time.
    Refers,
    /// It holds, calls somebody else, and joins the two (RFC 5589 7).
    Consults,
}

/// How often callers do what.
const OF_CALLERS: [(u64, Fault); 5] = [
    (8, Fault::LosesAcks(1)),
    (8, Fault::LosesAcks(3)),
    (8, Fault::NeverAcks),
    (10, Fault::CancelsAfterAnswer),
    (6, Fault::AsksForShortSession(30)),
];

/// How often those who are called do what.
const OF_CALLED: [(u64, Fault); 7] = [
    (8, Fault::IgnoresCancel),
    (10, Fault::AnswersCancelled),
    (8, Fault::ForksEarly(1)),
    (6, Fault::ForksEarly(4)),
    (10, Fault::AnswersTwice),
    (5, Fault::AnswersWithoutContact),
    (5, Fault::IsMute),
];

/// How often anybody does what.
const OF_ALL: [(u64, Fault); 14] = [
    (8, Fault::ByesTwice),
    (6, Fault::ByesWithOldCseq),
    (8, Fault::LeavesSilently),
    (8, Fault::LeavesAndForgets),
    (5, Fault::NeverPracks),
    (5, Fault::PracksWrongly),
    (5, Fault::RefusesUpdates(501)),
    (5, Fault::RefusesUpdates(405)),
    (5, Fault::NeverRefreshes),
    (8, Fault::HasNoVoice),
    (8, Fault::StormsWithOffers(12)),
    (8, Fault::HoldsStormily),
    (8, Fault::AsksOddly),
    (12, Fault::Refers),
];

/// And what managers' phones do.
const OF_PHONES: [(u64, Fault); 2] = [(10, Fault::Refers), (10, Fault::Consults)];

/// Methods a call may be bothered with.
const ODD_METHODS: [&str; 8] = ["OPTIONS", "MESSAGE", "NOTIFY", "SUBSCRIBE", "PUBLISH", "DANCE", "INFO", "PRACK"];

impl Fault {
    /// What a peer does wrong in one call of `per_mille` in a thousand: one thing, or now and then two.
    pub(super) fn choose(rng: &mut Rng, per_mille: u32, called: bool, phone: bool) -> Vec<Self> {
        if !rng.chance(per_mille) {
            return Vec::new();
        }
        let of_role: &[(u64, Self)] = if called { &OF_CALLED } else { &OF_CALLERS };
        let some = |rng: &mut Rng| match rng.between(0..100) {
            0..40 => rng.weighted(of_role),
            40..55 if phone => rng.weighted(&OF_PHONES),
            _ => rng.weighted(&OF_ALL),
        };
        let mut faults = vec![some(rng)];
        if rng.chance(200) {
            faults.push(some(rng));
        }
        faults
    }

    /// What it is up to once the call stands.
    pub(super) fn on_up(self, rng: &mut Rng, id: InviteId) -> Vec<(Duration, Deed)> {
        let trick = |delay, trick| (delay, Deed::Trick(id, trick));
        match self {
            Self::CancelsAfterAnswer => vec![trick(rng.ms(0..300), Trick::Cancel)],
            Self::StormsWithOffers(offers) => vec![trick(rng.ms(0..5_000), Trick::OfferStorm(offers))],
            Self::AsksOddly => (0..3).map(|_| trick(rng.ms(0..8_000), Trick::Ask(rng.of(&ODD_METHODS)))).collect(),
            Self::Refers => vec![trick(rng.ms(0..8_000), Trick::Refer(rng.bits()))],
            Self::Consults => {
                let (at, then) = (rng.ms(100..5_000), rng.ms(300..12_000));
                vec![trick(at, Trick::Consult), trick(at + then, Trick::Join)]
            }
            Self::HoldsStormily => {
                let mut at = rng.ms(50..3_000);
                let mut deeds = Vec::new();
                for _ in 0..6 {
                    deeds.extend([(at, Deed::Hold(Some(id))), (at + rng.ms(0..150), Deed::Resume(Some(id)))]);
                    at += rng.ms(0..300);
                }
                deeds
            }
            _ => Vec::new(),
        }
    }

    /// May a party of such a call hear nothing of the other?
    #[must_use]
    pub fn spoils_audio(self) -> bool {
        matches!(
            self,
            Self::LosesAcks(_)
                | Self::NeverAcks
                | Self::HasNoVoice
                | Self::IsMute
                | Self::NeverPracks
                | Self::PracksWrongly
        )
    }

    /// May such a call end although nobody hung up?
    #[must_use]
    pub fn ends_call(self) -> bool {
        matches!(
            self,
            Self::NeverAcks
                | Self::LosesAcks(_)
                | Self::HasNoVoice
                | Self::LeavesSilently
                | Self::LeavesAndForgets
                | Self::NeverPracks
                | Self::PracksWrongly
                | Self::NeverRefreshes
        )
    }

    /// May the peer believe in a call that is over, for nothing tells it so?
    #[must_use]
    pub fn haunts(self) -> bool {
        matches!(
            self,
            Self::IgnoresCancel
                | Self::AnswersCancelled
                | Self::IsMute
                | Self::AnswersWithoutContact
                | Self::NeverAcks
                | Self::LosesAcks(_)
        )
    }

    /// Does the peer leave without telling?
    #[must_use]
    pub fn leaves_untold(self) -> bool {
        matches!(
            self,
            Self::LeavesSilently
                | Self::LeavesAndForgets
                | Self::ByesWithOldCseq
                | Self::NeverPracks
                | Self::PracksWrongly
        )
    }

    /// May an answer of it be left without ACK?
    #[must_use]
    pub fn loses_answers(self) -> bool {
        matches!(
            self,
            Self::IgnoresCancel | Self::AnswersCancelled | Self::IsMute | Self::LeavesSilently | Self::LeavesAndForgets
        )
    }
}
