//! The namespace of a recording.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::api::{self, Api};
use crate::recording::Action;
use crate::sandbox::say;

/// The service account, and its role, that the operator's Helm chart makes for jobs.
const ACCOUNT: &str = "flink";
/// What gives the role to the account. Scenarios that take the rights away delete it by this name.
const BINDING: &str = "flink-edit";
/// The operator's kinds, in the order in which they are deleted: what lives on a cluster goes before it.
const DELETED_FIRST: [&str; 3] = ["FlinkSessionJob", "FlinkStateSnapshot", "FlinkDeployment"];
/// How long objects, and then the namespace, may take to go.
const PATIENCE: Duration = Duration::from_secs(60);

/// The namespace.
pub struct Stage {
    namespace: String,
}

impl Stage {
    /// Makes a namespace with the account that jobs run with, and the rights that the operator's Helm chart gives to it.
    pub async fn make(api: &Api, namespace: &str, labels: &[(String, String)]) -> Result<Self> {
        let labels: Map<_, _> = labels
            .iter()
            .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
            .collect();
        let everything = json!(["get", "list", "watch", "create", "update", "patch", "delete"]);
        let objects = [
            (
                "Namespace",
                json!({ "metadata": { "name": namespace, "labels": labels } }),
            ),
            ("ServiceAccount", json!({ "metadata": { "name": ACCOUNT } })),
            (
                "Role",
                json!({ "metadata": { "name": ACCOUNT }, "rules": [
                    { "apiGroups": [""], "resources": ["pods", "configmaps"], "verbs": everything },
                    { "apiGroups": ["apps"], "resources": ["deployments", "deployments/finalizers"], "verbs": everything },
                ] }),
            ),
            (
                "RoleBinding",
                json!({
                    "metadata": { "name": BINDING },
                    "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ACCOUNT },
                    "subjects": [{ "kind": "ServiceAccount", "name": ACCOUNT, "namespace": namespace }],
                }),
            ),
        ];
        let stage = Self {
            namespace: namespace.to_owned(),
        };
        for (kind, object) in objects {
            let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            let reply = api.act(Action::Create, kind, (namespace, &name), Some(&object)).await;
            let made = reply.and_then(|reply| reply.expect(&format!("make the {kind} {name}")));
            if let Err(error) = made {
                // Nothing of what was made stays behind. The namespace itself may be somebody else's.
                if kind != "Namespace" {
                    stage.remove(api).await.context("remove what was made")?;
                }
                return Err(error);
            }
        }
        Ok(stage)
    }

    /// Its name.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Removes it with everything in it. What does not go in time is said, with the reason.
    pub async fn remove(self, api: &Api) -> Result<()> {
        let namespace = self.namespace.as_str();
        say(format!("removes the namespace {namespace}"));
        // While the jobs' rights and the operator's way to the JobManagers are still there.
        for kind in DELETED_FIRST {
            for object in api.list(&api::collection(kind, namespace)?).await? {
                let name = object["metadata"]["name"].as_str().unwrap_or_default();
                api.act(Action::Delete, kind, (namespace, name), None).await?;
            }
            let gone = async || Ok(api.list(&api::collection(kind, namespace)?).await?.is_empty());
            if !within(PATIENCE, gone).await? {
                break;
            }
        }
        api.act(Action::Delete, "Namespace", (namespace, namespace), None)
            .await?;
        let path = api::object("Namespace", namespace, namespace)?;
        if within(PATIENCE, async || Ok(api.get(&path).await?.status == 404)).await? {
            return Ok(());
        }
        let left = api.get(&path).await?.body;
        let conditions = left["status"]["conditions"].as_array().into_iter().flatten();
        let reasons: Vec<_> = conditions
            .filter(|condition| condition["status"] == "True")
            .filter_map(|condition| condition["message"].as_str())
            .collect();
        say(format!(
            "the namespace {namespace} is still being removed. {} What the operator does not let go of goes when its finalizer is removed by hand",
            reasons.join(" ")
        ));
        Ok(())
    }
}

async fn within(patience: Duration, mut done: impl AsyncFnMut() -> Result<bool>) -> Result<bool> {
    let deadline = Instant::now() + patience;
    while !done().await? {
        if Instant::now() > deadline {
            return Ok(false);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(true)
}
