//! A JobManager of which only savepoints are asked: one job that runs, operations by their id, each carried out once.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

/// The job of a JobManager that no deployment stands for.
pub const JOB: &str = "0123456789abcdef0123456789abcdef";

/// The JobManager of one lane.
#[derive(Debug, Default)]
pub struct JobManager {
    /// The savepoints it was asked for, by the id of the operation, and how often each was looked at.
    operations: BTreeMap<String, (String, usize)>,
    /// The savepoints whose files are gone.
    disposed: BTreeSet<String>,
}

impl JobManager {
    /// How many savepoints were taken, and the files of how many were deleted.
    pub fn savepoints(&self) -> (usize, usize) {
        (self.operations.len(), self.disposed.len())
    }

    /// Answers a request. `path` begins after the JobManager's root: `jobs/overview`.
    pub fn answer(&mut self, method: &Method, path: &str, body: &Bytes, job: &str) -> (StatusCode, Value) {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let sent: Value = serde_json::from_slice(body).unwrap_or_default();
        match (method.as_str(), parts.as_slice()) {
            ("GET", ["jobs", "overview"]) => (StatusCode::OK, overview(job)),
            ("GET", ["jobs", _, "checkpoints"]) => (StatusCode::OK, json!({"history": []})),
            ("POST", ["jobs", _, "savepoints"]) => {
                let trigger = sent["triggerId"].as_str().unwrap_or_default().to_owned();
                let location = format!("file:///flink-data/savepoints/savepoint-{trigger}");
                self.operations.entry(trigger.clone()).or_insert((location, 0));
                (StatusCode::ACCEPTED, json!({"request-id": trigger}))
            }
            ("GET", ["jobs", _, "savepoints", trigger]) => match self.operations.get_mut(*trigger) {
                None => unknown(),
                Some((location, looks)) => {
                    *looks += 1;
                    // Not at the first look: whoever asks has to wait once.
                    if *looks < 2 {
                        return (StatusCode::OK, json!({"status": {"id": "IN_PROGRESS"}}));
                    }
                    let done = json!({"status": {"id": "COMPLETED"}, "operation": {"location": location}});
                    (StatusCode::OK, done)
                }
            },
            ("POST", ["savepoint-disposal"]) => {
                let path = sent["savepoint-path"].as_str().unwrap_or_default();
                self.disposed.insert(path.to_owned());
                (StatusCode::ACCEPTED, json!({"request-id": JOB}))
            }
            ("GET", ["savepoint-disposal", _]) => {
                let done = json!({"status": {"id": "COMPLETED"}, "operation": {"acknowledge": {}}});
                (StatusCode::OK, done)
            }
            _ => (StatusCode::NOT_FOUND, json!({"errors": ["Not found."]})),
        }
    }
}

fn overview(job: &str) -> Value {
    let tasks = json!({"total": 1, "running": 1});
    json!({"jobs": [{"jid": job, "name": "orders", "state": "RUNNING", "start-time": 1, "end-time": -1, "tasks": tasks}]})
}

fn unknown() -> (StatusCode, Value) {
    let text = "org.apache.flink.runtime.rest.handler.RestHandlerException: Unknown operation";
    (StatusCode::NOT_FOUND, json!({"errors": [text]}))
}
