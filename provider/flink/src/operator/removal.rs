//! Deleting a deployment or a session job without losing what its job has worked out.
//!
//! Deleting the object deletes the pointers to its checkpoints. So the job is suspended with a
//! savepoint first, and the object is deleted only when the path of that savepoint is known. Whatever
//! happens before that is taken back.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use terraform_schema::Schema;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::deployment::FlinkDeployment;
use super::job::{JobSpec, UpgradeMode};
use super::job_resource::JobResource;
use super::progress::{Baseline, CLUSTER_MISSING, progress, session_cluster};
use super::session_job::FlinkSessionJob;
use crate::kubernetes::events::EventSeen;
use crate::kubernetes::{DeleteError, Deletion, KubernetesError, Live, Objects, Preconditions, WriteError};
use crate::wait::{Progress, Wait, WaitError, until};

mod blocking;
mod steps;

pub use blocking::JobOnCluster;
pub use steps::{Refusal, Step, first_step, hanging};

/// What happens to the state of a job when its deployment or session job is destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Schema, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDestroy {
    /// A savepoint is taken, then the object is deleted.
    Savepoint,
    /// The object is deleted. Checkpoints that are retained stay where they are.
    Cancel,
    /// Nothing is deleted: the job runs on, without Terraform.
    Abandon,
}

impl OnDestroy {
    /// What is done where nothing was said: a savepoint where the job keeps state and there is a place
    /// for it.
    pub fn default_for(job: Option<&JobSpec>, has_savepoint_directory: bool) -> Self {
        match job.and_then(|job| job.upgrade_mode) {
            Some(UpgradeMode::Savepoint) => Self::Savepoint,
            Some(UpgradeMode::LastState) if has_savepoint_directory => Self::Savepoint,
            Some(UpgradeMode::LastState | UpgradeMode::Stateless) | None => Self::Cancel,
        }
    }
}

/// What a removal came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removed {
    /// The object is gone.
    Deleted {
        /// The savepoint or checkpoint a later job can start from, where one is known.
        state: Option<String>,
    },
    /// The object was left alone.
    Abandoned,
}

/// A removal that did not take place, or did not end.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// Deleting it would lose state that nobody could find again, or would not end.
    #[error("{namespace}/{name} is not deleted: {refusal}")]
    WouldLoseState {
        /// Namespace of the object.
        namespace: String,
        /// Name of the object.
        name: String,
        /// Why.
        refusal: Refusal,
    },
    /// No savepoint could be taken: nothing was deleted.
    #[error("no savepoint of {namespace}/{name} could be taken, and it is not deleted: {reason}; {put_back}")]
    NotSaved {
        /// Namespace of the object.
        namespace: String,
        /// Name of the object.
        name: String,
        /// What went wrong, or that the caller was told to stop.
        reason: String,
        /// Whether the job runs on.
        put_back: PutBack,
    },
    /// The object is marked for deletion and still there.
    #[error("{namespace}/{name} is marked for deletion, but still there: {reason}")]
    StillThere {
        /// Namespace of the object.
        namespace: String,
        /// Name of the object.
        name: String,
        /// What holds it up.
        reason: String,
        /// The savepoint or checkpoint that is known.
        state: Option<String>,
    },
    /// Another object of the same name has taken its place, or others change it all the time.
    #[error(transparent)]
    Delete(#[from] DeleteError),
    /// It could not be looked at.
    #[error(transparent)]
    Kubernetes(#[from] KubernetesError),
}

/// Whether the job runs on after a removal that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutBack {
    /// It was not stopped in the first place.
    NotNeeded,
    /// It was told to run on.
    Done,
    /// It could not be told to run on; why.
    Failed(String),
}

impl std::fmt::Display for PutBack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotNeeded => f.write_str("the job was left as it was"),
            Self::Done => f.write_str("the job was told to run on"),
            Self::Failed(why) => write!(
                f,
                "the job is still asked to be suspended, because that could not be taken back: {why}"
            ),
        }
    }
}

/// Attempts at deleting an object that others change between the savepoint and the deletion.
const ATTEMPTS: usize = 5;

/// How long taking back a suspension may take, whoever waits for us to stop.
const TAKE_BACK: Duration = Duration::from_secs(60);

/// Removes a deployment by a policy. `timeout` is for the whole removal. A session cluster is not deleted before its jobs
/// are gone.
///
/// # Errors
/// See [`RemoveError`]. Unless it is [`StillThere`](RemoveError::StillThere), nothing was deleted.
pub async fn remove(
    objects: &Objects<FlinkDeployment>,
    name: &str,
    uid: &str,
    policy: OnDestroy,
    timeout: Duration,
) -> Result<Removed, RemoveError> {
    let deadline = Instant::now() + timeout;
    let Some(live) = objects.find(name).await?.filter(|live| live.uid() == uid) else {
        return Ok(Removed::Deleted { state: None });
    };
    if policy != OnDestroy::Abandon && live.is_session_cluster() {
        blocking::wait_for_jobs(objects, &live, deadline)
            .await
            .map_err(|refusal| refused(objects, name, refusal))?;
    }
    remove_live(objects, &live, policy, deadline).await
}

/// Removes a session job by a policy. `timeout` is for the whole removal.
///
/// # Errors
/// See [`RemoveError`]. Unless it is [`StillThere`](RemoveError::StillThere), nothing was deleted.
pub async fn remove_session_job(
    jobs: &Objects<FlinkSessionJob>,
    name: &str,
    uid: &str,
    policy: OnDestroy,
    timeout: Duration,
) -> Result<Removed, RemoveError> {
    let deadline = Instant::now() + timeout;
    let Some(live) = jobs.find(name).await?.filter(|live| live.uid() == uid) else {
        return Ok(Removed::Deleted { state: None });
    };
    let cluster = cluster_of(jobs, &live).await;
    if first_step(&live.object, policy) == Step::Suspend
        && let Some(why) = away(&cluster)
    {
        return Err(refused(jobs, name, Refusal::ClusterAway(why)));
    }
    let error = match remove_live(jobs, &live, policy, deadline).await {
        Err(error) => error,
        removed => return removed,
    };
    // Mostly it is the cluster that keeps the operator from doing anything.
    let trouble = match cluster_of(jobs, &live).await {
        Progress::Waiting(why) | Progress::Failing { why, .. } | Progress::Failed(why) => why,
        Progress::Ready | Progress::Settling { .. } => return Err(error),
    };
    Err(match error {
        RemoveError::NotSaved {
            namespace,
            name,
            reason,
            put_back,
        } => RemoveError::NotSaved {
            namespace,
            name,
            reason: format!("{reason}; {trouble}"),
            put_back,
        },
        RemoveError::StillThere {
            namespace,
            name,
            reason,
            state,
        } => RemoveError::StillThere {
            namespace,
            name,
            reason: format!("{reason}; {trouble}"),
            state,
        },
        error @ (RemoveError::WouldLoseState { .. } | RemoveError::Delete(_) | RemoveError::Kubernetes(_)) => error,
    })
}

/// How far the session cluster of a job is; ready where it cannot be looked at.
async fn cluster_of(jobs: &Objects<FlinkSessionJob>, live: &Live<FlinkSessionJob>) -> Progress {
    let clusters: Objects<FlinkDeployment> = Objects::new(jobs.cluster().clone(), jobs.namespace());
    match clusters.find(live.deployment_name()).await {
        Ok(found) if found.as_ref().is_some_and(Live::is_being_deleted) => Progress::Ready,
        Ok(found) => session_cluster(live.deployment_name(), found.as_ref().map(|live| &live.object)),
        Err(error) => {
            warn!(%error, "the session cluster cannot be looked at");
            Progress::Ready
        }
    }
}

/// Why a session cluster will not take a savepoint, where that is certain.
fn away(cluster: &Progress) -> Option<String> {
    match cluster {
        Progress::Failing { why, cause, .. } if cause == CLUSTER_MISSING => Some(why.clone()),
        Progress::Failed(why) => Some(why.clone()),
        Progress::Waiting(_) | Progress::Ready | Progress::Settling { .. } | Progress::Failing { .. } => None,
    }
}

fn refused<K: JobResource>(objects: &Objects<K>, name: &str, refusal: Refusal) -> RemoveError {
    RemoveError::WouldLoseState {
        namespace: objects.namespace().to_owned(),
        name: name.to_owned(),
        refusal,
    }
}

/// Removes an object as it is now.
async fn remove_live<K: JobResource>(
    objects: &Objects<K>,
    live: &Live<K>,
    policy: OnDestroy,
    deadline: Instant,
) -> Result<Removed, RemoveError> {
    let name = live.metadata().name.as_deref().unwrap_or_default();
    let uid = live.uid();
    let (state, unchanged) = match first_step(&live.object, policy) {
        Step::LeaveAlone => return Ok(Removed::Abandoned),
        Step::Refuse(refusal) => return Err(refused(objects, name, refusal)),
        Step::Delete { state } => (state, None),
        Step::Suspend => {
            let saved = save(objects, name, uid, live, deadline).await?;
            let path = saved.reported().and_then(|status| status.job_status.restorable_path());
            (path.map(str::to_owned), Some(saved))
        }
    };
    if let Some(path) = &state {
        info!(name, path, "the state of the job is kept");
    }
    match delete(objects, name, uid, unchanged).await? {
        Deletion::Gone => Ok(Removed::Deleted { state }),
        Deletion::Started => gone(objects, name, uid, state, deadline).await,
    }
}

/// Suspends the job with a savepoint, waits for it, and takes the suspension back if that fails.
async fn save<K: JobResource>(
    objects: &Objects<K>,
    name: &str,
    uid: &str,
    before: &Live<K>,
    deadline: Instant,
) -> Result<Live<K>, RemoveError> {
    let not_saved = |reason: String, put_back: PutBack| RemoveError::NotSaved {
        namespace: objects.namespace().to_owned(),
        name: name.to_owned(),
        reason,
        put_back,
    };
    info!(name, "suspending the job with a savepoint before the object is deleted");
    let written = objects
        .amend(name, uid, |object, _| {
            object["spec"]["job"]["state"] = json!("suspended");
            object["spec"]["job"]["upgradeMode"] = json!("savepoint");
        })
        .await;
    let written = match written {
        Ok(written) => written,
        // It may have been written: take it back all the same.
        Err(error @ WriteError::Unsettled { .. }) => {
            let put_back = take_back(objects, name, uid, before).await;
            return Err(not_saved(error.to_string(), put_back));
        }
        Err(error) => return Err(not_saved(error.to_string(), PutBack::NotNeeded)),
    };
    let baseline = Baseline::of(&written.object);
    let old_path = before
        .reported()
        .and_then(|status| status.job_status.upgrade_savepoint_path.clone());
    let wait = Wait::new(name, deadline.saturating_duration_since(Instant::now()));
    let waited = until(objects, wait, |live| match live {
        None => Progress::failed("it was deleted by somebody else"),
        Some(live) if live.uid() != uid => Progress::failed("another object of the same name has taken its place"),
        Some(live) => saved(live, &baseline, old_path.as_deref()),
    })
    .await;
    match waited {
        Ok(Some(live)) => Ok(live),
        Ok(None) => Err(not_saved(
            "it was deleted by somebody else".to_owned(),
            PutBack::NotNeeded,
        )),
        Err(error) => {
            let reason = match &error {
                WaitError::Stopped { .. } => "stopped on request".to_owned(),
                WaitError::Failed { .. } | WaitError::TimedOut { .. } | WaitError::Kubernetes(_) => error.to_string(),
            };
            Err(not_saved(reason, take_back(objects, name, uid, before).await))
        }
    }
}

/// Whether the job is suspended and the path of its savepoint known.
fn saved<K: JobResource>(live: &Live<K>, baseline: &Baseline, old_path: Option<&str>) -> Progress {
    if !live.wants_suspended() {
        return Progress::failed("somebody else has told the job to run again");
    }
    let progress = progress(&live.object, baseline);
    if !matches!(progress, Progress::Ready | Progress::Settling { .. }) {
        return progress;
    }
    let path = live.reported().and_then(|status| status.job_status.restorable_path());
    match path {
        Some(path) if Some(path) != old_path => progress,
        Some(_) => Progress::failed("the job was suspended without a new savepoint"),
        None => Progress::failed(
            "the job was suspended without a savepoint: its state could only be found through the high-availability \
             data that is deleted with it",
        ),
    }
}

/// Writes the two fields back as they were, even when the caller was told to stop.
async fn take_back<K: JobResource>(objects: &Objects<K>, name: &str, uid: &str, before: &Live<K>) -> PutBack {
    let objects = objects.stopped_by(CancellationToken::new());
    let old = |field: &str| before.json.pointer(&format!("/spec/job/{field}")).cloned();
    let (state, upgrade_mode) = (old("state"), old("upgradeMode"));
    let written = objects.amend(name, uid, |object, _| {
        for (field, value) in [("state", &state), ("upgradeMode", &upgrade_mode)] {
            let Some(Value::Object(job)) = object.pointer_mut("/spec/job") else {
                continue;
            };
            match value {
                Some(value) => job.insert(field.to_owned(), value.clone()),
                None => job.remove(field),
            };
        }
    });
    match tokio::time::timeout(TAKE_BACK, written).await {
        Ok(Ok(_)) => PutBack::Done,
        Ok(Err(WriteError::Gone { .. } | WriteError::Replaced { .. } | WriteError::BeingDeleted { .. })) => {
            PutBack::NotNeeded
        }
        Ok(Err(error)) => {
            warn!(name, %error, "the suspension could not be taken back");
            PutBack::Failed(error.to_string())
        }
        Err(_) => PutBack::Failed("the API server did not answer in time".to_owned()),
    }
}

/// Deletes the object; after a savepoint only as long as nobody has changed it since.
async fn delete<K: JobResource>(
    objects: &Objects<K>,
    name: &str,
    uid: &str,
    mut unchanged: Option<Live<K>>,
) -> Result<Deletion, DeleteError> {
    let mut attempt = 1;
    loop {
        let resource_version = unchanged.as_ref().map(|live| live.resource_version().to_owned());
        let only = Preconditions {
            uid,
            resource_version: resource_version.as_deref(),
        };
        match objects.delete(name, only).await {
            Err(DeleteError::Changed { .. }) if attempt < ATTEMPTS => {
                // Mostly the operator has written its status. A job that runs again is another matter.
                let now = objects.find(name).await?;
                let still_suspended = |live: &Live<K>| {
                    live.wants_suspended()
                        && unchanged
                            .as_ref()
                            .is_some_and(|before| before.generation() == live.generation())
                };
                match now {
                    Some(live) if live.uid() == uid && still_suspended(&live) => unchanged = Some(live),
                    Some(_) => return Err(objects_changed(objects, name)),
                    None => return Ok(Deletion::Gone),
                }
                attempt += 1;
            }
            other => return other,
        }
    }
}

fn objects_changed<K: JobResource>(objects: &Objects<K>, name: &str) -> DeleteError {
    DeleteError::Changed {
        kind: K::KIND,
        namespace: objects.namespace().to_owned(),
        name: name.to_owned(),
    }
}

/// Waits until the object is gone, and says what holds it up if it does not go.
async fn gone<K: JobResource>(
    objects: &Objects<K>,
    name: &str,
    uid: &str,
    state: Option<String>,
    deadline: Instant,
) -> Result<Removed, RemoveError> {
    let wait = Wait::new(name, deadline.saturating_duration_since(Instant::now()));
    let waited = until(objects, wait, |live| match live {
        Some(live) if live.uid() == uid => Progress::waiting("the operator is cleaning up"),
        _ => Progress::Ready,
    })
    .await;
    let error = match waited {
        Ok(_) => return Ok(Removed::Deleted { state }),
        Err(error) => error,
    };
    let reason = match (&error, error.live()) {
        (WaitError::TimedOut { .. }, Some(live)) => {
            let events: Vec<EventSeen> = objects
                .cluster()
                .events_about(objects.namespace(), K::KIND, name)
                .await
                .unwrap_or_default();
            hanging(&live.object, &events)
        }
        _ => error.to_string(),
    };
    Err(RemoveError::StillThere {
        namespace: objects.namespace().to_owned(),
        name: name.to_owned(),
        reason,
        state,
    })
}

#[cfg(test)]
mod tests;
