//! Reading a certificate with its key, and judging whether it may be shown.

use super::provider;
use crate::configuration::CertificateFiles;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Certificates of a chain at most; a longer one is no chain.
const MAX_CHAIN: usize = 16;

/// A certificate that may be shown.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// With its chain and key.
    pub(crate) key: Arc<CertifiedKey>,
    /// From then on it is refused by peers, Unix seconds.
    pub(crate) expires_at: i64,
}

/// Why a pair is not taken, with the file it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CertificateProblem {
    /// The file is not there or may not be read.
    Unreadable(PathBuf, String),
    /// The file holds no certificate (or key) in PEM form.
    NotPem(PathBuf, &'static str),
    /// The certificate cannot be understood.
    Malformed(PathBuf, String),
    /// It is too old, with the day it ended.
    Expired(PathBuf, String),
    /// It is not valid yet, with the day it begins.
    TooEarly(PathBuf, String),
    /// The key belongs to another certificate.
    Mismatch(CertificateFiles),
    /// The key is of a kind that is not known.
    BadKey(PathBuf, String),
}

impl std::fmt::Display for CertificateProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(file, why) => {
                write!(f, "The TLS file {} cannot be read ({why}); check the path and its rights.", file.display())
            }
            Self::NotPem(file, what) => {
                write!(f, "The TLS file {} holds no {what} in PEM form; name the right file.", file.display())
            }
            Self::Malformed(file, why) => {
                write!(f, "The TLS certificate {} is broken ({why}); have it issued again.", file.display())
            }
            Self::Expired(file, day) => write!(
                f,
                "The TLS certificate {} expired on {day}; renew it, or leave --tls-certificate and --tls-key out.",
                file.display()
            ),
            Self::TooEarly(file, day) => write!(
                f,
                "The TLS certificate {} is not valid before {day}; check the clock of this machine.",
                file.display()
            ),
            Self::Mismatch(files) => write!(
                f,
                "The TLS key {} does not belong to the certificate {}; name its own key with --tls-key or SORI_TLS_KEY.",
                files.key.display(),
                files.certificate.display()
            ),
            Self::BadKey(file, why) => {
                write!(f, "The TLS key {} cannot be used ({why}); use an ECDSA, Ed25519 or RSA key.", file.display())
            }
        }
    }
}

/// Reads both files; `now` is Unix seconds.
///
/// # Errors
/// When the pair may not be shown to anybody.
pub(crate) fn load(files: &CertificateFiles, now: i64) -> Result<Loaded, CertificateProblem> {
    let chain = read_chain(&files.certificate)?;
    let expires_at = judge_time(&files.certificate, &chain, now)?;
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key)?)
        .map_err(|_| CertificateProblem::NotPem(files.key.clone(), "private key"))?;
    let key = CertifiedKey::from_der(chain, key, &provider()).map_err(|why| match why {
        rustls::Error::InconsistentKeys(_) => CertificateProblem::Mismatch(files.clone()),
        rustls::Error::InvalidCertificate(why) => {
            CertificateProblem::Malformed(files.certificate.clone(), format!("{why:?}"))
        }
        why => CertificateProblem::BadKey(files.key.clone(), why.to_string()),
    })?;
    Ok(Loaded { key: Arc::new(key), expires_at })
}

fn read(file: &Path) -> Result<Vec<u8>, CertificateProblem> {
    std::fs::read(file).map_err(|why| CertificateProblem::Unreadable(file.to_owned(), why.to_string()))
}

fn read_chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateProblem> {
    let text = read(file)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).take(MAX_CHAIN).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        _ => Err(CertificateProblem::NotPem(file.to_owned(), "certificate")),
    }
}

fn judge_time(file: &Path, chain: &[CertificateDer<'_>], now: i64) -> Result<i64, CertificateProblem> {
    let own = chain.first().map(AsRef::as_ref).unwrap_or_default();
    let (_, certificate) = X509Certificate::from_der(own)
        .map_err(|why| CertificateProblem::Malformed(file.to_owned(), why.to_string()))?;
    let validity = certificate.validity();
    if now >= validity.not_after.timestamp() {
        return Err(CertificateProblem::Expired(file.to_owned(), validity.not_after.to_string()));
    }
    if now < validity.not_before.timestamp() {
        return Err(CertificateProblem::TooEarly(file.to_owned(), validity.not_before.to_string()));
    }
    Ok(validity.not_after.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    /// 2026-11-21.
    const NOW: i64 = 1_795_219_200;

    fn write(folder: &Path, name: &str, from: i32, to: i32) -> CertificateFiles {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["sori.test".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
        let files = CertificateFiles {
            certificate: folder.join(format!("{name}.pem")),
            key: folder.join(format!("{name}.key")),
        };
        std::fs::write(&files.certificate, params.self_signed(&key).unwrap().pem()).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }

    #[test]
    fn a_good_pair_is_taken_and_each_bad_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let good = write(folder.path(), "good", 2026, 2027);
        assert_eq!(load(&good, NOW).unwrap().expires_at, 1_798_761_600);
        let old = write(folder.path(), "old", 2024, 2025);
        assert!(load(&old, NOW).unwrap_err().to_string().contains("old.pem expired on"));
        let early = write(folder.path(), "early", 2027, 2028);
        assert!(load(&early, NOW).unwrap_err().to_string().contains("early.pem is not valid before"));
        let mixed = CertificateFiles { key: old.key.clone(), ..good.clone() };
        assert_eq!(load(&mixed, NOW).unwrap_err(), CertificateProblem::Mismatch(mixed.clone()));
        let swapped = CertificateFiles { certificate: good.key.clone(), key: good.certificate.clone() };
        assert!(load(&swapped, NOW).unwrap_err().to_string().contains("holds no certificate"));
        let keyless = CertificateFiles { key: good.certificate.clone(), ..good.clone() };
        assert!(load(&keyless, NOW).unwrap_err().to_string().contains("holds no private key"));
        let gone = CertificateFiles { key: folder.path().join("gone"), ..good };
        assert!(matches!(load(&gone, NOW), Err(CertificateProblem::Unreadable(..))));
    }

    #[test]
    fn a_broken_certificate_is_malformed() {
        let folder = tempfile::tempdir().unwrap();
        let files = write(folder.path(), "broken", 2026, 2027);
        std::fs::write(&files.certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        assert!(matches!(load(&files, NOW), Err(CertificateProblem::Malformed(..))));
    }
}
