//! Programs that are sent to a session cluster and run there.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::Method;
use hyper::body::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::{Rest, RestError};

/// How long the main method of a program may take to hand in its job.
const PATIENCE_WITH_MAIN: Duration = Duration::from_secs(120);

/// What separates the parts of an upload: no jar has it inside.
const BOUNDARY: &str = "----jar-6f1c0b1e5b0c4c1f9a4d2e7b8c3a5d90";

/// A jar that a JobManager has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jar(String);

/// How a program is run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// Its class; without it, the manifest of the jar names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry_class: Option<String>,
    /// Its arguments.
    pub program_args_list: Vec<String>,
    /// How many subtasks an operator has by default.
    pub parallelism: u32,
    /// The id the job will have: 32 hexadecimal digits.
    pub job_id: String,
    /// The savepoint or checkpoint to start from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub savepoint_path: Option<String>,
    /// Whether state in it that belongs to no operator is dropped.
    pub allow_non_restored_state: bool,
    /// Settings of the job alone. Flink knows them since 1.17.
    pub flink_configuration: BTreeMap<String, String>,
}

impl Rest {
    /// Sends a jar.
    pub async fn upload(self, name: &str, content: &[u8]) -> Result<Jar, RestError> {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"jarfile\"; filename=\"{name}\"\r\n\
             Content-Type: application/java-archive\r\n\r\n"
        );
        let tail = format!("\r\n--{BOUNDARY}--\r\n");
        let body = [head.as_bytes(), content, tail.as_bytes()].concat();
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let answer = self
            .exchange(
                Method::POST,
                "/jars/upload",
                &kind,
                Bytes::from(body),
                PATIENCE_WITH_MAIN,
            )
            .await?;
        let file = answer.get("filename").and_then(Value::as_str).unwrap_or_default();
        match file.rsplit('/').next() {
            Some(id) if !id.is_empty() => Ok(Jar(id.to_owned())),
            _ => Err(RestError::Unexpected("an upload without a filename".to_owned())),
        }
    }

    /// Runs the program of a jar. Fails where its job cannot be handed in.
    pub async fn run(self, jar: &Jar, run: &Run) -> Result<(), RestError> {
        let body = serde_json::to_vec(run).map_err(|error| RestError::Unexpected(error.to_string()))?;
        let path = format!("/jars/{}/run", jar.0);
        self.exchange(Method::POST, &path, "application/json", body.into(), PATIENCE_WITH_MAIN)
            .await
            .map(drop)
    }

    /// Removes a jar. Its jobs run on.
    pub async fn remove(self, jar: &Jar) -> Result<(), RestError> {
        self.call(Method::DELETE, &format!("/jars/{}", jar.0), None)
            .await
            .map(drop)
    }
}
