//! The store: order, folding, recovery, a failing disk, backups.

use super::*;
use crate::configuration::{Arguments, Mode};
use crate::control::Live;
use crate::events::{EventBus, Subject};
use pbx::record::{CallState, ConversationState, Direction, EntryRecord, Record, TraceMark};
use pbx::{CallId, CallRecord, ConversationId, ConversationRecord, CustomerId, CustomerRecord, EntryId, MissedReason};
use std::sync::atomic::{AtomicI64, Ordering};

fn configuration(folder: &std::path::Path) -> Configuration {
    Configuration::resolve(&Arguments { data: Some(folder.to_owned()), ..Arguments::default() }, Mode::Serve).unwrap()
}

async fn open(folder: &std::path::Path) -> Store {
    Store::open(&configuration(folder)).await.unwrap()
}

fn writer(store: &Store) -> (Writer, Arc<Live>, EventBus) {
    let (live, events) = (Arc::new(Live::default()), EventBus::new(1));
    (Writer::start(store.clone(), live.clone(), events.clone()), live, events)
}

fn call(id: u64, state: CallState) -> CallRecord {
    CallRecord {
        id: CallId(id),
        direction: Direction::Inbound,
        state,
        from: "+821012345678".into(),
        to: "+827040000001".into(),
        number_id: None,
        customer_id: Some(CustomerId(5)),
        conversation_id: Some(ConversationId(6)),
        started_at: UnixMillis(1_000),
        ringing_at: Some(UnixMillis(2_000)),
        engaged_at: None,
        ended_at: None,
        missed_reason: None,
        failure: None,
        manager_ids: Vec::new(),
        answered_by: None,
        device: None,
        held: false,
        keys: Vec::new(),
        trace: vec![TraceMark { at_ms: 1_000, what: "arrived".into(), detail: String::new() }],
        recording: None,
        recording_seconds: None,
    }
}

fn customer() -> Record {
    Record::Customer(Box::new(CustomerRecord {
        id: CustomerId(5),
        name: String::new(),
        phone_numbers: vec!["+821012345678".parse().unwrap()],
        alias: String::new(),
        language: None,
        is_lead: true,
        blocked: false,
        created_at: UnixMillis(1_000),
    }))
}

fn conversation(state: ConversationState) -> Record {
    Record::Conversation(Box::new(ConversationRecord {
        id: ConversationId(6),
        state,
        customer_id: CustomerId(5),
        number_id: None,
        team_id: None,
        assignee_id: None,
        missed_reason: None,
        tags: vec!["a".into()],
        created_at: UnixMillis(1_000),
        last_activity_at: UnixMillis(1_000),
        closed_at: None,
    }))
}

fn ringing(id: u64) -> Record {
    Record::Call(Box::new(call(id, CallState::Ringing)))
}

#[tokio::test]
async fn what_was_told_is_in_the_database_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let (writer, live, events) = writer(&store);
    let mut heard = events.subscribe(None).receiver;
    writer.send(vec![customer(), conversation(ConversationState::Open), ringing(7)]);
    let mut order = Vec::new();
    for _ in 0..3 {
        let event = heard.recv().await.unwrap();
        if let Subject::Call(id) = event.subject {
            assert_eq!(store.call(id).await.unwrap().unwrap().state, CallState::Ringing, "told before it was written");
        }
        order.push(event.subject);
    }
    assert_eq!(
        order,
        [Subject::Customer(CustomerId(5)), Subject::Conversation(ConversationId(6)), Subject::Call(CallId(7))]
    );
    let row = store.conversation(ConversationId(6)).await.unwrap().unwrap();
    assert_eq!((row.last_call.unwrap().id, row.customer.phone_numbers.len()), (CallId(7), 1));
    assert_eq!(live.records_written.load(Ordering::Relaxed), 3);
    assert!(store.load_directory().await.unwrap().by_number.contains_key(&"+821012345678".parse().unwrap()));
}

#[tokio::test]
async fn the_last_version_of_a_row_wins() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let (writer, live, _) = writer(&store);
    let mut versions: Vec<Record> = (0..2_000).map(|_| ringing(7)).collect();
    versions
        .push(Record::Call(Box::new(CallRecord { ended_at: Some(UnixMillis(9_000)), ..call(7, CallState::Ended) })));
    writer.send(versions);
    writer.settled().await.unwrap();
    assert_eq!(store.call(CallId(7)).await.unwrap().unwrap().ended_at, Some(UnixMillis(9_000)));
    assert!(live.records_written.load(Ordering::Relaxed) < 20, "older versions of one batch are not written");
}

#[tokio::test]
async fn memory_is_bounded_when_the_disk_stands_still() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let (writer, ..) = writer(&store);
    // Nothing is awaited here, so on this single thread the writing task cannot take anything.
    for _ in 0..3 {
        writer.send((0..MOST_WAITING as u64 / 2).map(ringing).collect());
    }
    assert!(writer.waiting() <= MOST_WAITING);
    assert_eq!(writer.lost(), 0, "three versions of the same rows fold into one");
}

#[tokio::test]
async fn calls_that_were_up_are_closed_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    {
        let store = open(folder.path()).await;
        let (writer, ..) = writer(&store);
        let engaged =
            CallRecord { engaged_at: Some(UnixMillis(3_000)), conversation_id: None, ..call(8, CallState::Engaged) };
        let outbound =
            CallRecord { direction: Direction::Outbound, conversation_id: None, ..call(9, CallState::Ringing) };
        writer.send(vec![
            customer(),
            conversation(ConversationState::Open),
            ringing(7),
            Record::Call(Box::new(engaged)),
            Record::Call(Box::new(outbound)),
        ]);
        writer.settled().await.unwrap();
        store.mark_alive(UnixMillis(60_000)).await.unwrap();
        // Dropped without closing, as after SIGKILL.
    }
    let store = open(folder.path()).await;
    assert_eq!(store.recover(UnixMillis(100_000)).await.unwrap().calls, 3);
    let unanswered = store.call(CallId(7)).await.unwrap().unwrap();
    assert_eq!((unanswered.state, unanswered.missed_reason), (CallState::Ended, Some(MissedReason::NoOperator)));
    assert_eq!(unanswered.ended_at, Some(UnixMillis(60_000)), "the last sign of life");
    assert_eq!(unanswered.trace.last().unwrap().what, "server_restarted");
    let answered = store.call(CallId(8)).await.unwrap().unwrap();
    assert_eq!((answered.state, answered.missed_reason), (CallState::Ended, None));
    assert_eq!(store.call(CallId(9)).await.unwrap().unwrap().failure.as_deref(), Some("server_restarted"));
    let conversation = store.conversation(ConversationId(6)).await.unwrap().unwrap().record;
    assert_eq!(
        (conversation.state, conversation.missed_reason),
        (ConversationState::Missed, Some(MissedReason::NoOperator))
    );
    assert_eq!(store.recover(UnixMillis(200_000)).await.unwrap().calls, 0);
}

#[tokio::test]
async fn a_full_disk_keeps_records_until_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    // SQLite answers with "database or disk is full" when the file may not grow, exactly as on a full disk.
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&store.pool).await.unwrap();
    let room = Arc::new(AtomicI64::new(pages));
    let full = limited(&store, folder.path(), &room).await;
    let (writer, live, _) = writer(&full);
    let mut changes = live.changes.subscribe();
    let records: Vec<Record> = (1..400).map(ringing).collect();
    writer.send(records);
    changes.recv().await.unwrap();
    assert!(live.store_failing.load(Ordering::Relaxed) && writer.is_failing());
    writer.send(vec![ringing(500)]);
    assert!(store.call(CallId(1)).await.unwrap().is_none());
    room.store(1_000_000, Ordering::Relaxed);
    writer.settled().await.unwrap();
    assert!(!live.store_failing.load(Ordering::Relaxed));
    // Asked over another connection: what is only in a transaction of the writer's is not written.
    assert!(store.call(CallId(1)).await.unwrap().is_some() && store.call(CallId(500)).await.unwrap().is_some());
}

/// The same database, written over connections whose file may not grow beyond as many pages as there was room for when they
/// were made.
async fn limited(store: &Store, folder: &std::path::Path, room: &Arc<AtomicI64>) -> Store {
    let url = format!("sqlite:{}?mode=rw", folder.join("sori.db").display());
    let room = Arc::clone(room);
    let options = sqlx::any::AnyPoolOptions::new().max_connections(1).after_connect(move |connection, _| {
        let pages = room.load(Ordering::Relaxed);
        Box::pin(async move {
            let limit = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
            sqlx::query(limit).execute(connection).await.map(|_| ())
        })
    });
    Store { writing: options.connect(&url).await.unwrap(), ..store.clone() }
}

#[tokio::test]
async fn a_record_the_database_refuses_keeps_no_other_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    sqlx::query("CREATE TRIGGER refuse BEFORE INSERT ON calls WHEN NEW.id = 2 BEGIN SELECT RAISE(ABORT, 'no'); END")
        .execute(&store.pool)
        .await
        .unwrap();
    let (writer, ..) = writer(&store);
    writer.send(vec![ringing(1), ringing(2), ringing(3)]);
    writer.settled().await.unwrap();
    assert!(store.call(CallId(1)).await.unwrap().is_some() && store.call(CallId(3)).await.unwrap().is_some());
    assert!(store.call(CallId(2)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_backup_taken_while_running_is_restored_into_an_empty_folder() {
    let (from, to, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(from.path()).await;
    let (writer, ..) = writer(&store);
    let recorded =
        CallRecord { recording: Some("7.wav".into()), recording_seconds: Some(3), ..call(7, CallState::Ended) };
    std::fs::write(store.recordings().join("7.wav"), b"RIFF").unwrap();
    writer.send(vec![Record::Call(Box::new(recorded))]);
    writer.settled().await.unwrap();
    let file = out.path().join("backup");
    backup(&configuration(from.path()), &file).await.unwrap();
    assert!(backup(&configuration(from.path()), &file).await.unwrap_err().0.contains("exists already"));
    assert!(restore(&configuration(from.path()), &file).await.unwrap_err().0.contains("not empty"));
    restore(&configuration(to.path()), &file).await.unwrap();
    let restored = open(to.path()).await;
    assert_eq!(restored.call(CallId(7)).await.unwrap().unwrap().recording_seconds, Some(3));
    assert_eq!(std::fs::read(restored.recordings().join("7.wav")).unwrap(), b"RIFF");
    let broken = out.path().join("broken");
    std::fs::write(&broken, b"not a backup").unwrap();
    let empty = tempfile::tempdir().unwrap();
    assert!(restore(&configuration(empty.path()), &broken).await.unwrap_err().0.contains("not a backup"));
}

#[tokio::test]
async fn what_is_wrong_with_a_data_folder_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let configuration = configuration(folder.path());
    check(&configuration).await.unwrap();
    Store::open(&configuration).await.unwrap().close().await;
    check(&configuration).await.unwrap();
    std::fs::write(folder.path().join("sori.db"), vec![7u8; 8192]).unwrap();
    let problem = check(&configuration).await.unwrap_err().0;
    assert!(problem.contains("sori.db"), "{problem}");
    assert!(Store::open(&configuration).await.unwrap_err().0.contains("sori.db"));
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let problem = Store::open(&Configuration { data: file.clone(), ..configuration }).await.unwrap_err().0;
    assert!(problem.contains("--data DIR"), "{problem}");
}

#[test]
fn recordings_stay_in_their_folder() {
    let folder = std::path::Path::new("/data/recordings");
    assert_eq!(safe_path(folder, "a.wav").unwrap(), folder.join("a.wav"));
    for name in ["", ".", "..", "../x", "a/b", "a\\b", ".hidden"] {
        assert_eq!(safe_path(folder, name), None, "{name}");
    }
}

fn number_of(id: u64) -> pbx::E164 {
    format!("+8210{:08}", id).parse().unwrap()
}

/// A customer, a conversation, a call, an entry and a status with this id, as they stand at a moment.
fn one_of_each(id: u64, at: u64) -> Vec<Record> {
    vec![
        Record::Customer(Box::new(CustomerRecord {
            id: CustomerId(id),
            name: format!("{at}"),
            phone_numbers: vec![number_of(id), number_of(1_000 + at)],
            alias: String::new(),
            language: None,
            is_lead: true,
            blocked: false,
            created_at: UnixMillis(at),
        })),
        Record::Conversation(Box::new(ConversationRecord {
            id: ConversationId(id),
            state: ConversationState::Open,
            customer_id: CustomerId(id),
            number_id: None,
            team_id: None,
            assignee_id: Some(ManagerId(at)),
            missed_reason: None,
            tags: vec!["a".into()],
            created_at: UnixMillis(at),
            last_activity_at: UnixMillis(at),
            closed_at: None,
        })),
        Record::Call(Box::new(CallRecord {
            started_at: UnixMillis(at),
            engaged_at: Some(UnixMillis(at)),
            conversation_id: Some(ConversationId(id)),
            ..call(id, CallState::Engaged)
        })),
        Record::Entry(Box::new(EntryRecord {
            id: EntryId(id),
            conversation_id: ConversationId(id),
            kind: "state_changed",
            value: format!("{at}"),
            at: UnixMillis(at),
            by: None,
        })),
        Record::OperatorStatus { manager: ManagerId(id), status: OperatorStatus::Call, since: UnixMillis(at) },
    ]
}

#[tokio::test]
async fn many_rows_of_each_kind_land_whole_and_in_their_last_state() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let (writer, ..) = writer(&store);
    // 75 rows of each kind: pieces of every size. The second round writes over rows, the third over what still waits.
    for moments in [&[2][..], &[3, 4]] {
        for at in moments {
            writer.send((1..=75).flat_map(|id| one_of_each(id, *at)).collect());
        }
        writer.settled().await.unwrap();
    }
    for id in 1..=75 {
        let call = store.call(CallId(id)).await.unwrap().unwrap();
        assert_eq!((call.started_at, call.engaged_at), (UnixMillis(2), Some(UnixMillis(4))), "a start never changes");
        assert_eq!((call.from.as_str(), call.trace.len()), ("+821012345678", 1));
        let conversation = store.conversation(ConversationId(id)).await.unwrap().unwrap();
        let record = &conversation.record;
        assert_eq!((record.created_at, record.last_activity_at), (UnixMillis(2), UnixMillis(4)));
        assert_eq!((record.assignee_id, record.customer_id), (Some(ManagerId(4)), CustomerId(id)));
        assert_eq!((conversation.customer.name.as_str(), conversation.customer.created_at), ("4", UnixMillis(2)));
        assert_eq!(conversation.last_call.unwrap().id, CallId(id));
        assert_eq!(store.entry(EntryId(id)).await.unwrap().unwrap().value, "2", "a line never changes");
        assert_eq!(store.customer_of_number(number_of(id)).await.unwrap(), Some(CustomerId(id)));
        assert_eq!(store.live_status(ManagerId(id)), Some(OperatorStatus::Call));
    }
    let since: Vec<i64> = sqlx::query_scalar("SELECT since FROM operator_statuses ORDER BY manager_id")
        .fetch_all(&store.pool)
        .await
        .unwrap();
    assert_eq!(since, [4; 75]);
    assert_eq!(store.customer_of_number(number_of(1_004)).await.unwrap(), Some(CustomerId(75)), "the newest has it");
    assert_eq!(store.customer_of_number(number_of(1_002)).await.unwrap(), None, "nobody has it any more");
}

#[tokio::test]
async fn a_refused_row_of_each_kind_loses_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    for (table, key) in [
        ("customers", "id"),
        ("conversations", "id"),
        ("calls", "id"),
        ("entries", "id"),
        ("operator_statuses", "manager_id"),
    ] {
        let trigger = format!(
            "CREATE TRIGGER refuse_{table} BEFORE INSERT ON {table} WHEN NEW.{key} = 21 BEGIN SELECT RAISE(ABORT, 'no'); END"
        );
        sqlx::query(sqlx::AssertSqlSafe(trigger)).execute(&store.pool).await.unwrap();
    }
    let (writer, ..) = writer(&store);
    writer.send((1..=40).flat_map(|id| one_of_each(id, 2)).collect());
    writer.settled().await.unwrap();
    for table in ["customers", "conversations", "calls", "entries", "operator_statuses"] {
        let rows: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}")))
            .fetch_one(&store.pool)
            .await
            .unwrap();
        assert_eq!(rows, 39, "{table}");
    }
    assert_eq!(store.customer_of_number(number_of(21)).await.unwrap(), None);
    assert!(!writer.is_failing(), "a refused record is no failing disk");
}

#[tokio::test]
async fn calls_that_are_up_are_found_without_reading_the_ended_ones() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let (writer, ..) = writer(&store);
    let ended = (1..=50).map(|id| Record::Call(Box::new(call(id, CallState::Ended))));
    writer.send(ended.chain([ringing(51)]).collect());
    writer.settled().await.unwrap();
    let found = async |state| {
        let filter = CallFilter { state: Some(state), limit: 100, ..CallFilter::default() };
        store.calls(&filter).await.unwrap().len()
    };
    assert_eq!((found(CallState::Ringing).await, found(CallState::Ended).await), (1, 50));
    assert_eq!(store.calls_up().await.unwrap(), 1);
    for condition in ["state <> 'ended'", "state IN ('ringing') AND state <> 'ended' ORDER BY id DESC LIMIT 9"] {
        let plan = format!("EXPLAIN QUERY PLAN SELECT * FROM calls WHERE {condition}");
        let plan = sqlx::query(sqlx::AssertSqlSafe(plan)).fetch_one(&store.pool).await.unwrap();
        let detail: String = sqlx::Row::try_get(&plan, "detail").unwrap();
        assert!(detail.contains("calls_up"), "{detail}");
    }
}
