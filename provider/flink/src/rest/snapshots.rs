//! Taking one savepoint or checkpoint, from asking for it to knowing where it is.
//!
//! The operator's own way, for clusters without it: nothing is asked for before the job runs; a snapshot that failed is
//! asked for again, a bounded number of times; and whoever asks names the operation, so that a question whose answer was
//! lost is repeated without taking a second one.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use super::savepoints::{Operation, SavepointRequest, TriggerId};
use super::{Checkpoint, JobManager, JobSummary, RestError, time};
use crate::operator::JobStatus;
use crate::wait::minutes;

/// How often the JobManager is asked how far it is.
const POLL: Duration = Duration::from_secs(1);

/// How often a question whose answer was lost is asked again at once.
const REPEATS: u32 = 3;

/// What is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Snapshot {
    /// A savepoint.
    Savepoint(SavepointRequest),
    /// A checkpoint.
    Checkpoint,
}

/// A snapshot that was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Where it is. Absent for a checkpoint that the JobManager has forgotten already.
    pub location: Option<String>,
    /// When it was triggered, in RFC 3339, where the JobManager still knows.
    pub triggered_at: Option<String>,
    /// When it was complete, in RFC 3339, where the JobManager still knows.
    pub completed_at: Option<String>,
}

/// A snapshot that was not taken, or of which that is not known.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The JobManager does not have the job.
    #[error("the JobManager {job_manager} has no job `{job}`")]
    NoJob {
        /// Where it is.
        job_manager: String,
        /// Id of the job.
        job: String,
    },
    /// The job has ended.
    #[error("the job `{job}` is {state}")]
    Ended {
        /// Id of the job.
        job: String,
        /// Its state.
        state: String,
    },
    /// It failed.
    #[error("the JobManager could not do it: {cause}")]
    Failed {
        /// Why, in the JobManager's words.
        cause: String,
    },
    /// The JobManager knows nothing of it, or not any more.
    #[error("the JobManager {job_manager} does not know it (any more): {reason}")]
    Forgotten {
        /// Where it is.
        job_manager: String,
        /// What it says.
        reason: String,
    },
    /// Time is up.
    #[error("not within {}: {reason}", minutes(*.after))]
    TimedOut {
        /// The time limit.
        after: Duration,
        /// What was missing last.
        reason: String,
    },
    /// The caller was told to stop.
    #[error("stopped on request: {reason}")]
    Stopped {
        /// What was missing last.
        reason: String,
    },
    /// The JobManager cannot be asked.
    #[error(transparent)]
    Rest(#[from] RestError),
}

impl JobManager {
    /// Waits until a job runs with all of its tasks: before that, no snapshot of it can be taken.
    ///
    /// # Errors
    /// See [`SnapshotError`]. A job that has ended ends the wait at once.
    pub async fn wait_for_job(&self, job: &str, timeout: Duration) -> Result<(), SnapshotError> {
        let mut wait = Wait::new(timeout, "the job does not run yet");
        loop {
            match wait.asked(self, self.jobs()).await? {
                Ok(jobs) => {
                    let found = jobs.into_iter().find(|found| found.jid == job);
                    let found = found.ok_or_else(|| SnapshotError::NoJob {
                        job_manager: self.to_string(),
                        job: job.to_owned(),
                    })?;
                    if found.is_terminal() {
                        return Err(SnapshotError::Ended {
                            job: job.to_owned(),
                            state: found.state,
                        });
                    }
                    match not_running(&found) {
                        None => return Ok(()),
                        Some(reason) => wait.note(self, reason),
                    }
                }
                Err(error) => wait.note(self, may_heal(error)?),
            }
            wait.pause(self).await?;
        }
    }

    /// Asks for a snapshot. Asked again with the same id, it does nothing.
    ///
    /// # Errors
    /// See [`RestError`]; where [`RestError::outcome_unknown`], it may have been asked for.
    pub async fn ask_for(&self, job: &str, what: &Snapshot, trigger: &TriggerId) -> Result<(), RestError> {
        let mut attempt = 1;
        loop {
            let asked = match what {
                Snapshot::Savepoint(request) => self.trigger_savepoint(job, trigger, request).await,
                Snapshot::Checkpoint => self.trigger_checkpoint(job, trigger).await,
            };
            match asked {
                Err(error) if error.outcome_unknown() && attempt < REPEATS && !self.cluster.stop().is_cancelled() => {
                    warn!(%trigger, %error, "it is not known whether the snapshot was asked for; asking again by the same id");
                    attempt += 1;
                }
                asked => return asked,
            }
        }
    }

    /// What became of a snapshot.
    ///
    /// # Errors
    /// See [`RestError`]; 404 where the JobManager does not know the id.
    pub async fn outcome(&self, job: &str, what: &Snapshot, trigger: &TriggerId) -> Result<Operation, RestError> {
        match what {
            Snapshot::Savepoint(_) => self.savepoint(job, trigger).await,
            Snapshot::Checkpoint => self.checkpoint_operation(job, trigger).await,
        }
    }

    /// Waits until a snapshot that was asked for is taken.
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub async fn wait_for_snapshot(
        &self,
        job: &str,
        what: &Snapshot,
        trigger: &TriggerId,
        timeout: Duration,
    ) -> Result<Taken, SnapshotError> {
        let mut wait = Wait::new(timeout, "the job is taking it");
        loop {
            match wait.asked(self, self.outcome(job, what, trigger)).await? {
                Ok(Operation::Completed { location, checkpoint }) => {
                    return wait.asked(self, self.taken(job, location, checkpoint)).await;
                }
                Ok(Operation::Failed { cause }) => return Err(SnapshotError::Failed { cause }),
                Ok(Operation::InProgress) => wait.note(self, "the job is taking it".to_owned()),
                Err(error) if error.is_unknown_job() => {
                    return Err(SnapshotError::Forgotten {
                        job_manager: self.to_string(),
                        reason: error.to_string(),
                    });
                }
                Err(error) => wait.note(self, may_heal(error)?),
            }
            wait.pause(self).await?;
        }
    }

    /// What else is known of a snapshot that was taken. The JobManager remembers the last ten.
    pub async fn taken(&self, job: &str, location: Option<String>, checkpoint: Option<i64>) -> Taken {
        let found: Option<Checkpoint> = match (checkpoint, &location) {
            (Some(number), _) => self.checkpoint(job, number).await.ok(),
            (None, Some(location)) => self.checkpoints(job).await.ok().and_then(|checkpoints| {
                let mut history = checkpoints.history.into_iter();
                history.find(|checkpoint| checkpoint.external_path.as_deref() == Some(location))
            }),
            (None, None) => None,
        };
        let found = found.unwrap_or_default();
        Taken {
            location: location.or(found.external_path),
            triggered_at: time(found.trigger_timestamp),
            completed_at: time(found.latest_ack_timestamp),
        }
    }

    /// Deletes the files of a savepoint, and waits for that.
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub async fn dispose(&self, location: &str, timeout: Duration) -> Result<(), SnapshotError> {
        let trigger = self.dispose_savepoint(location).await?;
        let mut wait = Wait::new(timeout, "the JobManager is deleting the files");
        loop {
            match wait.asked(self, self.disposal(&trigger)).await? {
                Ok(Operation::Completed { .. }) => return Ok(()),
                Ok(Operation::Failed { cause }) => return Err(SnapshotError::Failed { cause }),
                Ok(Operation::InProgress) => {}
                Err(error) if error.is_unknown_job() => {
                    return Err(SnapshotError::Forgotten {
                        job_manager: self.to_string(),
                        reason: error.to_string(),
                    });
                }
                Err(error) => wait.note(self, may_heal(error)?),
            }
            wait.pause(self).await?;
        }
    }

    /// Sleeps before a snapshot is asked for again.
    ///
    /// # Errors
    /// [`SnapshotError::Stopped`].
    pub async fn pause(&self, pause: Duration, reason: &str) -> Result<(), SnapshotError> {
        tokio::select! {
            () = self.cluster.stop().cancelled() => Err(SnapshotError::Stopped { reason: reason.to_owned() }),
            () = tokio::time::sleep(pause) => Ok(()),
        }
    }
}

/// Why a job that has not ended cannot be asked for a snapshot, or `None` where it can.
fn not_running(job: &JobSummary) -> Option<String> {
    if job.state != JobStatus::Running.as_str() {
        return Some(format!("the job is {}", job.state));
    }
    let count = |state: &str| job.tasks.get(state).copied().unwrap_or_default();
    let (total, running) = (count("total"), count("running") + count("finished"));
    (running < total).then(|| format!("{running} of {total} tasks of the job run"))
}

/// The text of an error after which asking again may help; else the error.
fn may_heal(error: RestError) -> Result<String, SnapshotError> {
    let heals = match &error {
        RestError::NoJobManager { .. } | RestError::Unreachable { .. } | RestError::NoAnswer { .. } => true,
        RestError::Refused { code, .. } => *code >= 500,
        RestError::Kubernetes(error) => error.may_heal(),
        RestError::Stopped => {
            return Err(SnapshotError::Stopped {
                reason: "the JobManager was being asked".to_owned(),
            });
        }
        RestError::NoService { .. }
        | RestError::Unauthorized { .. }
        | RestError::NotAJobManager { .. }
        | RestError::Malformed { .. } => false,
    };
    if heals {
        Ok(error.to_string())
    } else {
        Err(error.into())
    }
}

/// A wait: until when, and what was missing last.
struct Wait {
    timeout: Duration,
    deadline: Instant,
    reason: String,
}

impl Wait {
    fn new(timeout: Duration, reason: &str) -> Self {
        Self {
            timeout,
            deadline: Instant::now() + timeout,
            reason: reason.to_owned(),
        }
    }

    fn note(&mut self, job_manager: &JobManager, reason: String) {
        if self.reason != reason {
            info!("waiting: {reason}");
            job_manager.cluster.tell(&reason);
            self.reason = reason;
        }
    }

    /// The answer to a question that changes nothing. A stop does not wait for it.
    async fn asked<T>(
        &mut self,
        job_manager: &JobManager,
        answer: impl Future<Output = T>,
    ) -> Result<T, SnapshotError> {
        tokio::select! {
            biased;
            () = job_manager.cluster.stop().cancelled() => Err(self.stopped()),
            answer = answer => Ok(answer),
        }
    }

    fn stopped(&mut self) -> SnapshotError {
        SnapshotError::Stopped {
            reason: std::mem::take(&mut self.reason),
        }
    }

    async fn pause(&mut self, job_manager: &JobManager) -> Result<(), SnapshotError> {
        let now = Instant::now();
        if now >= self.deadline {
            return Err(SnapshotError::TimedOut {
                after: self.timeout,
                reason: std::mem::take(&mut self.reason),
            });
        }
        tokio::select! {
            () = job_manager.cluster.stop().cancelled() => Err(self.stopped()),
            () = sleep_until(self.deadline.min(now + POLL)) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
