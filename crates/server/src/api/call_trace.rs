//! A call's trace: what the business did, which SIP messages went and came, and how the media was, on one time line.

use super::app::App;
use super::caller::Caller;
use super::calls::row;
use super::problem::Problem;
use super::request::Id;
use crate::clock::Time;
use crate::store::{LegRow, LineRow, MediaRow, TraceRow};
use crate::workspace::words;
use axum::Json;
use axum::extract::State;
use pbx::record::TraceMark;
use pbx::settings::RingDevice;
use pbx::{CallId, ManagerId, UnixMillis};
use serde::Serialize;
use utoipa::ToSchema;

/// A call's time line.
#[derive(Debug, Serialize, ToSchema)]
pub struct Trace {
    /// Everything in order of time.
    pub items: Vec<TraceItem>,
    /// The call's legs; `leg` of an item is the place in this list.
    pub legs: Vec<TraceLeg>,
    /// SIP messages left out because there were too many.
    pub lost: u32,
}

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TraceKind {
    /// The business decided or heard something: a workflow's step, a manager that rang.
    Step,
    /// A SIP message.
    Sip,
    /// A leg's media ended; its figures stand with the leg.
    Media,
}

/// Something that happened in a call.
#[derive(Debug, Serialize, ToSchema)]
pub struct TraceItem {
    /// When.
    pub at: Time,
    /// Of which kind.
    pub kind: TraceKind,
    /// A step: `arrived`, `greeting`, `step:support`, `presented`, `answered` …; a SIP message: its method, or its status
    /// and reason phrase; media: the codec.
    pub what: String,
    /// Whom or which; of a response the method it answers.
    pub detail: String,
    /// On which leg, as a place in `legs`.
    pub leg: Option<u8>,
    /// Of a SIP message: did sori send it?
    pub sent: Option<bool>,
}

/// A leg of a call.
#[derive(Debug, Serialize, ToSchema)]
pub struct TraceLeg {
    /// Whose: `customer`, `manager`, or `third`, to whom the customer was handed on.
    pub party: String,
    /// The manager whose leg it is.
    #[schema(value_type = Option<String>)]
    pub manager_id: Option<ManagerId>,
    /// With which ring device.
    #[schema(value_type = Option<words::RingDevice>)]
    pub device: Option<RingDevice>,
    /// `UDP`, `TCP`, `TLS`, `WS` or `WSS`.
    pub transport: String,
    /// The far end's address and port.
    pub address: String,
    /// Its media, once that is over.
    pub media: Option<TraceMedia>,
}

/// How the media of a leg was.
#[derive(Debug, Serialize, ToSchema)]
pub struct TraceMedia {
    /// The codec, such as `PCMU`; empty when nothing was agreed.
    pub codec: String,
    /// Packets received.
    pub received: u64,
    /// Packets sent.
    pub sent: u64,
    /// Packets lost on the way to sori.
    pub lost: u64,
    /// Packets that came and were not taken: from a stranger, malformed, of an unknown type.
    pub dropped: u64,
    /// Jitter on the way to sori, in milliseconds.
    pub jitter_ms: f32,
    /// Packets lost on the way to the far end, as it reports.
    pub far_lost: Option<u64>,
    /// Jitter on the way to the far end, in milliseconds, as it reports.
    pub far_jitter_ms: Option<f32>,
    /// Round trip between sori and the far end, in milliseconds.
    pub rtt_ms: Option<f32>,
    /// Estimated mean opinion score of the worse direction (ITU-T G.107), 1 to 4.5.
    pub mos: Option<f32>,
    /// Audio made up for what was missing, in milliseconds; only where it is decoded.
    pub concealed_ms: u64,
    /// What protects the media: `AES_CM_128_HMAC_SHA1_80`, `DTLS-SRTP` …, or empty.
    pub protection: String,
}

impl From<&MediaRow> for TraceMedia {
    fn from(media: &MediaRow) -> Self {
        Self {
            codec: media.codec.clone(),
            received: media.received,
            sent: media.sent,
            lost: media.lost,
            dropped: media.dropped,
            jitter_ms: media.jitter_ms,
            far_lost: media.far_lost,
            far_jitter_ms: media.far_jitter_ms,
            rtt_ms: media.rtt_ms,
            mos: media.mos,
            concealed_ms: media.concealed_ms,
            protection: media.protection.clone(),
        }
    }
}

impl From<&LegRow> for TraceLeg {
    fn from(leg: &LegRow) -> Self {
        Self {
            party: leg.party.clone(),
            manager_id: leg.manager,
            device: leg.device,
            transport: leg.transport.clone(),
            address: leg.remote.clone(),
            media: leg.media.as_ref().map(TraceMedia::from),
        }
    }
}

fn step(mark: TraceMark) -> TraceItem {
    let at = Time(UnixMillis(mark.at_ms));
    TraceItem { at, kind: TraceKind::Step, what: mark.what, detail: mark.detail, leg: None, sent: None }
}

fn message(start: UnixMillis, LineRow(at_ms, leg, sent, method, status): &LineRow) -> TraceItem {
    let what = match status {
        0 => method.clone(),
        _ => format!("{status} {}", sip::reason_phrase::phrase(*status)),
    };
    let detail = if *status == 0 { String::new() } else { method.clone() };
    let at = Time(start.plus_ms((*at_ms).into()));
    TraceItem { at, kind: TraceKind::Sip, what, detail, leg: Some(*leg), sent: Some(*sent) }
}

fn media_over(start: UnixMillis, leg: usize, row: &LegRow) -> Option<TraceItem> {
    let media = row.media.as_ref()?;
    let at = Time(start.plus_ms(media.at_ms.into()));
    let (what, leg) = (media.codec.clone(), u8::try_from(leg).ok());
    Some(TraceItem { at, kind: TraceKind::Media, what, detail: String::new(), leg, sent: None })
}

/// All on one time line. Of what happened in the same millisecond, messages that came stand before what the business made
/// of them, and that before messages that went.
fn time_line(marks: Vec<TraceMark>, trace: Option<&TraceRow>) -> Trace {
    let mut wire: Vec<TraceItem> = Vec::new();
    if let Some(trace) = trace {
        wire.extend(trace.lines.iter().map(|line| message(trace.started_at, line)));
        wire.extend(trace.legs.iter().enumerate().filter_map(|(leg, row)| media_over(trace.started_at, leg, row)));
        wire.sort_by_key(|item| item.at.0);
    }
    let mut items = Vec::with_capacity(wire.len() + marks.len());
    let mut wire = wire.into_iter().peekable();
    for mark in marks {
        let step = step(mark);
        let is_before = |item: &TraceItem| (item.at.0, item.sent != Some(false)) < (step.at.0, true);
        while let Some(item) = wire.next_if(is_before) {
            items.push(item);
        }
        items.push(step);
    }
    items.extend(wire);
    let legs = trace.map(|trace| trace.legs.iter().map(TraceLeg::from).collect()).unwrap_or_default();
    Trace { items, legs, lost: trace.map_or(0, |trace| trace.lost) }
}

/// What happened in a call, on one time line
///
/// Workflow steps, SIP messages and the media figures of each leg. While the call lasts, as far as it has come.
#[utoipa::path(get, path = "/calls/{id}/trace", tag = "calls", params(("id" = String, Path)), responses((status = 200, body = Trace)))]
pub(super) async fn get_trace(State(app): State<App>, _: Caller, Id(id): Id<CallId>) -> Result<Json<Trace>, Problem> {
    let call = row(&app, id).await?;
    let running = app.control.trace(id).await?.as_ref().map(TraceRow::from);
    let trace = match running {
        Some(trace) => Some(trace),
        None => app.store.trace(id).await?,
    };
    Ok(Json(time_line(call.trace, trace.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_messages_and_media_stand_in_order_of_time() {
        let mark = TraceMark { at_ms: 1_020, what: "greeting".to_owned(), detail: String::new() };
        let media = MediaRow {
            at_ms: 900,
            codec: "PCMU".to_owned(),
            received: 40,
            sent: 45,
            lost: 1,
            dropped: 0,
            jitter_ms: 0.5,
            far_lost: Some(0),
            far_jitter_ms: None,
            rtt_ms: Some(3.0),
            mos: Some(4.4),
            concealed_ms: 0,
            protection: String::new(),
        };
        let trace = TraceRow {
            started_at: UnixMillis(1_000),
            legs: vec![LegRow {
                party: "customer".to_owned(),
                manager: None,
                device: None,
                transport: "UDP".to_owned(),
                remote: "192.0.2.7:5060".to_owned(),
                media: Some(media),
            }],
            lines: vec![
                LineRow(0, 0, false, "INVITE".to_owned(), 0),
                LineRow(20, 0, true, "INVITE".to_owned(), 200),
                LineRow(901, 0, false, "BYE".to_owned(), 0),
            ],
            lost: 0,
        };
        let line = time_line(vec![mark], Some(&trace));
        let told: Vec<String> = line
            .items
            .iter()
            .map(|item| format!("{} {:?} {} {}", item.at.0.0, item.kind, item.what, item.detail))
            .collect();
        assert_eq!(
            told,
            ["1000 Sip INVITE ", "1020 Step greeting ", "1020 Sip 200 OK INVITE", "1900 Media PCMU ", "1901 Sip BYE "]
        );
        assert_eq!(line.legs.len(), 1);
    }
}
