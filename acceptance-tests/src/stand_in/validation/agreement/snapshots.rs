//! Each rule about snapshots.

use terraform_provider_flink::resources::flink_savepoint::{FlinkSavepointResource, Savepoint};

use super::super::super::snapshot::{SnapshotSpec, SnapshotState};
use super::*;

/// What it is, the arguments, the object that is sent, whether its job is there, and the operator's words.
type Row<'a> = (&'a str, &'a [(&'a str, Value)], Json, bool, &'a str);

#[test]
fn of_snapshots() {
    let of_job = json!({"kind": "FlinkDeployment", "name": "orders"});
    let named = [("deployment_name", Value::string("orders"))];
    let existing = [("already_exists", Value::Bool(true)), ("path", Value::string("s3://a"))];
    let rows: [Row<'_>; 3] = [
        (
            "a savepoint",
            &named,
            json!({"jobReference": of_job, "savepoint": {}}),
            true,
            "",
        ),
        (
            "of no job",
            &[],
            json!({"savepoint": {}}),
            true,
            "Job reference must be supplied for this snapshot",
        ),
        (
            "that exists",
            &existing,
            json!({"savepoint": {"alreadyExists": true, "path": "s3://a"}}),
            false,
            "",
        ),
    ];
    for (what, arguments, spec, found, words) in rows {
        let mut config = Savepoint::block().empty_value().as_map().cloned().unwrap();
        config.extend(
            arguments
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        let said = FlinkSavepointResource::new().validate(View::of(&Value::Map(config)));
        let spec = SnapshotSpec::of(&spec).unwrap();
        let verdict = refusal_of_snapshot("team", &spec, SnapshotState::TriggerPending, found);
        expect(what, verdict.as_ref(), words);
        agree(what, &said, &[verdict]);
    }
}

/// No configuration can say both or neither: each is a resource of its own. And the job may come in the same apply, so only
/// the apply can find that it is not there.
#[test]
fn what_no_configuration_says() {
    let of_job = json!({"kind": "FlinkDeployment", "name": "orders"});
    let one = "Exactly one of checkpoint or savepoint configurations has to be set.";
    let pending = SnapshotState::TriggerPending;
    for (spec, state, found, words) in [
        (json!({"jobReference": of_job}), pending, true, one),
        (
            json!({"jobReference": of_job, "savepoint": {}, "checkpoint": {}}),
            pending,
            true,
            one,
        ),
        (
            json!({"jobReference": of_job, "checkpoint": {}}),
            pending,
            false,
            "Target for snapshot team/orders was not found",
        ),
        (
            json!({"jobReference": of_job, "checkpoint": {}}),
            SnapshotState::InProgress,
            false,
            "",
        ),
    ] {
        let spec = SnapshotSpec::of(&spec).unwrap();
        let verdict = refusal_of_snapshot("team", &spec, state, found);
        expect(words, verdict.as_ref(), words);
    }
}
