//! Which certificate the server shows, and whether it may: asked at the start and by `sori check`.

use crate::configuration::{Configuration, StartProblem};
use crate::metrics::Metrics;
use crate::signalling::tls::{Keeper, kept, kept_or_made, unix_seconds};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// The operator's certificate, or the one in the data folder, which is made where there is none.
///
/// # Errors
/// When it may not be shown: expired, of another key, not readable.
pub(super) fn certificate(configuration: &Configuration, metrics: &Metrics) -> Result<Arc<Keeper>, StartProblem> {
    let files = match &configuration.security.files {
        Some(files) => files.clone(),
        None => kept_or_made(&folder(configuration), &names(configuration), unix_seconds()).map_err(StartProblem)?,
    };
    Keeper::open(files, metrics).map_err(|problem| StartProblem(problem.to_string()))
}

/// Says what is wrong with the certificate, and makes none.
///
/// # Errors
/// As [`certificate`].
pub(super) fn check(configuration: &Configuration) -> Result<(), StartProblem> {
    match configuration.security.files.clone().or_else(|| kept(&folder(configuration))) {
        Some(files) => {
            Keeper::open(files, &Metrics::default()).map(drop).map_err(|problem| StartProblem(problem.to_string()))
        }
        None => Ok(()),
    }
}

fn folder(configuration: &Configuration) -> PathBuf {
    configuration.data.join("tls")
}

/// What phones and browsers may call this server.
fn names(configuration: &Configuration) -> Vec<String> {
    let addresses = configuration.sips.iter().chain(configuration.https).map(|address| address.ip());
    let known = addresses.filter(|ip: &IpAddr| !ip.is_unspecified()).map(|ip| ip.to_string());
    let mut names: Vec<String> = configuration.public_host.clone().into_iter().chain(known).collect();
    names.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}
