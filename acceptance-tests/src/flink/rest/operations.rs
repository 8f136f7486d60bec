//! Savepoints and checkpoints that are asked for under an id of ours, and looked at later.

use hyper::Method;
use serde_json::{Value, json};

use super::{Rest, RestError, cause};

/// How far one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It is at work.
    Working,
    /// It is done: where the savepoint lies, nothing for a checkpoint.
    Done(Option<String>),
    /// It failed: the first line of its Java stack.
    Failed(String),
}

impl Rest {
    /// Asks for a savepoint. The job goes on.
    pub async fn begin_savepoint(
        self,
        job: &str,
        trigger: &str,
        (directory, format): (&str, &str),
    ) -> Result<(), RestError> {
        let body = json!({
            "target-directory": directory, "cancel-job": false, "formatType": format, "triggerId": trigger,
        });
        self.call(Method::POST, &format!("/jobs/{job}/savepoints"), Some(body))
            .await
            .map(drop)
    }

    /// Asks for a checkpoint.
    pub async fn begin_checkpoint(self, job: &str, trigger: &str) -> Result<(), RestError> {
        let body = json!({ "checkpointType": "FULL", "triggerId": trigger });
        self.call(Method::POST, &format!("/jobs/{job}/checkpoints"), Some(body))
            .await
            .map(drop)
    }

    /// Looks at a savepoint that was asked for.
    pub async fn savepoint_operation(self, job: &str, trigger: &str) -> Result<Operation, RestError> {
        self.operation(&format!("/jobs/{job}/savepoints/{trigger}")).await
    }

    /// Looks at a checkpoint that was asked for.
    pub async fn checkpoint_operation(self, job: &str, trigger: &str) -> Result<Operation, RestError> {
        self.operation(&format!("/jobs/{job}/checkpoints/{trigger}")).await
    }

    /// Asks for the files of a savepoint to be deleted.
    pub async fn dispose(self, savepoint: &str) -> Result<(), RestError> {
        let body = json!({ "savepoint-path": savepoint });
        self.call(Method::POST, "/savepoint-disposal", Some(body))
            .await
            .map(drop)
    }

    async fn operation(self, path: &str) -> Result<Operation, RestError> {
        let answer = self.call(Method::GET, path, None).await?;
        if answer.pointer("/status/id").and_then(Value::as_str) != Some("COMPLETED") {
            return Ok(Operation::Working);
        }
        let operation = answer.get("operation").cloned().unwrap_or_default();
        Ok(match cause(&operation) {
            Some(message) => Operation::Failed(message),
            None => {
                let location = operation.get("location").and_then(Value::as_str);
                Operation::Done(location.map(str::to_owned))
            }
        })
    }
}
