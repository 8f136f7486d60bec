//! JobManager and TaskManagers: number, size, pod template.

use serde::{Deserialize, Serialize};
use terraform_schema::Schema;

use super::pod_template::PodTemplate;
use super::quantity::{Cpu, Memory, Quantities, Quantity};

/// The JobManager, which coordinates the jobs of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Schema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobManagerSpec {
    /// Number of JobManagers. More than one needs high availability (`high-availability.type`); the
    /// others stand by.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart, assumed = 1, range(min = 1))]
    pub replicas: Option<i64>,

    /// CPU and memory of one JobManager.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub resource: Option<ProcessResource>,

    /// Requests and limits of one JobManager in the Kubernetes form. Needs operator 1.16 or newer;
    /// where it is set, `resource` is not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub resources: Option<ResourceRequirements>,

    /// Pod template of the JobManager, laid over the `pod_template` of the deployment. Lists are laid
    /// over each other by position unless `kubernetes.operator.pod-template.merge-arrays-by-name` is
    /// `true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub pod_template: Option<PodTemplate>,
}

/// The TaskManagers, which execute the tasks of the jobs.
#[derive(Clone, Debug, Default, PartialEq, Schema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskManagerSpec {
    /// Number of TaskManagers. An application then runs at this number times
    /// `taskmanager.numberOfTaskSlots`, and `job.parallelism` is not used. A `native` session cluster
    /// ignores it; a `standalone` one has 1 without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Scaled, range(min = 1))]
    pub replicas: Option<i64>,

    /// CPU and memory of one TaskManager.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub resource: Option<ProcessResource>,

    /// Requests and limits of one TaskManager in the Kubernetes form. Needs operator 1.16 or newer;
    /// where it is set, `resource` is not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub resources: Option<ResourceRequirements>,

    /// Pod template of the TaskManagers, laid over the `pod_template` of the deployment. Lists are
    /// laid over each other by position unless
    /// `kubernetes.operator.pod-template.merge-arrays-by-name` is `true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub pod_template: Option<PodTemplate>,
}

/// CPU and memory of one JobManager or TaskManager.
#[derive(Clone, Debug, Default, PartialEq, Schema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProcessResource {
    /// CPUs of one process, fractions allowed: `0.5`. Flink assumes 1 for the JobManager and as many
    /// as there are slots for a TaskManager.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub cpu: Option<Cpu>,

    /// Total memory of one process, heap and everything else, for example `2048m` or `2g`. Units
    /// count in steps of 1024: `1g` is `1024m` is 1 GiB; the Kubernetes spelling `2Gi` is understood,
    /// too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub memory: Option<Memory>,

    /// Disk space of one process outside its volumes, as a Kubernetes quantity: `10Gi`, or `10G` for
    /// ten thousand million bytes. The operator does not take Flink's spelling here (`10g`). Without
    /// it, none is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub ephemeral_storage: Option<Quantity>,
}

/// Requests and limits in the form of a Kubernetes container.
#[derive(Clone, Debug, Default, PartialEq, Schema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceRequirements {
    /// What the scheduler sets aside, for example `{ cpu = "2", memory = "8Gi" }`. What is missing
    /// here is taken from `limits`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub requests: Option<Quantities>,

    /// What a process may use at most, for example `{ cpu = "4", memory = "9Gi" }`. At least as much
    /// as `requests`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub limits: Option<Quantities>,

    /// Devices that are claimed for the process, one block per claim.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(class = Restart)]
    pub claims: Vec<ResourceClaim>,
}

/// A claim on a device, as in the `resources.claims` of a Kubernetes container.
#[derive(Clone, Debug, Default, PartialEq, Schema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceClaim {
    /// Name of an entry of `resourceClaims` in the pod template.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(class = Restart)]
    pub name: String,

    /// Name of the request within the claim. Without it, all that was claimed is made available.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart)]
    pub request: Option<String>,
}
