//! Customers call: every way a call is answered or missed.

use crate::fixture::{JUN, MINJI, number, settings};
use crate::ladder::{Ladder, check, check_in};
use pbx::settings::{Announcement, OperatorStatus, RingbackChoice};
use pbx::NumberId;
use std::sync::Arc;

#[test]
fn first_answer_wins_and_the_others_see_no_missed_call() {
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
        A minji rings
            * A ringing minji+jun talk1
        A jun answers desk_phone
            withdraw A minji answered_elsewhere
            connect A jun
            * jun is call
            * talk1 open support jun
            * assignee_assigned jun
            * A engaged jun talk1
        A minji answers desktop
            hang up A minji normal
        A jun holds
            * A engaged jun held talk1
        A jun resumes
            * A engaged jun talk1
        wait 60
        A customer hangs up
            end A
            * jun is waiting
            * A ended jun talk1
            * talk1 open support jun
        ",
    );
}

/// A direct line; the known customer's name is shown and her language spoken.
#[test]
fn the_manager_hangs_up() {
    check(
        "
        minji desktop x 1
        jun desk_phone x 1
        A +821077770000 calls +827040000003
            answer A
            play A customer greeting/en once
            * A workflow
        A heard it
            play A customer ringback loop forever
            present A minji \"Kim Hana\"
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        A minji answers desktop
            connect A minji
            * minji is call
            * talk1 open minji
            * A engaged minji talk1
        A minji hangs up
            end A
            * minji is waiting
            * A ended minji talk1
            * talk1 open minji
        ",
    );
}

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

#[test]
fn the_customer_leaves_while_it_rings() {
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
        A customer hangs up
            withdraw A minji caller_left
            withdraw A jun caller_left
            end A
            * talk1 missed support customer_left
            * A ended customer_left talk1
            * talk1 missed support customer_left
        A minji answers desktop
        ",
    );
}

#[test]
fn the_customer_leaves_in_the_greeting() {
    check(
        "
        minji desktop x 1
        jun desk_phone x 1
        A +821011112222 calls +827040000001
            answer A
            play A customer greeting/ko once
            * A workflow
        A customer hangs up
            end A
            * lead +821011112222
            * talk1 open support
            * team_assigned support
            * talk1 missed support customer_left
            * A ended customer_left talk1
            * talk1 missed support customer_left
        ",
    );
}

/// R104; the Korean recording is missing there, the English one is said (R105).
#[test]
fn closed_says_so_and_hangs_up() {
    check(
        "
        minji desktop x 1
        jun desk_phone x 1
        A +821011112222 calls +827040000004
            answer A
            play A customer prompt 7 once
            * lead +821011112222
            * talk1 open support
            * team_assigned support
            * talk1 missed support out_of_hours
            * A workflow out_of_hours talk1
        A heard it
            end A
            * A ended out_of_hours talk1
            * talk1 missed support out_of_hours
        ",
    );
}

#[test]
fn calls_that_are_turned_away_never_enter_the_inbox() {
    check(
        "
        A +821011112222 calls +827099999999
            reject A unknown_number
            * A ended unregistered_number
        B +821011112222 calls +827040000009
            reject B unknown_number
            * B ended released_number
        C +821066660000 calls +827040000001
            reject C declined
            * C ended blocked_customer
        D +821011112222 calls 12345
            reject D unknown_number
            * D ended unregistered_number
        drain
        E +821011112222 calls +827040000001
            reject E shutdown
            * E ended rate_limited
        ",
    );
}

#[test]
fn too_many_calls_are_refused() {
    let settings = pbx::Settings { max_calls: 1, ..settings() };
    check_in(
        settings,
        "
        A +821011112222 calls +827040000001
            answer A
            play A customer greeting/ko once
            * A workflow
        B +821033334444 calls +827040000001
            reject B overload
            * B ended rate_limited
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
fn a_lost_end_of_playback_holds_nobody_up() {
    check(
        "
        minji desktop x 1
        A +821011112222 calls +827040000001
            answer A
            play A customer greeting/ko once
            * A workflow
        wait 180
            play A customer ringback loop forever
            present A minji \"01011112222\"
            * lead +821011112222
            * talk1 open support
            * team_assigned support
            * A ringing minji talk1
        wait 30
            withdraw A minji ring_time_over
            play A customer all_busy/ko once
            * talk1 missed support ring_time_over
            * A workflow ring_time_over talk1
        wait 180
            end A
            * A ended ring_time_over talk1
            * talk1 missed support ring_time_over
        ",
    );
}

/// R100, R151; a caller by name is known the second time, an anonymous one never.
#[test]
fn nobody_in_particular_rings_who_asked_for_it() {
    let mut settings = settings();
    settings.workflows.clear();
    check_in(
        settings,
        "
        sora desktop x 1
        minji desktop x 1
        A u10000 calls +827040000006
            answer A
            play A customer greeting/ko once
            * A workflow
        A heard it
            play A customer ringback loop forever
            present A sora \"u10000\"
            * lead sip:u10000
            * talk1 open
            * A ringing sora talk1
        A customer hangs up
            withdraw A sora caller_left
            end A
            * talk1 missed customer_left
            * A ended customer_left talk1
            * talk1 missed customer_left
        B anonymous calls +827040000006
            answer B
            play B customer greeting/ko once
            * B workflow
        B heard it
            play B customer ringback loop forever
            present B sora \"\"
            * lead
            * talk2 open
            * B ringing sora talk2
        B customer hangs up
            withdraw B sora caller_left
            end B
            * talk2 missed customer_left
            * B ended customer_left talk2
            * talk2 missed customer_left
        C u10000 calls +827040000006
            answer C
            play C customer greeting/ko once
            * C workflow
        C customer hangs up
            end C
            * talk3 open
            * talk3 missed customer_left
            * C ended customer_left talk3
            * talk3 missed customer_left
        ",
    );
}

#[test]
fn without_greeting_it_rings_at_once() {
    let mut settings = settings();
    let number = settings.numbers.get_mut(&NumberId(3)).unwrap();
    number.greeting = Announcement { off: true, ..Announcement::default() };
    number.ringback = RingbackChoice::National;
    number.ring_seconds = 12;
    check_in(
        settings,
        "
        minji desktop x 1
        A +821011112222 calls +827040000003
            answer A
            play A customer ringback kr forever
            present A minji \"01011112222\"
            * lead +821011112222
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        wait 12
            withdraw A minji ring_time_over
            play A customer all_busy/ko once
            * talk1 missed minji ring_time_over
            * A workflow ring_time_over talk1
        ",
    );
}

#[test]
fn the_echo_test_is_no_conversation() {
    check(
        "
        A +821011112222 calls +827040000005
            answer A
            play A customer echo_intro/ko once
            * A workflow
        A heard it
            echo A
            * A engaged
        A customer hangs up
            end A
            * A ended
        B +821011112222 calls +827040000005
            answer B
            play B customer echo_intro/ko once
            * B workflow
        B customer hangs up
            end B
            * B ended customer_left
        C +821011112222 calls +827040000005
            answer C
            play C customer echo_intro/ko once
            * C workflow
        C heard it
            echo C
            * C engaged
        wait 600
            end C
            * C ended
        ",
    );
}

#[test]
fn a_manager_declines_through_the_api_and_the_owner_cuts() {
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
        A minji is cut by api
            withdraw A minji answered_elsewhere
            * A ringing jun talk1
        A sora is cut by api
            withdraw A jun caller_left
            end A
            * talk1 missed support manager_left
            * A ended manager_left talk1
            * talk1 missed support manager_left
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
fn a_call_cannot_last_for_ever() {
    check(
        "
        minji desktop x 1
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
        A minji answers desktop
            connect A minji
            * minji is call
            * talk1 open minji
            * A engaged minji talk1
        wait 43200
            end A
            * minji is waiting
            * A ended minji talk1
            * talk1 open minji
        ",
    );
}


#[test]
fn running_calls_go_on_with_the_routing_they_began_with() {
    let mut world = Ladder::new(settings());
    for line in ["minji desktop x 1", "A +821011112222 calls +827040000003"] {
        world.play(line);
    }
    let mut changed = settings();
    changed.numbers.remove(&NumberId(3));
    changed.number_by_e164.remove(&number("+827040000003"));
    world.pbx.handle_settings(Arc::new(changed), world.now);
    world.play("A heard it");
    let call = world.pbx.live_calls().next().unwrap();
    assert_eq!((call.manager_ids.as_slice(), call.number_id), ([MINJI].as_slice(), Some(NumberId(3))));
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
