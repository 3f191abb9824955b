//! Tests of the crate from outside: ladders, races, timers, torture messages, digest, registrar, random walks.

mod authenticate;
mod connections;
mod dialogs;
mod forks;
mod hostile;
mod hostile_walk;
mod ipv6;
mod ladder;
mod misbehaving;
mod net;
mod offers;
mod overload;
mod peer;
mod print_again;
mod provisional;
mod races;
mod random_walk;
mod referring;
mod registering;
mod session_timers;
mod subscribing;
mod timers;
mod torture;
mod updating;
