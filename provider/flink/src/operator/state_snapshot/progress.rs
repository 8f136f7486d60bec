//! How far the operator is with a `FlinkStateSnapshot`: one pure function over the object.
//!
//! Only the status counts. The label `snapshot.state` is written before it, and not after a failure.

use std::time::Duration;

use super::{FlinkStateSnapshot, FlinkStateSnapshotStatus, SnapshotState};
use crate::operator::error::OperatorError;
use crate::text::cut_middle;
use crate::wait::Progress;

/// How long an object may be without a status. The operator writes one within seconds, or never: see
/// [`FlinkStateSnapshot::status`].
const NO_STATUS: Duration = Duration::from_secs(120);

/// The longest error text in a reason.
const LONGEST: usize = 600;

/// How far the operator is with a snapshot.
pub fn progress(snapshot: &FlinkStateSnapshot) -> Progress {
    if snapshot.metadata.deletion_timestamp.is_some() {
        return Progress::failed("it is being deleted");
    }
    let Some((status, state)) = snapshot
        .status
        .as_ref()
        .and_then(|status| Some((status, status.state.as_ref()?)))
    else {
        return without_status(snapshot);
    };
    let failures = status.failures.unwrap_or_default();
    match state {
        SnapshotState::Completed => Progress::Ready,
        SnapshotState::Failed => Progress::Failed(format!("it could not be taken: {}", error(status))),
        SnapshotState::Abandoned => Progress::Failed(format!(
            "the operator has abandoned it, because the job did not run at that moment: {}",
            error(status)
        )),
        SnapshotState::TriggerPending if failures > 0 => Progress::Waiting(format!(
            "it failed {failures} time{}, and the operator tries again: {}",
            if failures == 1 { "" } else { "s" },
            error(status)
        )),
        SnapshotState::TriggerPending => Progress::waiting("the operator has not asked the job for it yet"),
        SnapshotState::InProgress => Progress::waiting("the job is taking it"),
        SnapshotState::Unknown(word) => Progress::Waiting(format!("it is {word}")),
    }
}

fn without_status(snapshot: &FlinkStateSnapshot) -> Progress {
    let (why, cause) = if snapshot.is_taken_up() {
        (
            "the operator has taken it up, but reports nothing: it refuses it, or does not find the job",
            "no status",
        )
    } else {
        (
            "no operator has taken it up: none that knows FlinkStateSnapshot seems to watch this namespace",
            "no operator",
        )
    };
    Progress::Failing {
        why: why.to_owned(),
        cause: cause.to_owned(),
        grace: NO_STATUS,
    }
}

/// The last error, without the names of Java classes.
fn error(status: &FlinkStateSnapshotStatus) -> String {
    match status.error.as_deref().filter(|error| !error.trim().is_empty()) {
        None => "no reason given".to_owned(),
        Some(error) => cut_middle(
            crate::rest::sentence(&OperatorError::decode(error).to_string()).as_str(),
            LONGEST,
        ),
    }
}

impl FlinkStateSnapshot {
    /// Whether the operator has taken the object up: only it removes it then.
    pub(super) fn is_taken_up(&self) -> bool {
        let finalizers = self.metadata.finalizers.as_deref().unwrap_or_default();
        finalizers
            .iter()
            .any(|finalizer| finalizer.contains("flink.apache.org"))
    }
}
