//! `flink_deployments`: the deployments of a namespace.

use std::collections::BTreeMap;

use async_trait::async_trait;
use flink_client::kubernetes::Objects;
use flink_client::operator::FlinkDeployment;
use terraform_plugin::{Context, DataSource};
use terraform_schema::{Block, Computed, Diagnostics, Schema};

use super::flink_deployment::{Found, found};
use super::namespace;
use crate::diagnose;
use crate::provider::ProviderData;
use crate::resources::names;

/// The `FlinkDeployment` objects of a namespace, whoever made them, by name. There may be none.
#[derive(Clone, Debug, Schema)]
#[schema(name = "flink_deployments", version = 0)]
pub struct Deployments {
    /// The namespace. Without it, the `namespace` of the provider block, else `default`.
    #[schema(check = names::namespace)]
    pub namespace: Option<Computed<String>>,

    /// Labels that the objects must all carry. Without it, all objects are listed.
    #[schema(check = names::labels)]
    pub labels: Option<BTreeMap<String, String>>,

    /// The deployments, by name.
    pub deployments: Computed<Vec<Listed>>,
}

/// A deployment in the list. `flink_deployment` knows more of it.
#[derive(Clone, Debug, PartialEq, Eq, Schema)]
pub struct Listed {
    /// Name of the object.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// UID of the object.
    pub uid: Option<String>,
    /// Container image.
    pub image: Option<String>,
    /// Flink version of the image, such as `v1_20`.
    pub flink_version: Option<String>,
    /// Whether it is a session cluster, without a job of its own.
    pub session_cluster: bool,
    /// The operator's own summary, such as `STABLE`.
    pub lifecycle_state: Option<String>,
    /// State of the JobManager's Kubernetes deployment, such as `READY`.
    pub job_manager_status: Option<String>,
    /// Id of the job; null for a session cluster and before the first start.
    pub job_id: Option<String>,
    /// State of the job, such as `RUNNING`.
    pub job_state: Option<String>,
    /// Parallelism that the job was last deployed with.
    pub effective_parallelism: Option<i64>,
    /// The last error of the operator, in one sentence.
    pub error: Option<String>,
}

impl From<Found> for Listed {
    fn from(found: Found) -> Self {
        Self {
            name: found.name,
            labels: found.labels.0.unwrap_or_default(),
            uid: found.uid.0,
            image: found.image.0,
            flink_version: found.flink_version.0,
            session_cluster: found.job.0.is_none(),
            lifecycle_state: found.lifecycle_state.0,
            job_manager_status: found.job_manager_status.0,
            job_id: found.job_id.0,
            job_state: found.job_state.0,
            effective_parallelism: found.effective_parallelism.0,
            error: found.error.0,
        }
    }
}

/// The data source `flink_deployments`.
#[derive(Clone, Copy, Debug)]
pub struct FlinkDeployments;

#[async_trait]
impl DataSource for FlinkDeployments {
    type Data = ProviderData;
    type Model = Deployments;

    async fn read(&self, config: Deployments, cx: &Context<'_, ProviderData>) -> Result<Deployments, Diagnostics> {
        let namespace = namespace::chosen(config.namespace.as_ref(), &cx.data.namespace)?;
        let objects: Objects<FlinkDeployment> = Objects::new(cx.data.cluster(&cx.stop).await?, &namespace);
        let labels = config.labels.clone().unwrap_or_default();
        let all = objects
            .list(&labels)
            .await
            .map_err(|error| diagnose::kubernetes(&error, &Block::default()))?;
        let listed = all.iter().map(|live| Listed::from(found(live, &namespace))).collect();
        Ok(Deployments {
            namespace: Some(namespace.into()),
            labels: config.labels,
            deployments: Computed(Some(listed)),
        })
    }
}
