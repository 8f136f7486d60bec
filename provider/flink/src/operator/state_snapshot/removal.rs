//! Deleting a snapshot so that it goes.
//!
//! The operator keeps an object that it cannot clean up for ever: one whose files it is to delete while the job does not
//! run, and one that never got a status (FLINK-39356, up to operator 1.15). Both can be let go by a change of the
//! specification, which the operator takes up from an object that is being deleted, too. What is given up then are the
//! savepoint's files: they stay, and their place is told. Finalizers are never removed.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::info;

use super::{FlinkStateSnapshot, SnapshotState, target};
use crate::kubernetes::{DeleteError, Deletion, KubernetesError, Live, Objects, Preconditions, WriteError};
use crate::operator::removal::told;
use crate::operator::resource::Resource;
use crate::wait::{Progress, Wait, WaitError, until};

/// How long the operator may need for what it can do at once.
const PROMPT: Duration = Duration::from_secs(60);

/// What stands as the path of a savepoint that was never taken, in an object that is made deletable.
const NOWHERE: &str = "file:///never-taken";

/// What a removal came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removed {
    /// The object is gone, with the files where that was asked for.
    Deleted,
    /// The object is gone; the files were to be deleted and are still there.
    FilesKept {
        /// Where they are.
        location: String,
        /// Why they are kept.
        reason: String,
    },
}

/// A removal that did not take place, or did not end.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// The object is marked for deletion and still there.
    #[error("FlinkStateSnapshot {namespace}/{name} is marked for deletion, but still there: {reason}")]
    StillThere {
        /// Namespace of the object.
        namespace: String,
        /// Name of the object.
        name: String,
        /// What holds it up.
        reason: String,
    },
    /// It could not be changed so that it can be deleted.
    #[error("FlinkStateSnapshot {namespace}/{name} cannot be made ready for its deletion: {source}")]
    NotReleased {
        /// Namespace of the object.
        namespace: String,
        /// Name of the object.
        name: String,
        /// What went wrong.
        source: Box<WriteError>,
    },
    /// Another object of the same name has taken its place.
    #[error(transparent)]
    Delete(#[from] DeleteError),
    /// It could not be looked at.
    #[error(transparent)]
    Kubernetes(#[from] KubernetesError),
}

/// Removes a snapshot. `dispose` says whether the files of a savepoint go with it. `timeout` is for the whole removal.
///
/// # Errors
/// See [`RemoveError`].
pub async fn remove(
    objects: &Objects<FlinkStateSnapshot>,
    name: &str,
    uid: &str,
    dispose: bool,
    timeout: Duration,
) -> Result<Removed, RemoveError> {
    let removal = Removal {
        objects,
        name,
        uid,
        deadline: Instant::now() + timeout,
    };
    let Some(mut live) = objects.find(name).await?.filter(|live| live.uid() == uid) else {
        return Ok(Removed::Deleted);
    };
    if live.state().is_none() && live.is_taken_up() && !live.is_being_deleted() {
        live = removal.give_status(live).await?;
    }
    let mut removed = Removed::Deleted;
    if live.disposes() {
        let reason = if dispose {
            removal.cannot_dispose(&live).await?
        } else {
            Some(String::new())
        };
        if let Some(reason) = reason {
            removal.keep_files(&live).await?;
            removed = removal.kept(&live, dispose, reason);
        }
    }
    let only = Preconditions {
        uid,
        resource_version: None,
    };
    if objects.delete(name, only).await? == Deletion::Gone {
        return Ok(removed);
    }
    removal.gone(removed).await
}

struct Removal<'a> {
    objects: &'a Objects<FlinkStateSnapshot>,
    name: &'a str,
    uid: &'a str,
    deadline: Instant,
}

impl Removal<'_> {
    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Makes the operator write a status, without which it could never clean up: as a savepoint that exists already, the
    /// object is complete at once, and nothing is looked at.
    async fn give_status(&self, live: Live<FlinkStateSnapshot>) -> Result<Live<FlinkStateSnapshot>, RemoveError> {
        // A status may just be on its way.
        let soon = Wait::new(self.name, self.left().min(Duration::from_secs(10)));
        if let Some(live) = self.until_status(soon).await? {
            return Ok(live);
        }
        info!(
            self.name,
            "the snapshot has no status: it is changed so that the operator can delete it"
        );
        self.amend(|spec| {
            let backoff_limit = spec.get("backoffLimit").cloned();
            *spec = json!({"savepoint": {"alreadyExists": true, "disposeOnDelete": false, "path": NOWHERE}});
            if let Some(limit) = backoff_limit {
                spec["backoffLimit"] = limit;
            }
        })
        .await?;
        let soon = Wait::new(self.name, self.left().min(PROMPT));
        Ok(self.until_status(soon).await?.unwrap_or(live))
    }

    /// The object as soon as it has a status; `None` where it got none in time.
    async fn until_status(&self, wait: Wait<'_>) -> Result<Option<Live<FlinkStateSnapshot>>, RemoveError> {
        let waited = until(self.objects, wait, |live| match live {
            Some(live) if live.uid() == self.uid && live.state().is_none() => {
                Progress::waiting("the operator has not reported anything about it")
            }
            _ => Progress::Ready,
        })
        .await;
        match waited {
            Ok(live) => Ok(live),
            Err(WaitError::TimedOut { .. }) => Ok(None),
            Err(error) => Err(self.broken_off(error)),
        }
    }

    /// Why the operator could not delete the files, or `None` where it can.
    async fn cannot_dispose(&self, live: &FlinkStateSnapshot) -> Result<Option<String>, RemoveError> {
        let (Some(reference), Some(SnapshotState::Completed | SnapshotState::InProgress)) =
            (&live.spec.job_reference, live.state())
        else {
            return Ok(None);
        };
        let job = target::find(self.objects.cluster(), self.objects.namespace(), reference).await?;
        Ok(job.is_none_or(|job| !job.runs).then(|| {
            format!(
                "the job of `{}`, whose JobManager would have to delete them, is gone or does not run",
                reference.name
            )
        }))
    }

    /// Has the operator leave the files alone.
    async fn keep_files(&self, live: &Live<FlinkStateSnapshot>) -> Result<(), RemoveError> {
        if live.disposes() {
            self.amend(|spec| spec["savepoint"]["disposeOnDelete"] = json!(false))
                .await?;
        }
        Ok(())
    }

    fn kept(&self, live: &FlinkStateSnapshot, dispose: bool, reason: String) -> Removed {
        match live.location().filter(|_| dispose) {
            Some(location) => Removed::FilesKept {
                location: location.to_owned(),
                reason,
            },
            None => Removed::Deleted,
        }
    }

    async fn amend(&self, change: impl Fn(&mut Value)) -> Result<(), RemoveError> {
        let written = self.objects.amend_even_if_deleted(self.name, self.uid, |object, _| {
            change(&mut object["spec"]);
        });
        match written.await {
            Ok(_) | Err(WriteError::Gone { .. } | WriteError::Replaced { .. }) => Ok(()),
            Err(WriteError::Kubernetes(error)) => Err(error.into()),
            Err(error) => Err(RemoveError::NotReleased {
                namespace: self.objects.namespace().to_owned(),
                name: self.name.to_owned(),
                source: Box::new(error),
            }),
        }
    }

    /// Waits until the object is gone. A job that stops meanwhile lets the deletion of the files hang: they are kept then.
    async fn gone(&self, mut removed: Removed) -> Result<Removed, RemoveError> {
        loop {
            let wait = Wait::new(self.name, self.left().min(PROMPT));
            let waited = until(self.objects, wait, |live| match live {
                Some(live) if live.uid() == self.uid => Progress::waiting("the operator is cleaning up"),
                _ => Progress::Ready,
            })
            .await;
            let live = match waited {
                Ok(_) => return Ok(removed),
                Err(WaitError::TimedOut { live, .. }) => live,
                Err(error) => return Err(self.broken_off(error)),
            };
            let Some(live) = live else { return Ok(removed) };
            let reason = if live.disposes() {
                self.cannot_dispose(&live).await?
            } else {
                None
            };
            if let Some(reason) = reason {
                self.keep_files(&live).await?;
                removed = self.kept(&live, true, reason);
            } else if self.left().is_zero() {
                return Err(self.still_there(&live).await);
            }
        }
    }

    async fn still_there(&self, live: &FlinkStateSnapshot) -> RemoveError {
        let events = self
            .objects
            .cluster()
            .events_about(self.objects.namespace(), FlinkStateSnapshot::KIND, self.name)
            .await
            .unwrap_or_default();
        let reason = match (told(&live.metadata, &events), live.state()) {
            (Some(hang), _) => hang.to_string(),
            (None, None) => {
                "it never got a status, and operators up to 1.15 cannot delete such a snapshot (FLINK-39356)".to_owned()
            }
            (None, Some(SnapshotState::InProgress)) => {
                "the savepoint is still being taken, and its files are to be deleted after that".to_owned()
            }
            (None, Some(_)) => {
                "the operator has not cleaned up: it may be down, or no longer watch this namespace".to_owned()
            }
        };
        RemoveError::StillThere {
            namespace: self.objects.namespace().to_owned(),
            name: self.name.to_owned(),
            reason,
        }
    }

    fn broken_off(&self, error: WaitError<FlinkStateSnapshot>) -> RemoveError {
        let reason = error.to_string();
        match error {
            WaitError::Kubernetes(error) => error.into(),
            WaitError::Failed { .. } | WaitError::TimedOut { .. } | WaitError::Stopped { .. } => {
                RemoveError::StillThere {
                    namespace: self.objects.namespace().to_owned(),
                    name: self.name.to_owned(),
                    reason,
                }
            }
        }
    }
}
