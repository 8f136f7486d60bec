//! What an exec plugin prints. Nothing of it may reach a message: it is a secret, whatever it is.

use jiff::Timestamp;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::SecretString;
use serde_json::Value;

use super::ExecProblem;
use crate::kubernetes::connection::settings::is_token;

/// What a plugin hands out: a token, a client certificate with its key, or both.
#[derive(Clone, Debug)]
pub(in crate::kubernetes::connection) struct Credentials {
    pub token: Option<SecretString>,
    /// Certificate and key, PEM.
    pub certificate: Option<(String, SecretString)>,
    /// When they end. Without it, they are used until they are refused.
    pub expires: Option<Timestamp>,
}

/// Reads an ExecCredential of a version of the protocol.
pub(super) fn read(printed: &[u8], version: &str) -> Result<Credentials, ExecProblem> {
    let wrong = |what: &str| ExecProblem::NotACredential(what.to_owned());
    if printed.trim_ascii().is_empty() {
        return Err(wrong("it is empty"));
    }
    let credential = parse(printed).filter(|value| text(value, "/kind") == Some("ExecCredential"));
    let credential = credential.ok_or_else(|| wrong("it is not an object of this kind"))?;
    let found = text(&credential, "/apiVersion").unwrap_or_default();
    if found != version {
        return Err(ExecProblem::OtherVersion {
            expected: version.to_owned(),
            found: found.chars().take(60).collect(),
        });
    }
    if !credential["status"].is_object() {
        return Err(wrong("it has no `status`"));
    }
    let token = text(&credential, "/status/token").map(str::trim);
    let certificate = text(&credential, "/status/clientCertificateData");
    let key = text(&credential, "/status/clientKeyData");
    let expires = text(&credential, "/status/expirationTimestamp");
    if token.is_some_and(|token| !is_token(token)) {
        return Err(wrong("`status.token` has spaces or line breaks inside"));
    }
    let certificate = match (certificate, key) {
        (Some(certificate), Some(key)) => {
            CertificateDer::from_pem_slice(certificate.as_bytes())
                .map_err(|_| wrong("`status.clientCertificateData` is not PEM"))?;
            PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| wrong("`status.clientKeyData` is not PEM"))?;
            Some((certificate.to_owned(), SecretString::from(key)))
        }
        (Some(_), None) => return Err(wrong("`status.clientCertificateData` has no `clientKeyData`")),
        (None, Some(_)) => return Err(wrong("`status.clientKeyData` has no `clientCertificateData`")),
        (None, None) if token.is_none() => {
            return Err(wrong("its `status` has neither a token nor a client certificate"));
        }
        (None, None) => None,
    };
    let expires = expires.map(|time| {
        time.parse()
            .map_err(|_| wrong("`status.expirationTimestamp` is not a time"))
    });
    Ok(Credentials {
        token: token.map(SecretString::from),
        certificate,
        expires: expires.transpose()?,
    })
}

/// JSON, or YAML as client-go takes it too.
fn parse(printed: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(printed).ok()?;
    serde_json::from_str(text)
        .ok()
        .or_else(|| serde_saphyr::from_str(text).ok())
}

/// A text that is there and not empty.
fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
}
