//! `flink_take_checkpoint`: a checkpoint at once.

use async_trait::async_trait;
use terraform_plugin::{Action, Context};
use terraform_schema::{Diagnostics, Schema, View};

use super::snapshot;
use super::target::{self, Target};
use crate::provider::ProviderData;
use crate::resources::flink_checkpoint::Checkpoint;

/// Lets a running job take a full checkpoint at once, and tells where it is. The job runs on. Needs Flink 1.17 or newer.
///
/// Nothing of it is kept in Terraform's state. The files belong to Flink, which deletes them when newer checkpoints are complete; with
/// the operator (1.10 or newer) its `FlinkStateSnapshot` object stays until somebody deletes it.
#[derive(Clone, Debug, Schema)]
#[schema(name = "flink_take_checkpoint", version = 0)]
pub struct TakeCheckpoint {
    /// The job.
    #[schema(flatten)]
    pub target: Target,

    /// How often it is tried again after a failure, with pauses of 10, 20, 40 seconds and so on; at least 0. 2 without it.
    #[schema(range(min = 0))]
    pub backoff_limit: Option<i64>,
}

/// The action `flink_take_checkpoint`.
#[derive(Clone, Copy, Debug)]
pub struct FlinkTakeCheckpoint;

#[async_trait]
impl Action for FlinkTakeCheckpoint {
    type Data = ProviderData;
    type Model = TakeCheckpoint;

    fn validate(&self, config: View<'_>) -> Diagnostics {
        target::validate(&config)
    }

    async fn invoke(&self, config: TakeCheckpoint, cx: &Context<'_, ProviderData>) -> Result<(), Diagnostics> {
        snapshot::take::<Checkpoint>(config.target, config.backoff_limit, None, cx).await
    }
}
