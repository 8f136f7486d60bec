//! Deleting the object that is meant, and waiting until it is gone.

use tokio::time::Instant;

use super::{Hang, RemoveError, what_holds};
use crate::kubernetes::events::EventSeen;
use crate::kubernetes::{DeleteError, Deletion, Live, Objects, Preconditions};
use crate::operator::job_resource::JobResource;
use crate::wait::{Progress, Wait, WaitError, until};

/// Attempts at deleting an object that others change between the savepoint and the deletion.
const ATTEMPTS: usize = 5;

/// Deletes the object; where its state was looked at before, only as long as nobody has changed what it asks for since.
pub(super) async fn delete<K: JobResource>(
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
                let asks_for_the_same =
                    |live: &Live<K>| unchanged.as_ref().map(Live::generation) == Some(live.generation());
                match now {
                    // Mostly by us, and the answer was lost. A deletion raises the generation, too.
                    Some(live) if live.uid() == uid && live.is_being_deleted() => return Ok(Deletion::Started),
                    Some(live) if live.uid() == uid && asks_for_the_same(&live) => unchanged = Some(live),
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
pub(super) async fn gone<K: JobResource>(
    objects: &Objects<K>,
    name: &str,
    uid: &str,
    state: Option<&str>,
    deadline: Instant,
) -> Result<(), RemoveError> {
    let wait = Wait::new(name, deadline.saturating_duration_since(Instant::now()));
    let waited = until(objects, wait, |live| match live {
        Some(live) if live.uid() == uid => Progress::waiting("the operator is cleaning up"),
        _ => Progress::Ready,
    })
    .await;
    let error = match waited {
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    let hang = match (&error, error.live()) {
        (WaitError::TimedOut { .. }, Some(live)) => {
            let cluster = objects.cluster();
            let events: Vec<EventSeen> = cluster
                .events_about(objects.namespace(), K::KIND, name)
                .await
                .unwrap_or_default();
            let namespace_going = cluster
                .namespace_is_going(objects.namespace())
                .await
                .unwrap_or_default();
            what_holds(&live.object, &events, namespace_going)
        }
        _ => Hang::NotWatched(error.to_string()),
    };
    Err(RemoveError::StillThere {
        namespace: objects.namespace().to_owned(),
        name: name.to_owned(),
        hang,
        state: state.map(str::to_owned),
    })
}
