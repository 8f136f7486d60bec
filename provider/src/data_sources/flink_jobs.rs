//! `flink_jobs`: the jobs of a cluster.

use std::collections::BTreeMap;

use async_trait::async_trait;
use flink_client::rest::{JobSummary, time};
use terraform_plugin::{Context, DataSource};
use terraform_schema::{Computed, Diagnostics, Schema, View};

use super::access::{self, Access};
use crate::diagnose;
use crate::provider::ProviderData;

/// All jobs that a JobManager knows, running or ended, in the order in which they were started. It forgets jobs that have
/// ended when it is started anew, and after an hour (`jobstore.expiration-time`).
#[derive(Clone, Schema)]
#[schema(name = "flink_jobs", version = 0)]
pub struct Jobs {
    /// The arguments that name the JobManager.
    #[schema(flatten)]
    pub access: Access,

    /// The jobs, in the order in which they started.
    pub jobs: Computed<Vec<Listed>>,
}

/// A job in the list.
#[derive(Clone, Debug, PartialEq, Eq, Schema)]
pub struct Listed {
    /// Id of the job, 32 hexadecimal digits.
    pub job_id: String,
    /// Name of the job, as its program gives it.
    pub name: String,
    /// State of the job as Flink names it, such as `RUNNING`.
    pub state: String,
    /// When it was started, in RFC 3339.
    pub start_time: Option<String>,
    /// When it ended, in RFC 3339; null while it goes on.
    pub end_time: Option<String>,
    /// Number of its tasks in each state, such as `running`, and of all of them as `total`.
    pub tasks: BTreeMap<String, i64>,
}

impl From<JobSummary> for Listed {
    fn from(found: JobSummary) -> Self {
        Self {
            job_id: found.jid,
            name: found.name,
            state: found.state,
            start_time: time(found.start_time),
            end_time: time(found.end_time),
            tasks: found.tasks,
        }
    }
}

/// The data source `flink_jobs`.
#[derive(Clone, Copy, Debug)]
pub struct FlinkJobs;

#[async_trait]
impl DataSource for FlinkJobs {
    type Data = ProviderData;
    type Model = Jobs;

    fn validate(&self, config: View<'_>) -> Diagnostics {
        access::validate(&config)
    }

    async fn read(&self, mut config: Jobs, cx: &Context<'_, ProviderData>) -> Result<Jobs, Diagnostics> {
        let asked = config.access.reach(cx).await?.job_manager;
        let jobs = asked.jobs().await.map_err(|error| diagnose::rest(&error))?;
        Ok(Jobs {
            access: config.access,
            jobs: Computed(Some(jobs.into_iter().map(Listed::from).collect())),
        })
    }
}
