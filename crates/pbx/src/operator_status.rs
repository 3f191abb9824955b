//! Operator status by what a manager does: `call` while a call is up, the chosen one again after it.

use crate::call::Call;
use crate::pbx::Pbx;
use crate::settings::OperatorStatus;
use crate::{ManagerId, Record, UnixMillis};

impl Pbx {
    /// The call takes up one of the manager's lines.
    pub(crate) fn take_line(&mut self, call: &mut Call, manager: ManagerId, now: UnixMillis) {
        self.give_line_back(call, now);
        call.on_line = Some(manager);
        self.line_up(manager, now);
    }

    /// The call takes up nobody's line any more.
    pub(crate) fn give_line_back(&mut self, call: &mut Call, now: UnixMillis) {
        for manager in [call.on_line.take(), call.colleague_on_line.take()].into_iter().flatten() {
            self.line_down(manager, now);
        }
    }

    pub(crate) fn line_up(&mut self, manager: ManagerId, now: UnixMillis) {
        self.lines.went_up(manager);
        if self.lines.up(manager) == 1 {
            self.record(Record::OperatorStatus { manager, status: OperatorStatus::Call, since: now });
        }
    }

    pub(crate) fn line_down(&mut self, manager: ManagerId, now: UnixMillis) {
        self.lines.went_down(manager);
        if self.lines.up(manager) == 0 {
            let status = self.settings.managers.get(&manager).map_or(OperatorStatus::Off, |m| m.status);
            self.record(Record::OperatorStatus { manager, status, since: now });
        }
    }

    /// What the manager is doing now: `Call` while a call is up, else what the manager chose to be. `None` for a
    /// manager the settings do not know.
    #[must_use]
    pub fn operator_status(&self, manager: ManagerId) -> Option<OperatorStatus> {
        let chosen = self.settings.managers.get(&manager)?.status;
        Some(if self.lines.up(manager) > 0 { OperatorStatus::Call } else { chosen })
    }
}
