//! Values for the tests of this resource, written as JSON.

use serde_json::{Value as Json, json};
use terraform_schema::{Model, Value};

use super::model::SessionJob;
use crate::resources::sample::{changed, of_block};

/// A configuration or state; what is left out is not set.
pub fn resource(json: &Json) -> Value {
    of_block(&SessionJob::block(), json)
}

/// A small job that every rule likes.
pub fn job() -> Json {
    json!({
        "name": "orders",
        "deployment_name": "session",
        "job": {"jar_uri": "https://repo.example.com/orders-1.0.0.jar", "parallelism": 2, "upgrade_mode": "savepoint"},
    })
}

/// The job with changes laid over it, by JSON pointer; null removes.
pub fn with(changes: &[(&str, Json)]) -> Json {
    changed(job(), changes)
}
