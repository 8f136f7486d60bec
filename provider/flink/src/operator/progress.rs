//! How far the operator is with an object: one pure function for each kind. What both kinds have in common is asked here,
//! the rest in the file of the kind.
//!
//! No single field tells. The lifecycle state stays `STABLE` while a job restarts; the job state is
//! `FINISHED` as a filler in every upgrade; the JobManager is in `ERROR` for some seconds of many a
//! healthy start; the error stays beside a healthy job, and is away for moments beside a sick one. The
//! order of the questions below is what has proven right on recordings of a real operator.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::OperatorError;
use super::job_resource::{JobResource, Reported};
use super::pods::{self, Pod};
use super::status::{JobManagerStatus, JobStatus, LifecycleState, ReconciliationState};
use crate::secret::Mask;
use crate::text::cut_middle;
use crate::wait::Progress;

mod deployment;
mod session_cluster;
mod session_job;

pub use deployment::deployment;
pub use session_cluster::{CLUSTER_MISSING, session_cluster, session_cluster_with_pods};
pub use session_job::session_job;

/// How long neither a finalizer nor a status may show up: an operator that watches the namespace sets
/// the finalizer within a second.
const NO_OPERATOR: Duration = Duration::from_secs(120);

/// How long a trouble of a kind that often heals may last.
const GRACE: Duration = pods::GRACE;

/// How long a job that has not run yet may restart again and again.
const RESTARTS: Duration = Duration::from_secs(300);

/// How long an upgrade may fail to stop the running job: savepoints of a busy job take several attempts.
const UPGRADE: Duration = Duration::from_secs(600);

/// How long an object that was created suspended must show no complaint. The operator writes one within
/// milliseconds.
const CREATED_SUSPENDED: Duration = Duration::from_secs(2);

/// How long a suspended job must rest in the half-way state that some operator versions leave it in
/// (FLINK-40164), to be told from an upgrade passing through it.
const HALF_SUSPENDED: Duration = Duration::from_secs(30);

/// The longest error text in a reason.
const LONGEST: usize = 600;

/// The cause of a wait for a job that restarts again and again.
const RESTARTING: &str = "restarts";

/// What was already so when the last write was made, and so says nothing about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// The error that was there.
    pub error: Option<String>,
    /// The job that had finished before, where its JobManager was gone already.
    pub finished_job: Option<String>,
}

impl Baseline {
    /// What is so at the moment of a write: taken from the object as the write returned it.
    pub fn of<K: JobResource>(written: &K) -> Self {
        let Some(status) = written.reported() else {
            return Self::default();
        };
        let finished = status.job_status.state == Some(JobStatus::Finished)
            && status.job_manager == Some(&JobManagerStatus::Missing);
        Self {
            error: status.error.map(str::to_owned),
            finished_job: if finished {
                status.job_status.job_id.clone()
            } else {
                None
            },
        }
    }
}

/// How far the operator is with an object, as the object alone tells.
pub fn progress<K: JobResource>(object: &K, baseline: &Baseline) -> Progress {
    object.progress(baseline, &[])
}

/// How far the operator is with an object, as the object and the pods of its deployment tell. Pods never make anything
/// ready: they say why it is not, where the operator does not.
pub fn progress_with_pods<K: JobResource>(object: &K, baseline: &Baseline, pods: &[Pod]) -> Progress {
    object.progress(baseline, pods)
}

/// One look at an object.
struct Look<'a, K> {
    object: &'a K,
    baseline: &'a Baseline,
    generation: i64,
}

impl<'a, K: JobResource> Look<'a, K> {
    fn at(object: &'a K, baseline: &'a Baseline) -> Self {
        Self {
            object,
            baseline,
            generation: object.metadata().generation.unwrap_or_default(),
        }
    }

    /// What there is to look at; else how far an object without a status is, `started` telling that of one that the
    /// operator has taken up and that is to run.
    fn status(self, started: impl FnOnce() -> Progress) -> Result<LookAtStatus<'a, K>, Progress> {
        if self.object.metadata().deletion_timestamp.is_some() {
            return Err(Progress::failed("it is being deleted"));
        }
        match self.object.reported() {
            Some(status) => Ok(LookAtStatus { look: self, status }),
            None => Err(self.without_status().unwrap_or_else(started)),
        }
    }

    fn has_finalizer(&self) -> bool {
        let finalizers = self.object.metadata().finalizers.as_deref().unwrap_or_default();
        finalizers
            .iter()
            .any(|finalizer| finalizer.contains("flink.apache.org"))
    }

    /// How far an object without a status is; `None` for one that the operator has taken up and that is to run.
    fn without_status(&self) -> Option<Progress> {
        if !self.has_finalizer() {
            return Some(Progress::Failing {
                why: "no operator has taken it up: none seems to watch this namespace".to_owned(),
                cause: "no operator".to_owned(),
                grace: NO_OPERATOR,
            });
        }
        // What is created suspended never gets a status.
        self.object.wants_suspended().then(|| Progress::Settling {
            why: "the operator has taken it up and leaves it suspended".to_owned(),
            still: CREATED_SUSPENDED,
        })
    }
}

/// One look at an object that has a status.
struct LookAtStatus<'a, K> {
    look: Look<'a, K>,
    status: Reported<'a>,
}

impl<K: JobResource> LookAtStatus<'_, K> {
    /// What can be said before anybody asks whether the job runs; `None` where the operator has deployed the
    /// specification, and it is to run.
    fn before_it_runs(&self) -> Option<Progress> {
        self.rejected()
            .or_else(|| self.look.object.wants_suspended().then(|| self.suspended()))
            .or_else(|| self.not_taken_up())
            .or_else(|| self.rolled_back_or_upgrading())
    }

    /// The same, or the reason that the pods give for it. The operator does not tell why a pod has no node, nor of every
    /// image that cannot be had.
    fn explained(&self, progress: Progress, pods: &[Pod]) -> Progress {
        match &progress {
            Progress::Waiting(_) => pods::in_the_way(pods).unwrap_or(progress),
            Progress::Failing { cause, .. } if cause == RESTARTING => pods::in_the_way(pods).unwrap_or(progress),
            Progress::Ready | Progress::Settling { .. } | Progress::Failing { .. } | Progress::Failed(_) => progress,
        }
    }

    /// An error in words, without the secrets of the object's own configuration.
    fn shown(&self, error: &OperatorError) -> String {
        let configuration = self.look.object.flink_configuration();
        let mask = configuration.map_or_else(Mask::default, |configuration| Mask::of(configuration));
        cut_middle(&mask.apply(&error.to_string()), LONGEST)
    }

    fn error(&self) -> Option<OperatorError> {
        self.status
            .error
            .filter(|error| !error.trim().is_empty())
            .map(OperatorError::decode)
    }

    /// Whether the error was there before the write: it may be about what was before.
    fn error_is_old(&self) -> bool {
        self.status.error.is_some() && self.status.error == self.look.baseline.error.as_deref()
    }

    fn never_reconciled(&self) -> bool {
        self.status
            .reconciliation_status
            .last_reconciled_spec
            .as_deref()
            .is_none_or(str::is_empty)
    }

    /// Whether the operator has taken up the last change.
    fn taken_up(&self) -> bool {
        self.status.observed_generation.unwrap_or_default() >= self.look.generation
    }

    fn reconciliation(&self) -> Option<&ReconciliationState> {
        self.status.reconciliation_status.state.as_ref()
    }

    fn lifecycle(&self) -> Option<&LifecycleState> {
        self.status.lifecycle_state
    }

    fn job_state(&self) -> Option<&JobStatus> {
        self.status.job_status.state.as_ref()
    }

    /// The operator refuses the specification. The error is only about this specification where none is
    /// deployed or the last change is not taken up; and not for sure where it was there before.
    fn rejected(&self) -> Option<Progress> {
        let error = self.error().filter(OperatorError::is_validation)?;
        if !self.never_reconciled() && self.taken_up() {
            return None;
        }
        let why = format!("the operator rejects the specification: {}", self.shown(&error));
        Some(if self.error_is_old() {
            Progress::Failing {
                why,
                cause: "rejected".to_owned(),
                grace: GRACE,
            }
        } else {
            Progress::Failed(why)
        })
    }

    /// The operator has not deployed anything yet, or not this generation.
    fn not_taken_up(&self) -> Option<Progress> {
        let error = self.error();
        if self.never_reconciled() {
            return Some(match error {
                Some(error) => self.submission_failing(&error),
                None => Progress::waiting("the operator has not deployed it yet"),
            });
        }
        if self.taken_up() {
            return None;
        }
        Some(self.stuck_upgrade().unwrap_or_else(|| {
            Progress::Waiting(format!(
                "the operator has not taken up the last change yet (generation {} of {}){}",
                self.status.observed_generation.unwrap_or_default(),
                self.look.generation,
                error
                    .filter(|_| !self.error_is_old())
                    .map(|error| format!(": {}", self.shown(&error)))
                    .unwrap_or_default(),
            ))
        }))
    }

    /// The running job cannot be stopped or restored in the way that was asked for.
    fn stuck_upgrade(&self) -> Option<Progress> {
        let error = self.error().filter(OperatorError::is_upgrade_failure)?;
        let why = format!("the operator cannot upgrade the job: {}", self.shown(&error));
        Some(if error.needs_manual_restore() && !self.error_is_old() {
            Progress::Failed(why)
        } else {
            Progress::Failing {
                why,
                cause: "upgrade".to_owned(),
                grace: UPGRADE,
            }
        })
    }

    fn submission_failing(&self, error: &OperatorError) -> Progress {
        Progress::Failing {
            why: format!("the operator cannot deploy it and tries again: {}", self.shown(error)),
            cause: "submission".to_owned(),
            grace: GRACE,
        }
    }

    fn rolled_back_or_upgrading(&self) -> Option<Progress> {
        match self.reconciliation() {
            Some(ReconciliationState::RollingBack) => Some(Progress::waiting(
                "the operator is going back to the last stable specification",
            )),
            Some(ReconciliationState::RolledBack) => Some(Progress::failed(
                "the operator has rolled back: the new specification did not become stable in time, and the last \
                 stable one runs in its place",
            )),
            // A submission that fails rests here, with its error away for a moment at each attempt.
            Some(ReconciliationState::Upgrading) => Some(match (self.stuck_upgrade(), self.error()) {
                (Some(stuck), _) => stuck,
                (None, Some(error)) => self.submission_failing(&error),
                (None, None) => Progress::waiting("the operator is deploying the specification"),
            }),
            Some(ReconciliationState::Deployed | ReconciliationState::Unknown(_)) | None => None,
        }
    }

    /// The job has failed for good, unless the operator is told to restart it.
    fn failed_job(&self) -> Option<Progress> {
        if self.job_state() != Some(&JobStatus::Failed) {
            return None;
        }
        if self.look.object.is_on("kubernetes.operator.job.restart.failed") {
            return Some(restarting("the job has failed, and the operator restarts it"));
        }
        Some(Progress::Failed(match self.error() {
            Some(error) => format!("the job has failed: {}", self.shown(&error)),
            None => "the job has failed".to_owned(),
        }))
    }

    /// How far the job of a JobManager that answers is, beside what each kind has to say about its end.
    fn running_job(&self) -> Progress {
        match self.job_state() {
            Some(JobStatus::Canceled) => Progress::failed("the job was cancelled by something else than the operator"),
            Some(JobStatus::Running) if self.lifecycle() == Some(&LifecycleState::Stable) => Progress::Ready,
            Some(JobStatus::Running) => Progress::waiting("the job runs, but the operator has not confirmed it yet"),
            Some(JobStatus::Restarting | JobStatus::Failing) => restarting("the job restarts after a failure"),
            Some(JobStatus::Created) => {
                Progress::waiting("the job is CREATED: it waits for TaskManagers with free slots")
            }
            Some(state) => Progress::Waiting(format!("the job is {state}")),
            None => Progress::waiting("the job has not been seen yet"),
        }
    }

    fn failed_deployment(&self) -> Progress {
        Progress::Failed(match self.error() {
            Some(error) => format!("the operator has given up: {}", self.shown(&error)),
            None => "the operator has given up".to_owned(),
        })
    }

    fn suspended(&self) -> Progress {
        let reconciled = self
            .status
            .reconciliation_status
            .reconciled()
            .filter(|_| !self.never_reconciled());
        let Some(reconciled) = reconciled else {
            return match self.error() {
                Some(error) => self.submission_failing(&error),
                None => self
                    .look
                    .without_status()
                    .unwrap_or_else(|| Progress::waiting("the operator has not taken it up yet")),
            };
        };
        let stopped = reconciled.is_suspended();
        let deployed = !matches!(
            self.reconciliation(),
            Some(ReconciliationState::Upgrading | ReconciliationState::RollingBack)
        );
        if stopped && deployed && self.taken_up() && self.lifecycle() == Some(&LifecycleState::Suspended) {
            return Progress::Ready;
        }
        if let Some(stuck) = self.stuck_upgrade() {
            return stuck;
        }
        let ended = matches!(self.job_state(), Some(JobStatus::Canceled | JobStatus::Finished));
        // An error about what was before stays beside a session job.
        let no_error = self.error().is_none() || self.error_is_old();
        if stopped && ended && no_error && self.reconciliation() == Some(&ReconciliationState::Upgrading) {
            return Progress::Settling {
                why: "the job is stopped".to_owned(),
                still: HALF_SUSPENDED,
            };
        }
        Progress::waiting(match self.job_state() {
            Some(JobStatus::Cancelling) => "the job is being cancelled",
            _ => "the operator has not suspended the job yet",
        })
    }
}

/// A job that may come to run all the same, but has not for a while.
fn restarting(why: &str) -> Progress {
    Progress::Failing {
        why: why.to_owned(),
        cause: RESTARTING.to_owned(),
        grace: RESTARTS,
    }
}

#[cfg(test)]
mod tests;
