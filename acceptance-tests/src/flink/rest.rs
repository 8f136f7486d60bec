//! The JobManager's REST API, as far as an operator needs it.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;

mod jars;
mod operations;

pub use jars::{Jar, Run};
pub use operations::Operation;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a REST request failed.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// Nobody answered, or the answer broke off.
    #[error("JobManager does not answer: {0}")]
    Unreachable(String),
    /// The JobManager refused. The text is its first error message.
    #[error("JobManager answered {status}: {message}")]
    Refused {
        /// The HTTP status.
        status: StatusCode,
        /// What the JobManager said first.
        message: String,
        /// All that it said, with Java stacks.
        details: String,
    },
    /// An operation that was accepted failed later. The text is the first line of its Java stack.
    #[error("{0}")]
    Failed(String),
    /// The answer is not what this endpoint answers.
    #[error("JobManager's answer is not understood: {0}")]
    Unexpected(String),
}

impl RestError {
    /// All that a JobManager said that refused, with Java stacks.
    pub fn details(&self) -> Option<&str> {
        match self {
            Self::Refused { details, .. } => Some(details).filter(|details| !details.is_empty()).map(String::as_str),
            Self::Unreachable(_) | Self::Failed(_) | Self::Unexpected(_) => None,
        }
    }
}

/// One job as `/jobs/overview` lists it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct JobInfo {
    /// 32 hexadecimal digits.
    #[serde(rename = "jid")]
    pub id: String,
    /// The name the program gave it.
    pub name: String,
    /// `RUNNING`, `FINISHED`, and so on.
    pub state: String,
    /// Milliseconds since the epoch.
    #[serde(rename = "start-time")]
    pub start_time: i64,
    /// Milliseconds since the epoch.
    #[serde(rename = "last-modification")]
    pub last_modification: i64,
    /// Tasks by state.
    #[serde(default)]
    pub tasks: Tasks,
}

/// How many tasks of a job are in which state.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
pub struct Tasks {
    /// All of them.
    pub total: u32,
    /// Those that run.
    pub running: u32,
    /// Those that ended well.
    pub finished: u32,
}

/// What `/overview` says about the TaskManagers.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Slots {
    /// TaskManagers that registered.
    #[serde(rename = "taskmanagers")]
    pub task_managers: usize,
    /// Slots that no job has.
    #[serde(rename = "slots-available")]
    pub available: u32,
}

/// A client for one JobManager on loopback.
#[derive(Clone, Copy, Debug)]
pub struct Rest {
    port: u16,
}

impl Rest {
    /// A client for the JobManager that listens on `127.0.0.1:port`. Does not connect.
    pub fn new(port: u16) -> Self {
        Self { port }
    }

    /// All jobs of the cluster.
    pub async fn jobs(self) -> Result<Vec<JobInfo>, RestError> {
        let answer = self.call(Method::GET, "/jobs/overview", None).await?;
        let jobs = answer.get("jobs").cloned().unwrap_or_default();
        serde_json::from_value(jobs).map_err(|error| RestError::Unexpected(error.to_string()))
    }

    /// `/config`, which the operator uses to see that a JobManager is there.
    pub async fn config(self) -> Result<Value, RestError> {
        self.call(Method::GET, "/config", None).await
    }

    /// TaskManagers that registered, and slots that no job has.
    pub async fn slots(self) -> Result<Slots, RestError> {
        let answer = self.call(Method::GET, "/overview", None).await?;
        serde_json::from_value(answer).map_err(|error| RestError::Unexpected(error.to_string()))
    }

    /// Where the last completed checkpoint or savepoint of a job lies, if there is one.
    pub async fn last_checkpoint(self, job: &str) -> Result<Option<String>, RestError> {
        let answer = self
            .call(Method::GET, &format!("/jobs/{job}/checkpoints"), None)
            .await?;
        let newest = ["completed", "savepoint", "restored"].into_iter().filter_map(|kind| {
            let snapshot = answer.pointer(&format!("/latest/{kind}"))?;
            let path = snapshot.get("external_path")?.as_str()?;
            Some((snapshot.get("id")?.as_i64()?, path.to_owned()))
        });
        Ok(newest.max_by_key(|(id, _)| *id).map(|(_, path)| path))
    }

    /// Text of the last failure of a job, with its Java stack.
    pub async fn failure(self, job: &str) -> Result<Option<String>, RestError> {
        let answer = self.call(Method::GET, &format!("/jobs/{job}/exceptions"), None).await?;
        let text = answer.pointer("/exceptionHistory/entries/0/stacktrace");
        Ok(text.and_then(Value::as_str).map(str::to_owned))
    }

    /// Asks for the job to be cancelled. The job ends some time later.
    pub async fn cancel(self, job: &str) -> Result<(), RestError> {
        self.call(Method::PATCH, &format!("/jobs/{job}?mode=cancel"), None)
            .await
            .map(drop)
    }

    /// Takes a savepoint into `directory` and stops the job. Returns the savepoint's location.
    pub async fn stop(self, job: &str, directory: &str, drain: bool, format: &str) -> Result<String, RestError> {
        let body = json!({ "targetDirectory": directory, "drain": drain, "formatType": format });
        let trigger = self
            .call(Method::POST, &format!("/jobs/{job}/stop"), Some(body))
            .await?;
        self.location(job, &trigger).await
    }

    /// Takes a savepoint into `directory`, and the job goes on. Returns the savepoint's location.
    pub async fn savepoint(self, job: &str, directory: &str, format: &str) -> Result<String, RestError> {
        let body = json!({ "target-directory": directory, "cancel-job": false, "formatType": format });
        let trigger = self
            .call(Method::POST, &format!("/jobs/{job}/savepoints"), Some(body))
            .await?;
        self.location(job, &trigger).await
    }

    /// Takes a checkpoint, and the job goes on.
    pub async fn checkpoint(self, job: &str) -> Result<(), RestError> {
        let body = json!({ "checkpointType": "FULL" });
        let trigger = self
            .call(Method::POST, &format!("/jobs/{job}/checkpoints"), Some(body))
            .await?;
        self.finished(&format!("/jobs/{job}/checkpoints"), &trigger)
            .await
            .map(drop)
    }

    /// Waits for a triggered savepoint.
    async fn location(self, job: &str, trigger: &Value) -> Result<String, RestError> {
        let operation = self.finished(&format!("/jobs/{job}/savepoints"), trigger).await?;
        let location = operation.get("location").and_then(Value::as_str);
        location
            .map(str::to_owned)
            .ok_or_else(|| RestError::Unexpected("a savepoint without a location".to_owned()))
    }

    /// Waits for an asynchronous operation. Returns its result.
    async fn finished(self, path: &str, trigger: &Value) -> Result<Value, RestError> {
        let id = trigger.get("request-id").and_then(Value::as_str);
        let id = id.ok_or_else(|| RestError::Unexpected("no request-id".to_owned()))?;
        loop {
            let answer = self.call(Method::GET, &format!("{path}/{id}"), None).await?;
            if answer.pointer("/status/id").and_then(Value::as_str) == Some("COMPLETED") {
                let operation = answer.get("operation").cloned().unwrap_or_default();
                return match cause(&operation) {
                    None => Ok(operation),
                    Some(message) => Err(RestError::Failed(message)),
                };
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn call(self, method: Method, path: &str, body: Option<Value>) -> Result<Value, RestError> {
        let text = body.map(|body| body.to_string()).unwrap_or_default();
        self.exchange(method, path, "application/json", text.into(), PATIENCE)
            .await
    }

    /// One request and its answer as JSON.
    async fn exchange(
        self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Bytes,
        patience: Duration,
    ) -> Result<Value, RestError> {
        let (status, bytes) = tokio::time::timeout(patience, self.send(method, path, content_type, body))
            .await
            .map_err(|_| RestError::Unreachable(format!("no answer within {} s", patience.as_secs())))??;
        if status.is_success() {
            return match bytes.is_empty() {
                true => Ok(Value::Null),
                false => serde_json::from_slice(&bytes).map_err(|error| RestError::Unexpected(error.to_string())),
            };
        }
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let errors = answer.get("errors").and_then(Value::as_array).into_iter().flatten();
        let errors: Vec<_> = errors.filter_map(Value::as_str).collect();
        let message = errors.first().and_then(|text| text.lines().next());
        Err(RestError::Refused {
            status,
            message: message.unwrap_or("no reason").to_owned(),
            details: errors.join(", "),
        })
    }

    async fn send(
        self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), RestError> {
        let unreachable = |error: &dyn std::error::Error| RestError::Unreachable(error.to_string());
        let stream = TcpStream::connect(("127.0.0.1", self.port))
            .await
            .map_err(|error| unreachable(&error))?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| unreachable(&error))?;
        // Ends by itself once the answer is read and the sender is dropped.
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", format!("127.0.0.1:{}", self.port))
            .header("content-type", content_type)
            .body(Full::<Bytes>::from(body))
            .map_err(|error| unreachable(&error))?;
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| unreachable(&error))?;
        let status = response.status();
        let bytes = response
            .into_body()
            .collect()
            .await
            .map_err(|error| unreachable(&error))?;
        Ok((status, bytes.to_bytes()))
    }
}

/// Why an asynchronous operation failed, if it did: the first line of its Java stack.
fn cause(operation: &Value) -> Option<String> {
    let failure = ["failure-cause", "failureCause"]
        .iter()
        .find_map(|name| operation.get(name))?;
    let stack = failure.get("stack-trace").and_then(Value::as_str).unwrap_or_default();
    Some(stack.lines().next().unwrap_or("it failed without a reason").to_owned())
}
