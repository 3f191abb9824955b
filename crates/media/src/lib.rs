//! Media without sockets: SDP offer/answer, RTP and RTCP, DTMF, G.711, tones, prompts, bridging; WebRTC through str0m.
//!
//! The server's media workers own the sockets. They hand datagrams and ticks to an [`engine`](command) and send what it says.

mod bridge;
pub mod command;
pub mod dtmf;
pub mod engine;
mod family;
pub mod g711;
mod key_filter;
mod key_queue;
mod key_tone;
pub mod latch;
mod leg;
mod leg_table;
pub mod library;
pub mod negotiation;
pub mod out;
pub mod payload_map;
mod playback;
pub mod prompt;
mod receive_stream;
mod recording;
mod resample;
pub mod rtcp;
pub mod rtp;
mod rtp_leg;
pub mod sdp;
mod seed;
mod send_stream;
pub mod srtp;
pub mod telephone_event;
mod timers;
pub mod tones;
pub mod wav;
mod webrtc_leg;
mod webrtc_sdp;

pub use command::{Command, Event, Figures, LegId, Profile, PromptKey, RefusedSdp, Repeat, Source, ToneKind};
pub use engine::{Engine, EngineConfig};
pub use family::Family;
pub use library::Library;
pub use negotiation::LocalAddresses;
pub use out::{Channel, Counts, PacketSink};
pub use prompt::{Prompt, PromptError};
