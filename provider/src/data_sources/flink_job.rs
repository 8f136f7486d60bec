//! `flink_job`: one job, with its vertices, exceptions and checkpoint settings.

use async_trait::async_trait;
use flink_client::rest::{CheckpointConfiguration, JobException, time};
use flink_client::secret::Mask;
use terraform_plugin::{Context, DataSource};
use terraform_schema::{Computed, Diagnostics, Schema, View};

use super::access::{self, Access};
use super::choice::JobChoice;
use crate::diagnose;
use crate::job_manager::Reached;
use crate::provider::ProviderData;

/// One job of a Flink cluster as its JobManager sees it: state, vertices, exceptions, and how it takes checkpoints.
#[derive(Clone, Schema)]
#[schema(name = "flink_job", version = 0)]
pub struct Job {
    /// The arguments that name the JobManager.
    #[schema(flatten)]
    pub access: Access,

    /// The arguments that name the job.
    #[schema(flatten)]
    pub choice: JobChoice,

    /// State of the job as Flink names it, such as `RUNNING`.
    pub state: Computed<String>,

    /// `STREAMING` or `BATCH`; null where this version of Flink does not say.
    pub job_type: Computed<String>,

    /// When it was started, in RFC 3339.
    pub start_time: Computed<String>,

    /// When it ended, in RFC 3339; null while it goes on.
    pub end_time: Computed<String>,

    /// Parallelism with which it runs: that of its widest vertex. Autoscaling is in it.
    pub parallelism: Computed<i64>,

    /// The largest parallelism that it can ever have; null where each vertex has its own.
    pub max_parallelism: Computed<i64>,

    /// The steps of the job, in the order of its graph.
    pub vertices: Computed<Vec<Vertex>>,

    /// What made it fail or restart, newest first: as much as the JobManager remembers
    /// (`web.exception-history-size`, 16).
    pub exceptions: Computed<Vec<Exception>>,

    /// How it takes checkpoints; null where it takes none.
    pub checkpoint_config: Computed<CheckpointConfig>,
}

/// A step of a job.
#[derive(Clone, Debug, PartialEq, Eq, Schema)]
pub struct Vertex {
    /// Id of the step, 32 hexadecimal digits.
    pub id: String,
    /// Name of the step.
    pub name: String,
    /// State of the step, such as `RUNNING`.
    pub status: String,
    /// Number of its parallel instances.
    pub parallelism: i64,
    /// The largest number of parallel instances that it can ever have.
    pub max_parallelism: i64,
    /// When it was started, in RFC 3339.
    pub start_time: Option<String>,
    /// When it ended, in RFC 3339; null while it goes on.
    pub end_time: Option<String>,
}

/// What made a job fail or restart.
#[derive(Clone, Debug, PartialEq, Eq, Schema)]
pub struct Exception {
    /// Java class.
    pub exception_name: String,
    /// What it says, with its innermost cause, in one sentence.
    pub message: String,
    /// When it happened, in RFC 3339.
    pub timestamp: Option<String>,
    /// The task in which it happened; null where it was none.
    pub task_name: Option<String>,
    /// Where that task ran: host and port.
    pub endpoint: Option<String>,
    /// The TaskManager that the task ran on.
    pub task_manager_id: Option<String>,
}

/// How a job takes checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Schema)]
pub struct CheckpointConfig {
    /// `exactly_once` or `at_least_once`.
    pub mode: String,
    /// Milliseconds between two checkpoints; null where the job takes none by itself.
    pub interval: Option<i64>,
    /// Milliseconds after which a checkpoint is given up.
    pub timeout: i64,
    /// Milliseconds between the end of one and the start of the next, at least.
    pub min_pause: i64,
    /// How many may be under way at once.
    pub max_concurrent: i64,
    /// Whether checkpoints can be addressed from outside of the job.
    pub externalized: bool,
    /// Whether they are deleted when the job is cancelled.
    pub delete_on_cancellation: bool,
    /// Class of the state backend, such as `HashMapStateBackend`.
    pub state_backend: Option<String>,
    /// Class of the storage, such as `FileSystemCheckpointStorage`.
    pub checkpoint_storage: Option<String>,
    /// Whether checkpoints may overtake records.
    pub unaligned_checkpoints: bool,
    /// How many may fail one after another before the job does.
    pub tolerable_failed_checkpoints: i64,
}

impl From<CheckpointConfiguration> for CheckpointConfig {
    fn from(found: CheckpointConfiguration) -> Self {
        Self {
            interval: found.interval(),
            mode: found.mode,
            timeout: found.timeout,
            min_pause: found.min_pause,
            max_concurrent: found.max_concurrent,
            externalized: found.externalization.enabled,
            delete_on_cancellation: found.externalization.delete_on_cancellation,
            state_backend: found.state_backend,
            checkpoint_storage: found.checkpoint_storage,
            unaligned_checkpoints: found.unaligned_checkpoints,
            tolerable_failed_checkpoints: found.tolerable_failed_checkpoints,
        }
    }
}

impl From<flink_client::rest::Vertex> for Vertex {
    fn from(found: flink_client::rest::Vertex) -> Self {
        Self {
            id: found.id,
            name: found.name,
            status: found.status,
            parallelism: found.parallelism,
            max_parallelism: found.max_parallelism,
            start_time: time(found.start_time),
            end_time: time(found.end_time),
        }
    }
}

impl Exception {
    fn of(found: JobException, mask: &Mask) -> Self {
        Self {
            message: mask.apply(&found.message()),
            exception_name: found.exception_name,
            timestamp: time(found.timestamp),
            task_name: found.task_name,
            endpoint: found.endpoint,
            task_manager_id: found.task_manager_id,
        }
    }
}

/// The data source `flink_job`.
#[derive(Clone, Copy, Debug)]
pub struct FlinkJob;

#[async_trait]
impl DataSource for FlinkJob {
    type Data = ProviderData;
    type Model = Job;

    fn validate(&self, config: View<'_>) -> Diagnostics {
        access::validate(&config)
    }

    async fn read(&self, mut config: Job, cx: &Context<'_, ProviderData>) -> Result<Job, Diagnostics> {
        let Reached { job_manager, mask } = config.access.reach(cx).await?;
        let id = config.choice.find(&job_manager).await?.jid;
        let refused = |error| diagnose::rest(&error);
        let job = job_manager.job(&id).await.map_err(refused)?;
        let exceptions = job_manager.exceptions(&id).await.map_err(refused)?.newest_first();
        let checkpoints = job_manager.checkpoint_configuration(&id).await.map_err(refused)?;
        let parallelism = job.parallelism();
        Ok(Job {
            access: config.access,
            choice: config.choice,
            state: job.state.into(),
            job_type: Computed(job.job_type),
            start_time: Computed(time(job.start_time)),
            end_time: Computed(time(job.end_time)),
            parallelism: parallelism.into(),
            max_parallelism: Computed(Some(job.max_parallelism).filter(|most| *most > 0)),
            vertices: Computed(Some(job.vertices.into_iter().map(Vertex::from).collect())),
            exceptions: Computed(Some(
                exceptions
                    .into_iter()
                    .map(|found| Exception::of(found, &mask))
                    .collect(),
            )),
            checkpoint_config: Computed(checkpoints.map(CheckpointConfig::from)),
        })
    }
}
