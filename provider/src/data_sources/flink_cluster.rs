//! `flink_cluster`: what a JobManager says about its cluster.

use std::collections::BTreeMap;

use async_trait::async_trait;
use flink_client::rest::TaskManager;
use terraform_plugin::{Context, DataSource};
use terraform_schema::{Computed, Diagnostics, Schema, View};

use super::access::{self, Access};
use crate::diagnose;
use crate::provider::ProviderData;

/// A running Flink cluster as its JobManager sees it: TaskManagers, slots, jobs, and the version of Flink. It works for
/// application and session clusters of the operator, and with a URL for any other cluster.
#[derive(Clone, Schema)]
#[schema(name = "flink_cluster", version = 0)]
pub struct Cluster {
    /// The arguments that name the JobManager.
    #[schema(flatten)]
    pub access: Access,

    /// Version of Flink that runs, such as `1.20.5`.
    pub flink_version: Computed<String>,

    /// Commit that this Flink was built from.
    pub flink_commit: Computed<String>,

    /// Number of TaskManagers that are registered. A native cluster starts them as its jobs need them: there, 0 is normal
    /// while no job runs.
    pub taskmanagers: Computed<i64>,

    /// Number of slots of all TaskManagers.
    pub slots_total: Computed<i64>,

    /// Number of slots that are free now. In a `standalone` cluster that is the room for another job: it needs as many
    /// slots as its parallelism. A native cluster makes room for its jobs itself.
    pub slots_available: Computed<i64>,

    /// Number of jobs that have not ended.
    pub jobs_running: Computed<i64>,

    /// Number of jobs that are done.
    pub jobs_finished: Computed<i64>,

    /// Number of jobs that were cancelled.
    pub jobs_cancelled: Computed<i64>,

    /// Number of jobs that have failed.
    pub jobs_failed: Computed<i64>,

    /// The slots of each TaskManager, by its id.
    pub task_manager_slots: Computed<Vec<Slots>>,

    /// The configuration that the JobManager runs with, key by key: what was set, and what the operator added. Flink hides
    /// the values of keys with secrets (`******`).
    pub configuration: Computed<BTreeMap<String, String>>,
}

/// The slots of one TaskManager.
#[derive(Clone, Debug, PartialEq, Eq, Schema)]
pub struct Slots {
    /// Id of the TaskManager; on Kubernetes the name of its pod.
    pub id: String,
    /// Number of its slots.
    pub slots_number: i64,
    /// Number of its slots that are free.
    pub free_slots: i64,
}

impl From<TaskManager> for Slots {
    fn from(found: TaskManager) -> Self {
        Self {
            id: found.id,
            slots_number: found.slots_number,
            free_slots: found.free_slots,
        }
    }
}

/// The data source `flink_cluster`.
#[derive(Clone, Copy, Debug)]
pub struct FlinkCluster;

#[async_trait]
impl DataSource for FlinkCluster {
    type Data = ProviderData;
    type Model = Cluster;

    fn validate(&self, config: View<'_>) -> Diagnostics {
        access::validate(&config)
    }

    async fn read(&self, mut config: Cluster, cx: &Context<'_, ProviderData>) -> Result<Cluster, Diagnostics> {
        let asked = config.access.reach(cx).await?.job_manager;
        let refused = |error| diagnose::rest(&error);
        let overview = asked.overview().await.map_err(refused)?;
        let task_managers = asked.task_managers().await.map_err(refused)?;
        let configuration = asked.configuration().await.map_err(refused)?;
        Ok(Cluster {
            access: config.access,
            flink_version: overview.flink_version.into(),
            flink_commit: overview.flink_commit.into(),
            taskmanagers: overview.taskmanagers.into(),
            slots_total: overview.slots_total.into(),
            slots_available: overview.slots_available.into(),
            jobs_running: overview.jobs_running.into(),
            jobs_finished: overview.jobs_finished.into(),
            jobs_cancelled: overview.jobs_cancelled.into(),
            jobs_failed: overview.jobs_failed.into(),
            task_manager_slots: Computed(Some(task_managers.into_iter().map(Slots::from).collect())),
            configuration: configuration.into(),
        })
    }
}
