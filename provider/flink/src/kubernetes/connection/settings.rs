//! Settings after the environment has filled the gaps, each with where it came from.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use secrecy::SecretString;

use super::places::{expand_home, split_paths};
use super::{Connection, ConnectionError, Environment, Exec, Target};

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
    pub config_path: Found<String>,
    pub config_paths: Found<Vec<String>>,
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
    proxy_url: Found<String>,
    exec: Option<Exec>,
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
            token: match self.exec {
                // Credentials that the block names must not be mixed with others from the environment.
                Some(_) if self.token.is_none() => None,
                _ => text(&self.token, "token", "KUBE_TOKEN"),
            },
            ca_certificate: text(
                &self.cluster_ca_certificate,
                "cluster_ca_certificate",
                "KUBE_CLUSTER_CA_CERT_DATA",
            ),
            client_certificate: text(&self.client_certificate, "client_certificate", "KUBE_CLIENT_CERT_DATA"),
            client_key: text(&self.client_key, "client_key", "KUBE_CLIENT_KEY_DATA"),
            tls_server_name: text(&self.tls_server_name, "tls_server_name", "KUBE_TLS_SERVER_NAME"),
            insecure,
            proxy_url: text(&self.proxy_url, "proxy_url", "KUBE_PROXY_URL"),
            exec: self.exec.clone().map(|exec| Exec {
                command: expand_home(exec.command, environment),
                ..exec
            }),
        })
    }
}

impl Settings {
    /// Lays the single settings over what a kubeconfig or host has given. Credentials that are set
    /// take the place of all that a kubeconfig has.
    pub fn lay_over(&self, target: &mut Target) -> Result<(), ConnectionError> {
        let Target { config, peer } = target;
        if let Some((host, setting)) = &self.host {
            config.cluster_url = host_uri(host, *setting)?;
            peer.named_by = setting.to_string();
        }
        if let Some((certificates, setting)) = &self.ca_certificate {
            config.root_cert = Some(certificates_of(certificates, *setting)?);
            config.root_cert_file = None;
            peer.authority = setting.to_string();
        }
        if let Some((credentials, name)) = self.credentials()? {
            config.auth_info = credentials;
            peer.credentials = name;
        }
        if let Some((name, setting)) = &self.tls_server_name {
            ServerName::try_from(name.trim()).map_err(|_| ConnectionError::ServerName {
                setting: *setting,
                name: name.clone(),
            })?;
            config.tls_server_name = Some(name.trim().to_owned());
        }
        if let Some((insecure, _)) = self.insecure {
            config.accept_invalid_certs = insecure;
        }
        if let Some((proxy, setting)) = &self.proxy_url {
            config.proxy_url = Some(proxy_uri(proxy, *setting)?);
            peer.proxy = Some(format!("proxy `{}` of {setting}", without_login(proxy)));
        }
        Ok(())
    }

    /// The credentials that the settings hold, and what they are called.
    fn credentials(&self) -> Result<Option<(kube::config::AuthInfo, String)>, ConnectionError> {
        let mut credentials = kube::config::AuthInfo::default();
        let mut names = Vec::new();
        if let Some((token, setting)) = &self.token {
            credentials.token = Some(SecretString::from(token_of(token, *setting)?));
            names.push(format!("the token of {setting}"));
        } else if let Some(exec) = &self.exec {
            names.push(format!(
                "the credentials of the exec plugin `{}` of `exec`",
                exec.command
            ));
            credentials.exec = Some(exec.config());
        }
        match (&self.client_certificate, &self.client_key) {
            (Some((certificate, certificate_setting)), Some((key, key_setting))) => {
                certificates_of(certificate, *certificate_setting)?;
                PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| ConnectionError::NotPem {
                    setting: *key_setting,
                    expected: "a private key",
                })?;
                // The way a kubeconfig holds them.
                credentials.client_certificate_data = Some(STANDARD.encode(certificate));
                credentials.client_key_data = Some(SecretString::from(STANDARD.encode(key)));
                names.push(format!("the client certificate of {certificate_setting}"));
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
        Ok((!names.is_empty()).then(|| (credentials, names.join(" and "))))
    }
}

/// A token as a header can carry it. Files and commands that tokens come from end with a line break.
pub(super) fn token_of(token: &str, setting: Setting) -> Result<String, ConnectionError> {
    let token = token.trim();
    if is_token(token) {
        Ok(token.to_owned())
    } else {
        Err(ConnectionError::NotToken { setting })
    }
}

/// Whether a text can be sent as a bearer token.
pub(super) fn is_token(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The URL of a proxy, of a kind that can be used.
pub(super) fn proxy_uri(proxy: &str, setting: Setting) -> Result<http::Uri, ConnectionError> {
    let wrong = |reason: &'static str| ConnectionError::Proxy {
        setting,
        proxy: without_login(proxy),
        reason,
    };
    // Names are looked up by the proxy in either spelling.
    let text = proxy.trim().replacen("socks5h://", "socks5://", 1);
    let uri: http::Uri = text.parse().map_err(|_| wrong("it is not a URL"))?;
    match uri.scheme_str() {
        Some("http" | "https") => {}
        Some("socks5")
            if uri
                .authority()
                .is_some_and(|authority| authority.as_str().contains('@')) =>
        {
            return Err(wrong("user and password work with HTTP proxies only"));
        }
        Some("socks5") => {}
        _ => {
            return Err(wrong(
                "write it as `http://`, `https://` or `socks5://` with host and port",
            ));
        }
    }
    if uri.host().is_none_or(str::is_empty) {
        return Err(wrong("it names no host"));
    }
    Ok(uri)
}

/// A proxy's URL without user and password.
pub(super) fn without_login(proxy: &str) -> String {
    match (proxy.split_once("://"), proxy.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}"),
        (None, Some((_, rest))) => rest.to_owned(),
        (_, None) => proxy.to_owned(),
    }
}

/// The certificates of a PEM text, at least one.
pub(super) fn certificates_of(text: &str, setting: Setting) -> Result<Vec<Vec<u8>>, ConnectionError> {
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
