//! Bringing a cluster up, and what happens to one that is up and should stay so.

use std::time::Duration;

use crate::stand_in::spec::{JobState, Reconciled, Spec, UpgradeMode};
use crate::stand_in::status::{
    Failure, JobManagerStatus, LAST_STATE_DUMMY, ReconciliationState, TaskManager, UPGRADE_FAILURE,
};
use crate::stand_in::world::{Deploy, Effect, Restore};

use super::Turn;

impl Turn<'_> {
    /// Deploys what was never deployed. A job that is created suspended is left alone, without a status.
    pub(super) fn deploy_first(&mut self) {
        if self.spec.job_state() == Some(JobState::Suspended) {
            return;
        }
        let initial = self
            .spec
            .job
            .as_ref()
            .and_then(|job| job.initial_savepoint_path.clone());
        let spec = self.spec.clone().with_job(|job| {
            job.state = JobState::Suspended;
            job.upgrade_mode = if initial.is_some() {
                UpgradeMode::Savepoint
            } else {
                UpgradeMode::Stateless
            };
        });
        self.status.job_status.upgrade_savepoint_path = initial;
        self.status.error = None;
        self.status.observed_generation = Some(self.situation.object.generation);
        self.status.reconciliation_status.state = ReconciliationState::Upgrading;
        let reconciled = Reconciled::new(spec, true);
        self.note(&reconciled);
        self.forget_task_managers();
        self.write();
        self.bring_up(reconciled);
    }

    /// Starts the cluster of a spec that was noted as suspended, and notes it as running.
    pub(super) fn bring_up(&mut self, mut reconciled: Reconciled) {
        let application = reconciled.spec.job.is_some();
        let mode = reconciled.spec.job.as_ref().map(|job| job.upgrade_mode);
        if application {
            if mode != Some(UpgradeMode::LastState) || self.status.job_status.job_id.is_none() {
                self.status.job_status.job_id = Some(self.situation.fresh_job_id.clone());
                self.write();
            }
            self.event(
                false,
                "Submit",
                "Starting deployment".to_owned(),
                "JobManagerDeployment",
            );
        }
        let path = self
            .status
            .job_status
            .upgrade_savepoint_path
            .clone()
            .filter(|path| path != LAST_STATE_DUMMY);
        let restore = match (mode, path) {
            (Some(UpgradeMode::LastState), _) => Restore::LastState,
            (Some(UpgradeMode::Savepoint), Some(path)) => Restore::From(path),
            (Some(UpgradeMode::Savepoint | UpgradeMode::Stateless) | None, _) => Restore::Nothing,
        };
        if restore == Restore::LastState {
            self.status.job_status.upgrade_savepoint_path = Some(LAST_STATE_DUMMY.to_owned());
        }
        reconciled.spec = reconciled.spec.with_job(|job| job.state = JobState::Running);
        self.deploy(reconciled.spec.clone(), restore);
        self.status.reconciliation_status.state = ReconciliationState::Deployed;
        self.note(&reconciled);
        self.deployed(&reconciled.spec);
        self.write();
    }

    /// Asks for a cluster.
    pub(super) fn deploy(&mut self, spec: Spec, restore: Restore) {
        let job_id = spec.job.as_ref().and(self.status.job_status.job_id.clone());
        self.effects
            .push(Effect::Deploy(Box::new(Deploy { spec, job_id, restore })));
    }

    /// The status of a cluster that was just asked for.
    pub(super) fn deployed(&mut self, spec: &Spec) {
        self.status.job_manager_deployment_status = JobManagerStatus::Deploying;
        if spec.job.is_some() {
            self.status.job_status.state = Some("RECONCILING".to_owned());
            self.status.task_manager = Some(TaskManager {
                label_selector: format!("component=taskmanager,app={}", self.situation.object.name),
                replicas: spec.task_managers(),
            });
        }
        self.refresh_conditions();
    }

    /// What the scale subresource shows while nothing is deployed.
    pub(super) fn forget_task_managers(&mut self) {
        self.status.task_manager = self.spec.job.as_ref().map(|_| TaskManager::default());
    }

    /// Takes the cluster down, if there is one. Metadata of high availability can be kept for the next one.
    pub(super) fn take_down(&mut self, keep_metadata: bool) {
        self.effects.push(Effect::TearDown { keep_metadata });
        self.status.job_manager_deployment_status = JobManagerStatus::Missing;
    }

    /// Work on a cluster that runs what it should: nonces, and rollback.
    pub(super) fn maintain(&mut self, mut reconciled: Reconciled) {
        let deployed = self.status.reconciliation_status.state == ReconciliationState::Deployed;
        let missing = self.status.job_manager_deployment_status == JobManagerStatus::Missing;
        if deployed && missing && reconciled.spec.job_state() != Some(JobState::Suspended) {
            return self.recover(reconciled);
        }
        if self.spec.job.is_some() && !self.take_manual(&mut reconciled) {
            self.roll_back_if_late(&reconciled);
        }
    }

    /// Deploys again what somebody removed. In none of the recordings; the operator's documentation says so.
    fn recover(&mut self, mut reconciled: Reconciled) {
        if let (Some(job), Some(wanted)) = (&mut reconciled.spec.job, &self.spec.job) {
            job.upgrade_mode = match (self.situation.ha_metadata, wanted.upgrade_mode) {
                (true, _) => UpgradeMode::LastState,
                (false, UpgradeMode::Stateless) => UpgradeMode::Stateless,
                (false, UpgradeMode::Savepoint | UpgradeMode::LastState) => {
                    let message = "JobManager deployment is missing and HA data is not available to make stateful \
                                   upgrades. It is possible that the job has finished or terminally failed, or the \
                                   configmaps have been deleted. Manual restore required.";
                    self.status.error = Some(Failure::new(UPGRADE_FAILURE, message).encode());
                    return self.write();
                }
            };
        }
        let message = "Recovering lost deployment".to_owned();
        self.event(true, "RecoverDeployment", message, "JobManagerDeployment");
        self.bring_up(reconciled);
    }

    /// The way back from a deployment that does not settle in time.
    fn roll_back_if_late(&mut self, reconciled: &Reconciled) {
        let status = &self.status.reconciliation_status;
        let enabled = self.spec.is_on("kubernetes.operator.deployment.rollback.enabled");
        let late = status.state == ReconciliationState::Deployed && !self.status.is_stable();
        if !enabled || !late || reconciled.spec.job_state() == Some(JobState::Suspended) {
            return;
        }
        let timeout = self
            .spec
            .setting("kubernetes.operator.deployment.readiness.timeout")
            .and_then(duration);
        let timeout = timeout.unwrap_or(Duration::from_secs(300));
        let waited = u64::try_from(self.situation.now - status.reconciliation_timestamp).unwrap_or_default();
        let waited = Duration::from_millis(waited).mul_f64(self.situation.speed);
        if waited < timeout || self.status.stable().is_none() {
            return;
        }
        self.event(
            false,
            "Rollback",
            "Rolling back failed deployment.".to_owned(),
            "JobManagerDeployment",
        );
        self.event(
            false,
            "Suspended",
            "Suspending existing deployment.".to_owned(),
            "JobManagerDeployment",
        );
        self.take_down(true);
        self.status.job_status.state = Some("FINISHED".to_owned());
        self.status.reconciliation_status.state = ReconciliationState::RollingBack;
        self.refresh_conditions();
        self.write();
        self.roll_back();
    }

    /// Brings up the last stable spec.
    pub(super) fn roll_back(&mut self) {
        let Some(stable) = self.status.stable() else { return };
        self.event(
            false,
            "Submit",
            "Starting deployment".to_owned(),
            "JobManagerDeployment",
        );
        self.deploy(stable.spec.clone(), Restore::LastState);
        self.status.reconciliation_status.state = ReconciliationState::RolledBack;
        self.deployed(&stable.spec);
        self.write();
    }
}

/// A duration as Flink spells it: `60 s`, `5min`.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let split = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().ok()?;
    let milliseconds = match unit.trim() {
        "" | "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => 1,
        "s" | "sec" | "secs" | "second" | "seconds" => 1000,
        "m" | "min" | "minute" | "minutes" => 60_000,
        "h" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(milliseconds)?))
}
