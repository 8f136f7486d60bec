//! The objects that a wait may be about.

use flink_client::operator::pods::Pod;
use flink_client::operator::progress::{Baseline, progress_with_pods, session_cluster_with_pods};
use flink_client::operator::state_snapshot::{self, FlinkStateSnapshot};
use flink_client::operator::{
    FlinkDeployment, FlinkSessionJob, JobManagerStatus, JobResource, JobStatus, LifecycleState, ReconciliationState,
    Reported, Resource, SnapshotState,
};
use flink_client::wait::Progress;

/// An object that somebody waits for.
#[derive(Clone)]
pub(super) enum Object {
    Deployment(Box<FlinkDeployment>),
    SessionJob(Box<FlinkSessionJob>),
    Snapshot(Box<FlinkStateSnapshot>),
}

impl Object {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Deployment(_) => FlinkDeployment::KIND,
            Self::SessionJob(_) => FlinkSessionJob::KIND,
            Self::Snapshot(_) => FlinkStateSnapshot::KIND,
        }
    }

    /// What is so when it is written.
    pub(super) fn baseline(&self) -> Baseline {
        match self {
            Self::Deployment(deployment) => Baseline::of(&**deployment),
            Self::SessionJob(job) => Baseline::of(&**job),
            Self::Snapshot(_) => Baseline::default(),
        }
    }

    /// The deployment whose pods matter to it.
    pub(super) fn deployment_name(&self) -> Option<&str> {
        match self {
            Self::Deployment(deployment) => Some(deployment.deployment_name()),
            Self::SessionJob(job) => Some(job.deployment_name()),
            Self::Snapshot(_) => None,
        }
    }

    pub(super) fn wants_suspended(&self) -> bool {
        match self {
            Self::Deployment(deployment) => deployment.wants_suspended(),
            Self::SessionJob(job) => job.wants_suspended(),
            Self::Snapshot(_) => false,
        }
    }

    /// How far the operator is with it. `cluster` is the session cluster of a session job.
    pub(super) fn progress(&self, baseline: &Baseline, cluster: Option<&FlinkDeployment>, pods: &[Pod]) -> Progress {
        let job = match self {
            Self::Deployment(deployment) => return progress_with_pods(&**deployment, baseline, pods),
            Self::Snapshot(snapshot) => return state_snapshot::progress(snapshot),
            Self::SessionJob(job) => job,
        };
        // The wait for a session job is one for its cluster, too.
        let of_job = progress_with_pods(&**job, baseline, pods);
        let of_cluster = session_cluster_with_pods(job.deployment_name(), cluster, pods);
        if of_cluster == Progress::Ready || job.wants_suspended() || matches!(of_job, Progress::Failed(_)) {
            of_job
        } else {
            of_cluster
        }
    }

    /// Whether nobody could call this object anything but ready: the last but one row of each decision table, asked without
    /// the code that is tested.
    pub(super) fn is_healthy(&self, cluster: Option<&FlinkDeployment>) -> bool {
        let stable = |status: Reported<'_>, generation: Option<i64>| {
            status.observed_generation == generation
                && status.reconciliation_status.state == Some(ReconciliationState::Deployed)
                && status.lifecycle_state == Some(&LifecycleState::Stable)
        };
        let runs =
            |status: Reported<'_>| matches!(status.job_status.state, Some(JobStatus::Running | JobStatus::Finished));
        let answers = |deployment: &FlinkDeployment| {
            deployment.reported().and_then(|status| status.job_manager) == Some(&JobManagerStatus::Ready)
        };
        match self {
            Self::Deployment(deployment) => deployment.reported().is_some_and(|status| {
                stable(status, deployment.metadata.generation)
                    && answers(deployment)
                    && (deployment.is_session_cluster() || runs(status))
            }),
            Self::SessionJob(job) => {
                job.reported()
                    .is_some_and(|status| stable(status, job.metadata.generation) && runs(status))
                    && cluster.is_some_and(answers)
            }
            Self::Snapshot(snapshot) => snapshot.state() == Some(&SnapshotState::Completed),
        }
    }
}
