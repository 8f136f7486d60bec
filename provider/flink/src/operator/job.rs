//! The job of an application cluster or of a session job.

use serde::{Deserialize, Serialize};
use terraform_schema::{Computed, Schema};

use super::checks;

/// A Flink job: what runs, at which parallelism, and how it keeps its state.
#[derive(Clone, Debug, Default, PartialEq, Schema, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobSpec {
    /// Location of the job's jar. In an application it lies inside the image:
    /// `local:///opt/flink/usrlib/orders.jar`. Without it, the entry class is taken from the
    /// classpath of the image.
    #[serde(rename = "jarURI", skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart, check = checks::not_blank)]
    pub jar_uri: Option<String>,

    /// Fully qualified name of the class whose `main` builds the job, for example
    /// `com.example.orders.Main`. Without it, the jar's manifest names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart, check = checks::not_blank)]
    pub entry_class: Option<String>,

    /// Arguments of the job's `main` method, in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart, assumed = [])]
    pub args: Option<Vec<String>>,

    /// Number of parallel instances of each operator of the job, at least 1. Needed unless
    /// `task_manager.replicas` is set; then it follows from the number of TaskManagers and their
    /// slots.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Scaled, range(min = 1))]
    pub parallelism: Option<i64>,

    /// Whether the job runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Restart, assumed = "running")]
    pub state: Option<JobState>,

    /// How state is carried over when a change restarts the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Ignored, assumed = "stateless")]
    pub upgrade_mode: Option<UpgradeMode>,

    /// Savepoint or retained checkpoint the job starts from, for example
    /// `s3://flink/savepoints/savepoint-a1b2c3-0123456789ab`. It counts when the job is deployed for
    /// the first time; on a job that was deployed, a change of it alone does nothing. To start such a
    /// job anew from a path, use `redeploy`. Without it, the object keeps the one that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Ignored)]
    pub initial_savepoint_path: Option<Computed<String>>,

    /// Whether state of the savepoint that belongs to no operator of the job is left out instead of
    /// failing the start. Takes effect at the next start.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Ignored, assumed = false)]
    pub allow_non_restored_state: Option<bool>,

    /// Takes a savepoint when it changes to another number while the job runs. A value that is there
    /// from the first deployment on triggers nothing. Without it, the object keeps the one that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Ignored)]
    pub savepoint_trigger_nonce: Option<Computed<i64>>,

    /// Takes a full checkpoint when it changes to another number while the job runs. Needs Flink 1.17
    /// or newer. A value that is there from the first deployment on triggers nothing. Without it, the
    /// object keeps the one that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Ignored)]
    pub checkpoint_trigger_nonce: Option<Computed<i64>>,

    /// Starts the job anew from `initial_savepoint_path` when it changes to another number. The
    /// present state of the job is discarded. `redeploy` does the same and counts by itself. Without
    /// it, the object keeps the one that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Redeploy)]
    pub savepoint_redeploy_nonce: Option<Computed<i64>>,

    /// Forgets what the autoscaler has learned about the job when it changes to another number. Without
    /// it, the object keeps the one that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(class = Ignored)]
    pub autoscaler_reset_nonce: Option<Computed<i64>>,
}

impl JobSpec {
    /// The savepoint or retained checkpoint that the job starts from, where one is set.
    pub fn initial_savepoint(&self) -> Option<&str> {
        self.initial_savepoint_path.as_ref()?.as_ref().map(String::as_str)
    }
}

/// Whether a job runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Schema, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// The job runs, or is started.
    #[default]
    Running,
    /// The job is stopped in the way the upgrade mode says, and its state is kept for a later start.
    Suspended,
}

/// How state is carried over when a change restarts the job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Schema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpgradeMode {
    /// The job starts with empty state.
    #[default]
    Stateless,
    /// The job starts from its last checkpoint. Needs `state.checkpoints.dir`; works for a job that
    /// is not healthy, too.
    LastState,
    /// The job is stopped with a savepoint and starts from it. Needs `state.savepoints.dir` and
    /// `state.checkpoints.dir`, and a running job.
    Savepoint,
}
