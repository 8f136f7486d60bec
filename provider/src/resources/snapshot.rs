//! What `flink_savepoint` and `flink_checkpoint` share: all but a few arguments. This file is their life at a glance; each
//! step stands in the file of its name.
//!
//! There are two ways to a snapshot. Mostly it is a `FlinkStateSnapshot` object, and the operator takes it. Where there are
//! no such objects, and for a JobManager at a URL, [`over_rest`] does what the operator would do.

mod delete;
mod import;
pub mod live;
#[cfg(test)]
pub(crate) mod mapping;
pub mod model;
mod order;
mod over_rest;
mod plan;
mod private;
mod read;
pub mod settle;
mod validate;
pub mod write;

use std::marker::PhantomData;

use async_trait::async_trait;
use flink_client::kubernetes::Objects;
use flink_client::operator::FlinkStateSnapshot;
use terraform_plugin::{Context, Live, Lookup, PlanContext, PlanMark, Planned, Resource};
use terraform_schema::{Diagnostics, Model, Plan, View};

use crate::diagnose::Afterwards;
use crate::provider::ProviderData;
use model::{Identity, SavepointArguments, Snapshot};

/// The schema of a kind of snapshot.
pub trait SnapshotModel: Model + Clone + Send + Sync + 'static {
    /// What it is, for names and messages: `savepoint`.
    const WHAT: &'static str;

    /// What every snapshot has.
    fn snapshot(&self) -> &Snapshot;

    /// What only a savepoint has.
    fn savepoint(&self) -> Option<&SavepointArguments>;

    /// A model of these parts.
    fn of(snapshot: Snapshot, savepoint: Option<SavepointArguments>) -> Self;

    /// The same with other values of what every snapshot has.
    fn with(self, snapshot: Snapshot) -> Self {
        let savepoint = self.savepoint().cloned();
        Self::of(snapshot, savepoint)
    }
}

/// A resource that is a snapshot.
#[derive(Debug)]
pub struct SnapshotResource<M>(PhantomData<fn() -> M>);

impl<M> SnapshotResource<M> {
    /// The resource.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<M> Default for SnapshotResource<M> {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl<M: SnapshotModel> Resource for SnapshotResource<M> {
    type Data = ProviderData;
    type Model = M;
    type Identity = Identity;

    fn validate(&self, config: View<'_>) -> Diagnostics {
        validate::validate(&config, M::WHAT)
    }

    fn modify_plan(&self, plan: &mut Plan, cx: &PlanContext<'_, ProviderData>) -> Diagnostics {
        plan::modify::<M>(plan, &cx.data.namespace, private::is_imported(cx))
    }

    async fn create(&self, planned: &Planned<M>, cx: &Context<'_, ProviderData>) -> Result<M, Diagnostics> {
        write::create(&planned.model, cx).await
    }

    async fn read(
        &self,
        lookup: Lookup<M, Identity>,
        cx: &Context<'_, ProviderData>,
    ) -> Result<Option<Live<M>>, Diagnostics> {
        match lookup {
            Lookup::Known(prior) => read::known(&prior, cx).await,
            Lookup::Import(identity) => read::import(&identity, cx).await,
        }
    }

    async fn update(&self, planned: &Planned<M>, prior: M, cx: &Context<'_, ProviderData>) -> Result<M, Diagnostics> {
        write::update(&planned.model, &prior, cx).await
    }

    async fn settle(&self, written: M, planned: &Planned<M>, cx: &Context<'_, ProviderData>) -> Result<M, Diagnostics> {
        settle::settle(written, planned, cx).await
    }

    async fn delete(&self, prior: M, mark: PlanMark, cx: &Context<'_, ProviderData>) -> Result<(), Diagnostics> {
        delete::delete(&prior, mark, cx).await
    }

    fn identity(&self, model: &M) -> Identity {
        import::identity(model.snapshot())
    }

    fn parse_import_id(&self, id: &str, _: &PlanContext<'_, ProviderData>) -> Result<Identity, Diagnostics> {
        import::parse(id)
    }
}

/// What becomes of a snapshot whose wait ends without it.
fn afterwards<D>(cx: &Context<'_, D>, of_resource: Afterwards) -> Afterwards {
    if cx.is_action() { Afterwards::Acted } else { of_resource }
}

/// The FlinkStateSnapshots of a namespace.
async fn objects(namespace: &str, cx: &Context<'_, ProviderData>) -> Result<Objects<FlinkStateSnapshot>, Diagnostics> {
    Ok(Objects::new(cx.data.cluster(&cx.stop).await?, namespace))
}
