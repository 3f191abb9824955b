//! What is watched: the calls of a manager, and whether the manager can be called. Kept for managers who are watched only.

use super::dialog_info::{DialogState, WatchedDialog};
use super::{Subscriptions, Told};
use crate::switch::Switch;
use pbx::record::{CallRecord, CallState, Direction};
use pbx::settings::{OperatorStatus, RingDevice};
use pbx::{CallId, ManagerId, Record};
use sip::SubscriptionId;
use std::collections::BTreeMap;

const DEVICES: [RingDevice; 3] = [RingDevice::Desktop, RingDevice::Mobile, RingDevice::DeskPhone];

impl Subscriptions {
    /// Nobody watches this manager any more.
    pub(super) fn forget_calls(&mut self, manager: ManagerId) {
        for call in self.dialogs.remove(&manager).unwrap_or_default().into_keys() {
            if let Some(managers) = self.managers_of.get_mut(&call) {
                managers.retain(|other| *other != manager);
                if managers.is_empty() {
                    self.managers_of.remove(&call);
                }
            }
        }
    }

    /// Takes a call as it stands now, with the managers who dialled or talk; answers the watched managers it changes
    /// something for.
    fn note_call(&mut self, record: &CallRecord, on_line: &[ManagerId]) -> Vec<ManagerId> {
        let is_watched = |manager: &ManagerId| self.by_manager.contains_key(manager);
        let now: Vec<ManagerId> = with(record, on_line).into_iter().filter(is_watched).collect();
        let mut changed = Vec::new();
        for manager in self.managers_of.remove(&record.id).unwrap_or_default() {
            if !now.contains(&manager)
                && self.dialogs.get_mut(&manager).is_some_and(|dialogs| dialogs.remove(&record.id).is_some())
            {
                changed.push(manager);
            }
        }
        for manager in &now {
            let dialog = dialog_of(record, *manager, on_line);
            let before = self.dialogs.entry(*manager).or_default().insert(record.id, dialog.clone());
            if before.as_ref() != Some(&dialog) {
                changed.push(*manager);
            }
        }
        if !now.is_empty() {
            self.managers_of.insert(record.id, now);
        }
        changed
    }

    /// Calls that take up one of the manager's lines: the manager talks, or dialled.
    fn lines_taken(&self, manager: ManagerId) -> usize {
        let dialogs = self.dialogs.get(&manager).into_iter().flat_map(BTreeMap::values);
        dialogs.filter(|dialog| dialog.state == DialogState::Confirmed || dialog.is_initiator).count()
    }
}

/// The managers a call is with now: who dialled or talks, and at whom it rings.
fn with(record: &CallRecord, on_line: &[ManagerId]) -> Vec<ManagerId> {
    let ringing = if record.state == CallState::Ringing { record.manager_ids.as_slice() } else { &[] };
    let on_line = if record.state == CallState::Ended { &[] } else { on_line };
    let mut all = on_line.to_vec();
    all.extend(ringing.iter().filter(|manager| !on_line.contains(manager)));
    all
}

fn dialog_of(record: &CallRecord, manager: ManagerId, on_line: &[ManagerId]) -> WatchedDialog {
    // Of two managers of one call the first is who began it.
    let is_initiator = record.direction == Direction::Outbound && record.manager_ids.first() == Some(&manager);
    // At whom a call in progress rings, because it is handed on, does not talk yet.
    let talks = record.engaged_at.is_some() && on_line.contains(&manager);
    let state = if talks { DialogState::Confirmed } else { DialogState::Early };
    let remote = if is_initiator { &record.to } else { &record.from };
    WatchedDialog { state, is_initiator, remote: remote.clone() }
}

impl Switch {
    /// Begins to keep a manager's calls, with those that are up already.
    pub(super) fn watch_calls_of(&mut self, manager: ManagerId) {
        if self.subscriptions.by_manager.contains_key(&manager) {
            return;
        }
        let live: BTreeMap<CallId, WatchedDialog> = self
            .pbx
            .live_calls()
            .filter_map(|record| {
                let on_line: Vec<ManagerId> = self.pbx.managers_on_line(record.id).collect();
                let is_with = with(record, &on_line).contains(&manager);
                is_with.then(|| (record.id, dialog_of(record, manager, &on_line)))
            })
            .collect();
        for call in live.keys() {
            self.subscriptions.managers_of.entry(*call).or_default().push(manager);
        }
        self.subscriptions.dialogs.insert(manager, live);
    }

    /// A record on its way to the store may be of a watched call.
    pub(crate) fn on_record(&mut self, record: &Record) {
        let Record::Call(call) = record else { return };
        if self.subscriptions.watches.is_empty() {
            return;
        }
        let on_line: Vec<ManagerId> = self.pbx.managers_on_line(call.id).collect();
        for manager in self.subscriptions.note_call(call, &on_line) {
            self.manager_changed(manager);
        }
    }

    /// Something about a manager changed that somebody may watch.
    pub(crate) fn manager_changed(&mut self, manager: ManagerId) {
        let Some(watchers) = self.subscriptions.by_manager.get(&manager) else { return };
        let is_open = self.is_open(manager);
        let dialogs = self.subscriptions.dialogs.get(&manager);
        let differs = |id: &&SubscriptionId| match self.subscriptions.watches.get(id).map(|watch| &watch.told) {
            Some(Told::Open(told)) => *told != is_open,
            Some(Told::Dialogs(told)) => dialogs.is_none_or(|now| now != told),
            // Nothing told yet: what is told first is what is then.
            Some(Told::Nothing | Told::Messages) | None => false,
        };
        let changed: Vec<SubscriptionId> = watchers.iter().filter(differs).copied().collect();
        for id in changed {
            self.endpoint.state_changed(id);
        }
    }

    /// Can the manager be presented a call now: has a seat, waits for calls, is reachable, has a line free?
    pub(super) fn is_open(&self, id: ManagerId) -> bool {
        let Some(manager) = self.settings.business.managers.get(&id) else { return false };
        let waits = matches!(manager.status, OperatorStatus::Waiting | OperatorStatus::Chat);
        let reaches = DEVICES
            .into_iter()
            .any(|device| manager.ring_devices.has(device) && self.reachable.contains_key(&(id, device)));
        let has_line = self.subscriptions.lines_taken(id) < usize::from(manager.max_calls.max(1));
        manager.seat && waits && reaches && has_line
    }
}
