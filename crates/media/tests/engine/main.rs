//! The engine as its callers see it: SDP, packets and time in, SDP, packets and events out.
#![allow(clippy::disallowed_methods, reason = "one arbitrary start of time; the rest is counted from it")]

mod bridging;
mod bursty_line;
mod handshaking;
mod keys;
mod latching;
mod negotiating;
mod packet_times;
mod playing;
mod recording;
#[path = "../recordings/mod.rs"]
mod recordings;
mod reporting;
mod scorer;
mod securing;
mod speech_quality;
mod talker;
mod transcoding;
mod webrtc;
mod webrtc_opus;
mod wide_legs;
mod world;
