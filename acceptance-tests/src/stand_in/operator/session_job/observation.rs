//! What the cluster's JobManager shows of the job goes into the status.

use crate::stand_in::operator::without_class;
use crate::stand_in::session_job::JOB_NOT_FOUND;
use crate::stand_in::spec::{JobState, Reconciled, UpgradeMode};
use crate::stand_in::status::ReconciliationState;
use crate::stand_in::world::JobView;

use super::{JOB, Turn, ready};

impl Turn<'_> {
    /// Looks for the job, unless none should be there or its cluster cannot be asked.
    pub(super) fn observe(&mut self) {
        let Some(reconciled) = self.status.reconciled() else {
            return;
        };
        if ready(self.situation.cluster).is_none() {
            return;
        }
        let cancelling = self.status.job_state() == "CANCELLING";
        let upgrading = self.status.reconciliation_status.state == ReconciliationState::Upgrading;
        if upgrading && !cancelling {
            let runs = self.situation.job.is_some_and(|job| !is_over(&job.state));
            if !runs || self.status.job_state() != "RECONCILING" {
                return;
            }
            // It was submitted before, and the answer was lost: the upgrade is done.
            self.note_running(reconciled);
        } else if !cancelling && reconciled.spec.job_state() == Some(JobState::Suspended) {
            return;
        }
        match self.situation.job {
            Some(job) if cancelling => self.observe_cancelled(job),
            Some(job) => self.observe_job(job),
            None if cancelling => self.note_ended("CANCELED"),
            None => self.observe_loss(),
        }
    }

    fn observe_job(&mut self, job: &JobView) {
        if self.status.is_terminal() && self.status.job_state() == job.state {
            return;
        }
        if self.status.job_state() != job.state {
            self.note_job_change(job);
        }
        self.note_view(job);
        match job.state.as_str() {
            "RUNNING" | "FINISHED" => {
                let status = &mut self.status.reconciliation_status;
                if status.state == ReconciliationState::Deployed {
                    status.last_stable_spec = status.last_reconciled_spec.clone();
                }
            }
            "FAILED" => {
                if let Some(failure) = &job.failure {
                    self.status.error = Some(failure.encode());
                }
            }
            _ => {}
        }
    }

    fn note_view(&mut self, job: &JobView) {
        let status = &mut self.status.job_status;
        status.state = Some(job.state.clone());
        status.job_name = Some(job.name.clone());
        status.start_time = Some(job.start_time.to_string());
        status.update_time = Some(job.update_time.to_string());
        if let (true, Some(path)) = (is_over(&job.state), self.situation.checkpoint) {
            status.upgrade_savepoint_path = Some(path.to_owned());
        }
    }

    /// A job that was asked to end counts as ended when it has.
    fn observe_cancelled(&mut self, job: &JobView) {
        if is_over(&job.state) {
            self.note_job_change(job);
            self.note_view(job);
            self.note_ended(&job.state);
        }
    }

    fn note_ended(&mut self, state: &str) {
        self.status.job_status.state = Some(state.to_owned());
        if let Some(Reconciled {
            spec,
            resource_metadata,
        }) = self.status.reconciled()
        {
            let spec = spec.with_job(|job| job.state = JobState::Suspended);
            self.note(&Reconciled::new(spec, resource_metadata.first_deployment));
        }
    }

    /// The cluster does not know the job. One without state can be run again, any other stays lost.
    fn observe_loss(&mut self) {
        if self.status.is_terminal() {
            return;
        }
        if self.status.error.as_deref() != Some(JOB_NOT_FOUND) {
            self.event(true, "Missing", JOB_NOT_FOUND.to_owned(), JOB);
        }
        self.status.job_status.state = Some("RECONCILING".to_owned());
        self.status.error = Some(JOB_NOT_FOUND.to_owned());
        let job = self.spec.job.as_ref();
        if job.is_none_or(|job| job.upgrade_mode == UpgradeMode::Stateless)
            && let Some(reconciled) = self.status.reconciled()
        {
            let first = reconciled.resource_metadata.first_deployment;
            let spec = reconciled.spec.with_job(|job| job.state = JobState::Suspended);
            self.note(&Reconciled::new(spec, first));
        }
    }

    fn note_job_change(&mut self, job: &JobView) {
        let failure = job.failure.as_ref();
        if let Some(failure) = failure.filter(|_| job.state == "FAILED") {
            let causes = failure.causes.iter().map(|(_, message)| message);
            let chain: Vec<_> = [&failure.message]
                .into_iter()
                .chain(causes)
                .map(|text| without_class(text))
                .collect();
            self.event(true, "Error", chain.join(" -> "), JOB);
        }
        let message = format!("Job status changed from {} to {}", self.status.job_state(), job.state);
        self.event(false, "JobStatusChanged", message, JOB);
        if let Some(failure) = failure {
            self.event(true, "JobException", failure.message.clone(), JOB);
        }
    }
}

fn is_over(state: &str) -> bool {
    matches!(state, "FINISHED" | "FAILED" | "CANCELED")
}
