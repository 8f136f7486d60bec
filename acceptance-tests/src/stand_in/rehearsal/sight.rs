//! What a client sees.

use serde_json::Value;

use crate::stand_in::status::error_class;

/// What a watching client sees of one object at one moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sight {
    /// `lifecycleState`, or nothing.
    pub lifecycle: String,
    /// `reconciliationStatus.state`.
    pub reconciliation: String,
    /// `jobStatus.state`.
    pub job: String,
    /// `jobManagerDeploymentStatus`.
    pub job_manager: String,
    /// Whether the status is about the newest spec.
    pub observed: bool,
    /// Java class of the error, without its package.
    pub error: String,
    /// Whether the object is gone.
    pub gone: bool,
}

impl Sight {
    /// What shows in an object as the API server serves it.
    pub fn of(object: &Value) -> Self {
        let text = |path: &str| {
            object
                .pointer(path)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
        Self {
            lifecycle: text("/status/lifecycleState"),
            reconciliation: text("/status/reconciliationStatus/state"),
            job: text("/status/jobStatus/state"),
            job_manager: text("/status/jobManagerDeploymentStatus"),
            observed: generation == object.pointer("/status/observedGeneration").and_then(Value::as_i64),
            error: error_class(&text("/status/error")),
            gone: false,
        }
    }

    /// The last thing seen of an object.
    pub fn gone() -> Self {
        Self {
            lifecycle: String::new(),
            reconciliation: String::new(),
            job: String::new(),
            job_manager: String::new(),
            observed: false,
            error: String::new(),
            gone: true,
        }
    }
}
