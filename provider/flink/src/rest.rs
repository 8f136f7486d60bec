//! The JobManager's REST interface: through the API server's service proxy, or straight at a URL.
//!
//! Through the proxy it works wherever `kubectl` does: whoever can read the custom resource can mostly reach the proxy,
//! too, and no ingress is needed. A URL is for an ingress, and for clusters without Kubernetes ([`Endpoint`]). What
//! changes something is in [`savepoints`] and [`snapshots`]; all else only asks.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::kubernetes::request::{About, Answer, Ask, NoAnswer, Retry, segment};
use crate::kubernetes::{Cluster, KubernetesError};

mod answers;
mod checkpoints;
mod endpoint;
mod error;
mod exceptions;
pub mod savepoints;
mod sentence;
pub mod snapshots;

pub use answers::{Job, JobSummary, Overview, TaskManager, Vertex, WebConfiguration, time};
pub use checkpoints::{Checkpoint, CheckpointConfiguration, CheckpointCounts, Checkpoints, Externalization};
pub use endpoint::{Endpoint, EndpointError};
pub use error::RestError;
pub use exceptions::{Exceptions, JobException};
pub use sentence::of as sentence;

/// The JobManager of one cluster.
#[derive(Clone, Debug)]
pub struct JobManager {
    /// Where requests go: the API server, or with a URL the JobManager itself.
    cluster: Cluster,
    way: Way,
    patience: Duration,
}

/// How the JobManager is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Way {
    /// Through the API server's proxy to a service.
    Proxy {
        namespace: String,
        service: String,
        port: u16,
    },
    /// At its own URL, which the client knows.
    Url,
}

/// How long a question that meets an election of a leader, or a job that is being prepared, is asked again. The
/// JobManager keeps its answers about a job for 3 s.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the JobManager says when the same question will be answered a moment later.
const TRANSIENT: [&str; 4] = [
    "leader election",
    // A job in state INITIALIZING has no JobMaster yet.
    "initializing",
    "FencingTokenException",
    "has not been started yet",
];

impl JobManager {
    /// The JobManager behind a service.
    pub fn new(cluster: Cluster, namespace: impl Into<String>, service: impl Into<String>, port: u16) -> Self {
        Self {
            cluster,
            way: Way::Proxy {
                namespace: namespace.into(),
                service: service.into(),
                port,
            },
            patience: PATIENCE,
        }
    }

    /// The JobManager that `client` sends its requests to.
    fn at_url(client: Cluster) -> Self {
        Self {
            cluster: client,
            way: Way::Url,
            patience: PATIENCE,
        }
    }

    /// The same JobManager, asked again for so long where the same question may soon be answered. 10 s where nothing is
    /// said.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Numbers of TaskManagers, slots and jobs, and the Flink version.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn overview(&self) -> Result<Overview, RestError> {
        self.ask("overview").await
    }

    /// What the web interface may do, and the exact Flink version.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn web_configuration(&self) -> Result<WebConfiguration, RestError> {
        self.ask("config").await
    }

    /// The effective configuration of the JobManager. Flink itself hides the values of secret keys.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn configuration(&self) -> Result<BTreeMap<String, String>, RestError> {
        #[derive(Deserialize)]
        struct Entry {
            key: String,
            #[serde(default)]
            value: String,
        }
        let entries: Vec<Entry> = self.ask("jobmanager/config").await?;
        Ok(entries.into_iter().map(|entry| (entry.key, entry.value)).collect())
    }

    /// The TaskManagers that are registered, by id.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn task_managers(&self) -> Result<Vec<TaskManager>, RestError> {
        #[derive(Deserialize)]
        struct TaskManagers {
            #[serde(default)]
            taskmanagers: Vec<TaskManager>,
        }
        let mut found = self.ask::<TaskManagers>("taskmanagers").await?.taskmanagers;
        found.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(found)
    }

    /// All jobs the JobManager knows, running or ended, in the order in which they started.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn jobs(&self) -> Result<Vec<JobSummary>, RestError> {
        #[derive(Deserialize)]
        struct Jobs {
            #[serde(default)]
            jobs: Vec<JobSummary>,
        }
        let mut jobs = self.ask::<Jobs>("jobs/overview").await?.jobs;
        jobs.sort_by(|a, b| (a.start_time, &a.jid).cmp(&(b.start_time, &b.jid)));
        Ok(jobs)
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

    /// Checkpoints of a job, and what it was restored from. A job without checkpointing has none.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn checkpoints(&self, id: &str) -> Result<Checkpoints, RestError> {
        match self.ask(&format!("jobs/{}/checkpoints", segment(id))).await {
            Err(error) if error.is_without_checkpointing() => Ok(Checkpoints::default()),
            answer => answer,
        }
    }

    /// How a job takes checkpoints; `None` where it takes none.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn checkpoint_configuration(&self, id: &str) -> Result<Option<CheckpointConfiguration>, RestError> {
        match self.ask(&format!("jobs/{}/checkpoints/config", segment(id))).await {
            Err(error) if error.is_without_checkpointing() => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// One checkpoint, by its number. The JobManager remembers the last ten (`web.checkpoints.history`).
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn checkpoint(&self, id: &str, checkpoint: i64) -> Result<Checkpoint, RestError> {
        self.ask(&format!("jobs/{}/checkpoints/details/{checkpoint}", segment(id)))
            .await
    }

    /// Asks one question, again while the JobManager is not ready to answer it.
    async fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<T, RestError> {
        let answer = self.exchange(&Method::GET, path, None).await?;
        serde_json::from_slice(&answer.body).map_err(|error| RestError::Malformed {
            path: path.to_owned(),
            reason: error.to_string(),
        })
    }

    /// Sends a request that may be sent more than once, and returns the answer of a success.
    async fn exchange(&self, method: &Method, path: &str, body: Option<&[u8]>) -> Result<Answer, RestError> {
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(500))
            .with_max_delay(Duration::from_secs(2))
            .with_factor(1.5)
            .without_max_times()
            .with_total_delay(Some(self.patience))
            .build();
        loop {
            let mut ask = Ask::new(method.clone(), self.path(path));
            if let Some(body) = body {
                ask = ask.body("application/json", body.to_vec());
            }
            let answer = match self.cluster.send(ask, Retry::Unanswered).await {
                Ok(answer) if answer.status.is_success() => return Ok(answer),
                Ok(answer) => answer,
                Err(no_answer) => return Err(self.no_answer(no_answer, method, path)),
            };
            if self.is_transient(&answer)
                && let Some(pause) = pauses.next()
            {
                tracing::debug!(path, pause = ?pause, "the JobManager is not ready to answer; asking again");
                tokio::select! {
                    () = self.cluster.stop().cancelled() => {
                        return Err(self.no_answer(NoAnswer::Stopped, method, path));
                    }
                    () = tokio::time::sleep(pause) => continue,
                }
            }
            return Err(self.failure(&answer, method, path));
        }
    }

    /// The path of a request. `path` may have a query.
    fn path(&self, path: &str) -> String {
        match &self.way {
            Way::Proxy {
                namespace,
                service,
                port,
            } => format!(
                "/api/v1/namespaces/{}/services/{}:{port}/proxy/{path}",
                segment(namespace),
                segment(service)
            ),
            Way::Url => format!("/{path}"),
        }
    }

    fn is_transient(&self, answer: &Answer) -> bool {
        match error::refusal(&answer.body) {
            Some(text) => answer.status.is_server_error() && TRANSIENT.iter().any(|words| text.contains(words)),
            // An ingress whose JobManager is being replaced. The API server's own 503 is definite: it knows the pods.
            None => {
                self.way == Way::Url
                    && [
                        StatusCode::TOO_MANY_REQUESTS,
                        StatusCode::BAD_GATEWAY,
                        StatusCode::SERVICE_UNAVAILABLE,
                        StatusCode::GATEWAY_TIMEOUT,
                    ]
                    .contains(&answer.status)
            }
        }
    }

    /// Why there is no answer.
    fn no_answer(&self, no_answer: NoAnswer, method: &Method, path: &str) -> RestError {
        match &self.way {
            Way::Proxy { namespace, service, .. } => {
                RestError::Kubernetes(no_answer.into_error(&self.cluster, &about(method, namespace, service)))
            }
            Way::Url => RestError::of_no_answer(no_answer, self.to_string(), path),
        }
    }

    /// The error of an answer that is not a success.
    fn failure(&self, answer: &Answer, method: &Method, path: &str) -> RestError {
        if let Some(text) = error::refusal(&answer.body) {
            return RestError::Refused {
                path: path.to_owned(),
                code: answer.status.as_u16(),
                // What was asked wrongly is said in the first line; what went wrong inside, by the innermost cause.
                message: if answer.status.is_server_error() {
                    sentence::of(&text)
                } else {
                    sentence::message(&text).to_owned()
                },
            };
        }
        match &self.way {
            Way::Url => RestError::of_foreign_answer(answer.status, self.to_string()),
            Way::Proxy { namespace, service, .. } => match answer.failure() {
                Some(status) if status.code == 404 => RestError::NoService {
                    namespace: namespace.clone(),
                    service: service.clone(),
                },
                Some(status) if status.code == 503 => RestError::NoJobManager {
                    job_manager: self.to_string(),
                    message: status.message,
                },
                _ => KubernetesError::of_answer(answer, &self.cluster, &about(method, namespace, service)).into(),
            },
        }
    }
}

/// The request as a role sees it.
fn about<'a>(method: &Method, namespace: &'a str, service: &'a str) -> About<'a> {
    About {
        verb: match *method {
            Method::POST => "create",
            Method::PATCH => "patch",
            _ => "get",
        },
        resource: "services/proxy",
        namespace,
        name: service,
    }
}

impl fmt::Display for JobManager {
    /// Where it is: `behind service team/orders-rest`, `at https://flink.example.com`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.way {
            Way::Proxy { namespace, service, .. } => write!(f, "behind service {namespace}/{service}"),
            Way::Url => write!(f, "at {}", self.cluster.server().trim_end_matches('/')),
        }
    }
}

#[cfg(test)]
mod tests;
