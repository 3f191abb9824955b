//! Digest authentication (RFC 3261 22, RFC 7616, RFC 8760): for our own phones and towards carriers.

mod authenticator;
mod client;
mod hash;
mod nonce;

pub use authenticator::{Authenticator, Secret, Verdict};
pub use client::Credentials;
pub(crate) use client::Login;
