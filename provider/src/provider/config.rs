//! The provider block as a struct.

use flink_client::operator::OnDestroy;
use terraform_schema::Schema;

use crate::resources::names;

/// Manages Apache Flink on Kubernetes through the
/// [Flink Kubernetes Operator](https://nightlies.apache.org/flink/flink-kubernetes-operator-docs-stable/). The operator must
/// be installed in the cluster and watch the namespaces of the deployments.
///
/// The cluster is reached like with `kubectl`: by a kubeconfig, by `host` and credentials, or from inside a pod by its
/// service account. What is set in the block counts before environment variables, and those before the kubeconfig. Never
/// is a server assumed that nobody named.
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

    /// Address of the Kubernetes API server, such as `https://kubernetes.example.com:6443`. Environment: `KUBE_HOST`.
    /// With it, no kubeconfig is read unless one is named as well.
    pub host: Option<String>,

    /// Bearer token. Environment: `KUBE_TOKEN`.
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

    /// Whether the server's certificate is not verified. Only for tests: anybody on the way can read the credentials.
    /// Environment: `KUBE_INSECURE`.
    pub insecure: Option<bool>,

    /// Namespace of the resources that do not set their own. Without it, `default`: never the one of the kubeconfig's
    /// context. Changing it moves nothing that exists.
    #[schema(check = names::namespace)]
    pub namespace: Option<String>,

    /// What becomes of a job when its deployment is destroyed. Without it, `savepoint` where the job's upgrade mode is
    /// `savepoint`, or `last-state` with a savepoint directory; else `cancel`. Deployments that have no running job, and
    /// session clusters, are just deleted.
    pub on_destroy: Option<OnDestroy>,
}
