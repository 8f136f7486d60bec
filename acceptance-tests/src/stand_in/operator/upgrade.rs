//! From one spec to the next.

use crate::stand_in::diff::{Class, Diff};
use crate::stand_in::spec::{JobState, Reconciled, Spec, UpgradeMode};
use crate::stand_in::status::{Failure, JobManagerStatus, ReconciliationState, UPGRADE_FAILURE};
use crate::stand_in::world::{Effect, Outcome, Restore};

use super::Turn;

impl Turn<'_> {
    /// Acts on the difference between what is wanted and what was deployed last.
    pub(super) fn reconcile_change(&mut self, reconciled: Reconciled) {
        match self.status.reconciliation_status.state {
            ReconciliationState::Upgrading => return self.go_on(reconciled),
            ReconciliationState::RollingBack => return self.roll_back(),
            ReconciliationState::Deployed | ReconciliationState::RolledBack => {}
        }
        let diff = Diff::between(&reconciled.spec, self.spec);
        match diff.class() {
            None | Some(Class::Ignore) => {
                self.status.observed_generation = Some(self.situation.object.generation);
                let before = self.effects.len();
                self.maintain(reconciled);
                if self.effects.len() == before {
                    self.write();
                }
            }
            Some(Class::Scale) if self.scales_in_place() => self.scale(&diff),
            Some(Class::SavepointRedeploy) if reconciled.spec.job_state() == Some(JobState::Running) => {
                self.redeploy_from_savepoint(&diff);
            }
            Some(Class::Scale | Class::Upgrade | Class::SavepointRedeploy) => self.upgrade(reconciled, &diff),
        }
    }

    fn spec_changed(&mut self, diff: &Diff) {
        self.event(false, "SpecChanged", diff.message(), "JobManagerDeployment");
    }

    /// Flink follows the number of TaskManagers by itself. The reactive scheduler restarts the job each time that some come
    /// or go, so there nobody asks what state the job is in.
    fn scales_in_place(&self) -> bool {
        let reactive = self
            .spec
            .setting("scheduler-mode")
            .is_some_and(|mode| mode.eq_ignore_ascii_case("reactive"));
        let adaptive = self
            .spec
            .setting("jobmanager.scheduler")
            .is_some_and(|name| name.eq_ignore_ascii_case("adaptive"));
        let allowed = self
            .spec
            .setting("kubernetes.operator.job.upgrade.inplace-scaling.enabled")
            != Some("false");
        let running = self.status.job_state() == "RUNNING";
        if self.spec.is_standalone() {
            reactive
        } else {
            adaptive && allowed && running
        }
    }

    fn scale(&mut self, diff: &Diff) {
        self.spec_changed(diff);
        self.effects.push(Effect::Scale(self.spec.task_managers()));
        self.status.observed_generation = Some(self.situation.object.generation);
        self.note(&Reconciled::new(self.spec.clone(), false));
        if let Some(task_manager) = &mut self.status.task_manager {
            task_manager.replicas = self.spec.task_managers();
        }
        self.write();
    }

    /// The job is replaced by one that starts from a given savepoint; it counts as stable at once.
    fn redeploy_from_savepoint(&mut self, diff: &Diff) {
        let path = self
            .spec
            .job
            .as_ref()
            .and_then(|job| job.initial_savepoint_path.clone())
            .unwrap_or_default();
        self.spec_changed(diff);
        self.take_down(false);
        let job = &mut self.status.job_status;
        job.state = Some("FINISHED".to_owned());
        job.job_id = Some(self.situation.fresh_job_id.clone());
        job.upgrade_savepoint_path = Some(path.clone());
        self.write();
        self.event(
            false,
            "Submit",
            "Starting deployment".to_owned(),
            "JobManagerDeployment",
        );
        let spec = self
            .spec
            .clone()
            .with_job(|job| job.upgrade_mode = UpgradeMode::Savepoint);
        self.deploy(spec.clone(), Restore::From(path));
        self.status.observed_generation = Some(self.situation.object.generation);
        self.note(&Reconciled::new(spec.clone(), false));
        let status = &mut self.status.reconciliation_status;
        status.last_stable_spec = status.last_reconciled_spec.clone();
        self.deployed(&spec);
        self.write();
    }

    fn upgrade(&mut self, reconciled: Reconciled, diff: &Diff) {
        if self.spec.job.is_none() {
            self.spec_changed(diff);
            return self.recreate_session_cluster();
        }
        // The second half of a stop with savepoint: the first announced it.
        let announced =
            matches!(self.situation.outcome, Some(Outcome::Stopped(_))) || self.status.job_state() == "CANCELLING";
        let canceled = self.status.job_state() == "CANCELED";
        if !announced && !canceled {
            self.spec_changed(diff);
        }
        if reconciled.spec.job_state() == Some(JobState::Suspended) {
            return self.leave_suspension(reconciled);
        }
        if self.status.is_terminal() {
            return self.replace_ended(canceled);
        }
        match self.way_to_suspend(&reconciled.spec) {
            Suspension::Impossible => self.wait_for_running(),
            Suspension::Drop => {
                self.announce_suspension();
                self.effects.push(Effect::Cancel);
                self.suspend(UpgradeMode::Stateless, true);
            }
            Suspension::NeverStarted(mode) => {
                self.announce_suspension();
                self.suspend(mode, true);
            }
            Suspension::LastState => {
                self.announce_suspension();
                self.suspend(UpgradeMode::LastState, true);
            }
            Suspension::Cancel if announced => {}
            Suspension::Cancel => {
                self.announce_suspension();
                self.effects.push(Effect::Cancel);
                self.status.job_status.state = Some("CANCELLING".to_owned());
                self.refresh_conditions();
                self.write();
            }
            Suspension::Savepoint => self.suspend_with_savepoint(),
        }
    }

    fn announce_suspension(&mut self) {
        self.event(
            false,
            "Suspended",
            "Suspending existing deployment.".to_owned(),
            "JobManagerDeployment",
        );
    }

    /// How the running job's state is kept.
    fn way_to_suspend(&self, deployed: &Spec) -> Suspension {
        let mode = self
            .spec
            .job
            .as_ref()
            .map_or(UpgradeMode::Stateless, |job| job.upgrade_mode);
        let running = self.status.job_state() == "RUNNING";
        let started = matches!(
            self.status.job_manager_deployment_status,
            JobManagerStatus::Ready | JobManagerStatus::DeployedNotReady
        );
        let seen_running = self.status.reconciliation_status.last_stable_spec.is_some();
        let metadata = deployed.is_highly_available() && self.situation.ha_metadata;
        let deployed_mode = deployed
            .job
            .as_ref()
            .map_or(UpgradeMode::Stateless, |job| job.upgrade_mode);
        match mode {
            UpgradeMode::Stateless => Suspension::Drop,
            _ if !started && !seen_running => Suspension::NeverStarted(deployed_mode),
            UpgradeMode::Savepoint if running => Suspension::Savepoint,
            UpgradeMode::Savepoint | UpgradeMode::LastState if metadata => Suspension::LastState,
            UpgradeMode::LastState if matches!(self.status.job_state(), "RUNNING" | "CANCELLING") => Suspension::Cancel,
            // The JobManager never came up with this spec: what the last one ended with is still there.
            _ if !started => Suspension::NeverStarted(deployed_mode),
            UpgradeMode::Savepoint | UpgradeMode::LastState => Suspension::Impossible,
        }
    }

    /// The operator tries again at every look, and says nothing but for the missing generation.
    fn wait_for_running(&mut self) {
        self.write();
    }

    fn suspend_with_savepoint(&mut self) {
        match self.situation.outcome {
            None | Some(Outcome::Taken(_) | Outcome::Refused(_)) => {
                self.announce_suspension();
                let directory = self.spec.savepoint_directory().unwrap_or_default().to_owned();
                let drain = self.spec.is_on("kubernetes.operator.job.drain-on-savepoint-deletion");
                self.effects.push(Effect::Stop { directory, drain });
            }
            Some(Outcome::Stopped(Err(message))) => {
                let failure = Failure::new(UPGRADE_FAILURE, message.clone());
                self.event(true, "SavepointError", message.clone(), "Operator");
                self.status.error = Some(failure.encode());
                self.write();
            }
            Some(Outcome::Stopped(Ok(path))) => {
                self.record_upgrade_savepoint(path);
                self.status.job_status.upgrade_savepoint_path = Some(path.clone());
                self.suspend(UpgradeMode::Savepoint, self.spec.is_standalone());
            }
        }
    }

    /// The job is over. Where the new spec wants one, it is started at once.
    fn suspend(&mut self, mode: UpgradeMode, take_down: bool) {
        if take_down {
            self.take_down(mode == UpgradeMode::LastState);
        }
        self.status.job_status.state = Some("FINISHED".to_owned());
        self.start_again(mode);
    }

    /// Notes that the job is over, and goes on where the new spec wants one that runs.
    fn start_again(&mut self, mode: UpgradeMode) {
        self.note_suspended(mode);
        self.refresh_conditions();
        self.write();
        if self.spec.job_state() == Some(JobState::Running)
            && let Some(reconciled) = self.status.reconciled()
        {
            self.go_on(reconciled);
        }
    }

    /// The new spec is what counts from now on, but its job does not run yet.
    fn note_suspended(&mut self, mode: UpgradeMode) {
        let wanted = self.spec.job_state();
        let spec = self.spec.clone().with_job(|job| {
            job.state = JobState::Suspended;
            job.upgrade_mode = mode;
        });
        self.status.error = None;
        self.status.observed_generation = Some(self.situation.object.generation);
        self.status.reconciliation_status.state = match wanted {
            Some(JobState::Suspended) => ReconciliationState::Deployed,
            Some(JobState::Running) | None => ReconciliationState::Upgrading,
        };
        self.note(&Reconciled::new(spec, false));
        if wanted == Some(JobState::Suspended) {
            // A job that rests counts as stable.
            let status = &mut self.status.reconciliation_status;
            status.last_stable_spec = status.last_reconciled_spec.clone();
        }
        self.forget_task_managers();
    }

    /// A job that ended by itself starts again from the last state that is known.
    fn replace_ended(&mut self, canceled: bool) {
        let stateless = self
            .spec
            .job
            .as_ref()
            .is_none_or(|job| job.upgrade_mode == UpgradeMode::Stateless);
        let known = self.status.job_status.upgrade_savepoint_path.is_some();
        if !stateless && !known && !self.spec.is_highly_available() {
            let message = "Job is in terminal state but last checkpoint is unknown, possibly due to an unrecoverable \
                           restore error. Manual restore required.";
            self.status.error = Some(Failure::new(UPGRADE_FAILURE, message).encode());
            return self.write();
        }
        let mode = match (stateless, known) {
            (true, _) => UpgradeMode::Stateless,
            (false, true) => UpgradeMode::Savepoint,
            (false, false) => UpgradeMode::LastState,
        };
        if canceled && self.spec.job_state() == Some(JobState::Suspended) {
            // The operator never gets further than this: the generation stays unobserved.
            let observed = self.status.observed_generation;
            self.note_suspended(mode);
            self.status.observed_generation = observed;
            self.status.reconciliation_status.state = ReconciliationState::Upgrading;
            return self.write();
        }
        self.status.job_status.state = Some("FINISHED".to_owned());
        self.start_again(mode);
    }

    fn leave_suspension(&mut self, reconciled: Reconciled) {
        let stateless = self
            .spec
            .job
            .as_ref()
            .is_none_or(|job| job.upgrade_mode == UpgradeMode::Stateless);
        let kept = reconciled
            .spec
            .job
            .map_or(UpgradeMode::Stateless, |job| job.upgrade_mode);
        self.note_suspended(if stateless { UpgradeMode::Stateless } else { kept });
        self.write();
        if self.spec.job_state() == Some(JobState::Running)
            && let Some(reconciled) = self.status.reconciled()
        {
            self.go_on(reconciled);
        }
    }

    /// The second half of an upgrade: the old job is over, the new one is not there yet.
    fn go_on(&mut self, reconciled: Reconciled) {
        if self.spec.job_state() == Some(JobState::Suspended) {
            return;
        }
        let mode = reconciled.spec.job.as_ref().map(|job| job.upgrade_mode);
        let spec = self.spec.clone().with_job(|job| {
            job.state = JobState::Suspended;
            job.upgrade_mode = mode.unwrap_or(job.upgrade_mode);
        });
        let first = reconciled.resource_metadata.first_deployment;
        let reconciled = Reconciled::new(spec, first);
        self.status.observed_generation = Some(self.situation.object.generation);
        self.note(&reconciled);
        self.status.error = None;
        if self.status.job_manager_deployment_status != JobManagerStatus::Missing {
            self.take_down(mode == Some(UpgradeMode::LastState));
            self.write();
        }
        self.bring_up(reconciled);
    }

    fn recreate_session_cluster(&mut self) {
        self.take_down(false);
        self.status.job_status.state = Some("FINISHED".to_owned());
        self.note_suspended(UpgradeMode::Stateless);
        self.write();
        if let Some(reconciled) = self.status.reconciled() {
            self.bring_up(reconciled);
        }
    }
}

/// How a job is brought to its end for an upgrade.
enum Suspension {
    /// Without its state.
    Drop,
    /// There is no job to end: what it would have started from stays.
    NeverStarted(UpgradeMode),
    /// High availability remembers the last checkpoint.
    LastState,
    /// Cancelled through REST, to start again from its last checkpoint.
    Cancel,
    /// With a savepoint.
    Savepoint,
    /// Not now.
    Impossible,
}
