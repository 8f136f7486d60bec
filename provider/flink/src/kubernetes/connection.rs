//! From settings to a connection: the vocabulary of the `kubernetes` provider.
//!
//! Nothing here reaches the network, and nothing falls back to a cluster nobody named: without a
//! kubeconfig, a host, or a service account there is an error, never `localhost`.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::cluster::Cluster;
use places::Files;

mod error;
mod exec;
mod kubeconfig;
mod peer;
mod places;
mod session;
mod settings;

pub use error::ConnectionError;
pub use exec::{API_VERSIONS, Exec, ExecProblem};
pub use peer::Peer;
pub(crate) use session::{Login, Session};
pub use settings::{Origin, Setting};

/// How long a connection may take to come about. Less than a request, so that silence is told apart
/// from an answer that is late.
const CONNECT: Duration = Duration::from_secs(15);

/// How to reach a cluster. Every field is optional; what is not set is looked for in the environment
/// variable named beside it.
///
/// A file (`config_path`, `config_paths`) or a `host` that is set here keeps the environment from naming
/// another one. Where neither says anything, `KUBECONFIG` and then the service account of the pod this
/// process runs in are used.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Connection {
    /// Path of a kubeconfig file; `~` is the home directory (`KUBE_CONFIG_PATH`).
    pub config_path: Option<String>,
    /// Paths of several kubeconfig files, merged in this order (`KUBE_CONFIG_PATHS`, separated as in
    /// `PATH`).
    pub config_paths: Vec<String>,
    /// Context of the kubeconfig; else its current one (`KUBE_CTX`).
    pub config_context: Option<String>,
    /// Cluster of the kubeconfig instead of the context's (`KUBE_CTX_CLUSTER`).
    pub config_context_cluster: Option<String>,
    /// User of the kubeconfig instead of the context's (`KUBE_CTX_AUTH_INFO`).
    pub config_context_auth_info: Option<String>,
    /// URL of the API server, with its scheme (`KUBE_HOST`).
    pub host: Option<String>,
    /// Bearer token (`KUBE_TOKEN`). Never printed.
    pub token: Option<String>,
    /// Certificates of the authority that signed the API server's, PEM (`KUBE_CLUSTER_CA_CERT_DATA`).
    pub cluster_ca_certificate: Option<String>,
    /// Client certificate, PEM (`KUBE_CLIENT_CERT_DATA`).
    pub client_certificate: Option<String>,
    /// Key of the client certificate, PEM (`KUBE_CLIENT_KEY_DATA`). Never printed.
    pub client_key: Option<String>,
    /// Name the API server's certificate must be for, instead of the host's (`KUBE_TLS_SERVER_NAME`).
    pub tls_server_name: Option<String>,
    /// Whether the API server's certificate is left unchecked (`KUBE_INSECURE`).
    pub insecure: Option<bool>,
    /// Proxy on the way to the API server: `http://`, `https://` or `socks5://` (`KUBE_PROXY_URL`). Its
    /// user and password are never printed.
    pub proxy_url: Option<String>,
    /// A command that hands out credentials.
    pub exec: Option<Exec>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let redacted = |value: &Option<String>| value.as_ref().map(|_| "(redacted)");
        f.debug_struct("Connection")
            .field("config_path", &self.config_path)
            .field("config_paths", &self.config_paths)
            .field("config_context", &self.config_context)
            .field("config_context_cluster", &self.config_context_cluster)
            .field("config_context_auth_info", &self.config_context_auth_info)
            .field("host", &self.host)
            .field("token", &redacted(&self.token))
            .field("cluster_ca_certificate", &redacted(&self.cluster_ca_certificate))
            .field("client_certificate", &redacted(&self.client_certificate))
            .field("client_key", &redacted(&self.client_key))
            .field("tls_server_name", &self.tls_server_name)
            .field("insecure", &self.insecure)
            .field("proxy_url", &self.proxy_url.as_deref().map(settings::without_login))
            .field("exec", &self.exec)
            .finish()
    }
}

/// Looks up an environment variable.
type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Where settings are looked for that nobody made: environment variables and the files Kubernetes
/// mounts into a pod. Tests bring their own.
#[derive(Clone)]
pub struct Environment {
    variable: Arc<Lookup>,
    service_account: PathBuf,
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("service_account", &self.service_account)
            .finish_non_exhaustive()
    }
}

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        Self::new(
            |name| std::env::var(name).ok(),
            "/var/run/secrets/kubernetes.io/serviceaccount",
        )
    }

    /// An environment of which only the given variables are known, and a folder for the files of a
    /// service account.
    pub fn new(
        variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
        service_account: impl Into<PathBuf>,
    ) -> Self {
        Self {
            variable: Arc::new(variable),
            service_account: service_account.into(),
        }
    }

    /// The value of a variable. An empty one counts as absent.
    fn variable(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.trim().is_empty())
    }
}

/// What the settings come to: how to connect, and who says so.
#[derive(Clone)]
pub(crate) struct Target {
    config: kube::Config,
    peer: Peer,
}

impl Connection {
    /// Works out how to reach the cluster. Reads files, but never asks the network and never runs a
    /// plugin.
    ///
    /// # Errors
    /// Where a setting is at fault, or nothing is set: the error names the setting.
    pub fn config(&self, environment: &Environment) -> Result<kube::Config, ConnectionError> {
        Ok(self.target(environment)?.config)
    }

    fn target(&self, environment: &Environment) -> Result<Target, ConnectionError> {
        let settings = self.with_environment(environment)?;
        let mut target = if let Some(files) = Files::named(&settings, environment) {
            kubeconfig::load(&files, &settings)?
        } else if let Some((host, setting)) = &settings.host {
            Target {
                config: kube::Config::new(settings::host_uri(host, *setting)?),
                peer: Peer {
                    credentials: "a request without credentials".to_owned(),
                    authority: places::trusted(None),
                    ..Peer::default()
                },
            }
        } else if let Some(files) = Files::of_variable(environment) {
            kubeconfig::load(&files, &settings)?
        } else {
            places::in_cluster(environment)?.ok_or(ConnectionError::NothingConfigured)?
        };
        settings.lay_over(&mut target)?;
        target.peer.server = target.config.cluster_url.to_string();
        // Requests are retried here, where it is known which of them may be sent twice.
        target.config.default_retry = false;
        target.config.connect_timeout = Some(CONNECT);
        Ok(target)
    }

    /// A handle on the cluster. The first request connects, not this call. `stop` ends whatever
    /// waits for the cluster. Needs a tokio runtime.
    ///
    /// # Errors
    /// As [`config`](Self::config).
    pub async fn connect(
        &self,
        environment: &Environment,
        stop: CancellationToken,
    ) -> Result<Cluster, ConnectionError> {
        let target = self.target(environment)?;
        let session = Session::with(self.clone(), environment.clone(), target);
        Ok(Cluster::of(session, stop))
    }
}

#[cfg(test)]
mod tests;
