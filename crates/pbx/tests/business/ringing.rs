//! Who rings for a call, how long, and when the customer is told that nobody can answer.

use crate::fixture::{JUN, MINJI, SUPPORT, settings};
use crate::ladder::{Ladder, check, check_in};
use pbx::settings::{Manager, OperatorStatus, RingDevice};
use pbx::{Cause, Command, Fact, ManagerId};
use std::sync::Arc;

/// R74–R76: thirty seconds after the greeting, not after the call; an answer that comes too late is let go.
#[test]
fn ring_time_runs_from_the_first_ring() {
    check(
        "
        minji desktop x 1
        jun desk_phone x 1
        A +821011112222 calls +827040000001
            answer A
            play A customer greeting/ko once
            * A workflow
        wait 8
        A heard it
            play A customer ringback loop forever
            present A minji \"01011112222\"
            present A jun \"01011112222\"
            * lead +821011112222
            * talk1 open support
            * team_assigned support
            * A ringing minji+jun talk1
        wait 29
        wait 1
            withdraw A minji ring_time_over
            withdraw A jun ring_time_over
            play A customer all_busy/ko once
            * talk1 missed support ring_time_over
            * A workflow ring_time_over talk1
        A jun answers desk_phone
            hang up A jun normal
        A heard it
            end A
            * A ended ring_time_over talk1
            * talk1 missed support ring_time_over
        ",
    );
}

#[test]
fn everybody_declines() {
    check(
        "
        minji desktop x 1
        jun desk_phone x 1
        A +821011112222 calls +827040000001
            answer A
            play A customer greeting/ko once
            * A workflow
        A heard it
            play A customer ringback loop forever
            present A minji \"01011112222\"
            present A jun \"01011112222\"
            * lead +821011112222
            * talk1 open support
            * team_assigned support
            * A ringing minji+jun talk1
        A minji fails declined
            * A ringing jun talk1
        A jun fails busy
            play A customer all_busy/ko once
            * talk1 missed support no_operator
            * A workflow no_operator talk1
        A heard it
            end A
            * A ended no_operator talk1
            * talk1 missed support no_operator
        ",
    );
}

/// R103.
#[test]
fn all_on_a_call_hears_all_busy() {
    check(
        "
        minji desktop x 1
        A +821011112222 calls +827040000001
            answer A
            play A customer greeting/ko once
            * A workflow
        A heard it
            play A customer ringback loop forever
            present A minji \"01011112222\"
            * lead +821011112222
            * talk1 open support
            * team_assigned support
            * A ringing minji talk1
        A minji answers desktop
            connect A minji
            * minji is call
            * talk1 open support minji
            * assignee_assigned minji
            * A engaged minji talk1
        B +821033334444 calls +827040000001
            answer B
            play B customer greeting/ko once
            * B workflow
        B heard it
            play B customer all_busy/ko once
            * lead +821033334444
            * talk2 open support
            * team_assigned support
            * talk2 missed support no_operator
            * B workflow no_operator talk2
        B heard it
            end B
            * B ended no_operator talk2
            * talk2 missed support no_operator
        ",
    );
}

#[test]
fn nobody_has_a_device() {
    check(
        "
        A +821011112222 calls +827040000001
            answer A
            play A customer greeting/ko once
            * A workflow
        A heard it
            play A customer all_busy/ko once
            * lead +821011112222
            * talk1 open support
            * team_assigned support
            * talk1 missed support no_device
            * A workflow no_device talk1
        A customer hangs up
            end A
            * A ended no_device talk1
            * talk1 missed support no_device
        A heard it
        ",
    );
}

#[test]
fn nobody_is_at_work() {
    let mut settings = settings();
    for id in [MINJI, JUN] {
        settings.managers.get_mut(&id).unwrap().status = OperatorStatus::Rest;
    }
    check_in(
        settings,
        "
        minji desktop x 1
        jun desk_phone x 1
        A +821011112222 calls +827040000001
            answer A
            play A customer greeting/ko once
            * A workflow
        A heard it
            play A customer all_busy/ko once
            * lead +821011112222
            * talk1 open support
            * team_assigned support
            * talk1 missed support no_operator
            * A workflow no_operator talk1
        ",
    );
}

/// Two calls, two managers: both ring for the first call, and who is left over rings for the second.
#[test]
fn a_second_caller_waits_for_managers_who_only_ring() {
    check(
        "
        minji desktop x 1
        jun desk_phone x 1
        A +821011112222 calls +827040000001
            answer A
            play A customer greeting/ko once
            * A workflow
        B +821033334444 calls +827040000001
            answer B
            play B customer greeting/ko once
            * B workflow
        A heard it
            play A customer ringback loop forever
            present A minji \"01011112222\"
            present A jun \"01011112222\"
            * lead +821011112222
            * talk1 open support
            * team_assigned support
            * A ringing minji+jun talk1
        B heard it
            play B customer ringback loop forever
            * lead +821033334444
            * talk2 open support
            * team_assigned support
            * B ringing talk2
        A minji answers desktop
            withdraw A jun answered_elsewhere
            connect A minji
            present B jun \"01033334444\"
            * minji is call
            * talk1 open support minji
            * assignee_assigned minji
            * A engaged minji talk1
            * B ringing jun talk2
        B jun answers desk_phone
            connect B jun
            * jun is call
            * talk2 open support jun
            * assignee_assigned jun
            * B engaged jun talk2
        ",
    );
}

#[test]
fn a_waiting_caller_is_told_when_the_last_manager_takes_another_call() {
    check(
        "
        minji desktop x 1
        A +821011112222 calls +827040000001
            answer A
            play A customer greeting/ko once
            * A workflow
        B +821033334444 calls +827040000001
            answer B
            play B customer greeting/ko once
            * B workflow
        A heard it
            play A customer ringback loop forever
            present A minji \"01011112222\"
            * lead +821011112222
            * talk1 open support
            * team_assigned support
            * A ringing minji talk1
        B heard it
            play B customer ringback loop forever
            * lead +821033334444
            * talk2 open support
            * team_assigned support
            * B ringing talk2
        A minji answers desktop
            connect A minji
            play B customer all_busy/ko once
            * minji is call
            * talk1 open support minji
            * assignee_assigned minji
            * A engaged minji talk1
            * talk2 missed support no_operator
            * B workflow no_operator talk2
        ",
    );
}

#[test]
fn who_signs_in_while_it_rings_joins() {
    check(
        "
        minji desktop x 1
        A +821011112222 calls +827040000001
            answer A
            play A customer greeting/ko once
            * A workflow
        A heard it
            play A customer ringback loop forever
            present A minji \"01011112222\"
            * lead +821011112222
            * talk1 open support
            * team_assigned support
            * A ringing minji talk1
        jun mobile x 1
            present A jun \"01011112222\"
            * A ringing minji+jun talk1
        A jun answers mobile
            withdraw A minji answered_elsewhere
            connect A jun
            * jun is call
            * talk1 open support jun
            * assignee_assigned jun
            * A engaged jun talk1
        ",
    );
}

#[test]
fn who_hangs_up_while_another_call_rings_joins() {
    check(
        "
        minji desktop x 1
        jun desk_phone x 1
        A +821011112222 calls +827040000001
            answer A
            play A customer greeting/ko once
            * A workflow
        A heard it
            play A customer ringback loop forever
            present A minji \"01011112222\"
            present A jun \"01011112222\"
            * lead +821011112222
            * talk1 open support
            * team_assigned support
            * A ringing minji+jun talk1
        A minji answers desktop
            withdraw A jun answered_elsewhere
            connect A minji
            * minji is call
            * talk1 open support minji
            * assignee_assigned minji
            * A engaged minji talk1
        B +821033334444 calls +827040000001
            answer B
            play B customer greeting/ko once
            * B workflow
        B heard it
            play B customer ringback loop forever
            present B jun \"01033334444\"
            * lead +821033334444
            * talk2 open support
            * team_assigned support
            * B ringing jun talk2
        A minji hangs up
            end A
            present B minji \"01033334444\"
            * minji is waiting
            * A ended minji talk1
            * talk1 open support minji
            * B ringing jun+minji talk2
        B minji answers desktop
            withdraw B jun answered_elsewhere
            connect B minji
            * minji is call
            * talk2 open support minji
            * assignee_assigned minji
            * B engaged minji talk2
        ",
    );
}

/// But one who declined is left in peace.
#[test]
fn a_device_that_was_gone_rings_again_when_it_is_back() {
    check(
        "
        minji desktop x 1
        jun desk_phone x 1
        A +821011112222 calls +827040000001
            answer A
            play A customer greeting/ko once
            * A workflow
        A heard it
            play A customer ringback loop forever
            present A minji \"01011112222\"
            present A jun \"01011112222\"
            * lead +821011112222
            * talk1 open support
            * team_assigned support
            * A ringing minji+jun talk1
        A jun fails unreachable
            * A ringing minji talk1
        jun desk_phone x 1
        jun desk_phone x 0
        jun desk_phone x 1
            present A jun \"01011112222\"
            * A ringing minji+jun talk1
        A minji fails declined
            * A ringing jun talk1
        minji desktop x 2
        ",
    );
}

#[test]
fn two_lines_take_two_calls() {
    let mut settings = settings();
    settings.managers.get_mut(&MINJI).unwrap().max_calls = 2;
    check_in(
        settings,
        "
        minji desk_phone x 1
        A +821011112222 calls +827040000003
            answer A
            play A customer greeting/ko once
            * A workflow
        A heard it
            play A customer ringback loop forever
            present A minji \"01011112222\"
            * lead +821011112222
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        A minji answers desk_phone
            connect A minji
            * minji is call
            * talk1 open minji
            * A engaged minji talk1
        B +821033334444 calls +827040000003
            answer B
            play B customer greeting/ko once
            * B workflow
        B heard it
            play B customer ringback loop forever
            present B minji \"01033334444\"
            * lead +821033334444
            * talk2 open minji
            * assignee_assigned minji
            * B ringing minji talk2
        B minji answers desk_phone
            connect B minji
            * talk2 open minji
            * B engaged minji talk2
        C +821055556666 calls +827040000003
            answer C
            play C customer greeting/ko once
            * C workflow
        C heard it
            play C customer all_busy/ko once
            * lead +821055556666
            * talk3 open minji
            * assignee_assigned minji
            * talk3 missed minji no_operator
            * C workflow no_operator talk3
        A minji hangs up
            end A
            * A ended minji talk1
            * talk1 open minji
        B minji hangs up
            end B
            * minji is waiting
            * B ended minji talk2
            * talk2 open minji
        ",
    );
}

#[test]
fn a_manager_who_comes_back_to_work_rings() {
    let mut away = settings();
    away.managers.get_mut(&JUN).unwrap().status = OperatorStatus::Eat;
    let mut world = Ladder::new(away);
    for line in ["minji desktop x 1", "jun desk_phone x 1", "A +821011112222 calls +827040000001", "A heard it"] {
        world.play(line);
    }
    assert_eq!(world.pbx.counts().presentations, 1);
    world.pbx.handle_settings(Arc::new(settings()), world.now);
    assert_eq!(world.pbx.counts().presentations, 2);
    assert_eq!(world.pbx.operator_status(JUN), Some(OperatorStatus::Waiting));
}

/// A large team rings in part; who had no place rings when one comes free.
#[test]
fn a_large_team_rings_two_hundred_at_once() {
    let mut settings = settings();
    let minji = settings.managers[&MINJI].clone();
    let crowd: Vec<ManagerId> = (1_000..1_201).map(ManagerId).collect();
    for id in &crowd {
        settings.managers.insert(*id, Manager { id: *id, ..minji.clone() });
    }
    settings.teams.get_mut(&SUPPORT).unwrap().manager_ids.clone_from(&crowd);
    let mut world = Ladder::new(settings);
    for manager in &crowd {
        world.fact(Fact::Reachable { manager: *manager, device: RingDevice::Desktop, count: 1 });
    }
    world.play("A +821011112222 calls +827040000001");
    let playback = world.last_playback("A");
    let call = world.call("A");
    world.pbx.handle_fact(Fact::PlaybackEnded { call, playback }, world.now);
    let presented: Vec<_> = std::iter::from_fn(|| world.pbx.poll_command())
        .filter_map(|command| match command {
            Command::Present { presentation, manager, .. } => Some((presentation, manager)),
            _ => None,
        })
        .collect();
    assert_eq!((presented.len(), world.pbx.counts().presentations), (200, 200));
    let (presentation, _) = presented[0];
    world.pbx.handle_fact(Fact::PresentationFailed { call, presentation, cause: Cause::Declined }, world.now);
    assert_eq!(world.pbx.counts().presentations, 200);
    let last = std::iter::from_fn(|| world.pbx.poll_command()).last();
    assert!(matches!(last, Some(Command::Present { manager: ManagerId(1_200), .. })), "{last:?}");
}
