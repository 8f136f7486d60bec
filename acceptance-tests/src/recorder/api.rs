//! The API server, spoken to in plain JSON, so that what it answers is recorded as it is.

use anyhow::{Context, Result, bail};
use http::{Method, Request};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::Value;

use crate::recording::{Action, StepResult};

/// In whose name scenarios are done.
const MANAGER: &str = "sandbox-record";

/// What kinds are called in paths: kind, group and version, plural, and whether it is in a namespace.
const KINDS: &[(&str, &str, &str, bool)] = &[
    ("ConfigMap", "/api/v1", "configmaps", true),
    ("Deployment", "/apis/apps/v1", "deployments", true),
    ("Event", "/api/v1", "events", true),
    (
        "FlinkDeployment",
        "/apis/flink.apache.org/v1beta1",
        "flinkdeployments",
        true,
    ),
    (
        "FlinkSessionJob",
        "/apis/flink.apache.org/v1beta1",
        "flinksessionjobs",
        true,
    ),
    (
        "FlinkStateSnapshot",
        "/apis/flink.apache.org/v1beta1",
        "flinkstatesnapshots",
        true,
    ),
    ("Namespace", "/api/v1", "namespaces", false),
    ("Pod", "/api/v1", "pods", true),
    ("Role", "/apis/rbac.authorization.k8s.io/v1", "roles", true),
    (
        "RoleBinding",
        "/apis/rbac.authorization.k8s.io/v1",
        "rolebindings",
        true,
    ),
    ("ServiceAccount", "/api/v1", "serviceaccounts", true),
];

/// The API server.
#[derive(Clone)]
pub struct Api {
    client: Client,
}

/// What the API server answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The body; a text where it is no JSON.
    pub body: Value,
}

/// Whether there is a path for objects of this kind.
pub fn is_known(kind: &str) -> bool {
    KINDS.iter().any(|(known, ..)| *known == kind)
}

/// The path of all objects of a kind in a namespace.
pub fn collection(kind: &str, namespace: &str) -> Result<String> {
    let known = KINDS.iter().find(|(known, ..)| *known == kind);
    let (_, group, plural, namespaced) =
        known.with_context(|| format!("the recorder knows no objects of kind {kind}"))?;
    Ok(if *namespaced {
        format!("{group}/namespaces/{namespace}/{plural}")
    } else {
        format!("{group}/{plural}")
    })
}

/// The path of one object.
pub fn object(kind: &str, namespace: &str, name: &str) -> Result<String> {
    Ok(format!("{}/{name}", collection(kind, namespace)?))
}

impl Reply {
    /// Whether the API server did it.
    pub fn is_accepted(&self) -> bool {
        self.status < 300
    }

    /// The answer as it is recorded.
    pub fn result(&self) -> StepResult {
        let text = |field: &str| self.body[field].as_str().map(str::to_owned);
        let accepted = self.is_accepted();
        StepResult {
            http: self.status,
            generation: self.body["metadata"]["generation"].as_i64().filter(|_| accepted),
            message: text("message").filter(|_| !accepted),
            reason: text("reason").filter(|_| !accepted),
        }
    }

    /// The body of an answer that has to be a good one.
    pub fn expect(self, what: &str) -> Result<Value> {
        if self.is_accepted() {
            return Ok(self.body);
        }
        let words = self.body["message"].as_str().unwrap_or_default();
        bail!("{what}: the API server answered {} {words}", self.status)
    }
}

impl Api {
    /// An API server that is reached so.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Its version, for example `v1.34.4`.
    pub async fn version(&self) -> Result<String> {
        let version = self.get("/version").await?.expect("ask for its version")?;
        Ok(version["gitVersion"].as_str().unwrap_or("unknown").to_owned())
    }

    /// Reads what is at a path.
    pub async fn get(&self, path: &str) -> Result<Reply> {
        self.send(Method::GET, path, None, None).await
    }

    /// Reads the objects of a list; none where there is no such kind.
    pub async fn list(&self, path: &str) -> Result<Vec<Value>> {
        let reply = self.get(path).await?;
        if reply.status == 404 {
            return Ok(Vec::new());
        }
        let body = reply.expect(&format!("list {path}"))?;
        Ok(body["items"].as_array().cloned().unwrap_or_default())
    }

    /// Merges a change into an object.
    pub async fn merge(&self, path: &str, change: &Value) -> Result<Reply> {
        let kind = Some("application/merge-patch+json");
        self.send(Method::PATCH, path, kind, Some(change)).await
    }

    /// Does something to an object, strictly. `manifest` is not needed for a deletion.
    pub async fn act(
        &self,
        action: Action,
        kind: &str,
        place: (&str, &str),
        manifest: Option<&Value>,
    ) -> Result<Reply> {
        let (namespace, name) = place;
        let strictly = format!("fieldManager={MANAGER}&fieldValidation=Strict");
        let one = object(kind, namespace, name)?;
        match action {
            Action::Create => {
                let path = format!("{}?{strictly}", collection(kind, namespace)?);
                self.send(Method::POST, &path, Some("application/json"), manifest).await
            }
            Action::Apply => {
                let path = format!("{one}?{strictly}&force=true");
                let kind = Some("application/apply-patch+yaml");
                self.send(Method::PATCH, &path, kind, manifest).await
            }
            Action::Patch => {
                let path = format!("{one}?{strictly}");
                let kind = Some("application/merge-patch+json");
                self.send(Method::PATCH, &path, kind, manifest).await
            }
            Action::Delete => self.send(Method::DELETE, &one, None, None).await,
        }
    }

    /// The changes of a collection that come after a version of it, until the API server ends the answer.
    pub async fn watch(
        &self,
        collection: &str,
        version: &str,
    ) -> Result<impl futures::Stream<Item = kube::Result<kube::api::WatchEvent<Value>>> + use<>> {
        let path = format!("{collection}?watch=true&allowWatchBookmarks=true&resourceVersion={version}");
        let request = Request::get(&path).body(Vec::new())?;
        let watch = self.client.request_events::<Value>(request).await;
        watch.with_context(|| format!("watch {collection}"))
    }

    async fn send(&self, method: Method, path: &str, kind: Option<&str>, body: Option<&Value>) -> Result<Reply> {
        let mut request = Request::builder().method(&method).uri(path);
        if let Some(kind) = kind {
            request = request.header(http::header::CONTENT_TYPE, kind);
        }
        let body = body.map(serde_json::to_vec).transpose()?.unwrap_or_default();
        let request = request
            .body(Body::from(body))
            .with_context(|| format!("ask for {path}"))?;
        let answer = self.client.send(request).await;
        let answer = answer.with_context(|| format!("{method} {path}"))?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await;
        let body = body
            .with_context(|| format!("read the answer to {method} {path}"))?
            .to_bytes();
        let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
        Ok(Reply {
            status,
            body: serde_json::from_slice(&body).unwrap_or_else(|_| text()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_are_those_of_the_api_server() {
        let cases = [
            ("Pod", "app-1", "/api/v1/namespaces/jobs/pods/app-1"),
            (
                "FlinkDeployment",
                "app",
                "/apis/flink.apache.org/v1beta1/namespaces/jobs/flinkdeployments/app",
            ),
            ("Namespace", "jobs", "/api/v1/namespaces/jobs"),
        ];
        for (kind, name, path) in cases {
            assert_eq!(object(kind, "jobs", name).unwrap(), path);
        }
        assert!(object("Secret", "jobs", "password").is_err());
    }

    #[test]
    fn an_answer_is_recorded_by_what_it_says() {
        let deployment = json!({ "kind": "FlinkDeployment", "metadata": { "generation": 3 }, "message": "no" });
        let refusal = json!({ "kind": "Status", "metadata": {}, "reason": "Invalid", "message": "spec.job" });
        let done = json!({ "kind": "Status", "metadata": {}, "status": "Success" });
        let cases = [
            (
                200,
                deployment,
                StepResult {
                    http: 200,
                    generation: Some(3),
                    ..StepResult::default()
                },
            ),
            (
                422,
                refusal,
                StepResult {
                    http: 422,
                    generation: None,
                    message: Some("spec.job".to_owned()),
                    reason: Some("Invalid".to_owned()),
                },
            ),
            (
                200,
                done,
                StepResult {
                    http: 200,
                    ..StepResult::default()
                },
            ),
        ];
        for (status, body, result) in cases {
            assert_eq!(Reply { status, body }.result(), result);
        }
    }
}
