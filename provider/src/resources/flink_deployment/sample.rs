//! Values for the tests of this resource, written as JSON.

use serde_json::{Value as Json, json};
use terraform_schema::{Model, Value};

use super::model::Deployment;
use crate::resources::sample::of_block;
pub use crate::resources::sample::{UNKNOWN, changed};

/// A configuration or state; what is left out is not set.
pub fn resource(json: &Json) -> Value {
    of_block(&Deployment::block(), json)
}

/// A small application that every rule likes.
pub fn application() -> Json {
    json!({
        "name": "orders",
        "service_account": "flink",
        "flink_version": "v1_20",
        "image": "registry.example.com/orders:1.0.0",
        "flink_configuration": {
            "taskmanager.numberOfTaskSlots": "2",
            "state.checkpoints.dir": "s3://flink/checkpoints",
            "state.savepoints.dir": "s3://flink/savepoints",
        },
        "job": {"jar_uri": "local:///opt/flink/usrlib/orders.jar", "parallelism": 2, "upgrade_mode": "savepoint"},
        "job_manager": {"resource": {"cpu": 1, "memory": "2g"}},
        "task_manager": {"resource": {"cpu": 1, "memory": "4g"}},
    })
}

/// The application with changes laid over it, by JSON pointer; null removes.
pub fn with(changes: &[(&str, Json)]) -> Json {
    changed(application(), changes)
}
