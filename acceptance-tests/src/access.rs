//! Who may do what on a cluster: service accounts with roles, their tokens, and looking at the cluster with them the way
//! the provider does.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flink_client::kubernetes::{Cluster, Connection, Environment, Limits, Objects};
use flink_client::operator::FlinkDeployment;
use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{DeleteParams, PostParams};
use kube::config::{AuthInfo, Kubeconfig};
use kube::{Api, Client};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use terraform_provider_flink::diagnose;
use terraform_provider_flink::resources::flink_deployment::model::Deployment;
use terraform_schema::{Diagnostic, Model};
use tokio_util::sync::CancellationToken;

use crate::sandbox::Sandbox;

/// A service account is forgotten by the API server within this time after it was deleted: it remembers tokens for 10 s.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// What an administrator of a cluster knows and may do.
#[derive(Clone)]
pub struct Access {
    /// URL of the API server.
    pub server: String,
    /// The authority of its certificate, PEM.
    pub authority: String,
    client: Client,
}

impl Access {
    /// The administrator of this cluster.
    ///
    /// # Errors
    /// The kubeconfig cannot be read.
    pub async fn to(sandbox: &Sandbox) -> Result<Self> {
        let kubeconfig = Kubeconfig::read_from(sandbox.kubeconfig())?;
        let cluster = kubeconfig.clusters.into_iter().next().and_then(|named| named.cluster);
        let cluster = cluster.context("the kubeconfig has a cluster")?;
        let authority = cluster
            .certificate_authority_data
            .context("the authority is in the kubeconfig")?;
        Ok(Self {
            server: cluster.server.context("the cluster has a server")?,
            authority: String::from_utf8(BASE64_STANDARD.decode(authority)?)?,
            client: sandbox.client().await?,
        })
    }

    /// Host and port of the API server.
    pub fn address(&self) -> &str {
        self.server.trim_start_matches("https://")
    }

    /// Makes a service account that may look at the deployments of its namespace, and returns a token of it.
    ///
    /// # Errors
    /// The API server refuses.
    pub async fn reader(&self, namespace: &str, name: &str) -> Result<String> {
        let rules = json!([{"apiGroups": ["flink.apache.org"], "resources": ["flinkdeployments"], "verbs": ["get"]}]);
        self.account(namespace, name, &rules).await
    }

    /// As [`account`].
    ///
    /// # Errors
    /// The API server refuses.
    pub async fn account(&self, namespace: &str, name: &str, rules: &Value) -> Result<String> {
        account(&self.client, namespace, name, rules).await
    }

    /// Puts other rules in the place of an account's.
    ///
    /// # Errors
    /// The API server refuses.
    pub async fn allow(&self, namespace: &str, name: &str, rules: &Value) -> Result<()> {
        let roles: Api<Role> = Api::namespaced(self.client.clone(), namespace);
        let mut role = roles.get(name).await?;
        role.rules = Some(serde_json::from_value(rules.clone())?);
        roles.replace(name, &PostParams::default(), &role).await?;
        Ok(())
    }

    /// Deletes a service account and waits until the API server refuses its token.
    ///
    /// # Errors
    /// The token stays good.
    pub async fn revoke(&self, namespace: &str, name: &str, token: &str) -> Result<()> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client.clone(), namespace);
        accounts.delete(name, &DeleteParams::default()).await?;
        let connection = self.connection_with(token);
        let deadline = tokio::time::Instant::now() + FORGOTTEN;
        while tokio::time::Instant::now() < deadline {
            let refused = match connect(&connection, &nowhere()).await {
                Ok(cluster) => look(&cluster, namespace).await.err(),
                Err(problem) => Some(problem),
            };
            if refused.is_some_and(|problem| problem.summary == "Kubernetes does not accept the credentials") {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        bail!("the token of {namespace}/{name} is still good")
    }

    /// The settings that lead to this server, without credentials.
    pub fn connection(&self) -> Connection {
        Connection {
            host: Some(self.server.clone()),
            cluster_ca_certificate: Some(self.authority.clone()),
            ..Connection::default()
        }
    }

    /// The settings that lead to this server, with a token.
    pub fn connection_with(&self, token: &str) -> Connection {
        Connection {
            token: Some(token.to_owned()),
            ..self.connection()
        }
    }
}

/// Makes a service account with these rules in its namespace, and returns a token of it.
///
/// # Errors
/// The API server refuses.
pub async fn account(client: &Client, namespace: &str, name: &str, rules: &Value) -> Result<String> {
    make::<ServiceAccount>(client, namespace, json!({"metadata": {"name": name}})).await?;
    make::<Role>(client, namespace, json!({"metadata": {"name": name}, "rules": rules})).await?;
    let binding = json!({
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
    });
    make::<RoleBinding>(client, namespace, binding).await?;
    let request: TokenRequest = serde_json::from_value(json!({"metadata": {}, "spec": {"audiences": []}}))?;
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), namespace);
    let made = accounts
        .create_token_request(name, &PostParams::default(), &request)
        .await?;
    Ok(made.status.context("a token was made")?.token)
}

async fn make<K>(client: &Client, namespace: &str, object: Value) -> Result<()>
where
    K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
        + serde::Serialize
        + DeserializeOwned
        + Clone
        + std::fmt::Debug,
{
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    api.create(&PostParams::default(), &serde_json::from_value(object)?)
        .await?;
    Ok(())
}

/// A kubeconfig that leads where another one does, as whoever holds this token.
///
/// # Errors
/// The kubeconfig cannot be read.
pub fn kubeconfig_with(kubeconfig: &Path, token: &str) -> Result<String> {
    let mut kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    for user in &mut kubeconfig.auth_infos {
        user.auth_info = Some(AuthInfo {
            token: Some(token.to_owned().into()),
            ..AuthInfo::default()
        });
    }
    Ok(serde_json::to_string(&kubeconfig)?)
}

/// An environment in which nothing is set.
pub fn nowhere() -> Environment {
    Environment::new(|_| None, "/nonexistent")
}

/// Connects as the provider does, but without patience.
///
/// # Errors
/// What a user would read.
pub async fn connect(connection: &Connection, environment: &Environment) -> Result<Cluster, Diagnostic> {
    let cluster = connection.connect(environment, CancellationToken::new()).await;
    let limits = Limits {
        attempts: 1,
        ..Limits::default()
    };
    cluster
        .map(|cluster| cluster.with_limits(limits))
        .map_err(|error| diagnose::connection(&error))
}

/// Looks for a deployment that is not there, as a refresh does.
///
/// # Errors
/// What a user would read.
pub async fn look(cluster: &Cluster, namespace: &str) -> Result<(), Diagnostic> {
    let objects: Objects<FlinkDeployment> = Objects::new(cluster.clone(), namespace);
    match objects.find("not-there").await {
        Ok(_) => Ok(()),
        Err(error) => {
            let problems = diagnose::kubernetes(&error, &Deployment::block());
            Err(problems
                .into_iter()
                .next()
                .unwrap_or_else(|| Diagnostic::bug("no words")))
        }
    }
}
