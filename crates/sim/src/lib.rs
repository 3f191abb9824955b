//! Simulation by seed: the real switch and media engine among simulated phones and carriers, on a virtual clock and a
//! network that loses, doubles and reorders; and the truth model that says what must hold whatever happens.
//!
//! A run depends on its seed only, so that a fault found once is found again: see [`run::play`].
#![forbid(unsafe_code)]

pub mod agent;
pub mod answer_truth;
pub mod call_truth;
pub mod cast;
pub mod clock;
mod deliver;
pub mod description;
pub mod errand;
pub mod excuse;
pub mod glance;
pub mod ladder;
pub mod nat;
pub mod network;
pub mod plain;
pub mod plot;
pub mod rng;
pub mod run;
pub mod scenario;
pub mod sockets;
pub mod stranger;
pub mod unheard_truth;
pub mod voice;
pub mod way;
pub mod wire_truth;
pub mod workspace;
pub mod world;
