//! `FlinkDeployment`: an application (one job with its own cluster) or a session cluster.
//!
//! The doc comments of the fields are the user's reference: they are written for somebody who
//! fills in a Terraform block, not for a reader of this crate.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use terraform_schema::{Computed, Schema};

use super::checks;
use super::configuration::FlinkConfiguration;
use super::ingress::IngressSpec;
use super::job::JobSpec;
use super::job_resource::{JobResource, Reported};
use super::pod_template::PodTemplate;
use super::pods::Pod;
use super::process::{JobManagerSpec, TaskManagerSpec};
use super::progress::{self, Baseline};
use super::resource::{FieldForm, Resource};
use super::status::FlinkDeploymentStatus;
use crate::wait::Progress;

/// A `FlinkDeployment` as the API server returns it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FlinkDeployment {
    /// Name, namespace, generation, owners of fields.
    pub metadata: ObjectMeta,
    /// What was asked for.
    pub spec: FlinkDeploymentSpec,
    /// What the operator last reported. Absent until the operator has taken the object up, and for as
    /// long as an object that was created suspended has never run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<FlinkDeploymentStatus>,
}

impl Resource for FlinkDeployment {
    const KIND: &'static str = "FlinkDeployment";
    const PLURAL: &'static str = "flinkdeployments";

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn same_meaning(path: &[&str], left: Option<&Value>, right: Option<&Value>) -> bool {
        super::meaning::means_same(path, left, right)
    }

    fn form(path: &[&str]) -> FieldForm {
        super::meaning::form(path)
    }

    fn since(path: &str) -> Option<&'static str> {
        ["spec.jobManager.resources", "spec.taskManager.resources"]
            .iter()
            .any(|field| path == *field || path.starts_with(&format!("{field}.")))
            .then_some("1.16")
    }
}

impl JobResource for FlinkDeployment {
    fn job(&self) -> Option<&JobSpec> {
        self.spec.job.as_ref()
    }

    fn flink_configuration(&self) -> Option<&FlinkConfiguration> {
        self.spec.flink_configuration.as_ref()
    }

    fn deployment_name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    fn reported(&self) -> Option<Reported<'_>> {
        let status = self.status.as_ref()?;
        Some(Reported {
            observed_generation: status.observed_generation,
            lifecycle_state: status.lifecycle_state.as_ref(),
            job_status: &status.job_status,
            reconciliation_status: &status.reconciliation_status,
            error: status.error.as_deref(),
            job_manager: status.job_manager_deployment_status.as_ref(),
        })
    }

    fn progress(&self, baseline: &Baseline, pods: &[Pod]) -> Progress {
        progress::deployment(self, baseline, pods)
    }
}

impl FlinkDeployment {
    /// Whether this is a session cluster: a cluster without a job of its own.
    pub fn is_session_cluster(&self) -> bool {
        self.spec.job.is_none()
    }

    /// Name of the Kubernetes service that answers JobManager REST.
    pub fn rest_service(&self) -> String {
        format!("{}-rest", self.metadata.name.as_deref().unwrap_or_default())
    }

    /// Port of JobManager REST: `rest.port` of the configuration, else 8081.
    pub fn rest_port(&self) -> u16 {
        self.spec
            .configured("rest.port")
            .and_then(|port| port.trim().parse().ok())
            .unwrap_or(8081)
    }
}

/// What a `FlinkDeployment` asks for: image, Flink version, configuration, and the job.
#[derive(Clone, Debug, Default, PartialEq, Schema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FlinkDeploymentSpec {
    /// Container image of JobManager and TaskManagers, for example
    /// `registry.example.com/team/orders:1.4.2`. It must contain the Flink version named in
    /// `flink_version`. Without it, the image of the operator's default configuration is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart, check = checks::not_blank)]
    pub image: Option<String>,

    /// When the image is pulled. Without it, Kubernetes decides: `Always` for the tag `latest`, else
    /// `IfNotPresent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub image_pull_policy: Option<ImagePullPolicy>,

    /// Kubernetes service account the Flink pods run as, for example `flink`. It must exist in the
    /// namespace and, in `native` mode, be allowed to manage pods, config maps and deployments.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(class = Restart, check = checks::not_blank)]
    pub service_account: String,

    /// Flink version of the image, as `v<major>_<minor>`: `v1_20`, `v2_1`. The operator has to know
    /// the version: operator 1.10 knows up to `v1_20`, 1.11 up to `v2_0`, 1.13 up to `v2_2`, 1.15 up to
    /// `v2_4`.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(class = Restart, check = checks::flink_version)]
    pub flink_version: String,

    /// Who creates the TaskManagers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(requires_replace, class = Restart, assumed = "native")]
    pub mode: Option<DeploymentMode>,

    /// Flink and operator configuration, key by key, for example
    /// `{ "taskmanager.numberOfTaskSlots" = "2", "state.savepoints.dir" = "s3://flink/savepoints" }`.
    /// Keys that start with `kubernetes.operator.` or `job.autoscaler.` take effect without a
    /// restart, all others restart the job. `kubernetes.namespace`, `kubernetes.cluster-id` and
    /// `high-availability.cluster-id` belong to the operator and are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub flink_configuration: Option<FlinkConfiguration>,

    /// Logging configuration files, by file name: `log4j-console.properties` or
    /// `logback-console.xml`, with the content of the file. Without it, the files of the image or of
    /// the operator are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub log_configuration: Option<BTreeMap<String, String>>,

    /// Restarts the job when it changes to another number, in the way `job.upgrade_mode` says; a
    /// session cluster is created anew. `restart_triggers` does the same and counts by itself. Without
    /// it, the object keeps the one that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub restart_nonce: Option<Computed<i64>>,

    /// Pod template shared by JobManager and TaskManagers: a Kubernetes pod template as an object,
    /// or as a string of YAML or JSON. The container that runs Flink must be named
    /// `flink-main-container`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub pod_template: Option<PodTemplate>,

    /// Ingress to the Flink web UI and REST interface. Without it, none is created.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub ingress: Option<IngressSpec>,

    /// The job of an application cluster. Leave it out for a session cluster, to which jobs are
    /// submitted later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(requires_replace, class = Restart)]
    pub job: Option<JobSpec>,

    /// The JobManager: its size, number and pod template.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub job_manager: Option<JobManagerSpec>,

    /// The TaskManagers: their size, number and pod template.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub task_manager: Option<TaskManagerSpec>,
}

impl FlinkDeploymentSpec {
    /// The value of a configuration key, where the specification sets it.
    pub fn configured(&self, key: &str) -> Option<&str> {
        self.flink_configuration.as_ref()?.get(key).map(String::as_str)
    }
}

/// When the image of a container is pulled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Schema, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub enum ImagePullPolicy {
    /// Only where the node does not have the image yet.
    #[default]
    IfNotPresent,
    /// Before every start of a container.
    Always,
    /// Never: the node must have the image.
    Never,
}

/// Who creates the TaskManagers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Schema, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeploymentMode {
    /// Flink itself asks Kubernetes for TaskManagers, as many as the jobs need.
    #[default]
    Native,
    /// The operator runs a fixed number of TaskManagers (`task_manager.replicas`); Flink knows nothing
    /// of Kubernetes. Needed for the reactive scheduler.
    Standalone,
}
