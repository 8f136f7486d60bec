//! Session jobs, and the clusters that they keep from being deleted.

use super::*;
use crate::operator::FlinkSessionJob;
use crate::testing::{session_cluster, session_job};

const JOB: &str = "/flinksessionjobs/orders";
const JOBS: &str = "/flinksessionjobs?";
const WATCH_JOB: &str = "flinksessionjobs?watch=true";
const CLUSTER: &str = "/flinkdeployments/session";
const REST: &str = "/services/session-rest:8081/proxy/jobs/overview";

fn status(state: &str) -> Value {
    let mut status = running();
    status.as_object_mut().unwrap().remove("jobManagerDeploymentStatus");
    status["jobStatus"]["state"] = json!(state);
    status
}

fn with_savepoint(version: &str, status: Value) -> Value {
    session_job(version, json!({"upgradeMode": "savepoint"}), status)
}

fn stopping(version: &str, status: Value) -> Value {
    let mut object = session_job(
        version,
        json!({"upgradeMode": "savepoint", "state": "suspended"}),
        status,
    );
    object["metadata"]["generation"] = json!(2);
    object
}

/// Suspended by cancellation, and left half-way (FLINK-40164).
fn half_suspended(path: Value) -> Value {
    json!({
        "observedGeneration": 1, "lifecycleState": "UPGRADING",
        "jobStatus": {"state": "CANCELED", "jobId": "a1", "upgradeSavepointPath": path},
        "reconciliationStatus": {"state": "UPGRADING", "lastReconciledSpec": "{\"spec\":{\"job\":{\"state\":\"suspended\"}}}"},
    })
}

async fn run_job(api: &Api, policy: OnDestroy, seconds: u64) -> Result<Removed, RemoveError> {
    remove_session_job(
        &api.session_jobs(),
        "orders",
        "uid-1",
        &Removal::by(policy),
        Duration::from_secs(seconds),
    )
    .await
}

#[test]
fn the_first_step_of_a_session_job() {
    let of = |status: Value| serde_json::from_value::<FlinkSessionJob>(with_savepoint("1", status)).unwrap();
    let delete = |path: Option<&str>| Step::Delete {
        state: path.map(str::to_owned),
    };
    let lost = |path: Value| {
        let mut status = status("RECONCILING");
        status["error"] = json!("Job Not Found");
        status["reconciliationStatus"]["lastStableSpec"] = json!("{}");
        status["jobStatus"]["upgradeSavepointPath"] = path;
        of(status)
    };
    let mut no_jar = status("RECONCILING");
    no_jar["reconciliationStatus"]["state"] = json!("UPGRADING");
    let rows: Vec<(&str, FlinkSessionJob, Step)> = vec![
        ("running", of(status("RUNNING")), Step::Suspend),
        ("its cluster was never ready", of(Value::Null), delete(None)),
        ("its jar is missing", of(no_jar), delete(None)),
        ("submitted, not seen running", of(status("CREATED")), Step::Suspend),
        ("finished", of(status("FINISHED")), delete(None)),
        ("lost", lost(Value::Null), Step::Refuse(Refusal::Lost)),
        (
            "lost, a savepoint is known",
            lost(json!("s3://a/s-1")),
            delete(Some("s3://a/s-1")),
        ),
    ];
    for (what, job, expected) in rows {
        assert_eq!(first_step(&job, OnDestroy::Savepoint), expected, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn suspends_a_session_job_and_deletes_it() {
    let mut resting = half_suspended(json!("s3://a/s-1"));
    resting["observedGeneration"] = json!(2);
    resting["lifecycleState"] = json!("SUSPENDED");
    resting["jobStatus"]["state"] = json!("FINISHED");
    resting["reconciliationStatus"]["state"] = json!("DEPLOYED");
    let mut gone = stopping("4", resting.clone());
    gone["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let api = Api::new(vec![
        ("GET", JOB, Reply::Json(200, with_savepoint("1", status("RUNNING")))),
        ("GET", CLUSTER, Reply::Json(200, session_cluster("READY"))),
        ("GET", JOB, Reply::Json(200, with_savepoint("1", status("RUNNING")))),
        (
            "PATCH",
            "force=true",
            Reply::Json(200, stopping("2", status("RUNNING"))),
        ),
        ("GET", JOB, Reply::Json(200, stopping("3", resting))),
        ("DELETE", JOB, Reply::Json(200, gone.clone())),
        ("GET", JOB, Reply::Json(200, gone.clone())),
        (
            "GET",
            WATCH_JOB,
            Reply::Watch(vec![json!({"type": "DELETED", "object": gone})], Stay::Open),
        ),
        (
            "GET",
            "/flinkstatesnapshots/orders-flinksessionjob-hand-over",
            failure(403, "Forbidden", "User \"ci\" cannot get resource", json!({})),
        ),
    ]);
    let removed = run_job(&api, OnDestroy::Savepoint, 600).await.unwrap();
    let expected = Removed::Deleted {
        state: Some("s3://a/s-1".to_owned()),
        handed_over: false,
    };
    assert_eq!(removed, expected);
    assert_eq!(
        api.received()[5].body["preconditions"],
        json!({"uid": "uid-1", "resourceVersion": "3"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_that_was_cancelled_without_a_path_is_not_deleted() {
    let api = Api::new(vec![
        ("GET", JOB, Reply::Json(200, with_savepoint("1", status("RUNNING")))),
        ("GET", CLUSTER, Reply::Json(200, session_cluster("READY"))),
        ("GET", JOB, Reply::Json(200, with_savepoint("1", status("RUNNING")))),
        (
            "PATCH",
            "force=true",
            Reply::Json(200, stopping("2", status("RUNNING"))),
        ),
        ("GET", JOB, Reply::Json(200, stopping("3", half_suspended(Value::Null)))),
        ("GET", JOB, Reply::Json(200, stopping("3", half_suspended(Value::Null)))),
        (
            "PATCH",
            "force=true",
            Reply::Json(200, with_savepoint("4", status("RUNNING"))),
        ),
        ("GET", CLUSTER, Reply::Json(200, session_cluster("READY"))),
    ]);
    let error = run_job(&api, OnDestroy::Savepoint, 600).await.unwrap_err();
    assert!(error.to_string().contains("suspended without a savepoint"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn without_its_cluster_nothing_can_be_saved() {
    let mut application = session_cluster("READY");
    application["spec"]["job"] = json!({});
    for (cluster, words) in [
        (
            failure(
                404,
                "NotFound",
                "not found",
                json!({"name": "session", "kind": "flinkdeployments", "group": "flink.apache.org"}),
            ),
            "there is no FlinkDeployment `session`",
        ),
        (Reply::Json(200, application), "`session` is no session cluster"),
    ] {
        let api = Api::new(vec![
            ("GET", JOB, Reply::Json(200, with_savepoint("1", status("RUNNING")))),
            ("GET", CLUSTER, cluster),
        ]);
        let error = run_job(&api, OnDestroy::Savepoint, 600).await.unwrap_err().to_string();
        assert!(
            error.contains(words) && error.contains("no savepoint can be taken"),
            "{error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_holds_up_a_removal_is_named() {
    let away = Reply::Json(200, session_cluster("DEPLOYING"));
    let forbidden = failure(403, "Forbidden", "User \"ci\" cannot watch resource", json!({}));
    let stopping = || Reply::Json(200, stopping("2", status("RUNNING")));
    let api = Api::new(vec![
        ("GET", JOB, Reply::Json(200, with_savepoint("1", status("RUNNING")))),
        ("GET", CLUSTER, away.clone()),
        ("GET", JOB, Reply::Json(200, with_savepoint("1", status("RUNNING")))),
        ("PATCH", "force=true", stopping()),
        ("GET", JOB, stopping()),
        ("GET", WATCH_JOB, forbidden),
        ("GET", JOB, stopping()),
        ("GET", JOB, stopping()),
        (
            "PATCH",
            "force=true",
            Reply::Json(200, with_savepoint("4", status("RUNNING"))),
        ),
        ("GET", CLUSTER, away),
    ]);
    let error = run_job(&api, OnDestroy::Savepoint, 5).await.unwrap_err().to_string();
    assert!(
        error.contains("its session cluster `session` is not ready: the JobManager is being started"),
        "{error}"
    );
    assert!(error.ends_with("the job was told to run on"), "{error}");
}

async fn remove_cluster(api: &Api) -> Result<Removed, RemoveError> {
    remove(
        &api.objects(),
        "session",
        "uid-7",
        &Removal::by(OnDestroy::Cancel),
        Duration::from_secs(60),
    )
    .await
}

fn job_named(name: &str, cluster: &str, ours: bool) -> Value {
    let mut job = with_savepoint("1", status("RUNNING"));
    job["metadata"]["name"] = json!(name);
    job["spec"]["deploymentName"] = json!(cluster);
    if ours {
        job["metadata"]["managedFields"] = json!([managed(
            "terraform-provider-flink",
            "Apply",
            json!({"f:spec": {"f:job": {}}})
        )]);
    }
    job
}

#[tokio::test(start_paused = true)]
async fn a_cluster_with_jobs_of_others_is_not_deleted() {
    let jobs = json!({"items": [
        job_named("a", "session", true), job_named("b", "session", false), job_named("c", "other", false)]});
    let api = Api::new(vec![
        ("GET", CLUSTER, Reply::Json(200, session_cluster("READY"))),
        ("GET", JOBS, Reply::Json(200, jobs)),
    ]);
    assert_eq!(
        remove_cluster(&api).await.unwrap_err().to_string(),
        "team/session is not deleted: the operator does not delete a session cluster before its jobs are gone, and there \
         still are: the FlinkSessionJob `a` (managed by Terraform), the FlinkSessionJob `b` (not managed by Terraform)",
    );
}

#[tokio::test(start_paused = true)]
async fn a_cluster_waits_for_our_jobs_and_not_for_jobs_past_the_operator() {
    let overview = json!({"jobs": [
        {"jid": "b2", "name": "done", "state": "CANCELED"}, {"jid": "c3", "name": "by hand", "state": "RUNNING"}]});
    let api = Api::new(vec![
        ("GET", CLUSTER, Reply::Json(200, session_cluster("READY"))),
        (
            "GET",
            JOBS,
            Reply::Json(200, json!({"items": [job_named("a", "session", true)]})),
        ),
        ("GET", JOBS, Reply::Json(200, json!({"items": []}))),
        ("GET", REST, Reply::Json(200, overview)),
    ]);
    let error = remove_cluster(&api).await.unwrap_err().to_string();
    assert!(
        error.ends_with("the job `by hand` (c3, submitted past the operator)"),
        "{error}"
    );
    assert_eq!(api.received().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_without_jobs_is_deleted_even_where_nobody_may_ask() {
    let forbidden = failure(403, "Forbidden", "User \"ci\" cannot list resource", json!({}));
    let api = Api::new(vec![
        ("GET", CLUSTER, Reply::Json(200, session_cluster("READY"))),
        ("GET", JOBS, forbidden.clone()),
        ("GET", REST, forbidden),
        (
            "DELETE",
            CLUSTER,
            failure(
                404,
                "NotFound",
                "not found",
                json!({"name": "session", "kind": "flinkdeployments", "group": "flink.apache.org"}),
            ),
        ),
    ]);
    assert_eq!(remove_cluster(&api).await.unwrap(), GONE_BEFORE);
}
