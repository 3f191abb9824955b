//! Whom we connect to by TLS, and how they prove who they are (RFC 3261 26.3.2.1, RFC 5922).

use super::{Keeper, provider};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::{Arc, OnceLock};

/// How TLS is spoken with those we connect to; made when it is first needed, for reading the system's roots takes a while.
pub(crate) struct Peers {
    verify: bool,
    own: Arc<Keeper>,
    config: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl Peers {
    /// `verify` is off for test carriers with certificates of their own.
    pub(crate) fn new(verify: bool, own: Arc<Keeper>) -> Self {
        Self { verify, own, config: OnceLock::new() }
    }

    /// The settings of every such connection. Reads files the first time.
    ///
    /// # Errors
    /// When the system has no roots to trust.
    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>, String> {
        self.config.get_or_init(|| self.make()).clone()
    }

    fn make(&self) -> Result<Arc<ClientConfig>, String> {
        let provider = provider();
        let verifier: Arc<dyn ServerCertVerifier> =
            if self.verify { roots(&provider)? } else { Arc::new(Anybody(Arc::clone(&provider))) };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|why| why.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(Arc::clone(&self.own) as Arc<dyn ResolvesClientCert>);
        Ok(Arc::new(config))
    }
}

/// The roots that the operator of this machine trusts.
fn roots(provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, String> {
    let mut store = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for problem in &found.errors {
        tracing::warn!(%problem, "some of the system's root certificates cannot be read");
    }
    store.add_parsable_certificates(found.certs);
    WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider)).build().map_err(|_| {
        "this system trusts no root certificate: install the package ca-certificates, or set --tls-verify-peers off"
            .into()
    })
}

/// Takes any certificate, but not a handshake that its key did not sign.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
