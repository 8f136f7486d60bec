//! A scripted API server for tests: it answers each request with the next step of its script, and
//! notes what it was asked.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use kube::client::Body;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::kubernetes::{Cluster, Objects};
use crate::operator::{FlinkDeployment, FlinkSessionJob};

/// A request that was received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub method: String,
    /// Path and query.
    pub path: String,
    pub body: Value,
}

/// How a request is answered.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Json(u16, Value),
    Text(u16, &'static str),
    /// 429 with a Retry-After of so many seconds.
    Busy(u64),
    /// No connection.
    Refused,
    /// The connection breaks after the request was sent.
    Cut,
    /// No answer, ever.
    Hang,
    /// A watch: its events, then whether it stays open.
    Watch(Vec<Value>, Stay),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stay {
    Open,
    Closed,
}

/// One step: the method, a part of the path, and the answer.
pub(crate) type Step = (&'static str, &'static str, Reply);

/// The server.
#[derive(Clone)]
pub(crate) struct Api {
    any_order: bool,
    steps: Arc<Mutex<VecDeque<Step>>>,
    received: Arc<Mutex<Vec<Received>>>,
    pub stop: CancellationToken,
}

impl Api {
    /// A server that answers with these steps, in this order. The last one is repeated.
    pub(crate) fn new(steps: Vec<Step>) -> Self {
        Self {
            any_order: false,
            steps: Arc::new(Mutex::new(steps.into())),
            received: Arc::default(),
            stop: CancellationToken::new(),
        }
    }

    /// The same server for questions that are asked at the same time: each step answers what it fits.
    pub(crate) fn in_any_order(mut self) -> Self {
        self.any_order = true;
        self
    }

    pub(crate) fn cluster(&self) -> Cluster {
        let api = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let api = api.clone();
            async move { api.answer(request).await }
        });
        Cluster::new(
            kube::Client::new(service, "default"),
            "https://api.example.com",
            self.stop.clone(),
        )
    }

    pub(crate) fn session_jobs(&self) -> Objects<FlinkSessionJob> {
        Objects::new(self.cluster(), "team")
    }

    pub(crate) fn objects(&self) -> Objects<FlinkDeployment> {
        Objects::new(self.cluster(), "team")
    }

    /// What was asked so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// What was asked so far, as `GET get-path` lines without queries.
    pub(crate) fn asked(&self) -> Vec<String> {
        let path = |received: &Received| received.path.rsplit('/').next().unwrap_or_default().to_owned();
        self.received()
            .iter()
            .map(|received| {
                format!(
                    "{} {}",
                    received.method,
                    path(received).split('?').next().unwrap_or_default()
                )
            })
            .collect()
    }

    async fn answer(&self, request: Request<Body>) -> Result<Response<BoxBody<Bytes, Infallible>>, io::Error> {
        let (head, body) = request.into_parts();
        let body = body.collect_bytes().await.unwrap();
        let received = Received {
            method: head.method.to_string(),
            path: head.uri.to_string(),
            body: serde_json::from_slice(&body).unwrap_or_default(),
        };
        let step = {
            let mut steps = self.steps.lock().unwrap();
            let fits = |(method, part, _): &Step| received.method == *method && received.path.contains(part);
            let at = if self.any_order {
                steps.iter().position(fits).unwrap_or_default()
            } else {
                0
            };
            if steps.len() > 1 {
                steps.remove(at).unwrap()
            } else {
                steps.front().cloned().unwrap()
            }
        };
        let (method, part, reply) = step;
        assert!(
            received.method == method && received.path.contains(part),
            "expected {method} ...{part}..., got {} {} after {:?}",
            received.method,
            received.path,
            self.asked(),
        );
        self.received.lock().unwrap().push(received);
        let full = |status: u16, text: String| {
            Response::builder()
                .status(status)
                .body(Full::new(Bytes::from(text)).boxed())
                .unwrap()
        };
        match reply {
            Reply::Json(status, body) => Ok(full(status, body.to_string())),
            Reply::Text(status, text) => Ok(full(status, text.to_owned())),
            Reply::Busy(seconds) => Ok(Response::builder()
                .status(429)
                .header("Retry-After", seconds)
                .body(Full::new(Bytes::from("{}")).boxed())
                .unwrap()),
            Reply::Refused => Err(io::Error::from(io::ErrorKind::ConnectionRefused)),
            Reply::Cut => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
            Reply::Hang => std::future::pending().await,
            Reply::Watch(events, stay) => {
                let lines = events
                    .into_iter()
                    .map(|event| Ok(http_body::Frame::data(Bytes::from(format!("{event}\n")))));
                let lines = futures::stream::iter(lines);
                let body = match stay {
                    Stay::Closed => BodyExt::boxed(StreamBody::new(lines)),
                    Stay::Open => {
                        use futures::StreamExt;
                        BodyExt::boxed(StreamBody::new(lines.chain(futures::stream::pending())))
                    }
                };
                Ok(Response::builder().status(200).body(body).unwrap())
            }
        }
    }
}

/// A Kubernetes failure.
pub(crate) fn failure(code: u16, reason: &str, message: &str, details: Value) -> Reply {
    Reply::Json(
        code,
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
               "message": message, "details": details}),
    )
}

/// "There is no such object."
pub(crate) fn not_found(name: &str) -> Reply {
    failure(
        404,
        "NotFound",
        &format!("flinkdeployments.flink.apache.org \"{name}\" not found"),
        json!({"name": name, "group": "flink.apache.org", "kind": "flinkdeployments"}),
    )
}

/// A FlinkDeployment as it comes back, with the given version, specification and status.
pub(crate) fn deployment(version: &str, spec: Value, status: Value) -> Value {
    json!({
        "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
        "metadata": {"name": "orders", "namespace": "team", "uid": "uid-1", "resourceVersion": version, "generation": 1,
                     "finalizers": ["flinkdeployments.flink.apache.org/finalizer"]},
        "spec": spec,
        "status": status,
    })
}

/// A FlinkSessionJob on the cluster `session` as it comes back, with the given version, job and status.
pub(crate) fn session_job(version: &str, job: Value, status: Value) -> Value {
    json!({
        "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkSessionJob",
        "metadata": {"name": "orders", "namespace": "team", "uid": "uid-1", "resourceVersion": version, "generation": 1,
                     "finalizers": ["flinksessionjobs.flink.apache.org/finalizer"]},
        "spec": {"deploymentName": "session", "job": job},
        "status": status,
    })
}

/// The session cluster `session`, with its JobManager in the given state.
pub(crate) fn session_cluster(job_manager: &str) -> Value {
    let mut cluster = deployment(
        "7",
        json!({}),
        json!({
            "observedGeneration": 1, "lifecycleState": "STABLE", "jobManagerDeploymentStatus": job_manager,
            "reconciliationStatus": {"state": "DEPLOYED", "lastReconciledSpec": "{\"spec\":{\"job\":null}}"},
        }),
    );
    cluster["metadata"]["name"] = json!("session");
    cluster["metadata"]["uid"] = json!("uid-7");
    cluster
}

/// The status of a running job.
pub(crate) fn running() -> Value {
    json!({
        "observedGeneration": 1, "lifecycleState": "STABLE", "jobManagerDeploymentStatus": "READY",
        "jobStatus": {"state": "RUNNING", "jobId": "a1"},
        "reconciliationStatus": {"state": "DEPLOYED", "lastReconciledSpec": "{\"spec\":{\"job\":{\"state\":\"running\"}}}"},
    })
}

/// An entry of `managedFields`.
pub(crate) fn managed(manager: &str, operation: &str, fields: Value) -> Value {
    json!({"manager": manager, "operation": operation, "apiVersion": "flink.apache.org/v1beta1",
           "fieldsType": "FieldsV1", "fieldsV1": fields})
}
