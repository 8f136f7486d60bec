//! `FlinkStateSnapshot`: a savepoint or checkpoint of a job, from operator 1.10 on.
//!
//! The operator acts on the object once: a snapshot that was taken, or could not be, stays as it is. A new one needs a new
//! object. How far the operator is with one says [`progress`]; when a job can be asked for one says [`target`].

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use terraform_schema::Schema;

use super::resource::Resource;
use super::status::{lenient_option, open_enum};

mod progress;
pub mod removal;
mod settle;
pub mod target;

pub use progress::progress;
pub use settle::{Asked, NotTaken, settle};

/// A `FlinkStateSnapshot` as the API server returns it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FlinkStateSnapshot {
    /// Name, namespace, generation, owners of fields.
    pub metadata: ObjectMeta,
    /// What was asked for.
    pub spec: FlinkStateSnapshotSpec,
    /// What became of it. Absent until the operator has acted on it; for ever, where the operator refuses the
    /// specification or does not find the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<FlinkStateSnapshotStatus>,
}

impl Resource for FlinkStateSnapshot {
    const KIND: &'static str = "FlinkStateSnapshot";
    const PLURAL: &'static str = "flinkstatesnapshots";
    const OPERATOR_LABELS: &'static [&'static str] = &[
        "job-reference.kind",
        "job-reference.name",
        "snapshot.state",
        "snapshot.trigger-type",
        "snapshot.type",
    ];

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn same_meaning(path: &[&str], left: Option<&Value>, right: Option<&Value>) -> bool {
        super::meaning::means_same(path, left, right)
    }
}

impl FlinkStateSnapshot {
    /// What became of the snapshot, where the operator has reported anything.
    pub fn state(&self) -> Option<&SnapshotState> {
        self.status.as_ref()?.state.as_ref()
    }

    /// Where the snapshot is, once it is complete and known.
    pub fn location(&self) -> Option<&str> {
        let status = self.status.as_ref()?;
        let path = status.path.as_deref().filter(|path| !path.trim().is_empty());
        path.filter(|_| status.state == Some(SnapshotState::Completed))
    }

    /// Whether deleting the object deletes the files of the savepoint. The operator does so where nothing is said.
    pub fn disposes(&self) -> bool {
        self.spec
            .savepoint
            .as_ref()
            .is_some_and(|savepoint| savepoint.dispose_on_delete != Some(false))
            && self.spec.job_reference.is_some()
    }
}

/// What a `FlinkStateSnapshot` asks for: exactly one of savepoint and checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FlinkStateSnapshotSpec {
    /// The job. Only a savepoint that exists already can do without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_reference: Option<JobReference>,
    /// A savepoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub savepoint: Option<SavepointSpec>,
    /// A checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<CheckpointSpec>,
    /// How often the operator tries again after an error. Up to operator 1.15 the default, -1, means not at all; after
    /// that, for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff_limit: Option<i64>,
}

/// The job that a snapshot is of, in the namespace of the snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobReference {
    /// Kind of the custom resource.
    pub kind: JobKind,
    /// Its name.
    pub name: String,
}

/// The kinds of custom resources that have a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobKind {
    /// An application.
    #[default]
    FlinkDeployment,
    /// A job of a session cluster.
    FlinkSessionJob,
}

/// How a savepoint is taken, and what becomes of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SavepointSpec {
    /// The directory it is written to; of one that exists already, its path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its format. `CANONICAL` where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format_type: Option<SavepointFormat>,
    /// Whether its files are deleted with the object. They are, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispose_on_delete: Option<bool>,
    /// Whether it exists already: nothing is taken, nor checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub already_exists: Option<bool>,
}

/// A checkpoint. There is nothing to say about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointSpec {}

/// In which format a savepoint is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Schema, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SavepointFormat {
    /// Readable by every state backend, so that a job can change its backend with it.
    #[default]
    Canonical,
    /// The state backend's own: faster, for the same backend only.
    Native,
}

/// What became of a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FlinkStateSnapshotStatus {
    /// How far it is.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub state: Option<SnapshotState>,
    /// Id by which the JobManager was asked for it.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub trigger_id: Option<String>,
    /// When the JobManager was asked for it, in RFC 3339.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub trigger_timestamp: Option<String>,
    /// When it was complete or failed, in RFC 3339.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub result_timestamp: Option<String>,
    /// Where it is. Empty for a checkpoint that the JobManager has forgotten before the operator could ask.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The last error: JSON, or plain text where the snapshot was abandoned.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How often it failed.
    #[serde(deserialize_with = "lenient_option", skip_serializing_if = "Option::is_none")]
    pub failures: Option<i64>,
}

open_enum! {
    /// How far the operator is with a snapshot.
    SnapshotState {
        /// To be triggered: for the first time, or again after an error.
        TriggerPending = "TRIGGER_PENDING",
        /// The job is taking it.
        InProgress = "IN_PROGRESS",
        /// It is complete.
        Completed = "COMPLETED",
        /// It could not be taken, and will not be tried again.
        Failed = "FAILED",
        /// The job did not run when it was to be taken. It will not be tried again.
        Abandoned = "ABANDONED",
    }
}

#[cfg(test)]
mod tests;
