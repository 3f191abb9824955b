//! A batch of records in one transaction, kind by kind: a few statements however many records there are.

use super::transaction::in_transaction;
use super::{Store, Written, calls, conversations, customers, entries, statuses, traces};
use pbx::record::EntryRecord;
use pbx::{CallRecord, ConversationRecord, CustomerRecord, Record};
use sqlx::AnyConnection;
use switch::CallTrace;

/// Records by kind, each kind in the order it came.
#[derive(Default)]
struct Kinds<'r> {
    customers: Vec<&'r CustomerRecord>,
    conversations: Vec<&'r ConversationRecord>,
    calls: Vec<&'r CallRecord>,
    entries: Vec<&'r EntryRecord>,
    statuses: Vec<statuses::StatusRow>,
    traces: Vec<&'r CallTrace>,
}

impl<'r> Kinds<'r> {
    fn of(records: &'r [Written]) -> Self {
        let mut kinds = Self::default();
        for record in records {
            let record = match record {
                Written::Record(record) => record,
                Written::Trace(trace) => {
                    kinds.traces.push(trace);
                    continue;
                }
            };
            match record {
                Record::Customer(customer) => kinds.customers.push(customer),
                Record::Conversation(conversation) => kinds.conversations.push(conversation),
                Record::Call(call) => kinds.calls.push(call),
                Record::Entry(entry) => kinds.entries.push(entry),
                Record::OperatorStatus { manager, status, since } => {
                    kinds.statuses.push(statuses::StatusRow { manager: *manager, status: *status, since: *since });
                }
            }
        }
        kinds
    }

    /// What is referred to comes before what refers to it.
    async fn save(&self, to: &mut AnyConnection) -> Result<(), sqlx::Error> {
        customers::save(to, &self.customers).await?;
        conversations::save(to, &self.conversations).await?;
        calls::save(to, &self.calls).await?;
        entries::save(to, &self.entries).await?;
        statuses::save(to, &self.statuses).await?;
        traces::save(to, &self.traces).await
    }
}

/// Writes all of them or none. No row may come twice.
///
/// # Errors
/// When the database refuses one of them or cannot be written.
pub(super) async fn commit(store: &Store, records: &[Written]) -> Result<(), sqlx::Error> {
    in_transaction(&store.writing, async |connection| Kinds::of(records).save(connection).await).await
}
