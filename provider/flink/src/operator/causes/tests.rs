use super::*;
use crate::testing::{Api, Reply, deployment, failure, running};
use serde_json::{Value, json};

fn event(kind: &str, name: &str, reason: &str, message: &str, second: u32) -> Value {
    json!({"kind": "Event", "apiVersion": "v1", "metadata": {"name": format!("e{second}"), "namespace": "team"},
           "involvedObject": {"kind": kind, "name": name, "namespace": "team"}, "type": "Warning",
           "reason": reason, "message": message, "count": 2, "lastTimestamp": format!("2026-01-01T00:00:{second:02}Z")})
}

fn live(error: Option<&str>) -> Live<FlinkDeployment> {
    let mut status = running();
    status["error"] = json!(error);
    Live::from_json(deployment("1", json!({"job": {"parallelism": 1}}), status)).unwrap()
}

#[tokio::test]
async fn gathers_what_everybody_says() {
    let pod = json!({"metadata": {"name": "orders-7dfd-x2"}, "status": {
    "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available"}],
    "containerStatuses": [
        {"name": "flink-main-container", "image": "", "imageID": "", "ready": false, "restartCount": 3,
         "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 20s"}},
         "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}},
        {"name": "side", "image": "", "imageID": "", "ready": false, "restartCount": 0,
         "state": {"waiting": {"reason": "ContainerCreating"}}},
    ]}});
    let events = json!({"items": [
        event("FlinkDeployment", "orders", "JobException", "java.io.IOException: disk full\n\tat a.b", 30),
        event("FlinkDeployment", "orders-2", "Error", "of another deployment", 31),
        event("Pod", "orders-7dfd-x2", "FailedScheduling", "0/1 nodes are available: s3cr3t-key", 32),
        event("Pod", "orders-7dfd-x2", "Unhealthy", "Startup probe failed", 33),
        event("ReplicaSet", "orders-7dfd", "FailedCreate", "exceeded quota", 34),
        event("ReplicaSet", "orders-2-7dfd", "FailedCreate", "of another deployment", 35),
        event("FlinkDeployment", "orders", "Error", "from before", 1),
    ]});
    let exceptions = json!({"exceptionHistory": {"entries": [
        {"exceptionName": "a.B", "stacktrace": "a.B: x\nCaused by: java.io.IOException: disk full", "timestamp": 1}]}});
    let api = Api::new(vec![
        (
            "GET",
            "/pods?labelSelector=app%3Dorders",
            Reply::Json(200, json!({"items": [pod]})),
        ),
        (
            "GET",
            "/pods/orders-7dfd-x2/log?container=flink-main-container&tailLines=200&limitBytes=65536&previous=true",
            Reply::Text(
                200,
                "java.lang.IllegalStateException: no way in with s3cr3t-key\n\tat a.b\n",
            ),
        ),
        ("GET", "/events?fieldSelector=type%3DWarning", Reply::Json(200, events)),
        (
            "GET",
            "/services/orders-rest:8081/proxy/jobs/a1/exceptions",
            Reply::Json(200, exceptions),
        ),
    ])
    .in_any_order();
    let error = r#"{"type":"a.ReconciliationException","message":"cannot deploy"}"#;
    let since = "2026-01-01T00:00:20Z".parse().unwrap();
    let causes = gather(&api.objects(), &live(Some(error)), 8081, Some(since)).await;
    let mut mask = Mask::default();
    mask.add(["s3cr3t-key"].into_iter());
    assert_eq!(
        causes.sentences(&mask),
        [
            "the job's last exception: java.io.IOException: disk full",
            "the operator reports: cannot deploy",
            "the log of pod orders-7dfd-x2, container flink-main-container, ends with: \
             java.lang.IllegalStateException: no way in with (hidden)",
            "pod orders-7dfd-x2: Unschedulable: 0/1 nodes are available",
            "pod orders-7dfd-x2, container flink-main-container: CrashLoopBackOff: back-off 20s",
            "pod orders-7dfd-x2, container flink-main-container: Error: exit code 1",
            "event JobException about FlinkDeployment orders (2 times): java.io.IOException: disk full",
            "event FailedScheduling about Pod orders-7dfd-x2 (2 times): 0/1 nodes are available: (hidden)",
            "event FailedCreate about ReplicaSet orders-7dfd (2 times): exceeded quota",
        ],
    );
    assert_eq!(causes.unseen, Vec::<String>::new());
}

#[tokio::test]
async fn a_role_without_these_rights_only_loses_detail() {
    let forbidden = failure(403, "Forbidden", "User \"ci\" cannot list resource", json!({}));
    let causes = gather(
        &Api::new(vec![("GET", "", forbidden)]).objects(),
        &live(None),
        8081,
        None,
    )
    .await;
    let sentences = causes.sentences(&Mask::default());
    let missing = ["list pods", "list events", "get services/proxy"];
    assert_eq!(sentences.len(), missing.len(), "{sentences:?}");
    for (sentence, right) in sentences.iter().zip(missing) {
        let said = format!("more may be known, but it could not be read: not allowed to {right} in namespace team: ");
        assert!(sentence.starts_with(&said), "{sentence}");
    }
}
