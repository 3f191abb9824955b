//! Managers ask colleagues, and join two calls of theirs.

use crate::ladder::check;

/// The call asked in stays; the other ends with a record of its own.
#[test]
fn customers_are_joined() {
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
        A minji holds
            * A engaged minji held talk1
        B minji dials 01033334444
            dial B +821033334444 as +827040000003
            play B dialler ringback kr forever
            * lead +821033334444
            * talk2 open minji
            * assignee_assigned minji
            * B ringing minji talk2
        B far answers
            connect B dialler
            * talk2 open minji
            * B engaged minji talk2
        A minji transfers to call B
            transfer A accepted
            transfer A done
            hang up A dialler normal
            take over A third of B customer
            join A customer third
            end B
            * minji is waiting
            * B ended minji talk2
            * talk2 open minji
            * A engaged minji talk1
        A customer hangs up
            end A
            * A ended minji talk1
            * talk1 open minji
        ",
    );
}

#[test]
fn a_colleague_is_asked_first() {
    check(
        "
        jun desk_phone x 1
        A +821022223333 calls +827040000003
            answer A
            play A customer greeting/ko once
            * A workflow
        minji desk_phone x 1
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
        A minji holds
            * A engaged minji held talk1
        B minji consults jun
            play B dialler ringback kr forever
            present B jun \"minji\"
            * B ringing minji+jun
        B jun rings
            * B ringing minji+jun
        B jun answers desk_phone
            join B dialler jun
            * jun is call
            * B engaged minji+jun
        A minji transfers to call B
            transfer A accepted
            transfer A done
            hang up A minji normal
            take over A jun of B jun
            join A customer jun
            end B
            * talk1 open jun
            * assignee_assigned jun
            * minji is waiting
            * B ended minji+jun
            * A engaged minji+jun talk1
        A jun hangs up
            end A
            * jun is waiting
            * A ended minji+jun talk1
            * talk1 open jun
        ",
    );
}

/// Asked in the call between managers, the customer's record is the one to keep.
#[test]
fn the_customers_call_stays() {
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
        B minji consults jun
            play B dialler ringback kr forever
            present B jun \"minji\"
            * B ringing minji+jun
        B jun answers desk_phone
            join B dialler jun
            * jun is call
            * B engaged minji+jun
        B minji transfers to call A
            transfer B accepted
            transfer B done
            hang up A dialler normal
            take over A jun of B jun
            join A customer jun
            end B
            * talk1 open jun
            * assignee_assigned jun
            * minji is waiting
            * A engaged minji+jun talk1
            * B ended minji+jun
        A customer hangs up
            end A
            * jun is waiting
            * A ended minji+jun talk1
            * talk1 open jun
        ",
    );
}

#[test]
fn three_colleagues() {
    check(
        "
        jun desk_phone x 1
        sora desk_phone x 1
        A minji consults jun
            play A dialler ringback kr forever
            present A jun \"minji\"
            * minji is call
            * A ringing minji+jun
        A jun answers desk_phone
            join A dialler jun
            * jun is call
            * A engaged minji+jun
        A minji holds
            * A engaged minji+jun held
        B minji consults sora
            play B dialler ringback kr forever
            present B sora \"minji\"
            * B ringing minji+sora
        B sora answers desk_phone
            join B dialler sora
            * sora is call
            * B engaged minji+sora
        A minji transfers to call B
            transfer A accepted
            transfer A done
            hang up A dialler normal
            take over A sora of B sora
            join A jun sora
            end B
            * minji is waiting
            * B ended minji+sora
            * A engaged minji+jun+sora
        A sora hangs up
            end A
            * jun is waiting
            * sora is waiting
            * A ended minji+jun+sora
        ",
    );
}

#[test]
fn a_colleague_who_is_called_refuses() {
    check(
        "
        jun desk_phone x 1
        A minji consults jun
            play A dialler ringback kr forever
            present A jun \"minji\"
            * minji is call
            * A ringing minji+jun
        A jun fails busy
            play A dialler cannot_connect/ko once
            * A ringing minji failed busy
        A minji heard it
            end A
            * minji is waiting
            * A ended minji failed busy
        B minji consults jun
            play B dialler ringback kr forever
            present B jun \"minji\"
            * minji is call
            * B ringing minji+jun
        wait 30
            withdraw B jun ring_time_over
            play B dialler cannot_connect/ko once
            * B ringing minji failed no_answer
        B minji hangs up
            end B
            * minji is waiting
            * B ended minji failed no_answer
        C minji consults jun
            play C dialler ringback kr forever
            present C jun \"minji\"
            * minji is call
            * C ringing minji+jun
        C minji hangs up
            withdraw C jun caller_left
            end C
            * minji is waiting
            * C ended minji failed manager_left
        D minji consults sora
            play D dialler cannot_connect/ko once
            * D ringing minji failed unreachable
        D minji hangs up
            end D
            * D ended minji failed unreachable
        ",
    );
}

/// One call more than allowed, while every other is held.
#[test]
fn one_question_at_a_time() {
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
        B minji consults jun
            play B dialler cannot_connect/ko once
            * B ringing minji failed busy
        B minji heard it
            end B
            * B ended minji failed busy
        A minji holds
            * A engaged minji held talk1
        B minji consults jun
            play B dialler ringback kr forever
            present B jun \"minji\"
            * B ringing minji+jun
        C minji consults sora
            play C dialler cannot_connect/ko once
            * C ringing minji failed busy
        ",
    );
}

/// The colleague has not answered yet: the asking call is given up and the colleague rings for the customer.
#[test]
fn a_colleague_who_still_rings() {
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
        B minji consults jun
            play B dialler ringback kr forever
            present B jun \"minji\"
            * B ringing minji+jun
        A minji transfers to call B
            withdraw B jun caller_left
            end B
            transfer A accepted
            play A customer ringback loop forever
            present A jun \"01011112222\"
            * B ended minji failed manager_left
            * A engaged minji+jun held talk1
        A jun answers desk_phone
            transfer A done
            hang up A dialler normal
            connect A jun
            * minji is waiting
            * jun is call
            * talk1 open jun
            * assignee_assigned jun
            * A engaged minji+jun talk1
        A jun hangs up
            end A
            * jun is waiting
            * A ended minji+jun talk1
            * talk1 open jun
        ",
    );
}

/// So does a number outside.
#[test]
fn a_number_that_still_rings() {
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
        A minji holds
            * A engaged minji held talk1
        B minji dials 01033334444
            dial B +821033334444 as +827040000003
            play B dialler ringback kr forever
            * lead +821033334444
            * talk2 open minji
            * assignee_assigned minji
            * B ringing minji talk2
        A minji transfers to call B
            end B
            transfer A accepted
            play A customer ringback loop forever
            dial A +821033334444 as +827040000003
            * B ended minji failed manager_left talk2
            * talk2 open minji
            * A engaged minji held talk1
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
