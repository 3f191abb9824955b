//! Managers hand customers on unseen.

use crate::ladder::check;

/// The giver's leg ends with the answer; who talks is the assignee.
#[test]
fn to_a_colleague_who_answers() {
    check(
        "
        jun desk_phone x 1
        A minji dials 01011112222
            dial A +821011112222 as +827040000003
            play A dialler ringback kr forever
            * minji is call
            * lead +821011112222
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        A far answers
            connect A dialler
            * talk1 open minji
            * A engaged minji talk1
        A minji transfers to jun
            transfer A accepted
            play A customer ringback loop forever
            present A jun \"01011112222\"
            * A engaged minji+jun talk1
        A jun rings
            transfer A rang
            * A engaged minji+jun talk1
        A jun answers desk_phone
            transfer A done
            hang up A dialler normal
            connect A jun
            * minji is waiting
            * jun is call
            * talk1 open jun
            * assignee_assigned jun
            * A engaged minji+jun talk1
        A customer hangs up
            end A
            * jun is waiting
            * A ended minji+jun talk1
            * talk1 open jun
        ",
    );
}

/// The talk goes on, and the giver still holds: the switch tells so anew.
#[test]
fn a_colleague_who_refuses() {
    check(
        "
        jun desk_phone x 1
        A minji dials 01011112222
            dial A +821011112222 as +827040000003
            play A dialler ringback kr forever
            * minji is call
            * lead +821011112222
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        A far answers
            connect A dialler
            * talk1 open minji
            * A engaged minji talk1
        A minji holds
            * A engaged minji held talk1
        A minji transfers to jun
            transfer A accepted
            play A customer ringback loop forever
            present A jun \"01011112222\"
            * A engaged minji+jun held talk1
        A jun fails declined
            transfer A failed declined
            connect A dialler
            * A engaged minji talk1
        A minji resumes
            * A engaged minji talk1
        A minji hangs up
            end A
            * minji is waiting
            * A ended minji talk1
            * talk1 open minji
        ",
    );
}

/// Who resumes wants the customer back; whoever rings is let alone.
#[test]
fn who_hands_on_takes_back() {
    check(
        "
        jun desk_phone x 1
        A minji dials 01011112222
            dial A +821011112222 as +827040000003
            play A dialler ringback kr forever
            * minji is call
            * lead +821011112222
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        A far answers
            connect A dialler
            * talk1 open minji
            * A engaged minji talk1
        A minji holds
            * A engaged minji held talk1
        A minji transfers to jun
            transfer A accepted
            play A customer ringback loop forever
            present A jun \"01011112222\"
            * A engaged minji+jun held talk1
        A minji resumes
            withdraw A jun caller_left
            transfer A failed no_answer
            connect A dialler
            * A engaged minji talk1
        A minji transfers to 01022223333
            transfer A accepted
            play A customer ringback loop forever
            dial A +821022223333 as +827040000003
            * A engaged minji talk1
        A minji resumes
            hang up A third no_answer
            transfer A failed no_answer
            connect A dialler
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
fn a_colleague_who_lets_it_ring() {
    check(
        "
        jun desk_phone x 1
        A minji dials 01011112222
            dial A +821011112222 as +827040000003
            play A dialler ringback kr forever
            * minji is call
            * lead +821011112222
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        A far answers
            connect A dialler
            * talk1 open minji
            * A engaged minji talk1
        A minji transfers to jun
            transfer A accepted
            play A customer ringback loop forever
            present A jun \"01011112222\"
            * A engaged minji+jun talk1
        wait 30
            withdraw A jun ring_time_over
            transfer A failed no_answer
            connect A dialler
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
fn who_left_is_rung_again() {
    check(
        "
        jun desk_phone x 1
        minji desk_phone x 1
        A minji dials 01011112222
            dial A +821011112222 as +827040000003
            play A dialler ringback kr forever
            * minji is call
            * lead +821011112222
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        A far answers
            connect A dialler
            * talk1 open minji
            * A engaged minji talk1
        A minji transfers to jun
            transfer A accepted
            play A customer ringback loop forever
            present A jun \"01011112222\"
            * A engaged minji+jun talk1
        A minji hangs up
            * minji is waiting
            * A ringing minji+jun talk1
        A jun fails busy
            transfer A failed busy
            present A minji \"01011112222\"
            * A ringing minji talk1
        A minji answers desk_phone
            connect A minji
            * minji is call
            * talk1 open minji
            * A engaged minji talk1
        A customer hangs up
            end A
            * minji is waiting
            * A ended minji talk1
            * talk1 open minji
        ",
    );
}

/// R75, though the customer had been answered once: nobody is left without a reason.
#[test]
fn nobody_takes_the_customer() {
    check(
        "
        jun desk_phone x 1
        minji desk_phone x 1
        A +821022223333 calls +827040000003
            answer A
            play A customer greeting/ko once
            * A workflow
        A heard it
            play A customer ringback loop forever
            present A minji \"01022223333\"
            * lead +821022223333
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        A minji answers desk_phone
            connect A minji
            * minji is call
            * talk1 open minji
            * A engaged minji talk1
        A minji transfers to jun
            transfer A accepted
            play A customer ringback loop forever
            present A jun \"01022223333\"
            * A engaged minji+jun talk1
        A minji hangs up
            * minji is waiting
            * A ringing minji+jun talk1
        wait 30
            withdraw A jun ring_time_over
            transfer A failed no_answer
            present A minji \"01022223333\"
            * A ringing minji talk1
        wait 30
            withdraw A minji ring_time_over
            play A customer all_busy/ko once
            * talk1 missed minji ring_time_over
            * A workflow minji ring_time_over talk1
        A heard it
            end A
            * A ended minji ring_time_over talk1
            * talk1 missed minji ring_time_over
        ",
    );
}

#[test]
fn who_left_is_on_another_call() {
    check(
        "
        jun desk_phone x 1
        A minji dials 01011112222
            dial A +821011112222 as +827040000003
            play A dialler ringback kr forever
            * minji is call
            * lead +821011112222
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        A far answers
            connect A dialler
            * talk1 open minji
            * A engaged minji talk1
        A minji transfers to jun
            transfer A accepted
            play A customer ringback loop forever
            present A jun \"01011112222\"
            * A engaged minji+jun talk1
        A minji hangs up
            * minji is waiting
            * A ringing minji+jun talk1
        B minji dials 01033334444
            dial B +821033334444 as +827040000003
            play B dialler ringback kr forever
            * minji is call
            * lead +821033334444
            * talk2 open minji
            * assignee_assigned minji
            * B ringing minji talk2
        A jun fails declined
            transfer A failed declined
            play A customer all_busy/ko once
            * talk1 missed minji no_operator
            * A workflow minji no_operator talk1
        A heard it
            end A
            * A ended minji no_operator talk1
            * talk1 missed minji no_operator
        ",
    );
}

#[test]
fn to_a_number() {
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
        A far answers
            connect A dialler
            * talk1 open minji
            * A engaged minji talk1
        A minji transfers to 01033334444
            transfer A accepted
            play A customer ringback loop forever
            dial A +821033334444 as +827040000003
            * A engaged minji talk1
        A far rings
            transfer A rang
            * A engaged minji talk1
        A far answers
            transfer A done
            hang up A dialler normal
            join A customer third
            * minji is waiting
            * A engaged minji talk1
        A third hangs up
            end A
            * A ended minji talk1
            * talk1 open minji
        ",
    );
}

#[test]
fn a_number_that_is_busy() {
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
        A far answers
            connect A dialler
            * talk1 open minji
            * A engaged minji talk1
        A minji transfers to 01033334444
            transfer A accepted
            play A customer ringback loop forever
            dial A +821033334444 as +827040000003
            * A engaged minji talk1
        A far fails busy
            transfer A failed busy
            connect A dialler
            * A engaged minji talk1
        A customer hangs up
            end A
            * minji is waiting
            * A ended minji talk1
            * talk1 open minji
        ",
    );
}

#[test]
fn a_number_that_rings_for_ever() {
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
        A far answers
            connect A dialler
            * talk1 open minji
            * A engaged minji talk1
        A minji transfers to 01033334444
            transfer A accepted
            play A customer ringback loop forever
            dial A +821033334444 as +827040000003
            * A engaged minji talk1
        wait 120
            hang up A third no_answer
            transfer A failed no_answer
            connect A dialler
            * A engaged minji talk1
        A customer hangs up
            end A
            * minji is waiting
            * A ended minji talk1
            * talk1 open minji
        ",
    );
}

#[test]
fn the_customer_leaves_while_handed_on() {
    check(
        "
        jun desk_phone x 1
        A minji dials 01011112222
            dial A +821011112222 as +827040000003
            play A dialler ringback kr forever
            * minji is call
            * lead +821011112222
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        A far answers
            connect A dialler
            * talk1 open minji
            * A engaged minji talk1
        A minji transfers to jun
            transfer A accepted
            play A customer ringback loop forever
            present A jun \"01011112222\"
            * A engaged minji+jun talk1
        A customer hangs up
            withdraw A jun caller_left
            transfer A failed unreachable
            end A
            * minji is waiting
            * A ended minji talk1
            * talk1 open minji
        ",
    );
}

/// One manager, one call.
#[test]
fn a_receiver_who_dials_meanwhile() {
    check(
        "
        jun desk_phone x 1
        A minji dials 01011112222
            dial A +821011112222 as +827040000003
            play A dialler ringback kr forever
            * minji is call
            * lead +821011112222
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        A far answers
            connect A dialler
            * talk1 open minji
            * A engaged minji talk1
        A minji transfers to jun
            transfer A accepted
            play A customer ringback loop forever
            present A jun \"01011112222\"
            * A engaged minji+jun talk1
        B jun dials 01033334444
            dial B +821033334444 as +827040000001
            play B dialler ringback kr forever
            withdraw A jun answered_elsewhere
            transfer A failed busy
            connect A dialler
            * jun is call
            * lead +821033334444
            * talk2 open jun
            * assignee_assigned jun
            * B ringing jun talk2
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
fn the_console_hands_on() {
    check(
        "
        jun desk_phone x 1
        A minji dials 01011112222
            dial A +821011112222 as +827040000003
            play A dialler ringback kr forever
            * minji is call
            * lead +821011112222
            * talk1 open minji
            * assignee_assigned minji
            * A ringing minji talk1
        A jun hands on to sora
            refused not_talking
        A far answers
            connect A dialler
            * talk1 open minji
            * A engaged minji talk1
        A jun hands on to sora
            refused not_talking
        A minji hands on to jun
            play A customer ringback loop forever
            present A jun \"01011112222\"
            * A engaged minji+jun talk1
        A jun takes back
            refused not_handing_on
        A minji takes back
            withdraw A jun caller_left
            connect A dialler
            * A engaged minji talk1
        A minji takes back
            refused not_handing_on
        A minji hands on to jun
            play A customer ringback loop forever
            present A jun \"01011112222\"
            * A engaged minji+jun talk1
        A jun answers desk_phone
            hang up A dialler normal
            connect A jun
            * minji is waiting
            * jun is call
            * talk1 open jun
            * assignee_assigned jun
            * A engaged minji+jun talk1
        ",
    );
}

/// A customer's network that refers would have us dial at our expense.
#[test]
fn what_is_refused() {
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
        A minji transfers to jun
            transfer A refused declined
            * A ringing minji talk1
        A far answers
            connect A dialler
            * talk1 open minji
            * A engaged minji talk1
        A customer transfers to 01033334444
            transfer A refused declined
            * A engaged minji talk1
        A minji transfers to minji
            transfer A refused declined
            * A engaged minji talk1
        A minji transfers to jun
            transfer A refused unreachable
            * A engaged minji talk1
        A minji transfers to hello
            transfer A refused unknown_number
            * A engaged minji talk1
        A minji transfers to call A
            transfer A refused declined
            * A engaged minji talk1
        B jun dials 01033334444
            dial B +821033334444 as +827040000001
            play B dialler ringback kr forever
            * jun is call
            * lead +821033334444
            * talk2 open jun
            * assignee_assigned jun
            * B ringing jun talk2
        A minji transfers to jun
            transfer A refused unreachable
            * A engaged minji talk1
        A minji transfers to call B
            transfer A refused declined
            * A engaged minji talk1
        ",
    );
}
