//! What to do first, decided from the object alone.

use std::fmt;

use super::{JobOnCluster, OnDestroy};
use crate::operator::job::UpgradeMode;
use crate::operator::job_resource::{JobResource, Reported};
use crate::operator::status::{JobManagerStatus, JobStatus, LifecycleState, ReconciliationState};

/// The first step of a removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: the object is left to others.
    LeaveAlone,
    /// Delete it: there is nothing to save, or it is saved already.
    Delete {
        /// The last state of the job, where it has ended with one: a savepoint or checkpoint.
        state: Option<String>,
    },
    /// Suspend its job with a savepoint.
    Suspend,
    /// Do nothing and say why.
    Refuse(Refusal),
}

/// Why an object is not deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The job has ended badly and no checkpoint of it is known.
    EndedWithoutCheckpoint(JobStatus),
    /// The job is suspended, and its state can only be found through data that goes with it.
    SuspendedWithoutPath,
    /// The JobManager does not know the job any more, and no checkpoint of it is known.
    Lost,
    /// The session cluster of the job can take no savepoint; why.
    ClusterAway(String),
    /// Jobs run on the session cluster: the operator would not let it go before they are gone.
    Jobs(Vec<JobOnCluster>),
    /// It is to be replaced, and its job keeps state, but there is no place for a savepoint.
    NoSavepointDirectory,
    /// It is to be replaced, and nobody knew the name of the one that follows.
    SuccessorUnknown,
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
            Self::Lost => f.write_str(
                "its session cluster does not know its job any more, so no savepoint can be taken, and no savepoint or \
                 retained checkpoint of it is known",
            ),
            Self::NoSavepointDirectory => f.write_str(
                "it is to be replaced, and the state of its job could not be handed over: its upgrade mode is `last-state`, \
                 and there is no directory for a savepoint",
            ),
            Self::SuccessorUnknown => f.write_str(
                "it is to be replaced, and the state of its job could not be handed over: the name or namespace of the one \
                 that follows was not known when that was planned",
            ),
            Self::ClusterAway(why) => write!(f, "{why}, so no savepoint can be taken"),
            Self::Jobs(jobs) => {
                let jobs: Vec<String> = jobs.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "the operator does not delete a session cluster before its jobs are gone, and there still are: {}",
                    jobs.join(", ")
                )
            }
        }
    }
}

/// The first step of removing an object, as it is now, by a policy.
pub fn first_step<K: JobResource>(object: &K, policy: OnDestroy) -> Step {
    let nothing_known = Step::Delete { state: None };
    if policy == OnDestroy::Abandon {
        return Step::LeaveAlone;
    }
    // What was deleted while its job ran cannot be suspended any more.
    let gives_up = policy == OnDestroy::Cancel || object.metadata().deletion_timestamp.is_some();
    match safe_step(object) {
        Step::Suspend | Step::Refuse(_) if gives_up => nothing_known,
        step @ (Step::LeaveAlone | Step::Delete { .. } | Step::Suspend | Step::Refuse(_)) => step,
    }
}

/// The first step of removing an object whose state is to be kept.
fn safe_step<K: JobResource>(object: &K) -> Step {
    let Some(job) = object.job() else {
        // A session cluster has no state of its own.
        return Step::Delete { state: None };
    };
    // What has never run has the state that it was to begin with.
    let Some((status, reconciled)) = object.reported().and_then(|status| {
        let reconciled = status.reconciliation_status.reconciled()?;
        Some((status, reconciled))
    }) else {
        let state = job.initial_savepoint().map(str::to_owned);
        return Step::Delete { state };
    };
    let state = status.job_status.restorable_path().map(str::to_owned);
    let reconciling = matches!(
        status.reconciliation_status.state,
        Some(ReconciliationState::Upgrading | ReconciliationState::RollingBack)
    );
    let half_suspended = reconciling && status.job_status.state == Some(JobStatus::Canceled);
    let suspended = status.lifecycle_state == Some(&LifecycleState::Suspended) || half_suspended;
    if object.wants_suspended() && reconciled.is_suspended() && suspended {
        let keeps_state = !matches!(job.upgrade_mode, None | Some(UpgradeMode::Stateless));
        return if state.is_none() && keeps_state {
            Step::Refuse(Refusal::SuspendedWithoutPath)
        } else {
            Step::Delete { state }
        };
    }
    if never_started(&status) {
        return Step::Delete { state };
    }
    if object.is_lost() {
        return match state {
            Some(path) => Step::Delete { state: Some(path) },
            None => Step::Refuse(Refusal::Lost),
        };
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

/// Whether the job was never seen running, and there is no JobManager that could run it: a bad image, a missing service
/// account; or none has taken the job: a missing jar. There is nothing to save, and nobody who could save it.
fn never_started(status: &Reported<'_>) -> bool {
    let never_stable = status
        .reconciliation_status
        .last_stable_spec
        .as_deref()
        .is_none_or(str::is_empty);
    let running = status.job_status.state == Some(JobStatus::Running);
    let nowhere = match status.job_manager {
        Some(job_manager) => *job_manager != JobManagerStatus::Ready,
        None => status.reconciliation_status.state == Some(ReconciliationState::Upgrading),
    };
    never_stable && !running && nowhere
}
