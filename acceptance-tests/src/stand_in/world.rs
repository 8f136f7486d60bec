//! What surrounds the operator's decisions: what it finds, and what it does.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::snapshot::JobReference;
use super::spec::Spec;
use super::status::{Failure, Status};

/// One `FlinkDeployment` as last read.
#[derive(Clone, Debug)]
pub struct Object {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.generation`.
    pub generation: i64,
    /// Whether our finalizer is on it.
    pub finalizer: bool,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// `spec`.
    pub spec: Spec,
    /// `status`, if there is one.
    pub status: Option<Status>,
}

/// The cluster that belongs to an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClusterView {
    /// Its JobManager.
    pub job_manager: JobManager,
    /// Its job, once it can be seen.
    pub job: Option<JobView>,
    /// Where the job's last completed checkpoint lies.
    pub checkpoint: Option<String>,
    /// For `status.clusterInfo`.
    pub info: BTreeMap<String, String>,
    /// Jobs of a session cluster that were run over REST and have not ended.
    pub unmanaged_jobs: Vec<String>,
}

/// A JobManager and its pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum JobManager {
    /// There is none.
    #[default]
    Absent,
    /// Its pod is not ready.
    Starting,
    /// Its pod cannot start.
    Failing {
        /// Kubernetes' reason.
        reason: String,
        /// Kubernetes' message.
        message: String,
    },
    /// Its pod is ready, but its REST API does not answer.
    Mute,
    /// Its pod is ready, and its REST API answers.
    Up,
}

/// A job as the JobManager shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct JobView {
    /// 32 hexadecimal digits.
    pub id: String,
    /// The name the program gave it.
    pub name: String,
    /// Flink's word.
    pub state: String,
    /// Milliseconds since the epoch.
    pub start_time: i64,
    /// Milliseconds since the epoch.
    pub update_time: i64,
    /// Why it failed or restarts.
    pub failure: Option<Failure>,
}

/// Everything a decision is made from.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The object.
    pub object: &'a Object,
    /// Its cluster.
    pub cluster: &'a ClusterView,
    /// Result of the [`Effect::Deploy`], [`Effect::Stop`] or [`Effect::Trigger`] that ended the previous step.
    pub outcome: Option<&'a Outcome>,
    /// Names of the session jobs that live on this cluster.
    pub session_jobs: &'a [String],
    /// Whether savepoints become objects of their own.
    pub snapshot_objects: bool,
    /// Whether the ConfigMaps of high availability know the job's last checkpoint.
    pub ha_metadata: bool,
    /// Milliseconds since the epoch.
    pub now: i64,
    /// How many times faster than the recordings everything goes.
    pub speed: f64,
    /// An id for the next job: 32 hexadecimal digits.
    pub fresh_job_id: String,
}

/// What the operator remembers about an object, until it is restarted.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The generation whose first version was refused; it is not looked at again.
    pub refused: Option<i64>,
    /// Whether the autoscaler has its ConfigMap.
    pub autoscaler: bool,
    /// Since when a JobManager that is gone is asked for its jobs, in milliseconds since the epoch.
    pub asking: Option<i64>,
}

/// What is done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Puts our finalizer on the object.
    AddFinalizer,
    /// Takes our finalizer off.
    RemoveFinalizer,
    /// Writes the status.
    Status(Box<Status>),
    /// Writes an event about the object, or counts it up.
    Event(Event),
    /// Starts the cluster. Where Kubernetes refuses it, the effects after this one are dropped, and the next step
    /// gets the outcome.
    Deploy(Box<Deploy>),
    /// Asks for the job to be cancelled.
    Cancel,
    /// Takes the cluster down and waits until it is gone.
    TearDown {
        /// Whether what high availability remembers outlives it.
        keep_metadata: bool,
    },
    /// Makes the autoscaler's ConfigMap, which every application has.
    Autoscaler,
    /// Takes a savepoint and ends the job. Always the last effect: the next step gets the outcome.
    Stop {
        /// Where to.
        directory: String,
        /// Whether sources are run to their end first.
        drain: bool,
    },
    /// Takes a savepoint or a checkpoint beside the running job. Always the last effect, as above.
    Trigger(Trigger),
    /// Changes the number of TaskManagers in place.
    Scale(i64),
    /// Creates a `FlinkStateSnapshot`.
    Snapshot(Snapshot),
}

/// What an effect came to. Of a savepoint or checkpoint: its location (nothing for a checkpoint), or why it failed.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Kubernetes refused the objects of a cluster, with this message.
    Refused(String),
    /// Of a stop with savepoint.
    Stopped(Result<String, String>),
    /// Of a manual savepoint or checkpoint.
    Taken(Result<String, String>),
}

/// What is taken beside a running job.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// A savepoint into this directory.
    Savepoint(String),
    /// A checkpoint.
    Checkpoint,
}

/// An event about the object.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Whether it is of type `Warning`.
    pub warning: bool,
    /// Its reason.
    pub reason: String,
    /// Its message.
    pub message: String,
    /// Its source.
    pub component: &'static str,
}

/// How a cluster is started.
#[derive(Clone, Debug, PartialEq)]
pub struct Deploy {
    /// What to run.
    pub spec: Spec,
    /// The job's id; `None` for a session cluster.
    pub job_id: Option<String>,
    /// Where state comes from.
    pub restore: Restore,
}

/// Where a job's state comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Restore {
    /// Nowhere.
    Nothing,
    /// A savepoint or a retained checkpoint.
    From(String),
    /// The last checkpoint, as high availability remembers it.
    LastState,
}

/// A `FlinkStateSnapshot` that the operator makes.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Its name.
    pub name: String,
    /// `UPGRADE` or `MANUAL`.
    pub trigger: &'static str,
    /// A directory, or, where the savepoint exists, the savepoint; `None` for a checkpoint.
    pub path: Option<String>,
    /// Whether the savepoint was taken already.
    pub exists: bool,
}

impl Snapshot {
    /// One of the job whose object has this name.
    pub fn new(job: &str, now: i64, trigger: &'static str, path: Option<String>, exists: bool) -> Self {
        let kind = if path.is_some() { "savepoint" } else { "checkpoint" };
        Self {
            name: format!("{job}-{kind}-{}-{now}", trigger.to_lowercase()),
            trigger,
            path,
            exists,
        }
    }

    /// The spec of its object.
    pub fn spec(&self, job: &JobReference) -> Value {
        let mut spec = json!({ "backoffLimit": 0, "jobReference": job });
        match &self.path {
            Some(path) => {
                spec["savepoint"] = json!({
                    "alreadyExists": self.exists,
                    "disposeOnDelete": false,
                    "formatType": "CANONICAL",
                    "path": path,
                });
            }
            None => spec["checkpoint"] = json!({}),
        }
        spec
    }
}

/// What a step comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// What to do now.
    pub effects: Vec<Effect>,
    /// When to look again, in the recordings' time, if nothing changes before.
    pub again: Option<Duration>,
}
