//! What a read finds out for the plans that follow it: the state that the job would come back from, how it was suspended, who
//! has scaled it, which jobs are on a session cluster. It stands in private state: a plan may look at it and ask nobody, and
//! no attribute changes with every checkpoint.

use std::time::Duration;

use flink_client::kubernetes::{Live, Objects};
use flink_client::operator::status::{JobManagerStatus, JobStatus};
use flink_client::operator::{FlinkDeployment, FlinkSessionJob, JobResource, JobState, UpgradeMode};
use flink_client::rest::{Checkpoint, Checkpoints, JobManager, time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use terraform_plugin::{Context, Private};

use super::private;

/// How long a JobManager may take to tell of its checkpoints. A plan does without where it does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the last read found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Observed {
    /// The last checkpoint or savepoint that was completed, as far as anybody told.
    pub latest: Option<Snapshot>,
    /// Where a job that does not run would start from.
    pub start_path: Option<String>,
    /// The upgrade mode that a suspended job was suspended with.
    pub suspended_with: Option<String>,
    /// Whether the specification, or one before it, was ever seen running.
    pub was_stable: bool,
    /// Whether the operator has not taken up the specification, or has refused it: it goes on comparing with the one before.
    pub is_behind: bool,
    /// Who else than this provider has set the number of TaskManagers.
    pub scaled_by: Option<String>,
    /// The jobs on a session cluster, where the role allows to list them.
    pub session_jobs: Option<Vec<JobOnCluster>>,
}

/// A completed checkpoint or savepoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Snapshot {
    /// Where it is, where that is known.
    pub path: Option<String>,
    /// When it was triggered, in RFC 3339.
    pub time: Option<String>,
    /// Whether it is a savepoint.
    pub is_savepoint: bool,
}

/// A session job, as far as it matters to its cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobOnCluster {
    /// Name of the object.
    pub name: String,
    /// Whether it runs and is meant to keep its state.
    pub is_stateful: bool,
}

impl Observed {
    /// What private state holds.
    pub fn of(private: &Private) -> Self {
        private
            .get(private::OBSERVED)
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }

    /// What the object itself tells.
    pub fn in_object<K: JobResource>(live: &Live<K>) -> Self {
        let reported = live.reported();
        let reconciled = reported.and_then(|reported| reported.reconciliation_status.reconciled());
        let rests = reconciled.as_ref().is_some_and(|spec| spec.is_suspended());
        let running = reported.is_some_and(|reported| reported.job_status.state == Some(JobStatus::Running));
        let path = reported.and_then(|reported| reported.job_status.restorable_path());
        Self {
            latest: reported_snapshot(&live.json),
            start_path: path.filter(|_| !running).map(str::to_owned),
            suspended_with: reconciled.filter(|_| rests).and_then(|spec| spec.upgrade_mode),
            was_stable: reported.is_some_and(|reported| reported.reconciliation_status.last_stable_spec.is_some()),
            is_behind: reported.is_some_and(|reported| {
                reported.reconciliation_status.last_reconciled_spec.is_some()
                    && reported.observed_generation < live.metadata().generation
            }),
            scaled_by: scaled_by(live),
            session_jobs: None,
        }
    }

    /// Keeps it for the plans to come.
    pub fn keep<D>(&self, cx: &Context<'_, D>) {
        let text = (*self != Self::default())
            .then(|| serde_json::to_string(self).ok())
            .flatten();
        cx.set_private(private::OBSERVED, text);
    }
}

/// The newer of the last savepoint and the last checkpoint in the status, where the operator keeps them there.
fn reported_snapshot(object: &Value) -> Option<Snapshot> {
    let one = |field: &str, is_savepoint: bool| {
        let snapshot = object.pointer(field)?;
        let triggered = snapshot.get("timeStamp")?.as_i64()?;
        let path = snapshot.get("location").and_then(Value::as_str).map(str::to_owned);
        Some((triggered, path, is_savepoint))
    };
    let savepoint = one("/status/jobStatus/savepointInfo/lastSavepoint", true);
    let checkpoint = one("/status/jobStatus/checkpointInfo/lastCheckpoint", false);
    let (triggered, path, is_savepoint) = savepoint.max(checkpoint)?;
    Some(Snapshot {
        path,
        time: time(triggered),
        is_savepoint,
    })
}

/// The manager of the number of TaskManagers, where that is somebody else.
fn scaled_by<K: JobResource>(live: &Live<K>) -> Option<String> {
    const REPLICAS: [&str; 3] = ["spec", "taskManager", "replicas"];
    live.json.pointer("/spec/taskManager/replicas")?;
    if live.owned_by_us(&REPLICAS) {
        return None;
    }
    live.manager_of(&REPLICAS)
}

/// The last checkpoint or savepoint of a running job that keeps its state, from its JobManager.
pub async fn latest<K: JobResource>(live: &Live<K>, job_manager: JobManager) -> Option<Snapshot> {
    let reported = live.reported()?;
    let id = reported.job_status.job_id.as_deref().filter(|id| !id.is_empty())?;
    let asked = job_manager.with_patience(Duration::ZERO);
    match tokio::time::timeout(PATIENCE, asked.checkpoints(id)).await {
        Ok(Ok(found)) => newest(&found),
        Ok(Err(error)) => {
            tracing::debug!(%error, "the JobManager does not tell its checkpoints: the plan does without");
            None
        }
        Err(_) => {
            tracing::debug!("the JobManager does not answer: the plan does without its checkpoints");
            None
        }
    }
}

fn newest(found: &Checkpoints) -> Option<Snapshot> {
    let candidates = [found.completed(), found.savepoint(), found.restored()];
    let newest = candidates.into_iter().flatten().max_by_key(|one| taken(one))?;
    Some(Snapshot {
        path: newest.external_path.clone().filter(|path| !path.starts_with('<')),
        time: time(taken(newest)),
        is_savepoint: newest.is_savepoint,
    })
}

/// When one was triggered; of one that the job was restored from, only the moment of that is known.
fn taken(one: &Checkpoint) -> i64 {
    if one.trigger_timestamp > 0 {
        one.trigger_timestamp
    } else {
        one.restore_timestamp.unwrap_or_default()
    }
}

/// Whether it is worth to ask for the checkpoints of a job: it runs, and is to be started again with its state.
pub fn keeps_state<K: JobResource>(live: &Live<K>) -> bool {
    let Some(reported) = live.reported() else { return false };
    let is_ready = reported
        .job_manager
        .is_none_or(|state| *state == JobManagerStatus::Ready);
    let runs = reported.job_status.state == Some(JobStatus::Running);
    is_ready && runs && live.job().is_some_and(is_stateful)
}

fn is_stateful(job: &flink_client::operator::JobSpec) -> bool {
    job.upgrade_mode.is_some_and(|mode| mode != UpgradeMode::Stateless)
}

/// The jobs on a session cluster; `None` where the role does not allow to list them.
pub async fn session_jobs(clusters: &Objects<FlinkDeployment>, cluster: &str) -> Option<Vec<JobOnCluster>> {
    let jobs: Objects<FlinkSessionJob> = Objects::new(clusters.cluster().clone(), clusters.namespace());
    let all = jobs.list(&std::collections::BTreeMap::new()).await;
    let all = all.inspect_err(|error| tracing::debug!(%error, "the jobs of a session cluster are not counted"));
    let here = |job: &Live<FlinkSessionJob>| job.spec.deployment_name == cluster;
    let mut found: Vec<JobOnCluster> = all
        .ok()?
        .iter()
        .filter(|job| here(job))
        .map(|job| JobOnCluster {
            name: job.metadata().name.clone().unwrap_or_default(),
            is_stateful: is_stateful(&job.spec.job) && job.spec.job.state != Some(JobState::Suspended),
        })
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Some(found)
}

#[cfg(test)]
mod tests;
