//! The jobs on a session cluster. The operator does not let go of a cluster that has any, and a deletion cannot be taken
//! back: so they are looked for before.

use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::{debug, info};

use super::Refusal;
use crate::kubernetes::{Limits, Live, Objects};
use crate::operator::deployment::FlinkDeployment;
use crate::operator::job_resource::JobResource;
use crate::operator::session_job::FlinkSessionJob;
use crate::operator::status::JobManagerStatus;
use crate::rest::JobManager;

/// A job that keeps a session cluster from being deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobOnCluster {
    /// A `FlinkSessionJob`.
    SessionJob {
        /// Its name.
        name: String,
        /// Whether this provider has written it.
        ours: bool,
        /// Whether somebody is deleting it.
        going: bool,
    },
    /// A job that was submitted past the operator.
    Unmanaged {
        /// Its name, from its program.
        name: String,
        /// Its id, 32 hexadecimal digits.
        id: String,
    },
}

impl fmt::Display for JobOnCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SessionJob { name, ours: true, .. } => {
                write!(f, "the FlinkSessionJob `{name}` (managed by Terraform)")
            }
            Self::SessionJob { name, ours: false, .. } => {
                write!(f, "the FlinkSessionJob `{name}` (not managed by Terraform)")
            }
            Self::Unmanaged { name, id } => write!(f, "the job `{name}` ({id}, submitted past the operator)"),
        }
    }
}

/// How often to look whether the jobs are gone.
const PAUSE: Duration = Duration::from_secs(3);

/// The JobManager is asked once, and not for long: the operator asks it again.
const BRIEF: Limits = Limits {
    request: Duration::from_secs(5),
    attempts: 1,
    pause: Duration::ZERO,
};

/// Waits until nothing runs on a session cluster that its operator would wait for. Jobs that we have written may be on
/// their way out in the same apply; all others are there to stay.
pub(super) async fn wait_for_jobs(
    clusters: &Objects<FlinkDeployment>,
    live: &Live<FlinkDeployment>,
    deadline: Instant,
) -> Result<(), Refusal> {
    let is_off = |option: &str| {
        live.configured(&format!("kubernetes.operator.session.deletion.{option}"))
            .is_some_and(|text| text.trim().eq_ignore_ascii_case("false"))
    };
    if is_off("block-on-session-jobs") || live.is_being_deleted() {
        return Ok(());
    }
    loop {
        let jobs = session_jobs(clusters, live.deployment_name()).await;
        if jobs.is_empty() {
            break;
        }
        let stays =
            |job: &JobOnCluster| !matches!(job, JobOnCluster::SessionJob { ours, going, .. } if *ours || *going);
        if jobs.iter().any(stays) || Instant::now() >= deadline {
            return Err(Refusal::Jobs(jobs));
        }
        info!(
            name = live.deployment_name(),
            "waiting: {} session jobs are not gone yet",
            jobs.len()
        );
        tokio::select! {
            () = clusters.cluster().stop().cancelled() => return Err(Refusal::Jobs(jobs)),
            () = sleep(PAUSE) => {}
        }
    }
    if is_off("block-on-unmanaged-jobs") {
        return Ok(());
    }
    let jobs = unmanaged_jobs(clusters, live).await;
    if jobs.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Jobs(jobs))
    }
}

/// The session jobs of a cluster. One that somebody is deleting goes by itself, whoever wrote it.
async fn session_jobs(clusters: &Objects<FlinkDeployment>, name: &str) -> Vec<JobOnCluster> {
    let jobs: Objects<FlinkSessionJob> = Objects::new(clusters.cluster().clone(), clusters.namespace());
    let jobs = match jobs.list(&Default::default()).await {
        Ok(jobs) => jobs,
        Err(error) => {
            // A role may not allow it; then the operator's own refusal has to do.
            debug!(%error, "the session jobs of the cluster are not known");
            return Vec::new();
        }
    };
    jobs.iter()
        .filter(|job| job.deployment_name() == name)
        .map(|job| JobOnCluster::SessionJob {
            name: job.metadata().name.clone().unwrap_or_default(),
            ours: job.owned_by_us(&["spec"]),
            going: job.is_being_deleted(),
        })
        .collect()
}

/// Jobs that have not ended and that no session job is about.
async fn unmanaged_jobs(clusters: &Objects<FlinkDeployment>, live: &Live<FlinkDeployment>) -> Vec<JobOnCluster> {
    let status = live.status.as_ref();
    if status.and_then(|status| status.job_manager_deployment_status.as_ref()) != Some(&JobManagerStatus::Ready) {
        return Vec::new();
    }
    let cluster = clusters.cluster().clone().with_limits(BRIEF);
    let job_manager = JobManager::new(cluster, clusters.namespace(), live.rest_service(), live.rest_port())
        .with_patience(Duration::ZERO);
    match job_manager.jobs().await {
        Ok(jobs) => jobs
            .into_iter()
            .filter(|job| !job.is_terminal())
            .map(|job| JobOnCluster::Unmanaged {
                name: job.name,
                id: job.jid,
            })
            .collect(),
        Err(error) => {
            debug!(%error, "the jobs of the cluster are not known");
            Vec::new()
        }
    }
}
