//! Deleting an object.

use std::time::Duration;

use crate::stand_in::spec::JobState;
use crate::stand_in::status::{JobManagerStatus, Lifecycle};
use crate::stand_in::timing::INTERVAL;
use crate::stand_in::world::{Effect, JobManager, Outcome};

use super::Turn;

impl Turn<'_> {
    /// Takes down what belongs to the object, and lets it go.
    pub(super) fn clean_up(&mut self) -> Option<Duration> {
        if self.situation.outcome.is_none() {
            self.event(false, "Cleanup", "Cleaning up FlinkDeployment".to_owned(), "Operator");
        }
        let deployed = self.status.reconciled();
        if deployed.as_ref().is_some_and(|deployed| deployed.spec.job.is_none()) && self.is_held_by_jobs() {
            return Some(INTERVAL);
        }
        let may_run = deployed.is_some_and(|deployed| deployed.spec.job_state() == Some(JobState::Running))
            && !self.status.is_terminal();
        if may_run && self.spec.is_on("kubernetes.operator.job.savepoint-on-deletion") {
            match self.situation.outcome {
                // Blocked without a word, and tried again.
                _ if self.status.job_state() != "RUNNING" => return Some(INTERVAL),
                None | Some(Outcome::Taken(_)) => {
                    let directory = self.spec.savepoint_directory().unwrap_or_default().to_owned();
                    let drain = self.spec.is_on("kubernetes.operator.job.drain-on-savepoint-deletion");
                    self.effects.push(Effect::Stop { directory, drain });
                    return Some(Duration::ZERO);
                }
                Some(Outcome::Stopped(Err(_))) => return Some(INTERVAL),
                Some(Outcome::Stopped(Ok(path))) if self.makes_snapshot_objects() => {
                    // By the time it is looked at, the deployment is gone: it names no job in its labels.
                    self.snapshot("UPGRADE", Some(path.clone()), true, false);
                }
                Some(Outcome::Stopped(Ok(_))) => {}
            }
        }
        let there = self.situation.cluster.job_manager != JobManager::Absent
            || self.status.job_manager_deployment_status != JobManagerStatus::Missing;
        if there {
            self.effects.push(Effect::TearDown);
        }
        self.effects.push(Effect::RemoveFinalizer);
        None
    }

    /// Session jobs keep their cluster, unless that is switched off.
    fn is_held_by_jobs(&mut self) -> bool {
        let off = self
            .spec
            .setting("kubernetes.operator.session.deletion.block-on-session-jobs");
        if self.situation.session_jobs.is_empty() || off == Some("false") {
            return false;
        }
        let names = self.situation.session_jobs.join(", ");
        let message = format!("The session jobs [{names}] should be deleted first");
        self.event(true, "CleanupFailed", message, "Operator");
        self.status.lifecycle_state = Some(Lifecycle::Deleting);
        if self.written.as_ref() != Some(&self.status) {
            self.effects.push(Effect::Status(Box::new(self.status.clone())));
        }
        true
    }
}
