//! Conversations changed by hand and calls stacked in them.

use crate::fixture::{JUN, MINJI, SALES, START, settings};
use crate::ladder::Ladder;
use pbx::record::{ConversationRecord, ConversationState};
use pbx::{
    ConversationEdit, ConversationId, CustomerId, DialRequest, EditRefusal, ManagerId, MissedReason, Record, TeamId,
};

fn missed() -> ConversationRecord {
    ConversationRecord {
        id: ConversationId(71),
        state: ConversationState::Missed,
        customer_id: CustomerId(902),
        number_id: None,
        team_id: None,
        assignee_id: None,
        missed_reason: Some(MissedReason::RingTimeOver),
        tags: Vec::new(),
        created_at: START,
        last_activity_at: START,
        closed_at: None,
    }
}

fn to(state: ConversationState) -> ConversationEdit {
    ConversationEdit { state: Some(state), ..ConversationEdit::default() }
}

fn records(world: &mut Ladder) -> Vec<Record> {
    std::iter::from_fn(|| world.pbx.poll_record()).collect()
}

/// R88, R148.
#[test]
fn the_missed_reason_stays_through_closing_only() {
    let mut world = Ladder::new(settings());
    let closed = world.pbx.edit_conversation(missed(), to(ConversationState::Closed), MINJI, START).unwrap();
    assert_eq!((closed.missed_reason, closed.closed_at), (Some(MissedReason::RingTimeOver), Some(START)));
    let open = world.pbx.edit_conversation(closed, to(ConversationState::Open), MINJI, START).unwrap();
    assert_eq!((open.missed_reason, open.closed_at), (None, None));
    let snoozed = world.pbx.edit_conversation(missed(), to(ConversationState::Snoozed), MINJI, START).unwrap();
    assert_eq!(snoozed.missed_reason, None);
}

#[test]
fn every_change_leaves_a_line_in_the_timeline() {
    let mut world = Ladder::new(settings());
    let edit = ConversationEdit {
        state: Some(ConversationState::Open),
        team_id: Some(Some(SALES)),
        assignee_id: Some(Some(JUN)),
        tags: Some(vec!["vip".to_owned(), "vip".to_owned()]),
    };
    let row = world.pbx.edit_conversation(missed(), edit.clone(), MINJI, START).unwrap();
    assert_eq!(row.tags, ["vip"]);
    let kinds: Vec<_> = records(&mut world)
        .iter()
        .filter_map(|r| match r {
            Record::Entry(entry) => Some((entry.kind, entry.value.clone(), entry.by)),
            _ => None,
        })
        .collect();
    let expected = [
        ("state_changed", "open".to_owned(), Some(MINJI)),
        ("team_assigned", SALES.to_string(), Some(MINJI)),
        ("assignee_assigned", JUN.to_string(), Some(MINJI)),
    ];
    assert_eq!(kinds, expected);
    world.pbx.edit_conversation(row, edit, MINJI, START).unwrap();
    assert_eq!(records(&mut world), [], "an edit that changes nothing says nothing");
}

#[test]
fn refusals_name_the_field() {
    let mut settings = settings();
    settings.managers.get_mut(&JUN).unwrap().seat = false;
    let mut world = Ladder::new(settings);
    let none = ConversationEdit::default;
    for (edit, refusal, field) in [
        (to(ConversationState::Queued), EditRefusal::InvalidState, "state"),
        (ConversationEdit { team_id: Some(Some(TeamId(9))), ..none() }, EditRefusal::UnknownTeam, "team_id"),
        (
            ConversationEdit { assignee_id: Some(Some(ManagerId(9))), ..none() },
            EditRefusal::UnknownManager,
            "assignee_id",
        ),
        (ConversationEdit { assignee_id: Some(Some(JUN)), ..none() }, EditRefusal::NoSeat, "assignee_id"),
        (ConversationEdit { tags: Some(vec![" ".to_owned()]), ..none() }, EditRefusal::InvalidTag, "tags"),
        (ConversationEdit { tags: Some(vec!["x".to_owned(); 9]), ..none() }, EditRefusal::TooManyTags, "tags"),
    ] {
        assert_eq!(world.pbx.edit_conversation(missed(), edit, MINJI, START), Err(refusal));
        assert_eq!(refusal.field(), field);
        assert!(refusal.to_string().starts_with(field));
    }
    assert_eq!(records(&mut world), []);
}

/// R86, R87: the callback is stacked in the missed conversation, whose row in memory then wins over the stored one.
#[test]
fn a_callback_stays_in_its_conversation() {
    let mut world = Ladder::new(settings());
    world.play("minji desktop x 1");
    let request = DialRequest {
        manager: MINJI,
        to: "+821077770000".to_owned(),
        from_number: None,
        conversation: Some(missed()),
        device: None,
    };
    let call = world.pbx.dial(request, world.now).unwrap();
    let live = world.pbx.live_calls().next().unwrap();
    assert_eq!((live.conversation_id, live.customer_id), (Some(ConversationId(71)), Some(CustomerId(902))));

    let tagged = ConversationEdit { tags: Some(vec!["vip".to_owned()]), ..ConversationEdit::default() };
    world.pbx.edit_conversation(missed(), tagged, MINJI, world.now).unwrap();
    let closing = world.pbx.edit_conversation(missed(), to(ConversationState::Closed), MINJI, world.now);
    assert_eq!(closing, Err(EditRefusal::CallInProgress));

    let presentation = world.pbx.presentation_of_dialler(call).unwrap();
    let device = pbx::settings::RingDevice::Desktop;
    world.fact(pbx::Fact::PresentationAnswered { call, presentation, device });
    world.fact(pbx::Fact::DialAnswered { call });
    assert_eq!(world.pbx.counts().timers, 1, "only the call's own limit runs while both talk");
    world.fact(pbx::Fact::HungUp { call, party: pbx::Party::Customer, cause: pbx::Cause::Normal });
    let last = records(&mut world).into_iter().rev().find_map(|record| match record {
        Record::Conversation(row) => Some(*row),
        _ => None,
    });
    let last = last.unwrap();
    assert_eq!((last.state, last.missed_reason, last.assignee_id), (ConversationState::Open, None, Some(MINJI)));
    assert_eq!(last.tags, ["vip"]);
}

/// R106 and the contract's `blocked`: a customer changed by hand counts from the next call on.
#[test]
fn a_customer_blocked_by_hand_is_turned_away() {
    let mut world = Ladder::new(settings());
    let number = crate::fixture::number("+821077770000");
    world.pbx.edit_customer(pbx::CustomerRecord {
        id: CustomerId(902),
        name: "Kim Hana".to_owned(),
        phone_numbers: vec![number],
        alias: String::new(),
        language: None,
        is_lead: false,
        blocked: true,
        created_at: START,
    });
    world.play("A +821077770000 calls +827040000001");
    assert_eq!(world.pbx.counts(), pbx::Counts::default());
}
