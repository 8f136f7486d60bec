//! What the JobManager answers, as far as it is used. Unknown fields are passed over, missing ones have
//! their zero: the shapes differ between Flink versions.

use serde::Deserialize;

/// Numbers of TaskManagers, slots and jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Overview {
    /// TaskManagers that are registered. 0 is normal for a native cluster without jobs.
    pub taskmanagers: u64,
    /// Slots of all TaskManagers.
    pub slots_total: u64,
    /// Slots that are free.
    pub slots_available: u64,
    /// Jobs that run.
    pub jobs_running: u64,
    /// Jobs that are done.
    pub jobs_finished: u64,
    /// Jobs that were cancelled.
    pub jobs_cancelled: u64,
    /// Jobs that have failed.
    pub jobs_failed: u64,
    /// Flink version, for example `1.20.1`.
    pub flink_version: String,
    /// Commit Flink was built from.
    pub flink_commit: String,
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
}

/// A job with its vertices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Job {
    /// Id of the job, 32 hexadecimal digits.
    pub jid: String,
    /// Name of the job.
    pub name: String,
    /// State of the job.
    pub state: String,
    /// When it started: milliseconds since 1970.
    #[serde(rename = "start-time")]
    pub start_time: i64,
    /// The steps of the job.
    pub vertices: Vec<Vertex>,
}

/// A step of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Vertex {
    /// Id of the step.
    pub id: String,
    /// Name of the step.
    pub name: String,
    /// Number of parallel instances.
    pub parallelism: i64,
    /// State of the step.
    pub status: String,
}

/// What made a job fail or restart.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Exceptions {
    #[serde(rename = "exceptionHistory")]
    history: History,
    /// The root exception of Flink 1, where there is no history.
    #[serde(rename = "root-exception")]
    root: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct History {
    entries: Vec<JobException>,
}

/// One exception of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobException {
    /// Java class.
    pub exception_name: String,
    /// The stack, with all causes.
    pub stacktrace: String,
    /// When it happened: milliseconds since 1970.
    pub timestamp: i64,
    /// The task it happened in, where it was one.
    pub task_name: Option<String>,
}

impl Exceptions {
    /// The newest exception.
    pub fn newest(&self) -> Option<JobException> {
        let newest = self.history.entries.iter().max_by_key(|exception| exception.timestamp);
        newest.cloned().or_else(|| {
            let stacktrace = self.root.clone().filter(|root| !root.is_empty())?;
            let exception_name = stacktrace.split([':', '\n']).next().unwrap_or_default().to_owned();
            Some(JobException {
                exception_name,
                stacktrace,
                ..JobException::default()
            })
        })
    }
}

impl JobException {
    /// The innermost cause: mostly the one that names what is wrong. Without a stack.
    pub fn root_cause(&self) -> &str {
        let innermost = self
            .stacktrace
            .lines()
            .rev()
            .find_map(|line| line.trim().strip_prefix("Caused by: "));
        let first = self.stacktrace.lines().next().unwrap_or(&self.exception_name);
        innermost.unwrap_or(first).trim()
    }
}

/// Checkpoints of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Checkpoints {
    latest: Latest,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Latest {
    completed: Option<Checkpoint>,
    savepoint: Option<Checkpoint>,
    restored: Option<Checkpoint>,
}

/// A checkpoint or savepoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Checkpoint {
    /// Number of the checkpoint.
    pub id: i64,
    /// Whether it is a savepoint.
    pub is_savepoint: bool,
    /// Where it is, where it is externally addressable.
    pub external_path: Option<String>,
    /// Size of its state in bytes.
    pub state_size: Option<i64>,
}

impl Checkpoints {
    /// The last checkpoint that was completed.
    pub fn completed(&self) -> Option<&Checkpoint> {
        self.latest.completed.as_ref()
    }

    /// The last savepoint.
    pub fn savepoint(&self) -> Option<&Checkpoint> {
        self.latest.savepoint.as_ref()
    }

    /// What the job was last restored from, after its start or a failure.
    pub fn restored(&self) -> Option<&Checkpoint> {
        self.latest.restored.as_ref()
    }
}
