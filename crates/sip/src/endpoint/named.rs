//! The dialog that a Replaces header names (RFC 3891 3).

use super::Endpoint;
use crate::event::InviteId;
use crate::replaces::Replaces;
use crate::session::Phase;

/// How a dialog stands that a Replaces header names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedDialog {
    /// Answered.
    Confirmed,
    /// Our INVITE is not answered yet.
    EarlyOurs,
    /// The peer's INVITE is not answered yet. An INVITE may not replace it (481); a REFER may name it.
    EarlyTheirs,
}

impl Endpoint {
    /// Which invite session the header names, and how it stands. `None` (481) when there is none, when it is over,
    /// and when it is answered but `early-only` stands.
    #[must_use]
    pub fn find_dialog(&self, replaces: &Replaces) -> Option<(InviteId, NamedDialog)> {
        let id = session_number(replaces.to_tag.as_bytes())?;
        let session = self.invites.get(&id).filter(|session| !session.told)?;
        let names = |dialog: &crate::dialog::Dialog| {
            dialog.local_tag == replaces.to_tag.as_bytes()
                && dialog.remote_tag == replaces.from_tag.as_bytes()
                && dialog.call_id == replaces.call_id.as_bytes()
        };
        if !names(&session.dialog) && !session.forks.iter().any(|fork| names(&fork.dialog)) {
            return None;
        }
        let found = match session.phase {
            Phase::Leaving | Phase::Closing => return None,
            Phase::Calling { .. } => NamedDialog::EarlyOurs,
            Phase::Incoming { .. } => NamedDialog::EarlyTheirs,
            Phase::AckOwed(_) | Phase::Answered | Phase::Up => NamedDialog::Confirmed,
        };
        let may = found != NamedDialog::Confirmed || !replaces.early_only;
        may.then_some((InviteId(id), found))
    }
}

/// The number of the session in a tag of ours.
pub(super) fn session_number(tag: &[u8]) -> Option<u64> {
    let (id, _) = crate::scan::split_once(tag, b'-')?;
    u64::from_str_radix(std::str::from_utf8(id).ok()?, 16).ok()
}
