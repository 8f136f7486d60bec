//! How far the operator is with a `FlinkDeployment`: one pure function over the object.
//!
//! No single field tells. The lifecycle state stays `STABLE` while a job restarts; the job state is
//! `FINISHED` as a filler in every upgrade; the JobManager is in `ERROR` for some seconds of many a
//! healthy start; the error stays beside a healthy job, and is away for moments beside a sick one. The
//! order of the questions below is what has proven right on recordings of a real operator.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::deployment::FlinkDeployment;
use super::error::OperatorError;
use super::status::{FlinkDeploymentStatus, JobManagerStatus, JobStatus, LifecycleState, ReconciliationState};
use crate::text::cut_middle;
use crate::wait::Progress;

/// How long neither a finalizer nor a status may show up: an operator that watches the namespace sets
/// the finalizer within a second.
const NO_OPERATOR: Duration = Duration::from_secs(120);

/// How long an object that the operator has taken up may be without a status.
const NO_STATUS: Duration = Duration::from_secs(300);

/// How long a trouble of a kind that often heals may last.
const GRACE: Duration = Duration::from_secs(120);

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
    pub fn of(written: &FlinkDeployment) -> Self {
        let Some(status) = &written.status else {
            return Self::default();
        };
        let finished = status.job_status.state == Some(JobStatus::Finished)
            && status.job_manager_deployment_status == Some(JobManagerStatus::Missing);
        Self {
            error: status.error.clone(),
            finished_job: if finished {
                status.job_status.job_id.clone()
            } else {
                None
            },
        }
    }
}

/// How far the operator is with a deployment.
pub fn progress(deployment: &FlinkDeployment, baseline: &Baseline) -> Progress {
    let look = Look::at(deployment, baseline);
    if deployment.metadata.deletion_timestamp.is_some() {
        return Progress::failed("it is being deleted");
    }
    let Some(status) = &deployment.status else {
        return look.without_status();
    };
    let look = LookAtStatus { look, status };
    look.rejected()
        .or_else(|| deployment.wants_suspended().then(|| look.suspended()))
        .or_else(|| look.not_taken_up())
        .or_else(|| look.rolled_back_or_upgrading())
        .or_else(|| look.job_manager_in_trouble())
        .unwrap_or_else(|| {
            if deployment.is_session_cluster() {
                look.session_cluster()
            } else {
                look.job()
            }
        })
}

/// One look at an object.
struct Look<'a> {
    deployment: &'a FlinkDeployment,
    baseline: &'a Baseline,
    generation: i64,
}

impl<'a> Look<'a> {
    fn at(deployment: &'a FlinkDeployment, baseline: &'a Baseline) -> Self {
        Self {
            deployment,
            baseline,
            generation: deployment.metadata.generation.unwrap_or_default(),
        }
    }

    fn has_finalizer(&self) -> bool {
        let finalizers = self.deployment.metadata.finalizers.as_deref().unwrap_or_default();
        finalizers
            .iter()
            .any(|finalizer| finalizer.contains("flink.apache.org"))
    }

    fn without_status(&self) -> Progress {
        if !self.has_finalizer() {
            return Progress::Failing {
                why: "no operator has taken it up: none seems to watch this namespace".to_owned(),
                cause: "no operator".to_owned(),
                grace: NO_OPERATOR,
            };
        }
        if self.deployment.wants_suspended() {
            // What is created suspended never gets a status.
            return Progress::Settling {
                why: "the operator has taken it up and leaves it suspended".to_owned(),
                still: CREATED_SUSPENDED,
            };
        }
        Progress::Failing {
            why: "the operator has taken it up, but reports no status: it may not support this Flink version"
                .to_owned(),
            cause: "no status".to_owned(),
            grace: NO_STATUS,
        }
    }
}

/// One look at an object that has a status.
struct LookAtStatus<'a> {
    look: Look<'a>,
    status: &'a FlinkDeploymentStatus,
}

impl LookAtStatus<'_> {
    fn error(&self) -> Option<OperatorError> {
        self.status
            .error
            .as_deref()
            .filter(|error| !error.trim().is_empty())
            .map(OperatorError::decode)
    }

    /// Whether the error was there before the write: it may be about what was before.
    fn error_is_old(&self) -> bool {
        self.status.error.is_some() && self.status.error == self.look.baseline.error
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
        self.status.lifecycle_state.as_ref()
    }

    fn job_manager(&self) -> Option<&JobManagerStatus> {
        self.status.job_manager_deployment_status.as_ref()
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
        let why = format!("the operator rejects the specification: {}", shown(&error));
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
                    .map(|error| format!(": {}", shown(&error)))
                    .unwrap_or_default(),
            ))
        }))
    }

    /// The running job cannot be stopped or restored in the way that was asked for.
    fn stuck_upgrade(&self) -> Option<Progress> {
        let error = self.error().filter(OperatorError::is_upgrade_failure)?;
        let why = format!("the operator cannot upgrade the job: {}", shown(&error));
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
            why: format!("the operator cannot deploy it and tries again: {}", shown(error)),
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

    /// Kubernetes cannot start the JobManager. The state swings with each restart of the container, so
    /// an error of the kind that repeats counts while the JobManager is on its way, too.
    fn job_manager_in_trouble(&self) -> Option<Progress> {
        let error = self.error();
        let trouble = error
            .as_ref()
            .filter(|error| error.is_deployment_failure())
            .and_then(|error| repeating_trouble(error.reason.as_deref()?));
        match self.job_manager() {
            Some(JobManagerStatus::Error) => {}
            Some(JobManagerStatus::Deploying | JobManagerStatus::DeployedNotReady) if trouble.is_some() => {}
            _ => return None,
        }
        let what = error.as_ref().map_or_else(|| "no reason given".to_owned(), shown);
        Some(Progress::Failing {
            why: format!("the JobManager cannot start: {what}"),
            cause: trouble.unwrap_or("job manager").to_owned(),
            grace: GRACE,
        })
    }

    fn session_cluster(&self) -> Progress {
        match (self.job_manager(), self.lifecycle()) {
            (_, Some(LifecycleState::Failed)) => self.failed_deployment(),
            (Some(JobManagerStatus::Ready), Some(LifecycleState::Stable)) => Progress::Ready,
            (Some(JobManagerStatus::Ready), _) => Progress::waiting("the JobManager is ready, but not confirmed yet"),
            (job_manager, _) => Progress::waiting(starting(job_manager)),
        }
    }

    fn job(&self) -> Progress {
        let restarts_failed = self
            .look
            .deployment
            .spec
            .configured("kubernetes.operator.job.restart.failed")
            == Some("true");
        let stable = self.lifecycle() == Some(&LifecycleState::Stable);
        let ready = self.job_manager() == Some(&JobManagerStatus::Ready);
        match self.job_state() {
            Some(JobStatus::Failed) if restarts_failed => {
                Progress::waiting("the job has failed, and the operator restarts it")
            }
            Some(JobStatus::Failed) => Progress::Failed(match self.error() {
                Some(error) => format!("the job has failed: {}", shown(&error)),
                None => "the job has failed".to_owned(),
            }),
            _ if self.lifecycle() == Some(&LifecycleState::Failed) => self.failed_deployment(),
            Some(JobStatus::Finished) if stable && (ready || self.finished_before()) => Progress::Ready,
            _ if !ready => Progress::waiting(starting(self.job_manager())),
            Some(JobStatus::Canceled) => Progress::failed("the job was cancelled by something else than the operator"),
            Some(JobStatus::Running) if stable => Progress::Ready,
            Some(JobStatus::Running) => Progress::waiting("the job runs, but the operator has not confirmed it yet"),
            Some(JobStatus::Restarting | JobStatus::Failing) => Progress::waiting("the job restarts after a failure"),
            Some(state) => Progress::Waiting(format!("the job is {state}")),
            None => Progress::waiting("the job has not been seen yet"),
        }
    }

    /// Whether the job had finished before the write and its cluster had been cleaned up since. An
    /// upgrade would have given it another id.
    fn finished_before(&self) -> bool {
        let before = self.look.baseline.finished_job.as_ref();
        before.is_some()
            && before == self.status.job_status.job_id.as_ref()
            && self.job_manager() == Some(&JobManagerStatus::Missing)
    }

    fn failed_deployment(&self) -> Progress {
        Progress::Failed(match self.error() {
            Some(error) => format!("the operator has given up: {}", shown(&error)),
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
                None => self.look.without_status(),
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
        if stopped && ended && self.error().is_none() && self.reconciliation() == Some(&ReconciliationState::Upgrading)
        {
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

/// The trouble behind a reason that comes back with every restart of a container, under one name for
/// all its words; `None` for a trouble that is over when the JobManager is on its way again.
fn repeating_trouble(reason: &str) -> Option<&'static str> {
    match reason {
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" => Some("image"),
        "CrashLoopBackOff"
        | "RunContainerError"
        | "CreateContainerConfigError"
        | "CreateContainerError"
        | "OOMKilled" => Some("crash"),
        _ => None,
    }
}

fn starting(job_manager: Option<&JobManagerStatus>) -> String {
    match job_manager {
        Some(JobManagerStatus::Deploying) => "the JobManager is being started".to_owned(),
        Some(JobManagerStatus::DeployedNotReady) => "the JobManager has started, but does not answer yet".to_owned(),
        Some(JobManagerStatus::Missing) | None => "there is no JobManager yet".to_owned(),
        Some(other) => format!("the JobManager is {other}"),
    }
}

fn shown(error: &OperatorError) -> String {
    cut_middle(&error.to_string(), LONGEST)
}

#[cfg(test)]
mod tests;
