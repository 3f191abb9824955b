//! The certificate of a server whose operator gave none: made at the first start, kept in the data folder.

use super::certificate::{self, CertificateProblem};
use crate::configuration::CertificateFiles;
use rcgen::{CertificateParams, DnType, KeyPair};
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Long enough that no phone that was told to trust it is locked out; it protects against listeners, not against liars.
const YEARS: i64 = 10;
const SECONDS_OF_A_YEAR: i64 = 31_557_600;
/// A clock that is a little behind must not find it too young.
const BEFORE: i64 = 86_400;

/// The files of the kept certificate; made anew where there are none or they have run out. `now` is Unix seconds.
///
/// # Errors
/// When they cannot be written, or what is there cannot be read.
pub(crate) fn kept_or_made(folder: &Path, names: &[String], now: i64) -> Result<CertificateFiles, String> {
    let files = files_in(folder);
    match certificate::load(&files, now) {
        Ok(_) => Ok(files),
        Err(CertificateProblem::Unreadable(..)) if !files.certificate.exists() || !files.key.exists() => {
            make(&files, names, now)
        }
        Err(CertificateProblem::Expired(..)) => make(&files, names, now),
        Err(problem) => Err(format!("{problem} It was made by sori itself: remove it, and another is made.")),
    }
}

/// The files of the kept certificate, where both are there.
pub(crate) fn kept(folder: &Path) -> Option<CertificateFiles> {
    Some(files_in(folder)).filter(|files| files.certificate.exists() && files.key.exists())
}

/// Where they are kept.
fn files_in(folder: &Path) -> CertificateFiles {
    CertificateFiles { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") }
}

fn make(files: &CertificateFiles, names: &[String], now: i64) -> Result<CertificateFiles, String> {
    let (certificate, key) = pair(names, now)
        .map_err(|why| format!("No TLS certificate could be made ({why}); give one with --tls-certificate."))?;
    let written = write(files, &certificate, &key);
    written.map_err(|why| {
        format!(
            "The TLS certificate {} cannot be written ({why}); check the rights of the data folder.",
            files.certificate.display()
        )
    })?;
    Ok(files.clone())
}

fn pair(names: &[String], now: i64) -> Result<(String, String), Box<dyn std::error::Error>> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names.to_vec())?;
    params.distinguished_name.push(DnType::CommonName, names.first().map_or("sori", String::as_str));
    params.not_before = date(now - BEFORE)?;
    params.not_after = date(now + YEARS * SECONDS_OF_A_YEAR)?;
    Ok((params.self_signed(&key)?.pem(), key.serialize_pem()))
}

/// The day of a Unix time, as rcgen takes it.
fn date(at: i64) -> Result<time::OffsetDateTime, Box<dyn std::error::Error>> {
    Ok(time::OffsetDateTime::from_unix_timestamp(at)?)
}

/// The key is for the server's user alone.
fn write(files: &CertificateFiles, certificate: &str, key: &str) -> io::Result<()> {
    if let Some(folder) = files.key.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    for (path, text, mode) in [(&files.key, key, 0o600), (&files.certificate, certificate, 0o644)] {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)?;
        file.write_all(text.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const NOW: i64 = 1_795_219_200;

    #[test]
    fn is_made_once_and_again_when_it_has_run_out() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("tls");
        let names = ["sori.test".to_owned(), "127.0.0.1".to_owned()];
        let files = kept_or_made(&folder, &names, NOW).unwrap();
        let first = std::fs::read(&files.certificate).unwrap();
        assert_eq!(std::fs::metadata(&files.key).unwrap().permissions().mode() & 0o777, 0o600);
        kept_or_made(&folder, &names, NOW + SECONDS_OF_A_YEAR).unwrap();
        assert_eq!(std::fs::read(&files.certificate).unwrap(), first);
        kept_or_made(&folder, &names, NOW + 11 * SECONDS_OF_A_YEAR).unwrap();
        assert_ne!(std::fs::read(&files.certificate).unwrap(), first);
        std::fs::write(&files.key, "nonsense").unwrap();
        assert!(kept_or_made(&folder, &names, NOW + SECONDS_OF_A_YEAR).unwrap_err().contains("another is made"));
    }
}
