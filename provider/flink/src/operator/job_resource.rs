//! What the two kinds with a Flink job have in common: `FlinkDeployment` and `FlinkSessionJob`.

use super::configuration::FlinkConfiguration;
use super::job::{JobSpec, JobState};
use super::pods::Pod;
use super::progress::Baseline;
use super::resource::Resource;
use super::status::{JobManagerStatus, JobStatusReport, LifecycleState, ReconciliationStatus};
use crate::wait::Progress;

/// A kind of custom resource whose objects have a Flink job, or a cluster for such jobs.
pub trait JobResource: Resource {
    /// The job that is asked for; `None` for a session cluster.
    fn job(&self) -> Option<&JobSpec>;

    /// The configuration that the object itself sets.
    fn flink_configuration(&self) -> Option<&FlinkConfiguration>;

    /// Name of the `FlinkDeployment` whose JobManager runs the job.
    fn deployment_name(&self) -> &str;

    /// What the operator has reported; `None` where it has not reported anything.
    fn reported(&self) -> Option<Reported<'_>>;

    /// How far the operator is with the object. `baseline` is what was so when it was last written; `pods` are those of the
    /// deployment that runs its job, none where nobody has looked.
    fn progress(&self, baseline: &Baseline, pods: &[Pod]) -> Progress;

    /// Whether the JobManager does not know the job any more, and nothing of it can be saved.
    fn is_lost(&self) -> bool {
        false
    }

    /// Whether the specification asks for a suspended job. A session cluster is never suspended.
    fn wants_suspended(&self) -> bool {
        self.job().is_some_and(|job| job.state == Some(JobState::Suspended))
    }

    /// The value of a configuration key, where the object itself sets it.
    fn configured(&self, key: &str) -> Option<&str> {
        self.flink_configuration()?.get(key).map(String::as_str)
    }

    /// The directory savepoints are written to, where the object itself sets it.
    fn savepoint_directory(&self) -> Option<&str> {
        self.flink_configuration()?.savepoint_directory()
    }

    /// Whether the object itself sets a switch to `true`.
    fn is_on(&self, key: &str) -> bool {
        self.configured(key)
            .is_some_and(|text| text.trim().eq_ignore_ascii_case("true"))
    }
}

/// The part of a status that both kinds have.
#[derive(Clone, Copy, Debug)]
pub struct Reported<'a> {
    /// Generation of the specification the operator has taken up.
    pub observed_generation: Option<i64>,
    /// The operator's own summary.
    pub lifecycle_state: Option<&'a LifecycleState>,
    /// The job.
    pub job_status: &'a JobStatusReport,
    /// How far the operator is with the specification.
    pub reconciliation_status: &'a ReconciliationStatus,
    /// The last error, as JSON or plain text.
    pub error: Option<&'a str>,
    /// State of the JobManager's Kubernetes deployment; `None` for a session job, whose status says nothing of it.
    pub job_manager: Option<&'a JobManagerStatus>,
}
