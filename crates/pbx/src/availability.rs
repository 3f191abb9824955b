//! Who can take a call now: seat, status, calls up and presented, and ring devices that reach the manager.

use crate::settings::{Manager, OperatorStatus, RingDevice, RingDevices, Settings};
use crate::{ManagerId, MissedReason};
use std::collections::{BTreeMap, BTreeSet};

/// Why a manager cannot be presented a call now. The first that holds is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// No such manager any more, no operator seat, or a status other than waiting and chat.
    Away,
    /// No chosen ring device is reachable.
    NoDevice,
    /// As many calls up as the manager may have.
    OnCall,
    /// Other calls ring there and take up the rest.
    RingsElsewhere,
}

/// What a call can expect of a group of managers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// Somebody can be presented the call now.
    Available,
    /// Nobody now, but somebody only rings for another call and may come free within the ring time.
    Soon,
    /// Nobody.
    Nobody(MissedReason),
}

/// How many calls a manager has.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    presented: u16,
    up: u16,
}

/// The managers' lines as the calls use them.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// Bounded by calls in progress: an entry leaves when its load is zero.
    load: BTreeMap<ManagerId, Load>,
    /// Reachable ring devices; an entry leaves when its count is zero.
    reachable: BTreeMap<(ManagerId, RingDevice), u16>,
    /// Managers whose lines changed since the waiting calls last looked.
    changed: BTreeSet<ManagerId>,
    presentations: usize,
}

const DEVICES: [RingDevice; 3] = [RingDevice::Desktop, RingDevice::Mobile, RingDevice::DeskPhone];

impl Lines {
    /// Remembers how many devices of a kind reach the manager. True when there are more than before.
    pub(crate) fn set_reachable(&mut self, manager: ManagerId, device: RingDevice, count: u16) -> bool {
        self.changed.insert(manager);
        let before = if count == 0 {
            self.reachable.remove(&(manager, device))
        } else {
            self.reachable.insert((manager, device), count)
        };
        count > before.unwrap_or(0)
    }

    /// Does one of these devices reach the manager?
    pub(crate) fn reaches(&self, manager: ManagerId, devices: RingDevices) -> bool {
        DEVICES.into_iter().any(|device| devices.has(device) && self.reachable.contains_key(&(manager, device)))
    }

    /// Calls the manager has up.
    pub(crate) fn up(&self, manager: ManagerId) -> u16 {
        self.load.get(&manager).map_or(0, |load| load.up)
    }

    fn alter(&mut self, manager: ManagerId, change: impl FnOnce(&mut Load)) {
        let load = self.load.entry(manager).or_default();
        change(load);
        if load.presented == 0 && load.up == 0 {
            self.load.remove(&manager);
        }
        self.changed.insert(manager);
    }

    /// A call begins to ring at the manager.
    pub(crate) fn presented(&mut self, manager: ManagerId) {
        self.presentations += 1;
        self.alter(manager, |load| load.presented = load.presented.saturating_add(1));
    }

    /// A call no longer rings at the manager.
    pub(crate) fn unpresented(&mut self, manager: ManagerId) {
        self.presentations = self.presentations.saturating_sub(1);
        self.alter(manager, |load| load.presented = load.presented.saturating_sub(1));
    }

    /// The manager has one more call up.
    pub(crate) fn went_up(&mut self, manager: ManagerId) {
        self.alter(manager, |load| load.up = load.up.saturating_add(1));
    }

    /// The manager has one call less up.
    pub(crate) fn went_down(&mut self, manager: ManagerId) {
        self.alter(manager, |load| load.up = load.up.saturating_sub(1));
    }

    /// Presentations that ring now, in all calls.
    pub(crate) fn presentations(&self) -> usize {
        self.presentations
    }

    /// Everybody's lines may have changed (new settings).
    pub(crate) fn touch(&mut self, managers: impl Iterator<Item = ManagerId>) {
        self.changed.extend(managers);
    }

    /// One manager whose lines changed.
    pub(crate) fn pop_changed(&mut self) -> Option<ManagerId> {
        self.changed.pop_first()
    }

    /// Nothing waits for a change: forget them.
    pub(crate) fn forget_changes(&mut self) {
        self.changed.clear();
    }

    /// Can the manager have one more call up, whatever rings?
    pub(crate) fn has_free_line(&self, manager: &Manager) -> bool {
        self.up(manager.id) < manager.max_calls.max(1)
    }

    /// Can one more call ring at the manager?
    pub(crate) fn has_room(&self, manager: &Manager) -> bool {
        let load = self.load.get(&manager.id).copied().unwrap_or_default();
        load.up.saturating_add(load.presented) < manager.max_calls.max(1)
    }

    /// What keeps the manager from being presented a call; `None` when available.
    pub(crate) fn obstacle(&self, settings: &Settings, id: ManagerId) -> Option<Obstacle> {
        let Some(manager) = settings.managers.get(&id) else { return Some(Obstacle::Away) };
        if !manager.seat || !matches!(manager.status, OperatorStatus::Waiting | OperatorStatus::Chat) {
            return Some(Obstacle::Away);
        }
        if !self.reaches(id, manager.ring_devices) {
            return Some(Obstacle::NoDevice);
        }
        let load = self.load.get(&id).copied().unwrap_or_default();
        let lines = manager.max_calls.max(1);
        if load.up >= lines {
            return Some(Obstacle::OnCall);
        }
        (load.up.saturating_add(load.presented) >= lines).then_some(Obstacle::RingsElsewhere)
    }

    /// What a call can expect of `managers`.
    pub(crate) fn outlook(&self, settings: &Settings, managers: &[ManagerId]) -> Outlook {
        let mut soon = false;
        let mut only_devices_missing = !managers.is_empty();
        for &manager in managers {
            match self.obstacle(settings, manager) {
                None => return Outlook::Available,
                Some(Obstacle::RingsElsewhere) => soon = true,
                Some(Obstacle::NoDevice) => {}
                Some(Obstacle::Away | Obstacle::OnCall) => only_devices_missing = false,
            }
        }
        match (soon, only_devices_missing) {
            (true, _) => Outlook::Soon,
            (false, true) => Outlook::Nobody(MissedReason::NoDevice),
            (false, false) => Outlook::Nobody(MissedReason::NoOperator),
        }
    }
}
