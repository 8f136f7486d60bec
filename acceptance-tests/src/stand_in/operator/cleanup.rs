//! Deleting an object.

use std::time::Duration;

use crate::stand_in::spec::JobState;
use crate::stand_in::status::{JobManagerStatus, Lifecycle};
use crate::stand_in::timing::{INTERVAL, REST_TIMEOUT};
use crate::stand_in::world::{Effect, JobManager, Memory, Outcome};

use super::Turn;

impl Turn<'_> {
    /// Takes down what belongs to the object, and lets it go.
    pub(super) fn clean_up(&mut self, memory: &mut Memory) -> Option<Duration> {
        if self.situation.outcome.is_none() && memory.asking.is_none() {
            self.event(false, "Cleanup", "Cleaning up FlinkDeployment".to_owned(), "Operator");
        }
        self.observe_loss();
        let deployed = self.status.reconciled();
        if deployed.as_ref().is_some_and(|deployed| deployed.spec.job.is_none()) {
            if self.is_held_by_jobs() {
                return Some(INTERVAL);
            }
            if let Some(rest) = self.asks_in_vain(memory) {
                return Some(rest);
            }
        } else {
            self.note_autoscaler(memory);
        }
        let may_run = deployed.is_some_and(|deployed| deployed.spec.job_state() == Some(JobState::Running))
            && !self.status.is_terminal();
        if may_run && self.spec.is_on("kubernetes.operator.job.savepoint-on-deletion") {
            // A job that got well can take its savepoint.
            if let (Some(job), None) = (&self.situation.cluster.job, self.situation.outcome) {
                self.observe_job(job);
            }
            match self.situation.outcome {
                // Blocked without a word, and tried again.
                None | Some(Outcome::Taken(_)) if self.status.job_state() != "RUNNING" => return Some(INTERVAL),
                None | Some(Outcome::Taken(_)) => {
                    let directory = self.spec.savepoint_directory().unwrap_or_default().to_owned();
                    let drain = self.spec.is_on("kubernetes.operator.job.drain-on-savepoint-deletion");
                    self.effects.push(Effect::Stop { directory, drain });
                    return Some(Duration::ZERO);
                }
                Some(Outcome::Stopped(Err(_)) | Outcome::Refused(_)) => return Some(INTERVAL),
                Some(Outcome::Stopped(Ok(path))) if self.makes_snapshot_objects() => {
                    // By the time it is looked at, the deployment is gone: it names no job in its labels.
                    self.snapshot("UPGRADE", Some(path.clone()), true);
                }
                Some(Outcome::Stopped(Ok(_))) => {}
            }
        }
        let there = self.situation.cluster.job_manager != JobManager::Absent
            || self.status.job_manager_deployment_status != JobManagerStatus::Missing;
        if there {
            self.effects.push(Effect::TearDown { keep_metadata: false });
        }
        self.effects.push(Effect::RemoveFinalizer);
        None
    }

    /// Jobs keep their session cluster, unless that is switched off: those with an object of their own, then those
    /// without.
    fn is_held_by_jobs(&mut self) -> bool {
        if !self.blocks_on_session_jobs() {
            return false;
        }
        let message = match (self.situation.session_jobs, &self.situation.cluster.unmanaged_jobs[..]) {
            ([], jobs) if jobs.is_empty() || !self.blocks_on_unmanaged_jobs() => return false,
            ([], ids) => {
                let ids = ids.join(", ");
                format!("The session cluster has non terminated jobs [{ids}] that should be cancelled first")
            }
            (names, _) => format!("The session jobs [{}] should be deleted first", names.join(", ")),
        };
        self.event(true, "CleanupFailed", message, "Operator");
        self.show_deleting();
        true
    }

    /// Whether the operator still waits for a JobManager that is gone to list its jobs. It gives up after the timeout
    /// of its REST client, and deletes the cluster.
    fn asks_in_vain(&mut self, memory: &mut Memory) -> Option<Duration> {
        let lost = self.status.job_manager_deployment_status == JobManagerStatus::Missing
            && self.status.job_state() == "RECONCILING";
        if !lost || !self.blocks_on_session_jobs() || !self.blocks_on_unmanaged_jobs() {
            return None;
        }
        self.show_deleting();
        let since = *memory.asking.get_or_insert(self.situation.now);
        let asked = u64::try_from(self.situation.now - since).unwrap_or_default();
        let asked = Duration::from_millis(asked).mul_f64(self.situation.speed);
        let left = REST_TIMEOUT.saturating_sub(asked);
        // A moment that is too short to be slept counts as over.
        (left > Duration::from_millis(1)).then_some(left)
    }

    fn blocks_on_session_jobs(&self) -> bool {
        let setting = "kubernetes.operator.session.deletion.block-on-session-jobs";
        self.spec.setting(setting) != Some("false")
    }

    fn blocks_on_unmanaged_jobs(&self) -> bool {
        let setting = "kubernetes.operator.session.deletion.block-on-unmanaged-jobs";
        self.spec.setting(setting) != Some("false")
    }

    /// The one lifecycle state that does not follow from the rest of the status.
    fn show_deleting(&mut self) {
        self.status.lifecycle_state = Some(Lifecycle::Deleting);
        if self.written.as_ref() != Some(&self.status) {
            self.effects.push(Effect::Status(Box::new(self.status.clone())));
            self.written = Some(self.status.clone());
        }
    }
}
