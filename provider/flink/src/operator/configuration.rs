//! `flinkConfiguration`: nested or flat in the custom resource, flat text here.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use terraform_schema::UpdateClass;

/// Flattens a configuration object the way the operator does: nested keys joined with a dot, lists
/// joined with a semicolon, numbers and booleans as text, null as the text `null`.
pub fn flatten(configuration: &Map<String, Value>) -> BTreeMap<String, String> {
    let mut flat = BTreeMap::new();
    flatten_into(&mut flat, "", configuration);
    flat
}

fn flatten_into(flat: &mut BTreeMap<String, String>, prefix: &str, object: &Map<String, Value>) {
    for (name, value) in object {
        let key = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            Value::Object(nested) => flatten_into(flat, &key, nested),
            Value::Array(items) => {
                let text: Vec<String> = items.iter().map(scalar_text).collect();
                flat.insert(key, text.join(";"));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                flat.insert(key, scalar_text(value));
            }
        }
    }
}

/// The text of one value as the operator reads it: quoting does not matter.
pub fn scalar_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// What changing a configuration key does, by the operator's rules for prefixes.
pub fn key_class(key: &str) -> UpdateClass {
    if ["job.autoscaler", "parallelism.default", "kubernetes.operator"]
        .iter()
        .any(|prefix| key.starts_with(prefix))
    {
        UpdateClass::Ignored
    } else if key.starts_with("pipeline.jobvertex-parallelism-overrides") {
        UpdateClass::Scaled
    } else {
        UpdateClass::Restart
    }
}

/// Flink and operator configuration: text by key, flat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FlinkConfiguration(pub BTreeMap<String, String>);

impl Deref for FlinkConfiguration {
    type Target = BTreeMap<String, String>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl FlinkConfiguration {
    /// The directory savepoints are written to, by its Flink 1 or Flink 2 key.
    pub fn savepoint_directory(&self) -> Option<&str> {
        ["execution.checkpointing.savepoint-dir", "state.savepoints.dir"]
            .iter()
            .find_map(|key| self.get(*key))
            .map(String::as_str)
            .filter(|directory| !directory.trim().is_empty())
    }
}

impl<'de> Deserialize<'de> for FlinkConfiguration {
    /// Reads a configuration from a custom resource, however it is nested.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Object(configuration) => Ok(Self(flatten(&configuration))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(D::Error::custom("flinkConfiguration is not an object"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn flattens_like_the_operator() {
        let nested = json!({
            "state": {"checkpoints.dir": "s3://flink/checkpoints", "backend": {"type": "rocksdb"}},
            "taskmanager.numberOfTaskSlots": 2,
            "job.autoscaler.enabled": true,
            "pipeline.jars": ["a.jar", "b.jar"],
            "empty": null,
        });
        let flat = flatten(nested.as_object().unwrap());
        let expected = [
            ("empty", "null"),
            ("job.autoscaler.enabled", "true"),
            ("pipeline.jars", "a.jar;b.jar"),
            ("state.backend.type", "rocksdb"),
            ("state.checkpoints.dir", "s3://flink/checkpoints"),
            ("taskmanager.numberOfTaskSlots", "2"),
        ];
        let flat: Vec<(&str, &str)> = flat.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(flat, expected);
    }
}
