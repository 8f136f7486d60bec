use std::time::Duration;

use serde_json::{Value, json};

use crate::kubernetes::Objects;
use crate::operator::settle::End;
use crate::operator::state_snapshot::target::{NoTarget, running};
use crate::operator::state_snapshot::{Asked, FlinkStateSnapshot, JobKind, JobReference, NotTaken, settle};
use crate::rest::JobManager;
use crate::testing::{Api, Reply, Stay};

const TRIGGER: &str = "3c60042cba1ebb0733c521b924906239";
const WAIT: Duration = Duration::from_secs(60);

fn snapshot(status: Value) -> Value {
    json!({
        "metadata": {"name": "orders-1", "namespace": "team", "uid": "uid-1", "resourceVersion": "7", "generation": 1,
                     "finalizers": ["flinkstatesnapshots.flink.apache.org/finalizer"]},
        "spec": {"jobReference": {"kind": "FlinkDeployment", "name": "orders"}, "savepoint": {"disposeOnDelete": false}},
        "status": status,
    })
}

async fn wait(api: &Api) -> Result<String, NotTaken> {
    let objects: Objects<FlinkStateSnapshot> = Objects::new(api.cluster(), "team");
    let job_manager = JobManager::new(api.cluster(), "team", "orders-rest", 8081);
    let asked = Asked {
        job_manager: &job_manager,
        job_id: "a1",
    };
    let taken = settle(&objects, "orders-1", "uid-1", Some(asked), WAIT).await?;
    Ok(taken.location().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_failure_brings_the_jobmanager_s_own_words() {
    let failed = json!({"state": "FAILED", "failures": 1, "triggerId": TRIGGER, "error":
        r#"{"type":"a.ReconciliationException","message":"a.CheckpointException: IO-problem detected.","throwableList":[]}"#});
    let operation = json!({"status": {"id": "COMPLETED"}, "operation": {"failure-cause": {"class": "a.CheckpointException",
        "stack-trace": "a.CheckpointException: IO-problem detected.\n\tat x\nCaused by: java.io.IOException: Failed to create /proc/nowhere\n"}}});
    let event = json!({"reason": "SavepointError", "type": "Warning", "message": "{\"type\":\"a\"}", "metadata": {},
                       "involvedObject": {"kind": "FlinkStateSnapshot", "name": "orders-1"}});
    let api = Api::new(vec![
        (
            "GET",
            "/flinkstatesnapshots/orders-1",
            Reply::Json(200, snapshot(failed)),
        ),
        ("GET", "/events", Reply::Json(200, json!({"items": [event]}))),
        ("GET", TRIGGER, Reply::Json(200, operation)),
    ])
    .in_any_order();
    let error = wait(&api).await.unwrap_err();
    assert!(matches!(error.end, End::Failed));
    assert_eq!(error.reason, "it could not be taken: IO-problem detected.");
    assert_eq!(
        error.causes,
        ["the JobManager says: IO-problem detected: Failed to create /proc/nowhere"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_the_operator_refuses_is_explained_by_its_events() {
    let event = json!({"reason": "ValidationError", "type": "Warning", "message": "Target for snapshot team/orders was not found",
                       "metadata": {}, "involvedObject": {"kind": "FlinkStateSnapshot", "name": "orders-1"}});
    let api = Api::new(vec![
        ("GET", "watch=true", Reply::Watch(vec![], Stay::Open)),
        (
            "GET",
            "/flinkstatesnapshots/orders-1",
            Reply::Json(200, snapshot(Value::Null)),
        ),
        ("GET", "/events", Reply::Json(200, json!({"items": [event]}))),
    ])
    .in_any_order();
    let error = wait(&api).await.unwrap_err();
    assert!(error.reason.contains("reports nothing"), "{}", error.reason);
    assert_eq!(
        error.causes,
        ["the operator says: Target for snapshot team/orders was not found"]
    );
}

#[tokio::test]
async fn a_complete_one_is_ready() {
    let done = json!({"state": "COMPLETED", "path": "file:/s/savepoint-1"});
    let api = Api::new(vec![("GET", "", Reply::Json(200, snapshot(done)))]);
    assert_eq!(wait(&api).await.unwrap(), "file:/s/savepoint-1");
}

#[tokio::test]
async fn nothing_is_asked_for_of_a_job_that_is_not_there_or_will_not_run() {
    let reference = JobReference {
        kind: JobKind::FlinkDeployment,
        name: "orders".to_owned(),
    };
    let missing = crate::testing::failure(
        404,
        "NotFound",
        "flinkdeployments.flink.apache.org \"orders\" not found",
        json!({"name": "orders", "group": "flink.apache.org", "kind": "flinkdeployments"}),
    );
    let api = Api::new(vec![("GET", "", missing)]);
    let error = running(&api.cluster(), "team", &reference, WAIT).await.unwrap_err();
    assert!(matches!(error, NoTarget::Missing { .. }), "{error}");

    let suspended = crate::testing::deployment(
        "2",
        json!({"job": {"parallelism": 1, "state": "suspended"}}),
        Value::Null,
    );
    let api = Api::new(vec![("GET", "", Reply::Json(200, suspended))]);
    let error = running(&api.cluster(), "team", &reference, WAIT).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "FlinkDeployment team/orders has no job that runs: its job is suspended"
    );

    let mut status = crate::testing::running();
    status["jobStatus"]["jobId"] = json!("a1");
    let up = crate::testing::deployment("2", json!({"job": {"parallelism": 1}}), status);
    let api = Api::new(vec![("GET", "", Reply::Json(200, up))]);
    let target = running(&api.cluster(), "team", &reference, WAIT).await.unwrap();
    assert_eq!(target.job_id.as_deref(), Some("a1"));
    assert_eq!(target.job_manager.to_string(), "behind service team/orders-rest");
}

/// The wait for the snapshot, and the one for the job before it: a stop ends either in the same moment.
#[tokio::test(start_paused = true)]
async fn a_stop_ends_the_wait_at_once() {
    let in_progress = json!({"state": "IN_PROGRESS", "triggerId": TRIGGER});
    let api = Api::new(vec![
        (
            "GET",
            "/flinkstatesnapshots/orders-1",
            Reply::Json(200, snapshot(in_progress)),
        ),
        ("GET", "watch=true", Reply::Watch(vec![], Stay::Open)),
    ]);
    let stop_after_seven = |api: &Api| {
        let stop = api.stop.clone();
        async move {
            tokio::time::sleep(Duration::from_secs(7)).await;
            stop.cancel();
        }
    };
    let begun = tokio::time::Instant::now();
    let (waited, ()) = tokio::join!(wait(&api), stop_after_seven(&api));
    let error = waited.unwrap_err();
    assert!(matches!(error.end, End::Stopped));
    assert_eq!(
        (error.reason.as_str(), begun.elapsed().as_secs()),
        ("the job is taking it", 7)
    );
    assert_eq!(api.received().len(), 2, "nobody else is asked");

    let mut status = crate::testing::running();
    status["jobStatus"]["state"] = json!("CREATED");
    let starting = crate::testing::deployment("2", json!({"job": {"parallelism": 1}}), status);
    let api = Api::new(vec![
        ("GET", "/flinkdeployments/orders", Reply::Json(200, starting)),
        ("GET", "watch=true", Reply::Watch(vec![], Stay::Open)),
    ]);
    let reference = JobReference {
        kind: JobKind::FlinkDeployment,
        name: "orders".to_owned(),
    };
    let begun = tokio::time::Instant::now();
    let cluster = api.cluster();
    let (waited, ()) = tokio::join!(running(&cluster, "team", &reference, WAIT), stop_after_seven(&api));
    let error = waited.unwrap_err();
    assert_eq!(
        error.to_string(),
        "stopped on request while waiting for the job to run: the job is CREATED: it waits for TaskManagers with free slots"
    );
    assert_eq!(begun.elapsed().as_secs(), 7);
}
