//! The lines of `events.jsonl` and `rest.jsonl`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One change that a watch told of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Seconds since the first step.
    pub t: f64,
    /// What happened to the object.
    #[serde(rename = "type")]
    pub change: ChangeType,
    /// The object as it was then, reduced.
    pub object: Value,
}

/// What happened to an object, in the words of a Kubernetes watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ChangeType {
    /// It is new.
    Added,
    /// It is another than before.
    Modified,
    /// It is gone; the object is the last there was.
    Deleted,
}

/// One answer of a JobManager's REST API, or of the API server in its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Seconds since the first step.
    pub t: f64,
    /// HTTP method of the question.
    pub method: String,
    /// Path and query of the question, from the root of the JobManager's REST API.
    pub path: String,
    /// Name of the `FlinkDeployment` whose JobManager was asked.
    pub cluster: String,
    /// HTTP status of the answer.
    pub status: u16,
    /// Why it was asked, where that does not show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Body of the question, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Value>,
    /// Body of the answer.
    pub body: Value,
}
