//! The status of a `FlinkDeployment`, as the operator writes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::spec::{JobState, Reconciled};

/// `status`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// Versions and sizes.
    pub cluster_info: BTreeMap<String, String>,
    /// At most one, `Running`.
    pub conditions: Vec<Condition>,
    /// A JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The JobManager's Kubernetes Deployment.
    pub job_manager_deployment_status: JobManagerStatus,
    /// The job.
    pub job_status: JobStatus,
    /// A summary of the rest, see [`Status::lifecycle`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle_state: Option<Lifecycle>,
    /// Generation of `lastReconciledSpec`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What was deployed.
    pub reconciliation_status: ReconciliationStatus,
    /// Only for applications that were deployed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_manager: Option<TaskManager>,
}

/// One condition.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// RFC 3339.
    pub last_transition_time: String,
    /// For people.
    pub message: String,
    /// In CamelCase.
    pub reason: String,
    /// `True` or `False`.
    pub status: String,
    /// `Running`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// `jobManagerDeploymentStatus`.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum JobManagerStatus {
    /// It answers.
    Ready,
    /// Its pod is ready, and it is given a moment.
    DeployedNotReady,
    /// Its pod is not ready.
    Deploying,
    /// There is none.
    #[default]
    Missing,
    /// Its pod cannot start.
    Error,
}

/// `lifecycleState`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the operator's words")]
pub enum Lifecycle {
    Created,
    Suspended,
    Upgrading,
    Deployed,
    Stable,
    RollingBack,
    RolledBack,
    Failed,
    Deleting,
    Deleted,
}

/// `reconciliationStatus.state`.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the operator's words")]
pub enum ReconciliationState {
    Deployed,
    #[default]
    Upgrading,
    RollingBack,
    RolledBack,
}

/// `jobStatus`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobStatus {
    /// Manual checkpoints.
    pub checkpoint_info: Value,
    /// 32 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// The name the program gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_name: Option<String>,
    /// Manual and upgrade savepoints, where they are not objects of their own.
    pub savepoint_info: Value,
    /// Milliseconds since the epoch, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    /// Flink's word for it, or `RECONCILING` while it cannot be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Milliseconds since the epoch, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_time: Option<String>,
    /// What the next deployment starts from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade_savepoint_path: Option<String>,
}

impl Default for JobStatus {
    fn default() -> Self {
        Self {
            checkpoint_info: json!({ "lastPeriodicCheckpointTimestamp": 0 }),
            job_id: None,
            job_name: None,
            savepoint_info: json!({ "lastPeriodicSavepointTimestamp": 0, "savepointHistory": [] }),
            start_time: None,
            state: None,
            update_time: None,
            upgrade_savepoint_path: None,
        }
    }
}

impl JobStatus {
    /// Notes a savepoint, where savepoints are not objects of their own.
    pub fn remember_savepoint(&mut self, savepoint: Value) {
        if let Some(history) = self.savepoint_info["savepointHistory"].as_array_mut() {
            history.push(savepoint.clone());
        }
        self.savepoint_info["lastSavepoint"] = savepoint;
    }
}

/// `reconciliationStatus`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReconciliationStatus {
    /// See [`Reconciled`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_reconciled_spec: Option<String>,
    /// The last one under which the job was seen running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_stable_spec: Option<String>,
    /// Milliseconds since the epoch.
    pub reconciliation_timestamp: i64,
    /// Where the operator is.
    pub state: ReconciliationState,
}

/// `taskManager`, for the scale subresource.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskManager {
    /// Empty while nothing is deployed.
    pub label_selector: String,
    /// 0 while nothing is deployed.
    pub replicas: i64,
}

/// What can stand in `lastReconciledSpec` while the dummy path says that high availability keeps the state.
pub const LAST_STATE_DUMMY: &str = "KUBERNETES_OPERATOR_LAST_STATE";

/// Texts in the error that mean a deployment that the operator cannot mend.
const BEYOND_REPAIR: &[&str] = &[
    "Manual restore required.",
    "It is possible that the job has finished or terminally failed, or the configmaps have been deleted.",
    "HA metadata is not available",
];

impl Status {
    /// The last reconciled spec, decoded.
    pub fn reconciled(&self) -> Option<Reconciled> {
        Reconciled::decode(self.reconciliation_status.last_reconciled_spec.as_deref()?)
    }

    /// The last stable spec, decoded.
    pub fn stable(&self) -> Option<Reconciled> {
        Reconciled::decode(self.reconciliation_status.last_stable_spec.as_deref()?)
    }

    /// Flink's word for the job's state, or an empty text.
    pub fn job_state(&self) -> &str {
        self.job_status.state.as_deref().unwrap_or_default()
    }

    /// Whether the job has ended for good.
    pub fn is_terminal(&self) -> bool {
        matches!(self.job_state(), "FINISHED" | "FAILED" | "CANCELED")
    }

    /// Whether the spec that runs is the one that was seen running before.
    pub fn is_stable(&self) -> bool {
        self.reconciliation_status.is_stable()
    }

    /// The lifecycle state that follows from the other fields.
    pub fn lifecycle(&self) -> Lifecycle {
        let broken = matches!(
            self.job_manager_deployment_status,
            JobManagerStatus::Missing | JobManagerStatus::Error
        );
        lifecycle(&Facts {
            deployed: self.reconciled().map(|reconciled| reconciled.spec.job_state()),
            reconciliation: &self.reconciliation_status,
            job: self.job_state(),
            error: self.error.as_deref(),
            broken,
        })
    }
}

impl ReconciliationStatus {
    /// Whether the spec that runs is the one that was seen running before.
    pub fn is_stable(&self) -> bool {
        self.last_reconciled_spec.is_some() && self.last_reconciled_spec == self.last_stable_spec
    }
}

/// What a lifecycle state follows from.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Whether anything was deployed, and the state noted for its job, if it has one.
    pub deployed: Option<Option<JobState>>,
    /// Where the operator is.
    pub reconciliation: &'a ReconciliationStatus,
    /// Flink's word for the job's state.
    pub job: &'a str,
    /// The error field.
    pub error: Option<&'a str>,
    /// Whether there is no JobManager that could run.
    pub broken: bool,
}

/// The lifecycle state, in the operator's order of precedence.
pub fn lifecycle(facts: &Facts<'_>) -> Lifecycle {
    let beyond_repair = |error: &str| BEYOND_REPAIR.iter().any(|mark| error.contains(mark));
    let Some(wanted) = facts.deployed else {
        return if facts.error.is_some() {
            Lifecycle::Failed
        } else {
            Lifecycle::Created
        };
    };
    match facts.reconciliation.state {
        ReconciliationState::Upgrading => Lifecycle::Upgrading,
        ReconciliationState::RollingBack => Lifecycle::RollingBack,
        _ if wanted == Some(JobState::Suspended) => Lifecycle::Suspended,
        _ if facts.job == "FAILED" => Lifecycle::Failed,
        _ if facts.broken && facts.error.is_some_and(beyond_repair) => Lifecycle::Failed,
        ReconciliationState::RolledBack => Lifecycle::RolledBack,
        ReconciliationState::Deployed if facts.reconciliation.is_stable() => Lifecycle::Stable,
        ReconciliationState::Deployed => Lifecycle::Deployed,
    }
}

/// The error field for an exception of the operator or of Flink.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Java class.
    pub class: &'static str,
    /// For people.
    pub message: String,
    /// A Kubernetes reason, such as `ImagePullBackOff`.
    pub reason: Option<String>,
    /// Messages of the causes, outermost first, with their Java classes.
    pub causes: Vec<(String, String)>,
}

/// The spec was refused.
pub const VALIDATION: &str = "org.apache.flink.kubernetes.operator.exception.ValidationException";
/// The JobManager cannot start.
pub const DEPLOYMENT_FAILED: &str = "org.apache.flink.kubernetes.operator.exception.DeploymentFailedException";
/// State cannot be taken over.
pub const UPGRADE_FAILURE: &str = "org.apache.flink.kubernetes.operator.exception.UpgradeFailureException";
/// A loop of the operator ended with an exception.
pub const RECONCILIATION: &str = "org.apache.flink.kubernetes.operator.exception.ReconciliationException";
/// The job failed for good.
pub const JOB_FAILED: &str = "org.apache.flink.util.SerializedThrowable";

impl Failure {
    /// A failure without a Kubernetes reason and without causes.
    pub fn new(class: &'static str, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            reason: None,
            causes: Vec::new(),
        }
    }

    /// The text for `status.error`.
    pub fn encode(&self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Shape<'a> {
            r#type: &'a str,
            message: &'a str,
            additional_metadata: BTreeMap<&'a str, &'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            throwable_list: Option<Vec<Shape<'a>>>,
        }
        let causes = self.causes.iter().map(|(class, message)| Shape {
            r#type: class,
            message,
            additional_metadata: BTreeMap::new(),
            throwable_list: None,
        });
        let shape = Shape {
            r#type: self.class,
            message: &self.message,
            additional_metadata: self.reason.iter().map(|reason| ("reason", reason.as_str())).collect(),
            throwable_list: Some(causes.collect()),
        };
        // Nothing in it can fail to be written.
        serde_json::to_string(&shape).unwrap_or_default()
    }
}

/// The class in an error text, without its package; empty for plain text.
pub fn error_class(error: &str) -> String {
    let value: Value = serde_json::from_str(error).unwrap_or_default();
    let class = value.get("type").and_then(Value::as_str).unwrap_or_default();
    class.rsplit('.').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::spec::Spec;
    use super::*;

    #[test]
    fn errors_are_written_as_the_operator_does() {
        let refused = Failure::new(VALIDATION, "Job parallelism must be larger than 0").encode();
        let expected = concat!(
            r#"{"type":"org.apache.flink.kubernetes.operator.exception.ValidationException","#,
            r#""message":"Job parallelism must be larger than 0","additionalMetadata":{},"throwableList":[]}"#
        );
        assert_eq!(refused, expected);
        assert_eq!(error_class(&refused), "ValidationException");
        assert_eq!(error_class("Job Not Found"), "");
    }

    #[test]
    fn lifecycle_follows_the_operators_precedence() {
        let running = Reconciled::new(Spec::of(&json!({ "job": {} })).unwrap(), false);
        let suspended = Reconciled::new(Spec::of(&json!({ "job": { "state": "suspended" } })).unwrap(), false);
        let status = |spec: Option<&Reconciled>, stable: bool, state, job: &str, error: Option<&str>| {
            let mut status = Status::default();
            status.reconciliation_status.last_reconciled_spec = spec.map(Reconciled::encode);
            if stable {
                status.reconciliation_status.last_stable_spec = spec.map(Reconciled::encode);
            }
            status.reconciliation_status.state = state;
            status.job_status.state = Some(job.to_owned());
            status.error = error.map(str::to_owned);
            status.lifecycle()
        };
        use ReconciliationState::{Deployed, RolledBack, Upgrading};
        assert_eq!(status(None, false, Upgrading, "", None), Lifecycle::Created);
        assert_eq!(status(None, false, Upgrading, "", Some("x")), Lifecycle::Failed);
        assert_eq!(
            status(Some(&running), true, Upgrading, "FINISHED", None),
            Lifecycle::Upgrading
        );
        assert_eq!(
            status(Some(&suspended), false, Deployed, "FINISHED", None),
            Lifecycle::Suspended
        );
        assert_eq!(
            status(Some(&running), true, Deployed, "FAILED", None),
            Lifecycle::Failed
        );
        assert_eq!(
            status(Some(&running), true, Deployed, "CANCELED", None),
            Lifecycle::Stable
        );
        assert_eq!(
            status(Some(&running), false, Deployed, "RUNNING", None),
            Lifecycle::Deployed
        );
        assert_eq!(
            status(Some(&running), true, RolledBack, "RUNNING", None),
            Lifecycle::RolledBack
        );
        assert_eq!(
            status(Some(&running), true, Deployed, "", Some("HA metadata is not available")),
            Lifecycle::Failed
        );
    }
}
