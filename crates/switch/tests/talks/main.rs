//! Talks over a whole switch: SIP written by hand on one side, the real media engine on the other, so that what is checked
//! is what people hear.

mod blind;
mod dialog;
mod expiry;
mod joined;
mod media_side;
mod party;
mod pick_up;
mod protected;
mod renegotiated;
mod set_up;
mod world;
