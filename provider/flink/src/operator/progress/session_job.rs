//! How far the operator is with a `FlinkSessionJob`, as far as its own status tells. The status is frozen while the session
//! cluster is away: whoever wants to know whether the job runs asks for the [`session_cluster`](super::session_cluster), too.

use super::{Baseline, GRACE, Look, LookAtStatus};
use crate::operator::job::UpgradeMode;
use crate::operator::job_resource::JobResource;
use crate::operator::pods::Pod;
use crate::operator::session_job::FlinkSessionJob;
use crate::operator::status::{JobStatus, LifecycleState};
use crate::wait::Progress;

/// How far the operator is with a session job, as far as its own status tells. `pods` are those of its cluster.
pub fn session_job(job: &FlinkSessionJob, baseline: &Baseline, pods: &[Pod]) -> Progress {
    let look = Look::at(job, baseline).status(|| {
        Progress::Waiting(format!(
            "the operator has taken it up, and starts it when the session cluster `{}` is ready",
            job.deployment_name()
        ))
    });
    let look = match look {
        Ok(look) => look,
        Err(progress) => return progress,
    };
    look.rejected()
        .or_else(|| look.lost())
        .or_else(|| look.before_it_runs())
        .unwrap_or_else(|| look.explained(look.session_job(), pods))
}

impl LookAtStatus<'_, FlinkSessionJob> {
    /// The session cluster was restarted, or created anew, and does not know the job. No change of the job but one to
    /// `stateless` is taken up then.
    fn lost(&self) -> Option<Progress> {
        let job = self.look.object;
        if job.wants_suspended() || !job.is_lost() {
            return None;
        }
        let mode = match job.spec.job.upgrade_mode {
            None | Some(UpgradeMode::Stateless) => {
                return Some(Progress::waiting(
                    "the job is gone from its session cluster, and the operator starts it again",
                ));
            }
            Some(UpgradeMode::LastState) => "last-state",
            Some(UpgradeMode::Savepoint) => "savepoint",
        };
        Some(Progress::Failing {
            why: format!(
                "the session cluster `{}` does not know the job any more (\"Job Not Found\"): the cluster was restarted \
                 without high availability, and the operator does not start a job with the upgrade mode `{mode}` again \
                 by itself",
                job.deployment_name()
            ),
            cause: "lost".to_owned(),
            grace: GRACE,
        })
    }

    fn session_job(&self) -> Progress {
        if let Some(failed) = self.failed_job() {
            return failed;
        }
        // In an upgrade, "finished" is a filler without the id of a job.
        let has_id = self.status.job_status.job_id.as_ref().is_some_and(|id| !id.is_empty());
        match (self.job_state(), self.lifecycle()) {
            (_, Some(LifecycleState::Failed)) => self.failed_deployment(),
            (Some(JobStatus::Finished), Some(LifecycleState::Stable)) if has_id => Progress::Ready,
            _ => self.running_job(),
        }
    }
}
