//! Names of one cluster that are no part of a recording: hosts, registries, folders of a node.

use std::str::FromStr;

use anyhow::{Result, bail};
use serde_json::Value;

/// Pairs of what something is called in the cluster and what in the recording. In the committed recordings the node's
/// folder is `/data`, the image registry `registry.example`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replacements(Vec<Replacement>);

/// One pair, written `REAL=RECORDED`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    real: String,
    recorded: String,
}

impl FromStr for Replacement {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.split_once('=') {
            Some((real, recorded)) if !real.is_empty() && !recorded.is_empty() => Ok(Self {
                real: real.to_owned(),
                recorded: recorded.to_owned(),
            }),
            _ => bail!("write it as REAL=RECORDED, for example registry.example.com=registry.example"),
        }
    }
}

impl FromIterator<Replacement> for Replacements {
    fn from_iter<I: IntoIterator<Item = Replacement>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl Replacements {
    /// What is sent to the cluster for something in the scenario.
    pub fn to_real(&self, recorded: &Value) -> Value {
        self.0.iter().fold(recorded.clone(), |value, pair| {
            replaced(value, &pair.recorded, &pair.real)
        })
    }

    /// What is recorded of something in the cluster.
    pub fn to_recorded(&self, real: Value) -> Value {
        self.0
            .iter()
            .fold(real, |value, pair| replaced(value, &pair.real, &pair.recorded))
    }
}

fn replaced(value: Value, from: &str, to: &str) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace(from, to)),
        Value::Array(items) => items.into_iter().map(|item| replaced(item, from, to)).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, field)| (name, replaced(field, from, to)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_replaced_there_and_back() {
        let pairs = ["/srv/flink=/data", "images.corp.example.com=registry.example"];
        let replacements: Replacements = pairs.iter().map(|pair| pair.parse().unwrap()).collect();
        let recorded =
            json!({ "image": "registry.example/flink:1.20", "volumes": [{ "hostPath": { "path": "/data" } }], "n": 1 });
        let real = json!({ "image": "images.corp.example.com/flink:1.20", "volumes": [{ "hostPath": { "path": "/srv/flink" } }], "n": 1 });
        assert_eq!(replacements.to_real(&recorded), real);
        assert_eq!(replacements.to_recorded(real), recorded);
        for wrong in ["", "a", "=b", "a="] {
            assert!(wrong.parse::<Replacement>().is_err(), "{wrong}");
        }
    }
}
