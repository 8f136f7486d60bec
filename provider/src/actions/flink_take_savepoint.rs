//! `flink_take_savepoint`: a savepoint that no resource manages.

use async_trait::async_trait;
use flink_client::operator::SavepointFormat;
use flink_client::operator::checks::not_blank;
use terraform_plugin::{Action, Context};
use terraform_schema::{Diagnostics, Schema, View};

use super::snapshot;
use super::target::{self, Target};
use crate::provider::ProviderData;
use crate::resources::flink_savepoint::Savepoint;
use crate::resources::snapshot::model::SavepointArguments;

/// Takes a savepoint of a running job, and tells where it is. The job runs on.
///
/// Nothing of it is kept in Terraform's state: the savepoint, and with the operator (1.10 or newer) the `FlinkStateSnapshot` object of
/// it, stay until somebody deletes them. Use the resource `flink_savepoint` for one whose `location` the configuration needs.
#[derive(Clone, Debug, Schema)]
#[schema(name = "flink_take_savepoint", version = 0)]
pub struct TakeSavepoint {
    /// The job.
    #[schema(flatten)]
    pub target: Target,

    /// Directory that it is written to, such as `s3://example-bucket/savepoints`. Without it, the directory that the job is
    /// configured with (`state.savepoints.dir`).
    #[schema(check = not_blank)]
    pub path: Option<String>,

    /// Its format. `CANONICAL` without it.
    pub format_type: Option<SavepointFormat>,

    /// How often it is tried again after a failure, with pauses of 10, 20, 40 seconds and so on; at least 0. 2 without it.
    #[schema(range(min = 0))]
    pub backoff_limit: Option<i64>,
}

/// The action `flink_take_savepoint`.
#[derive(Clone, Copy, Debug)]
pub struct FlinkTakeSavepoint;

#[async_trait]
impl Action for FlinkTakeSavepoint {
    type Data = ProviderData;
    type Model = TakeSavepoint;

    fn validate(&self, config: View<'_>) -> Diagnostics {
        target::validate(&config)
    }

    async fn invoke(&self, config: TakeSavepoint, cx: &Context<'_, ProviderData>) -> Result<(), Diagnostics> {
        let savepoint = SavepointArguments {
            path: config.path,
            format_type: config.format_type,
            ..SavepointArguments::default()
        };
        snapshot::take::<Savepoint>(config.target, config.backoff_limit, Some(savepoint), cx).await
    }
}
