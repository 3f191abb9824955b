//! Customers call: every way a call is answered, turned away or left.

use crate::fixture::{MINJI, number, settings};
use crate::ladder::{Ladder, check, check_in};
use pbx::NumberId;
use pbx::settings::{Announcement, RingbackChoice};
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
