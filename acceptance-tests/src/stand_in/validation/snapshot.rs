//! The rules by which the operator refuses a snapshot.

use super::super::snapshot::{SnapshotSpec, SnapshotState};

/// The first rule that the spec breaks, in the operator's order. `target_found` says whether the object of its job is there;
/// once the snapshot has been begun (`state`), that does not matter any more.
pub fn refusal_of_snapshot(
    namespace: &str,
    spec: &SnapshotSpec,
    state: SnapshotState,
    target_found: bool,
) -> Option<String> {
    if spec.savepoint.is_some() == spec.checkpoint.is_some() {
        return Some("Exactly one of checkpoint or savepoint configurations has to be set.".to_owned());
    }
    if spec
        .savepoint
        .as_ref()
        .is_some_and(|savepoint| savepoint.already_exists)
    {
        return None;
    }
    let Some(job) = &spec.job_reference else {
        return Some("Job reference must be supplied for this snapshot".to_owned());
    };
    let missing = !target_found && state == SnapshotState::TriggerPending;
    missing.then(|| format!("Target for snapshot {namespace}/{} was not found", job.name))
}
