//! A `FlinkStateSnapshot`: its spec and status, and what surrounds the operator's decisions about one
//! ([`super::operator::snapshot`]).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::spec::{Spec, without_nulls};
use super::status::JobStatus;
use super::world::Event;

/// `spec`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SnapshotSpec {
    /// How often a failure is followed by another try. -1, the default, should mean for ever, and means never.
    pub backoff_limit: i64,
    /// Whose state is taken.
    pub job_reference: Option<JobReference>,
    /// Set for a savepoint.
    pub savepoint: Option<Savepoint>,
    /// Set for a checkpoint.
    pub checkpoint: Option<Value>,
}

impl Default for SnapshotSpec {
    fn default() -> Self {
        Self {
            backoff_limit: -1,
            job_reference: None,
            savepoint: None,
            checkpoint: None,
        }
    }
}

impl SnapshotSpec {
    /// Reads the spec of an object. Fails where the operator's own reader would.
    pub fn of(spec: &Value) -> Result<Self, serde_json::Error> {
        serde_json::from_value(without_nulls(spec.clone()))
    }
}

/// `spec.jobReference`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
pub struct JobReference {
    /// `FlinkDeployment` or `FlinkSessionJob`.
    pub kind: String,
    /// In the same namespace.
    pub name: String,
}

/// `spec.savepoint`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Savepoint {
    /// A directory for the savepoint, or, where it exists, the savepoint.
    pub path: Option<String>,
    /// `CANONICAL` or `NATIVE`.
    pub format_type: String,
    /// Whether its files go with the object.
    pub dispose_on_delete: bool,
    /// Whether it was taken already.
    pub already_exists: bool,
}

impl Default for Savepoint {
    fn default() -> Self {
        Self {
            path: None,
            format_type: "CANONICAL".to_owned(),
            dispose_on_delete: true,
            already_exists: false,
        }
    }
}

/// `status`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SnapshotStatus {
    /// Why it failed, as JSON, or why it was given up, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Failures so far.
    pub failures: i64,
    /// Where it lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// When it came to an end, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_timestamp: Option<String>,
    /// How far it is.
    pub state: SnapshotState,
    /// 32 hexadecimal digits, by which the JobManager knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger_id: Option<String>,
    /// When it was asked for, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger_timestamp: Option<String>,
}

/// `status.state`.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the operator's words")]
pub enum SnapshotState {
    #[default]
    TriggerPending,
    InProgress,
    Completed,
    Failed,
    Abandoned,
}

impl SnapshotState {
    /// The word in the object.
    pub fn word(self) -> &'static str {
        match self {
            Self::TriggerPending => "TRIGGER_PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Abandoned => "ABANDONED",
        }
    }
}

/// One `FlinkStateSnapshot` as last read.
#[derive(Clone, Debug)]
pub struct SnapshotObject {
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// Whether our finalizer is on it.
    pub finalizer: bool,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// `spec`.
    pub spec: SnapshotSpec,
    /// `status`, if there is one.
    pub status: Option<SnapshotStatus>,
}

/// The object of the job whose state is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Flink's word for the job's state, as its status has it.
    pub state: String,
    /// The job's id, as its status has it.
    pub job_id: Option<String>,
    /// Where its savepoints go.
    pub savepoint_directory: Option<String>,
    /// Where its checkpoints go.
    pub checkpoint_directory: Option<String>,
    /// Whether it is being deleted.
    pub deleting: bool,
}

impl Subject {
    /// One with these settings, in the state that its status has.
    pub fn new(settings: &Spec, job: Option<&JobStatus>, deleting: bool) -> Self {
        Self {
            state: job.and_then(|job| job.state.clone()).unwrap_or_default(),
            job_id: job.and_then(|job| job.job_id.clone()),
            savepoint_directory: settings.savepoint_directory().map(str::to_owned),
            checkpoint_directory: settings.checkpoint_directory().map(str::to_owned),
            deleting,
        }
    }
}

/// How the JobManager is doing with what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is at work.
    Working,
    /// It is done: where the result lies, nothing where Flink does not tell.
    Taken(String),
    /// It failed, with this message.
    Failed(String),
}

/// Everything a decision is made from.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The object.
    pub object: &'a SnapshotObject,
    /// The object of the job, if there is one of the name.
    pub subject: Option<&'a Subject>,
    /// What became of the trigger in the status.
    pub progress: Option<&'a Progress>,
    /// Milliseconds since the epoch.
    pub now: i64,
    /// How many times faster than the recordings everything goes.
    pub speed: f64,
    /// An id for the next trigger: 32 hexadecimal digits.
    pub fresh_trigger_id: String,
}

/// What is done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Puts our finalizer on the object.
    AddFinalizer,
    /// Takes our finalizer off.
    RemoveFinalizer,
    /// Sets these labels beside those that are there.
    Labels(BTreeMap<String, String>),
    /// Writes the status.
    Status(Box<SnapshotStatus>),
    /// Writes an event about the object, or counts it up.
    Event(Event),
    /// Asks the JobManager for a savepoint or a checkpoint.
    Trigger(Request),
    /// Asks the JobManager to delete a savepoint.
    Dispose(String),
}

/// What a JobManager is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// By which it is known from then on.
    pub trigger_id: String,
    /// The job's id.
    pub job_id: String,
    /// Directory and format of a savepoint; nothing for a checkpoint.
    pub savepoint: Option<(String, String)>,
}

/// What a step comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// What to do now.
    pub effects: Vec<Effect>,
    /// When to look again, in the recordings' time, if nothing changes before.
    pub again: Option<Duration>,
}
