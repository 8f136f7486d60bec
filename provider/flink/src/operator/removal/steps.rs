//! What to do first, decided from the object alone.

use std::fmt;

use super::OnDestroy;
use crate::kubernetes::events::EventSeen;
use crate::operator::deployment::FlinkDeployment;
use crate::operator::job::UpgradeMode;
use crate::operator::status::{
    FlinkDeploymentStatus, JobManagerStatus, JobStatus, LifecycleState, ReconciliationState,
};
use crate::text::cut_middle;

/// The first step of a removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: the deployment is left to others.
    LeaveAlone,
    /// Delete it: there is nothing to save, or it is saved already.
    Delete {
        /// The savepoint or checkpoint a later job can start from, where one is known.
        state: Option<String>,
    },
    /// Suspend its job with a savepoint.
    Suspend,
    /// Do nothing and say why.
    Refuse(Refusal),
}

/// Why a deployment is not deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The job has ended badly and no checkpoint of it is known.
    EndedWithoutCheckpoint(JobStatus),
    /// The job is suspended, and its state can only be found through data that goes with it.
    SuspendedWithoutPath,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndedWithoutCheckpoint(state) => write!(
                f,
                "its job is {state}, so no savepoint can be taken, and no retained checkpoint of it is known"
            ),
            Self::SuspendedWithoutPath => f.write_str(
                "its job is suspended without a savepoint, and its state can only be found through the \
                 high-availability data that is deleted with it",
            ),
        }
    }
}

/// The first step of removing a deployment, as it is now, by a policy.
pub fn first_step(deployment: &FlinkDeployment, policy: OnDestroy) -> Step {
    let status = deployment.status.as_ref();
    let state = status
        .and_then(|status| status.job_status.restorable_path())
        .map(str::to_owned);
    match policy {
        OnDestroy::Abandon => return Step::LeaveAlone,
        OnDestroy::Cancel => return Step::Delete { state },
        OnDestroy::Savepoint => {}
    }
    if deployment.metadata.deletion_timestamp.is_some() {
        return Step::Delete { state };
    }
    let (Some(job), Some(status)) = (&deployment.spec.job, status) else {
        // A session cluster has no state of its own; a deployment without a status has never run.
        return Step::Delete { state };
    };
    let Some(reconciled) = status.reconciliation_status.reconciled() else {
        return Step::Delete { state };
    };
    let reconciling = matches!(
        status.reconciliation_status.state,
        Some(ReconciliationState::Upgrading | ReconciliationState::RollingBack)
    );
    let half_suspended = reconciling && status.job_status.state == Some(JobStatus::Canceled);
    let suspended = status.lifecycle_state == Some(LifecycleState::Suspended) || half_suspended;
    if deployment.wants_suspended() && reconciled.is_suspended() && suspended {
        let keeps_state = !matches!(job.upgrade_mode, None | Some(UpgradeMode::Stateless));
        return if state.is_none() && keeps_state {
            Step::Refuse(Refusal::SuspendedWithoutPath)
        } else {
            Step::Delete { state }
        };
    }
    if never_started(status) {
        return Step::Delete { state };
    }
    match &status.job_status.state {
        // In an upgrade, "finished" is a filler.
        Some(JobStatus::Finished) if !reconciling => Step::Delete { state },
        Some(ended @ (JobStatus::Failed | JobStatus::Canceled)) if !reconciling => match state {
            Some(path) => Step::Delete { state: Some(path) },
            None => Step::Refuse(Refusal::EndedWithoutCheckpoint(ended.clone())),
        },
        _ => Step::Suspend,
    }
}

/// Whether the job was never seen running and its JobManager is not up: a bad image, a missing service account. There is
/// nothing to save, and nobody who could save it.
fn never_started(status: &FlinkDeploymentStatus) -> bool {
    let never_stable = status
        .reconciliation_status
        .last_stable_spec
        .as_deref()
        .is_none_or(str::is_empty);
    let running = status.job_status.state == Some(JobStatus::Running);
    never_stable && !running && status.job_manager_deployment_status != Some(JobManagerStatus::Ready)
}

/// What holds up a deletion, from the object and the events about it.
pub fn hanging(deployment: &FlinkDeployment, events: &[EventSeen]) -> String {
    let deleted_at = deployment.metadata.deletion_timestamp.as_ref().map(|time| time.0);
    let since: Vec<&EventSeen> = events
        .iter()
        .filter(|event| event.last.is_none() || event.last >= deleted_at)
        .collect();
    let last = |reason: &str| since.iter().rev().find(|event| event.reason == reason);
    if let Some(failed) = last("CleanupFailed") {
        return format!("the operator cannot clean up: {}", cut_middle(&failed.message, 500));
    }
    let finalizers = deployment.metadata.finalizers.as_deref().unwrap_or_default();
    if let Some(foreign) = finalizers
        .iter()
        .find(|finalizer| !finalizer.contains("flink.apache.org"))
    {
        return format!("the finalizer `{foreign}` of another controller is not done");
    }
    if let Some(cleanup) = last("Cleanup") {
        let savepoint = deployment
            .spec
            .configured("kubernetes.operator.job.savepoint-on-deletion")
            == Some("true");
        let why = if savepoint {
            "`kubernetes.operator.job.savepoint-on-deletion` is set, and the job may not be running: without it, the \
             deletion goes on"
        } else {
            "its log says why"
        };
        return format!("the operator has tried {} times to clean up; {why}", cleanup.count);
    }
    "the operator has not begun to clean up: it may be down, or no longer watch this namespace".to_owned()
}
