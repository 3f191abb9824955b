//! The config file: TOML whose keys are the flags' names with underscores.

use super::StartProblem;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// What a config file may hold; every key may be left out.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// Address of console and API.
    pub http: Option<String>,
    /// The same over TLS.
    pub https: Option<String>,
    /// Addresses of SIP over UDP and TCP.
    pub sip: Option<String>,
    /// Addresses of SIP over TLS.
    pub sips: Option<String>,
    /// The certificate chain for TLS.
    pub tls_certificate: Option<PathBuf>,
    /// Its private key.
    pub tls_key: Option<PathBuf>,
    /// `on` or `off`.
    pub tls_verify_peers: Option<String>,
    /// The name server.
    pub dns: Option<String>,
    /// Connections one far address may hold.
    pub connections_per_address: Option<u32>,
    /// Address and ports of media.
    pub rtp: Option<String>,
    /// Name or address that phones sign in at.
    pub public_host: Option<String>,
    /// `md5` or `md5-sha256`.
    pub sip_digest: Option<String>,
    /// `sqlite:PATH`.
    pub database: Option<String>,
    /// Folder of recordings, audio and the database.
    pub data: Option<PathBuf>,
    /// An owner's API token.
    pub token: Option<String>,
    /// Where the demo's outgoing calls go.
    pub demo_carrier: Option<String>,
}

impl ConfigFile {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it is not there, not readable, not TOML, or holds a key that is not known.
    pub fn read(path: &Path) -> Result<Self, StartProblem> {
        let text = std::fs::read_to_string(path).map_err(|why| {
            StartProblem(format!(
                "The config file {} cannot be read ({why}); check the path and its rights.",
                path.display()
            ))
        })?;
        toml::from_str(&text).map_err(|why| {
            let line =
                why.span().map_or(1, |span| text.get(..span.start).map_or(1, |before| before.lines().count().max(1)));
            let message = why.message().lines().next().unwrap_or("not TOML");
            StartProblem(format!(
                "The config file {} is wrong near line {line}: {message}; correct that line.",
                path.display()
            ))
        })
    }
}
