//! Waiting until a snapshot is taken, and finding out why it is not.

use std::time::Duration;

use super::{FlinkStateSnapshot, SnapshotState, progress};
use crate::kubernetes::events::EventSeen;
use crate::kubernetes::{Limits, Live, Objects};
use crate::operator::resource::Resource;
use crate::operator::settle::End;
use crate::rest::savepoints::{Operation, TriggerId};
use crate::rest::{JobManager, sentence};
use crate::wait::{Progress, Wait, WaitError, until};

/// Reasons of events that are about a snapshot itself.
const TELLING: [&str; 5] = [
    "ValidationError",
    "SavepointError",
    "CheckpointError",
    "SnapshotError",
    "SnapshotAbandoned",
];

/// A failure is to be reported soon.
const BRIEF: Limits = Limits {
    request: Duration::from_secs(5),
    attempts: 1,
    pause: Duration::ZERO,
};

/// A snapshot that was not taken, or is not taken yet.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct NotTaken {
    /// How the wait ended.
    pub end: End,
    /// What is wrong, or what was missing last.
    pub reason: String,
    /// The snapshot as it was last seen, where it was seen at all.
    pub live: Option<Box<Live<FlinkStateSnapshot>>>,
    /// What else the JobManager and the operator say, a sentence each.
    pub causes: Vec<String>,
}

/// Whom to ask why a snapshot failed: the JobManager of the job, and the id of the job.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The JobManager.
    pub job_manager: &'a JobManager,
    /// Id of the job.
    pub job_id: &'a str,
}

/// Waits until a snapshot is taken.
///
/// # Errors
/// See [`NotTaken`]. The causes are gathered unless the caller was told to stop.
pub async fn settle(
    objects: &Objects<FlinkStateSnapshot>,
    name: &str,
    uid: &str,
    asked: Option<Asked<'_>>,
    timeout: Duration,
) -> Result<Live<FlinkStateSnapshot>, NotTaken> {
    let waited = until(objects, Wait::new(name, timeout), |live| match live {
        None => Progress::failed("it was deleted by somebody else"),
        Some(live) if live.uid() != uid => {
            Progress::failed("it was deleted by somebody else, and another object has taken its name")
        }
        Some(live) => progress(live),
    })
    .await;
    let (end, reason, live) = match waited {
        Ok(Some(live)) => return Ok(live),
        Ok(None) => (End::Failed, "it was deleted by somebody else".to_owned(), None),
        Err(WaitError::Failed { reason, live }) => (End::Failed, reason, live),
        Err(WaitError::TimedOut { reason, after, live }) => (End::TimedOut { after }, reason, live),
        Err(WaitError::Stopped { reason, live }) => (End::Stopped, reason, live),
        Err(WaitError::Kubernetes(error)) => (End::Unseen(error.clone()), error.to_string(), None),
    };
    let causes = match (&end, &live) {
        (End::Failed | End::TimedOut { .. }, Some(live)) => gather(objects, name, live, asked, &reason).await,
        _ => Vec::new(),
    };
    Err(NotTaken {
        end,
        reason,
        live,
        causes,
    })
}

/// What others say, without what the reason says already. Nobody has to know anything.
async fn gather(
    objects: &Objects<FlinkStateSnapshot>,
    name: &str,
    live: &FlinkStateSnapshot,
    asked: Option<Asked<'_>>,
    reason: &str,
) -> Vec<String> {
    let cluster = objects.cluster().clone().with_limits(BRIEF);
    let events = cluster.events_about(objects.namespace(), FlinkStateSnapshot::KIND, name);
    let (events, job_manager) = tokio::join!(events, of_job_manager(live, asked));
    let events = events.unwrap_or_default();
    let last: Option<&EventSeen> = events
        .iter()
        .rev()
        .find(|event| event.warning && TELLING.contains(&event.reason.as_str()));
    // What the events repeat of a status is JSON there.
    let told = last.filter(|event| !event.message.starts_with('{'));
    job_manager
        .map(|cause| format!("the JobManager says: {cause}"))
        .into_iter()
        .chain(told.map(|event| format!("the operator says: {}", event.message)))
        .filter(|cause| !cause.split_once(": ").is_some_and(|(_, said)| reason.contains(said)))
        .collect()
}

/// The JobManager's own account: the operator passes on the outermost message only.
async fn of_job_manager(live: &FlinkStateSnapshot, asked: Option<Asked<'_>>) -> Option<String> {
    let status = live.status.as_ref()?;
    if !matches!(
        status.state,
        Some(SnapshotState::Failed | SnapshotState::TriggerPending)
    ) {
        return None;
    }
    let trigger = TriggerId::parse(status.trigger_id.as_deref()?)?;
    let Asked { job_manager, job_id } = asked?;
    let job_manager = job_manager.clone().with_patience(Duration::ZERO);
    let told = if live.spec.checkpoint.is_some() {
        job_manager.checkpoint_operation(job_id, &trigger).await
    } else {
        job_manager.savepoint(job_id, &trigger).await
    };
    match told {
        Ok(Operation::Failed { cause }) => Some(sentence(&cause)),
        Ok(Operation::InProgress | Operation::Completed { .. }) | Err(_) => None,
    }
}
