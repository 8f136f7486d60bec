//! The rules of looking, creating, writing and deleting, against a scripted API server.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::operator::Manifest;
use crate::testing::{Api, Reply, Step, deployment, failure, managed, not_found, running};

mod acting;
mod arriving;
mod creating;
mod deleting;
mod looking;
mod loopback;
mod trying;
mod unbounded;
mod writing;

/// The manifest that the tests write.
fn manifest() -> Manifest {
    Manifest {
        name: "orders".into(),
        labels: [("team".to_owned(), "a".to_owned())].into(),
        annotations: Default::default(),
        spec: json!({"image": "flink:1.20", "jobManager": {"resource": {"memory": "1g"}}, "job": {"parallelism": 2}}),
    }
}

/// The claims that applying [`manifest`] leaves behind.
fn claims() -> Value {
    json!({"f:metadata": {"f:labels": {"f:team": {}}},
           "f:spec": {"f:image": {}, "f:jobManager": {"f:resource": {"f:memory": {}}}, "f:job": {"f:parallelism": {}}}})
}

/// The object as applying [`manifest`] leaves it behind.
fn written(version: &str) -> Value {
    let mut object = deployment(version, manifest().spec, Value::Null);
    object["metadata"]["labels"] = json!({"team": "a"});
    object["metadata"]["managedFields"] = json!([managed(FIELD_MANAGER, "Apply", claims())]);
    object
}
