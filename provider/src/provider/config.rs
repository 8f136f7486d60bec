//! The provider block as a struct.

use std::collections::BTreeMap;

use flink_client::kubernetes::{API_VERSIONS, Exec};
use flink_client::operator::OnDestroy;
use terraform_schema::validate::not_a_choice;
use terraform_schema::{AttributePath, Diagnostics, Schema, Value};

use crate::resources::names;

/// Manages Apache Flink on Kubernetes through the
/// [Flink Kubernetes Operator](https://nightlies.apache.org/flink/flink-kubernetes-operator-docs-stable/). The operator must
/// be installed in the cluster and watch the namespaces of the deployments.
///
/// The cluster is reached like with `kubectl`: by a kubeconfig, by `host` and credentials, or from inside a pod by its
/// service account. What is set in the block counts before environment variables, and those before the kubeconfig. Never
/// is a server assumed that nobody named. The guide [Connections](guides/connections.md) has an example of each way.
#[derive(Clone, Debug, Default, Schema)]
#[schema(name = "flink", version = 0)]
pub struct ProviderConfig {
    /// Path of the kubeconfig, such as `~/.kube/config`. Environment: `KUBE_CONFIG_PATH`. Where neither this nor
    /// `config_paths` nor `host` is set anywhere, the environment variable `KUBECONFIG` is looked at, and then the service
    /// account of the pod.
    pub config_path: Option<String>,

    /// Paths of several kubeconfigs that are merged: the first one that has a value wins. Environment:
    /// `KUBE_CONFIG_PATHS`, separated as in `PATH`. Not together with `config_path`.
    pub config_paths: Option<Vec<String>>,

    /// Context of the kubeconfig. Environment: `KUBE_CTX`. Without it, its current context. Its namespace is not used.
    pub config_context: Option<String>,

    /// Cluster of the kubeconfig that is used instead of the context's. Environment: `KUBE_CTX_CLUSTER`.
    pub config_context_cluster: Option<String>,

    /// User of the kubeconfig who is used instead of the context's. Environment: `KUBE_CTX_AUTH_INFO`.
    pub config_context_auth_info: Option<String>,

    /// Address of the Kubernetes API server, such as `https://kubernetes.example.com:6443`. Environment: `KUBE_HOST`.
    /// With it, no kubeconfig is read unless one is named as well.
    pub host: Option<String>,

    /// Bearer token. Environment: `KUBE_TOKEN`. A token that ends during an apply is better had from `exec` or a
    /// kubeconfig with `tokenFile`: those are asked again.
    #[schema(sensitive)]
    pub token: Option<String>,

    /// Certificates of the authorities that sign the server's certificate, in PEM. Environment:
    /// `KUBE_CLUSTER_CA_CERT_DATA`.
    pub cluster_ca_certificate: Option<String>,

    /// Client certificate, in PEM; with `client_key`. Environment: `KUBE_CLIENT_CERT_DATA`.
    pub client_certificate: Option<String>,

    /// Key of the client certificate, in PEM. Environment: `KUBE_CLIENT_KEY_DATA`.
    #[schema(sensitive)]
    pub client_key: Option<String>,

    /// Name in the server's certificate, where it is not the one in `host`. Environment: `KUBE_TLS_SERVER_NAME`.
    pub tls_server_name: Option<String>,

    /// Proxy on the way to the API server, such as `http://proxy.example.com:3128`; `https://` and `socks5://` work too.
    /// Environment: `KUBE_PROXY_URL`. Without it, the `proxy-url` of the kubeconfig; `HTTPS_PROXY` is not looked at.
    pub proxy_url: Option<String>,

    /// Whether the server's certificate is not verified. Only for tests: anybody on the way can read the credentials.
    /// Environment: `KUBE_INSECURE`.
    pub insecure: Option<bool>,

    /// A command that hands out credentials, such as `aws eks get-token`. It is run when the cluster is first needed,
    /// never to plan new resources only, and again when its credentials have expired or are no longer accepted. It cannot
    /// ask anybody: what it says is in the log at level INFO.
    pub exec: Option<ExecPlugin>,

    /// Namespace of the resources that do not set their own. Without it, `default`: never the one of the kubeconfig's
    /// context. Changing it moves nothing that exists.
    #[schema(check = names::namespace)]
    pub namespace: Option<String>,

    /// What becomes of jobs when their deployments or session jobs are destroyed, whatever `on_destroy` of these resources
    /// says: a destroy knows only what was applied last, so this is the place for a word about the present one. Without it,
    /// each resource decides. Deployments that have no running job, and session clusters, are just deleted; a session cluster
    /// not before its jobs are gone.
    pub on_destroy: Option<OnDestroy>,
}

/// A command that hands out credentials.
#[derive(Clone, Debug, Default, Schema)]
pub struct ExecPlugin {
    /// Version of the protocol that the command speaks: `client.authentication.k8s.io/v1` or
    /// `client.authentication.k8s.io/v1beta1`.
    #[schema(check = api_version)]
    pub api_version: String,

    /// The command. Without a slash in it, it is looked up in `PATH`.
    pub command: String,

    /// Its arguments. Plans show them: secrets belong in `env`.
    pub args: Option<Vec<String>>,

    /// Environment variables for it, besides those that Terraform runs with.
    #[schema(sensitive)]
    pub env: Option<BTreeMap<String, String>>,
}

impl From<ExecPlugin> for Exec {
    fn from(plugin: ExecPlugin) -> Self {
        let ExecPlugin {
            api_version,
            command,
            args,
            env,
        } = plugin;
        Self {
            api_version,
            command,
            args: args.unwrap_or_default(),
            env: env.unwrap_or_default(),
        }
    }
}

/// Checks the version of the protocol.
fn api_version(value: &Value, path: &AttributePath) -> Diagnostics {
    match value.as_str() {
        Some(version) if !API_VERSIONS.contains(&version) => not_a_choice(version, API_VERSIONS, path).into(),
        _ => Diagnostics::new(),
    }
}
