//! Certificates, and how much a stranger may take.

use super::{Arguments, ConfigFile, StartProblem};
use std::path::PathBuf;

/// Connections one far address may hold where nothing else is said: an office behind one NAT has a phone on each desk.
const CONNECTIONS_PER_ADDRESS: usize = 64;
/// The most that may be asked for.
const MOST_PER_ADDRESS: usize = 20_000;

/// A certificate chain and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The chain, the server's own first (PEM).
    pub certificate: PathBuf,
    /// The key (PEM).
    pub key: PathBuf,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Security {
    /// The operator's certificate; without one a self-signed one is made and kept in the data folder.
    pub files: Option<CertificateFiles>,
    /// Must carriers reached by TLS prove their name (RFC 5922)? Off is for test carriers with certificates of their own.
    pub verify_peers: bool,
    /// SIP connections one far address may hold, 1 to 20,000.
    pub connections_per_address: usize,
}

impl Security {
    pub(super) fn resolve(arguments: &Arguments, file: &ConfigFile) -> Result<Self, StartProblem> {
        let certificate = arguments.tls_certificate.clone().or_else(|| file.tls_certificate.clone());
        let key = arguments.tls_key.clone().or_else(|| file.tls_key.clone());
        let files = match (certificate, key) {
            (Some(certificate), Some(key)) => Some(CertificateFiles { certificate, key }),
            (None, None) => None,
            (Some(_), None) => return Err(half("tls-certificate", "tls-key", "SORI_TLS_KEY")),
            (None, Some(_)) => return Err(half("tls-key", "tls-certificate", "SORI_TLS_CERTIFICATE")),
        };
        let verify = arguments.tls_verify_peers.as_deref().or(file.tls_verify_peers.as_deref());
        let verify_peers = match verify.unwrap_or("on") {
            "on" => true,
            "off" => false,
            other => {
                return Err(StartProblem(format!("The tls-verify-peers setting {other:?} is wrong; write on or off.")));
            }
        };
        let given = arguments.connections_per_address.clone();
        let given = given.or_else(|| file.connections_per_address.map(|number| number.to_string()));
        let connections_per_address = given.map_or(Ok(CONNECTIONS_PER_ADDRESS), |text| connections(&text))?;
        Ok(Self { files, verify_peers, connections_per_address })
    }
}

fn connections(text: &str) -> Result<usize, StartProblem> {
    text.parse().ok().filter(|number| (1..=MOST_PER_ADDRESS).contains(number)).ok_or_else(|| {
        StartProblem(format!(
            "The connections-per-address setting {text:?} is wrong; write a number from 1 to {MOST_PER_ADDRESS}."
        ))
    })
}

fn half(given: &str, missing: &str, variable: &str) -> StartProblem {
    StartProblem(format!(
        "The {given} setting is given without its other half; name the file with --{missing} or {variable} too."
    ))
}
