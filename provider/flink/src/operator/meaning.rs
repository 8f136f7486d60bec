//! When two values of a field mean the same to the operator.
//!
//! The operator compares text and restarts the job for a difference that means nothing. So a value
//! is sent in the spelling it already has in the cluster, and a spelling is no drift.

use serde_json::{Map, Value};

use super::configuration::{flatten, scalar_text};
use super::pod_template::PodTemplate;
use super::quantity::{Memory, Quantity};
use super::resource::FieldForm;

/// How the values of a field are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    /// An amount of memory.
    Memory,
    /// A Kubernetes quantity.
    Quantity,
    /// A pod template.
    PodTemplate,
    /// The whole configuration, however it is nested.
    Configuration,
    /// A value of the configuration: quoting does not matter.
    ConfigurationValue,
    /// Member by member, numbers by their value.
    Plain,
}

/// How the field at a path such as `["spec", "jobManager", "resource", "memory"]` is compared.
fn comparison(path: &[&str]) -> Comparison {
    match path {
        ["spec", "podTemplate"] | ["spec", "jobManager" | "taskManager", "podTemplate"] => Comparison::PodTemplate,
        ["spec", "flinkConfiguration"] => Comparison::Configuration,
        ["spec", "flinkConfiguration", ..] => Comparison::ConfigurationValue,
        ["spec", "jobManager" | "taskManager", "resource", "memory"]
        // Inside `resources`, too, the operator reads memory as a Flink memory size first.
        | ["spec", "jobManager" | "taskManager", "resources", "requests" | "limits", "memory"] => Comparison::Memory,
        ["spec", "jobManager" | "taskManager", "resource", "ephemeralStorage"]
        | ["spec", "jobManager" | "taskManager", "resources", "requests" | "limits", _] => Comparison::Quantity,
        _ => Comparison::Plain,
    }
}

/// How the value of the field at a path is built.
pub(super) fn form(path: &[&str]) -> FieldForm {
    match comparison(path) {
        Comparison::PodTemplate => FieldForm::Whole,
        Comparison::Configuration => FieldForm::Flattened,
        Comparison::Memory | Comparison::Quantity | Comparison::ConfigurationValue | Comparison::Plain => {
            FieldForm::Tree
        }
    }
}

/// The value the operator assumes where the field at a path is absent.
fn assumed(path: &[&str]) -> Option<Value> {
    match path {
        ["spec", "flinkConfiguration"] => Some(Value::Object(Map::new())),
        ["spec", "mode"] => Some("native".into()),
        ["spec", "jobManager", "replicas"] => Some(1.into()),
        ["spec", "job", "args"] => Some(Value::Array(Vec::new())),
        ["spec", "job", "state"] => Some("running".into()),
        ["spec", "job", "upgradeMode"] => Some("stateless".into()),
        ["spec", "job", "parallelism"] => Some(0.into()),
        // Of a snapshot.
        ["spec", "backoffLimit"] => Some((-1).into()),
        ["spec", "savepoint", "formatType"] => Some("CANONICAL".into()),
        ["spec", "savepoint", "disposeOnDelete"] => Some(true.into()),
        ["spec", "savepoint", "alreadyExists"] => Some(false.into()),
        ["metadata", "labels" | "annotations"] => Some(Value::Object(Map::new())),
        _ => None,
    }
}

/// Whether two values of the field at `path` mean the same to the operator. `None` and null mean
/// what the operator assumes for an absent field.
pub fn means_same(path: &[&str], left: Option<&Value>, right: Option<&Value>) -> bool {
    let default = assumed(path);
    let left = left.filter(|value| !value.is_null()).or(default.as_ref());
    let right = right.filter(|value| !value.is_null()).or(default.as_ref());
    match (left, right) {
        (None, None) => true,
        (Some(left), Some(right)) => same(path, left, right),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn same(path: &[&str], left: &Value, right: &Value) -> bool {
    if left == right {
        return true;
    }
    match comparison(path) {
        Comparison::Memory => Memory(scalar_text(left)).means_same(&Memory(scalar_text(right))),
        Comparison::Quantity => Quantity(scalar_text(left)).means_same(&Quantity(scalar_text(right))),
        Comparison::PodTemplate => PodTemplate(left.clone()).means_same(&PodTemplate(right.clone())),
        Comparison::Configuration => match (left, right) {
            (Value::Object(left), Value::Object(right)) => flatten(left) == flatten(right),
            _ => false,
        },
        Comparison::ConfigurationValue => same_configuration_value(left, right),
        Comparison::Plain => same_plain(path, left, right),
    }
}

fn same_configuration_value(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => flatten(left) == flatten(right),
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => left == right,
        _ => scalar_text(left) == scalar_text(right),
    }
}

fn same_plain(path: &[&str], left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            let names = left.keys().chain(right.keys().filter(|name| !left.contains_key(*name)));
            names.into_iter().all(|name| {
                let path: Vec<&str> = path.iter().copied().chain([name.as_str()]).collect();
                means_same(&path, left.get(name), right.get(name))
            })
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| {
                    let path: Vec<&str> = path.iter().copied().chain(["[]"]).collect();
                    same(&path, left, right)
                })
        }
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn by_the_operators_rules() {
        let memory = ["spec", "jobManager", "resource", "memory"];
        let requests = ["spec", "taskManager", "resources", "requests", "memory"];
        let cpu = ["spec", "taskManager", "resources", "limits", "cpu"];
        let key = ["spec", "flinkConfiguration", "taskmanager.numberOfTaskSlots"];
        let same: &[(&[&str], Value, Value)] = &[
            (&memory, json!("1g"), json!("1024m")),
            (&requests, json!("2048m"), json!("2Gi")),
            (&cpu, json!(2), json!("2000m")),
            (&key, json!("2"), json!(2)),
            (&["spec", "jobManager", "resource", "cpu"], json!(1), json!(1.0)),
            (&["spec", "job", "args"], Value::Null, json!([])),
            (
                &["spec", "job"],
                json!({"jarURI": "local:///a.jar"}),
                json!({"jarURI": "local:///a.jar", "state": "running", "upgradeMode": "stateless", "args": []}),
            ),
            (&["spec", "mode"], Value::Null, json!("native")),
            (&["spec", "jobManager"], json!({}), json!({"replicas": 1})),
            (
                &["spec", "flinkConfiguration"],
                json!({"state": {"checkpoints.dir": "a", "n": 1}}),
                json!({"state.checkpoints.dir": "a", "state.n": "1"}),
            ),
            (
                &["spec", "podTemplate"],
                json!({"spec": {"volumes": []}}),
                json!({"spec": {}}),
            ),
        ];
        for (path, left, right) in same {
            assert!(
                means_same(path, Some(left), Some(right)),
                "{path:?}: {left} and {right}"
            );
            assert!(
                means_same(path, Some(right), Some(left)),
                "{path:?}: {right} and {left}"
            );
        }
    }

    #[test]
    fn what_differs() {
        let differs: &[(&[&str], Value, Value)] = &[
            (
                &["spec", "jobManager", "resource", "memory"],
                json!("1g"),
                json!("1000m"),
            ),
            (&["spec", "job", "args"], json!(["a"]), json!([])),
            (&["spec", "job", "args"], json!(["a", "b"]), json!(["b", "a"])),
            (&["spec", "mode"], Value::Null, json!("standalone")),
            (&["spec", "job", "parallelism"], json!(1), Value::Null),
            (&["spec", "image"], json!("flink:1.20"), json!("flink:1.20.1")),
            (&["spec"], json!({"job": {}}), json!({})),
            (&["spec", "jobManager"], Value::Null, json!({"replicas": 1})),
        ];
        for (path, left, right) in differs {
            assert!(
                !means_same(path, Some(left), Some(right)),
                "{path:?}: {left} and {right}"
            );
        }
    }
}
