//! The resource as one struct: what a user writes, and what the cluster reports back.

use std::collections::BTreeMap;

use flink_client::operator::FlinkDeploymentSpec;
use terraform_schema::{Computed, Schema};

use super::checks;
use crate::resources::names;
use crate::resources::timeouts::Timeouts;

/// Runs Apache Flink on Kubernetes through the Flink Kubernetes Operator: an application cluster with one job of its own
/// (`job { }`), or a session cluster to which jobs are submitted later.
///
/// Apply ends when the job runs (or is suspended, where that was asked for), and says why where it does not. Destroying
/// it keeps the state of the job safe first: see `on_destroy` of the provider.
///
/// The folder `examples` of the project has a whole configuration for each common use case, from one file per job to
/// high availability, autoscaling and pods that do not run as root.
#[derive(Clone, Debug, Schema)]
#[schema(name = "flink_deployment", version = 0)]
pub struct Deployment {
    /// Name of the `FlinkDeployment` object: at most 45 lower case letters, digits and `-`, beginning with a letter. The
    /// objects of the cluster are named after it, such as the service `<name>-rest`.
    #[schema(requires_replace, class = Restart, check = checks::name, remote = "metadata.name")]
    pub name: String,

    /// Namespace of the object. Without it, the `namespace` of the provider block, else `default`; an existing
    /// deployment stays where it is when that default changes.
    #[schema(requires_replace, class = Restart, check = names::namespace, remote = "metadata.namespace")]
    pub namespace: Option<Computed<String>>,

    /// Labels of the `FlinkDeployment` object. They are not copied to its pods. Labels that others have set are left
    /// alone.
    #[schema(class = Ignored, check = checks::labels, remote = "metadata.labels")]
    pub labels: Option<BTreeMap<String, String>>,

    /// Annotations of the `FlinkDeployment` object. Annotations that others have set are left alone.
    #[schema(class = Ignored, check = names::annotations, remote = "metadata.annotations")]
    pub annotations: Option<BTreeMap<String, String>>,

    /// The specification of the object: its attributes stand beside the others.
    #[schema(flatten, remote = "spec")]
    pub spec: FlinkDeploymentSpec,

    /// How long each operation may take.
    #[schema(class = Local)]
    pub timeouts: Option<Timeouts>,

    /// Whether fields that another field manager owns (`kubectl`, a GitOps tool, another Terraform configuration) are
    /// taken over. Without it, or with `false`, such a conflict is an error that names the field and its manager.
    #[schema(class = Local)]
    pub force_conflicts: Option<bool>,

    /// What it means when the deployment was written but is not ready within its timeout. Without it, `error`.
    #[schema(class = Local)]
    pub wait_failure: Option<WaitFailure>,

    /// `namespace/name`, as `terraform import` takes it.
    #[schema(stable)]
    pub id: Computed<String>,

    /// UID of the object: another one after it was created anew.
    #[schema(stable, remote = "metadata.uid")]
    pub uid: Computed<String>,

    /// Name of the Kubernetes service that answers the REST interface and the web UI of the JobManager, on port 8081
    /// unless `rest.port` says otherwise.
    #[schema(stable)]
    pub rest_service: Computed<String>,

    /// Id of the job, 32 hexadecimal digits. Null for a session cluster and before the first start.
    #[schema(remote = "status.jobStatus.jobId")]
    pub job_id: Computed<String>,

    /// State of the job as Flink names it, such as `RUNNING`. Null for a session cluster and before the first start.
    #[schema(remote = "status.jobStatus.state")]
    pub job_state: Computed<String>,

    /// The operator's own summary, such as `STABLE`, `SUSPENDED` or `ROLLED_BACK`.
    #[schema(remote = "status.lifecycleState")]
    pub lifecycle_state: Computed<String>,

    /// State of the JobManager's Kubernetes deployment, such as `READY` or `MISSING`.
    #[schema(remote = "status.jobManagerDeploymentStatus")]
    pub job_manager_status: Computed<String>,

    /// Whether the last change was brought about: the job was seen running (or suspended, where that was asked for).
    /// `false` after a failed or interrupted apply: the next one waits again. It stays `true` when the job fails later;
    /// `job_state` and `lifecycle_state` hold the live state.
    pub ready: Computed<bool>,
}

/// What it means when an object was written but is not ready within its timeout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Schema)]
pub enum WaitFailure {
    /// The apply fails. A deployment that was being created is then marked as tainted by Terraform.
    #[default]
    Error,
    /// The apply goes on with a warning and `ready = false`; the next one waits again.
    Warn,
}

/// What tells one deployment from all others.
#[derive(Clone, Debug, PartialEq, Eq, Schema)]
pub struct Identity {
    /// Namespace of the object. On import, without it: the `namespace` of the provider block, else `default`.
    pub namespace: Option<String>,
    /// Name of the object.
    pub name: String,
}

impl Deployment {
    /// `namespace/name`, for messages and as the id.
    pub fn id(&self) -> String {
        format!("{}/{}", self.namespace(), self.name)
    }

    /// The namespace. Every plan decides it, so it is there wherever a model is.
    pub fn namespace(&self) -> &str {
        self.namespace
            .as_ref()
            .and_then(Computed::as_ref)
            .map_or("default", String::as_str)
    }

    /// Whether the last change was brought about.
    pub fn is_ready(&self) -> bool {
        self.ready.0 == Some(true)
    }
}

#[cfg(test)]
mod tests;
