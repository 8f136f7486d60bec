//! What is kept of an object that a watch shows.
//!
//! | Kind | What is kept |
//! |---|---|
//! | the operator's kinds | everything but `managedFields` and the last applied configuration |
//! | Event | the same, if it is about one of the operator's kinds, or a warning |
//! | Pod, Deployment | labels, owners, finalizers, the operator's annotation, the essentials of the status |
//! | ConfigMap | labels, owners, and the names of its keys; not the API server's own one |
//! | any other | nothing; above all nothing of Secrets |

use serde_json::{Map, Value, json};

/// The operator's kinds.
pub const OPERATOR_KINDS: [&str; 3] = ["FlinkDeployment", "FlinkSessionJob", "FlinkStateSnapshot"];

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Says which generation of a `FlinkDeployment` a Deployment was made from.
const OPERATOR_ANNOTATION: &str = "flinkdeployment.flink.apache.org/generation";
/// Kubernetes puts it into every namespace.
const ROOT_CERTIFICATES: &str = "kube-root-ca.crt";

/// What is kept of an object; nothing if it is not recorded at all.
pub fn reduced(object: &Value) -> Option<Value> {
    match object["kind"].as_str()? {
        kind if OPERATOR_KINDS.contains(&kind) => Some(without_bookkeeping(object)),
        "Event" => is_told(object).then(|| without_bookkeeping(object)),
        "Pod" => Some(outline(object, &[("status", pod_status(&object["status"]))])),
        "Deployment" => Some(outline(
            object,
            &[
                ("spec", picked(&object["spec"], &["replicas"])),
                ("status", deployment_status(&object["status"])),
            ],
        )),
        "ConfigMap" if object["metadata"]["name"] != ROOT_CERTIFICATES => {
            let mut keys: Vec<_> = ["data", "binaryData"]
                .iter()
                .filter_map(|field| object[field].as_object())
                .flat_map(Map::keys)
                .collect();
            keys.sort();
            Some(outline(object, &[("dataKeys", json!(keys))]))
        }
        _ => None,
    }
}

/// Whether an object is recorded completely, every change of it.
pub fn is_complete(object: &Value) -> bool {
    let kind = object["kind"].as_str().unwrap_or_default();
    kind == "Event" || OPERATOR_KINDS.contains(&kind)
}

fn is_told(event: &Value) -> bool {
    let about = event["involvedObject"]["kind"].as_str().unwrap_or_default();
    OPERATOR_KINDS.contains(&about) || event["type"] == "Warning"
}

fn without_bookkeeping(object: &Value) -> Value {
    let mut object = object.clone();
    let Some(metadata) = object["metadata"].as_object_mut() else {
        return object;
    };
    metadata.remove("managedFields");
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.remove(LAST_APPLIED);
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
    object
}

/// Who the object is, and these parts.
fn outline(object: &Value, parts: &[(&str, Value)]) -> Value {
    let mut outline = picked(object, &["apiVersion", "kind"]);
    let source = &object["metadata"];
    let mut metadata = picked(
        source,
        &[
            "name",
            "namespace",
            "uid",
            "labels",
            "creationTimestamp",
            "deletionTimestamp",
            "generation",
            "finalizers",
        ],
    );
    if let Some(owners) = source["ownerReferences"].as_array() {
        let owners = owners.iter().map(|owner| picked(owner, &["kind", "name"]));
        metadata["ownerReferences"] = owners.collect();
    }
    let annotation = &source["annotations"][OPERATOR_ANNOTATION];
    if !annotation.is_null() {
        metadata["annotations"] = json!({ OPERATOR_ANNOTATION: annotation });
    }
    outline["metadata"] = metadata;
    for (name, part) in parts {
        outline[*name] = part.clone();
    }
    outline
}

fn pod_status(status: &Value) -> Value {
    let mut kept = picked(status, &["phase"]);
    kept["containerStatuses"] = each(&status["containerStatuses"], |container| {
        let mut kept = picked(container, &["name", "ready", "restartCount"]);
        kept["state"] = container_state(&container["state"], &["reason", "message", "exitCode"]);
        let last = container_state(&container["lastState"], &["reason", "exitCode"]);
        if last.as_object().is_some_and(|last| !last.is_empty()) {
            kept["lastState"] = last;
        }
        kept
    });
    kept["conditions"] = conditions(status);
    kept
}

fn container_state(state: &Value, facts: &[&str]) -> Value {
    let states = state.as_object().into_iter().flatten();
    states
        .map(|(name, state)| (name.clone(), picked(state, facts)))
        .collect::<Map<_, _>>()
        .into()
}

fn deployment_status(status: &Value) -> Value {
    let mut kept = picked(
        status,
        &[
            "replicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
            "observedGeneration",
        ],
    );
    kept["conditions"] = conditions(status);
    kept
}

fn conditions(status: &Value) -> Value {
    each(&status["conditions"], |condition| {
        picked(condition, &["type", "status", "reason", "message"])
    })
}

fn each(list: &Value, keep: impl Fn(&Value) -> Value) -> Value {
    list.as_array().into_iter().flatten().map(keep).collect()
}

/// These fields of an object, where it has them.
fn picked(object: &Value, fields: &[&str]) -> Value {
    let there = fields
        .iter()
        .filter_map(|field| Some(((*field).to_owned(), object.get(field)?.clone())));
    there
        .filter(|(_, value)| !value.is_null())
        .collect::<Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_kind_its_essentials_are_kept() {
        let metadata = json!({
            "name": "app", "namespace": "jobs", "uid": "1", "generation": 2, "resourceVersion": "7",
            "creationTimestamp": "2026-01-01T00:00:00Z", "labels": { "app": "app" },
            "annotations": { OPERATOR_ANNOTATION: "2", LAST_APPLIED: "{}" },
            "ownerReferences": [{ "kind": "FlinkDeployment", "name": "app", "uid": "2", "controller": true }],
            "managedFields": [{ "manager": "somebody" }],
        });
        let outline = json!({
            "name": "app", "namespace": "jobs", "uid": "1", "generation": 2,
            "creationTimestamp": "2026-01-01T00:00:00Z", "labels": { "app": "app" },
            "annotations": { OPERATOR_ANNOTATION: "2" },
            "ownerReferences": [{ "kind": "FlinkDeployment", "name": "app" }],
        });
        let complete = json!({
            "name": "app", "namespace": "jobs", "uid": "1", "generation": 2, "resourceVersion": "7",
            "creationTimestamp": "2026-01-01T00:00:00Z", "labels": { "app": "app" },
            "annotations": { OPERATOR_ANNOTATION: "2" },
            "ownerReferences": [{ "kind": "FlinkDeployment", "name": "app", "uid": "2", "controller": true }],
        });
        let condition = json!({ "type": "Ready", "status": "False", "lastProbeTime": null, "reason": "Waits" });
        let kept_condition = json!({ "type": "Ready", "status": "False", "reason": "Waits" });
        let about = |kind: &str, level: &str| {
            json!({ "kind": "Event", "metadata": { "name": "e", "managedFields": [] }, "type": level,
                "involvedObject": { "kind": kind, "name": "app" } })
        };
        let told = |kind: &str, level: &str| {
            json!({ "kind": "Event", "metadata": { "name": "e" }, "type": level,
                "involvedObject": { "kind": kind, "name": "app" } })
        };
        let cases = [
            (
                json!({ "kind": "FlinkDeployment", "metadata": metadata, "spec": { "image": "flink" } }),
                Some(json!({ "kind": "FlinkDeployment", "metadata": complete, "spec": { "image": "flink" } })),
            ),
            (
                json!({ "kind": "FlinkSessionJob", "metadata": { "annotations": { LAST_APPLIED: "{}" } } }),
                Some(json!({ "kind": "FlinkSessionJob", "metadata": {} })),
            ),
            (
                about("FlinkDeployment", "Normal"),
                Some(told("FlinkDeployment", "Normal")),
            ),
            (about("ReplicaSet", "Warning"), Some(told("ReplicaSet", "Warning"))),
            (about("Pod", "Normal"), None),
            (
                json!({ "kind": "Pod", "metadata": metadata, "spec": { "nodeName": "n" }, "status": {
                    "phase": "Running", "podIP": "10.0.0.1", "conditions": [condition],
                    "containerStatuses": [{
                        "name": "flink-main-container", "ready": false, "restartCount": 1, "image": "flink",
                        "state": { "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 10s" } },
                        "lastState": { "terminated": { "reason": "Error", "exitCode": 1, "message": "long" } },
                    }],
                } }),
                Some(json!({ "kind": "Pod", "metadata": outline, "status": {
                    "phase": "Running", "conditions": [kept_condition],
                    "containerStatuses": [{
                        "name": "flink-main-container", "ready": false, "restartCount": 1,
                        "state": { "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 10s" } },
                        "lastState": { "terminated": { "reason": "Error", "exitCode": 1 } },
                    }],
                } })),
            ),
            (
                json!({ "kind": "Deployment", "metadata": metadata, "spec": { "replicas": 1, "template": {} },
                    "status": { "replicas": 1, "collisionCount": 3 } }),
                Some(
                    json!({ "kind": "Deployment", "metadata": outline, "spec": { "replicas": 1 },
                    "status": { "replicas": 1, "conditions": [] } }),
                ),
            ),
            (
                json!({ "kind": "ConfigMap", "metadata": metadata, "data": { "b": "secret", "a": "" } }),
                Some(json!({ "kind": "ConfigMap", "metadata": outline, "dataKeys": ["a", "b"] })),
            ),
            (
                json!({ "kind": "ConfigMap", "metadata": { "name": ROOT_CERTIFICATES }, "data": {} }),
                None,
            ),
            (
                json!({ "kind": "Secret", "metadata": metadata, "data": { "a": "YQ==" } }),
                None,
            ),
        ];
        for (object, kept) in cases {
            assert_eq!(reduced(&object), kept, "{object}");
        }
    }
}
