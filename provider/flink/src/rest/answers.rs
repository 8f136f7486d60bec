//! What the JobManager answers about clusters and jobs, as far as it is used. Unknown fields are passed over, missing ones
//! have their zero: the shapes differ between Flink versions.

use std::collections::BTreeMap;

use k8s_openapi::jiff::Timestamp;
use serde::Deserialize;

/// A time of Flink's, milliseconds since 1970, in RFC 3339. `None` for what has not happened: 0 or -1.
pub fn time(milliseconds: i64) -> Option<String> {
    let time = Timestamp::from_millisecond(milliseconds).ok()?;
    (milliseconds > 0).then(|| format!("{time:.3}"))
}

/// Numbers of TaskManagers, slots and jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Overview {
    /// TaskManagers that are registered. 0 is normal for a native cluster without jobs.
    pub taskmanagers: i64,
    /// Slots of all TaskManagers.
    pub slots_total: i64,
    /// Slots that are free.
    pub slots_available: i64,
    /// Jobs that run.
    pub jobs_running: i64,
    /// Jobs that are done.
    pub jobs_finished: i64,
    /// Jobs that were cancelled.
    pub jobs_cancelled: i64,
    /// Jobs that have failed.
    pub jobs_failed: i64,
    /// Flink version, for example `1.20.1`.
    pub flink_version: String,
    /// Commit Flink was built from.
    pub flink_commit: String,
}

/// What the web interface may do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct WebConfiguration {
    /// Flink version.
    pub flink_version: String,
    /// Commit Flink was built from, and when.
    pub flink_revision: String,
    /// Switches by name: `web-submit`, `web-cancel`, `web-rescale`, `web-history`.
    pub features: BTreeMap<String, bool>,
}

/// A TaskManager.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskManager {
    /// Its id; on Kubernetes the name of its pod.
    pub id: String,
    /// Its slots.
    pub slots_number: i64,
    /// Those of its slots that are free.
    pub free_slots: i64,
}

/// A job in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct JobSummary {
    /// Id of the job, 32 hexadecimal digits.
    pub jid: String,
    /// Name of the job.
    pub name: String,
    /// State of the job.
    pub state: String,
    /// When it started: milliseconds since 1970.
    pub start_time: i64,
    /// When it ended: milliseconds since 1970, or -1.
    pub end_time: i64,
    /// Number of its tasks in each state, and in all as `total`.
    pub tasks: BTreeMap<String, i64>,
}

impl JobSummary {
    /// Whether it has ended for good.
    pub fn is_terminal(&self) -> bool {
        crate::operator::JobStatus::from(self.state.clone()).is_terminal()
    }
}

/// A job with its vertices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Job {
    /// Id of the job, 32 hexadecimal digits.
    pub jid: String,
    /// Name of the job.
    pub name: String,
    /// State of the job.
    pub state: String,
    /// `STREAMING` or `BATCH`; older versions of Flink do not say.
    pub job_type: Option<String>,
    /// When it started: milliseconds since 1970.
    pub start_time: i64,
    /// When it ended: milliseconds since 1970, or -1.
    pub end_time: i64,
    /// The largest parallelism that the job can ever have, or -1 where each vertex has its own.
    #[serde(rename = "maxParallelism")]
    pub max_parallelism: i64,
    /// The steps of the job, in the order of its graph.
    pub vertices: Vec<Vertex>,
}

/// A step of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Vertex {
    /// Id of the step.
    pub id: String,
    /// Name of the step.
    pub name: String,
    /// Number of parallel instances.
    pub parallelism: i64,
    /// The largest number of parallel instances that it can ever have.
    #[serde(rename = "maxParallelism")]
    pub max_parallelism: i64,
    /// State of the step.
    pub status: String,
    /// When it started: milliseconds since 1970, or -1.
    pub start_time: i64,
    /// When it ended: milliseconds since 1970, or -1.
    pub end_time: i64,
}

impl Job {
    /// The parallelism with which it runs: that of its widest step. 0 where it has none yet.
    pub fn parallelism(&self) -> i64 {
        self.vertices
            .iter()
            .map(|vertex| vertex.parallelism)
            .max()
            .unwrap_or_default()
    }
}
