//! From an object, or an answer of the JobManager, to the model.

use flink_client::operator::FlinkStateSnapshot;
use flink_client::operator::state_snapshot::{FlinkStateSnapshotSpec, JobKind, SnapshotState};
use flink_client::rest::snapshots::Taken;
use terraform_schema::Computed;

use super::SnapshotModel;
use super::model::{SavepointArguments, Snapshot};

/// The facts of an object in a model whose inputs stay as they are.
pub fn with_facts<M: SnapshotModel>(model: M, live: &FlinkStateSnapshot) -> M {
    let status = live.status.clone().unwrap_or_default();
    let before = model.snapshot().clone();
    model.with(Snapshot {
        id: Computed::from(before.object()),
        job_id: Some(before.job_id.unwrap_or(Computed(None))),
        location: Computed(live.location().map(str::to_owned)),
        state: Computed(status.state.map(|state| state.to_string())),
        triggered_at: Computed(status.trigger_timestamp),
        completed_at: Computed(
            status
                .result_timestamp
                .filter(|_| live.state() == Some(&SnapshotState::Completed)),
        ),
        ..before
    })
}

/// Everything in an object, whoever put it there. What only Terraform knows is as it was before.
pub fn model<M: SnapshotModel>(live: &FlinkStateSnapshot, prior: &Snapshot) -> M {
    let FlinkStateSnapshotSpec {
        job_reference,
        savepoint,
        checkpoint: _,
        backoff_limit,
    } = live.spec.clone();
    let job = |kind: JobKind| {
        job_reference
            .as_ref()
            .filter(|reference| reference.kind == kind)
            .map(|reference| reference.name.clone())
    };
    let snapshot = Snapshot {
        name: Some(Computed(live.metadata.name.clone())),
        namespace: Some(Computed(live.metadata.namespace.clone())),
        deployment_name: job(JobKind::FlinkDeployment),
        session_job_name: job(JobKind::FlinkSessionJob),
        // What is not said means something else to the operator than to us.
        backoff_limit: Some(backoff_limit.unwrap_or(-1)),
        ..prior.clone()
    };
    let savepoint = savepoint.map(|savepoint| SavepointArguments {
        path: savepoint.path,
        format_type: savepoint.format_type,
        dispose_on_destroy: Some(savepoint.dispose_on_delete != Some(false)),
        already_exists: savepoint.already_exists,
    });
    with_facts(M::of(snapshot, savepoint), live)
}

/// The facts of a snapshot that the JobManager has taken.
pub fn with_taken<M: SnapshotModel>(model: M, taken: Taken) -> M {
    let before = model.snapshot().clone();
    model.with(Snapshot {
        location: Computed(taken.location),
        state: Computed::from(SnapshotState::Completed.as_str().to_owned()),
        triggered_at: Computed(taken.triggered_at),
        completed_at: Computed(taken.completed_at),
        ..before
    })
}

/// The facts of a snapshot that is not complete.
pub fn with_state<M: SnapshotModel>(model: M, state: &SnapshotState) -> M {
    let before = model.snapshot().clone();
    model.with(Snapshot {
        location: Computed(None),
        state: Computed::from(state.as_str().to_owned()),
        triggered_at: Computed(None),
        completed_at: Computed(None),
        ..before
    })
}
