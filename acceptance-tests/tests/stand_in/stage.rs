//! One namespace of the sandbox with a deployment in it, written and looked at through the API server.

use std::time::{Duration, Instant};

use acceptance_tests::sandbox::{Namespace, Options, Sandbox};
use acceptance_tests::stand_in::rehearsal::Sight;
use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Event;
use kube::Client;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, PostParams,
};
use serde_json::{Value, json};

/// How long a start of real processes may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// One namespace and what is in it.
pub struct Stage {
    pub client: Client,
    pub deployments: Api<DynamicObject>,
    pub namespace: Namespace,
    _sandbox: Sandbox,
}

impl Stage {
    pub async fn new(prefix: &str, labels: &[(&str, &str)]) -> Result<Self> {
        Self::on(
            Sandbox::start(Options::acceptance("acceptance")?).await?,
            prefix,
            labels,
        )
        .await
    }

    pub async fn on(sandbox: Sandbox, prefix: &str, labels: &[(&str, &str)]) -> Result<Self> {
        let client = sandbox.client().await?;
        let namespace = sandbox.labelled_namespace(prefix, labels).await?;
        let deployments = Api::namespaced_with(client.clone(), namespace.name(), &resource("FlinkDeployment"));
        Ok(Self {
            client,
            deployments,
            namespace,
            _sandbox: sandbox,
        })
    }

    pub async fn create(&self, spec: Value) -> Result<()> {
        let body = json!({
            "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
            "metadata": { "name": "app" }, "spec": spec,
        });
        self.deployments
            .create(&PostParams::default(), &serde_json::from_value(body)?)
            .await?;
        Ok(())
    }

    pub async fn patch(&self, change: Value) -> Result<i64> {
        let patched = self
            .deployments
            .patch("app", &PatchParams::default(), &Patch::Merge(change))
            .await?;
        patched.metadata.generation.context("an object has a generation")
    }

    pub async fn delete(&self) -> Result<()> {
        self.deployments.delete("app", &DeleteParams::default()).await?;
        let deadline = Instant::now() + PATIENCE;
        while self.deployments.get_opt("app").await?.is_some() {
            ensure!(Instant::now() < deadline, "the deployment does not go");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Waits until the object looks as wanted.
    pub async fn until(&self, what: &str, mut wanted: impl FnMut(&Sight) -> bool) -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let object = serde_json::to_value(self.deployments.get("app").await?)?;
            let sight = Sight::of(&object);
            if wanted(&sight) {
                return Ok(object);
            }
            ensure!(Instant::now() < deadline, "not {what} in time; last seen: {sight:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the job runs with this generation of the spec.
    pub async fn until_running(&self, generation: i64) -> Result<Value> {
        let running = |sight: &Sight| sight.observed && sight.lifecycle == "STABLE" && sight.job == "RUNNING";
        let object = self.until("running", running).await?;
        ensure!(
            object["metadata"]["generation"] == generation,
            "somebody else changed the object"
        );
        Ok(object)
    }

    /// Asks the JobManager, through the API server.
    pub async fn rest(&self, path: &str) -> Result<Value> {
        self.ask("app", path).await
    }

    /// Creates a session cluster `session` with a job `session-job`.
    pub async fn create_session(&self, jar: &str) -> Result<()> {
        let mut cluster = application();
        cluster.as_object_mut().context("a spec is an object")?.remove("job");
        let job = json!({ "deploymentName": "session", "job": { "jarURI": jar, "parallelism": 1 } });
        for (kind, name, spec) in [
            ("FlinkDeployment", "session", cluster),
            ("FlinkSessionJob", "session-job", job),
        ] {
            let body = json!({
                "apiVersion": "flink.apache.org/v1beta1", "kind": kind, "metadata": { "name": name }, "spec": spec,
            });
            let objects: Api<DynamicObject> =
                Api::namespaced_with(self.client.clone(), self.namespace.name(), &resource(kind));
            objects
                .create(&PostParams::default(), &serde_json::from_value(body)?)
                .await?;
        }
        Ok(())
    }

    /// Waits until the job of [`Stage::create_session`] runs.
    pub async fn until_session_job_runs(&self) -> Result<Value> {
        let kind = resource("FlinkSessionJob");
        let jobs: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), self.namespace.name(), &kind);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let job = serde_json::to_value(jobs.get("session-job").await?)?;
            if job["status"]["jobStatus"]["state"] == "RUNNING" {
                return Ok(job);
            }
            ensure!(
                Instant::now() < deadline,
                "the session job does not run: {}",
                job["status"]
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks the JobManager of a deployment, through the API server.
    pub async fn ask(&self, cluster: &str, path: &str) -> Result<Value> {
        let namespace = self.namespace.name();
        let uri = format!("/api/v1/namespaces/{namespace}/services/{cluster}-rest:8081/proxy/{path}");
        let answer = self
            .client
            .send(hyper::Request::get(&uri).body(kube::client::Body::empty())?)
            .await?;
        let status = answer.status();
        let body = answer.into_body().collect_bytes().await?;
        ensure!(
            status.is_success(),
            "GET {uri}: {status} {}",
            String::from_utf8_lossy(&body)
        );
        Ok(serde_json::from_slice(&body)?)
    }

    pub async fn reasons(&self) -> Result<Vec<String>> {
        let events: Api<Event> = Api::namespaced(self.client.clone(), self.namespace.name());
        let events = events.list(&ListParams::default()).await?;
        Ok(events.iter().filter_map(|event| event.reason.clone()).collect())
    }
}

pub fn resource(kind: &str) -> ApiResource {
    let plural = format!("{}s", kind.to_lowercase());
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("flink.apache.org", "v1beta1", kind), &plural)
}

pub fn application() -> Value {
    json!({
        "image": "flink:1.20",
        "flinkVersion": "v1_20",
        "serviceAccount": "flink",
        "flinkConfiguration": {
            "taskmanager.numberOfTaskSlots": "2",
            "execution.checkpointing.interval": "1 s",
            "state.checkpoints.dir": "file:///flink-data/checkpoints",
            "state.savepoints.dir": "file:///flink-data/savepoints",
        },
        "jobManager": { "resource": { "memory": "900m", "cpu": 0.1 } },
        "taskManager": { "resource": { "memory": "1100m", "cpu": 0.1 } },
        "job": {
            "jarURI": "local:///opt/flink/examples/streaming/TopSpeedWindowing.jar",
            "parallelism": 1,
            "upgradeMode": "savepoint",
        },
    })
}
