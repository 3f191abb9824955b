//! TLS for SIP, for WebSocket and for the console: whose certificate we show, and whose we take.

mod certificate;
mod keeper;
mod peers;
mod self_signed;

pub(crate) use keeper::{Keeper, unix_seconds};
pub(crate) use peers::Peers;
pub(crate) use self_signed::{kept, kept_or_made};

use rustls::crypto::CryptoProvider;
use std::sync::Arc;

/// The one that str0m brings for DTLS too.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
