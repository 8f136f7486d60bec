//! The provider: its block, what resources get from it, and which resources there are.

pub mod config;

use std::sync::Arc;

use flink_client::kubernetes::{Cluster, Connection, Environment};
use flink_client::operator::OnDestroy;
use futures::FutureExt;
use terraform_plugin::server::AnyResource;
use terraform_plugin::{Configured, Provider, Warnings, any};
use terraform_schema::{AttributePath, Diagnostic, Diagnostics, Seen, View};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::diagnose;
use crate::resources::flink_deployment::FlinkDeploymentResource;
use config::ProviderConfig;

/// Attributes of the block that say how to reach the cluster.
const CONNECTION: [&str; 10] = [
    "config_path",
    "config_paths",
    "config_context",
    "host",
    "token",
    "cluster_ca_certificate",
    "client_certificate",
    "client_key",
    "tls_server_name",
    "insecure",
];

/// The provider `flink`.
#[derive(Clone, Debug)]
pub struct FlinkProvider {
    environment: Environment,
}

impl FlinkProvider {
    /// A provider that looks at this environment for settings that its block leaves out.
    pub fn new(environment: Environment) -> Self {
        Self { environment }
    }
}

impl Provider for FlinkProvider {
    type Config = ProviderConfig;
    type Data = ProviderData;

    fn resources(&self) -> Vec<Box<dyn AnyResource<ProviderData>>> {
        vec![any(FlinkDeploymentResource)]
    }

    fn validate(&self, config: View<'_>) -> Diagnostics {
        let (one, several) = (config.at("config_path"), config.at("config_paths"));
        if one.is_null() || several.is_null() || one.is_unknown() || several.is_unknown() {
            return Diagnostics::new();
        }
        Diagnostic::error("Two kubeconfigs")
            .detail("`config_path` and `config_paths` are both set. Set one of them.")
            .at(several.path())
            .into()
    }

    fn configure(&self, config: View<'_>, warnings: &Warnings) -> Result<Configured<ProviderData>, Diagnostics> {
        let connection = connection(&config)?;
        let namespace = match config.at("namespace").read::<String>()? {
            Seen::Known(name) => DefaultNamespace::Known(name),
            Seen::Null => DefaultNamespace::Known("default".to_owned()),
            Seen::Unknown => DefaultNamespace::Unknown,
        };
        let on_destroy = config.at("on_destroy").read::<OnDestroy>()?.known();
        let known = !CONNECTION.iter().any(|name| config.at(name).is_unknown());
        if connection.insecure == Some(true) {
            warnings.warn(insecure(&config));
        }
        let data = ProviderData {
            connection,
            environment: self.environment.clone(),
            cluster: Arc::new(OnceCell::new()),
            namespace,
            on_destroy,
        };
        if !known {
            return Ok(Configured::Unknown(data));
        }
        data.mistakes_in_the_block()?;
        Ok(Configured::Known(data))
    }
}

/// The settings of the block that are known.
fn connection(config: &View<'_>) -> Result<Connection, Diagnostics> {
    let text = |name: &str| config.at(name).read::<String>().map(Seen::known);
    Ok(Connection {
        config_path: text("config_path")?,
        config_paths: config
            .at("config_paths")
            .read::<Vec<String>>()?
            .known()
            .unwrap_or_default(),
        config_context: text("config_context")?,
        host: text("host")?,
        token: text("token")?,
        cluster_ca_certificate: text("cluster_ca_certificate")?,
        client_certificate: text("client_certificate")?,
        client_key: text("client_key")?,
        tls_server_name: text("tls_server_name")?,
        insecure: config.at("insecure").read::<bool>()?.known(),
        ..Connection::default()
    })
}

fn insecure(config: &View<'_>) -> Diagnostic {
    Diagnostic::warning("Connection to Kubernetes is not verified")
        .detail(
            "`insecure` is set: whoever answers is taken for the API server and gets the credentials. Set \
             `cluster_ca_certificate` instead.",
        )
        .at(config.at("insecure").path())
}

/// The namespace of resources that do not set their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefaultNamespace {
    /// The one of the provider block, else `default`.
    Known(String),
    /// The provider block will say later.
    Unknown,
}

/// What resources get to work with.
#[derive(Clone, Debug)]
pub struct ProviderData {
    connection: Connection,
    environment: Environment,
    cluster: Arc<OnceCell<Cluster>>,
    /// The namespace of resources that do not set their own.
    pub namespace: DefaultNamespace,
    /// What becomes of jobs when their deployments are destroyed, where the block says so.
    pub on_destroy: Option<OnDestroy>,
}

impl ProviderData {
    /// The cluster; whatever waits for it ends with `stop`. Made at the first call, shared by all others.
    ///
    /// # Errors
    /// The settings do not make a connection.
    pub async fn cluster(&self, stop: &CancellationToken) -> Result<Cluster, Diagnostics> {
        let cluster = self
            .cluster
            .get_or_try_init(|| self.connection.connect(&self.environment, stop.clone()))
            .await
            .map_err(|error| diagnose::connection(&error))?;
        Ok(cluster.clone().stopped_by(stop.clone()))
    }

    /// Mistakes in the block itself, said once and at the attribute. Files may still be written by the same apply: what
    /// is wrong with them is said when they are needed.
    fn mistakes_in_the_block(&self) -> Result<(), Diagnostics> {
        match self.connection.config(&self.environment).now_or_never() {
            Some(Err(error)) if !diagnose::is_about_files(&error) => {
                let at = error
                    .attribute()
                    .map_or_else(AttributePath::root, |name| AttributePath::of([name]));
                Err(diagnose::connection(&error).at(at).into())
            }
            Some(Err(_) | Ok(_)) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
