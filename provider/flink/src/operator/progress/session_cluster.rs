//! Whether a session cluster can run the jobs that are to run on it.

use std::time::Duration;

use super::{Baseline, deployment};
use crate::operator::deployment::FlinkDeployment;
use crate::operator::pods::Pod;
use crate::operator::status::{JobManagerStatus, LifecycleState};
use crate::wait::Progress;

/// How long there may be no cluster of that name: one apply may create both, in any order.
const NO_CLUSTER: Duration = Duration::from_secs(60);

/// The cause of a wait for a cluster that is not there.
pub const CLUSTER_MISSING: &str = "cluster missing";

/// Whether the session cluster of a job is there, and its JobManager answers. Every reason names it.
pub fn session_cluster(name: &str, cluster: Option<&FlinkDeployment>) -> Progress {
    session_cluster_with_pods(name, cluster, &[])
}

/// The same where the pods of the cluster were looked at, too.
pub fn session_cluster_with_pods(name: &str, cluster: Option<&FlinkDeployment>, pods: &[Pod]) -> Progress {
    let Some(cluster) = cluster else {
        return Progress::Failing {
            why: format!("its session cluster is missing: there is no FlinkDeployment `{name}` in the namespace"),
            cause: CLUSTER_MISSING.to_owned(),
            grace: NO_CLUSTER,
        };
    };
    if !cluster.is_session_cluster() {
        return Progress::Failed(format!(
            "the FlinkDeployment `{name}` is no session cluster: it is an application with a job of its own"
        ));
    }
    if cluster.metadata.deletion_timestamp.is_some() {
        return Progress::Failed(format!("its session cluster `{name}` is being deleted"));
    }
    let status = cluster.status.as_ref();
    if status.and_then(|status| status.lifecycle_state.as_ref()) == Some(&LifecycleState::Suspended) {
        return Progress::Failed(format!("its session cluster `{name}` is suspended"));
    }
    // A change of the cluster that the operator refuses leaves it as it was.
    if status.and_then(|status| status.job_manager_deployment_status.as_ref()) == Some(&JobManagerStatus::Ready) {
        return Progress::Ready;
    }
    let not_ready = |why: String| format!("its session cluster `{name}` is not ready: {why}");
    match deployment(cluster, &Baseline::default(), pods) {
        Progress::Ready | Progress::Settling { .. } => Progress::Ready,
        Progress::Waiting(why) => Progress::Waiting(not_ready(why)),
        Progress::Failing { why, cause, grace } => Progress::Failing {
            why: not_ready(why),
            cause,
            grace,
        },
        Progress::Failed(why) => Progress::Failed(not_ready(why)),
    }
}
