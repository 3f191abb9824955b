//! Tests of the crate from outside: ladders, races, timers, torture messages, digest, registrar, random walks.

mod authenticate;
mod connections;
mod dialogs;
mod ladder;
mod net;
mod offers;
mod overload;
mod peer;
mod print_again;
mod races;
mod random_walk;
mod registering;
mod subscribing;
mod timers;
mod torture;
