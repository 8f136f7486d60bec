//! Settings after the environment has filled the gaps, each with where it came from.

use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::SecretString;

use super::{Connection, ConnectionError, Environment};

/// A setting, and where its value was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    attribute: &'static str,
    origin: Origin,
}

/// Where the value of a setting was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the provider block.
    Block,
    /// In an environment variable of this name.
    Variable(&'static str),
    /// In the kubeconfig itself, such as its current context.
    Kubeconfig,
}

impl Setting {
    /// A setting of the provider block.
    pub(super) const fn block(attribute: &'static str) -> Self {
        Self {
            attribute,
            origin: Origin::Block,
        }
    }

    pub(super) const fn variable(attribute: &'static str, variable: &'static str) -> Self {
        Self {
            attribute,
            origin: Origin::Variable(variable),
        }
    }

    pub(super) const fn kubeconfig(attribute: &'static str) -> Self {
        Self {
            attribute,
            origin: Origin::Kubeconfig,
        }
    }

    /// The attribute of the provider block, where the value stands there.
    pub fn attribute(&self) -> Option<&'static str> {
        (self.origin == Origin::Block).then_some(self.attribute)
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin {
            Origin::Block => write!(f, "`{}`", self.attribute),
            Origin::Variable(name) => write!(f, "the environment variable `{name}`"),
            Origin::Kubeconfig => write!(f, "the kubeconfig"),
        }
    }
}

/// A value and where it came from.
type Found<T> = Option<(T, Setting)>;

/// All settings, with the environment's where the provider block has none.
pub(super) struct Settings {
    config_path: Found<String>,
    config_paths: Found<Vec<String>>,
    pub context: Found<String>,
    pub cluster: Found<String>,
    pub user: Found<String>,
    pub host: Found<String>,
    token: Found<String>,
    ca_certificate: Found<String>,
    client_certificate: Found<String>,
    client_key: Found<String>,
    tls_server_name: Found<String>,
    insecure: Found<bool>,
}

/// Kubeconfig files and who names them.
pub(super) struct Files {
    pub paths: Vec<String>,
    pub setting: Setting,
}

impl Connection {
    /// Fills gaps from the environment.
    pub(super) fn with_environment(&self, environment: &Environment) -> Result<Settings, ConnectionError> {
        let text = |value: &Option<String>, attribute: &'static str, variable: &'static str| {
            let block = value.clone().filter(|value| !value.trim().is_empty());
            block.map(|value| (value, Setting::block(attribute))).or_else(|| {
                environment
                    .variable(variable)
                    .map(|value| (value, Setting::variable(attribute, variable)))
            })
        };
        // A place that the provider block names must not be mixed with another from the environment.
        let named = self.config_path.is_some() || !self.config_paths.is_empty() || self.host.is_some();
        let place = |value: &Option<String>, attribute: &'static str, variable: &'static str| match value {
            None if named => None,
            _ => text(value, attribute, variable),
        };
        let config_paths = if !self.config_paths.is_empty() {
            Some((self.config_paths.clone(), Setting::block("config_paths")))
        } else if named {
            None
        } else {
            environment.variable("KUBE_CONFIG_PATHS").map(|paths| {
                (
                    split_paths(&paths),
                    Setting::variable("config_paths", "KUBE_CONFIG_PATHS"),
                )
            })
        };
        let insecure = match self.insecure {
            Some(insecure) => Some((insecure, Setting::block("insecure"))),
            None => match environment.variable("KUBE_INSECURE") {
                None => None,
                Some(value) => {
                    let setting = Setting::variable("insecure", "KUBE_INSECURE");
                    let insecure = value
                        .trim()
                        .to_lowercase()
                        .parse()
                        .map_err(|_| ConnectionError::NotBoolean { setting, value })?;
                    Some((insecure, setting))
                }
            },
        };
        Ok(Settings {
            config_path: place(&self.config_path, "config_path", "KUBE_CONFIG_PATH"),
            config_paths,
            context: text(&self.config_context, "config_context", "KUBE_CTX"),
            cluster: text(
                &self.config_context_cluster,
                "config_context_cluster",
                "KUBE_CTX_CLUSTER",
            ),
            user: text(
                &self.config_context_auth_info,
                "config_context_auth_info",
                "KUBE_CTX_AUTH_INFO",
            ),
            host: place(&self.host, "host", "KUBE_HOST"),
            token: text(&self.token, "token", "KUBE_TOKEN"),
            ca_certificate: text(
                &self.cluster_ca_certificate,
                "cluster_ca_certificate",
                "KUBE_CLUSTER_CA_CERT_DATA",
            ),
            client_certificate: text(&self.client_certificate, "client_certificate", "KUBE_CLIENT_CERT_DATA"),
            client_key: text(&self.client_key, "client_key", "KUBE_CLIENT_KEY_DATA"),
            tls_server_name: text(&self.tls_server_name, "tls_server_name", "KUBE_TLS_SERVER_NAME"),
            insecure,
        })
    }
}

impl Settings {
    /// The kubeconfig files that a setting names, if one does.
    pub fn files(&self, environment: &Environment) -> Option<Files> {
        let (paths, setting) = match (&self.config_paths, &self.config_path) {
            (Some((paths, setting)), _) => (paths.clone(), *setting),
            (None, Some((path, setting))) => (vec![path.clone()], *setting),
            (None, None) => return None,
        };
        let paths = paths.into_iter().map(|path| expand_home(path, environment)).collect();
        Some(Files { paths, setting })
    }

    /// Lays the single settings over what a kubeconfig or host has given.
    pub fn lay_over(&self, config: &mut kube::Config) -> Result<(), ConnectionError> {
        if let Some((host, setting)) = &self.host {
            config.cluster_url = host_uri(host, *setting)?;
        }
        if let Some((token, _)) = &self.token {
            config.auth_info = kube::config::AuthInfo {
                token: Some(SecretString::from(token.clone())),
                ..kube::config::AuthInfo::default()
            };
        }
        if let Some((certificates, setting)) = &self.ca_certificate {
            config.root_cert = Some(certificates_of(certificates, *setting)?);
            config.root_cert_file = None;
        }
        match (&self.client_certificate, &self.client_key) {
            (Some((certificate, certificate_setting)), Some((key, key_setting))) => {
                certificates_of(certificate, *certificate_setting)?;
                PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| ConnectionError::NotPem {
                    setting: *key_setting,
                    expected: "a private key",
                })?;
                // kube takes certificates the way a kubeconfig holds them.
                config.auth_info.client_certificate = None;
                config.auth_info.client_certificate_data = Some(STANDARD.encode(certificate));
                config.auth_info.client_key = None;
                config.auth_info.client_key_data = Some(SecretString::from(STANDARD.encode(key)));
            }
            (Some((_, given)), None) => {
                return Err(ConnectionError::Unpaired {
                    given: *given,
                    missing: "client_key",
                });
            }
            (None, Some((_, given))) => {
                return Err(ConnectionError::Unpaired {
                    given: *given,
                    missing: "client_certificate",
                });
            }
            (None, None) => {}
        }
        if let Some((name, _)) = &self.tls_server_name {
            config.tls_server_name = Some(name.clone());
        }
        if let Some((insecure, _)) = self.insecure {
            config.accept_invalid_certs = insecure;
        }
        Ok(())
    }
}

/// The certificates of a PEM text, at least one.
fn certificates_of(text: &str, setting: Setting) -> Result<Vec<Vec<u8>>, ConnectionError> {
    let certificates: Result<Vec<Vec<u8>>, _> = CertificateDer::pem_slice_iter(text.as_bytes())
        .map(|certificate| certificate.map(|certificate| certificate.to_vec()))
        .collect();
    certificates
        .ok()
        .filter(|certificates| !certificates.is_empty())
        .ok_or(ConnectionError::NotPem {
            setting,
            expected: "a certificate",
        })
}

/// The URL of a host, which must have a scheme.
pub(super) fn host_uri(host: &str, setting: Setting) -> Result<http::Uri, ConnectionError> {
    let uri: Option<http::Uri> = host.trim().parse().ok();
    uri.filter(|uri| {
        matches!(uri.scheme_str(), Some("https" | "http")) && uri.host().is_some_and(|host| !host.is_empty())
    })
    .ok_or_else(|| ConnectionError::Host {
        setting,
        host: host.to_owned(),
        example: host.trim().rsplit("//").next().unwrap_or_default().to_owned(),
    })
}

/// The files that `KUBECONFIG` names. As with kubectl, those that do not exist are passed over as
/// long as one does.
pub(super) fn kubeconfig_variable(environment: &Environment) -> Option<Files> {
    let value = environment.variable("KUBECONFIG")?;
    let all = split_paths(&value);
    let existing: Vec<String> = all
        .iter()
        .filter(|path| Path::new(path.as_str()).exists())
        .cloned()
        .collect();
    let paths = if existing.is_empty() { all } else { existing };
    Some(Files {
        paths,
        setting: Setting::variable("config_path", "KUBECONFIG"),
    })
}

/// The connection of a pod through its service account, where this process runs in one.
pub(super) fn in_cluster(environment: &Environment) -> Result<Option<kube::Config>, ConnectionError> {
    let Some(host) = environment.variable("KUBERNETES_SERVICE_HOST") else {
        return Ok(None);
    };
    let port = environment
        .variable("KUBERNETES_SERVICE_PORT")
        .unwrap_or_else(|| "443".to_owned());
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let uri = format!("https://{host}:{port}")
        .parse()
        .map_err(|_| ConnectionError::InCluster {
            reason: format!("`{host}:{port}` is not an address"),
        })?;
    let file = |name: &str| environment.service_account.join(name);
    let certificates = std::fs::read_to_string(file("ca.crt")).map_err(|error| ConnectionError::InCluster {
        reason: format!("{}: {error}", file("ca.crt").display()),
    })?;
    let mut config = kube::Config::new(uri);
    config.root_cert = Some(
        certificates_of(&certificates, Setting::kubeconfig("ca.crt")).map_err(|_| ConnectionError::InCluster {
            reason: format!("{} holds no certificate", file("ca.crt").display()),
        })?,
    );
    config.root_cert_file = Some(file("ca.crt"));
    if !file("token").exists() {
        return Err(ConnectionError::InCluster {
            reason: format!("{} does not exist", file("token").display()),
        });
    }
    // The file is read again from time to time: such tokens are renewed.
    config.auth_info.token_file = Some(file("token").display().to_string());
    Ok(Some(config))
}

fn split_paths(value: &str) -> Vec<String> {
    std::env::split_paths(value)
        .filter(|path| !path.as_os_str().is_empty())
        .map(|path| path.to_string_lossy().into_owned())
        .collect()
}

fn expand_home(path: String, environment: &Environment) -> String {
    match (path.strip_prefix('~'), environment.variable("HOME")) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => format!("{home}{rest}"),
        _ => path,
    }
}
