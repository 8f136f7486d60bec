use serde_json::{Value as Json, json};
use terraform_schema::reconcile;

use flink_client::kubernetes::Live;
use flink_client::operator::FlinkDeployment;
use terraform_schema::{AttributePath, Model, Value};

use super::super::*;
use crate::resources::flink_deployment::sample::{changed, resource};
use crate::resources::job_resource::live::{is_meant, owned};

fn object(changes: &[(&str, Json)]) -> Live<FlinkDeployment> {
    let object = json!({
        "apiVersion": "flink.apache.org/v1beta1",
        "kind": "FlinkDeployment",
        "metadata": {
            "name": "orders", "namespace": "flink", "uid": "6f1c", "generation": 2, "resourceVersion": "10",
            "labels": {"team": "data", "argocd.argoproj.io/instance": "x"},
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
            "managedFields": [
                {"manager": "terraform-provider-flink", "operation": "Apply", "apiVersion": "flink.apache.org/v1beta1", "fieldsType": "FieldsV1",
                 "fieldsV1": {
                    "f:metadata": {"f:labels": {"f:team": {}}},
                    "f:spec": {
                        "f:serviceAccount": {}, "f:flinkVersion": {},
                        "f:flinkConfiguration": {"f:state": {"f:checkpoints.dir": {}}, "f:taskmanager.numberOfTaskSlots": {}},
                        "f:job": {"f:jarURI": {}, "f:parallelism": {}},
                        "f:jobManager": {},
                    },
                 }},
                {"manager": "kubectl-edit", "operation": "Update", "apiVersion": "flink.apache.org/v1beta1", "fieldsType": "FieldsV1",
                 "fieldsV1": {"f:spec": {"f:image": {}, "f:flinkConfiguration": {"f:rest.port": {}}}}},
            ],
        },
        "spec": {
            "serviceAccount": "flink", "flinkVersion": "v1_20", "image": "flink:1.20",
            "flinkConfiguration": {"state": {"checkpoints.dir": "s3://a"}, "taskmanager.numberOfTaskSlots": 2, "rest.port": "8082"},
            "job": {"jarURI": "local:///a.jar", "parallelism": 2},
            "jobManager": {},
        },
        "status": {
            "lifecycleState": "STABLE", "jobManagerDeploymentStatus": "READY", "observedGeneration": 2,
            "jobStatus": {"jobId": "0123", "state": "RUNNING"},
            "reconciliationStatus": {"state": "DEPLOYED", "lastReconciledSpec": "{\"spec\":{\"job\":{\"state\":\"running\"}}}"},
        },
    });
    Live::from_json(changed(object, changes)).unwrap()
}

fn owned_paths(live: &Live<FlinkDeployment>) -> Vec<String> {
    owned(live, &Deployment::found(live, true))
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn the_facts_of_an_object() {
    let model = Deployment::found(&object(&[]), true);
    assert_eq!(model.id.0.as_deref(), Some("flink/orders"));
    assert_eq!(model.uid.0.as_deref(), Some("6f1c"));
    assert_eq!(model.rest_service.0.as_deref(), Some("orders-rest"));
    assert_eq!(model.job_id.0.as_deref(), Some("0123"));
    assert_eq!(model.job_state.0.as_deref(), Some("RUNNING"));
    assert_eq!(model.lifecycle_state.0.as_deref(), Some("STABLE"));
    assert_eq!(model.job_manager_status.0.as_deref(), Some("READY"));
    assert_eq!(
        model.annotations,
        Some(BTreeMap::new()),
        "what kubectl keeps for itself is nobody's configuration"
    );
}

#[test]
fn a_session_cluster_has_no_job() {
    let model = Deployment::found(&object(&[("/spec/job", json!(null))]), true);
    assert_eq!((model.job_id.0, model.job_state.0), (None, None));
}

#[test]
fn what_a_webhook_writes_for_nothing_is_nothing() {
    let live = object(&[("/spec/job/parallelism", json!(0))]);
    assert_eq!(Deployment::found(&live, true).spec.job.unwrap().parallelism, None);
}

#[test]
fn what_is_ours_by_the_managed_fields() {
    assert_eq!(
        owned_paths(&object(&[])),
        [
            r#"flink_configuration["state.checkpoints.dir"]"#,
            r#"flink_configuration["taskmanager.numberOfTaskSlots"]"#,
            "flink_version",
            "job.jar_uri",
            "job.parallelism",
            "job_manager",
            r#"labels["team"]"#,
            "service_account",
        ]
    );
}

#[test]
fn drift_is_what_state_sets_and_what_is_ours() {
    let live = object(&[
        ("/spec/job/parallelism", json!(3)),
        ("/spec/image", json!("flink:1.20.1")),
    ]);
    let model = Deployment::found(&live, true);
    let owned = owned(&live, &model);
    let prior = resource(&json!({
        "name": "orders", "namespace": "flink", "service_account": "flink", "flink_version": "v1_20",
        "labels": {"team": "data"},
        "flink_configuration": {"state.checkpoints.dir": "s3://a", "taskmanager.numberOfTaskSlots": "2"},
        "job": {"jar_uri": "local:///a.jar", "parallelism": 2},
        "job_manager": {},
        "timeouts": {"create": "20m"},
    }));
    let covers = |path: &AttributePath| terraform_plugin::Owned::Paths(owned.clone()).covers(path);
    let read = reconcile::read(&Deployment::block(), &prior, &model.to_value(), &covers);
    let at = |name: &str| {
        name.split('.')
            .fold(read.clone(), |value, name| value.member(name).clone())
    };
    assert_eq!(at("job.parallelism"), Value::from(3), "changed by others, set by state");
    assert_eq!(at("image"), Value::Null, "set by others only");
    assert_eq!(at("labels"), Value::map([("team", Value::from("data"))]));
    assert_eq!(at("flink_configuration"), prior.member("flink_configuration").clone());
    assert_eq!(at("timeouts.create"), Value::from("20m"));
    assert_eq!(at("uid"), Value::from("6f1c"));
}

#[test]
fn an_import_takes_everything() {
    let live = object(&[]);
    let read = reconcile::read(
        &Deployment::block(),
        &Value::Null,
        &Deployment::found(&live, true).to_value(),
        &|_| true,
    );
    assert_eq!(*read.member("image"), Value::from("flink:1.20"));
    assert_eq!(
        *read.member("flink_configuration").member("rest.port"),
        Value::from("8082")
    );
    assert_eq!(*read.member("annotations"), Value::Null);
}

#[test]
fn a_create_that_lost_its_answer_means_only_what_we_have_written() {
    let prior = |uid: Option<&str>| Deployment {
        uid: Computed(uid.map(str::to_owned)),
        ..Deployment::found(&object(&[]), false)
    };
    let foreign = object(&[("/metadata/managedFields", json!([]))]);
    assert!(is_meant(&prior(None), &object(&[]), false));
    assert!(!is_meant(&prior(None), &foreign, false));
    assert!(is_meant(&prior(None), &foreign, true), "moved");
    assert!(is_meant(&prior(Some("6f1c")), &foreign, false));
}
