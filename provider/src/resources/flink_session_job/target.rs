//! What a plan of a session job says about its cluster: an application takes none, and what the cluster has may not be enough.
//! The cluster is as the same run plans it, else as it lives; where neither is known, nothing is said.

use std::collections::BTreeMap;
use std::time::Duration;

use flink_client::operator::{FlinkDeployment, JobState};
use flink_client::rest::JobManager;
use terraform_plugin::Context;
use terraform_schema::{Diagnostic, Diagnostics, Plan, Seen, Value, View};

use crate::provider::ProviderData;
use crate::resources::configuration::Configuration;
use crate::resources::job_resource::objects;
use crate::resources::job_resource::validate::{directories, has_no_checkpoint_on_demand, unknown_directory};
use crate::resources::job_resource::write_only;
use crate::resources::session_cluster::SessionCluster;

/// How long a plan waits for a cluster that it could do without.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks at the cluster of a planned job.
pub async fn check(plan: &Plan, cx: &Context<'_, ProviderData>) -> Diagnostics {
    let planned = plan.planned();
    let (Some(namespace), Some(name)) = (planned.at("namespace").text(), planned.at("deployment_name").text()) else {
        return Diagnostics::new();
    };
    if let Some(known) = cx.data.planned.find(namespace, name) {
        return known.map_or_else(Diagnostics::new, |cluster| problems(&planned, &cluster, None));
    }
    let looked = tokio::time::timeout(PATIENCE, look(namespace, name, plan.prior.is_null(), cx)).await;
    match looked {
        Ok(Some((cluster, free))) => problems(&planned, &cluster, free),
        Ok(None) | Err(_) => Diagnostics::new(),
    }
}

/// The cluster as it lives, and for a new job its free slots. `None` where it is not there, or nobody may or can look.
async fn look(
    namespace: &str,
    name: &str,
    is_new: bool,
    cx: &Context<'_, ProviderData>,
) -> Option<(SessionCluster, Option<i64>)> {
    let clusters = objects::<FlinkDeployment>(namespace, cx).await.ok()?;
    let found = clusters.find(name).await.ok()??;
    let cluster = SessionCluster::living(&found.object);
    let limit = cluster
        .slots()
        .filter(|_| is_new && cluster.is_application == Some(false));
    let Some((limit, _)) = limit else {
        return Some((cluster, None));
    };
    let job_manager = JobManager::new(
        clusters.cluster().clone(),
        namespace,
        found.rest_service(),
        found.rest_port(),
    );
    let overview = job_manager.with_patience(Duration::ZERO).overview().await.ok();
    // While TaskManagers come and go, the number says nothing.
    let free = overview.filter(|overview| overview.slots_total == limit);
    Some((cluster, free.map(|overview| overview.slots_available)))
}

/// Everything to say. Pure.
fn problems(job: &View<'_>, cluster: &SessionCluster, free: Option<i64>) -> Diagnostics {
    if cluster.is_application == Some(true) {
        return not_a_session_cluster(&job.at("deployment_name")).into();
    }
    let mut problems = Diagnostics::new();
    let merged = cluster.configuration.as_ref().map(|under| merged(job, under));
    if let Some(merged) = &merged {
        let configuration = Configuration::of(&View::of(merged));
        problems.extend(slots(job, cluster, free, &configuration));
        problems.extend(directories(
            &job.at("job"),
            &configuration,
            "The configuration of the job and of its session cluster",
        ));
    }
    if let Some(version) = cluster.flink_version {
        problems.extend(flink_version(job, version));
    }
    problems
}

fn not_a_session_cluster(at: &View<'_>) -> Diagnostic {
    Diagnostic::error("Not a session cluster")
        .detail(format!(
            "The FlinkDeployment `{}` is an application: it has a job of its own, and the operator refuses session jobs on it. \
             Name a deployment without a `job` block. Where the same plan makes it one, refer to its resource \
             (`flink_deployment.<name>.name`), so that it comes first.",
            at.text().unwrap_or_default()
        ))
        .at(at.path())
}

/// The configuration that the job runs with: that of its cluster with its own laid over it.
fn merged(job: &View<'_>, under: &BTreeMap<String, String>) -> Value {
    let attribute = "flink_configuration";
    let own = job.at(attribute);
    let members = under.iter().map(|(key, value)| (key.clone(), Value::string(value)));
    let configuration = if own.value().is_unknown() {
        Value::Unknown
    } else {
        Value::map(members.chain(own.value().as_map().cloned().unwrap_or_default()))
    };
    // What is write-only is in no plan, and may hold anything.
    let hidden = if job.at(write_only::VERSION).is_null() {
        Value::Null
    } else {
        Value::Unknown
    };
    Value::map([(attribute, configuration), (write_only::ATTRIBUTE, hidden)])
}

/// Whether the job finds enough slots.
fn slots(
    job: &View<'_>,
    cluster: &SessionCluster,
    free: Option<i64>,
    configuration: &Configuration<'_>,
) -> Option<Diagnostic> {
    let (limit, why) = cluster.slots()?;
    let place = job.at("job.parallelism");
    let parallelism = place.get::<i64>().known()?;
    let is_suspended = job.at("job.state").get() == Seen::Known(JobState::Suspended);
    // It runs on what there is.
    let adapts = configuration
        .text("jobmanager.scheduler")
        .is_some_and(|scheduler| scheduler.trim().eq_ignore_ascii_case("adaptive"));
    let available = free.unwrap_or(limit).min(limit);
    if is_suspended || adapts || parallelism <= available {
        return None;
    }
    let taken = match free {
        Some(free) if parallelism <= limit => format!(", of which {free} are free now"),
        _ => String::new(),
    };
    Some(
        Diagnostic::warning("Not enough slots on the session cluster")
            .detail(format!(
                "A parallelism of {parallelism} needs as many slots, and the session cluster `{}` has {limit}{taken}: {why}. The job \
                 waits for slots, and fails where none come in time (`slot.request.timeout`).",
                job.at("deployment_name").text().unwrap_or_default()
            ))
            .at(place.path()),
    )
}

/// What the Flink version of the cluster has not.
fn flink_version(job: &View<'_>, version: (u32, u32)) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let (major, minor) = version;
    if has_no_checkpoint_on_demand(&job.at("job"), version) {
        problems.push(
            Diagnostic::warning("Checkpoint cannot be triggered")
                .detail(format!(
                    "Taking a checkpoint on demand needs Flink 1.17 or newer, and the session cluster runs {major}.{minor}. Use \
                     `savepoint_trigger_nonce` instead."
                ))
                .at(job.at("job.checkpoint_trigger_nonce").path()),
        );
    }
    let configuration = job.at("flink_configuration");
    let of_flink = |key: &String| {
        !["kubernetes.operator.", "job.autoscaler."]
            .iter()
            .any(|own| key.starts_with(own))
    };
    let sent = configuration.value().as_map().into_iter().flatten();
    if version < (1, 17) && sent.map(|(key, _)| key).any(of_flink) {
        problems.push(
            Diagnostic::warning("Configuration not used")
                .detail(format!(
                    "The configuration of a session job needs Flink 1.17 or newer, and the session cluster runs {major}.{minor}: \
                     only keys of the operator count there. Set the others in the `flink_configuration` of the cluster."
                ))
                .at(configuration.path()),
        );
    }
    problems.extend(unknown_directory(&Configuration::of(job), version));
    problems
}

#[cfg(test)]
mod tests;
