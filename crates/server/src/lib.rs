//! The parts of the program `sori`: sockets, media workers, the store, the HTTP API and the commands around them.

pub mod api;
pub mod clock;
pub mod configuration;
pub mod control;
pub mod demo;
pub mod events;
pub mod media_workers;
pub mod metrics;
pub mod program;
pub mod prompts;
pub mod sign_in;
pub mod signalling;
pub mod store;
pub mod workspace;
