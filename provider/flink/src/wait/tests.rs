use std::time::Duration;

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::time::Instant;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::*;
use crate::operator::{Baseline, FlinkDeployment, progress};
use crate::testing::{Api, Reply, Stay, Step, deployment, failure, not_found, running};

const GET: &str = "/flinkdeployments/orders";
const WATCH: &str = "flinkdeployments?watch=true&fieldSelector=metadata.name%3Dorders";

fn spec() -> Value {
    json!({"job": {"parallelism": 1}})
}

fn starting(version: &str) -> Value {
    let mut status = running();
    status["jobManagerDeploymentStatus"] = json!("DEPLOYING");
    status["jobStatus"]["state"] = json!("RECONCILING");
    deployment(version, spec(), status)
}

fn crashing(version: &str) -> Value {
    let mut status = running();
    status["jobManagerDeploymentStatus"] = json!("ERROR");
    status["lifecycleState"] = json!("DEPLOYED");
    status["error"] = json!(
        r#"{"type":"a.DeploymentFailedException","message":"back-off","additionalMetadata":{"reason":"CrashLoopBackOff"}}"#
    );
    deployment(version, spec(), status)
}

fn ready(version: &str) -> Value {
    deployment(version, spec(), running())
}

fn event(kind: &str, object: Value) -> Value {
    json!({"type": kind, "object": object})
}

/// Waits for a deployment with a scripted server; returns what came of it, and how many seconds it took.
async fn wait_for(api: &Api, timeout: u64) -> (Result<Option<Live<FlinkDeployment>>, WaitError<FlinkDeployment>>, u64) {
    let before = Instant::now();
    let wait = Wait::new("orders", Duration::from_secs(timeout));
    let outcome = until(&api.objects(), wait, |live| match live {
        Some(live) => progress(&live.object, &Baseline::default()),
        None => Progress::failed("it is gone"),
    })
    .await;
    (outcome, before.elapsed().as_secs())
}

async fn run(
    steps: Vec<Step>,
    timeout: u64,
) -> (Result<Option<Live<FlinkDeployment>>, WaitError<FlinkDeployment>>, u64) {
    wait_for(&Api::new(steps), timeout).await
}

#[tokio::test(start_paused = true)]
async fn ready_at_the_first_look() {
    let (outcome, seconds) = run(vec![("GET", GET, Reply::Json(200, ready("1")))], 60).await;
    assert_eq!((outcome.unwrap().unwrap().resource_version(), seconds), ("1", 0));
}

#[tokio::test(start_paused = true)]
async fn ready_when_the_watch_says_so() {
    let events = vec![
        event(
            "BOOKMARK",
            json!({"kind": "FlinkDeployment", "apiVersion": "v1", "metadata": {"resourceVersion": "2"}}),
        ),
        event("MODIFIED", starting("3")),
        event("MODIFIED", ready("4")),
    ];
    let api = Api::new(vec![
        ("GET", GET, Reply::Json(200, starting("1"))),
        ("GET", WATCH, Reply::Watch(events, Stay::Open)),
    ]);
    let (outcome, _) = wait_for(&api, 60).await;
    assert_eq!(outcome.unwrap().unwrap().resource_version(), "4");
    assert!(
        api.received()[1].path.contains("resourceVersion=1"),
        "{:?}",
        api.received()[1]
    );
}

#[tokio::test(start_paused = true)]
async fn survives_watches_that_end_grow_old_or_break() {
    let expired =
        json!({"kind": "Status", "status": "Failure", "code": 410, "reason": "Expired", "message": "too old"});
    let steps = vec![
        ("GET", GET, Reply::Json(200, starting("1"))),
        ("GET", WATCH, Reply::Watch(vec![], Stay::Closed)),
        ("GET", GET, Reply::Json(200, starting("2"))),
        ("GET", WATCH, Reply::Watch(vec![event("ERROR", expired)], Stay::Closed)),
        ("GET", GET, Reply::Json(200, starting("3"))),
        (
            "GET",
            WATCH,
            failure(410, "Expired", "too old resource version", json!({})),
        ),
        ("GET", GET, Reply::Json(200, starting("4"))),
        ("GET", WATCH, Reply::Cut),
        ("GET", GET, Reply::Json(200, ready("5"))),
    ];
    let (outcome, seconds) = run(steps, 600).await;
    assert_eq!(outcome.unwrap().unwrap().resource_version(), "5");
    assert!(seconds < 60, "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn survives_an_api_server_that_restarts() {
    let mut steps = vec![
        ("GET", GET, Reply::Json(200, starting("1"))),
        ("GET", WATCH, Reply::Watch(vec![], Stay::Closed)),
    ];
    steps.extend((0..20).map(|_| ("GET", GET, Reply::Refused)));
    steps.extend([
        (
            "GET",
            GET,
            failure(500, "InternalError", "etcdserver: leader changed", json!({})),
        ),
        ("GET", GET, Reply::Text(502, "<html>Bad Gateway</html>")),
        ("GET", GET, Reply::Hang),
        ("GET", GET, Reply::Json(200, ready("2"))),
    ]);
    let (outcome, _) = run(steps, 900).await;
    assert_eq!(outcome.unwrap().unwrap().resource_version(), "2");
}

#[tokio::test(start_paused = true)]
async fn a_silent_watch_is_not_trusted_for_ever() {
    let steps = vec![
        ("GET", GET, Reply::Json(200, starting("1"))),
        ("GET", WATCH, Reply::Watch(vec![], Stay::Open)),
        ("GET", GET, Reply::Json(200, ready("2"))),
    ];
    let (outcome, seconds) = run(steps, 900).await;
    assert!(outcome.is_ok());
    assert_eq!(seconds, 75);
}

#[tokio::test(start_paused = true)]
async fn polls_where_a_role_may_not_watch() {
    let forbidden = failure(
        403,
        "Forbidden",
        "User \"ci\" cannot watch resource \"flinkdeployments\"",
        json!({}),
    );
    let api = Api::new(vec![
        ("GET", GET, Reply::Json(200, starting("1"))),
        ("GET", WATCH, forbidden),
        ("GET", GET, Reply::Json(200, starting("1"))),
        ("GET", GET, Reply::Json(200, starting("1"))),
        ("GET", GET, Reply::Json(200, ready("2"))),
    ]);
    let (outcome, seconds) = wait_for(&api, 60).await;
    assert!(outcome.is_ok());
    assert_eq!(seconds, 9);
}

#[tokio::test(start_paused = true)]
async fn odd_objects_do_not_end_the_wait() {
    let odd = deployment("2", json!({"job": {"parallelism": "many"}}), json!("odd"));
    let mut odd_status = ready("3");
    odd_status["status"] = json!({"jobStatus": [], "error": 7, "lifecycleState": {}});
    let events = vec![
        event("MODIFIED", odd),
        event("MODIFIED", odd_status),
        event("MODIFIED", ready("4")),
    ];
    let steps = vec![
        ("GET", GET, Reply::Json(200, starting("1"))),
        ("GET", WATCH, Reply::Watch(events, Stay::Open)),
    ];
    let (outcome, _) = run(steps, 60).await;
    assert_eq!(outcome.unwrap().unwrap().resource_version(), "4");
}

/// Keeps what is logged at INFO or above.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Told {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() > tracing::Level::INFO {
            return;
        }
        let mut message = String::new();
        event.record(&mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
            if field.name() == "message" {
                message = format!("{value:?}");
            }
        });
        self.0.lock().unwrap().push(message);
    }
}

#[tokio::test(start_paused = true)]
async fn the_reason_of_a_wait_is_logged_whenever_it_changes() {
    let told = Told::default();
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(told.clone()));
    let events = vec![
        event("MODIFIED", starting("2")),
        event("MODIFIED", crashing("3")),
        event("MODIFIED", starting("4")),
        event("MODIFIED", ready("5")),
    ];
    let steps = vec![
        ("GET", GET, Reply::Json(200, starting("1"))),
        ("GET", WATCH, Reply::Watch(events, Stay::Open)),
    ];
    assert!(run(steps, 60).await.0.is_ok());
    assert_eq!(
        *told.0.lock().unwrap(),
        [
            "waiting: the JobManager is being started",
            "waiting: the JobManager cannot start: CrashLoopBackOff: back-off",
            "waiting: the JobManager is being started",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_timeout_says_what_was_missing_last() {
    let events = vec![event("MODIFIED", crashing("2")), event("MODIFIED", starting("3"))];
    let steps = vec![
        ("GET", GET, Reply::Json(200, starting("1"))),
        ("GET", WATCH, Reply::Watch(events, Stay::Open)),
    ];
    let (outcome, seconds) = run(steps, 60).await;
    let error = outcome.unwrap_err();
    assert_eq!(
        error.to_string(),
        "not ready within 60 s: the JobManager is being started"
    );
    assert_eq!(error.live().unwrap().resource_version(), "3");
    assert_eq!(seconds, 60);
}

#[tokio::test(start_paused = true)]
async fn a_trouble_that_stays_fails_after_its_grace_although_nothing_happens() {
    let api = Api::new(vec![
        ("GET", GET, Reply::Json(200, crashing("1"))),
        ("GET", WATCH, Reply::Watch(vec![], Stay::Open)),
        ("GET", GET, Reply::Json(200, crashing("1"))),
        ("GET", WATCH, Reply::Watch(vec![], Stay::Open)),
    ]);
    let (outcome, seconds) = wait_for(&api, 900).await;
    let error = outcome.unwrap_err();
    assert!(matches!(error, WaitError::Failed { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "the JobManager cannot start: CrashLoopBackOff: back-off"
    );
    assert_eq!(seconds, 120);
}

#[tokio::test(start_paused = true)]
async fn no_operator_is_told_after_two_minutes() {
    let mut untouched = deployment("1", spec(), Value::Null);
    untouched["metadata"]["finalizers"] = json!([]);
    let forbidden = failure(403, "Forbidden", "User \"ci\" cannot watch resource", json!({}));
    let steps = vec![
        ("GET", GET, Reply::Json(200, untouched.clone())),
        ("GET", WATCH, forbidden),
        ("GET", GET, Reply::Json(200, untouched)),
    ];
    let (outcome, seconds) = run(steps, 900).await;
    assert_eq!(
        outcome.unwrap_err().to_string(),
        "no operator has taken it up: none seems to watch this namespace"
    );
    assert_eq!(seconds, 120);
}

#[tokio::test(start_paused = true)]
async fn created_suspended_is_ready_once_the_operator_has_it() {
    let suspended = deployment("1", json!({"job": {"state": "suspended"}}), Value::Null);
    let steps = vec![
        ("GET", GET, Reply::Json(200, suspended)),
        ("GET", WATCH, Reply::Watch(vec![], Stay::Open)),
    ];
    let (outcome, seconds) = run(steps, 900).await;
    assert!(outcome.is_ok());
    assert_eq!(seconds, 2);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_object_ends_the_wait() {
    let events = vec![event("DELETED", starting("2"))];
    let steps = vec![
        ("GET", GET, Reply::Json(200, starting("1"))),
        ("GET", WATCH, Reply::Watch(events, Stay::Open)),
    ];
    assert_eq!(run(steps, 60).await.0.unwrap_err().to_string(), "it is gone");
    assert_eq!(
        run(vec![("GET", GET, not_found("orders"))], 60)
            .await
            .0
            .unwrap_err()
            .to_string(),
        "it is gone"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_the_wait_at_once() {
    let api = Api::new(vec![
        ("GET", GET, Reply::Json(200, starting("1"))),
        ("GET", WATCH, Reply::Watch(vec![], Stay::Open)),
    ]);
    let ((outcome, seconds), ()) = tokio::join!(wait_for(&api, 900), async {
        tokio::time::sleep(Duration::from_secs(7)).await;
        api.stop.cancel();
    });
    let error = outcome.unwrap_err();
    assert!(matches!(error, WaitError::Stopped { .. }));
    assert_eq!(
        error.to_string(),
        "stopped on request while waiting: the JobManager is being started"
    );
    assert_eq!(seconds, 7);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_looked_at_is_told_at_once() {
    let forbidden = failure(
        403,
        "Forbidden",
        "User \"ci\" cannot get resource \"flinkdeployments\"",
        json!({}),
    );
    let (outcome, seconds) = run(vec![("GET", GET, forbidden)], 900).await;
    assert!(matches!(outcome, Err(WaitError::Kubernetes(error)) if error.is_forbidden()));
    assert_eq!(seconds, 0);
}

/// A single request is repeated for some seconds only; a wait has more time.
#[tokio::test(start_paused = true)]
async fn an_api_server_that_is_busy_for_long_does_not_end_the_wait() {
    let mut steps = vec![("GET", GET, Reply::Busy(1)); 6];
    steps.push(("GET", GET, Reply::Json(200, ready("1"))));
    let (outcome, seconds) = run(steps, 60).await;
    assert_eq!(outcome.unwrap().unwrap().resource_version(), "1");
    assert!((5..20).contains(&seconds), "{seconds}");
}
