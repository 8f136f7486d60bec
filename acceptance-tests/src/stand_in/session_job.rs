//! A `FlinkSessionJob`: its spec and status as the operator's Java classes hold them, and what surrounds the operator's
//! decisions about one ([`super::operator::session_job`]).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::spec::{Job, JobState, Reconciled, Spec, flatten, without_nulls};
use super::status::{Facts, Failure, JobStatus, Lifecycle, ReconciliationStatus, lifecycle};
use super::world::{Event, JobView, Restore, Snapshot};

/// `spec`, in the order of the Java class's fields.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SessionJobSpec {
    /// What runs.
    pub job: Option<Job>,
    /// Restarts when changed to another number.
    pub restart_nonce: Option<i64>,
    /// Flattened; counts before the cluster's.
    #[serde(deserialize_with = "flatten")]
    pub flink_configuration: BTreeMap<String, String>,
    /// The session cluster.
    pub deployment_name: String,
}

impl SessionJobSpec {
    /// Reads the spec of an object. Fails where the operator's own reader would.
    pub fn of(spec: &Value) -> Result<Self, serde_json::Error> {
        serde_json::from_value(without_nulls(spec.clone()))
    }

    /// The same as a deployment without a cluster, for what is said about both.
    pub fn as_deployment(&self) -> Spec {
        Spec {
            job: self.job.clone(),
            restart_nonce: self.restart_nonce,
            flink_configuration: self.flink_configuration.clone(),
            ..Spec::default()
        }
    }

    /// The job as it runs on a cluster: with that one's settings, less those that it sets itself.
    pub fn on(&self, cluster: &Spec) -> Spec {
        let mut settings = cluster.flink_configuration.clone();
        settings.extend(self.flink_configuration.clone());
        Spec {
            flink_configuration: settings,
            flink_version: cluster.flink_version.clone(),
            ..self.as_deployment()
        }
    }

    /// Desired state of the job.
    pub fn job_state(&self) -> Option<JobState> {
        self.job.as_ref().map(|job| job.state)
    }

    /// The job, changed.
    pub fn with_job(mut self, change: impl FnOnce(&mut Job)) -> Self {
        if let Some(job) = &mut self.job {
            change(job);
        }
        self
    }
}

/// `status`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SessionJobStatus {
    /// A JSON text, or `Job Not Found`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The job.
    pub job_status: JobStatus,
    /// A summary of the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle_state: Option<Lifecycle>,
    /// Generation of `lastReconciledSpec`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What was submitted.
    pub reconciliation_status: ReconciliationStatus,
}

/// The error of a job that its cluster does not know.
pub const JOB_NOT_FOUND: &str = "Job Not Found";

impl SessionJobStatus {
    /// The last reconciled spec, decoded.
    pub fn reconciled(&self) -> Option<Reconciled<SessionJobSpec>> {
        Reconciled::decode(self.reconciliation_status.last_reconciled_spec.as_deref()?)
    }

    /// Flink's word for the job's state, or an empty text.
    pub fn job_state(&self) -> &str {
        self.job_status.state.as_deref().unwrap_or_default()
    }

    /// Whether the job has ended for good.
    pub fn is_terminal(&self) -> bool {
        matches!(self.job_state(), "FINISHED" | "FAILED" | "CANCELED")
    }

    /// The lifecycle state that follows from the other fields.
    pub fn lifecycle(&self) -> Lifecycle {
        lifecycle(&Facts {
            deployed: self.reconciled().map(|reconciled| reconciled.spec.job_state()),
            reconciliation: &self.reconciliation_status,
            job: self.job_state(),
            error: self.error.as_deref(),
            broken: false,
        })
    }
}

/// One `FlinkSessionJob` as last read.
#[derive(Clone, Debug)]
pub struct SessionJobObject {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.generation`.
    pub generation: i64,
    /// Whether our finalizer is on it.
    pub finalizer: bool,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// `spec`.
    pub spec: SessionJobSpec,
    /// `status`, if there is one.
    pub status: Option<SessionJobStatus>,
}

/// The deployment that a session job names.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Its spec.
    pub spec: Spec,
    /// Whether its status says that the JobManager answers.
    pub ready: bool,
}

/// What the operator's configuration says about the jars of session jobs. An object cannot change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifacts {
    /// `kubernetes.operator.user.artifacts.allowed-schemes`.
    pub schemes: Vec<String>,
    /// `kubernetes.operator.user.artifacts.disallow-restricted-hosts`.
    pub restricted_hosts_refused: bool,
}

impl Artifacts {
    /// What an operator 1.15 says unless it is told otherwise.
    pub fn strict() -> Self {
        Self {
            schemes: vec!["https".to_owned()],
            restricted_hosts_refused: true,
        }
    }

    /// What the sandbox's operator says: the jar servers of tests listen on loopback, without TLS.
    pub fn open() -> Self {
        Self {
            schemes: vec!["https".to_owned(), "http".to_owned()],
            restricted_hosts_refused: false,
        }
    }

    /// Reads the operator's configuration. Items of its lists are told apart by semicolons only.
    pub fn of(configuration: &BTreeMap<String, String>) -> Self {
        let option = |name: &str| configuration.get(&format!("kubernetes.operator.user.artifacts.{name}"));
        let strict = Self::strict();
        Self {
            schemes: option("allowed-schemes").map_or(strict.schemes, |list| {
                list.split(';').map(|scheme| scheme.trim().to_owned()).collect()
            }),
            restricted_hosts_refused: option("disallow-restricted-hosts").is_none_or(|value| value != "false"),
        }
    }
}

/// What the name of a jar's host leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// An address of the internet.
    Public,
    /// An address of this machine or of a private network.
    Restricted,
    /// Nothing.
    Unknown,
}

/// Everything a decision is made from.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The object.
    pub object: &'a SessionJobObject,
    /// Its cluster, if there is one of the name.
    pub cluster: Option<&'a Target>,
    /// The job with the id of its status, if the cluster's JobManager knows it.
    pub job: Option<&'a JobView>,
    /// Where that job's last completed checkpoint lies.
    pub checkpoint: Option<&'a str>,
    /// Result of the [`Effect::Submit`] or [`Effect::Stop`] that ended the previous step.
    pub outcome: Option<&'a Outcome>,
    /// What the operator says about jars.
    pub artifacts: &'a Artifacts,
    /// The host of its jar, where that has one.
    pub host: Host,
    /// Milliseconds since the epoch.
    pub now: i64,
    /// An id for the next job: 32 hexadecimal digits.
    pub fresh_job_id: String,
}

/// What the operator remembers about an object, until it is restarted.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The generation that was refused before anything was submitted, with the message.
    pub refused: Option<(i64, String)>,
    /// How often in a row the job could not be submitted.
    pub failures: i32,
    /// The generation whose changes were told in an event.
    pub announced: Option<i64>,
}

/// What is done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Puts our finalizer on the object.
    AddFinalizer,
    /// Takes our finalizer off.
    RemoveFinalizer,
    /// Writes the status.
    Status(Box<SessionJobStatus>),
    /// Writes an event about the object, or counts it up.
    Event(Event),
    /// Runs the job. Always the last effect: the next step gets the outcome.
    Submit(Box<Submission>),
    /// Asks for the job with this id to be cancelled.
    Cancel(String),
    /// Takes a savepoint of the job and ends it. Always the last effect, as above.
    Stop {
        /// The job's id.
        job: String,
        /// Where to.
        directory: String,
        /// Whether sources are run to their end first.
        drain: bool,
    },
    /// Creates a `FlinkStateSnapshot`.
    Snapshot(Snapshot),
}

/// What an effect came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Of a submission.
    Submitted(Result<(), Failure>),
    /// Of a stop with savepoint: where it lies, or why it failed.
    Stopped(Result<String, String>),
}

/// How a job is run on a session cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Submission {
    /// 32 hexadecimal digits.
    pub job_id: String,
    /// The job, with the settings of its cluster.
    pub spec: Spec,
    /// Settings that the job has and its cluster has not.
    pub own_settings: BTreeMap<String, String>,
    /// Where its state comes from.
    pub restore: Restore,
}

/// What a step comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// What to do now.
    pub effects: Vec<Effect>,
    /// When to look again, in the recordings' time, if nothing changes before.
    pub again: Option<Duration>,
}
