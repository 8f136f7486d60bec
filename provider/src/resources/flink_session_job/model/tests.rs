use serde_json::{Value as Json, json};
use terraform_schema::{AttributePath, Model, Value, reconcile};

use super::super::sample::resource;
use super::*;
use crate::resources::sample::changed;

fn object(changes: &[(&str, Json)]) -> Live<FlinkSessionJob> {
    let object = json!({
        "apiVersion": "flink.apache.org/v1beta1",
        "kind": "FlinkSessionJob",
        "metadata": {
            "name": "orders", "namespace": "flink", "uid": "6f1c", "generation": 2, "resourceVersion": "10",
            "labels": {"target.session": "session", "team": "data"},
            "managedFields": [
                {"manager": "terraform-provider-flink", "operation": "Apply", "apiVersion": "flink.apache.org/v1beta1",
                 "fieldsType": "FieldsV1", "fieldsV1": {
                    "f:metadata": {"f:labels": {"f:target.session": {}, "f:team": {}}},
                    "f:spec": {"f:deploymentName": {}, "f:job": {"f:jarURI": {}, "f:parallelism": {}}},
                 }},
            ],
        },
        "spec": {"deploymentName": "session", "job": {"jarURI": "https://repo.example.com/a.jar", "parallelism": 2}},
        "status": {
            "lifecycleState": "STABLE", "observedGeneration": 2,
            "jobStatus": {"jobId": "0123", "state": "RUNNING"},
            "reconciliationStatus": {"state": "DEPLOYED", "lastReconciledSpec": "{\"spec\":{\"job\":{\"state\":\"running\"}}}"},
        },
    });
    Live::from_json(changed(object, changes)).unwrap()
}

#[test]
fn the_facts_of_an_object() {
    let model = SessionJob::found(&object(&[]), true);
    assert_eq!(model.id.0.as_deref(), Some("flink/orders"));
    assert_eq!(model.uid.0.as_deref(), Some("6f1c"));
    assert_eq!(model.job_id.0.as_deref(), Some("0123"));
    assert_eq!(model.job_state.0.as_deref(), Some("RUNNING"));
    assert_eq!(model.lifecycle_state.0.as_deref(), Some("STABLE"));
    let without = SessionJob::found(&object(&[("/status", Json::Null)]), false);
    assert_eq!((without.job_id.0, without.job_state.0), (None, None));
}

#[test]
fn the_label_of_the_cluster_is_sent_and_is_no_drift() {
    let live = object(&[]);
    let model = SessionJob::found(&live, true);
    assert_eq!(model.labels_sent()[TARGET_SESSION], "session");
    let owned = live::owned(&live, &model);
    let covers = |path: &AttributePath| terraform_plugin::Owned::Paths(owned.clone()).covers(path);
    let prior = resource(&json!({
        "name": "orders", "namespace": "flink", "deployment_name": "session",
        "job": {"jar_uri": "https://repo.example.com/a.jar", "parallelism": 2},
    }));
    let read = reconcile::read(&SessionJob::block(), &prior, &model.to_value(), &covers);
    assert_eq!(*read.member("labels"), Value::map([("team", Value::from("data"))]));
    assert_eq!(*read.member("job").member("parallelism"), Value::from(2));
}

#[test]
fn what_a_webhook_writes_for_nothing_is_nothing() {
    let live = object(&[("/spec/job/parallelism", json!(0))]);
    assert_eq!(SessionJob::found(&live, true).spec.job.parallelism, None);
}

#[test]
fn the_job_is_explained_as_that_of_a_session_cluster() {
    let block = SessionJob::block();
    let job = &block.nested("job").unwrap().block;
    let described = |name: &str| job.attribute(name).unwrap().description.clone();
    assert!(described("jar_uri").contains("The operator's own pod fetches it"));
    assert!(!described("parallelism").contains("task_manager"));
    assert!(block.nested("job").unwrap().required);
}
