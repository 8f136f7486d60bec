//! Suspending a job with a savepoint, so that its object can go; and taking that back.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{PutBack, RemoveError};
use crate::kubernetes::{Live, Objects, WriteError};
use crate::operator::job_resource::JobResource;
use crate::operator::progress::{Baseline, progress};
use crate::wait::{Progress, Wait, WaitError, until};

/// How long taking back a suspension may take, whoever waits for us to stop.
const TAKE_BACK: Duration = Duration::from_secs(60);

/// How long the operator may need to take up that a job runs again. Where it cannot start it, that is no reason to wait on.
const TAKE_UP: Duration = Duration::from_secs(60);

/// The switch by which the operator drains a job that it stops with a savepoint. In every stop, whatever its name says:
/// `AbstractFlinkService` reads it from the present specification, and a change of it restarts nothing.
const DRAIN: &str = "kubernetes.operator.job.drain-on-savepoint-deletion";

/// Suspends the job with a savepoint, waits for it, and takes the suspension back if that fails. `drain` says whether the
/// job emits the end of time first.
pub(super) async fn save<K: JobResource>(
    objects: &Objects<K>,
    before: &Live<K>,
    drain: bool,
    deadline: Instant,
) -> Result<Live<K>, RemoveError> {
    let name = before.metadata().name.as_deref().unwrap_or_default();
    let uid = before.uid();
    let not_saved = |reason: String, put_back: PutBack| RemoveError::NotSaved {
        namespace: objects.namespace().to_owned(),
        name: name.to_owned(),
        reason,
        put_back,
    };
    if resumes(&before.object) {
        let taken_up = taken_up(objects, name, deadline.min(Instant::now() + TAKE_UP)).await;
        taken_up.map_err(|error| not_saved(why(&error), PutBack::NotNeeded))?;
    }
    info!(
        name,
        drain, "suspending the job with a savepoint before the object is deleted"
    );
    let written = objects
        .amend(name, uid, |object, _| {
            object["spec"]["job"]["state"] = json!("suspended");
            object["spec"]["job"]["upgradeMode"] = json!("savepoint");
            if drain {
                object["spec"]["flinkConfiguration"][DRAIN] = json!("true");
            }
        })
        .await;
    let written = match written {
        Ok(written) => written,
        // It may have been written: take it back all the same.
        Err(error @ WriteError::Unsettled { .. }) => {
            let put_back = take_back(objects, before).await;
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
        Err(error) => Err(not_saved(why(&error), take_back(objects, before).await)),
    }
}

fn why<K>(error: &WaitError<K>) -> String {
    match error {
        WaitError::Stopped { .. } => "stopped on request".to_owned(),
        WaitError::Failed { .. } | WaitError::TimedOut { .. } | WaitError::Kubernetes(_) => error.to_string(),
    }
}

/// Whether the job is to run again, and the operator has not taken that up.
fn resumes<K: JobResource>(object: &K) -> bool {
    let reported = object.reported();
    let reconciled = reported.and_then(|reported| reported.reconciliation_status.reconciled());
    !object.wants_suspended() && reconciled.is_some_and(|reconciled| reconciled.is_suspended())
}

/// Waits until a job that is to run again does so for the operator: one that is told to suspend before that stays as it was,
/// and whether its last savepoint is its last state could not be told. So it is where a destroy is repeated at once after
/// its suspension was taken back.
async fn taken_up<K: JobResource>(objects: &Objects<K>, name: &str, deadline: Instant) -> Result<(), WaitError<K>> {
    let wait = Wait::new(name, deadline.saturating_duration_since(Instant::now()));
    let waited = until(objects, wait, |live| match live {
        Some(live) if resumes(&live.object) => {
            Progress::waiting("the operator has not taken up yet that the job runs again")
        }
        _ => Progress::Ready,
    });
    waited.await.map(drop)
}

/// Whether the job is suspended and the path of its savepoint known.
pub(super) fn saved<K: JobResource>(live: &Live<K>, baseline: &Baseline, old_path: Option<&str>) -> Progress {
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

/// Writes what [`save`] changed back as it was, even when the caller was told to stop.
pub(super) async fn take_back<K: JobResource>(objects: &Objects<K>, before: &Live<K>) -> PutBack {
    let objects = objects.stopped_by(CancellationToken::new());
    let name = before.metadata().name.as_deref().unwrap_or_default();
    let written = objects.amend(name, before.uid(), |object, live| {
        let fields = [("job", "state"), ("job", "upgradeMode"), ("flinkConfiguration", DRAIN)];
        for (outer, field) in fields {
            let old = before.json["spec"][outer].get(field);
            if live.json["spec"][outer].get(field) == old {
                continue;
            }
            let Some(Value::Object(members)) = object["spec"].get_mut(outer) else {
                continue;
            };
            match old {
                Some(value) => members.insert(field.to_owned(), value.clone()),
                None => members.remove(field),
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
