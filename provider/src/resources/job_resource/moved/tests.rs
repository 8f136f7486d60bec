use serde_json::json;
use terraform_schema::Model;

use super::*;
use crate::resources::flink_deployment::model::Deployment;
use crate::resources::flink_session_job::model::SessionJob;

const YAML: &str = "\
apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata:
  name: orders
  namespace: data-team
  labels: { team: data }
spec:
  image: registry.example.com/orders:1.4.2
  flinkVersion: v1_20
  serviceAccount: flink
  flinkConfiguration:
    taskmanager.numberOfTaskSlots: 2
  jobManager: { resource: { cpu: 0.5, memory: 2048m } }
  job: { jarURI: local:///opt/flink/usrlib/orders.jar, parallelism: 4, upgradeMode: savepoint }
";

fn manifest() -> Json {
    serde_saphyr::from_str(YAML).unwrap()
}

/// States as the versions of these providers write them that are in use.
fn states() -> [(&'static str, &'static str, Json); 4] {
    let kubectl = |more: &[(&str, Json)]| {
        let mut state = json!({
            "api_version": "flink.apache.org/v1beta1", "apply_only": false, "field_manager": "kubectl",
            "force_conflicts": false, "force_new": false,
            "id": "/apis/flink.apache.org/v1beta1/namespaces/data-team/flinkdeployments/orders",
            "ignore_fields": null, "kind": "FlinkDeployment", "live_manifest_incluster": "0f9b", "live_uid": "u-1",
            "name": "orders", "namespace": "data-team", "override_namespace": null, "sensitive_fields": null,
            "server_side_apply": false, "timeouts": null, "uid": "u-1", "validate_schema": true, "wait": null,
            "wait_for_rollout": true, "yaml_body": YAML, "yaml_body_parsed": YAML, "yaml_incluster": "0f9b",
        });
        for (name, value) in more {
            state[*name] = value.clone();
        }
        state
    };
    let mut object = manifest();
    object["metadata"]["uid"] = json!("u-1");
    object["metadata"]["generation"] = Json::Null;
    object["spec"]["podTemplate"] = Json::Null;
    [
        (
            "registry.terraform.io/hashicorp/kubernetes",
            "kubernetes_manifest",
            json!({
                "computed_fields": null, "field_manager": [],
                "manifest": {"value": manifest(), "type": ["object", {"kind": "string"}]},
                "object": {"value": object, "type": ["object", {"kind": "string"}]},
                "timeouts": [], "wait": [], "wait_for": null,
            }),
        ),
        (
            "registry.terraform.io/gavinbunney/kubectl",
            "kubectl_manifest",
            kubectl(&[]),
        ),
        (
            "registry.terraform.io/alekc/kubectl",
            "kubectl_manifest",
            kubectl(&[
                ("delete_cascade", Json::Null),
                ("upgrade_api_version", json!(false)),
                ("wait_for", json!([])),
            ]),
        ),
        (
            "registry.terraform.io/jmorris0x0/k8sconnect",
            "k8sconnect_object",
            json!({
                "id": "1f2e", "yaml_body": YAML, "cluster": {"host": "https://cluster.example.com"},
                "object_ref": {
                    "api_version": "flink.apache.org/v1beta1", "kind": "FlinkDeployment", "name": "orders",
                    "namespace": "data-team",
                },
                "managed_state_projection": {"spec.job.parallelism": "4"}, "field_ownership": {},
                "delete_protection": false, "delete_timeout": null, "force_destroy": false, "ignore_fields": null,
            }),
        ),
    ]
}

fn source((provider, type_name, state): &(&str, &str, Json)) -> MovedState {
    MovedState {
        provider_address: (*provider).to_owned(),
        type_name: (*type_name).to_owned(),
        schema_version: 1,
        state: state.clone(),
    }
}

#[test]
fn each_state_is_the_same_deployment() {
    let expected = manifest::read::<Deployment>(&manifest()).unwrap();
    for state in states() {
        let moved: Deployment = from(&source(&state)).unwrap().unwrap();
        let uid = (state.1 != "k8sconnect_object").then_some("u-1");
        assert_eq!(moved.uid(), uid, "{}", state.0);
        assert_eq!(moved.id(), "data-team/orders", "{}", state.0);
        assert!(!moved.is_ready());
        assert_eq!(
            moved.to_value(),
            expected.clone().taken_over(uid.map(str::to_owned)).to_value(),
            "{}",
            state.0
        );
    }
}

#[test]
fn the_namespace_is_where_the_object_is() {
    for (_, type_name, mut state) in states() {
        let nowhere = YAML.replace("  namespace: data-team\n", "");
        if type_name == "kubernetes_manifest" {
            state["manifest"]["value"]["metadata"]["namespace"] = Json::Null;
        } else {
            state["yaml_body"] = json!(nowhere);
        }
        let moved: Deployment = from(&source(&("", type_name, state.clone()))).unwrap().unwrap();
        assert_eq!(moved.namespace(), "data-team", "{type_name}");
        if type_name == "kubectl_manifest" {
            state["override_namespace"] = json!("elsewhere");
            let moved: Deployment = from(&source(&("", type_name, state))).unwrap().unwrap();
            assert_eq!(moved.namespace(), "elsewhere");
        }
    }
}

#[test]
fn another_kind_or_another_resource_is_not_taken() {
    for state in states() {
        let refused = from::<SessionJob>(&source(&state)).unwrap_err();
        let detail = &refused.iter().next().unwrap().detail;
        assert!(
            detail.contains("of kind `FlinkDeployment`") && detail.contains("flink_session_job"),
            "{detail}"
        );
    }
    let other = source(&("registry.terraform.io/hashicorp/helm", "helm_release", json!({})));
    assert!(from::<Deployment>(&other).unwrap().is_none());
}
