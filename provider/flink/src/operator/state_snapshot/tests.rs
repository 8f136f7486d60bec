use serde_json::json;

use super::target::can_be_asked;
use super::*;
use crate::operator::contract::snapshot as everything;
use crate::operator::resource::Manifest;
use crate::operator::{FlinkDeployment, FlinkSessionJob};
use crate::wait::Progress;

mod removal;
mod replay;
mod settle;

fn snapshot(finalizers: &[&str], status: Value) -> FlinkStateSnapshot {
    let object = json!({
        "metadata": {"name": "orders-1", "finalizers": finalizers},
        "spec": {"jobReference": {"kind": "FlinkDeployment", "name": "orders"}, "savepoint": {"disposeOnDelete": false}},
        "status": status,
    });
    serde_json::from_value(object).unwrap()
}

const FINALIZER: &str = "flinkstatesnapshots.flink.apache.org/finalizer";

#[test]
fn everything_is_written_and_read_back() {
    let spec: FlinkStateSnapshotSpec = serde_json::from_value(everything()).unwrap();
    assert_eq!(Manifest::new("orders-1", &spec).unwrap().spec, everything());
    assert_eq!(
        Manifest::new("orders-1", &FlinkStateSnapshotSpec::default())
            .unwrap()
            .spec,
        json!({})
    );
}

/// Decision table E, row by row.
#[test]
fn each_status() {
    let failed = r#"{"type":"org.apache.flink.kubernetes.operator.exception.ReconciliationException","message":"java.util.concurrent.CompletionException: org.apache.flink.runtime.checkpoint.CheckpointException: An Exception occurred while triggering the checkpoint. IO-problem detected.","additionalMetadata":{},"throwableList":[]}"#;
    let ready: &str = "ready";
    let rows = [
        (&[][..], Value::Null, "failing: no operator has taken it up"),
        (
            &[FINALIZER],
            Value::Null,
            "failing: the operator has taken it up, but reports nothing",
        ),
        (
            &[FINALIZER],
            json!({}),
            "failing: the operator has taken it up, but reports nothing",
        ),
        (
            &[FINALIZER],
            json!({"state": "TRIGGER_PENDING", "failures": 0}),
            "waiting: the operator has not asked",
        ),
        (
            &[FINALIZER],
            json!({"state": "TRIGGER_PENDING", "failures": 1, "error": failed}),
            "waiting: it failed 1 time, and the operator tries again: An Exception occurred while triggering the checkpoint. \
             IO-problem detected.",
        ),
        (
            &[FINALIZER],
            json!({"state": "IN_PROGRESS", "failures": 0}),
            "waiting: the job is taking it",
        ),
        (
            &[FINALIZER],
            json!({"state": "COMPLETED", "path": "s3://b/savepoint-1"}),
            ready,
        ),
        (&[FINALIZER], json!({"state": "COMPLETED", "path": ""}), ready),
        (
            &[FINALIZER],
            json!({"state": "FAILED", "failures": 2, "error": failed}),
            "failed: it could not be taken: An Exception occurred while triggering the checkpoint. IO-problem detected.",
        ),
        (
            &[FINALIZER],
            json!({"state": "FAILED"}),
            "failed: it could not be taken: no reason given",
        ),
        (
            &[FINALIZER],
            json!({"state": "ABANDONED", "error": "Secondary resource app (FlinkDeployment) for savepoint x is not running"}),
            "failed: the operator has abandoned it, because the job did not run at that moment: Secondary resource app",
        ),
        (&[FINALIZER], json!({"state": "RESTING"}), "waiting: it is RESTING"),
    ];
    for (finalizers, status, expected) in rows {
        let said = match progress(&snapshot(finalizers, status.clone())) {
            Progress::Ready => ready.to_owned(),
            Progress::Waiting(why) => format!("waiting: {why}"),
            Progress::Failing { why, .. } => format!("failing: {why}"),
            Progress::Failed(why) => format!("failed: {why}"),
            Progress::Settling { why, .. } => format!("settling: {why}"),
        };
        assert!(said.starts_with(expected), "{status}: {said}");
    }
    let mut deleted = snapshot(&[FINALIZER], json!({"state": "COMPLETED"}));
    deleted.metadata.deletion_timestamp = serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap();
    assert_eq!(progress(&deleted), Progress::failed("it is being deleted"));
}

#[test]
fn where_it_is() {
    let location = |status| snapshot(&[], status).location().map(str::to_owned);
    assert_eq!(
        location(json!({"state": "COMPLETED", "path": "s3://b/s"})).as_deref(),
        Some("s3://b/s")
    );
    assert_eq!(location(json!({"state": "COMPLETED", "path": ""})), None);
    assert_eq!(location(json!({"state": "IN_PROGRESS", "path": "s3://b/s"})), None);
    assert_eq!(location(Value::Null), None);
}

#[test]
fn what_deleting_the_object_deletes() {
    let disposes = |spec: Value| {
        serde_json::from_value::<FlinkStateSnapshot>(json!({"metadata": {}, "spec": spec}))
            .unwrap()
            .disposes()
    };
    let job = json!({"kind": "FlinkDeployment", "name": "orders"});
    assert!(
        disposes(json!({"jobReference": job, "savepoint": {}})),
        "the operator's default"
    );
    assert!(disposes(
        json!({"jobReference": job, "savepoint": {"disposeOnDelete": true}})
    ));
    assert!(!disposes(
        json!({"jobReference": job, "savepoint": {"disposeOnDelete": false}})
    ));
    assert!(
        !disposes(json!({"savepoint": {"alreadyExists": true}})),
        "nobody to ask"
    );
    assert!(!disposes(json!({"jobReference": job, "checkpoint": {}})));
}

#[test]
fn when_a_job_can_be_asked() {
    let spec = |state: &str| json!({"job": {"parallelism": 1, "state": state}});
    let stable = |job: &str, job_manager: &str| {
        json!({"observedGeneration": 1, "lifecycleState": "STABLE", "jobManagerDeploymentStatus": job_manager,
               "jobStatus": {"state": job},
               "reconciliationStatus": {"state": "DEPLOYED", "lastReconciledSpec": "{\"spec\":{\"job\":{\"state\":\"running\"}}}"}})
    };
    let mut upgrading = stable("FINISHED", "MISSING");
    upgrading["reconciliationStatus"]["state"] = json!("UPGRADING");
    let failed = |job: &str| {
        let mut status = stable(job, "READY");
        status["lifecycleState"] = json!("FAILED");
        status
    };
    let rows = [
        ("running", stable("RUNNING", "READY"), "ready"),
        ("running", Value::Null, "failing"),
        ("running", stable("CREATED", "READY"), "waiting"),
        ("running", stable("RESTARTING", "READY"), "failing"),
        ("running", stable("RUNNING", "DEPLOYING"), "waiting"),
        ("running", stable("RECONCILING", "DEPLOYED_NOT_READY"), "waiting"),
        ("running", upgrading, "waiting"),
        ("running", stable("FINISHED", "READY"), "failed: its job is FINISHED"),
        ("running", failed("FAILED"), "failed: the job has failed"),
        ("running", stable("CANCELED", "READY"), "failed: the job was cancelled"),
        (
            "suspended",
            stable("FINISHED", "MISSING"),
            "failed: its job is suspended",
        ),
        // On its way to be suspended, it still runs.
        ("suspended", stable("RUNNING", "READY"), "ready"),
    ];
    for (state, status, expected) in rows {
        let object = json!({"metadata": {"name": "orders", "generation": 1, "finalizers": ["flinkdeployments.flink.apache.org/finalizer"]},
                            "spec": spec(state), "status": status});
        let deployment: FlinkDeployment = serde_json::from_value(object).unwrap();
        let said = match can_be_asked(&deployment) {
            Progress::Ready => "ready".to_owned(),
            Progress::Waiting(_) | Progress::Settling { .. } => "waiting".to_owned(),
            Progress::Failing { .. } => "failing".to_owned(),
            Progress::Failed(why) => format!("failed: {why}"),
        };
        assert!(said.starts_with(expected), "{state} {status}: {said}");
    }
    let cluster: FlinkDeployment =
        serde_json::from_value(json!({"metadata": {}, "spec": {}, "status": stable("RUNNING", "READY")})).unwrap();
    assert!(matches!(can_be_asked(&cluster), Progress::Failed(why) if why.contains("session cluster")));
}

#[test]
fn when_a_session_job_can_be_asked() {
    let job = |state: &str, error: Value| {
        let status = json!({"observedGeneration": 1, "lifecycleState": "STABLE", "error": error,
                            "jobStatus": {"state": state, "jobId": "a1"},
                            "reconciliationStatus": {"state": "DEPLOYED", "lastReconciledSpec": "{\"spec\":{\"job\":{\"state\":\"running\"}}}"}});
        let object = json!({"metadata": {"name": "orders", "generation": 1}, "status": status,
                            "spec": {"deploymentName": "session", "job": {"parallelism": 1, "upgradeMode": "savepoint"}}});
        serde_json::from_value::<FlinkSessionJob>(object).unwrap()
    };
    assert_eq!(can_be_asked(&job("RUNNING", Value::Null)), Progress::Ready);
    assert!(matches!(
        can_be_asked(&job("RECONCILING", Value::Null)),
        Progress::Waiting(_)
    ));
    // The JobManager does not know it any more; the error may stay beside a job that has come back.
    assert_eq!(can_be_asked(&job("RUNNING", json!("Job Not Found"))), Progress::Ready);
    let lost = can_be_asked(&job("RECONCILING", json!("Job Not Found")));
    assert!(matches!(lost, Progress::Failing { .. }), "{lost:?}");
    assert!(matches!(can_be_asked(&job("FINISHED", Value::Null)), Progress::Failed(why) if why.contains("FINISHED")));
}
