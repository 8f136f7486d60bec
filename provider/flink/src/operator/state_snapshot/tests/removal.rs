use std::time::Duration;

use serde_json::{Value, json};

use crate::kubernetes::{FIELD_MANAGER, Objects};
use crate::operator::state_snapshot::FlinkStateSnapshot;
use crate::operator::state_snapshot::removal::{RemoveError, Removed, remove};
use crate::testing::{Api, Reply, Stay, Step, deployment, failure, running};

const SNAPSHOT: &str = "/flinkstatesnapshots/orders-1";
const JOB: &str = "/flinkdeployments/orders";
const LOCATION: &str = "file:/s/savepoint-1";

/// A snapshot that our field manager has made.
fn snapshot(dispose: bool, deleted: bool, status: Value) -> Value {
    let mut metadata = json!({
        "name": "orders-1", "namespace": "team", "uid": "uid-1", "resourceVersion": "7", "generation": 1,
        "finalizers": ["flinkstatesnapshots.flink.apache.org/finalizer"],
        "managedFields": [{"manager": FIELD_MANAGER, "operation": "Apply", "apiVersion": "flink.apache.org/v1beta1",
            "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {
                "f:backoffLimit": {}, "f:jobReference": {"f:kind": {}, "f:name": {}}, "f:savepoint": {"f:disposeOnDelete": {}}}}}],
    });
    if deleted {
        metadata["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    }
    json!({
        "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkStateSnapshot", "metadata": metadata,
        "spec": {"backoffLimit": 2, "jobReference": {"kind": "FlinkDeployment", "name": "orders"},
                 "savepoint": {"disposeOnDelete": dispose}},
        "status": status,
    })
}

fn complete(dispose: bool, deleted: bool) -> Reply {
    Reply::Json(
        200,
        snapshot(dispose, deleted, json!({"state": "COMPLETED", "path": LOCATION})),
    )
}

fn gone(plural: &str, name: &str) -> Reply {
    let details = json!({"name": name, "group": "flink.apache.org", "kind": plural});
    failure(404, "NotFound", "not found", details)
}

fn snapshot_gone() -> Reply {
    gone("flinkstatesnapshots", "orders-1")
}

fn deletion_started() -> Reply {
    complete(false, true)
}

async fn removed(api: &Api, dispose: bool, timeout: u64) -> Result<Removed, RemoveError> {
    let objects: Objects<FlinkStateSnapshot> = Objects::new(api.cluster(), "team");
    remove(&objects, "orders-1", "uid-1", dispose, Duration::from_secs(timeout)).await
}

/// What was written: the specifications of all patches.
fn patched(api: &Api) -> Vec<Value> {
    let received = api.received();
    let patches = received.into_iter().filter(|asked| asked.method == "PATCH");
    patches.map(|asked| asked.body["spec"].clone()).collect()
}

fn kept(reason: &str) -> Removed {
    Removed::FilesKept {
        location: LOCATION.to_owned(),
        reason: reason.to_owned(),
    }
}

const NO_JOB: &str = "the job of `orders`, whose JobManager would have to delete them, is gone or does not run";

#[tokio::test]
async fn without_disposal_it_is_deleted_at_once() {
    let api = Api::new(vec![
        ("GET", SNAPSHOT, complete(false, false)),
        ("DELETE", SNAPSHOT, deletion_started()),
        ("GET", SNAPSHOT, snapshot_gone()),
    ]);
    assert_eq!(removed(&api, false, 60).await.unwrap(), Removed::Deleted);
    assert_eq!(api.received()[1].body["preconditions"]["uid"], "uid-1");
}

#[tokio::test]
async fn files_that_somebody_else_wants_deleted_are_kept_where_we_do_not() {
    let steps: Vec<Step> = vec![
        ("GET", SNAPSHOT, complete(true, false)),
        ("GET", SNAPSHOT, complete(true, false)),
        ("PATCH", SNAPSHOT, complete(false, false)),
        ("DELETE", SNAPSHOT, deletion_started()),
        ("GET", SNAPSHOT, snapshot_gone()),
    ];
    let api = Api::new(steps);
    assert_eq!(removed(&api, false, 60).await.unwrap(), Removed::Deleted);
    assert_eq!(patched(&api)[0]["savepoint"]["disposeOnDelete"], false);
}

#[tokio::test]
async fn with_disposal_the_operator_deletes_the_files_of_a_job_that_runs() {
    let up = Reply::Json(200, deployment("2", json!({"job": {"parallelism": 1}}), running()));
    let api = Api::new(vec![
        ("GET", SNAPSHOT, complete(true, false)),
        ("GET", JOB, up),
        ("DELETE", SNAPSHOT, deletion_started()),
        ("GET", SNAPSHOT, snapshot_gone()),
    ]);
    assert_eq!(removed(&api, true, 60).await.unwrap(), Removed::Deleted);
    assert_eq!(patched(&api), Vec::<Value>::new());
}

#[tokio::test]
async fn with_disposal_the_files_are_kept_where_the_job_is_gone() {
    let api = Api::new(vec![
        ("GET", SNAPSHOT, complete(true, false)),
        ("GET", JOB, gone("flinkdeployments", "orders")),
        ("GET", SNAPSHOT, complete(true, false)),
        ("PATCH", SNAPSHOT, complete(false, false)),
        ("DELETE", SNAPSHOT, deletion_started()),
        ("GET", SNAPSHOT, snapshot_gone()),
    ]);
    assert_eq!(removed(&api, true, 60).await.unwrap(), kept(NO_JOB));
}

/// As in the recording `snapshot`: a disposal that hangs is let go by a change of the object that is being deleted.
#[tokio::test(start_paused = true)]
async fn a_job_that_stops_while_the_operator_disposes_does_not_hold_up_the_deletion() {
    let up = Reply::Json(200, deployment("2", json!({"job": {"parallelism": 1}}), running()));
    let api = Api::new(vec![
        ("GET", SNAPSHOT, complete(true, false)),
        ("GET", JOB, up),
        ("DELETE", SNAPSHOT, complete(true, true)),
        ("GET", SNAPSHOT, complete(true, true)),
        ("GET", "watch=true", Reply::Watch(vec![], Stay::Open)),
        ("GET", JOB, gone("flinkdeployments", "orders")),
        ("GET", SNAPSHOT, complete(true, true)),
        ("PATCH", SNAPSHOT, complete(false, true)),
        ("GET", SNAPSHOT, snapshot_gone()),
    ]);
    assert_eq!(removed(&api, true, 600).await.unwrap(), kept(NO_JOB));
}

/// As in the recording `snapshot-undeletable`: without a status it would never go, as one that exists already it does.
#[tokio::test(start_paused = true)]
async fn one_without_a_status_is_made_deletable_first() {
    let without = || Reply::Json(200, snapshot(true, false, Value::Null));
    let api = Api::new(vec![
        ("GET", SNAPSHOT, without()),
        ("GET", SNAPSHOT, without()),
        ("GET", "watch=true", Reply::Watch(vec![], Stay::Open)),
        ("GET", SNAPSHOT, without()),
        ("PATCH", SNAPSHOT, without()),
        ("GET", SNAPSHOT, complete(false, false)),
        ("DELETE", SNAPSHOT, deletion_started()),
        ("GET", SNAPSHOT, snapshot_gone()),
    ]);
    assert_eq!(removed(&api, true, 600).await.unwrap(), Removed::Deleted);
    assert_eq!(
        patched(&api),
        [json!({"backoffLimit": 2,
                "savepoint": {"alreadyExists": true, "disposeOnDelete": false, "path": "file:///never-taken"}})]
    );
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_does_not_end_is_explained() {
    let event = json!({"reason": "CleanupFailed", "type": "Warning", "message": "Cannot dispose of snapshot", "metadata": {},
                       "involvedObject": {"kind": "FlinkStateSnapshot", "name": "orders-1"}});
    let operator = "flinkstatesnapshots.flink.apache.org/finalizer";
    let complete = json!({"state": "COMPLETED"});
    for (finalizer, events, status, said) in [
        (
            operator,
            vec![event],
            complete.clone(),
            "the operator cannot clean up: Cannot dispose of snapshot",
        ),
        (operator, vec![], Value::Null, "FLINK-39356"),
        (operator, vec![], complete.clone(), "the operator has not cleaned up"),
        (
            "example.com/audit",
            vec![],
            complete.clone(),
            "the finalizer `example.com/audit` of another controller",
        ),
        (
            "foregroundDeletion",
            vec![],
            complete,
            "it was deleted in the foreground",
        ),
    ] {
        let mut object = snapshot(false, true, status);
        object["metadata"]["finalizers"] = json!([finalizer]);
        let object = Reply::Json(200, object);
        let look = || ("GET", SNAPSHOT, object.clone());
        let watch = || ("GET", "watch=true", Reply::Watch(vec![], Stay::Open));
        let api = Api::new(vec![
            look(),
            ("DELETE", SNAPSHOT, object.clone()),
            look(),
            watch(),
            look(),
            watch(),
            ("GET", "/events", Reply::Json(200, json!({"items": events}))),
        ]);
        let error = removed(&api, false, 90).await.unwrap_err().to_string();
        assert!(error.contains("team/orders-1") && error.contains(said), "{error}");
    }
}

#[tokio::test]
async fn what_is_gone_or_another_is_left_alone() {
    let api = Api::new(vec![("GET", SNAPSHOT, snapshot_gone())]);
    assert_eq!(removed(&api, true, 60).await.unwrap(), Removed::Deleted);
    let mut other = snapshot(true, false, Value::Null);
    other["metadata"]["uid"] = json!("uid-2");
    let api = Api::new(vec![("GET", SNAPSHOT, Reply::Json(200, other))]);
    assert_eq!(removed(&api, true, 60).await.unwrap(), Removed::Deleted);
    assert_eq!(api.received().len(), 1);
}
