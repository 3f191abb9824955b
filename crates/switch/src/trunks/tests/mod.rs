//! Trunks against virtual carriers: whole switches, no sockets, time jumps to the next wake-up.

mod called;
mod failing_over;
mod peer;
mod probing;
mod protecting;
mod redirecting;
mod registering;
mod resolving;
mod world;
