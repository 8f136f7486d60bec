//! The pods that a deployment describes, as the operator would make them.

use acceptance_tests::case::Case;
use anyhow::Result;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, PostParams};
use serde_json::{Value, json};

/// The template of a process's pods as the operator makes it: the process's own laid over the common one.
pub fn pod_template(spec: &Value, process: &str) -> Option<Value> {
    let by_name = spec["flinkConfiguration"]["kubernetes.operator.pod-template.merge-arrays-by-name"] == "true";
    let (common, own) = (&spec["podTemplate"], &spec[process]["podTemplate"]);
    let mut template = common.clone();
    lay_over(&mut template, own, by_name);
    (!template.is_null()).then_some(template)
}

fn lay_over(below: &mut Value, above: &Value, by_name: bool) {
    match (below, above) {
        (_, Value::Null) => {}
        (Value::Object(below), Value::Object(above)) => {
            for (name, value) in above {
                lay_over(below.entry(name).or_insert(Value::Null), value, by_name);
            }
        }
        (Value::Array(below), Value::Array(above)) => {
            for (index, item) in above.iter().enumerate() {
                let place = if by_name && item["name"].is_string() {
                    below.iter().position(|other| other["name"] == item["name"])
                } else {
                    (index < below.len()).then_some(index)
                };
                match place {
                    Some(place) => lay_over(&mut below[place], item, by_name),
                    None => below.push(item.clone()),
                }
            }
        }
        (below, above) => *below = above.clone(),
    }
}

/// Lets the API server check a pod of this template, as far as it would run it: nothing is created.
pub async fn dry_run(case: &Case, namespace: &str, mut template: Value) -> Result<()> {
    let main = json!({ "spec": { "containers": [{ "name": "flink-main-container", "image": "flink:1.20" }] } });
    lay_over(&mut template, &main, true);
    template["metadata"]["generateName"] = json!("example-");
    let pod: Pod = serde_json::from_value(template)?;
    let dry = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    Api::namespaced(case.client().await?, namespace)
        .create(&dry, &pod)
        .await?;
    Ok(())
}
