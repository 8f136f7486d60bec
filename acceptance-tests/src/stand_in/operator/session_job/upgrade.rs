//! From one spec to the next.

use serde_json::json;

use crate::stand_in::diff::{Class, Diff};
use crate::stand_in::session_job::{Effect, Memory, Outcome, SessionJobSpec};
use crate::stand_in::spec::{Job, JobState, Reconciled, UpgradeMode};
use crate::stand_in::status::{Failure, ReconciliationState, UPGRADE_FAILURE};

use super::Turn;

impl Turn<'_> {
    /// Acts on the difference between what is wanted and what was submitted last.
    pub(super) fn reconcile_change(&mut self, reconciled: Reconciled<SessionJobSpec>, memory: &mut Memory) {
        let diff = Diff::of_session_job(&reconciled.spec, self.spec);
        if self.status.reconciliation_status.state == ReconciliationState::Upgrading {
            if self.status.job_state() != "CANCELLING" {
                self.go_on(reconciled, &diff, memory);
            }
            return;
        }
        match diff.class() {
            None | Some(Class::Ignore) => {
                self.status.observed_generation = Some(self.situation.object.generation);
                self.take_manual(reconciled);
                self.write();
            }
            Some(Class::Scale | Class::Upgrade | Class::SavepointRedeploy) => self.upgrade(reconciled, &diff, memory),
        }
    }

    /// Tells of a change, once.
    fn announce(&mut self, diff: &Diff, memory: &mut Memory) {
        let generation = self.situation.object.generation;
        let seen = self.status.observed_generation == Some(generation);
        if !seen && memory.announced.replace(generation) != Some(generation) {
            self.event(false, "SpecChanged", diff.message(), "JobManagerDeployment");
        }
    }

    fn announce_suspension(&mut self) {
        let message = "Suspending existing deployment.".to_owned();
        self.event(false, "Suspended", message, "JobManagerDeployment");
    }

    fn upgrade(&mut self, reconciled: Reconciled<SessionJobSpec>, diff: &Diff, memory: &mut Memory) {
        self.announce(diff, memory);
        if reconciled.spec.job_state() == Some(JobState::Suspended) {
            return self.leave_suspension(reconciled);
        }
        if self.status.is_terminal() {
            return self.replace_ended();
        }
        let running = self.status.job_state() == "RUNNING";
        match self.mode() {
            UpgradeMode::Stateless => self.cancel(reconciled, UpgradeMode::Stateless),
            // It starts again from its last checkpoint, which by then is taken for a savepoint.
            UpgradeMode::LastState if running => self.cancel(reconciled, UpgradeMode::Savepoint),
            UpgradeMode::Savepoint if running => self.stop(),
            // The operator tries again at every look, and says nothing but for the missing generation.
            UpgradeMode::LastState | UpgradeMode::Savepoint => self.write(),
        }
    }

    fn mode(&self) -> UpgradeMode {
        self.spec
            .job
            .as_ref()
            .map_or(UpgradeMode::Stateless, |job| job.upgrade_mode)
    }

    fn cancel(&mut self, reconciled: Reconciled<SessionJobSpec>, mode: UpgradeMode) {
        self.announce_suspension();
        if let Some(id) = self.status.job_status.job_id.clone() {
            self.effects.push(Effect::Cancel(id));
        }
        let first = reconciled.resource_metadata.first_deployment;
        let spec = reconciled.spec.with_job(|job| job.upgrade_mode = mode);
        self.status.reconciliation_status.state = ReconciliationState::Upgrading;
        self.status.job_status.state = Some("CANCELLING".to_owned());
        self.note(&Reconciled::new(spec, first));
        self.write();
    }

    fn stop(&mut self) {
        match self.situation.outcome {
            None | Some(Outcome::Submitted(_)) => {
                self.announce_suspension();
                self.stop_with_savepoint();
            }
            Some(Outcome::Stopped(Err(message))) => {
                self.event(true, "SavepointError", message.clone(), "Operator");
                self.status.error = Some(Failure::new(UPGRADE_FAILURE, message.clone()).encode());
                self.write();
            }
            Some(Outcome::Stopped(Ok(path))) => {
                self.record_upgrade_savepoint(path);
                self.status.job_status.upgrade_savepoint_path = Some(path.clone());
                self.status.job_status.state = Some("FINISHED".to_owned());
                self.status.job_status.job_id = None;
                self.start_again(UpgradeMode::Savepoint);
            }
        }
    }

    /// Asks for a savepoint and the end of the job.
    pub(super) fn stop_with_savepoint(&mut self) {
        let settings = self.settings();
        let directory = settings.savepoint_directory().unwrap_or_default().to_owned();
        let drain = settings.is_on("kubernetes.operator.job.drain-on-savepoint-deletion");
        if let Some(job) = self.status.job_status.job_id.clone() {
            self.effects.push(Effect::Stop { job, directory, drain });
        }
    }

    /// Notes that the job is over, and goes on where the new spec wants one that runs.
    fn start_again(&mut self, mode: UpgradeMode) {
        self.note_suspended(mode);
        self.write();
        if self.spec.job_state() == Some(JobState::Running)
            && let Some(reconciled) = self.status.reconciled()
        {
            self.submit(&reconciled);
        }
    }

    /// The new spec is what counts from now on, but its job does not run yet.
    fn note_suspended(&mut self, mode: UpgradeMode) {
        let rests = self.spec.job_state() == Some(JobState::Suspended);
        let spec = self.spec.clone().with_job(|job| {
            job.state = JobState::Suspended;
            job.upgrade_mode = mode;
        });
        self.status.error = None;
        self.status.observed_generation = Some(self.situation.object.generation);
        self.note(&Reconciled::new(spec, false));
        let status = &mut self.status.reconciliation_status;
        status.state = if rests {
            // A job that rests counts as stable.
            status.last_stable_spec = status.last_reconciled_spec.clone();
            ReconciliationState::Deployed
        } else {
            ReconciliationState::Upgrading
        };
    }

    /// A job that ended by itself starts again from the last state that is known.
    fn replace_ended(&mut self) {
        let known = self.status.job_status.upgrade_savepoint_path.is_some();
        match (self.mode(), known) {
            (UpgradeMode::Stateless, _) => self.start_again(UpgradeMode::Stateless),
            (UpgradeMode::LastState | UpgradeMode::Savepoint, true) => self.start_again(UpgradeMode::Savepoint),
            (UpgradeMode::LastState | UpgradeMode::Savepoint, false) => {
                let message = "Job is in terminal state but last checkpoint is unknown, possibly due to an \
                               unrecoverable restore error. Manual restore required.";
                self.status.error = Some(Failure::new(UPGRADE_FAILURE, message).encode());
                self.write();
            }
        }
    }

    fn leave_suspension(&mut self, reconciled: Reconciled<SessionJobSpec>) {
        let kept = reconciled.spec.job.map(|job| job.upgrade_mode);
        self.start_again(match self.mode() {
            UpgradeMode::Stateless => UpgradeMode::Stateless,
            mode @ (UpgradeMode::LastState | UpgradeMode::Savepoint) => kept.unwrap_or(mode),
        });
    }

    /// The second half of an upgrade: the old job is over, the new one is not there yet. A job that was cancelled to be
    /// suspended stays here for ever, its generation unobserved (FLINK-40164).
    fn go_on(&mut self, reconciled: Reconciled<SessionJobSpec>, diff: &Diff, memory: &mut Memory) {
        if self.spec.job_state() == Some(JobState::Suspended) {
            return;
        }
        self.announce(diff, memory);
        let mode = reconciled.spec.job.as_ref().map(|job| job.upgrade_mode);
        let spec = self.spec.clone().with_job(|job| {
            job.state = JobState::Suspended;
            job.upgrade_mode = mode.unwrap_or(job.upgrade_mode);
        });
        let reconciled = Reconciled::new(spec, reconciled.resource_metadata.first_deployment);
        self.status.observed_generation = Some(self.situation.object.generation);
        self.status.error = None;
        self.note(&reconciled);
        self.write();
        self.submit(&reconciled);
    }

    /// Takes what changed nonces ask for, while the job runs. Of session jobs these are always objects here: how they are
    /// noted in the status of one was never recorded.
    fn take_manual(&mut self, mut reconciled: Reconciled<SessionJobSpec>) {
        let (Some(wanted), Some(done)) = (&self.spec.job, reconciled.spec.job.as_mut()) else {
            return;
        };
        if self.status.job_state() != "RUNNING" {
            return;
        }
        let changed = |nonce: fn(&Job) -> Option<i64>| nonce(wanted).is_some() && nonce(wanted) != nonce(done);
        let directory = if changed(|job| job.savepoint_trigger_nonce) {
            done.savepoint_trigger_nonce = wanted.savepoint_trigger_nonce;
            Some(self.settings().savepoint_directory().unwrap_or_default().to_owned())
        } else if changed(|job| job.checkpoint_trigger_nonce) {
            done.checkpoint_trigger_nonce = wanted.checkpoint_trigger_nonce;
            None
        } else {
            return;
        };
        self.snapshot("MANUAL", directory, false);
        self.note(&reconciled);
    }

    /// An upgrade's savepoint is kept on record: as an object, or in the status.
    pub(super) fn record_upgrade_savepoint(&mut self, path: &str) {
        if self.makes_snapshot_objects() {
            return self.snapshot("UPGRADE", Some(path.to_owned()), true);
        }
        self.status.job_status.remember_savepoint(json!({
            "formatType": "CANONICAL", "location": path, "timeStamp": self.situation.now, "triggerType": "UPGRADE",
        }));
    }

    fn makes_snapshot_objects(&self) -> bool {
        let settings = self.settings();
        let setting = settings.setting("kubernetes.operator.snapshot.resource.enabled");
        !setting.is_some_and(|value| value.eq_ignore_ascii_case("false"))
    }
}
