//! The business as outsiders see it: facts and time in, commands and records out.

mod chance;
mod conversation;
mod fixture;
mod fuzz;
mod inbound;
mod joined;
mod ladder;
mod outbound;
mod ringing;
mod sound_workflow;
mod transfer;
mod workflow;
