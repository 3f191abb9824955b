//! What the user of the endpoint may ask about its invite sessions.

use super::Endpoint;
use crate::event::InviteId;

impl Endpoint {
    /// The Call-ID of an invite session; `None` when it is gone.
    #[must_use]
    pub fn call_id(&self, id: InviteId) -> Option<&[u8]> {
        self.invites.get(&id.0).map(|session| session.dialog.call_id.as_slice())
    }
}
