//! How the state of a job gets from an object to the one that replaces it.
//!
//! Terraform destroys the old object before it creates the new one, and forgets it in between. So the place of the state
//! is left in the cluster: as a `FlinkStateSnapshot` of a savepoint that exists already, which the operator neither takes
//! nor disposes of. It has no job reference, so that it can always be deleted. Its name follows from the object that is to
//! be created; who left it, and for whom, stands in an annotation. Whoever finds it uses it only if it is meant for it and
//! fresh: a job that is created weeks later under the same name has nothing to do with it.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use super::job_resource::JobResource;
use super::resource::{Manifest, Resource};
use super::state_snapshot::{self, FlinkStateSnapshot, FlinkStateSnapshotSpec, SavepointSpec};
use crate::kubernetes::{Cluster, CreateError, DeleteError, KubernetesError, Live, Objects, Preconditions};

/// Annotation of a `FlinkStateSnapshot` that is a hand-over: who left it, for whom, as JSON.
pub const HAND_OVER: &str = "terraform-provider-flink/hand-over";

/// Label of a hand-over: kind of the object that left it.
const FROM_KIND: &str = "terraform-provider-flink/hand-over-kind";

/// Label of a hand-over: uid of the object that left it.
const FROM_UID: &str = "terraform-provider-flink/hand-over-uid";

/// Annotation of a `FlinkDeployment` or `FlinkSessionJob` whose job began with a hand-over: the savepoint. It stands in
/// `spec.job.initialSavepointPath`, too, as long as the configuration names no other.
pub const RESTORED_FROM: &str = "terraform-provider-flink/restored-from";

/// For how long a hand-over is meant for whoever asks. A replacement that was broken off is repeated within that time.
pub const FRESH: Duration = Duration::from_secs(24 * 60 * 60);

/// Who comes after an object that is removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Successor {
    /// Nobody, or nobody with a job.
    #[default]
    Nobody,
    /// Somebody whose name was not known when that was planned.
    Unknown,
    /// An object of the same kind.
    Object {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// What the configuration of the removed object named as its initial savepoint: the successor takes over unless it
        /// names another one.
        configured: Option<String>,
    },
}

/// State that waits for an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOver {
    /// Savepoint or retained checkpoint.
    pub location: String,
    /// The object that left it: `namespace/name`.
    pub from: String,
    /// Uid of the object that left it.
    pub from_uid: String,
    /// What the configuration of that object named as its initial savepoint.
    pub configured: Option<String>,
    /// When it was left.
    pub left_at: Option<Timestamp>,
    /// Name of the `FlinkStateSnapshot`.
    pub name: String,
    /// Uid of the `FlinkStateSnapshot`.
    pub uid: String,
}

/// What stands in the annotation.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Note {
    kind: String,
    from: String,
    uid: String,
    to: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    configured: Option<String>,
}

/// A hand-over that could not be left.
#[derive(Debug, thiserror::Error)]
pub enum LeaveError {
    /// It cannot be looked for.
    #[error(transparent)]
    Kubernetes(#[from] KubernetesError),
    /// It could not be written, or something else has its name.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// An older one is in the way and does not go.
    #[error(transparent)]
    InTheWay(#[from] state_snapshot::removal::RemoveError),
}

/// Name of the hand-over for an object.
pub fn name_for<K: Resource>(name: &str) -> String {
    format!("{name}-{}-hand-over", K::KIND.to_lowercase())
}

fn snapshots(cluster: &Cluster, namespace: &str) -> Objects<FlinkStateSnapshot> {
    Objects::new(cluster.clone(), namespace)
}

impl HandOver {
    /// Reads a hand-over for `namespace/name`. `None` where the object is something else, or is being deleted.
    fn read<K: Resource>(live: &Live<FlinkStateSnapshot>, to: &str) -> Option<Self> {
        let metadata = live.metadata();
        let note: Note = serde_json::from_str(metadata.annotations.as_ref()?.get(HAND_OVER)?).ok()?;
        let savepoint = live.spec.savepoint.as_ref()?;
        let location = savepoint
            .path
            .clone()
            .filter(|_| savepoint.already_exists == Some(true))?;
        let is_meant = note.kind == K::KIND && note.to == to && live.owned_by_us(&["spec"]);
        (is_meant && !live.is_being_deleted()).then(|| Self {
            location,
            from: note.from,
            from_uid: note.uid,
            configured: note.configured,
            left_at: metadata.creation_timestamp.as_ref().map(|time| time.0),
            name: metadata.name.clone().unwrap_or_default(),
            uid: live.uid().to_owned(),
        })
    }

    /// Whether it is too old to be meant for an object that is created `now`.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.left_at
            .is_none_or(|left_at| Duration::try_from(now.duration_since(left_at)).is_ok_and(|age| age > FRESH))
    }
}

/// The state that waits for an object of that name, fresh or not. Where there are no such objects, or we may not look at
/// them, none could have been left.
///
/// # Errors
/// See [`KubernetesError`].
pub async fn find<K: Resource>(objects: &Objects<K>, name: &str) -> Result<Option<HandOver>, KubernetesError> {
    let snapshots = snapshots(objects.cluster(), objects.namespace());
    match snapshots.find(&name_for::<K>(name)).await {
        Ok(found) => {
            let to = format!("{}/{name}", objects.namespace());
            Ok(found.and_then(|live| HandOver::read::<K>(&live, &to)))
        }
        Err(error @ KubernetesError::DefinitionMissing { .. }) => {
            tracing::debug!(%error, "no hand-over could have been left");
            Ok(None)
        }
        Err(error) if error.is_forbidden() => {
            warn!(%error, "a hand-over cannot be looked for");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether the object that left a hand-over is still there: then it was not replaced.
///
/// # Errors
/// See [`KubernetesError`].
pub async fn is_left_by_the_living<K: Resource>(
    objects: &Objects<K>,
    hand_over: &HandOver,
) -> Result<bool, KubernetesError> {
    let Some((namespace, name)) = hand_over.from.split_once('/') else {
        return Ok(true);
    };
    let there: Objects<K> = Objects::new(objects.cluster().clone(), namespace);
    let found = there.find(name).await?;
    Ok(found.is_some_and(|live| live.uid() == hand_over.from_uid && !live.is_being_deleted()))
}

/// Looks whether a hand-over for a successor could be left. Before anything is stopped, because it is needed afterwards.
///
/// # Errors
/// The kind is not known to the cluster, or may not be read.
pub async fn can_be_left<K: Resource>(cluster: &Cluster, namespace: &str, name: &str) -> Result<(), KubernetesError> {
    let found = snapshots(cluster, namespace).find(&name_for::<K>(name)).await;
    found.map(drop)
}

/// Leaves the state of `live` for its successor. An older hand-over of that name is replaced.
///
/// # Errors
/// See [`LeaveError`].
pub async fn leave<K: JobResource>(
    objects: &Objects<K>,
    live: &Live<K>,
    (namespace, name): (&str, &str),
    configured: Option<&str>,
    location: &str,
    timeout: Duration,
) -> Result<(), LeaveError> {
    let from = live.metadata().name.as_deref().unwrap_or_default();
    let note = Note {
        kind: K::KIND.to_owned(),
        from: format!("{}/{from}", objects.namespace()),
        uid: live.uid().to_owned(),
        to: format!("{namespace}/{name}"),
        configured: configured.map(str::to_owned),
    };
    let manifest = manifest::<K>(name, &note, location).map_err(malformed)?;
    let snapshots = snapshots(objects.cluster(), namespace);
    let uid = match snapshots.create(&manifest).await {
        Ok(_) => return Ok(()),
        Err(CreateError::BeingDeleted { .. }) => {
            snapshots.find(&manifest.name).await?.map(|live| live.uid().to_owned())
        }
        Err(CreateError::Exists { uid, ours: true, .. }) => Some(uid),
        Err(error) => return Err(error.into()),
    };
    // One that an earlier attempt left, or that is on its way out.
    if let Some(uid) = uid {
        state_snapshot::removal::remove(&snapshots, &manifest.name, &uid, false, timeout).await?;
    }
    snapshots.create(&manifest).await?;
    info!(from, location, "the state is handed over to {namespace}/{name}");
    Ok(())
}

fn malformed(error: serde_json::Error) -> KubernetesError {
    KubernetesError::Malformed {
        what: "write a hand-over".to_owned(),
        reason: error.to_string(),
    }
}

fn manifest<K: Resource>(name: &str, note: &Note, location: &str) -> Result<Manifest, serde_json::Error> {
    let spec = FlinkStateSnapshotSpec {
        savepoint: Some(SavepointSpec {
            path: Some(location.to_owned()),
            already_exists: Some(true),
            dispose_on_delete: Some(false),
            ..SavepointSpec::default()
        }),
        ..FlinkStateSnapshotSpec::default()
    };
    let manifest = Manifest::new(name_for::<K>(name), &spec)?;
    let text = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    Ok(Manifest {
        labels: [text(FROM_KIND, K::KIND), text(FROM_UID, &note.uid)].into(),
        annotations: [text(HAND_OVER, &serde_json::to_string(note)?)].into(),
        ..manifest
    })
}

/// Takes away a hand-over that has done its work. The savepoint stays. One that is gone is no error.
///
/// # Errors
/// See [`DeleteError`].
pub async fn clear(cluster: &Cluster, namespace: &str, name: &str, uid: &str) -> Result<(), DeleteError> {
    let only = Preconditions {
        uid,
        resource_version: None,
    };
    match snapshots(cluster, namespace).delete(name, only).await {
        Ok(_) | Err(DeleteError::Replaced { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Takes back a hand-over that an object left for `namespace/name`, because it lives on, or ends for good. Where that is
/// not possible, it is said in the log: the hand-over is not used by an object that has not replaced the other one.
pub async fn withdraw<K: Resource>(cluster: &Cluster, namespace: &str, name: &str, from_uid: &str) {
    let objects: Objects<K> = Objects::new(cluster.clone(), namespace);
    let cleared = match find(&objects, name).await {
        Ok(Some(left)) if left.from_uid == from_uid => clear(cluster, namespace, &left.name, &left.uid).await,
        Ok(_) => Ok(()),
        Err(error) => Err(error.into()),
    };
    if let Err(error) = cleared {
        warn!(name, %error, "a hand-over that nobody needs any more may still be there");
    }
}

#[cfg(test)]
mod tests;
