//! Deleting an object.

use std::time::Duration;

use crate::stand_in::session_job::{Effect, JOB_NOT_FOUND, Outcome};
use crate::stand_in::spec::JobState;
use crate::stand_in::status::Lifecycle;
use crate::stand_in::timing::{INTERVAL, PROGRESS};

use super::{Turn, ready};

impl Turn<'_> {
    /// Ends the job, and lets the object go.
    pub(super) fn clean_up(&mut self) -> Option<Duration> {
        if self.situation.outcome.is_none() {
            let message = "Cleaning up FlinkSessionJob".to_owned();
            self.event(false, "Cleanup", message, "Operator");
        }
        match self.what_is_left() {
            Left::Nothing => {
                self.effects.push(Effect::RemoveFinalizer);
                None
            }
            Left::Waiting(rest) => Some(rest),
            Left::Job(id) => self.end(id),
        }
    }

    fn what_is_left(&mut self) -> Left {
        let (Some(deployed), Some(cluster)) = (self.status.reconciled(), self.situation.cluster) else {
            return Left::Nothing;
        };
        if ready(Some(cluster)).is_none() {
            let highly_available = cluster.spec.is_highly_available();
            let suspended = deployed.spec.job_state() == Some(JobState::Suspended);
            if !self.status.is_terminal() && !suspended {
                self.status.job_status.state = Some("RECONCILING".to_owned());
                self.write();
                if highly_available {
                    return Left::Waiting(PROGRESS);
                }
            }
            return Left::Nothing;
        }
        if self.situation.outcome.is_none() {
            self.observe();
        }
        let suspended = self
            .status
            .reconciled()
            .is_none_or(|deployed| deployed.spec.job_state() == Some(JobState::Suspended));
        let lost = self.status.error.as_deref() == Some(JOB_NOT_FOUND);
        match self.status.job_status.job_id.clone() {
            Some(_) if self.status.job_state() == "CANCELLING" => Left::Waiting(PROGRESS),
            Some(id) if !self.status.is_terminal() && !suspended && !lost => Left::Job(id),
            _ => Left::Nothing,
        }
    }

    fn end(&mut self, id: String) -> Option<Duration> {
        if !self.settings().is_on("kubernetes.operator.job.savepoint-on-deletion") {
            self.effects.push(Effect::Cancel(id));
            self.status.job_status.state = Some("CANCELLING".to_owned());
            self.status.lifecycle_state = Some(Lifecycle::Deleting);
            self.write_as_it_is();
            return Some(PROGRESS);
        }
        match self.situation.outcome {
            // Blocked without a word, and tried again.
            _ if self.status.job_state() != "RUNNING" => Some(INTERVAL),
            None => {
                self.stop_with_savepoint();
                Some(Duration::ZERO)
            }
            Some(Outcome::Stopped(Ok(path))) => {
                self.record_upgrade_savepoint(path);
                self.effects.push(Effect::RemoveFinalizer);
                None
            }
            Some(Outcome::Stopped(Err(_)) | Outcome::Submitted(_)) => Some(INTERVAL),
        }
    }
}

/// What a deletion still has to do with.
enum Left {
    /// The object alone.
    Nothing,
    /// A job that has to be looked at again after so long.
    Waiting(Duration),
    /// A job that has to be ended.
    Job(String),
}
