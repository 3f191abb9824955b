//! Media without sockets: SDP offer/answer, RTP and RTCP, DTMF, G.711, tones, prompts, bridging; WebRTC through str0m.
//!
//! The server's media workers own the sockets. They hand datagrams and ticks to an [`engine`](command) and send what it says.

pub mod command;

pub use command::{Command, Event, LegId, Profile, PromptKey, RefusedSdp, Repeat, Source, ToneKind};
