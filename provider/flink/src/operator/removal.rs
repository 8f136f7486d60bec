//! Deleting a deployment or a session job without losing what its job has worked out.
//!
//! Deleting the object deletes the pointers to its checkpoints. So the job is suspended with a
//! savepoint first, and the object is deleted only when the path of that savepoint is known. Whatever
//! happens before that is taken back.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use terraform_schema::Schema;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::deployment::FlinkDeployment;
use super::hand_over::{self, LeaveError, Successor};
use super::job::{JobSpec, UpgradeMode};
use super::job_resource::JobResource;
use super::progress::{CLUSTER_MISSING, session_cluster};
use super::session_job::FlinkSessionJob;
use crate::kubernetes::{Cluster, DeleteError, Deletion, KubernetesError, Live, Objects};
use crate::wait::Progress;

mod blocking;
mod gone;
mod hang;
mod save;
mod steps;

pub use blocking::JobOnCluster;
pub(super) use hang::told;
pub use hang::{Hang, what_holds};
pub use steps::{Refusal, Step, first_step};

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

/// How an object is removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// What happens to the state of its job.
    pub policy: OnDestroy,
    /// Whether the job is drained before its last savepoint: it emits `MAX_WATERMARK`, so that windows and timers fire as
    /// if time had ended. No job that goes on may start from such a savepoint, so nobody who has a successor is drained.
    pub drain: bool,
    /// Who follows, and takes over the state that the policy keeps.
    pub successor: Successor,
}

impl Removal {
    /// A removal for good, without draining.
    pub fn by(policy: OnDestroy) -> Self {
        Self {
            policy,
            drain: false,
            successor: Successor::Nobody,
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
        /// Whether it waits for the successor.
        handed_over: bool,
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
    /// The state could not be handed over to the successor: nothing was deleted.
    #[error("the state of {namespace}/{name} could not be handed over, and it is not deleted: {source}; {put_back}")]
    NotHandedOver {
        /// Namespace of the object.
        namespace: String,
        /// Name of the object.
        name: String,
        /// What went wrong.
        source: Box<LeaveError>,
        /// Whether the job runs on.
        put_back: PutBack,
    },
    /// The state of the job was safe, but the object could not be deleted.
    #[error("{source}; {put_back}")]
    NotDeleted {
        /// What went wrong.
        source: DeleteError,
        /// Whether the job runs on.
        put_back: PutBack,
        /// The savepoint or checkpoint that is known. If the object goes all the same, nobody else tells it.
        state: Option<String>,
    },
    /// The object is marked for deletion and still there.
    #[error("{namespace}/{name} is marked for deletion, but still there: {hang}")]
    StillThere {
        /// Namespace of the object.
        namespace: String,
        /// Name of the object.
        name: String,
        /// What holds it up.
        hang: Hang,
        /// The savepoint or checkpoint that is known.
        state: Option<String>,
    },
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

/// Nothing is known of an object that is gone already.
const GONE_BEFORE: Removed = Removed::Deleted {
    state: None,
    handed_over: false,
};

/// Removes a deployment by a policy. `timeout` is for the whole removal. A session cluster is not deleted before its jobs
/// are gone.
///
/// # Errors
/// See [`RemoveError`]. Unless it is [`StillThere`](RemoveError::StillThere), nothing was deleted.
pub async fn remove(
    objects: &Objects<FlinkDeployment>,
    name: &str,
    uid: &str,
    how: &Removal,
    timeout: Duration,
) -> Result<Removed, RemoveError> {
    let deadline = Instant::now() + timeout;
    let Some(live) = objects.find(name).await?.filter(|live| live.uid() == uid) else {
        return Ok(GONE_BEFORE);
    };
    if how.policy != OnDestroy::Abandon && live.is_session_cluster() {
        blocking::wait_for_jobs(objects, &live, deadline)
            .await
            .map_err(|refusal| refused(objects, name, refusal))?;
    }
    remove_live(objects, &live, how, deadline).await
}

/// Removes a session job by a policy. `timeout` is for the whole removal.
///
/// # Errors
/// See [`RemoveError`]. Unless it is [`StillThere`](RemoveError::StillThere), nothing was deleted.
pub async fn remove_session_job(
    jobs: &Objects<FlinkSessionJob>,
    name: &str,
    uid: &str,
    how: &Removal,
    timeout: Duration,
) -> Result<Removed, RemoveError> {
    let deadline = Instant::now() + timeout;
    let Some(live) = jobs.find(name).await?.filter(|live| live.uid() == uid) else {
        return Ok(GONE_BEFORE);
    };
    let cluster = cluster_of(jobs, &live).await;
    if first_step(&live.object, how.policy) == Step::Suspend
        && let Some(why) = away(&cluster)
    {
        return Err(refused(jobs, name, Refusal::ClusterAway(why)));
    }
    let error = match remove_live(jobs, &live, how, deadline).await {
        Err(error) => error,
        removed => return removed,
    };
    // Mostly it is the cluster that keeps the operator from doing anything.
    let trouble = cluster_of(jobs, &live).await;
    Err(match (error, trouble) {
        (
            RemoveError::NotSaved {
                namespace,
                name,
                reason,
                put_back,
            },
            Progress::Waiting(why) | Progress::Failing { why, .. } | Progress::Failed(why),
        ) => RemoveError::NotSaved {
            namespace,
            name,
            reason: format!("{reason}; {why}"),
            put_back,
        },
        (
            RemoveError::StillThere {
                namespace,
                name,
                hang,
                state,
            },
            trouble,
        ) => RemoveError::StillThere {
            namespace,
            name,
            hang: hang.on_cluster(&trouble),
            state,
        },
        (error, _) => error,
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
    how: &Removal,
    deadline: Instant,
) -> Result<Removed, RemoveError> {
    let name = live.metadata().name.as_deref().unwrap_or_default();
    let uid = live.uid();
    let first = first_step(&live.object, how.policy);
    let stopped_by_us = first == Step::Suspend;
    let heir = heir(objects, live, how, &first).await?;
    let (state, unchanged) = match first {
        Step::LeaveAlone => return Ok(Removed::Abandoned),
        Step::Refuse(refusal) => return Err(refused(objects, name, refusal)),
        // What is kept must be the last state when the object goes: a job that was resumed meanwhile, by the rest of a destroy
        // that was killed or by somebody else, has gone on from there.
        Step::Delete { state } => {
            let must_stay = how.policy == OnDestroy::Savepoint && state.is_some();
            (state, must_stay.then(|| live.clone()))
        }
        Step::Suspend => {
            let drain = how.drain && heir.is_none();
            let saved = save::save(objects, live, drain, deadline).await?;
            let path = saved.reported().and_then(|status| status.job_status.restorable_path());
            (path.map(str::to_owned), Some(saved))
        }
    };
    if let Some(path) = &state {
        info!(name, path, "the state of the job is kept");
    }
    if let (Some(heir), Some(path)) = (&heir, &state) {
        let left = hand_over::leave(objects, live, (heir.namespace, heir.name), heir.configured, path, LEAVE).await;
        if let Err(error) = left {
            let put_back = heir.take_back(objects, live, stopped_by_us).await;
            return Err(RemoveError::NotHandedOver {
                namespace: objects.namespace().to_owned(),
                name: name.to_owned(),
                source: Box::new(error),
                put_back,
            });
        }
    }
    let deletion = match gone::delete(objects, name, uid, unchanged).await {
        Ok(deletion) => deletion,
        Err(source) => {
            let changed = matches!(source, DeleteError::Changed { .. } | DeleteError::Replaced { .. });
            let put_back = match &heir {
                Some(heir) => heir.take_back(objects, live, stopped_by_us && !changed).await,
                // Somebody else has a say in it: nothing of theirs is undone.
                None if changed || !stopped_by_us => PutBack::NotNeeded,
                None => save::take_back(objects, live).await,
            };
            return Err(RemoveError::NotDeleted {
                source,
                put_back,
                state,
            });
        }
    };
    if deletion == Deletion::Started {
        gone::gone(objects, name, uid, state.as_deref(), deadline).await?;
    }
    if heir.is_none() && live.job().is_some() {
        // One that an earlier attempt at replacing it has left.
        hand_over::withdraw::<K>(objects.cluster(), objects.namespace(), name, uid).await;
    }
    Ok(Removed::Deleted {
        handed_over: heir.is_some() && state.is_some(),
        state,
    })
}

/// How long leaving a hand-over may take, where an older one has to go first.
const LEAVE: Duration = Duration::from_secs(120);

/// Who takes over the state.
struct Heir<'a> {
    namespace: &'a str,
    name: &'a str,
    configured: Option<&'a str>,
}

/// Who takes over the state, where there is any. Whether it can be handed over is found out before anything is stopped.
async fn heir<'a, K: JobResource>(
    objects: &Objects<K>,
    live: &Live<K>,
    how: &'a Removal,
    first: &Step,
) -> Result<Option<Heir<'a>>, RemoveError> {
    let name = live.metadata().name.as_deref().unwrap_or_default();
    let state = match first {
        Step::Suspend => None,
        Step::Delete { state: Some(state) } => Some(state),
        Step::Delete { state: None } | Step::LeaveAlone | Step::Refuse(_) => return Ok(None),
    };
    if how.policy != OnDestroy::Savepoint {
        return Ok(None);
    }
    let heir = match &how.successor {
        Successor::Nobody => return Ok(None),
        Successor::Unknown => return Err(refused(objects, name, Refusal::SuccessorUnknown)),
        // It has not got any further than where its configuration made it begin: so will the successor.
        Successor::Object { configured, .. } if state.is_some() && state == configured.as_ref() => return Ok(None),
        Successor::Object {
            namespace,
            name,
            configured,
        } => Heir {
            namespace,
            name,
            configured: configured.as_deref(),
        },
    };
    match hand_over::can_be_left::<K>(objects.cluster(), heir.namespace, heir.name).await {
        Ok(()) => Ok(Some(heir)),
        Err(error) => Err(RemoveError::NotHandedOver {
            namespace: objects.namespace().to_owned(),
            name: name.to_owned(),
            source: Box::new(error.into()),
            put_back: PutBack::NotNeeded,
        }),
    }
}

impl Heir<'_> {
    /// Takes back what was left, and the suspension where it was ours: the object lives on.
    async fn take_back<K: JobResource>(&self, objects: &Objects<K>, live: &Live<K>, stopped_by_us: bool) -> PutBack {
        let cluster: Cluster = objects.cluster().clone().stopped_by(CancellationToken::new());
        hand_over::withdraw::<K>(&cluster, self.namespace, self.name, live.uid()).await;
        if stopped_by_us {
            save::take_back(objects, live).await
        } else {
            PutBack::NotNeeded
        }
    }
}

#[cfg(test)]
mod tests;
