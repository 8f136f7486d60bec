//! The arguments and facts of a snapshot.

use std::collections::BTreeMap;

use flink_client::operator::state_snapshot::{JobKind, JobReference, SavepointFormat, SnapshotState};
use terraform_schema::{AttributePath, Computed, Diagnostic, Diagnostics, Schema, Value};

use crate::resources::names;
use crate::resources::timeouts::Timeouts;

/// How often the operator tries again, where nothing is said: after 10 and after another 20 seconds.
pub const BACKOFF_LIMIT: i64 = 2;

/// What savepoints and checkpoints have in common.
#[derive(Clone, Debug, Default, Schema)]
pub struct Snapshot {
    /// Name of the `FlinkStateSnapshot` object. Without it, one is made of the name of the job and of what is asked for.
    /// Not together with `job_manager_url`.
    #[schema(requires_replace, class = Ignored, check = name, remote = "metadata.name")]
    pub name: Option<Computed<String>>,

    /// Namespace of the job and of the object. Without it, the `namespace` of the provider block, else `default`. Not
    /// together with `job_manager_url`.
    #[schema(requires_replace, class = Ignored, check = names::namespace, remote = "metadata.namespace")]
    pub namespace: Option<Computed<String>>,

    /// Name of the `FlinkDeployment` whose job it is taken of: an application. Take it from the resource
    /// (`flink_deployment.<name>.name`), so that the snapshot is taken after the job was created, and destroyed before it.
    /// Set this, `session_job_name` or `job_manager_url`.
    #[schema(requires_replace, class = Ignored, remote = "spec.jobReference.name")]
    pub deployment_name: Option<String>,

    /// Name of the `FlinkSessionJob` that it is taken of. Set this, `deployment_name` or `job_manager_url`.
    #[schema(requires_replace, class = Ignored, remote = "spec.jobReference")]
    pub session_job_name: Option<String>,

    /// URL of a JobManager that is asked directly, such as `https://flink.example.com`: behind an ingress, or of a cluster
    /// without the operator. Kubernetes is not needed for it. Set this, `deployment_name` or `session_job_name`.
    #[schema(class = Local)]
    pub job_manager_url: Option<String>,

    /// Certificates of the authorities that sign the certificate of `job_manager_url`, in PEM. Without it, those that the
    /// system trusts.
    #[schema(class = Local)]
    pub ca_certificate: Option<String>,

    /// Client certificate for `job_manager_url`, in PEM; with `client_key`.
    #[schema(class = Local)]
    pub client_certificate: Option<String>,

    /// Key of the client certificate, in PEM. It is kept in Terraform's state, because destroying may need it.
    #[schema(class = Local, sensitive)]
    pub client_key: Option<String>,

    /// Whether the certificate of `job_manager_url` is not verified. Only for tests.
    #[schema(class = Local)]
    pub insecure: Option<bool>,

    /// Headers of every request to `job_manager_url`, such as `Authorization`. They are kept in Terraform's state, because
    /// destroying may need them.
    #[schema(class = Local, sensitive)]
    pub headers: Option<BTreeMap<String, String>>,

    /// Id of the job, 32 hexadecimal digits. It can be set together with `job_manager_url`; without it, the only job of the
    /// cluster that has not ended is meant.
    #[schema(requires_replace, class = Local)]
    pub job_id: Option<Computed<String>>,

    /// Any values, such as `{ release = "1.4.2" }`: when one of them changes, a new snapshot is taken and this one is
    /// destroyed. With `lifecycle { create_before_destroy = true }`, the new one is taken first.
    #[schema(class = Local)]
    pub triggers: Option<BTreeMap<String, String>>,

    /// How often it is tried again after a failure, with pauses of 10, 20, 40 seconds and so on; at least 0.
    #[schema(class = Ignored, assumed = 2, range(min = 0), remote = "spec.backoffLimit")]
    pub backoff_limit: Option<i64>,

    /// How long each operation may take. `create` holds for the wait until the job runs, and again for the snapshot itself;
    /// `update` for going on with the wait for one that is not complete yet.
    #[schema(class = Local)]
    pub timeouts: Option<Timeouts>,

    /// `namespace/name`, as `terraform import` takes it; with `job_manager_url`, the id by which the JobManager was asked.
    #[schema(stable)]
    pub id: Computed<String>,

    /// Where it is. It is what `initial_savepoint_path` of a job takes. Null for a checkpoint that the JobManager has
    /// forgotten before its place could be asked for.
    #[schema(remote = "status.path")]
    pub location: Computed<String>,

    /// How far it is: `COMPLETED`, and after an apply that failed or was interrupted `TRIGGER_PENDING`, `IN_PROGRESS`, `FAILED` or
    /// `ABANDONED`. The next apply waits again for one that is not complete.
    #[schema(remote = "status.state")]
    pub state: Computed<String>,

    /// When it was triggered, in RFC 3339. Null where nobody knows any more.
    #[schema(remote = "status.triggerTimestamp")]
    pub triggered_at: Computed<String>,

    /// When it was complete, in RFC 3339. Null where nobody knows any more.
    #[schema(remote = "status.resultTimestamp")]
    pub completed_at: Computed<String>,
}

/// What only a savepoint has.
#[derive(Clone, Debug, Default, Schema)]
pub struct SavepointArguments {
    /// Directory that it is written to, such as `s3://example-bucket/savepoints`. Without it, the directory that the job is
    /// configured with (`state.savepoints.dir`). With `already_exists`, the path of the savepoint itself.
    #[schema(requires_replace, class = Ignored, check = not_blank, remote = "spec.savepoint.path")]
    pub path: Option<String>,

    /// Its format.
    #[schema(requires_replace, class = Ignored, assumed = "CANONICAL", remote = "spec.savepoint.formatType")]
    pub format_type: Option<SavepointFormat>,

    /// Whether its files are deleted when the resource is destroyed. The JobManager has to do that, so it works only while
    /// the job runs: where it does not, the files are kept, and destroying says where they are.
    #[schema(class = Ignored, assumed = false, remote = "spec.savepoint.disposeOnDelete")]
    pub dispose_on_destroy: Option<bool>,

    /// Whether the savepoint exists already, at `path`: nothing is taken, nor checked.
    #[schema(requires_replace, class = Ignored, assumed = false, remote = "spec.savepoint.alreadyExists")]
    pub already_exists: Option<bool>,
}

/// What tells one snapshot from all others.
#[derive(Clone, Debug, PartialEq, Eq, Schema)]
pub struct Identity {
    /// Namespace of the object. On import, without it: the `namespace` of the provider block, else `default`. A snapshot
    /// at `job_manager_url` has none.
    pub namespace: Option<String>,
    /// Name of the object; at `job_manager_url`, the id by which the JobManager was asked.
    pub name: String,
}

impl Snapshot {
    /// The namespace. Every plan decides it, so it is there wherever a model is that has one.
    pub fn namespace(&self) -> &str {
        let set = self.namespace.as_ref().and_then(Computed::as_ref);
        set.map_or("default", String::as_str)
    }

    /// The name of the object. Every plan or apply decides it.
    pub fn name(&self) -> &str {
        let set = self.name.as_ref().and_then(Computed::as_ref);
        set.map_or("", String::as_str)
    }

    /// `namespace/name`, for messages and as the id.
    pub fn object(&self) -> String {
        format!("{}/{}", self.namespace(), self.name())
    }

    /// The job, where it is one of the operator's.
    pub fn job(&self) -> Option<JobReference> {
        let (kind, name) = match (&self.deployment_name, &self.session_job_name) {
            (Some(name), _) => (JobKind::FlinkDeployment, name),
            (None, Some(name)) => (JobKind::FlinkSessionJob, name),
            (None, None) => return None,
        };
        let name = name.clone();
        Some(JobReference { kind, name })
    }

    /// The id of the job, where it is known.
    pub fn job_id(&self) -> Option<&str> {
        self.job_id.as_ref().and_then(Computed::as_ref).map(String::as_str)
    }

    /// How often it is tried again.
    pub fn backoff_limit(&self) -> i64 {
        self.backoff_limit.unwrap_or(BACKOFF_LIMIT)
    }

    /// Whether it is complete.
    pub fn is_complete(&self) -> bool {
        self.state.as_ref().map(String::as_str) == Some(SnapshotState::Completed.as_str())
    }
}

impl SavepointArguments {
    /// Whether its files go with the resource.
    pub fn disposes(&self) -> bool {
        self.dispose_on_destroy == Some(true)
    }

    /// Whether it exists already.
    pub fn exists(&self) -> bool {
        self.already_exists == Some(true)
    }
}

/// Checks the name of an object.
fn name(value: &Value, path: &AttributePath) -> Diagnostics {
    match value.as_str() {
        Some(text) if !names::is_dns_subdomain(text) => Diagnostic::error("Not the name of an object")
            .detail(format!(
                "`{text}` cannot be the name of a Kubernetes object. Use lower case letters, digits, `-` and `.`, beginning \
                 and ending with a letter or digit."
            ))
            .at(path.clone())
            .into(),
        _ => Diagnostics::new(),
    }
}

/// Checks that a path is more than white space.
fn not_blank(value: &Value, path: &AttributePath) -> Diagnostics {
    flink_client::operator::checks::not_blank(value, path)
}
