//! `flink_checkpoint`: a checkpoint of a job, on demand. What it shares with `flink_savepoint` is in
//! [`snapshot`](super::snapshot).

use terraform_schema::Schema;

use super::snapshot::model::{SavepointArguments, Snapshot};
use super::snapshot::{SnapshotModel, SnapshotResource};

/// The resource `flink_checkpoint`.
pub type FlinkCheckpointResource = SnapshotResource<Checkpoint>;

/// Takes a full checkpoint of a running job, beside those that the job takes by itself. It needs Flink 1.17 or newer, and a
/// job with checkpointing.
///
/// A checkpoint belongs to Flink: the job deletes it when newer ones follow (`state.checkpoints.num-retained`), and
/// destroying the resource deletes nothing. For state that has to stay, take a `flink_savepoint`.
///
/// It is taken once, when the resource is created; a change of `triggers` takes a new one. The job is waited for until it
/// runs, and the apply ends when the checkpoint is complete. With the operator (1.10 or newer) it is a `FlinkStateSnapshot`
/// object; else the JobManager of the job is asked itself, as for a `flink_savepoint`.
#[derive(Clone, Debug, Schema)]
#[schema(name = "flink_checkpoint", version = 0)]
pub struct Checkpoint {
    /// What every snapshot has.
    #[schema(flatten)]
    pub snapshot: Snapshot,
}

impl SnapshotModel for Checkpoint {
    const WHAT: &'static str = "checkpoint";

    fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    fn savepoint(&self) -> Option<&SavepointArguments> {
        None
    }

    fn of(snapshot: Snapshot, _: Option<SavepointArguments>) -> Self {
        Self { snapshot }
    }
}
