//! sori as a whole against programs that others wrote: SIPp, baresip, linphonec, PJSUA, Chromium and SIP.js, and a small user
//! agent that plays the carrier. Every call is judged by what was heard at its ends, then by what was recorded of it.
//!
//! Needs what `scripts/install-test-tools` installs. Each test runs a server of its own, on addresses of its own.

mod address;
mod api;
mod bad_input;
mod browser;
mod browser_calls;
mod carrier_transports;
mod codec;
mod demo_numbers;
mod desk_phone;
mod desk_phone_calls;
mod dtls_calls;
mod ipv6;
mod linphone_calls;
mod linphone_phone;
mod message;
mod name_server;
mod patience;
mod pjsua_calls;
mod pjsua_phone;
mod recording;
mod restart;
mod sipjs_calls;
mod sipjs_phone;
mod sipp;
mod sipp_calls;
mod sipp_party;
mod sori;
mod stream_carrier;
mod tls;
mod tls_phone;
mod tone;
mod trunk;
mod user_agent;
mod voice;
mod watching;
