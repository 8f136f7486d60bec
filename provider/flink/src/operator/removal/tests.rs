use super::save::saved;
use super::*;
use crate::operator::progress::Baseline;
use crate::operator::status::LAST_STATE;
use crate::testing::{Api, Reply, Stay, deployment, failure, managed, not_found, running};
use serde_json::{Value, json};

mod hang;
mod replacement;
mod resumed;
mod session_job;

const GET: &str = "/flinkdeployments/orders";
const WATCH: &str = "flinkdeployments?watch=true";

fn spec() -> Value {
    json!({"job": {"parallelism": 1, "upgradeMode": "savepoint"}, "flinkConfiguration": {"state.savepoints.dir": "s3://a"}})
}

/// A running deployment that we have written.
fn live(version: &str) -> Value {
    let mut object = deployment(version, spec(), running());
    let claims = json!({"f:spec": {"f:job": {"f:parallelism": {}, "f:upgradeMode": {}}, "f:flinkConfiguration": {"f:state.savepoints.dir": {}}}});
    object["metadata"]["managedFields"] = json!([managed("terraform-provider-flink", "Apply", claims)]);
    object
}

/// The deployment told to suspend, and not suspended yet.
fn suspending(version: &str) -> Value {
    let mut object = live(version);
    object["metadata"]["generation"] = json!(2);
    object["spec"]["job"]["state"] = json!("suspended");
    object["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:job"]["f:state"] = json!({});
    object
}

fn suspended(version: &str, path: &str) -> Value {
    let mut object = suspending(version);
    object["status"] = json!({
        "observedGeneration": 2, "lifecycleState": "SUSPENDED", "jobManagerDeploymentStatus": "READY",
        "jobStatus": {"state": "FINISHED", "upgradeSavepointPath": path},
        "reconciliationStatus": {"state": "DEPLOYED", "lastReconciledSpec": "{\"spec\":{\"job\":{\"state\":\"suspended\"}}}"},
    });
    object
}

fn deleting(version: &str) -> Value {
    let mut object = suspended(version, "s3://a/s-1");
    object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    object
}

fn modified(object: Value) -> Value {
    json!({"type": "MODIFIED", "object": object})
}

async fn run(api: &Api, policy: OnDestroy) -> Result<Removed, RemoveError> {
    let how = Removal::by(policy);
    remove(&api.objects(), "orders", "uid-1", &how, Duration::from_secs(600)).await
}

/// The hand-over that nobody has left, looked for at the end of every destroy.
const HAND_OVER: &str = "/flinkstatesnapshots/orders-flinkdeployment-hand-over";

fn no_hand_over() -> (&'static str, &'static str, Reply) {
    let name = "orders-flinkdeployment-hand-over";
    let details = json!({"name": name, "group": "flink.apache.org", "kind": "flinkstatesnapshots"});
    ("GET", HAND_OVER, failure(404, "NotFound", "not found", details))
}

#[test]
fn the_first_step() {
    let of = |change: &dyn Fn(&mut Value)| {
        let mut object = live("1");
        change(&mut object);
        serde_json::from_value::<FlinkDeployment>(object).unwrap()
    };
    let delete = |path: Option<&str>| Step::Delete {
        state: path.map(str::to_owned),
    };
    let job = |state: &'static str, path: Value| {
        of(&move |object| {
            object["status"]["jobStatus"]["state"] = json!(state);
            object["status"]["jobStatus"]["upgradeSavepointPath"] = path.clone();
        })
    };
    let resting = |path: &str, mode: &'static str| {
        let mut object = suspended("1", path);
        object["spec"]["job"]["upgradeMode"] = json!(mode);
        serde_json::from_value::<FlinkDeployment>(object).unwrap()
    };
    let savepoint = OnDestroy::Savepoint;
    let rows: Vec<(&str, FlinkDeployment, OnDestroy, Step)> = vec![
        ("running", of(&|_| {}), savepoint, Step::Suspend),
        ("running, cancel", of(&|_| {}), OnDestroy::Cancel, delete(None)),
        ("running, abandon", of(&|_| {}), OnDestroy::Abandon, Step::LeaveAlone),
        ("restarting", job("RESTARTING", Value::Null), savepoint, Step::Suspend),
        (
            "session cluster",
            of(&|o| o["spec"]["job"] = Value::Null),
            savepoint,
            delete(None),
        ),
        (
            "never deployed",
            of(&|o| o["status"] = Value::Null),
            savepoint,
            delete(None),
        ),
        (
            "rejected from the start",
            of(&|o| o["status"]["reconciliationStatus"] = json!({"state": "UPGRADING"})),
            savepoint,
            delete(None),
        ),
        (
            "never started",
            of(&|o| {
                o["status"]["jobManagerDeploymentStatus"] = json!("ERROR");
                o["status"]["jobStatus"]["state"] = json!("RECONCILING");
                o["status"]["lifecycleState"] = json!("DEPLOYED");
            }),
            savepoint,
            delete(None),
        ),
        (
            "broken after it has run",
            of(&|o| {
                o["status"]["jobManagerDeploymentStatus"] = json!("ERROR");
                o["status"]["jobStatus"]["state"] = json!("RECONCILING");
                o["status"]["reconciliationStatus"]["lastStableSpec"] = json!("{}");
            }),
            savepoint,
            Step::Suspend,
        ),
        (
            "suspended with a savepoint",
            resting("s3://a/s-1", "savepoint"),
            savepoint,
            delete(Some("s3://a/s-1")),
        ),
        (
            "suspended by last state",
            resting(LAST_STATE, "last-state"),
            savepoint,
            Step::Refuse(Refusal::SuspendedWithoutPath),
        ),
        (
            "suspended by last state, cancel",
            resting(LAST_STATE, "last-state"),
            OnDestroy::Cancel,
            delete(None),
        ),
        (
            "suspended without state",
            resting("", "stateless"),
            savepoint,
            delete(None),
        ),
        ("finished", job("FINISHED", Value::Null), savepoint, delete(None)),
        (
            "finished as a filler",
            of(&|o| {
                o["status"]["jobStatus"]["state"] = json!("FINISHED");
                o["status"]["reconciliationStatus"]["state"] = json!("UPGRADING");
            }),
            savepoint,
            Step::Suspend,
        ),
        (
            "failed with a checkpoint",
            job("FAILED", json!("file:/c/chk-8")),
            savepoint,
            delete(Some("file:/c/chk-8")),
        ),
        (
            "failed without",
            job("FAILED", Value::Null),
            savepoint,
            Step::Refuse(Refusal::EndedWithoutCheckpoint(JobStatus::Failed)),
        ),
        (
            "failed without, cancel",
            job("FAILED", Value::Null),
            OnDestroy::Cancel,
            delete(None),
        ),
        // What the last upgrade began with is not what the job has come to.
        (
            "running with the path of its last upgrade, cancel",
            job("RUNNING", json!("s3://a/s-0")),
            OnDestroy::Cancel,
            delete(None),
        ),
        (
            "being deleted while it runs",
            of(&|o| {
                o["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
                o["status"]["jobStatus"]["upgradeSavepointPath"] = json!("s3://a/s-0");
            }),
            savepoint,
            delete(None),
        ),
        (
            "being deleted after it was suspended",
            serde_json::from_value(deleting("1")).unwrap(),
            savepoint,
            delete(Some("s3://a/s-1")),
        ),
        (
            "never deployed, with a place to begin",
            of(&|o| {
                o["status"] = Value::Null;
                o["spec"]["job"]["initialSavepointPath"] = json!("s3://a/s-0");
            }),
            savepoint,
            delete(Some("s3://a/s-0")),
        ),
    ];
    for (what, deployment, policy, expected) in rows {
        assert_eq!(first_step(&deployment, policy), expected, "{what}");
    }
}

use crate::operator::status::JobStatus;

#[test]
fn the_default_keeps_state_where_there_is_a_place_for_it() {
    let of = |spec: Value| {
        let deployment: FlinkDeployment = serde_json::from_value(json!({"spec": spec})).unwrap();
        OnDestroy::default_for(deployment.job(), deployment.savepoint_directory().is_some())
    };
    assert_eq!(of(spec()), OnDestroy::Savepoint);
    assert_eq!(of(json!({"job": {"upgradeMode": "last-state"}})), OnDestroy::Cancel);
    assert_eq!(
        of(
            json!({"job": {"upgradeMode": "last-state"}, "flinkConfiguration": {"execution.checkpointing.savepoint-dir": "x"}})
        ),
        OnDestroy::Savepoint
    );
    assert_eq!(of(json!({"job": {}})), OnDestroy::Cancel);
    assert_eq!(of(json!({})), OnDestroy::Cancel);
}

#[tokio::test(start_paused = true)]
async fn suspends_waits_for_the_savepoint_and_deletes() {
    let api = Api::new(vec![
        ("GET", GET, Reply::Json(200, live("1"))),
        ("GET", GET, Reply::Json(200, live("1"))),
        ("PATCH", "force=true", Reply::Json(200, suspending("2"))),
        ("GET", GET, Reply::Json(200, suspending("2"))),
        (
            "GET",
            WATCH,
            Reply::Watch(vec![modified(suspended("3", "s3://a/s-1"))], Stay::Open),
        ),
        // The operator has written its status once more: looked at again, and deleted.
        (
            "DELETE",
            GET,
            failure(409, "Conflict", "Precondition failed: ResourceVersion", json!({})),
        ),
        ("GET", GET, Reply::Json(200, suspended("4", "s3://a/s-1"))),
        ("GET", GET, Reply::Json(200, suspended("4", "s3://a/s-1"))),
        ("DELETE", GET, Reply::Json(200, deleting("5"))),
        ("GET", GET, Reply::Json(200, deleting("5"))),
        (
            "GET",
            WATCH,
            Reply::Watch(vec![json!({"type": "DELETED", "object": deleting("6")})], Stay::Open),
        ),
        no_hand_over(),
    ]);
    let removed = run(&api, OnDestroy::Savepoint).await.unwrap();
    assert_eq!(
        removed,
        Removed::Deleted {
            state: Some("s3://a/s-1".into()),
            handed_over: false
        }
    );
    let received = api.received();
    assert_eq!(
        received[2].body["spec"]["job"],
        json!({"parallelism": 1, "state": "suspended", "upgradeMode": "savepoint"})
    );
    assert_eq!(
        received[2].body["spec"]["flinkConfiguration"],
        json!({"state.savepoints.dir": "s3://a"})
    );
    assert_eq!(
        received[5].body["preconditions"],
        json!({"uid": "uid-1", "resourceVersion": "3"})
    );
    assert_eq!(
        received[8].body["preconditions"],
        json!({"uid": "uid-1", "resourceVersion": "4"})
    );
}

/// What answered in the API server's place had passed the deletion on. The savepoint is told all the same.
#[tokio::test(start_paused = true)]
async fn our_own_deletion_is_no_change_of_others() {
    let marked = |version: &str| {
        let mut object = deleting(version);
        object["metadata"]["generation"] = json!(3);
        object
    };
    let gone = json!({"type": "DELETED", "object": marked("5")});
    let api = Api::new(vec![
        ("GET", GET, Reply::Json(200, live("1"))),
        ("GET", GET, Reply::Json(200, live("1"))),
        ("PATCH", "force=true", Reply::Json(200, suspending("2"))),
        ("GET", GET, Reply::Json(200, suspended("3", "s3://a/s-1"))),
        ("DELETE", GET, failure(409, "Conflict", "modified", json!({}))),
        ("GET", GET, Reply::Json(200, marked("4"))),
        ("GET", GET, Reply::Json(200, marked("4"))),
        ("GET", GET, Reply::Json(200, marked("4"))),
        ("GET", WATCH, Reply::Watch(vec![gone], Stay::Open)),
        no_hand_over(),
    ]);
    let removed = run(&api, OnDestroy::Savepoint).await.unwrap();
    let state = Some("s3://a/s-1".into());
    let handed_over = false;
    assert_eq!(removed, Removed::Deleted { state, handed_over });
}

/// Suspends, sees `seen`, and takes the suspension back. Returns the error and what was written back.
async fn fails(seen: Value, stop_after: Option<u64>) -> (RemoveError, Value) {
    let api = Api::new(vec![
        ("GET", GET, Reply::Json(200, live("1"))),
        ("GET", GET, Reply::Json(200, live("1"))),
        ("PATCH", "force=true", Reply::Json(200, suspending("2"))),
        ("GET", GET, Reply::Json(200, suspending("2"))),
        ("GET", WATCH, Reply::Watch(vec![modified(seen)], Stay::Open)),
        ("GET", GET, Reply::Json(200, suspending("3"))),
        ("PATCH", "force=true", Reply::Json(200, live("4"))),
    ]);
    let (outcome, ()) = tokio::join!(run(&api, OnDestroy::Savepoint), async {
        if let Some(seconds) = stop_after {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            api.stop.cancel();
        }
    });
    let asked = api.asked();
    assert!(!asked.iter().any(|line| line.starts_with("DELETE")), "{asked:?}");
    (
        outcome.unwrap_err(),
        api.received().last().unwrap().body["spec"]["job"].clone(),
    )
}

#[tokio::test(start_paused = true)]
async fn a_suspension_without_a_savepoint_is_taken_back() {
    let (error, written_back) = fails(suspended("3", LAST_STATE), None).await;
    let text = error.to_string();
    assert!(
        text.contains("suspended without a savepoint") && text.ends_with("the job was told to run on"),
        "{text}"
    );
    // Both fields are as they were: there was no state before.
    assert_eq!(written_back, json!({"parallelism": 1, "upgradeMode": "savepoint"}));
}

#[tokio::test(start_paused = true)]
async fn a_stop_takes_the_suspension_back() {
    let (error, written_back) = fails(suspending("3"), Some(5)).await;
    assert!(error.to_string().contains("stopped on request"), "{error}");
    assert_eq!(written_back, json!({"parallelism": 1, "upgradeMode": "savepoint"}));
}

#[tokio::test(start_paused = true)]
async fn a_rejected_suspension_is_taken_back() {
    let mut rejected = suspending("3");
    rejected["status"]["error"] =
        json!(r#"{"type":"a.ValidationException","message":"Savepoint directory must be defined"}"#);
    let (error, _) = fails(rejected, None).await;
    assert!(
        error.to_string().contains("Savepoint directory must be defined"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_old_savepoint_is_no_new_one() {
    let mut before = live("1");
    before["status"]["jobStatus"]["upgradeSavepointPath"] = json!("s3://a/s-0");
    let before: FlinkDeployment = serde_json::from_value(before).unwrap();
    let after = Live::<FlinkDeployment>::from_json(suspended("3", "s3://a/s-0")).unwrap();
    let old = before.status.unwrap().job_status.upgrade_savepoint_path;
    assert!(matches!(
        saved(&after, &Baseline::default(), old.as_deref()),
        Progress::Failed(_)
    ));
    assert_eq!(saved(&after, &Baseline::default(), None), Progress::Ready);
}

#[tokio::test]
async fn what_would_lose_state_is_refused() {
    let mut failed = live("1");
    failed["status"]["jobStatus"]["state"] = json!("FAILED");
    let api = Api::new(vec![("GET", GET, Reply::Json(200, failed))]);
    let error = run(&api, OnDestroy::Savepoint).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "team/orders is not deleted: its job is FAILED, so no savepoint can be taken, and no retained checkpoint of it is known",
    );
}

#[tokio::test]
async fn what_is_gone_or_another_is_removed_already() {
    let mut other = live("1");
    other["metadata"]["uid"] = json!("uid-2");
    for reply in [not_found("orders"), Reply::Json(200, other)] {
        let api = Api::new(vec![("GET", GET, reply)]);
        assert_eq!(run(&api, OnDestroy::Savepoint).await.unwrap(), GONE_BEFORE);
        assert_eq!(api.asked(), ["GET orders"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_hangs_is_explained() {
    let event = json!({"kind": "Event", "apiVersion": "v1", "metadata": {"name": "e", "namespace": "team"},
        "involvedObject": {"kind": "FlinkDeployment", "name": "orders"}, "reason": "CleanupFailed", "type": "Warning",
        "message": "The session jobs [a, b] should be deleted first", "lastTimestamp": "2026-01-01T00:01:00Z"});
    let forbidden = failure(403, "Forbidden", "User \"ci\" cannot watch resource", json!({}));
    let mut steps = vec![
        ("GET", GET, Reply::Json(200, live("1"))),
        ("DELETE", GET, Reply::Json(200, deleting("2"))),
        ("GET", GET, Reply::Json(200, deleting("2"))),
        ("GET", WATCH, forbidden),
    ];
    steps.extend((0..2).map(|_| ("GET", GET, Reply::Json(200, deleting("2")))));
    steps.push((
        "GET",
        "/events?fieldSelector=involvedObject.kind%3DFlinkDeployment%2CinvolvedObject.name%3Dorders",
        Reply::Json(200, json!({"items": [event]})),
    ));
    steps.push((
        "GET",
        "/api/v1/namespaces/team",
        failure(403, "Forbidden", "User \"ci\" cannot get resource", json!({})),
    ));
    let api = Api::new(steps);
    let error = remove(
        &api.objects(),
        "orders",
        "uid-1",
        &Removal::by(OnDestroy::Cancel),
        Duration::from_secs(8),
    )
    .await
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "team/orders is marked for deletion, but still there: the operator cannot clean up: The session jobs [a, b] should be deleted first",
    );
}
