use super::*;
use crate::testing::{Api, Reply, Stay, failure, running, session_cluster, session_job};
use serde_json::{Value, json};

const JOB: &str = "/flinksessionjobs/orders";
const CLUSTER: &str = "/flinkdeployments/session";

fn job(status: Value) -> Value {
    session_job("1", json!({"upgradeMode": "savepoint"}), status)
}

fn missing() -> Reply {
    let details = json!({"name": "session", "kind": "flinkdeployments", "group": "flink.apache.org"});
    failure(404, "NotFound", "not found", details)
}

async fn settled(api: &Api, seconds: u64) -> Result<Live<FlinkSessionJob>, NotReady<FlinkSessionJob>> {
    let (jobs, baseline) = (api.session_jobs(), Baseline::default());
    let timeout = Duration::from_secs(seconds);
    settle_session_job(&jobs, "orders", "uid-1", "session", &baseline, timeout).await
}

/// What is asked for the causes of a failure, and who may not see them.
fn no_causes() -> Vec<crate::testing::Step> {
    let forbidden = failure(403, "Forbidden", "User \"ci\" cannot list resource", json!({}));
    // Pods are asked for during the wait, too.
    ["/pods", "/pods", "/events", "/exceptions"]
        .map(|path| ("GET", path, forbidden.clone()))
        .to_vec()
}

#[tokio::test(start_paused = true)]
async fn ready_on_a_cluster_that_answers() {
    let api = Api::new(vec![
        ("GET", JOB, Reply::Json(200, job(running()))),
        ("GET", CLUSTER, Reply::Json(200, session_cluster("READY"))),
    ])
    .in_any_order();
    assert!(settled(&api, 60).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_frozen_status_is_no_proof() {
    // The job is `RUNNING` in a status from before the cluster went away; when that is back, it is lost.
    let mut lost = running();
    lost["jobStatus"]["state"] = json!("RECONCILING");
    lost["error"] = json!("Job Not Found");
    let lost = |version: &str| {
        let mut job = job(lost.clone());
        job["metadata"]["resourceVersion"] = json!(version);
        job
    };
    let back = json!({"type": "MODIFIED", "object": session_cluster("READY")});
    let mut steps = vec![
        ("GET", JOB, Reply::Json(200, job(running()))),
        ("GET", CLUSTER, Reply::Json(200, session_cluster("DEPLOYING"))),
        ("GET", CLUSTER, Reply::Json(200, session_cluster("DEPLOYING"))),
        (
            "GET",
            "flinkdeployments?watch=true",
            Reply::Watch(vec![back], Stay::Open),
        ),
        ("GET", JOB, Reply::Json(200, job(running()))),
        ("GET", CLUSTER, Reply::Json(200, session_cluster("READY"))),
        ("GET", "flinkdeployments?watch=true", Reply::Watch(vec![], Stay::Open)),
        (
            "GET",
            "flinksessionjobs?watch=true",
            Reply::Watch(vec![json!({"type": "MODIFIED", "object": lost("2")})], Stay::Open),
        ),
    ];
    // Watches end, and are begun anew.
    for watch in ["flinksessionjobs?watch=true", "flinkdeployments?watch=true"] {
        steps.extend((0..5).map(|_| ("GET", watch, Reply::Watch(vec![], Stay::Open))));
    }
    steps.extend((0..5).map(|_| ("GET", JOB, Reply::Json(200, lost("2")))));
    steps.extend((0..5).map(|_| ("GET", CLUSTER, Reply::Json(200, session_cluster("READY")))));
    steps.extend(no_causes());
    let error = settled(&Api::new(steps).in_any_order(), 900).await.unwrap_err();
    assert!(matches!(error.end, End::Failed));
    assert!(
        error.reason.contains("does not know the job any more"),
        "{}",
        error.reason
    );
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_can_never_run_it_is_said_at_once() {
    let mut application = session_cluster("READY");
    application["spec"]["job"] = json!({});
    let mut steps = vec![
        ("GET", JOB, Reply::Json(200, job(Value::Null))),
        ("GET", CLUSTER, Reply::Json(200, application.clone())),
        ("GET", "flinksessionjobs?watch=true", Reply::Watch(vec![], Stay::Open)),
        ("GET", JOB, Reply::Json(200, job(Value::Null))),
        ("GET", CLUSTER, Reply::Json(200, application)),
    ];
    steps.extend(no_causes());
    let begun = Instant::now();
    let error = settled(&Api::new(steps).in_any_order(), 900).await.unwrap_err();
    assert!(matches!(error.end, End::Failed));
    assert!(
        error.reason.contains("`session` is no session cluster"),
        "{}",
        error.reason
    );
    assert!(error.live.is_some());
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_because_of_the_cluster_names_it() {
    let mut application = session_cluster("READY");
    application["spec"]["job"] = json!({});
    let refused = json!({
        "lifecycleState": "FAILED", "reconciliationStatus": {"state": "UPGRADING"},
        "error": r#"{"type":"a.ValidationException","message":"Can not submit session job to application cluster"}"#,
    });
    let mut steps = vec![
        ("GET", JOB, Reply::Json(200, job(refused))),
        ("GET", CLUSTER, Reply::Json(200, application.clone())),
        ("GET", CLUSTER, Reply::Json(200, application)),
        ("GET", JOB, Reply::Json(200, job(Value::Null))),
    ];
    steps.extend(no_causes());
    let error = settled(&Api::new(steps).in_any_order(), 900).await.unwrap_err();
    assert!(
        error.reason.contains("`session` is no session cluster"),
        "{}",
        error.reason
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_cluster_is_named_soon() {
    let forbidden = failure(403, "Forbidden", "User \"ci\" cannot watch resource", json!({}));
    let mut steps = vec![("GET", "flinksessionjobs?watch=true", forbidden)];
    steps.extend((0..60).map(|_| ("GET", JOB, Reply::Json(200, job(Value::Null)))));
    steps.extend((0..60).map(|_| ("GET", CLUSTER, missing())));
    steps.extend(no_causes());
    let begun = Instant::now();
    let error = settled(&Api::new(steps).in_any_order(), 900).await.unwrap_err();
    assert!(
        error.reason.contains("there is no FlinkDeployment `session`"),
        "{}",
        error.reason
    );
    assert!(begun.elapsed() < Duration::from_secs(70), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_timeout_says_what_the_cluster_is_waiting_for() {
    let mut steps = vec![
        ("GET", JOB, Reply::Json(200, job(Value::Null))),
        ("GET", CLUSTER, Reply::Json(200, session_cluster("DEPLOYING"))),
        ("GET", "flinksessionjobs?watch=true", Reply::Watch(vec![], Stay::Open)),
        ("GET", "flinkdeployments?watch=true", Reply::Watch(vec![], Stay::Open)),
    ];
    steps.extend(no_causes());
    let error = settled(&Api::new(steps).in_any_order(), 60).await.unwrap_err();
    assert!(matches!(error.end, End::TimedOut { after } if after == Duration::from_secs(60)));
    assert_eq!(
        error.reason,
        "its session cluster `session` is not ready: the JobManager is being started"
    );
}

#[tokio::test(start_paused = true)]
async fn a_role_that_may_not_see_the_cluster_has_to_trust_the_job() {
    let forbidden = failure(403, "Forbidden", "User \"ci\" cannot get resource", json!({}));
    let api = Api::new(vec![
        ("GET", JOB, Reply::Json(200, job(running()))),
        ("GET", CLUSTER, forbidden),
    ])
    .in_any_order();
    assert!(settled(&api, 60).await.is_ok());
}

/// Whichever of the two is waited for, a stop ends it in the same moment and names what was missing.
#[tokio::test(start_paused = true)]
async fn a_stop_ends_the_wait_at_once() {
    let cases = [
        (
            job(Value::Null),
            "DEPLOYING",
            "its session cluster `session` is not ready: the JobManager is being started",
        ),
        (
            job(running()),
            "DEPLOYING",
            "its session cluster `session` is not ready: the JobManager is being started",
        ),
        (
            job(Value::Null),
            "READY",
            "the operator has taken it up, and starts it when the session cluster `session` is ready",
        ),
    ];
    for (job, job_manager, reason) in cases {
        let api = Api::new(vec![
            ("GET", JOB, Reply::Json(200, job)),
            ("GET", CLUSTER, Reply::Json(200, session_cluster(job_manager))),
            ("GET", CLUSTER, Reply::Json(200, session_cluster(job_manager))),
            ("GET", "flinksessionjobs?watch=true", Reply::Watch(vec![], Stay::Open)),
            ("GET", "flinkdeployments?watch=true", Reply::Watch(vec![], Stay::Open)),
            ("GET", "flinkdeployments?watch=true", Reply::Watch(vec![], Stay::Open)),
        ])
        .in_any_order();
        let begun = Instant::now();
        let (settled, ()) = tokio::join!(settled(&api, 900), async {
            tokio::time::sleep(Duration::from_secs(7)).await;
            api.stop.cancel();
        });
        let error = settled.unwrap_err();
        assert!(matches!(error.end, End::Stopped), "{error:?}");
        assert_eq!(error.reason, reason);
        assert_eq!(begun.elapsed().as_secs(), 7);
    }
}
