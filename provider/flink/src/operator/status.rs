//! The status of a `FlinkDeployment` and of a `FlinkSessionJob`, as far as it is used.
//!
//! The operator calls its status internal and subject to change. So nothing here fails: a field with
//! an unexpected shape is absent, an unknown word is kept as [`Unknown`](JobStatus::Unknown).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// Reads a value leniently: what does not have the expected shape is the default.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).unwrap_or_default())
}

/// Reads an optional value leniently; unlike [`lenient`] it never replaces a missing value by a
/// default one.
pub(super) fn lenient_option<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

/// What the operator last reported about a deployment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FlinkDeploymentStatus {
    /// Generation of the specification the operator has taken up. It is not advanced while an upgrade
    /// waits, nor for a specification that was rejected.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The operator's own summary. Never enough alone: it stays `STABLE` while a job restarts.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub lifecycle_state: Option<LifecycleState>,
    /// State of the JobManager's Kubernetes deployment.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub job_manager_deployment_status: Option<JobManagerStatus>,
    /// The job. Meaningless for session clusters.
    #[serde(deserialize_with = "lenient")]
    pub job_status: JobStatusReport,
    /// How far the operator is with the specification.
    #[serde(deserialize_with = "lenient")]
    pub reconciliation_status: ReconciliationStatus,
    /// The last error, as JSON or plain text: see [`OperatorError`](super::error::OperatorError).
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Facts about the running cluster: `flink-version`, `total-cpu`, `total-memory`, `state-size`.
    #[serde(deserialize_with = "lenient")]
    pub cluster_info: std::collections::BTreeMap<String, Value>,
    /// What holds, in Kubernetes' own form: from operator 1.15 on one of type `Running`.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<StatusCondition>,
    /// The TaskManagers of an application.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub task_manager: Option<TaskManagerInfo>,
}

/// What the operator last reported about a session job. It looks only while the session cluster is ready: all of it is
/// frozen while the cluster is away.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FlinkSessionJobStatus {
    /// Generation of the specification the operator has taken up.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The operator's own summary. Never enough alone: it stays `STABLE` for a job that was lost.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub lifecycle_state: Option<LifecycleState>,
    /// The job.
    #[serde(deserialize_with = "lenient")]
    pub job_status: JobStatusReport,
    /// How far the operator is with the specification.
    #[serde(deserialize_with = "lenient")]
    pub reconciliation_status: ReconciliationStatus,
    /// The last error, as JSON or plain text: see [`OperatorError`](super::error::OperatorError). It stays beside a job
    /// that has become healthy until the next change.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A condition of a status, in Kubernetes' own form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatusCondition {
    /// What it is about: `Running`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it holds: `True`, `False` or `Unknown`.
    pub status: String,
    /// Why, in one word.
    pub reason: String,
    /// Why, in a sentence.
    pub message: String,
    /// Since when, in RFC 3339.
    #[serde(deserialize_with = "lenient_option")]
    pub last_transition_time: Option<String>,
}

/// The TaskManagers of an application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskManagerInfo {
    /// Number of TaskManagers; 0 before the first deployment and during upgrades.
    #[serde(deserialize_with = "lenient_option")]
    pub replicas: Option<i64>,
    /// Label selector of their pods.
    #[serde(deserialize_with = "lenient_option")]
    pub label_selector: Option<String>,
}

/// What the operator knows about the job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobStatusReport {
    /// Name of the job, from its program.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub job_name: Option<String>,
    /// Id of the job, 32 hexadecimal digits.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// State of the job. `FINISHED` is also a filler during every upgrade.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub state: Option<JobStatus>,
    /// When the job started: milliseconds since 1970, as text.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    /// When the status was last updated: milliseconds since 1970, as text.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub update_time: Option<String>,
    /// The state the next start would be from: a savepoint, a retained checkpoint, or
    /// [`LAST_STATE`] for "whatever the high-availability data points to".
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub upgrade_savepoint_path: Option<String>,
}

/// The stand-in for a path that the operator writes where the state is to be found through
/// high-availability data. It is not a path and restores nothing once the deployment is deleted.
pub const LAST_STATE: &str = "KUBERNETES_OPERATOR_LAST_STATE";

impl JobStatusReport {
    /// The path of a savepoint or checkpoint a new job can start from, if the operator knows one.
    pub fn restorable_path(&self) -> Option<&str> {
        self.upgrade_savepoint_path
            .as_deref()
            .filter(|path| !path.trim().is_empty() && *path != LAST_STATE)
    }
}

/// How far the operator is with the specification.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReconciliationStatus {
    /// What the operator is doing.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub state: Option<ReconciliationState>,
    /// The specification the operator last acted on, as JSON text. Not the user's: see
    /// [`ReconciledSpec`].
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub last_reconciled_spec: Option<String>,
    /// The specification that last ran, as JSON text.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub last_stable_spec: Option<String>,
}

impl ReconciliationStatus {
    /// The last reconciled specification, where there is one.
    pub fn reconciled(&self) -> Option<ReconciledSpec> {
        self.last_reconciled_spec.as_deref().map(ReconciledSpec::decode)
    }
}

/// The only facts of a last reconciled specification that mean something to others than the operator.
///
/// It must never be compared with a configuration: during an upgrade its job is suspended, its upgrade
/// mode is the one that was really used, and changes that need no restart are missing from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReconciledSpec {
    /// The state of the job the operator has brought about, `running` or `suspended`. Absent for
    /// session clusters.
    pub job_state: Option<String>,
    /// The parallelism that the job was deployed with: the largest one, where the autoscaler gave each vertex its own.
    pub parallelism: Option<i64>,
    /// How the job was started last, or stopped: `stateless`, `savepoint` or `last-state`.
    pub upgrade_mode: Option<String>,
    /// The last `restartNonce` that was acted on.
    pub restart_nonce: Option<i64>,
    /// The last `savepointRedeployNonce` that was acted on.
    pub savepoint_redeploy_nonce: Option<i64>,
    /// The last `autoscalerResetNonce` that was acted on.
    pub autoscaler_reset_nonce: Option<i64>,
}

/// Where the autoscaler leaves its decisions: `<vertex id>:<parallelism>,...`.
const OVERRIDES: &str = "pipeline.jobvertex-parallelism-overrides";

impl ReconciledSpec {
    /// Decodes the text of any operator version: `{"spec": {...}, "resource_metadata": {...}}`, or the
    /// bare specification of old ones. Text that is not JSON counts as a specification without facts.
    pub fn decode(text: &str) -> Self {
        let decoded: Value = serde_json::from_str(text).unwrap_or_default();
        let spec = decoded.get("spec").unwrap_or(&decoded);
        let text = |field: &str| spec.pointer(field).and_then(Value::as_str).map(str::to_lowercase);
        let number = |field: &str| spec.pointer(field).and_then(Value::as_i64);
        Self {
            job_state: text("/job/state"),
            parallelism: overridden(spec).or_else(|| number("/job/parallelism")),
            upgrade_mode: text("/job/upgradeMode"),
            restart_nonce: number("/restartNonce"),
            savepoint_redeploy_nonce: number("/job/savepointRedeployNonce"),
            autoscaler_reset_nonce: number("/job/autoscalerResetNonce"),
        }
    }

    /// Whether the operator has stopped the job: for good, or on the way to its next start.
    pub fn is_suspended(&self) -> bool {
        self.job_state.as_deref() == Some("suspended")
    }
}

/// The largest parallelism that the autoscaler gave to a vertex.
fn overridden(spec: &Value) -> Option<i64> {
    let overrides = spec.get("flinkConfiguration")?.get(OVERRIDES)?.as_str()?;
    overrides
        .split(',')
        .filter_map(|entry| entry.rsplit_once(':')?.1.trim().parse().ok())
        .max()
}

/// Declares an enum of words that may grow: known ones as variants, all others as `Unknown`.
macro_rules! open_enum {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
            /// A word this version does not know.
            Unknown(String),
        }

        impl $name {
            /// The word as the operator writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Unknown(word) => word,
                }
            }

            /// All known words, for contract tests.
            pub const WORDS: &'static [&'static str] = &[$($word),+];
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.as_str() {
                    $($word => Self::$variant,)+
                    _ => Self::Unknown(word),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }
    };
}

pub(super) use open_enum;

open_enum! {
    /// The operator's summary of a resource.
    LifecycleState {
        /// Not deployed yet.
        Created = "CREATED",
        /// The job is suspended.
        Suspended = "SUSPENDED",
        /// A new specification is being rolled out.
        Upgrading = "UPGRADING",
        /// Deployed, but not seen running yet.
        Deployed = "DEPLOYED",
        /// This specification has been seen running at least once.
        Stable = "STABLE",
        /// The last stable specification is being brought back.
        RollingBack = "ROLLING_BACK",
        /// The last stable specification runs in place of the one asked for.
        RolledBack = "ROLLED_BACK",
        /// The job failed, or the deployment cannot be brought about.
        Failed = "FAILED",
        /// Being cleaned up.
        Deleting = "DELETING",
        /// Cleaned up.
        Deleted = "DELETED",
    }
}

open_enum! {
    /// State of the JobManager's Kubernetes deployment.
    JobManagerStatus {
        /// Its REST interface answers.
        Ready = "READY",
        /// Its pod runs, its REST interface is not trusted to answer yet.
        DeployedNotReady = "DEPLOYED_NOT_READY",
        /// Its pod is being started.
        Deploying = "DEPLOYING",
        /// There is none.
        Missing = "MISSING",
        /// Kubernetes cannot start it. It may heal.
        Error = "ERROR",
    }
}

open_enum! {
    /// What the operator is doing with a resource.
    ReconciliationState {
        /// Nothing: the specification is deployed.
        Deployed = "DEPLOYED",
        /// Between the old and the new specification.
        Upgrading = "UPGRADING",
        /// Going back to the last stable specification.
        RollingBack = "ROLLING_BACK",
        /// Gone back to the last stable specification.
        RolledBack = "ROLLED_BACK",
    }
}

open_enum! {
    /// State of a Flink job.
    JobStatus {
        /// The JobManager is preparing the job.
        Initializing = "INITIALIZING",
        /// The job is known; its tasks do not run yet.
        Created = "CREATED",
        /// The job runs.
        Running = "RUNNING",
        /// The job has failed and is cleaning up before a restart or the end.
        Failing = "FAILING",
        /// The job has failed for good.
        Failed = "FAILED",
        /// The job is being cancelled.
        Cancelling = "CANCELLING",
        /// The job was cancelled.
        Canceled = "CANCELED",
        /// The job has done all its work, or was stopped.
        Finished = "FINISHED",
        /// The job restarts after a failure.
        Restarting = "RESTARTING",
        /// The job has lost its JobManager and waits for another.
        Suspended = "SUSPENDED",
        /// The operator does not know: the JobManager does not answer yet.
        Reconciling = "RECONCILING",
    }
}

impl JobStatus {
    /// Whether the job has ended for good.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Failed | Self::Canceled | Self::Finished)
    }
}

#[cfg(test)]
mod tests;
