//! The early dialogs of our INVITE: one for each To tag (RFC 3261 12.1.2, 13.2.2.4).

use std::time::Instant;

use super::{ClientUser, Endpoint};
use crate::dialog::Dialog;
use crate::early::{Early, Fork, MAX_FORKS};
use crate::response::Response;
use crate::session::{Exchange, Phase};

impl Endpoint {
    /// Puts the early dialog of a provisional response in front, a new one for a new To tag. False when there are too many.
    pub(super) fn select_fork(&mut self, id: u64, response: &Response) -> bool {
        let Some(session) = self.invites.get_mut(&id) else { return false };
        // A response of RFC 2543 has no tag and no dialog.
        let Some(tag) = response.to().tag() else { return true };
        if session.dialog.remote_tag.is_empty() {
            session.dialog.confirm(response);
            return true;
        }
        if session.select_tag(tag) {
            session.dialog.refresh(response.contact());
            return true;
        }
        let Phase::Calling { transaction, .. } = session.phase else { return false };
        let Some(mut dialog) = self.unforked(transaction) else { return false };
        dialog.confirm(response);
        let Some(session) = self.invites.get_mut(&id) else { return false };
        if session.forks.len() + 1 >= MAX_FORKS {
            self.wire.totals.overload += 1;
            return false;
        }
        session.forks.push(Fork {
            dialog: std::mem::replace(&mut session.dialog, dialog),
            exchange: std::mem::take(&mut session.exchange),
            early: std::mem::take(&mut session.early),
        });
        true
    }

    /// The fork of a 2xx becomes the dialog of the session; the others are given up (their 2xx are ended one by one).
    pub(super) fn settle_fork(&mut self, now: Instant, id: u64, transaction: u64, response: &Response) {
        let Some(session) = self.invites.get_mut(&id) else { return };
        let tag = response.to().tag().unwrap_or_default();
        if !session.dialog.remote_tag.is_empty() && !session.select_tag(tag) {
            let Some(dialog) = self.unforked(transaction) else { return };
            let Some(session) = self.invites.get_mut(&id) else { return };
            session.forks.push(Fork {
                dialog: std::mem::replace(&mut session.dialog, dialog),
                exchange: std::mem::take(&mut session.exchange),
                early: std::mem::take(&mut session.early),
            });
        }
        self.drop_forks(now, id);
        if let Some(session) = self.invites.get_mut(&id) {
            session.dialog.confirm(response);
        }
    }

    /// Gives up the early dialogs that are not in front; what their peers asked is refused.
    pub(super) fn drop_forks(&mut self, now: Instant, id: u64) {
        let Some(session) = self.invites.get_mut(&id) else { return };
        for fork in std::mem::take(&mut session.forks) {
            if let Exchange::Received { transaction, .. } = fork.exchange {
                self.refuse(now, transaction, 487);
            }
        }
    }

    /// The INVITE is sent anew: no early dialog of the former one lives on (12.3).
    pub(super) fn forget_early(&mut self, now: Instant, id: u64, transaction: u64) {
        self.drop_forks(now, id);
        self.refuse_open_offer(now, id);
        let Some(session) = self.invites.get_mut(&id) else { return };
        session.early = Early::default();
        if session.dialog.remote_tag.is_empty() {
            return;
        }
        let cseq = session.dialog.local_cseq;
        if let Some(dialog) = self.unforked(transaction)
            && let Some(session) = self.invites.get_mut(&id)
        {
            session.dialog = dialog;
            session.dialog.local_cseq = cseq;
        }
    }

    /// The dialog of our INVITE as it is before a response. Numbers that other forks used are not used again.
    pub(super) fn unforked(&self, transaction: u64) -> Option<Dialog> {
        let client = self.clients.get(&transaction)?;
        let ClientUser::Invite { stay, .. } = client.user else { return None };
        Dialog::of_invite(&client.transaction.request, client.transaction.flow, stay)
    }

    /// Number for a request in an early dialog; kept with the INVITE too, for a 2xx of this fork that nobody wants any more.
    pub(super) fn next_early_cseq(&mut self, id: u64) -> u32 {
        let Some(session) = self.invites.get_mut(&id) else { return 0 };
        let cseq = session.dialog.next_cseq();
        if let Phase::Calling { transaction, .. } = session.phase
            && let Some(client) = self.clients.get_mut(&transaction)
            && let ClientUser::Invite { last_cseq, .. } = &mut client.user
        {
            *last_cseq = cseq.max(*last_cseq);
        }
        cseq
    }
}
