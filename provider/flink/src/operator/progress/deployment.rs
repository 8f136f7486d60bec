//! How far the operator is with a `FlinkDeployment`.

use std::time::Duration;

use super::{Baseline, GRACE, Look, LookAtStatus};
use crate::operator::deployment::FlinkDeployment;
use crate::operator::error::OperatorError;
use crate::operator::pods::{Pod, Trouble};
use crate::operator::status::{JobManagerStatus, JobStatus, LifecycleState};
use crate::wait::Progress;

/// How long a deployment that the operator has taken up may be without a status.
const NO_STATUS: Duration = Duration::from_secs(300);

/// How far the operator is with a deployment. `pods` are those of the deployment.
pub fn deployment(deployment: &FlinkDeployment, baseline: &Baseline, pods: &[Pod]) -> Progress {
    let look = Look::at(deployment, baseline).status(|| Progress::Failing {
        why: "the operator has taken it up, but reports no status: it may not support this Flink version".to_owned(),
        cause: "no status".to_owned(),
        grace: NO_STATUS,
    });
    let look = match look {
        Ok(look) => look,
        Err(progress) => return progress,
    };
    look.before_it_runs()
        .or_else(|| look.job_manager_in_trouble())
        .unwrap_or_else(|| {
            let progress = if deployment.is_session_cluster() {
                look.session_cluster()
            } else {
                look.job()
            };
            look.explained(progress, pods)
        })
}

impl LookAtStatus<'_, FlinkDeployment> {
    fn job_manager(&self) -> Option<&JobManagerStatus> {
        self.status.job_manager
    }

    /// Kubernetes cannot start the JobManager. The state swings with each restart of the container, so
    /// an error of the kind that repeats counts while the JobManager is on its way, too.
    fn job_manager_in_trouble(&self) -> Option<Progress> {
        let error = self.error();
        let trouble = error
            .as_ref()
            .filter(|error| error.is_deployment_failure())
            .and_then(|error: &OperatorError| Trouble::of(error.reason.as_deref()?));
        match self.job_manager() {
            Some(JobManagerStatus::Error) => {}
            Some(JobManagerStatus::Deploying | JobManagerStatus::DeployedNotReady) if trouble.is_some() => {}
            _ => return None,
        }
        let what = error
            .as_ref()
            .map_or_else(|| "no reason given".to_owned(), |error| self.shown(error));
        Some(Progress::Failing {
            why: format!("the JobManager cannot start: {what}"),
            cause: trouble.map_or("job manager", Trouble::cause).to_owned(),
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
        let stable = self.lifecycle() == Some(&LifecycleState::Stable);
        let ready = self.job_manager() == Some(&JobManagerStatus::Ready);
        if let Some(failed) = self.failed_job() {
            return failed;
        }
        match self.job_state() {
            _ if self.lifecycle() == Some(&LifecycleState::Failed) => self.failed_deployment(),
            Some(JobStatus::Finished) if stable && (ready || self.finished_before()) => Progress::Ready,
            _ if !ready => Progress::waiting(starting(self.job_manager())),
            _ => self.running_job(),
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
}

fn starting(job_manager: Option<&JobManagerStatus>) -> String {
    match job_manager {
        Some(JobManagerStatus::Deploying) => "the JobManager is being started".to_owned(),
        Some(JobManagerStatus::DeployedNotReady) => "the JobManager has started, but does not answer yet".to_owned(),
        Some(JobManagerStatus::Missing) | None => "there is no JobManager yet".to_owned(),
        Some(other) => format!("the JobManager is {other}"),
    }
}
