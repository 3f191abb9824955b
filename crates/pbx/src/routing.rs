//! Where a number's calls go (R94–R101), when it is open, and which number an outbound call shows.

use crate::call::Target;
use crate::settings::{Hours, Manager, Number, Routing, Settings};
use crate::workflow::{Revision, Trigger};
use crate::{E164, HoursId, ManagerId, NumberId, TeamId, UnixMillis};
use std::sync::Arc;

/// Where a call goes.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    /// The greeting, then these ring.
    Ring(Target),
    /// A workflow.
    Workflow(Arc<Revision>),
    /// The echo test.
    Echo,
}

/// The route of a number now.
pub(crate) fn route(settings: &Settings, number: &Number) -> Route {
    match number.routing {
        Routing::Manager(id) => Route::Ring(Target::Manager(id)),
        Routing::Team(id) => Route::Ring(Target::Team(id)),
        Routing::Echo => Route::Echo,
        Routing::Workflow(id) => match settings.workflows.iter().find(|live| live.id == id) {
            Some(live) => Route::Workflow(Arc::clone(&live.revision)),
            // The chosen workflow was stopped: another one in its place would surprise; people answer.
            None => Route::Ring(Target::UnassignedAlert),
        },
        // R151: the topmost live customer-called workflow, if there is one.
        Routing::None => match settings.workflows.iter().find(|live| starts_by_call(&live.revision)) {
            Some(live) => Route::Workflow(Arc::clone(&live.revision)),
            None => Route::Ring(Target::UnassignedAlert),
        },
    }
}

fn starts_by_call(revision: &Revision) -> bool {
    matches!(revision.trigger, Trigger::CustomerCalled { .. })
}

/// Is the number open? Its own hours count, else those of the team it is routed to; without any it is always open.
pub(crate) fn is_open(settings: &Settings, number: &Number, now: UnixMillis) -> bool {
    let team_hours = match number.routing {
        Routing::Team(id) => settings.teams.get(&id).and_then(|team| team.hours_id),
        _ => None,
    };
    hours_are_open(settings, number.hours_id.or(team_hours), now)
}

/// Is the team open? Always, without hours of its own.
pub(crate) fn team_is_open(settings: &Settings, team: TeamId, now: UnixMillis) -> bool {
    hours_are_open(settings, settings.teams.get(&team).and_then(|team| team.hours_id), now)
}

fn hours_are_open(settings: &Settings, id: Option<HoursId>, now: UnixMillis) -> bool {
    id.and_then(|id| settings.hours.get(&id)).is_none_or(|hours: &Hours| hours.is_open(now))
}

/// The managers a target stands for, ascending and without repetition.
pub(crate) fn managers_of(settings: &Settings, target: Target) -> Vec<ManagerId> {
    let with = |wanted: fn(&Manager) -> bool| settings.managers.values().filter(|m| wanted(m)).map(|m| m.id).collect();
    match target {
        Target::Manager(id) => vec![id],
        Target::Team(id) => {
            let mut members = settings.teams.get(&id).map(|team| team.manager_ids.clone()).unwrap_or_default();
            members.sort_unstable();
            members.dedup();
            members
        }
        Target::UnassignedAlert => with(|manager| manager.seat && manager.unassigned_call_alert),
        Target::Everyone => with(|manager| manager.seat),
    }
}

/// Which number an outbound call of this manager uses (R101): the chosen one, else the one routed to the manager, else
/// to a team of the manager, else the default. `None` when the chosen one does not exist or there is none.
pub(crate) fn number_for(settings: &Settings, manager: &Manager, chosen: Option<NumberId>) -> Option<NumberId> {
    if let Some(id) = chosen {
        return settings.numbers.contains_key(&id).then_some(id);
    }
    let routed_to_me = |number: &&Number| number.routing == Routing::Manager(manager.id);
    let routed_to_mine =
        |number: &&Number| matches!(number.routing, Routing::Team(team) if manager.team_ids.contains(&team));
    let numbers = || settings.numbers.values();
    numbers()
        .find(routed_to_me)
        .or_else(|| numbers().find(routed_to_mine))
        .or_else(|| numbers().find(|number| number.is_default))
        .map(|number| number.id)
}

/// The number the customer sees: the approved caller id, else the number itself (R29).
pub(crate) fn shown(number: &Number) -> E164 {
    number.caller_id.unwrap_or(number.e164)
}
