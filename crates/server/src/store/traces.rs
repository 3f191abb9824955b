//! Traces of calls: written once, when a call is over, and read when somebody asks how it went.

use super::Store;
use super::bulk::{Bulk, Values};
use super::column::{Columns as _, big, json};
use pbx::settings::RingDevice;
use pbx::{CallId, ManagerId, UnixMillis};
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;
use switch::{CallTrace, LegParty};

/// What is written behind: a record of the business, or a call's trace.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    /// A whole row of the business.
    Record(pbx::Record),
    /// What went over the wire for a call.
    Trace(Box<CallTrace>),
}

impl From<pbx::Record> for Written {
    fn from(record: pbx::Record) -> Self {
        Self::Record(record)
    }
}

/// A trace as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceRow {
    /// When the first leg was made.
    pub started_at: UnixMillis,
    /// The legs, in the order they were made.
    pub legs: Vec<LegRow>,
    /// The messages, in order.
    pub lines: Vec<LineRow>,
    /// Messages left out because there were too many.
    pub lost: u32,
}

/// A leg of a stored trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LegRow {
    /// `customer`, `manager` or `third`.
    pub party: String,
    /// The manager whose leg it is.
    pub manager: Option<ManagerId>,
    /// With which ring device.
    pub device: Option<RingDevice>,
    /// By which transport: `UDP`, `TCP`, `TLS`, `WS`, `WSS`.
    pub transport: String,
    /// The far end's address.
    pub remote: String,
    /// Its media, once that is over.
    pub media: Option<MediaRow>,
}

/// A leg's media figures in a stored trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediaRow {
    /// When it was closed, in milliseconds after the start.
    pub at_ms: u32,
    /// The codec's name; empty when nothing was agreed.
    pub codec: String,
    /// Packets received and taken.
    pub received: u64,
    /// Packets sent.
    pub sent: u64,
    /// Packets lost on the way to us.
    pub lost: u64,
    /// Packets dropped: from a stranger, malformed or of an unknown type.
    pub dropped: u64,
    /// Interarrival jitter in milliseconds (RFC 3550 6.4.1).
    pub jitter_ms: f32,
    /// Packets lost on the way from us, by the far end's reports.
    pub far_lost: Option<u64>,
    /// Jitter on the way from us, by the far end's reports.
    pub far_jitter_ms: Option<f32>,
    /// Round trip in milliseconds.
    pub rtt_ms: Option<f32>,
    /// Estimated mean opinion score of the worse direction, 1 to 4.5.
    pub mos: Option<f32>,
    /// Audio made up for what was missing, in milliseconds.
    pub concealed_ms: u64,
    /// What protects the media: a suite's name, `DTLS-SRTP`, or nothing.
    pub protection: String,
}

/// A SIP message in a stored trace: milliseconds after the start, index of the leg, sent by us, method, status or 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineRow(pub u32, pub u8, pub bool, pub String, pub u16);

impl From<&CallTrace> for TraceRow {
    fn from(trace: &CallTrace) -> Self {
        let leg = |leg: &switch::LegTrace| {
            let (party, manager, device) = match leg.party {
                LegParty::Customer => ("customer", None, None),
                LegParty::Third => ("third", None, None),
                LegParty::Manager(manager, device) => ("manager", Some(manager), Some(device)),
            };
            let media = leg.media.as_ref().map(|(at_ms, figures)| MediaRow {
                at_ms: *at_ms,
                codec: figures.codec.to_owned(),
                received: figures.received,
                sent: figures.sent,
                lost: figures.lost,
                dropped: figures.dropped,
                jitter_ms: figures.jitter_ms,
                far_lost: figures.far_lost,
                far_jitter_ms: figures.far_jitter_ms,
                rtt_ms: figures.rtt_ms,
                mos: figures.mos,
                concealed_ms: figures.concealed_ms,
                protection: figures.protection.to_owned(),
            });
            LegRow {
                party: party.to_owned(),
                manager,
                device,
                transport: leg.transport.as_str().to_owned(),
                remote: leg.remote.to_string(),
                media,
            }
        };
        let line = |line: &switch::TraceLine| {
            let status = line.status.map_or(0, std::num::NonZeroU16::get);
            LineRow(line.at_ms, line.leg, line.sent, line.method.as_str().to_owned(), status)
        };
        Self {
            started_at: trace.started_at,
            legs: trace.legs.iter().map(leg).collect(),
            lines: trace.lines.iter().map(line).collect(),
            lost: trace.lost,
        }
    }
}

/// A trace never changes, so one that is there already stays.
static SAVE: Bulk = Bulk::upsert("call_traces", &["call_id", "started_at", "legs", "lines", "lost"], &[]);

fn put(trace: &CallTrace, to: &mut Values) -> Result<(), sqlx::Error> {
    let row = TraceRow::from(trace);
    to.put(big(trace.call.0))?;
    to.put(big(row.started_at.0))?;
    to.put(json(&row.legs)?)?;
    to.put(json(&row.lines)?)?;
    to.put(i64::from(row.lost))
}

pub(super) async fn save(to: &mut AnyConnection, traces: &[&CallTrace]) -> Result<(), sqlx::Error> {
    SAVE.run(to, traces, put).await
}

impl Store {
    /// The trace of a call that is over; `None` when it has none (yet).
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn trace(&self, call: CallId) -> Result<Option<TraceRow>, sqlx::Error> {
        let query = sqlx::query("SELECT * FROM call_traces WHERE call_id = $1").bind(big(call.0));
        let Some(row) = query.fetch_optional(&self.pool).await? else { return Ok(None) };
        Ok(Some(TraceRow {
            started_at: UnixMillis(row.id("started_at")?),
            legs: row.json("legs")?,
            lines: row.json("lines")?,
            lost: u32::try_from(row.id("lost")?).unwrap_or(u32::MAX),
        }))
    }
}
