//! `flink_checkpoints`: the checkpoints and savepoints of a job.

use async_trait::async_trait;
use flink_client::rest::{CheckpointCounts, time};
use flink_client::secret::Mask;
use terraform_plugin::{Context, DataSource};
use terraform_schema::{Computed, Diagnostics, Schema, View};

use super::access::{self, Access};
use super::choice::JobChoice;
use crate::diagnose;
use crate::job_manager::Reached;
use crate::provider::ProviderData;

/// The checkpoints and savepoints of a job, as its JobManager knows them: since it was started, the last ten of them
/// (`web.checkpoints.history`). A job without checkpointing has none.
#[derive(Clone, Schema)]
#[schema(name = "flink_checkpoints", version = 0)]
pub struct Checkpoints {
    /// The arguments that name the JobManager.
    #[schema(flatten)]
    pub access: Access,

    /// The arguments that name the job.
    #[schema(flatten)]
    pub choice: JobChoice,

    /// How many there have been.
    pub counts: Computed<Counts>,

    /// The last checkpoint that was completed; null where there is none.
    pub latest_completed: Computed<Checkpoint>,

    /// The last savepoint that was completed; null where there is none.
    pub latest_savepoint: Computed<Checkpoint>,

    /// The last one that failed; null where there is none.
    pub latest_failed: Computed<Checkpoint>,

    /// What the job was last restored from, at its start or after a failure; null where it began with nothing.
    pub latest_restored: Computed<Checkpoint>,

    /// The last ones, newest first.
    pub history: Computed<Vec<Checkpoint>>,
}

/// How many checkpoints there have been.
#[derive(Clone, Debug, PartialEq, Eq, Schema)]
pub struct Counts {
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

impl From<CheckpointCounts> for Counts {
    fn from(found: CheckpointCounts) -> Self {
        Self {
            restored: found.restored,
            total: found.total,
            in_progress: found.in_progress,
            completed: found.completed,
            failed: found.failed,
        }
    }
}

/// A checkpoint or savepoint.
#[derive(Clone, Debug, PartialEq, Eq, Schema)]
pub struct Checkpoint {
    /// Number of the checkpoint within its job.
    pub id: i64,
    /// `IN_PROGRESS`, `COMPLETED` or `FAILED`; null for one that was restored from.
    pub status: Option<String>,
    /// `CHECKPOINT`, `SAVEPOINT` or, of a stop, `SYNC_SAVEPOINT`.
    pub checkpoint_type: Option<String>,
    /// Whether it is a savepoint.
    pub is_savepoint: bool,
    /// `CANONICAL` or `NATIVE`, for a savepoint.
    pub savepoint_format: Option<String>,
    /// Where it is, as `initial_savepoint_path` takes it; null where it is in the JobManager's memory only.
    pub external_path: Option<String>,
    /// Whether its files are deleted already.
    pub discarded: bool,
    /// When it was triggered, in RFC 3339.
    pub trigger_timestamp: Option<String>,
    /// When its last part was acknowledged, in RFC 3339.
    pub latest_ack_timestamp: Option<String>,
    /// Size of the state that it covers, in bytes.
    pub state_size: Option<i64>,
    /// Size of what was written for it, in bytes: less than `state_size` where it is incremental.
    pub checkpointed_size: Option<i64>,
    /// From trigger to end, in milliseconds.
    pub end_to_end_duration: Option<i64>,
    /// When it failed, in RFC 3339.
    pub failure_timestamp: Option<String>,
    /// Why it failed.
    pub failure_message: Option<String>,
    /// When the job was restored from it, in RFC 3339.
    pub restore_timestamp: Option<String>,
}

/// What Flink writes for a path where there is none.
const NO_PATH: &str = "<checkpoint-not-externally-addressable>";

impl Checkpoint {
    fn of(found: &flink_client::rest::Checkpoint, mask: &Mask) -> Self {
        let path = found.external_path.clone();
        Self {
            id: found.id,
            status: Some(found.status.clone()).filter(|status| !status.is_empty()),
            checkpoint_type: found.checkpoint_type.clone(),
            is_savepoint: found.is_savepoint,
            savepoint_format: found.savepoint_format.clone(),
            external_path: path.filter(|path| !path.is_empty() && path != NO_PATH),
            discarded: found.discarded,
            trigger_timestamp: time(found.trigger_timestamp),
            latest_ack_timestamp: time(found.latest_ack_timestamp),
            state_size: found.state_size,
            checkpointed_size: found.checkpointed_size,
            end_to_end_duration: found.end_to_end_duration,
            failure_timestamp: found.failure_timestamp.and_then(time),
            failure_message: found.failure_message.as_deref().map(|message| mask.apply(message)),
            restore_timestamp: found.restore_timestamp.and_then(time),
        }
    }
}

/// The data source `flink_checkpoints`.
#[derive(Clone, Copy, Debug)]
pub struct FlinkCheckpoints;

#[async_trait]
impl DataSource for FlinkCheckpoints {
    type Data = ProviderData;
    type Model = Checkpoints;

    fn validate(&self, config: View<'_>) -> Diagnostics {
        access::validate(&config)
    }

    async fn read(&self, mut config: Checkpoints, cx: &Context<'_, ProviderData>) -> Result<Checkpoints, Diagnostics> {
        let Reached { job_manager, mask } = config.access.reach(cx).await?;
        let id = config.choice.find(&job_manager).await?.jid;
        let found = job_manager
            .checkpoints(&id)
            .await
            .map_err(|error| diagnose::rest(&error))?;
        let one =
            |found: Option<&flink_client::rest::Checkpoint>| Computed(found.map(|found| Checkpoint::of(found, &mask)));
        Ok(Checkpoints {
            access: config.access,
            choice: config.choice,
            latest_completed: one(found.completed()),
            latest_savepoint: one(found.savepoint()),
            latest_failed: one(found.failed()),
            latest_restored: one(found.restored()),
            history: Computed(Some(
                found.history.iter().map(|one| Checkpoint::of(one, &mask)).collect(),
            )),
            counts: Computed(Some(found.counts.into())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_in_memory_has_no_path_and_what_has_not_happened_no_time() {
        let found = flink_client::rest::Checkpoint {
            id: 3,
            external_path: Some(NO_PATH.to_owned()),
            latest_ack_timestamp: -1,
            trigger_timestamp: 1_795_204_648_994,
            ..flink_client::rest::Checkpoint::default()
        };
        let one = Checkpoint::of(&found, &Mask::default());
        assert_eq!(
            (one.external_path, one.status, one.latest_ack_timestamp),
            (None, None, None)
        );
        assert_eq!(one.trigger_timestamp.as_deref(), Some("2026-11-20T19:57:28.994Z"));
    }
}
