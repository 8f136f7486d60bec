use serde_json::{Value, json};

use super::*;

fn live(spec: Value, status: Value) -> Live<FlinkDeployment> {
    Live::from_json(json!({
        "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
        "metadata": {"name": "orders", "namespace": "team", "uid": "u-1", "generation": 3, "labels": {"team": "data"}},
        "spec": spec, "status": status,
    }))
    .unwrap()
}

#[test]
fn what_the_operator_reports_is_decoded() {
    let spec = json!({
        "image": "flink:1.20", "flinkVersion": "v1_20", "serviceAccount": "flink",
        "flinkConfiguration": {"taskmanager.numberOfTaskSlots": "2", "s3.secret-key": "hunter22"},
        "job": {"jarURI": "local:///orders.jar", "parallelism": 2, "upgradeMode": "last-state", "state": "running"},
    });
    let status = json!({
        "lifecycleState": "DEPLOYED", "observedGeneration": 2, "jobManagerDeploymentStatus": "READY",
        "error": "{\"type\":\"a.b.ReconciliationException\",\"message\":\"no access with hunter22\"}",
        "clusterInfo": {"flink-version": "1.20.5", "total-cpu": "2.5", "health": "{\"a\":1}"},
        "conditions": [{"type": "Running", "status": "True", "reason": "Running", "message": "Job status RUNNING",
                        "lastTransitionTime": "2026-11-20T20:25:44.659Z"}],
        "jobStatus": {"jobId": "a1", "jobName": "Orders", "state": "RUNNING", "startTime": "1795206320978",
                      "upgradeSavepointPath": "KUBERNETES_OPERATOR_LAST_STATE"},
        "reconciliationStatus": {"state": "DEPLOYED",
                                 "lastReconciledSpec": "{\"spec\":{\"job\":{\"parallelism\":4}}}"},
    });
    let one = found(&live(spec, status), "team");
    let text = |value: &Computed<String>| value.as_ref().cloned().unwrap_or_default();
    assert_eq!(text(&one.error), "no access with (hidden)");
    assert_eq!(one.flink_configuration.as_ref().unwrap()["s3.secret-key"], HIDDEN);
    assert_eq!(
        (text(&one.job_id), text(&one.mode)),
        ("a1".to_owned(), "native".to_owned())
    );
    assert_eq!(text(&one.start_time), "2026-11-20T20:25:20.978Z");
    assert_eq!(
        one.upgrade_savepoint_path,
        Computed(None),
        "the operator's dummy is no path"
    );
    assert_eq!(one.effective_parallelism, Computed(Some(4)));
    let job = one.job.as_ref().unwrap();
    assert_eq!(
        (job.parallelism, job.upgrade_mode.as_deref()),
        (Some(2), Some("last-state"))
    );
    assert_eq!(one.conditions.as_ref().unwrap()[0].reason, "Running");
    let info: Vec<&String> = one.cluster_info.as_ref().unwrap().keys().collect();
    assert_eq!(info, ["flink-version", "total-cpu"]);
    assert!(!format!("{one:?}").contains("hunter22"));
}

#[test]
fn a_session_cluster_has_no_job_and_a_new_object_no_status() {
    let status = json!({"jobStatus": {"state": "FINISHED", "jobId": ""}, "lifecycleState": "STABLE"});
    let session = found(&live(json!({"flinkVersion": "v1_20"}), status), "team");
    assert_eq!(
        (session.job, session.job_state, session.job_id),
        (Computed(None), Computed(None), Computed(None))
    );
    let new = found(
        &live(
            json!({"job": {"jarURI": "local:///a.jar", "parallelism": 0}}),
            Value::Null,
        ),
        "team",
    );
    assert_eq!((new.lifecycle_state, new.error), (Computed(None), Computed(None)));
    assert_eq!(
        new.job.as_ref().unwrap().parallelism,
        None,
        "an older webhook writes 0 for nothing"
    );
}
