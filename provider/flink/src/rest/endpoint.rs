//! A JobManager at a URL: an ingress, a port-forward, or a cluster without Kubernetes. It goes through the same HTTP
//! client and TLS as Kubernetes does.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, Uri};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::JobManager;
use crate::kubernetes::{Cluster, Limits, client};

/// How to reach a JobManager that is not asked through Kubernetes.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// Its URL, such as `https://flink.example.com/orders`. A path is what stands before Flink's own paths.
    pub url: String,
    /// Certificates of the authorities that sign the server's, PEM. Without them, those that the system trusts.
    pub ca_certificate: Option<String>,
    /// Client certificate, PEM; with `client_key`.
    pub client_certificate: Option<String>,
    /// Key of the client certificate, PEM. Never printed.
    pub client_key: Option<String>,
    /// Whether the server's certificate is left unchecked.
    pub insecure: bool,
    /// Headers of every request, such as `Authorization`. Their values are never printed.
    pub headers: BTreeMap<String, String>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("url", &self.url)
            .field("insecure", &self.insecure)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// Settings that make no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not a URL with scheme and host.
    #[error("`{url}` is not the URL of a JobManager, such as `https://flink.example.com`")]
    NotAUrl {
        /// What was given.
        url: String,
    },
    /// Credentials in the URL would end up in messages.
    #[error("the URL holds a user or password")]
    Credentials,
    /// Not PEM.
    #[error("the {what} is not in PEM")]
    NotPem {
        /// Which setting: `CA certificate`, `client certificate`, `client key`.
        what: &'static str,
    },
    /// A certificate without key, or a key without certificate.
    #[error("a client certificate needs its key, and a key its certificate")]
    Unpaired,
    /// Not a header. The value is not repeated.
    #[error("the header `{name}` is not one that HTTP allows")]
    Header {
        /// Its name.
        name: String,
    },
    /// The settings cannot be used together, such as a key that does not belong to its certificate.
    #[error("no client can be made: {reason}")]
    Client {
        /// Innermost reason.
        reason: String,
    },
}

impl Endpoint {
    /// The JobManager there. The first request connects, not this call. `stop` ends whatever waits for it. Needs a tokio
    /// runtime.
    ///
    /// # Errors
    /// The settings make no endpoint.
    pub fn connect(&self, stop: CancellationToken) -> Result<JobManager, EndpointError> {
        let config = self.config()?;
        let server = self.url.trim();
        let client = client::connect(&config).map_err(|error| EndpointError::Client {
            reason: error.to_string(),
        })?;
        let limits = Limits {
            attempts: 3,
            ..Limits::default()
        };
        Ok(JobManager::at_url(
            Cluster::new(client, server, stop).with_limits(limits),
        ))
    }

    fn config(&self) -> Result<kube::Config, EndpointError> {
        let mut config = kube::Config::new(self.uri()?);
        config.connect_timeout = Some(Duration::from_secs(10));
        config.default_retry = false;
        config.accept_invalid_certs = self.insecure;
        if let Some(pem) = &self.ca_certificate {
            config.root_cert = Some(certificates(pem, "CA certificate")?);
        }
        match (&self.client_certificate, &self.client_key) {
            (Some(certificate), Some(key)) => {
                certificates(certificate, "client certificate")?;
                PrivateKeyDer::from_pem_slice(key.as_bytes())
                    .map_err(|_| EndpointError::NotPem { what: "client key" })?;
                // The way a kubeconfig holds them.
                config.auth_info.client_certificate_data = Some(STANDARD.encode(certificate));
                config.auth_info.client_key_data = Some(SecretString::from(STANDARD.encode(key)));
            }
            (None, None) => {}
            (Some(_), None) | (None, Some(_)) => return Err(EndpointError::Unpaired),
        }
        for (name, value) in &self.headers {
            let wrong = || EndpointError::Header { name: name.clone() };
            let mut header = HeaderValue::from_str(value).map_err(|_| wrong())?;
            header.set_sensitive(true);
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
            config.headers.push((name, header));
        }
        Ok(config)
    }

    fn uri(&self) -> Result<Uri, EndpointError> {
        let not_a_url = || EndpointError::NotAUrl { url: self.url.clone() };
        let uri: Uri = self.url.trim().parse().map_err(|_| not_a_url())?;
        let authority = uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
        if authority.contains('@') {
            return Err(EndpointError::Credentials);
        }
        let is_http = matches!(uri.scheme_str(), Some("https" | "http"));
        if !is_http || authority.is_empty() || uri.query().is_some() {
            return Err(not_a_url());
        }
        Ok(uri)
    }
}

/// The certificates of a PEM text, at least one.
fn certificates(pem: &str, what: &'static str) -> Result<Vec<Vec<u8>>, EndpointError> {
    let found: Result<Vec<Vec<u8>>, _> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .map(|certificate| certificate.map(|certificate| certificate.to_vec()))
        .collect();
    found
        .ok()
        .filter(|found| !found.is_empty())
        .ok_or(EndpointError::NotPem { what })
}

#[cfg(test)]
mod tests;
