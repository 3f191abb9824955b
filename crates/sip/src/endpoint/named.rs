//! The dialog that a Replaces header names (RFC 3891 3).

use super::Endpoint;
use crate::dialog::Role;
use crate::event::InviteId;
use crate::replaces::Replaces;
use crate::session::Phase;

impl Endpoint {
    /// Which invite session the header names, and whether it is answered. `None` (481) when there is none, when it is over,
    /// when it is not answered and was begun by the peer, and when it is answered but `early-only` stands.
    #[must_use]
    pub fn find_dialog(&self, replaces: &Replaces) -> Option<(InviteId, bool)> {
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
        let is_confirmed = session.has_dialog() && !matches!(session.phase, Phase::Closing);
        let is_early_ours = matches!(session.phase, Phase::Calling { .. }) && session.dialog.role == Role::Uac;
        let may = if is_confirmed { !replaces.early_only } else { is_early_ours };
        may.then_some((InviteId(id), is_confirmed))
    }
}

/// The number of the session in a tag of ours.
pub(super) fn session_number(tag: &[u8]) -> Option<u64> {
    let (id, _) = crate::scan::split_once(tag, b'-')?;
    u64::from_str_radix(std::str::from_utf8(id).ok()?, 16).ok()
}
