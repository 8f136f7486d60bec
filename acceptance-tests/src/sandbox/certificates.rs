//! The sandbox's own certificate authority, and what it signs.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

/// The files of the sandbox's public key infrastructure, all in one directory.
#[derive(Clone, Debug)]
pub struct Certificates {
    directory: PathBuf,
}

impl Certificates {
    /// The files in `directory`, made there if they are missing. They stay the same from then on,
    /// so that copies of the kubeconfig remain valid.
    pub fn ensure(directory: &Path) -> Result<Self> {
        let certificates = Self {
            directory: directory.to_owned(),
        };
        // Written last, so its presence means that the others are whole.
        if !certificates.authority_key().exists() {
            certificates.make().context("make the sandbox's certificates")?;
        }
        Ok(certificates)
    }

    /// The authority's certificate.
    pub fn authority(&self) -> PathBuf {
        self.directory.join("ca.crt")
    }

    /// The authority's private key.
    fn authority_key(&self) -> PathBuf {
        self.directory.join("ca.key")
    }

    /// A client certificate for a user in groups, valid for some time, and its key; both PEM.
    pub fn client(&self, user: &str, groups: &[&str], valid: Range<SystemTime>) -> Result<(String, String)> {
        let path = self.authority_key();
        let key = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        let issuer = Issuer::new(authority(), KeyPair::from_pem(&key)?);
        let mut client = CertificateParams::default();
        client.distinguished_name.push(DnType::CommonName, user);
        for group in groups {
            client.distinguished_name.push(DnType::OrganizationName, *group);
        }
        client.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        client.not_before = valid.start.into();
        client.not_after = valid.end.into();
        let key = KeyPair::generate()?;
        Ok((client.signed_by(&key, &issuer)?.pem(), key.serialize_pem()))
    }

    /// The API server's certificate, for 127.0.0.1 and localhost.
    pub fn server(&self) -> PathBuf {
        self.directory.join("apiserver.crt")
    }

    /// The API server's private key.
    pub fn server_key(&self) -> PathBuf {
        self.directory.join("apiserver.key")
    }

    /// The private key that signs service account tokens.
    pub fn service_account_key(&self) -> PathBuf {
        self.directory.join("service-account.key")
    }

    /// The public key that verifies service account tokens.
    pub fn service_account_public_key(&self) -> PathBuf {
        self.directory.join("service-account.pub")
    }

    /// A kubeconfig for the administrator (group `system:masters`) of the API server at `server`.
    pub fn kubeconfig(&self, server: &str) -> Result<String> {
        let encoded = |name: &str| {
            let path = self.directory.join(name);
            let bytes = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
            Ok::<_, anyhow::Error>(BASE64_STANDARD.encode(bytes))
        };
        let (authority, certificate, key) = (encoded("ca.crt")?, encoded("admin.crt")?, encoded("admin.key")?);
        Ok(format!(
            r#"apiVersion: v1
kind: Config
current-context: sandbox
contexts:
- name: sandbox
  context:
    cluster: sandbox
    user: sandbox
clusters:
- name: sandbox
  cluster:
    server: {server}
    certificate-authority-data: {authority}
users:
- name: sandbox
  user:
    client-certificate-data: {certificate}
    client-key-data: {key}
"#
        ))
    }

    fn make(&self) -> Result<()> {
        let authority_key = KeyPair::generate()?;
        let key = authority_key.serialize_pem();
        self.write("ca.crt", &authority().self_signed(&authority_key)?.pem())?;
        let issuer = Issuer::new(authority(), authority_key);

        let mut server = CertificateParams::new(["127.0.0.1".to_owned(), "localhost".to_owned()])?;
        server.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        self.sign("apiserver", server, ExtendedKeyUsagePurpose::ServerAuth, &issuer)?;

        let mut admin = CertificateParams::default();
        admin.distinguished_name.push(DnType::CommonName, "admin");
        admin
            .distinguished_name
            .push(DnType::OrganizationName, "system:masters");
        self.sign("admin", admin, ExtendedKeyUsagePurpose::ClientAuth, &issuer)?;

        let service_account = KeyPair::generate()?;
        self.write("service-account.pub", &service_account.public_key_pem())?;
        self.write("service-account.key", &service_account.serialize_pem())?;
        self.write("ca.key", &key)
    }

    fn sign(
        &self,
        name: &str,
        mut params: CertificateParams,
        usage: ExtendedKeyUsagePurpose,
        issuer: &Issuer<'_, KeyPair>,
    ) -> Result<()> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, issuer)?;
        self.write(&format!("{name}.crt"), &certificate.pem())?;
        self.write(&format!("{name}.key"), &key.serialize_pem())
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        write_private(&self.directory.join(name), text)
    }
}

/// What the authority's certificate says.
fn authority() -> CertificateParams {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "sandbox");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    authority
}

/// Writes a file that only its owner can read, whole or not at all.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    let unfinished = path.with_extension("unfinished");
    let write = || {
        let mut file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        fs::rename(&unfinished, path)
    };
    write().with_context(|| format!("write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn certificates_are_private_and_stay_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let first = Certificates::ensure(directory.path())
            .unwrap()
            .kubeconfig("https://127.0.0.1:6443")
            .unwrap();
        let second = Certificates::ensure(directory.path())
            .unwrap()
            .kubeconfig("https://127.0.0.1:6443")
            .unwrap();
        assert_eq!(first, second);
        for file in fs::read_dir(directory.path()).unwrap() {
            let file = file.unwrap();
            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{} is readable by others", file.path().display());
        }
        kube::config::Kubeconfig::from_yaml(&first).expect("a kubeconfig that kube reads");
    }
}
