//! The JobManager's REST interface, through the API server's service proxy.
//!
//! Whoever can read the custom resource can mostly reach the proxy, too; no ingress is needed. Only
//! questions are asked here, nothing is changed.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::kubernetes::request::{About, Ask, Retry, segment};
use crate::kubernetes::{Cluster, KubernetesError};
use crate::text::cut_middle;

mod answers;

pub use answers::{Checkpoint, Checkpoints, Exceptions, Job, JobException, JobSummary, Overview, Vertex};

/// The JobManager of one cluster.
#[derive(Clone, Debug)]
pub struct JobManager {
    cluster: Cluster,
    namespace: String,
    service: String,
    port: u16,
}

/// A question the JobManager did not answer.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// The service has no JobManager behind it at the moment.
    #[error("the JobManager behind service {namespace}/{service} does not answer: {message}")]
    NoJobManager {
        /// Namespace of the service.
        namespace: String,
        /// Name of the service.
        service: String,
        /// What the API server says.
        message: String,
    },
    /// There is no such service: the cluster is not deployed, or deleted.
    #[error("there is no service {namespace}/{service}")]
    NoService {
        /// Namespace of the service.
        namespace: String,
        /// Name of the service.
        service: String,
    },
    /// The JobManager answers with an error.
    #[error("the JobManager refuses {path} (status {code}): {message}")]
    Refused {
        /// Path of the question.
        path: String,
        /// HTTP status: 404 for an unknown job.
        code: u16,
        /// The first sentence of its error, without the Java stack.
        message: String,
    },
    /// The answer does not have the expected shape.
    #[error("the JobManager's answer to {path} cannot be read: {reason}")]
    Malformed {
        /// Path of the question.
        path: String,
        /// Where, and what is wrong there.
        reason: String,
    },
    /// The API server cannot be reached, or does not allow it.
    #[error(transparent)]
    Kubernetes(#[from] KubernetesError),
}

impl RestError {
    /// Whether the JobManager has no such job.
    pub fn is_unknown_job(&self) -> bool {
        matches!(self, Self::Refused { code: 404, .. })
    }
}

/// Attempts at a question that meets an election of a leader.
const ATTEMPTS: u32 = 5;

impl JobManager {
    /// The JobManager behind a service.
    pub fn new(cluster: Cluster, namespace: impl Into<String>, service: impl Into<String>, port: u16) -> Self {
        Self {
            cluster,
            namespace: namespace.into(),
            service: service.into(),
            port,
        }
    }

    /// Numbers of TaskManagers, slots and jobs, and the Flink version.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn overview(&self) -> Result<Overview, RestError> {
        self.ask("overview").await
    }

    /// All jobs the JobManager knows, running or ended.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn jobs(&self) -> Result<Vec<JobSummary>, RestError> {
        #[derive(Deserialize)]
        struct Jobs {
            #[serde(default)]
            jobs: Vec<JobSummary>,
        }
        self.ask::<Jobs>("jobs/overview").await.map(|answer| answer.jobs)
    }

    /// One job with its vertices.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn job(&self, id: &str) -> Result<Job, RestError> {
        self.ask(&format!("jobs/{}", segment(id))).await
    }

    /// What made a job fail or restart, newest first.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn exceptions(&self, id: &str) -> Result<Exceptions, RestError> {
        self.ask(&format!("jobs/{}/exceptions", segment(id))).await
    }

    /// Checkpoints of a job, and what it was restored from.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn checkpoints(&self, id: &str) -> Result<Checkpoints, RestError> {
        self.ask(&format!("jobs/{}/checkpoints", segment(id))).await
    }

    /// The effective configuration of the JobManager.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn configuration(&self) -> Result<BTreeMap<String, String>, RestError> {
        #[derive(Deserialize)]
        struct Entry {
            key: String,
            value: String,
        }
        let entries: Vec<Entry> = self.ask("jobmanager/config").await?;
        Ok(entries.into_iter().map(|entry| (entry.key, entry.value)).collect())
    }

    /// Asks one question, again while a leader is being elected.
    async fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<T, RestError> {
        let about = About {
            verb: "get",
            resource: "services/proxy",
            namespace: &self.namespace,
            name: &self.service,
        };
        let url = format!(
            "/api/v1/namespaces/{}/services/{}:{}/proxy/{path}",
            segment(&self.namespace),
            segment(&self.service),
            self.port,
        );
        let mut attempt = 0;
        loop {
            let answer = self
                .cluster
                .send(Ask::new(Method::GET, url.clone()), Retry::Unanswered)
                .await
                .map_err(|error| error.into_error(&self.cluster, &about))?;
            if answer.status.is_success() {
                let mut json = serde_json::Deserializer::from_slice(&answer.body);
                return serde_path_to_error::deserialize(&mut json).map_err(|error| RestError::Malformed {
                    path: path.to_owned(),
                    reason: format!("`{}`: {}", error.path(), error.inner()),
                });
            }
            attempt += 1;
            let refusal = refusal(&answer.body);
            let electing = answer.status == StatusCode::SERVICE_UNAVAILABLE
                && refusal.as_deref().is_some_and(|text| text.contains("leader election"));
            if electing && attempt < ATTEMPTS {
                tokio::select! {
                    () = self.cluster.stop().cancelled() => {}
                    () = tokio::time::sleep(Duration::from_secs(1)) => continue,
                }
            }
            let (namespace, service) = (self.namespace.clone(), self.service.clone());
            return Err(match (refusal, answer.failure()) {
                (Some(text), _) => RestError::Refused {
                    path: path.to_owned(),
                    code: answer.status.as_u16(),
                    message: first_sentence(&text),
                },
                (None, Some(status)) if status.code == 404 => RestError::NoService { namespace, service },
                (None, Some(status)) if status.code == 503 => RestError::NoJobManager {
                    namespace,
                    service,
                    message: status.message,
                },
                _ => KubernetesError::of_answer(&answer, &self.cluster, &about).into(),
            });
        }
    }
}

/// The text of a JobManager's error, `{"errors": ["...", ...]}`.
fn refusal(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let errors = body.get("errors")?.as_array()?;
    let texts: Vec<&str> = errors
        .iter()
        .filter_map(Value::as_str)
        .filter(|text| !text.trim().is_empty())
        .collect();
    Some(texts.join("\n"))
}

/// The first line of an error, without the name of the Java class and without the stack below.
fn first_sentence(text: &str) -> String {
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && *line != "Internal server error.");
    let line = line.unwrap_or(text.trim());
    let bare = match line.split_once(": ") {
        Some((class, message)) if class.contains('.') && !class.contains(' ') => message,
        _ => line,
    };
    cut_middle(bare, 400)
}

#[cfg(test)]
mod tests;
