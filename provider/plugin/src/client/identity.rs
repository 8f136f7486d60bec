//! A client's certificate and key, as go-plugin makes them: ECDSA over P-521, self-signed, the CA
//! bit set.

use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use p521::ecdsa::signature::Signer as _;
use p521::ecdsa::{DerSignature, SigningKey};
use p521::elliptic_curve::Generate;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::{CertifiedKey, Signer, SingleCertAndKey};
use rustls::{ClientConfig, Error, RootCertStore, SignatureAlgorithm, SignatureScheme};
use tokio_rustls::TlsConnector;
use x509_cert::builder::profile::cabf::Root;
use x509_cert::builder::{Builder, CertificateBuilder};
use x509_cert::der::pem::LineEnding;
use x509_cert::der::{Encode, EncodePem};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfo;
use x509_cert::time::Validity;

use super::{Credentials, StartError};
use crate::tls::{ALPN, SERVER_NAME};

/// A certificate and the key that proves it.
#[derive(Debug)]
pub struct Identity {
    pem: String,
    certificate: CertificateDer<'static>,
    key: Arc<P521Key>,
}

impl Identity {
    /// A fresh identity nobody else has.
    ///
    /// # Errors
    /// The certificate cannot be made or encoded.
    pub fn generate() -> Result<Self, StartError> {
        let key = SigningKey::generate();
        Self::certify(key).map_err(|error| StartError::Certificate(error.to_string()))
    }

    fn certify(key: SigningKey) -> Result<Self, x509_cert::builder::Error> {
        let subject = Name::from_str("CN=localhost,O=Tests,C=DE")?;
        let certificate = CertificateBuilder::new(
            Root::new(false, subject)?,
            SerialNumber::from(1_u32),
            Validity::from_now(Duration::from_secs(24 * 3600))?,
            SubjectPublicKeyInfo::from_key(key.verifying_key())?,
        )?
        .build::<_, DerSignature>(&key)?;
        Ok(Self {
            pem: certificate.to_pem(LineEnding::LF)?,
            certificate: certificate.to_der()?.into(),
            key: Arc::new(P521Key(key)),
        })
    }

    /// This certificate with the key of `other`: what an impostor has who saw the certificate.
    #[must_use]
    pub fn with_key_of(&self, other: &Self) -> Self {
        Self {
            pem: self.pem.clone(),
            certificate: self.certificate.clone(),
            key: Arc::clone(&other.key),
        }
    }

    /// The certificate as text, for `PLUGIN_CLIENT_CERT`.
    pub fn pem(&self) -> &str {
        &self.pem
    }
}

/// Does TLS handshakes with the one server that has the certificate `server`.
pub(super) fn connector(credentials: &Credentials, server: &CertificateDer<'static>) -> Result<TlsConnector, Error> {
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    // The server's certificate is its own root, as in go-plugin: name and purpose are checked.
    let mut roots = RootCertStore::empty();
    roots.add(server.clone())?;
    let config = ClientConfig::builder_with_provider(crypto)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots);
    let mut config = match credentials {
        Credentials::Plaintext | Credentials::Anonymous => config.with_no_client_auth(),
        Credentials::Holder(identity) => {
            let Identity { certificate, key, .. } = identity.as_ref();
            let certified = CertifiedKey::new(vec![certificate.clone()], key.clone());
            config.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
        }
    };
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The name in every provider's certificate.
pub(super) fn server_name() -> io::Result<ServerName<'static>> {
    ServerName::try_from(SERVER_NAME).map_err(io::Error::other)
}

/// A P-521 key that signs TLS handshakes, which ring cannot.
#[derive(Clone, Debug)]
struct P521Key(SigningKey);

impl rustls::sign::SigningKey for P521Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered
            .contains(&SignatureScheme::ECDSA_NISTP521_SHA512)
            .then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for P521Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signature: DerSignature = self.0.sign(message);
        Ok(signature.as_bytes().to_vec())
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP521_SHA512
    }
}
