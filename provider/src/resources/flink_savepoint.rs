//! `flink_savepoint`: a savepoint of a job. What it shares with `flink_checkpoint` is in [`snapshot`](super::snapshot).

use terraform_schema::Schema;

use super::snapshot::model::{SavepointArguments, Snapshot};
use super::snapshot::{SnapshotModel, SnapshotResource};

/// The resource `flink_savepoint`.
pub type FlinkSavepointResource = SnapshotResource<Savepoint>;

/// Takes a savepoint of a running job: a consistent copy of its state that stays until somebody deletes it, and from which
/// a job can start (`initial_savepoint_path` of `flink_deployment` and `flink_session_job`).
///
/// It is taken once, when the resource is created; a change of `triggers` takes a new one. The job is waited for until it
/// runs, and the apply ends when the savepoint is complete. Destroying the resource leaves the files where they are, unless
/// `dispose_on_destroy` says otherwise.
///
/// With the operator (1.10 or newer) it is a `FlinkStateSnapshot` object. Where the operator has no such objects, the
/// JobManager of the job is asked itself, through the Kubernetes API server; and with `job_manager_url` it is asked where
/// there is no operator at all.
#[derive(Clone, Debug, Schema)]
#[schema(name = "flink_savepoint", version = 0)]
pub struct Savepoint {
    /// What every snapshot has.
    #[schema(flatten)]
    pub snapshot: Snapshot,

    /// What only a savepoint has.
    #[schema(flatten)]
    pub savepoint: SavepointArguments,
}

impl SnapshotModel for Savepoint {
    const WHAT: &'static str = "savepoint";

    fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    fn savepoint(&self) -> Option<&SavepointArguments> {
        Some(&self.savepoint)
    }

    fn of(snapshot: Snapshot, savepoint: Option<SavepointArguments>) -> Self {
        Self {
            snapshot,
            savepoint: savepoint.unwrap_or_default(),
        }
    }
}
