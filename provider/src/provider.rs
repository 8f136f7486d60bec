//! The provider: its block, what resources get from it, and which resources there are.

pub mod config;

use std::cell::Cell;
use std::sync::Arc;

use flink_client::kubernetes::{Cluster, Connection, Environment, Exec};
use flink_client::operator::OnDestroy;
use terraform_plugin::server::{AnyAction, AnyDataSource, AnyListResource, AnyResource};
use terraform_plugin::{Configured, Function, Progress, Provider, Warnings, any};
use terraform_schema::{AttributePath, AttributeType, Diagnostic, Diagnostics, Seen, View};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::diagnose::sentences;
use crate::resources::flink_checkpoint::FlinkCheckpointResource;
use crate::resources::flink_deployment::FlinkDeploymentResource;
use crate::resources::flink_savepoint::FlinkSavepointResource;
use crate::resources::flink_session_job::FlinkSessionJobResource;
use crate::resources::session_cluster::PlannedClusters;
use crate::{actions, data_sources, diagnose, functions, list_resources};
use config::{ExecPlugin, ProviderConfig};

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
        vec![
            any(FlinkCheckpointResource::new()),
            any(FlinkDeploymentResource),
            any(FlinkSavepointResource::new()),
            any(FlinkSessionJobResource),
        ]
    }

    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource<ProviderData>>> {
        data_sources::all()
    }

    fn list_resources(&self) -> Vec<Box<dyn AnyListResource<ProviderData>>> {
        list_resources::all()
    }

    fn actions(&self) -> Vec<Box<dyn AnyAction<ProviderData>>> {
        actions::all()
    }

    fn functions(&self) -> Vec<Box<dyn Function>> {
        functions::all()
    }

    fn validate(&self, config: View<'_>) -> Diagnostics {
        let both = |one: &str, other: &str| {
            let set = |name: &str| !config.at(name).is_null() && !config.at(name).is_unknown();
            set(one) && set(other)
        };
        let mut problems = Diagnostics::new();
        if both("config_path", "config_paths") {
            let problem = Diagnostic::error("Two kubeconfigs");
            let detail = "`config_path` and `config_paths` are both set. Set one of them.";
            problems.push(problem.detail(detail).at(config.at("config_paths").path()));
        }
        if both("token", "exec") {
            let problem = Diagnostic::error("Two ways to log in");
            let detail =
                "`token` and `exec` are both set. Set one of them: the token of an exec plugin would not be used.";
            problems.push(problem.detail(detail).at(config.at("exec").path()));
        }
        problems
    }

    fn configure(&self, config: View<'_>, warnings: &Warnings) -> Result<Configured<ProviderData>, Diagnostics> {
        let (connection, known) = connection(&config)?;
        let namespace = match config.at("namespace").read::<String>()? {
            Seen::Known(name) => DefaultNamespace::Known(name),
            Seen::Null => DefaultNamespace::Known("default".to_owned()),
            Seen::Unknown => DefaultNamespace::Unknown,
        };
        let on_destroy = config.at("on_destroy").read::<OnDestroy>()?.known();
        if connection.insecure == Some(true) {
            warnings.warn(insecure(&config));
        }
        let data = ProviderData {
            connection,
            environment: self.environment.clone(),
            cluster: Arc::new(OnceCell::new()),
            acting: None,
            namespace,
            on_destroy,
            planned: Arc::default(),
        };
        if !known {
            return Ok(Configured::Unknown(data));
        }
        data.mistakes_in_the_block()?;
        Ok(Configured::Known(data))
    }
}

/// The settings of the block that say how to reach the cluster, and whether all of them are known. Those that are not
/// are left out.
fn connection(config: &View<'_>) -> Result<(Connection, bool), Diagnostics> {
    let known = Cell::new(true);
    let text = |name: &str| read::<String>(config, name, &known);
    let connection = Connection {
        config_path: text("config_path")?,
        config_paths: read(config, "config_paths", &known)?.unwrap_or_default(),
        config_context: text("config_context")?,
        config_context_cluster: text("config_context_cluster")?,
        config_context_auth_info: text("config_context_auth_info")?,
        host: text("host")?,
        token: text("token")?,
        cluster_ca_certificate: text("cluster_ca_certificate")?,
        client_certificate: text("client_certificate")?,
        client_key: text("client_key")?,
        tls_server_name: text("tls_server_name")?,
        proxy_url: text("proxy_url")?,
        insecure: read(config, "insecure", &known)?,
        exec: read::<ExecPlugin>(config, "exec", &known)?.map(Exec::from),
    };
    Ok((connection, known.get()))
}

fn read<T: AttributeType>(config: &View<'_>, name: &str, known: &Cell<bool>) -> Result<Option<T>, Diagnostics> {
    let seen = config.at(name).read()?;
    known.set(known.get() && !seen.is_unknown());
    Ok(seen.known())
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
    acting: Option<Progress>,
    /// The namespace of resources that do not set their own.
    pub namespace: DefaultNamespace,
    /// What becomes of jobs when their deployments or session jobs are destroyed, where the block says so.
    pub on_destroy: Option<OnDestroy>,
    /// The clusters as this run plans them, for what is said about jobs on them.
    pub planned: Arc<PlannedClusters>,
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
        let cluster = cluster.clone().stopped_by(stop.clone());
        Ok(match self.acting.clone() {
            Some(progress) => cluster.acting(move |what| progress.tell(sentences(what, ""))),
            None => cluster,
        })
    }

    /// The same for an action, which tells what it waits for.
    #[must_use]
    pub fn acting(&self, progress: Progress) -> Self {
        Self {
            acting: Some(progress),
            ..self.clone()
        }
    }

    /// Mistakes in the block itself, said once and at the attribute. Files may still be written by the same apply: what
    /// is wrong with them is said when they are needed.
    fn mistakes_in_the_block(&self) -> Result<(), Diagnostics> {
        match self.connection.config(&self.environment) {
            Err(error) if !diagnose::is_about_files(&error) => {
                let at = error
                    .attribute()
                    .map_or_else(AttributePath::root, |name| AttributePath::of([name]));
                Err(diagnose::connection(&error).at(at).into())
            }
            Err(_) | Ok(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod attributes;
#[cfg(test)]
mod tests;
