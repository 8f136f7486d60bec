//! What changes a job: savepoints, stop, cancel, disposal.
//!
//! Operations are asynchronous: a trigger is accepted, and its outcome asked for by its id for as long as the JobManager
//! lives and remembers it (`rest.async.store-duration`, 5 minutes). The id is given by the caller, so that a trigger whose
//! answer was lost can be sent again: the JobManager takes an id once. An operation that failed is completed, too.

use std::fmt;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{JobManager, RestError, segment, sentence};
pub use crate::operator::state_snapshot::SavepointFormat;

/// The id of an operation: 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TriggerId(String);

impl TriggerId {
    /// From its 16 bytes, which must not be those of another operation.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// From its text; `None` where that is not 32 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| Self(text.to_lowercase()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TriggerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a savepoint is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavepointRequest {
    /// The directory it goes to; without it, the one that the cluster is configured with.
    pub target_directory: Option<String>,
    /// Its format.
    pub format: SavepointFormat,
}

/// What became of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It is under way.
    InProgress,
    /// It is done: where the savepoint is, for one that writes a savepoint.
    Completed {
        /// Path of the savepoint.
        location: Option<String>,
        /// Number of the checkpoint, for one that took a checkpoint.
        checkpoint: Option<i64>,
    },
    /// It failed.
    Failed {
        /// Why, in a sentence.
        cause: String,
    },
}

impl JobManager {
    /// Takes a savepoint of a running job, which goes on. Safe to call again with the same id.
    ///
    /// # Errors
    /// See [`RestError`]; 400 where no directory is known.
    pub async fn trigger_savepoint(
        &self,
        job: &str,
        trigger: &TriggerId,
        request: &SavepointRequest,
    ) -> Result<(), RestError> {
        let mut body = json!({"cancel-job": false, "formatType": request.format, "triggerId": trigger});
        set(&mut body, "target-directory", request.target_directory.as_deref());
        self.change(&Method::POST, &format!("jobs/{}/savepoints", segment(job)), &body)
            .await
    }

    /// Takes a checkpoint of a running job. Safe to call again with the same id. Needs Flink 1.17.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn trigger_checkpoint(&self, job: &str, trigger: &TriggerId) -> Result<(), RestError> {
        // What the operator asks for, too: a full one does not lean on files of earlier ones.
        let body = json!({"checkpointType": "FULL", "triggerId": trigger});
        self.change(&Method::POST, &format!("jobs/{}/checkpoints", segment(job)), &body)
            .await
    }

    /// What became of a checkpoint that was asked for.
    ///
    /// # Errors
    /// See [`RestError`]; 404 where the JobManager does not know the id: it was started anew, or has forgotten it.
    pub async fn checkpoint_operation(&self, job: &str, trigger: &TriggerId) -> Result<Operation, RestError> {
        let path = format!("jobs/{}/checkpoints/{trigger}", segment(job));
        self.ask::<Outcome>(&path).await.map(Outcome::into_operation)
    }

    /// Stops a job with a savepoint. With `drain` it emits the end of time first, and cannot be resumed exactly. Safe to
    /// call again with the same id.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn stop_with_savepoint(
        &self,
        job: &str,
        trigger: &TriggerId,
        request: &SavepointRequest,
        drain: bool,
    ) -> Result<(), RestError> {
        let mut body = json!({"drain": drain, "formatType": request.format, "triggerId": trigger});
        set(&mut body, "targetDirectory", request.target_directory.as_deref());
        self.change(&Method::POST, &format!("jobs/{}/stop", segment(job)), &body)
            .await
    }

    /// What became of a savepoint, or of a stop with savepoint.
    ///
    /// # Errors
    /// See [`RestError`]; 404 where the JobManager does not know the id: it was started anew, or has forgotten it.
    pub async fn savepoint(&self, job: &str, trigger: &TriggerId) -> Result<Operation, RestError> {
        let path = format!("jobs/{}/savepoints/{trigger}", segment(job));
        self.ask::<Outcome>(&path).await.map(Outcome::into_operation)
    }

    /// Cancels a job. Asynchronous: its state becomes `CANCELED`.
    ///
    /// # Errors
    /// See [`RestError`]: [`RestError::is_unknown_job`], [`RestError::is_ended_job`].
    pub async fn cancel(&self, job: &str) -> Result<(), RestError> {
        let path = format!("jobs/{}?mode=cancel", segment(job));
        self.exchange(&Method::PATCH, &path, None).await.map(drop)
    }

    /// Deletes the files of a savepoint. Returns the id by which its outcome is asked for.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn dispose_savepoint(&self, location: &str) -> Result<TriggerId, RestError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        struct Accepted {
            request_id: TriggerId,
        }
        const PATH: &str = "savepoint-disposal";
        let body = json!({"savepoint-path": location}).to_string();
        let answer = self.exchange(&Method::POST, PATH, Some(body.as_bytes())).await?;
        let accepted: Accepted = serde_json::from_slice(&answer.body).map_err(|error| RestError::Malformed {
            path: PATH.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(accepted.request_id)
    }

    /// What became of a disposal.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn disposal(&self, trigger: &TriggerId) -> Result<Operation, RestError> {
        let path = format!("savepoint-disposal/{trigger}");
        self.ask::<Outcome>(&path).await.map(Outcome::into_operation)
    }

    /// Sends a change whose repetition does nothing.
    async fn change(&self, method: &Method, path: &str, body: &Value) -> Result<(), RestError> {
        let body = body.to_string();
        self.exchange(method, path, Some(body.as_bytes())).await.map(drop)
    }
}

fn set(body: &mut Value, name: &str, value: Option<&str>) {
    if let (Some(members), Some(value)) = (body.as_object_mut(), value) {
        members.insert(name.to_owned(), value.into());
    }
}

/// The answer about an operation.
#[derive(Deserialize)]
struct Outcome {
    status: Status,
    #[serde(default)]
    operation: Option<Detail>,
}

#[derive(Deserialize)]
struct Status {
    id: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Detail {
    location: Option<String>,
    // Of a checkpoint, Flink writes both in camel case.
    #[serde(rename = "checkpointId")]
    checkpoint_id: Option<i64>,
    #[serde(alias = "failureCause")]
    failure_cause: Option<Cause>,
}

/// A Java exception as Flink serialises it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Cause {
    class: String,
    stack_trace: String,
}

impl Outcome {
    fn into_operation(self) -> Operation {
        if self.status.id != "COMPLETED" {
            return Operation::InProgress;
        }
        let detail = self.operation.unwrap_or_default();
        match detail.failure_cause {
            Some(cause) if cause.stack_trace.is_empty() => Operation::Failed { cause: cause.class },
            Some(cause) => Operation::Failed {
                cause: sentence::of(&cause.stack_trace),
            },
            None => Operation::Completed {
                location: detail.location,
                checkpoint: detail.checkpoint_id,
            },
        }
    }
}

#[cfg(test)]
mod tests;
