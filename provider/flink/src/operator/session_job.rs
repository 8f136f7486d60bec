//! `FlinkSessionJob`: a job that the operator submits to a session cluster.
//!
//! The doc comments of the fields are the user's reference: they are written for somebody who
//! fills in a Terraform block, not for a reader of this crate.

use std::ops::Deref;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use terraform_schema::model::{AttributeType, Shape};
use terraform_schema::{AttributePath, Computed, Diagnostics, Schema, UpdateClass};

use super::checks;
use super::configuration::FlinkConfiguration;
use super::job::JobSpec;
use super::job_resource::{JobResource, Reported};
use super::pods::Pod;
use super::progress::{self, Baseline};
use super::resource::{FieldForm, Resource};
use super::status::{FlinkSessionJobStatus, JobStatus};
use crate::wait::Progress;

/// The label by which the operator's webhook finds the jobs of a cluster: it adds the label where it is missing.
pub const TARGET_SESSION: &str = "target.session";

/// A `FlinkSessionJob` as the API server returns it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FlinkSessionJob {
    /// Name, namespace, generation, owners of fields.
    pub metadata: ObjectMeta,
    /// What was asked for.
    pub spec: FlinkSessionJobSpec,
    /// What the operator last reported. Absent until the session cluster is ready for the first time. It stays as it
    /// was while the cluster is away: it is no proof that the job runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<FlinkSessionJobStatus>,
}

impl Resource for FlinkSessionJob {
    const KIND: &'static str = "FlinkSessionJob";
    const PLURAL: &'static str = "flinksessionjobs";

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn same_meaning(path: &[&str], left: Option<&Value>, right: Option<&Value>) -> bool {
        super::meaning::means_same(path, left, right)
    }

    fn form(path: &[&str]) -> FieldForm {
        super::meaning::form(path)
    }
}

impl JobResource for FlinkSessionJob {
    fn job(&self) -> Option<&JobSpec> {
        Some(&self.spec.job)
    }

    fn flink_configuration(&self) -> Option<&FlinkConfiguration> {
        self.spec.flink_configuration.as_ref()
    }

    fn deployment_name(&self) -> &str {
        &self.spec.deployment_name
    }

    fn reported(&self) -> Option<Reported<'_>> {
        let status = self.status.as_ref()?;
        Some(Reported {
            observed_generation: status.observed_generation,
            lifecycle_state: status.lifecycle_state.as_ref(),
            job_status: &status.job_status,
            reconciliation_status: &status.reconciliation_status,
            error: status.error.as_deref(),
            job_manager: None,
        })
    }

    fn progress(&self, baseline: &Baseline, pods: &[Pod]) -> Progress {
        progress::session_job(self, baseline, pods)
    }

    /// The JobManager of the session cluster does not know the job any more. The operator's error alone does not tell: it
    /// may stay beside a job that has come back.
    fn is_lost(&self) -> bool {
        let Some(status) = &self.status else { return false };
        let gone = status
            .error
            .as_deref()
            .is_some_and(|error| error.trim() == JOB_NOT_FOUND);
        let unseen = matches!(
            status.job_status.state,
            None | Some(JobStatus::Reconciling | JobStatus::Suspended)
        );
        gone && unseen
    }
}

/// What the operator writes, as plain text, where the JobManager does not know the job.
const JOB_NOT_FOUND: &str = "Job Not Found";

/// What a `FlinkSessionJob` asks for: the cluster, and the job.
#[derive(Clone, Debug, Default, PartialEq, Schema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FlinkSessionJobSpec {
    /// Name of the session cluster: a `FlinkDeployment` without a job of its own, in the same namespace. Take it from
    /// the cluster's resource (`flink_deployment.<name>.name`), so that the job is created after its cluster and
    /// destroyed before it.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(requires_replace, class = Restart, check = checks::deployment_name)]
    pub deployment_name: String,

    /// Configuration of this job alone, key by key, for example `{ "pipeline.name" = "orders" }`. It is laid over that of
    /// the session cluster, and needs Flink 1.17 or newer there. Keys that start with `kubernetes.operator.` or
    /// `job.autoscaler.` take effect without a restart, all others restart the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub flink_configuration: Option<FlinkConfiguration>,

    /// Restarts the job when it changes to another number, in the way `job.upgrade_mode` says. `restart_triggers` does the
    /// same and counts by itself. Without it, the object keeps the one that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub restart_nonce: Option<Computed<i64>>,

    /// The job: what runs, at which parallelism, and how it keeps its state.
    #[schema(class = Restart)]
    pub job: SessionJobSpec,
}

/// The job of a session cluster: the same fields as in an application, with a jar that the operator fetches.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionJobSpec(pub JobSpec);

impl Deref for SessionJobSpec {
    type Target = JobSpec;

    fn deref(&self) -> &JobSpec {
        &self.0
    }
}

/// What the fields mean otherwise than in an application.
const JAR_URI: &str = "\
Address of the job's jar, such as `https://repo.example.com/orders-1.4.2.jar`. The operator's own pod fetches it and uploads \
it to the JobManager, so it must be reachable from there. From operator 1.15 on only `https` is allowed unless \
`kubernetes.operator.user.artifacts.allowed-schemes` in the operator's own configuration says more, and no host in a private \
network unless `kubernetes.operator.user.artifacts.disallow-restricted-hosts` is `false` there. Without it, the entry class \
is taken from the classpath of the session cluster.";

const PARALLELISM: &str = "Number of parallel instances of each operator of the job, at least 1.";

impl AttributeType for SessionJobSpec {
    fn shape() -> Shape {
        let mut shape = JobSpec::shape();
        if let Shape::Block(nested) = &mut shape {
            for attribute in &mut nested.block.attributes {
                match attribute.name.as_str() {
                    "jar_uri" => {
                        attribute.description = JAR_URI.to_owned();
                        attribute.checks.push(checks::session_jar);
                    }
                    "parallelism" => {
                        attribute.description = PARALLELISM.to_owned();
                        attribute.update_class = Some(UpdateClass::Restart);
                    }
                    _ => {}
                }
            }
        }
        shape
    }

    fn decode(value: &terraform_schema::Value, path: &AttributePath) -> Result<Self, Diagnostics> {
        JobSpec::decode(value, path).map(Self)
    }

    fn encode(&self) -> terraform_schema::Value {
        self.0.encode()
    }
}
