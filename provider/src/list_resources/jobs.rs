//! `flink_deployment` and `flink_session_job`: the deployments and session jobs of a namespace.

use std::marker::PhantomData;

use async_trait::async_trait;
use flink_client::operator::progress::Baseline;
use terraform_plugin::{Context, Found, ListResource};
use terraform_schema::{Diagnostics, Model, Schema};

use super::selection::Selection;
use crate::provider::ProviderData;
use crate::resources::flink_deployment::model::Deployment;
use crate::resources::flink_session_job::model::SessionJob;
use crate::resources::job_resource::{JobModel, is_done};

/// Finds the `FlinkDeployment` objects of a namespace, whoever made them: applications and session clusters.
#[derive(Clone, Debug, Schema)]
#[schema(name = "flink_deployment", version = 0)]
pub struct DeploymentQuery {
    /// Which ones.
    #[schema(flatten)]
    pub selection: Selection,
}

/// Finds the `FlinkSessionJob` objects of a namespace, whoever made them.
#[derive(Clone, Debug, Schema)]
#[schema(name = "flink_session_job", version = 0)]
pub struct SessionJobQuery {
    /// Which ones.
    #[schema(flatten)]
    pub selection: Selection,
}

/// The configuration of one of them.
pub trait Query: Model {
    /// Which objects are asked for.
    fn selection(&self) -> &Selection;
}

impl Query for DeploymentQuery {
    fn selection(&self) -> &Selection {
        &self.selection
    }
}

impl Query for SessionJobQuery {
    fn selection(&self) -> &Selection {
        &self.selection
    }
}

/// A list resource of objects with a job.
#[derive(Debug)]
pub struct JobList<Q, M>(PhantomData<fn(Q) -> M>);

/// The list resource `flink_deployment`.
pub type FlinkDeploymentList = JobList<DeploymentQuery, Deployment>;

/// The list resource `flink_session_job`.
pub type FlinkSessionJobList = JobList<SessionJobQuery, SessionJob>;

impl<Q, M> JobList<Q, M> {
    /// The list resource.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<Q, M> Default for JobList<Q, M> {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl<Q, M> ListResource for JobList<Q, M>
where
    Q: Query + Send + Sync + 'static,
    M: JobModel + Send + Sync + 'static,
{
    type Data = ProviderData;
    type Config = Q;
    type Model = M;

    async fn list(&self, config: Q, found: Found<M>, cx: &Context<'_, ProviderData>) -> Result<(), Diagnostics> {
        let model = |live: &_| Some(M::found(live, is_done(live, &Baseline::default())));
        config.selection().list::<M::Kind, M>(found, cx, model).await
    }
}
