//! Keeps the certificate that is shown, and reads its files again when they change: connections stay, new ones see the new one.

use super::certificate::{self, CertificateProblem, Loaded};
use super::provider;
use crate::configuration::CertificateFiles;
use crate::metrics::{Counter, Gauge, Metrics};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SignatureScheme};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::signal::unix::{SignalKind, signal};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);
/// An operator is reminded this long before the end, in seconds.
const REMIND: i64 = 14 * 86_400;

/// What the files looked like: when each was written and how long it is.
type Stamps = [Option<(SystemTime, u64)>; 2];

/// See the module.
#[derive(Debug)]
pub(crate) struct Keeper {
    files: CertificateFiles,
    shown: RwLock<Loaded>,
    expires: Gauge,
    failures: Counter,
}

/// Unix seconds, now.
pub(crate) fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

impl Keeper {
    /// Reads the pair for the first time.
    ///
    /// # Errors
    /// When it may not be shown.
    pub(crate) fn open(files: CertificateFiles, metrics: &Metrics) -> Result<Arc<Self>, CertificateProblem> {
        let shown = RwLock::new(certificate::load(&files, unix_seconds())?);
        let keeper = Self {
            files,
            shown,
            expires: metrics.gauge(
                "sori_tls_certificate_expires_seconds",
                "Seconds until the TLS certificate expires.",
                &[],
            ),
            failures: metrics.counter(
                "sori_tls_reload_failures_total",
                "Changed TLS certificates that were refused; the one before is shown on.",
                &[],
            ),
        };
        keeper.note_end();
        Ok(Arc::new(keeper))
    }

    /// How TLS is spoken with who connects: 1.2 and 1.3, without client certificates. `protocols` are those of ALPN.
    ///
    /// # Errors
    /// When the build lacks what both versions need.
    pub(crate) fn server_config(self: &Arc<Self>, protocols: &[&[u8]]) -> Result<Arc<ServerConfig>, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok(Arc::new(config))
    }

    fn shown(&self) -> Loaded {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_end(&self) {
        let left = self.shown().expires_at.saturating_sub(unix_seconds());
        self.expires.set(left);
    }

    /// Reads the files anew. A pair that may not be shown is refused, and the one before stays.
    pub(crate) fn reload(&self) {
        match certificate::load(&self.files, unix_seconds()) {
            Ok(loaded) => {
                *self.shown.write().unwrap_or_else(PoisonError::into_inner) = loaded;
                tracing::info!(file = %self.files.certificate.display(), "the new TLS certificate is shown from now on");
            }
            Err(problem) => {
                self.failures.add(1);
                tracing::error!("{problem} The certificate before it is shown on.");
            }
        }
        self.note_end();
    }

    fn stamps(&self) -> Stamps {
        [&self.files.certificate, &self.files.key].map(|file| {
            let known = std::fs::metadata(file).ok()?;
            Some((known.modified().ok()?, known.len()))
        })
    }

    /// Looks at the files every few seconds, and reloads at once on SIGHUP; goes on as long as the server does.
    pub(crate) async fn watch(self: Arc<Self>) {
        let Ok(mut asked) = signal(SignalKind::hangup()) else { return };
        let mut every = tokio::time::interval(LOOK);
        let mut taken = self.stamps();
        let mut before = taken;
        let mut reminded = false;
        loop {
            let must = tokio::select! {
                _ = every.tick() => false,
                _ = asked.recv() => true,
            };
            let keeper = Arc::clone(&self);
            // A disk that hangs must not take a thread of the pool's.
            let Ok(now) = tokio::task::spawn_blocking(move || keeper.stamps()).await else { return };
            // Both files are written one after the other: they are read when they have stood still between two looks.
            if must || (now != taken && now == before) {
                taken = now;
                let keeper = Arc::clone(&self);
                if tokio::task::spawn_blocking(move || keeper.reload()).await.is_err() {
                    return;
                }
                reminded = false;
            }
            before = now;
            self.note_end();
            if !reminded && self.expires.get() < REMIND {
                reminded = true;
                tracing::warn!(file = %self.files.certificate.display(), "the TLS certificate expires within two weeks");
            }
        }
    }
}

impl ResolvesServerCert for Keeper {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.shown().key)
    }
}

impl rustls::client::ResolvesClientCert for Keeper {
    /// A carrier that asks who we are is shown the same certificate (RFC 5922 7.4).
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.shown().key)
    }

    fn has_certs(&self) -> bool {
        true
    }
}
