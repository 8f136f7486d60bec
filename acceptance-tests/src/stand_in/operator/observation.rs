//! What the cluster shows goes into the status.

use crate::stand_in::spec::JobState;
use crate::stand_in::status::{DEPLOYMENT_FAILED, Failure, JobManagerStatus, ReconciliationState};
use crate::stand_in::world::{JobManager, JobView};

use super::{Turn, without_class};

impl Turn<'_> {
    /// Looks at the cluster, unless none should be there.
    pub(super) fn observe(&mut self) {
        let Some(reconciled) = self.status.reconciled() else {
            return;
        };
        let state = self.status.reconciliation_status.state;
        let between = matches!(state, ReconciliationState::Upgrading | ReconciliationState::RollingBack);
        if between || reconciled.spec.job_state() == Some(JobState::Suspended) {
            return;
        }
        let application = reconciled.spec.job.is_some();
        self.observe_job_manager(application);
        let ready = self.status.job_manager_deployment_status == JobManagerStatus::Ready;
        let answers = self.situation.cluster.job_manager == JobManager::Up;
        if ready && answers {
            self.status.cluster_info = self.situation.cluster.info.clone();
            match (&self.situation.cluster.job, application) {
                (Some(job), true) => self.observe_job(job),
                (_, true) => {}
                (_, false) => self.settle(),
            }
        }
        let broken = self.status.job_manager_deployment_status == JobManagerStatus::Error;
        if ready && !broken && self.status.job_state() != "FAILED" && self.is_settled() {
            self.status.error = None;
        }
    }

    fn observe_job_manager(&mut self, application: bool) {
        let before = self.status.job_manager_deployment_status;
        let was_ready = matches!(before, JobManagerStatus::Ready | JobManagerStatus::DeployedNotReady);
        let now = match &self.situation.cluster.job_manager {
            JobManager::Up if was_ready => JobManagerStatus::Ready,
            // Its jobs cannot be listed: of an application that is enough to look at the pod again, not of a session
            // cluster.
            JobManager::Mute if was_ready && application => JobManagerStatus::Deploying,
            JobManager::Mute if was_ready => JobManagerStatus::Ready,
            JobManager::Up | JobManager::Mute => JobManagerStatus::DeployedNotReady,
            // The pod of a session cluster is not looked at again once it was ready.
            JobManager::Starting if before == JobManagerStatus::Ready && !application => before,
            JobManager::Starting => JobManagerStatus::Deploying,
            JobManager::Absent if before == JobManagerStatus::Missing => before,
            JobManager::Absent => {
                let message = "Missing JobManager deployment";
                let class = "org.apache.flink.kubernetes.operator.exception.MissingJobManagerException";
                self.complain(Failure::new(class, message), "Missing");
                JobManagerStatus::Missing
            }
            JobManager::Failing { reason, message } => {
                let mut failure = Failure::new(DEPLOYMENT_FAILED, message.clone());
                failure.reason = Some(reason.clone());
                self.complain(failure, reason);
                JobManagerStatus::Error
            }
        };
        self.status.job_manager_deployment_status = now;
        let lost = matches!(now, JobManagerStatus::Missing | JobManagerStatus::Error);
        if application && now != JobManagerStatus::Ready && !self.status.is_terminal() || !application && lost {
            self.status.job_status.state = Some("RECONCILING".to_owned());
        }
    }

    /// What is seen of a cluster whose object is being deleted: only whether it is still there.
    pub(super) fn observe_loss(&mut self) {
        let deployed = self.status.reconciliation_status.state == ReconciliationState::Deployed;
        let gone = self.situation.cluster.job_manager == JobManager::Absent;
        let reconciled = self.status.reconciled();
        let suspended = reconciled.is_none_or(|reconciled| reconciled.spec.job_state() == Some(JobState::Suspended));
        // What a session cluster shows as the state of its job is left over from its last upgrade.
        let ended = self.spec.job.is_some() && self.status.is_terminal();
        let known = self.status.job_manager_deployment_status == JobManagerStatus::Missing;
        if deployed && gone && !suspended && !ended && !known {
            self.status.job_manager_deployment_status = JobManagerStatus::Missing;
            self.status.job_status.state = Some("RECONCILING".to_owned());
            self.write();
        }
    }

    /// A failure of the deployment: an event when it is new.
    fn complain(&mut self, failure: Failure, reason: &str) {
        let text = failure.encode();
        if self.status.error.as_ref() != Some(&text) {
            self.event(true, reason, failure.message, "JobManagerDeployment");
            self.status.error = Some(text);
        }
    }

    /// The job, as the JobManager shows it.
    pub(super) fn observe_job(&mut self, job: &JobView) {
        // Of a job that ended nothing more is learned; a job that is being replaced is not ours.
        let is_ours = self.status.job_status.job_id.as_ref() == Some(&job.id);
        if !is_ours || (self.status.is_terminal() && self.status.job_state() == job.state) {
            return;
        }
        if self.status.job_state() != job.state {
            self.note_job_change(job);
        }
        let status = &mut self.status.job_status;
        status.state = Some(job.state.clone());
        status.job_name = Some(job.name.clone());
        status.start_time = Some(job.start_time.to_string());
        status.update_time = Some(job.update_time.to_string());
        match job.state.as_str() {
            "RUNNING" | "FINISHED" => self.settle(),
            "FAILED" | "CANCELED" => {
                if let Some(path) = &self.situation.cluster.checkpoint {
                    self.status.job_status.upgrade_savepoint_path = Some(path.clone());
                }
                if let Some(failure) = job.failure.as_ref().filter(|_| job.state == "FAILED") {
                    self.status.error = Some(failure.encode());
                }
            }
            _ => {}
        }
    }

    fn note_job_change(&mut self, job: &JobView) {
        let failure = job.failure.as_ref();
        if let Some(failure) = failure.filter(|_| job.state == "FAILED") {
            let chain = [&failure.message]
                .into_iter()
                .chain(failure.causes.iter().map(|(_, message)| message));
            let chain: Vec<_> = chain.map(|message| without_class(message)).collect();
            self.event(true, "Error", chain.join(" -> "), "Job");
        }
        let message = format!("Job status changed from {} to {}", self.status.job_state(), job.state);
        self.event(false, "JobStatusChanged", message, "Job");
        if let Some(failure) = failure {
            self.event(true, "JobException", failure.message.clone(), "Job");
        }
    }

    /// The spec that runs was seen running.
    fn settle(&mut self) {
        let status = &mut self.status.reconciliation_status;
        if status.state == ReconciliationState::Deployed {
            status.last_stable_spec = status.last_reconciled_spec.clone();
        }
    }

    /// Whether there is nothing left to complain about.
    fn is_settled(&self) -> bool {
        let rolled_back = self.status.reconciliation_status.state == ReconciliationState::RolledBack;
        rolled_back || self.status.is_stable()
    }
}
