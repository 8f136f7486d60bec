//! The job that a snapshot is of: whether it can be asked for one, and how its JobManager is reached.
//!
//! The operator abandons a snapshot for good whose job does not run at the moment when it looks; and one whose job it
//! does not find can never be deleted. So nothing is asked for before the job runs.

use std::time::Duration;

use super::{JobKind, JobReference};
use crate::kubernetes::{Cluster, KubernetesError, Live, Objects};
use crate::operator::deployment::FlinkDeployment;
use crate::operator::job_resource::JobResource;
use crate::operator::progress::{Baseline, progress};
use crate::operator::session_job::FlinkSessionJob;
use crate::operator::status::{JobManagerStatus, JobStatus};
use crate::rest::JobManager;
use crate::secret::Mask;
use crate::wait::{Progress, Wait, WaitError, until};

/// The job of a snapshot, and its JobManager.
#[derive(Clone, Debug)]
pub struct Target {
    /// Whether the job can be asked for a snapshot now.
    pub runs: bool,
    /// Id of the job, 32 hexadecimal digits.
    pub job_id: Option<String>,
    /// The JobManager, through the API server.
    pub job_manager: JobManager,
    /// The secrets of its configuration.
    pub mask: Mask,
}

/// A job that cannot be asked for a snapshot.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NoTarget {
    /// There is no such object.
    #[error("there is no {kind} {namespace}/{name}")]
    Missing {
        /// Kind of the object.
        kind: &'static str,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// The job does not run, and waiting cannot mend it.
    #[error("{kind} {namespace}/{name} has no job that runs: {reason}")]
    DoesNotRun {
        /// Kind of the object.
        kind: &'static str,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// Time is up.
    #[error("the job of {kind} {namespace}/{name} did not run within {}: {reason}", crate::wait::minutes(*.after))]
    TimedOut {
        /// Kind of the object.
        kind: &'static str,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The time limit.
        after: Duration,
        /// What was missing last.
        reason: String,
    },
    /// The caller was told to stop.
    #[error("stopped on request while waiting for the job to run: {reason}")]
    Stopped {
        /// What was missing last.
        reason: String,
    },
    /// It cannot be looked at.
    #[error(transparent)]
    Kubernetes(#[from] KubernetesError),
}

/// Waits until the job of a snapshot runs.
///
/// # Errors
/// See [`NoTarget`]. A job that will not run by itself ends the wait at once.
pub async fn running(
    cluster: &Cluster,
    namespace: &str,
    reference: &JobReference,
    timeout: Duration,
) -> Result<Target, NoTarget> {
    let name = &reference.name;
    match reference.kind {
        JobKind::FlinkDeployment => {
            let live = wait_for::<FlinkDeployment>(cluster, namespace, name, timeout).await?;
            Ok(of_deployment(cluster, namespace, &live))
        }
        JobKind::FlinkSessionJob => {
            let live = wait_for::<FlinkSessionJob>(cluster, namespace, name, timeout).await?;
            Ok(of_session_job(cluster, namespace, &live).await?)
        }
    }
}

/// The job of a snapshot as it is now; `None` where it is not there.
///
/// # Errors
/// See [`KubernetesError`].
pub async fn find(
    cluster: &Cluster,
    namespace: &str,
    reference: &JobReference,
) -> Result<Option<Target>, KubernetesError> {
    let name = &reference.name;
    match reference.kind {
        JobKind::FlinkDeployment => {
            let live = Objects::<FlinkDeployment>::new(cluster.clone(), namespace)
                .find(name)
                .await?;
            Ok(live.map(|live| of_deployment(cluster, namespace, &live)))
        }
        JobKind::FlinkSessionJob => match Objects::<FlinkSessionJob>::new(cluster.clone(), namespace)
            .find(name)
            .await?
        {
            Some(live) => of_session_job(cluster, namespace, &live).await.map(Some),
            None => Ok(None),
        },
    }
}

async fn wait_for<K: JobResource>(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    timeout: Duration,
) -> Result<Live<K>, NoTarget> {
    let objects: Objects<K> = Objects::new(cluster.clone(), namespace);
    let kind = K::KIND;
    let mut there = true;
    let waited = until(&objects, Wait::new(name, timeout), |live| {
        there = live.is_some();
        live.map_or_else(
            || Progress::failed("it is not there"),
            |live| can_be_asked(&live.object),
        )
    })
    .await;
    let (namespace, name) = (namespace.to_owned(), name.to_owned());
    match waited {
        Ok(Some(live)) => Ok(live),
        Ok(None) => Err(NoTarget::Missing { kind, namespace, name }),
        Err(WaitError::Failed { .. }) if !there => Err(NoTarget::Missing { kind, namespace, name }),
        Err(WaitError::Failed { reason, .. }) => Err(NoTarget::DoesNotRun {
            kind,
            namespace,
            name,
            reason,
        }),
        Err(WaitError::TimedOut { reason, after, .. }) => Err(NoTarget::TimedOut {
            kind,
            namespace,
            name,
            after,
            reason,
        }),
        Err(WaitError::Stopped { reason, .. }) => Err(NoTarget::Stopped { reason }),
        Err(WaitError::Kubernetes(error)) => Err(error.into()),
    }
}

fn of_deployment(cluster: &Cluster, namespace: &str, live: &FlinkDeployment) -> Target {
    Target {
        runs: can_be_asked(live) == Progress::Ready,
        job_id: job_id(live),
        job_manager: JobManager::new(cluster.clone(), namespace, live.rest_service(), live.rest_port()),
        mask: mask(live),
    }
}

/// The job of a session cluster, whose JobManager is that of the cluster. The status of the job stays as it was while the
/// cluster is away: it runs only where its JobManager is there.
async fn of_session_job(cluster: &Cluster, namespace: &str, live: &FlinkSessionJob) -> Result<Target, KubernetesError> {
    let clusters: Objects<FlinkDeployment> = Objects::new(cluster.clone(), namespace);
    let found = clusters.find(live.deployment_name()).await?;
    let is_up = found.as_ref().is_some_and(|session| {
        session.reported().and_then(|reported| reported.job_manager) == Some(&JobManagerStatus::Ready)
    });
    let port = found.as_ref().map_or(8081, |session| session.rest_port());
    let mut mask = mask(live);
    if let Some(configuration) = found.as_ref().and_then(|session| session.flink_configuration()) {
        mask.add_secrets(configuration);
    }
    Ok(Target {
        runs: is_up && can_be_asked(live) == Progress::Ready,
        job_id: job_id(live),
        job_manager: JobManager::new(
            cluster.clone(),
            namespace,
            format!("{}-rest", live.deployment_name()),
            port,
        ),
        mask,
    })
}

fn job_id(live: &impl JobResource) -> Option<String> {
    let id = live.reported()?.job_status.job_id.clone();
    id.filter(|id| !id.is_empty())
}

fn mask(live: &impl JobResource) -> Mask {
    let configuration = live.flink_configuration();
    configuration.map_or_else(Mask::default, |configuration| Mask::of(configuration))
}

/// Whether the job can be asked for a snapshot: "ready" where it runs, as the operator asks it too.
pub fn can_be_asked<K: JobResource>(live: &K) -> Progress {
    if live.job().is_none() {
        return Progress::failed("it is a session cluster, whose jobs are objects of their own");
    }
    let reported = live.reported();
    let state = reported.and_then(|reported| reported.job_status.state.clone());
    // The status of a session job says nothing of its JobManager.
    let is_up = reported.is_some_and(|reported| {
        reported
            .job_manager
            .is_none_or(|job_manager| *job_manager == JobManagerStatus::Ready)
    });
    let is_deleted = live.metadata().deletion_timestamp.is_some();
    if is_up && !is_deleted && !live.is_lost() && state == Some(JobStatus::Running) {
        return Progress::Ready;
    }
    if live.wants_suspended() {
        return Progress::failed("its job is suspended");
    }
    match progress(live, &Baseline::default()) {
        // What ran to its end is as it should be, and takes no snapshot any more.
        Progress::Ready | Progress::Settling { .. } => Progress::Failed(match state {
            Some(state) => format!("its job is {state}"),
            None => "its job has ended".to_owned(),
        }),
        other @ (Progress::Waiting(_) | Progress::Failing { .. } | Progress::Failed(_)) => other,
    }
}
