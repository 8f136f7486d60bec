//! `flink_savepoint`: the savepoints of a namespace that are objects.

use async_trait::async_trait;
use flink_client::kubernetes::Live;
use flink_client::operator::FlinkStateSnapshot;
use terraform_plugin::{Context, Found, ListResource};
use terraform_schema::{Diagnostics, Schema};

use super::selection::Selection;
use crate::provider::ProviderData;
use crate::resources::flink_savepoint::Savepoint;
use crate::resources::snapshot::live;
use crate::resources::snapshot::model::Snapshot;

/// Finds the savepoints of a namespace that are `FlinkStateSnapshot` objects, whoever had them taken. Needs operator 1.10 or newer.
///
/// The operator labels them: `label_selector = "snapshot.trigger-type=MANUAL"` leaves out those that it takes by itself,
/// periodically and before upgrades, and deletes again; `job-reference.name=orders` finds those of one job.
#[derive(Clone, Debug, Schema)]
#[schema(name = "flink_savepoint", version = 0)]
pub struct SavepointQuery {
    /// Which ones.
    #[schema(flatten)]
    pub selection: Selection,
}

/// The list resource `flink_savepoint`.
#[derive(Clone, Copy, Debug)]
pub struct FlinkSavepointList;

#[async_trait]
impl ListResource for FlinkSavepointList {
    type Data = ProviderData;
    type Config = SavepointQuery;
    type Model = Savepoint;

    async fn list(
        &self,
        config: SavepointQuery,
        found: Found<Savepoint>,
        cx: &Context<'_, ProviderData>,
    ) -> Result<(), Diagnostics> {
        let model = |live: &Live<FlinkStateSnapshot>| {
            let is_savepoint = live.spec.savepoint.is_some();
            is_savepoint.then(|| live::model(live, &Snapshot::default()))
        };
        config.selection.list(found, cx, model).await
    }
}
