//! TLS with one client: the one whose certificate came with the start of this process.
//!
//! go-plugin's client makes a throw-away P-521 certificate with the CA bit set. Path validation
//! refuses such a certificate as an end entity, and needs no say here: the exact certificate is
//! known, so it is compared byte by byte and only the handshake's signature is verified.

pub(crate) mod p521;

use std::sync::Arc;

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible, ServerConfig, SignatureScheme,
};
use tokio_rustls::TlsAcceptor;

/// The name go-plugin's client expects in the server's certificate.
pub(crate) const SERVER_NAME: &str = "localhost";

/// HTTP/2, the only protocol gRPC speaks.
pub(crate) const ALPN: &[u8] = b"h2";

/// Why there is no TLS. Each is a bug or a broken system, nothing a user configured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("make a certificate for this process")]
    Certificate(#[from] rcgen::Error),
    #[error("set up TLS")]
    Setup(#[from] Error),
}

/// The server's side: takes one client, shows one certificate.
pub(crate) struct Tls {
    /// Does the handshakes.
    pub acceptor: TlsAcceptor,
    /// What the client must expect to see.
    pub certificate: CertificateDer<'static>,
}

impl Tls {
    /// Accepts the holder of the key of `client` and nobody else, TLS 1.3 only.
    pub(crate) fn for_client(client: CertificateDer<'static>) -> Result<Self, TlsError> {
        let (certificate, key) = own_certificate()?;
        let crypto = Arc::new(crypto_provider());
        let verifier = PinnedClient {
            certificate: client,
            algorithms: crypto.signature_verification_algorithms,
        };
        let mut config = ServerConfig::builder_with_provider(crypto)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_single_cert(vec![certificate.clone()], key)?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            certificate,
        })
    }
}

/// A fresh self-signed P-256 certificate. Its key never leaves this process.
fn own_certificate() -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new([SERVER_NAME.to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, SERVER_NAME);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.self_signed(&key)?.der().clone();
    Ok((certificate, PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
}

/// ring, which starts fastest, with the one signature go-plugin's client makes.
fn crypto_provider() -> CryptoProvider {
    CryptoProvider {
        signature_verification_algorithms: p521::ALGORITHMS,
        ..rustls::crypto::ring::default_provider()
    }
}

/// Knows one certificate.
#[derive(Debug)]
struct PinnedClient {
    certificate: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for PinnedClient {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if *end_entity == self.certificate {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // Not offered by our configuration.
        Err(PeerIncompatible::Tls12NotOfferedOrEnabled.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
