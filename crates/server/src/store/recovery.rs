//! After a start: calls that were up when the server went away are closed with a reason.

use super::column::{Columns as _, big, json};
use super::{Store, calls};
use pbx::UnixMillis;
use pbx::record::{Direction, TraceMark};
use sqlx::AnyConnection;

/// What was put right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Calls that were up and are ended now.
    pub calls: usize,
}

impl Store {
    /// Closes what was up. A call nobody had answered becomes missed with the reason `no_operator`, its conversation with
    /// it; an answered one just ends, at the last sign of life of the server. Each gets the trace mark `server_restarted`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn recover(&self, now: UnixMillis) -> Result<Recovered, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        let alive =
            sqlx::query("SELECT alive_at FROM workspace WHERE id = 1").fetch_optional(&mut *transaction).await?;
        let alive = alive.map(|row| row.id("alive_at")).transpose()?.unwrap_or(0);
        let rows = sqlx::query("SELECT * FROM calls WHERE state <> 'ended'").fetch_all(&mut *transaction).await?;
        let open: Vec<calls::CallRow> = rows.iter().map(calls::read).collect::<Result<_, _>>()?;
        for call in &open {
            close(&mut transaction, call, UnixMillis(alive), now).await?;
        }
        sqlx::query("DELETE FROM operator_statuses").execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(Recovered { calls: open.len() })
    }

    /// Writes down that the server lives, so that [`Store::recover`] knows when it did last.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn mark_alive(&self, now: UnixMillis) -> Result<(), sqlx::Error> {
        const SAVE: &str = "INSERT INTO workspace (id, name, language, seed_made_at, alive_at) VALUES (1, 'sori', 'ko', 0, $1) ON CONFLICT (id) DO UPDATE SET alive_at = $1";
        sqlx::query(SAVE).bind(big(now.0)).execute(&self.writing).await.map(|_| ())
    }
}

async fn close(
    to: &mut AnyConnection,
    call: &calls::CallRow,
    alive: UnixMillis,
    now: UnixMillis,
) -> Result<(), sqlx::Error> {
    let last_known = call.trace.last().map_or(0, |mark| mark.at_ms);
    let ended = [call.started_at.0, call.engaged_at.map_or(0, |t| t.0), last_known, alive.0]
        .into_iter()
        .max()
        .unwrap_or(now.0)
        .min(now.0);
    let mut trace = call.trace.clone();
    trace.push(TraceMark { at_ms: now.0, what: "server_restarted".into(), detail: String::new() });
    let unanswered = call.engaged_at.is_none();
    let missed = if unanswered && call.direction == Direction::Inbound { "no_operator" } else { "" };
    let failure = if unanswered && call.direction == Direction::Outbound { "server_restarted" } else { "" };
    sqlx::query("UPDATE calls SET state = 'ended', ended_at = $1, missed_reason = $2, failure = $3, held = 0, trace = $4 WHERE id = $5")
        .bind(big(ended))
        .bind(missed)
        .bind(failure)
        .bind(json(&trace)?)
        .bind(big(call.id.0))
        .execute(&mut *to)
        .await?;
    let Some(conversation) = call.conversation_id.filter(|_| !missed.is_empty()) else { return Ok(()) };
    sqlx::query("UPDATE conversations SET state = 'missed', missed_reason = $1, last_activity_at = $2 WHERE id = $3 AND state <> 'closed'")
        .bind(missed)
        .bind(big(ended))
        .bind(big(conversation.0))
        .execute(to)
        .await
        .map(|_| ())
}
