use super::*;
use serde_json::json;

const OURS: &str = "terraform-provider-flink";

fn metadata(managed_fields: Value) -> ObjectMeta {
    serde_json::from_value(json!({"name": "orders", "managedFields": managed_fields})).unwrap()
}

fn entry(manager: &str, operation: &str, fields: Value) -> Value {
    json!({"manager": manager, "operation": operation, "apiVersion": "flink.apache.org/v1beta1",
           "fieldsType": "FieldsV1", "fieldsV1": fields})
}

#[test]
fn who_has_set_a_field() {
    let metadata: ObjectMeta = serde_json::from_value(json!({"managedFields": [
        {"manager": "ours", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:image": {}}}},
        {"manager": "kubectl", "operation": "Update", "subresource": "scale", "fieldsType": "FieldsV1",
         "fieldsV1": {"f:spec": {"f:taskManager": {"f:replicas": {}}}}},
    ]}))
    .unwrap();
    let manager = |path: &[&str]| manager_of(&metadata, "ours", path);
    assert_eq!(
        manager(&["spec", "taskManager", "replicas"]).as_deref(),
        Some("kubectl")
    );
    assert_eq!(manager(&["spec", "image"]), None);
}

#[test]
fn takes_over_what_the_configuration_sets_and_nothing_else() {
    let metadata = metadata(json!([
        entry("kubectl-client-side-apply", "Update", json!({
            "f:metadata": {"f:annotations": {".": {}, "f:kubectl.kubernetes.io/last-applied-configuration": {}}},
            "f:spec": {".": {}, "f:image": {}, "f:restartNonce": {},
                       "f:flinkConfiguration": {".": {}, "f:state.savepoints.dir": {}, "f:other": {}},
                       "f:job": {".": {}, "f:args": {}, "f:parallelism": {}}},
        })),
        {"manager": "operator", "operation": "Update", "subresource": "status", "fieldsType": "FieldsV1",
         "fieldsV1": {"f:status": {".": {}}}},
    ]));
    let wanted = json!({
        "metadata": {"name": "orders"},
        "spec": {"image": "a", "flinkConfiguration": {"state.savepoints.dir": "b"},
                 "job": {"args": ["x"], "parallelism": 2}},
    });
    let after = taken_over(&metadata, &wanted, OURS, "flink.apache.org/v1beta1").unwrap();
    assert_eq!(after.len(), 3);
    assert_eq!(after[0].manager.as_deref(), Some(OURS));
    assert_eq!(after[0].operation.as_deref(), Some("Apply"));
    assert_eq!(
        after[0].fields_v1.as_ref().unwrap().0,
        json!({"f:spec": {".": {}, "f:image": {},
                          "f:flinkConfiguration": {".": {}, "f:state.savepoints.dir": {}},
                          "f:job": {".": {}, "f:args": {}, "f:parallelism": {}}}}),
    );
    assert_eq!(
        after[1].fields_v1.as_ref().unwrap().0,
        json!({"f:metadata": {"f:annotations": {".": {}, "f:kubectl.kubernetes.io/last-applied-configuration": {}}},
               "f:spec": {".": {}, "f:restartNonce": {}, "f:flinkConfiguration": {".": {}, "f:other": {}}}}),
    );
    assert_eq!(after[2].subresource.as_deref(), Some("status"));
}

#[test]
fn an_entry_that_is_taken_whole_disappears_and_joins_ours() {
    let metadata = metadata(json!([
        entry("helm", "Apply", json!({"f:spec": {"f:image": {}}})),
        entry(OURS, "Apply", json!({"f:spec": {"f:serviceAccount": {}}})),
    ]));
    let wanted = json!({"spec": {"image": "a", "serviceAccount": "flink"}});
    let after = taken_over(&metadata, &wanted, OURS, "v").unwrap();
    assert_eq!(after.len(), 1);
    assert_eq!(
        after[0].fields_v1.as_ref().unwrap().0,
        json!({"f:spec": {"f:image": {}, "f:serviceAccount": {}}})
    );
}

#[test]
fn nothing_to_take_over() {
    let metadata = metadata(json!([
        entry(OURS, "Apply", json!({"f:spec": {"f:image": {}}})),
        entry("kubectl-edit", "Update", json!({"f:spec": {"f:restartNonce": {}}})),
    ]));
    assert_eq!(taken_over(&metadata, &json!({"spec": {"image": "a"}}), OURS, "v"), None);
    assert_eq!(
        taken_over(&ObjectMeta::default(), &json!({"spec": {"image": "a"}}), OURS, "v"),
        None
    );
}

#[test]
fn writers_of_status_and_finalizers_are_no_managers() {
    let metadata = metadata(json!([
        entry(OURS, "Apply", json!({"f:spec": {}})),
        entry("flink-kubernetes-operator", "Update", json!({"f:metadata": {"f:finalizers": {".": {}, "v:\"x\"": {}}}})),
        {"manager": "flink-kubernetes-operator", "operation": "Update", "subresource": "status",
         "fieldsV1": {"f:status": {}}},
        entry("kubectl-edit", "Update", json!({"f:spec": {"f:image": {}}})),
        entry(OURS, "Update", json!({"f:spec": {"f:job": {}}})),
    ]));
    assert_eq!(other_managers(&metadata, OURS, &[]), ["kubectl-edit", OURS]);
}

#[test]
fn a_writer_of_the_operator_s_own_labels_is_no_manager() {
    let by = |labels: Value| {
        let metadata = metadata(json!([
            entry(OURS, "Apply", json!({"f:spec": {}})),
            entry(
                "fabric8-kubernetes-client",
                "Update",
                json!({"f:metadata": {"f:finalizers": {}, "f:labels": labels}})
            ),
        ]));
        other_managers(&metadata, OURS, &["snapshot.state", "snapshot.type"])
    };
    assert_eq!(
        by(json!({".": {}, "f:snapshot.state": {}, "f:snapshot.type": {}})),
        Vec::<String>::new()
    );
    assert_eq!(
        by(json!({"f:snapshot.state": {}, "f:team": {}})),
        ["fabric8-kubernetes-client"]
    );
}

#[test]
fn coverage_and_projection() {
    let claims = json!({"f:metadata": {"f:labels": {"f:team": {}}},
                        "f:spec": {"f:image": {}, "f:job": {".": {}, "f:args": {}}, "f:podTemplate": {}}});
    for (path, covered) in [
        (&["spec", "image"][..], true),
        (&["spec", "job"], true),
        (&["spec", "job", "state"], false),
        (&["spec", "podTemplate", "spec", "containers"], true),
        (&["metadata", "annotations"], false),
    ] {
        assert_eq!(covers(&claims, path), covered, "{path:?}");
    }
    let object = json!({"metadata": {"labels": {"team": "a", "other": "b"}, "name": "x"},
                        "spec": {"image": "i", "job": {"args": ["1"], "state": "running"}, "podTemplate": {"spec": {}}}});
    assert_eq!(
        project(&object, &claims),
        json!({"metadata": {"labels": {"team": "a"}},
               "spec": {"image": "i", "job": {"args": ["1"]}, "podTemplate": {"spec": {}}}}),
    );
    assert!(within(&claims, &object, &object));
    assert!(!within(
        &claims,
        &object,
        &json!({"metadata": {"labels": {"team": "a"}}, "spec": {"image": "i"}})
    ));
}
