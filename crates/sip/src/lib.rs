//! SIP without sockets.
#![forbid(unsafe_code)]

pub mod flow;
