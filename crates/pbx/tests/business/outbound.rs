//! Managers call.

use crate::fixture::{MINJI, SORA, settings};
use crate::ladder::{Ladder, check};
use pbx::settings::Routing;
use pbx::{DialRefusal, DialRequest, NumberId};

/// R101: the number routed to minji is shown.
#[test]
fn a_desk_phone_dials() {
    check(
        "
        minji desk_phone x 1
        A minji dials 01011112222
            dial A +821011112222 as +827040000003
            play A dialler ringback kr forever
            * minji is call
            * lead +821011112222
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        A far rings
            * A ringing minji talk1
        A far answers
            connect A dialler
            * talk1 open minji
            * A engaged minji talk1
        A minji holds
            * A engaged minji held talk1
        A customer hangs up
            end A
            * minji is waiting
            * A ended minji talk1
            * talk1 open minji
        ",
    );
}

#[test]
fn the_customer_does_not_answer() {
    check(
        "
        A minji dials 01011112222
            dial A +821011112222 as +827040000003
            play A dialler ringback kr forever
            * minji is call
            * lead +821011112222
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        A far fails no_answer
            play A dialler cannot_connect/ko once
            * A ringing minji failed no_answer talk1
        A minji heard it
            end A
            * minji is waiting
            * A ended minji failed no_answer talk1
            * talk1 open minji
        ",
    );
}

#[test]
fn the_manager_gives_up() {
    check(
        "
        A minji dials 01011112222
            dial A +821011112222 as +827040000003
            play A dialler ringback kr forever
            * minji is call
            * lead +821011112222
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        A minji hangs up
            end A
            * minji is waiting
            * A ended minji failed manager_left talk1
            * talk1 open minji
        ",
    );
}

#[test]
fn the_carriers_own_tone_replaces_ours() {
    check(
        "
        A minji dials 01011112222
            dial A +821011112222 as +827040000003
            play A dialler ringback kr forever
            * minji is call
            * lead +821011112222
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        A far plays
            stop A dialler
            * A ringing minji talk1
        A far fails busy
            play A dialler cannot_connect/ko once
            * A ringing minji failed busy talk1
        A minji hangs up
            end A
            * minji is waiting
            * A ended minji failed busy talk1
            * talk1 open minji
        ",
    );
}

#[test]
fn a_carrier_that_says_nothing_is_given_up() {
    check(
        "
        A minji dials 01011112222
            dial A +821011112222 as +827040000003
            play A dialler ringback kr forever
            * minji is call
            * lead +821011112222
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        wait 120
            hang up A customer no_answer
            play A dialler cannot_connect/ko once
            * A ringing minji failed no_answer talk1
        wait 180
            end A
            * minji is waiting
            * A ended minji failed no_answer talk1
            * talk1 open minji
        ",
    );
}

#[test]
fn what_is_no_number_cannot_be_dialled() {
    check(
        "
        A minji dials hello
            play A dialler cannot_connect/ko once
            * A ringing minji failed unreachable
        A minji heard it
            end A
            * A ended minji failed unreachable
        ",
    );
}

#[test]
fn one_line_makes_one_call() {
    check(
        "
        A minji dials 01011112222
            dial A +821011112222 as +827040000003
            play A dialler ringback kr forever
            * minji is call
            * lead +821011112222
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        B minji dials 01033334444
            play B dialler cannot_connect/ko once
            * B ringing minji failed busy
        B minji heard it
            end B
            * B ended minji failed busy
        ",
    );
}

#[test]
fn a_call_up_blocks_ringing() {
    check(
        "
        minji desk_phone x 1
        A minji dials 01011112222
            dial A +821011112222 as +827040000003
            play A dialler ringback kr forever
            * minji is call
            * lead +821011112222
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        B +821033334444 calls +827040000003
            answer B
            play B customer greeting/ko once
            * B workflow
        B heard it
            play B customer all_busy/ko once
            * lead +821033334444
            * talk2 open minji
            * assignee_assigned minji
            * talk2 missed minji no_operator
            * B workflow no_operator talk2
        ",
    );
}

#[test]
fn the_browser_asks_for_a_call() {
    check(
        "
        minji desktop x 1
        A minji asks for 010-7777-0000
            present A minji \"Kim Hana\" auto
            * A ringing minji
        A minji answers desktop
            dial A +821077770000 as +827040000003
            play A minji ringback kr forever
            * minji is call
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        A far answers
            connect A minji
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
fn the_asking_manager_does_not_pick_up() {
    check(
        "
        minji desktop x 1
        A minji asks for 01011112222
            present A minji \"01011112222\" auto
            * A ringing minji
        wait 30
            withdraw A minji caller_left
            end A
            * A ended minji failed manager_left
        B minji asks for 01011112222
            present B minji \"01011112222\" auto
            * B ringing minji
        B minji fails declined
            end B
            * B ended minji failed manager_left
        C minji asks for 01011112222
            present C minji \"01011112222\" auto
            * C ringing minji
        C minji is cut by api
            withdraw C minji caller_left
            end C
            * C ended minji failed manager_left
        ",
    );
}

#[test]
fn what_cannot_be_dialled_is_refused() {
    check(
        "
        A minji asks for 01011112222
            refused no_device
        minji desktop x 1
        B minji asks for hello
            refused invalid_number
        C minji asks for 01011112222
            present C minji \"01011112222\" auto
            * C ringing minji
        D minji asks for 01033334444
            refused on_call
        drain
        E minji asks for 01033334444
            refused draining
        F minji dials 01033334444
            end F shutdown
            * F ended minji failed unreachable
        ",
    );
}

#[test]
fn shows_the_number_of_the_team_else_the_default() {
    let shown = |routing| {
        let mut settings = settings();
        for number in settings.numbers.values_mut() {
            number.routing = Routing::None;
        }
        settings.numbers.get_mut(&NumberId(1)).unwrap().routing = routing;
        let mut world = Ladder::new(settings);
        world.play("A minji dials 01011112222");
        world.pbx.live_calls().next().unwrap().from.clone()
    };
    assert_eq!(shown(Routing::Manager(MINJI)), "+827040000001");
    assert_eq!(shown(Routing::Team(crate::fixture::SUPPORT)), "+827040000001");
    assert_eq!(shown(Routing::Manager(SORA)), "+827040000003");
}

#[test]
fn says_what_is_wrong_with_a_request() {
    let ask = |edit: &dyn Fn(&mut pbx::Settings), change: &dyn Fn(&mut DialRequest)| {
        let mut settings = settings();
        edit(&mut settings);
        let mut world = Ladder::new(settings);
        world.play("minji desktop x 1");
        let mut request = DialRequest {
            manager: MINJI,
            to: "01011112222".to_owned(),
            from_number: None,
            conversation: None,
            device: None,
        };
        change(&mut request);
        world.pbx.dial(request, world.now).err()
    };
    let as_is = |_: &mut pbx::Settings| {};
    assert_eq!(ask(&as_is, &|_| {}), None);
    assert_eq!(ask(&as_is, &|r| r.manager = pbx::ManagerId(99)), Some(DialRefusal::UnknownManager));
    assert_eq!(ask(&as_is, &|r| r.from_number = Some(NumberId(99))), Some(DialRefusal::UnknownFromNumber));
    assert_eq!(ask(&as_is, &|r| r.device = Some(pbx::settings::RingDevice::DeskPhone)), Some(DialRefusal::NoDevice));
    assert_eq!(ask(&|s| s.managers.get_mut(&MINJI).unwrap().seat = false, &|_| {}), Some(DialRefusal::NoSeat));
    assert_eq!(
        ask(&|s| s.numbers.get_mut(&NumberId(3)).unwrap().carrier_id = None, &|_| {}),
        Some(DialRefusal::NoCarrier)
    );
    assert_eq!(ask(&|s| s.numbers.clear(), &|_| {}), Some(DialRefusal::NoNumber));
    assert_eq!(DialRefusal::InvalidNumber.field(), Some("to"));
}

/// Who dials while another call rings cannot answer that one any more; it rings again when the line comes free.
#[test]
fn a_call_that_rings_leaves_the_manager_who_dials() {
    check(
        r#"
        jun desk_phone x 1
        minji desk_phone x 1
        A +821055556666 calls +827040000001
            answer A
            play A customer greeting/ko once
            * A workflow
        A heard it
            play A customer ringback loop forever
            present A minji "01055556666"
            present A jun "01055556666"
            * lead +821055556666
            * talk1 open support
            * team_assigned support
            * A ringing minji+jun talk1
        B minji dials 01011112222
            dial B +821011112222 as +827040000003
            play B dialler ringback kr forever
            withdraw A minji answered_elsewhere
            * minji is call
            * lead +821011112222
            * talk2 open minji
            * assignee_assigned minji
            * B ringing minji talk2
            * A ringing jun talk1
        B minji hangs up
            end B
            present A minji "01055556666"
            * minji is waiting
            * B ended minji failed manager_left talk2
            * talk2 open minji
            * A ringing jun+minji talk1
        "#,
    );
}

/// Who dials by hand while a call asked for through the API rings back has no line for that one.
#[test]
fn a_manager_who_dials_by_hand_gives_up_the_call_asked_for() {
    check(
        r#"
        minji desk_phone x 1
        A minji asks for 01033334444
            present A minji "01033334444" auto
            * A ringing minji
        B minji dials 01011112222
            dial B +821011112222 as +827040000003
            play B dialler ringback kr forever
            * minji is call
            * lead +821011112222
            * talk1 open minji
            * assignee_assigned minji
            * B ringing minji talk1
        A minji answers desk_phone
            end A
            * A ended minji failed manager_left
        "#,
    );
}
