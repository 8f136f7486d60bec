//! What the JobManager answers about checkpoints.

use serde::Deserialize;

/// Checkpoints of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Checkpoints {
    /// How many there have been since the JobManager started.
    pub counts: CheckpointCounts,
    latest: Latest,
    /// The last ones (`web.checkpoints.history`, 10), newest first.
    pub history: Vec<Checkpoint>,
}

/// How many checkpoints there have been.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CheckpointCounts {
    /// How often the job was restored.
    pub restored: i64,
    /// All that were triggered.
    pub total: i64,
    /// Those under way.
    pub in_progress: i64,
    /// Those that were completed.
    pub completed: i64,
    /// Those that failed.
    pub failed: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Latest {
    completed: Option<Checkpoint>,
    savepoint: Option<Checkpoint>,
    failed: Option<Checkpoint>,
    restored: Option<Checkpoint>,
}

/// A checkpoint or savepoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Checkpoint {
    /// Number of the checkpoint.
    pub id: i64,
    /// `IN_PROGRESS`, `COMPLETED` or `FAILED`; empty for one that was restored from.
    pub status: String,
    /// `CHECKPOINT`, `SAVEPOINT` or `SYNC_SAVEPOINT` (of a stop).
    pub checkpoint_type: Option<String>,
    /// Whether it is a savepoint.
    pub is_savepoint: bool,
    /// `CANONICAL` or `NATIVE`, for a savepoint.
    #[serde(rename = "savepointFormat")]
    pub savepoint_format: Option<String>,
    /// Where it is, where it is externally addressable.
    pub external_path: Option<String>,
    /// Whether its files are deleted already.
    pub discarded: bool,
    /// When it was triggered: milliseconds since 1970.
    pub trigger_timestamp: i64,
    /// When its last part was acknowledged: milliseconds since 1970.
    pub latest_ack_timestamp: i64,
    /// Size of the state that it covers, in bytes.
    pub state_size: Option<i64>,
    /// Size of what was written for it, in bytes.
    pub checkpointed_size: Option<i64>,
    /// From trigger to end, in milliseconds.
    pub end_to_end_duration: Option<i64>,
    /// When it failed: milliseconds since 1970.
    pub failure_timestamp: Option<i64>,
    /// Why it failed.
    pub failure_message: Option<String>,
    /// When the job was restored from it: milliseconds since 1970.
    pub restore_timestamp: Option<i64>,
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

    /// The last checkpoint that failed.
    pub fn failed(&self) -> Option<&Checkpoint> {
        self.latest.failed.as_ref()
    }

    /// What the job was last restored from, after its start or a failure.
    pub fn restored(&self) -> Option<&Checkpoint> {
        self.latest.restored.as_ref()
    }
}

/// How a job takes checkpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CheckpointConfiguration {
    /// `exactly_once` or `at_least_once`.
    pub mode: String,
    /// Milliseconds between two checkpoints. Flink's largest number where there are none by themselves: see
    /// [`Self::interval`].
    interval: i64,
    /// Milliseconds after which a checkpoint is given up.
    pub timeout: i64,
    /// Milliseconds between the end of one and the start of the next, at least.
    pub min_pause: i64,
    /// How many may be under way at once.
    pub max_concurrent: i64,
    /// Whether they stay after the job was cancelled.
    pub externalization: Externalization,
    /// Class of the state backend, such as `HashMapStateBackend`.
    pub state_backend: Option<String>,
    /// Class of the storage, such as `FileSystemCheckpointStorage`.
    pub checkpoint_storage: Option<String>,
    /// Whether checkpoints may overtake records.
    pub unaligned_checkpoints: bool,
    /// How many may fail one after another before the job does.
    pub tolerable_failed_checkpoints: i64,
}

/// What becomes of checkpoints when the job ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Externalization {
    /// Whether they can be addressed from outside the job.
    pub enabled: bool,
    /// Whether they are deleted when the job is cancelled.
    pub delete_on_cancellation: bool,
}

impl CheckpointConfiguration {
    /// Milliseconds between two checkpoints; `None` where the job takes none by itself.
    pub fn interval(&self) -> Option<i64> {
        (self.interval > 0 && self.interval != i64::MAX).then_some(self.interval)
    }
}
