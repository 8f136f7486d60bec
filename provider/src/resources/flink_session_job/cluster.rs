//! The session cluster of a job, as far as the job depends on it.

use flink_client::kubernetes::Objects;
use flink_client::operator::progress::session_cluster;
use flink_client::operator::{FlinkDeployment, FlinkSessionJob, JobResource};
use flink_client::rest::JobManager;
use flink_client::wait::Progress;
use terraform_plugin::Context;
use terraform_schema::Diagnostic;

use super::model::SessionJob;
use crate::diagnose::sentences;
use crate::provider::ProviderData;
use crate::resources::job_resource::{JobModel, objects};

/// The session clusters in the namespace of jobs.
pub fn clusters(jobs: &Objects<FlinkSessionJob>) -> Objects<FlinkDeployment> {
    Objects::new(jobs.cluster().clone(), jobs.namespace())
}

/// Whether the session cluster of a job is ready; taken for granted where it cannot be looked at.
pub async fn is_ready(jobs: &Objects<FlinkSessionJob>, job: &FlinkSessionJob) -> bool {
    match clusters(jobs).find(job.deployment_name()).await {
        Ok(found) => {
            let found = found.as_ref().map(|live| &live.object);
            session_cluster(job.deployment_name(), found) == Progress::Ready
        }
        Err(_) => true,
    }
}

/// The JobManager of a job's session cluster, where there is one.
pub async fn job_manager(jobs: &Objects<FlinkSessionJob>, job: &FlinkSessionJob) -> Option<JobManager> {
    let found = clusters(jobs).find(job.deployment_name()).await.ok()??;
    let cluster = jobs.cluster().clone();
    Some(JobManager::new(
        cluster,
        jobs.namespace(),
        found.rest_service(),
        found.rest_port(),
    ))
}

/// Whether savepoints of a job have a place: its own configuration lies over that of its cluster.
pub async fn has_savepoint_directory(jobs: &Objects<FlinkSessionJob>, job: &FlinkSessionJob) -> bool {
    if job.savepoint_directory().is_some() {
        return true;
    }
    let found = clusters(jobs).find(job.deployment_name()).await;
    found.is_ok_and(|found| found.is_some_and(|cluster| cluster.savepoint_directory().is_some()))
}

/// Says that what was read of a job may not be so any more: the operator looks at it only while its cluster is ready.
pub async fn warn_of_its_absence(model: &SessionJob, cx: &Context<'_, ProviderData>) {
    let Some(state) = model.job_state.as_ref() else { return };
    let Ok(clusters) = objects::<FlinkDeployment>(model.namespace(), cx).await else {
        return;
    };
    let name = &model.spec.deployment_name;
    let Ok(found) = clusters.find(name).await else { return };
    let (why, next) = match session_cluster(name, found.as_ref().map(|live| &live.object)) {
        Progress::Ready | Progress::Settling { .. } => return,
        Progress::Waiting(why) => (why, "Read it again when the cluster is ready."),
        Progress::Failing { why, .. } | Progress::Failed(why) => (
            why,
            "Bring the cluster back. Without high availability the job is lost then: with `upgrade_mode = \"stateless\"` the \
             operator starts it again, else replace it with one that has an `initial_savepoint_path`.",
        ),
    };
    cx.warn(
        Diagnostic::warning("State of a session job is not known").detail(sentences(
            &format!(
                "the FlinkSessionJob `{}` was last seen `{state}`, and nobody has looked since: {why}",
                model.id()
            ),
            next,
        )),
    );
}
