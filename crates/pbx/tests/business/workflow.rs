//! Workflows in calls.

use crate::fixture::{NEVER, SUPPORT, revision, settings};
use crate::ladder::{check, check_in};

/// Barge-in: the key stops the menu at once; tags and team are the conversation's when it is made.
#[test]
fn a_key_leads_to_the_team() {
    check(
        "
        minji desktop x 1
        jun desk_phone x 1
        A +821011112222 calls +827040000002
            answer A
            play A customer demo_menu/ko once
            * A workflow
        A key 1
            stop A customer
            play A customer ringback loop forever
            present A minji \"01011112222\"
            present A jun \"01011112222\"
            * lead +821011112222
            * talk1 open support #support
            * team_assigned support
            * A ringing minji+jun talk1
        A minji answers desktop
            withdraw A jun answered_elsewhere
            connect A minji
            * minji is call
            * talk1 open support minji #support
            * assignee_assigned minji
            * A engaged minji talk1
        A customer hangs up
            end A
            * minji is waiting
            * A ended minji talk1
            * talk1 open support minji #support
        ",
    );
}

/// R119; nothing enters the inbox (R114).
#[test]
fn silence_repeats_the_menu_then_ends_the_call() {
    check(
        "
        A +821011112222 calls +827040000002
            answer A
            play A customer demo_menu/ko once
            * A workflow
        A heard it
        wait 5
            play A customer demo_menu/ko once
            * A workflow
        A heard it
        wait 5
            play A customer goodbye/ko once
            * A workflow workflow
        A heard it
            end A
            * A ended workflow
        ",
    );
}

#[test]
fn a_wrong_key_counts_as_an_attempt() {
    check(
        "
        A +821011112222 calls +827040000002
            answer A
            play A customer demo_menu/ko once
            * A workflow
        A key 9
            stop A customer
            play A customer invalid_key/ko + demo_menu/ko once
            * A workflow
        A heard it
        A key *
            play A customer demo_menu/ko once
            * A workflow
        A heard it
        wait 5
            play A customer goodbye/ko once
            * A workflow workflow
        ",
    );
}

/// Hearing it again is no failed attempt.
#[test]
fn star_says_the_menu_again() {
    check(
        "
        minji desktop x 1
        jun desk_phone x 1
        A +821011112222 calls +827040000002
            answer A
            play A customer demo_menu/ko once
            * A workflow
        A heard it
        A key *
            play A customer demo_menu/ko once
            * A workflow
        A heard it
        A key *
            play A customer demo_menu/ko once
            * A workflow
        A key 1
            stop A customer
            play A customer ringback loop forever
            present A minji \"01011112222\"
            present A jun \"01011112222\"
            * lead +821011112222
            * talk1 open support #support
            * team_assigned support
            * A ringing minji+jun talk1
        ",
    );
}

/// R114.
#[test]
fn hanging_up_in_the_menu_leaves_no_conversation() {
    check(
        "
        A +821011112222 calls +827040000002
            answer A
            play A customer demo_menu/ko once
            * A workflow
        A heard it
        A customer hangs up
            end A
            * A ended customer_left
        ",
    );
}

/// R115.
#[test]
fn hanging_up_while_the_team_rings_is_missed() {
    check(
        "
        minji desktop x 1
        jun desk_phone x 1
        A +821011112222 calls +827040000002
            answer A
            play A customer demo_menu/ko once
            * A workflow
        A key 1
            stop A customer
            play A customer ringback loop forever
            present A minji \"01011112222\"
            present A jun \"01011112222\"
            * lead +821011112222
            * talk1 open support #support
            * team_assigned support
            * A ringing minji+jun talk1
        A customer hangs up
            withdraw A minji caller_left
            withdraw A jun caller_left
            end A
            * talk1 missed support customer_left #support
            * A ended customer_left talk1
            * talk1 missed support customer_left #support
        ",
    );
}

/// R127, R133: sora has no device.
#[test]
fn an_unavailable_team_leads_on_to_voicemail() {
    check(
        "
        A +821011112222 calls +827040000002
            answer A
            play A customer demo_menu/ko once
            * A workflow
        A key 2
            stop A customer
            play A customer voicemail_intro/ko + beep once
            * A workflow
        A heard it
            record A 60
            * lead +821011112222
            * talk1 open sales
            * team_assigned sales
            * talk1 missed sales workflow
            * A workflow workflow talk1
        A recorded message.wav 7
            end A
            * A ended workflow message.wav talk1
            * talk1 missed sales workflow
        ",
    );
}

#[test]
fn a_message_is_kept_when_the_customer_hangs_up() {
    check(
        "
        A +821011112222 calls +827040000002
            answer A
            play A customer demo_menu/ko once
            * A workflow
        A key 3
            stop A customer
            play A customer voicemail_intro/ko + beep once
            * A workflow
        A heard it
            record A 60
            * lead +821011112222
            * talk1 open
            * talk1 missed workflow
            * A workflow workflow talk1
        A customer hangs up
            * A workflow workflow talk1
        A recorded message.wav 7
            end A
            * A ended workflow message.wav talk1
            * talk1 missed workflow
        ",
    );
}

#[test]
fn a_recording_that_never_ends_ends_the_call() {
    check(
        "
        A +821011112222 calls +827040000002
            answer A
            play A customer demo_menu/ko once
            * A workflow
        A key 3
            stop A customer
            play A customer voicemail_intro/ko + beep once
            * A workflow
        A heard it
            record A 60
            * lead +821011112222
            * talk1 open
            * talk1 missed workflow
            * A workflow workflow talk1
        wait 70
            end A
            * A ended workflow talk1
            * talk1 missed workflow
        B +821033334444 calls +827040000002
            answer B
            play B customer demo_menu/ko once
            * B workflow
        B key 3
            stop B customer
            play B customer voicemail_intro/ko + beep once
            * B workflow
        B heard it
            record B 60
            * lead +821033334444
            * talk2 open
            * talk2 missed workflow
            * B workflow workflow talk2
        B customer hangs up
            * B workflow workflow talk2
        wait 5
            end B
            * B ended workflow talk2
            * talk2 missed workflow
        ",
    );
}

/// R122.
#[test]
fn after_a_last_message_the_call_ends() {
    check(
        "
        A +821011112222 calls +827040000002
            answer A
            play A customer demo_menu/ko once
            * A workflow
        A key 4
            stop A customer
            play A customer goodbye/ko once
            * A workflow
        A heard it
            end A
            * A ended workflow
        ",
    );
}

#[test]
fn a_way_to_nowhere_ends_the_call() {
    check(
        "
        A +821011112222 calls +827040000002
            answer A
            play A customer demo_menu/ko once
            * A workflow
        A key 5
            stop A customer
            end A
            * A ended workflow
        ",
    );
}

#[test]
fn an_unavailable_team_without_another_way_hears_all_busy() {
    check(
        "
        A +821011112222 calls +827040000002
            answer A
            play A customer demo_menu/ko once
            * A workflow
        A key 1
            stop A customer
            play A customer all_busy/ko once
            * lead +821011112222
            * talk1 open support #support
            * team_assigned support
            * talk1 missed support no_device #support
            * A workflow no_device talk1
        A heard it
            end A
            * A ended no_device talk1
            * talk1 missed support no_device #support
        ",
    );
}

/// R151.
#[test]
fn with_no_routing_the_topmost_workflow_runs() {
    check(
        "
        A +821011112222 calls +827040000006
            answer A
            play A customer demo_menu/ko once
            * A workflow
        A key 4
            stop A customer
            play A customer goodbye/ko once
            * A workflow
        ",
    );
}

/// R150.
#[test]
fn an_empty_audio_falls_back_to_the_greeting() {
    let mut settings = settings();
    settings.workflows[0].revision = revision(r#"[{"name":"a","actions":[{"kind":"voice_message","speech":{}}]}]"#);
    check_in(
        settings,
        "
        A +821011112222 calls +827040000002
            answer A
            play A customer greeting/ko once
            * A workflow
        A heard it
            end A
            * A ended workflow
        A heard it
        ",
    );
}

/// R112.
#[test]
fn whom_it_assigned_is_rung_when_it_runs_out() {
    let mut settings = settings();
    settings.workflows[0].revision =
        revision(r#"[{"name":"a","actions":[{"kind":"assign","to":{"manager":"000000000000b"}}]}]"#);
    check_in(
        settings,
        "
        minji desktop x 1
        jun desk_phone x 1
        A +821011112222 calls +827040000002
            answer A
            play A customer ringback loop forever
            present A minji \"01011112222\"
            * lead +821011112222
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        A customer hangs up
            withdraw A minji caller_left
            end A
            * talk1 missed minji customer_left
            * A ended customer_left talk1
            * talk1 missed minji customer_left
        ",
    );
}

#[test]
fn leaving_after_the_assignment_is_missed() {
    let mut settings = settings();
    settings.workflows[0].revision = revision(
        r#"[{"name":"a","actions":[{"kind":"assign","to":{"team":"000000000000n"}},{"kind":"voice_message","speech":{"built_in":"greeting"}},{"kind":"try_connect","unavailable":null}]}]"#,
    );
    check_in(
        settings,
        "
        minji desktop x 1
        jun desk_phone x 1
        A +821011112222 calls +827040000002
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

#[test]
fn a_team_outside_its_hours_is_unavailable() {
    let mut settings = settings();
    settings.workflows[0].revision = revision(
        r#"[{"name":"a","actions":[{"kind":"assign","to":{"team":"000000000000n"}},{"kind":"try_connect","unavailable":"b"}]},{"name":"b","actions":[{"kind":"end"}]}]"#,
    );
    settings.teams.get_mut(&SUPPORT).unwrap().hours_id = Some(NEVER);
    check_in(
        settings,
        "
        minji desktop x 1
        jun desk_phone x 1
        A +821011112222 calls +827040000002
            answer A
            end A
            * lead +821011112222
            * talk1 open support
            * team_assigned support
            * talk1 missed support workflow
            * A ended workflow talk1
            * talk1 missed support workflow
        ",
    );
}

#[test]
fn an_end_may_leave_nothing_in_the_inbox() {
    let mut settings = settings();
    settings.workflows[0].revision = revision(r#"[{"name":"a","actions":[{"kind":"end","leave_missed":false}]}]"#);
    check_in(
        settings,
        "
        A +821011112222 calls +827040000002
            answer A
            end A
            * A ended workflow
        ",
    );
}

/// R136.
#[test]
fn trying_the_same_step_twice_ends_with_all_busy() {
    let mut settings = settings();
    settings.workflows[0].revision = revision(
        r#"[{"name":"a","actions":[{"kind":"assign","to":{"team":"000000000000n"}},{"kind":"try_connect","unavailable":"b"}]},{"name":"b","actions":[{"kind":"go","step":"a"}]}]"#,
    );
    check_in(
        settings,
        "
        A +821011112222 calls +827040000002
            answer A
            play A customer all_busy/ko once
            * lead +821011112222
            * talk1 open support
            * team_assigned support
            * talk1 missed support no_operator
            * A workflow no_operator talk1
        A heard it
            end A
            * A ended no_operator talk1
            * talk1 missed support no_operator
        ",
    );
}

/// However often the customer asks to hear the menu again.
#[test]
fn a_workflow_takes_a_quarter_of_an_hour_at_most() {
    check(
        "
        A +821011112222 calls +827040000002
            answer A
            play A customer demo_menu/ko once
            * A workflow
        A key *
            stop A customer
            play A customer demo_menu/ko once
            * A workflow
        wait 170
        A key *
            stop A customer
            play A customer demo_menu/ko once
            * A workflow
        wait 170
        A key *
            stop A customer
            play A customer demo_menu/ko once
            * A workflow
        wait 170
        A key *
            stop A customer
            play A customer demo_menu/ko once
            * A workflow
        wait 170
        A key *
            stop A customer
            play A customer demo_menu/ko once
            * A workflow
        wait 170
        wait 50
            play A customer demo_menu/ko once
            end A
            * A workflow
            * A workflow
            * A ended workflow
        ",
    );
}
