//! Session jobs and snapshots, as a user of the sandbox meets them: through the API server.

use std::time::{Duration, Instant};

use acceptance_tests::flink::{Installation, Version};
use acceptance_tests::jars::JarServer;
use acceptance_tests::objects::objects;
use acceptance_tests::sandbox::{Namespace, Options, Sandbox};
use acceptance_tests::stand_in::rehearsal::Sight;
use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Event;
use kube::Client;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(180);
const SWITCH: &str = "sandbox.terraform-provider-flink";

const DEPLOYMENT: &str = "FlinkDeployment";
const SESSION_JOB: &str = "FlinkSessionJob";
const SNAPSHOT: &str = "FlinkStateSnapshot";

/// A namespace of the sandbox.
struct Stage {
    client: Client,
    namespace: Namespace,
    _sandbox: Sandbox,
}

impl Stage {
    async fn new(prefix: &str, labels: &[(&str, &str)]) -> Result<Self> {
        let sandbox = Sandbox::start(Options::acceptance("acceptance")?).await?;
        let client = sandbox.client().await?;
        let labels: Vec<_> = labels
            .iter()
            .map(|(name, value)| (format!("{SWITCH}/{name}"), *value))
            .collect();
        let labels: Vec<_> = labels.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        Ok(Self {
            namespace: sandbox.labelled_namespace(prefix, &labels).await?,
            client,
            _sandbox: sandbox,
        })
    }

    fn all(&self, kind: &str) -> Api<DynamicObject> {
        objects(&self.client, self.namespace.name(), kind)
    }

    async fn create(&self, kind: &str, name: &str, spec: Value) -> Result<()> {
        let body = json!({
            "apiVersion": "flink.apache.org/v1beta1", "kind": kind, "metadata": { "name": name }, "spec": spec,
        });
        let body = serde_json::from_value(body)?;
        self.all(kind).create(&PostParams::default(), &body).await?;
        Ok(())
    }

    async fn patch(&self, kind: &str, name: &str, change: Value) -> Result<()> {
        let patch = Patch::Merge(change);
        self.all(kind).patch(name, &PatchParams::default(), &patch).await?;
        Ok(())
    }

    async fn delete(&self, kind: &str, name: &str) -> Result<()> {
        self.all(kind).delete(name, &DeleteParams::default()).await?;
        Ok(())
    }

    /// Waits until the object looks as wanted.
    async fn until(&self, kind: &str, name: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let object = serde_json::to_value(self.all(kind).get(name).await?)?;
            if wanted(&object) {
                return Ok(object);
            }
            ensure!(
                Instant::now() < deadline,
                "{name} is not {what} in time; last seen: {}",
                object["status"]
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn until_ready(&self, cluster: &str) -> Result<()> {
        let ready = |object: &Value| object["status"]["jobManagerDeploymentStatus"] == "READY";
        self.until(DEPLOYMENT, cluster, "ready", ready).await.map(drop)
    }

    async fn until_running(&self, job: &str) -> Result<Value> {
        let running = |object: &Value| {
            let sight = Sight::of(object);
            sight.observed && sight.lifecycle == "STABLE" && sight.job == "RUNNING"
        };
        self.until(SESSION_JOB, job, "running", running).await
    }

    /// Asks a cluster's JobManager, through the API server's service proxy.
    async fn ask(&self, cluster: &str, path: &str) -> Result<Value> {
        let (namespace, service) = (self.namespace.name(), format!("{cluster}-rest:8081"));
        let uri = format!("/api/v1/namespaces/{namespace}/services/{service}/proxy{path}");
        let request = http::Request::get(uri).body(Vec::new())?;
        Ok(self.client.request(request).await?)
    }

    async fn until_completed(&self, snapshot: &str) -> Result<String> {
        let over = |object: &Value| {
            let state = object["status"]["state"].as_str().unwrap_or_default();
            matches!(state, "COMPLETED" | "FAILED" | "ABANDONED")
        };
        let object = self.until(SNAPSHOT, snapshot, "over", over).await?;
        let status = &object["status"];
        ensure!(status["state"] == "COMPLETED", "{snapshot}: {status}");
        status["path"].as_str().map(str::to_owned).context("a path")
    }

    async fn until_gone(&self, kind: &str, name: &str) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.all(kind).get_opt(name).await?.is_some() {
            ensure!(Instant::now() < deadline, "{name} does not go");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    async fn until_told(&self, kind: &str, name: &str, words: &str) -> Result<()> {
        let events: Api<Event> = Api::namespaced(self.client.clone(), self.namespace.name());
        let about = ListParams::default().fields(&format!("involvedObject.name={name},involvedObject.kind={kind}"));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let messages: Vec<_> = events
                .list(&about)
                .await?
                .into_iter()
                .map(|event| event.message)
                .collect();
            if messages.iter().flatten().any(|message| message.contains(words)) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "nobody said {words} of {name}: {messages:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn cluster() -> Value {
    json!({
        "image": "flink:1.20", "flinkVersion": "v1_20", "serviceAccount": "flink",
        "flinkConfiguration": {
            "taskmanager.numberOfTaskSlots": "4",
            "state.checkpoints.dir": "file:///flink-data/checkpoints",
            "state.savepoints.dir": "file:///flink-data/savepoints",
            "execution.checkpointing.interval": "1 s",
        },
        "jobManager": { "resource": { "memory": "900m", "cpu": 0.1 } },
        "taskManager": { "resource": { "memory": "1100m", "cpu": 0.1 } },
    })
}

fn job(cluster: &str, jar: &str, upgrade_mode: &str) -> Value {
    json!({
        "deploymentName": cluster,
        "job": { "jarURI": jar, "parallelism": 1, "upgradeMode": upgrade_mode },
    })
}

fn savepoint_of(kind: &str, name: &str, savepoint: Value) -> Value {
    json!({ "jobReference": { "kind": kind, "name": name }, "savepoint": savepoint, "backoffLimit": 0 })
}

const JAR: &str = "http://jars.example.com/TopSpeedWindowing.jar";

#[tokio::test(flavor = "multi_thread")]
async fn without_flink_session_jobs_and_snapshots_have_the_statuses_of_the_operator() -> Result<()> {
    let stage = Stage::new("session-status", &[("flink", "none")]).await?;
    stage
        .create(SESSION_JOB, "early", job("session", JAR, "savepoint"))
        .await?;
    stage
        .until_told(SESSION_JOB, "early", "Flink version null is not supported")
        .await?;
    stage.create(DEPLOYMENT, "session", cluster()).await?;
    let early = stage.until_running("early").await?;
    let id = early["status"]["jobStatus"]["jobId"].clone();

    // A savepoint of it, one that fails, and what the operator refuses.
    stage
        .create(
            SNAPSHOT,
            "kept",
            savepoint_of(SESSION_JOB, "early", json!({ "disposeOnDelete": false })),
        )
        .await?;
    let path = stage.until_completed("kept").await?;
    ensure!(path.starts_with("file:/flink-data/savepoints/savepoint-"), "{path}");
    stage
        .create(
            SNAPSHOT,
            "nowhere",
            savepoint_of(SESSION_JOB, "early", json!({ "path": "file:///proc/x" })),
        )
        .await?;
    let failed = |object: &Value| object["status"]["state"] == "FAILED";
    stage.until(SNAPSHOT, "nowhere", "failed", failed).await?;
    stage.create(SNAPSHOT, "neither", json!({})).await?;
    stage
        .until_told(SNAPSHOT, "neither", "Exactly one of checkpoint or savepoint")
        .await?;

    // Suspended with a savepoint, and resumed from it.
    stage
        .patch(
            SESSION_JOB,
            "early",
            json!({ "spec": { "job": { "state": "suspended" } } }),
        )
        .await?;
    let suspended = |object: &Value| object["status"]["lifecycleState"] == "SUSPENDED";
    let suspended = stage.until(SESSION_JOB, "early", "suspended", suspended).await?;
    ensure!(suspended["status"]["jobStatus"]["upgradeSavepointPath"].is_string());
    stage
        .patch(
            SESSION_JOB,
            "early",
            json!({ "spec": { "job": { "state": "running" } } }),
        )
        .await?;
    let resumed = stage.until_running("early").await?;
    ensure!(
        resumed["status"]["jobStatus"]["jobId"] != id,
        "a resumed job has an id of its own"
    );

    // Jars and classes that are not there, and jars that a stock operator 1.15 does not fetch.
    let lost = job("session", "http://jars.example.com/missing.jar", "stateless");
    stage.create(SESSION_JOB, "lost", lost).await?;
    let failing = |object: &Value| {
        let error = object["status"]["error"].as_str().unwrap_or_default();
        error.contains("java.io.FileNotFoundException")
    };
    stage.until(SESSION_JOB, "lost", "failing", failing).await?;
    stage.delete(SESSION_JOB, "lost").await?;
    stage.until_gone(SESSION_JOB, "lost").await?;

    // The cluster is held by its job, and goes with it.
    stage.delete(DEPLOYMENT, "session").await?;
    stage
        .until_told(
            DEPLOYMENT,
            "session",
            "The session jobs [early] should be deleted first",
        )
        .await?;
    stage.delete(SESSION_JOB, "early").await?;
    stage.until_gone(SESSION_JOB, "early").await?;
    stage.until_gone(DEPLOYMENT, "session").await?;

    // What is kept goes at once, what never had a status does not (FLINK-39356).
    stage.delete(SNAPSHOT, "kept").await?;
    stage.until_gone(SNAPSHOT, "kept").await?;
    stage.delete(SNAPSHOT, "neither").await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    ensure!(stage.all(SNAPSHOT).get_opt("neither").await?.is_some());
    stage
        .patch(SNAPSHOT, "neither", json!({ "metadata": { "finalizers": null } }))
        .await?;
    stage.until_gone(SNAPSHOT, "neither").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stock_operator_refuses_jars_from_private_networks() -> Result<()> {
    let stage = Stage::new("session-strict", &[("flink", "none"), ("artifacts", "strict")]).await?;
    stage.create(DEPLOYMENT, "session", cluster()).await?;
    stage.until_ready("session").await?;
    let cases = [
        (
            "scheme",
            "http://127.0.0.1/a.jar",
            "jarURI scheme 'http' is not in the allowlist [https]",
        ),
        (
            "host",
            "https://127.0.0.1/a.jar",
            "jarURI host '127.0.0.1' resolves to a restricted address",
        ),
        (
            "name",
            "https://jars.invalid/a.jar",
            "jarURI host 'jars.invalid' cannot be resolved",
        ),
    ];
    for (name, jar, words) in cases {
        stage
            .create(SESSION_JOB, name, job("session", jar, "stateless"))
            .await?;
        stage.until_told(SESSION_JOB, name, words).await?;
        let failed = |object: &Value| object["status"]["lifecycleState"] == "FAILED";
        stage.until(SESSION_JOB, name, "failed", failed).await?;
        stage.delete(SESSION_JOB, name).await?;
        stage.until_gone(SESSION_JOB, name).await?;
    }
    Ok(())
}

/// What a job id is in a status.
fn id_of(job: &Value) -> Result<String> {
    let id = job["status"]["jobStatus"]["jobId"].as_str();
    id.map(str::to_owned).context("a job has an id")
}

/// Where the state lies that a job began with.
fn restored(checkpoints: &Value) -> Option<&str> {
    checkpoints["latest"]["restored"]["external_path"].as_str()
}

/// Two clusters are all that the sandbox runs at once.
#[tokio::test(flavor = "multi_thread")]
async fn real_jobs_move_from_one_session_cluster_to_another_with_their_state() -> Result<()> {
    let stage = Stage::new("session-real", &[]).await?;
    let installation = tokio::task::spawn_blocking(|| Installation::ensure(Version::V1_20)).await??;
    let jars = JarServer::start(&installation).await?;
    let jar = jars.uri("TopSpeedWindowing.jar");
    stage.create(DEPLOYMENT, "first", cluster()).await?;
    stage
        .create(SESSION_JOB, "moves", job("first", &jar, "savepoint"))
        .await?;
    stage
        .create(SESSION_JOB, "stays", job("first", &jar, "stateless"))
        .await?;
    stage
        .create(SESSION_JOB, "lost", job("first", &jars.uri("lost.jar"), "stateless"))
        .await?;
    let moves = id_of(&stage.until_running("moves").await?)?;
    let stays = id_of(&stage.until_running("stays").await?)?;
    let failing = |object: &Value| {
        let error = object["status"]["error"].as_str().unwrap_or_default();
        error.contains("java.io.FileNotFoundException")
    };
    stage.until(SESSION_JOB, "lost", "failing", failing).await?;
    stage.delete(SESSION_JOB, "lost").await?;
    let overview = stage.ask("first", "/jobs/overview").await?;
    for id in [&moves, &stays] {
        let jobs = overview["jobs"].as_array().context("jobs")?;
        let running = jobs
            .iter()
            .any(|job| job["jid"] == id.as_str() && job["state"] == "RUNNING");
        ensure!(running, "{id}: {overview}");
    }

    // Both are taken for real, and one is disposed of with its object.
    let kept = savepoint_of(SESSION_JOB, "moves", json!({ "disposeOnDelete": false }));
    stage.create(SNAPSHOT, "kept", kept).await?;
    let path = stage.until_completed("kept").await?;
    let disposed = savepoint_of(SESSION_JOB, "moves", json!({ "formatType": "NATIVE" }));
    stage.create(SNAPSHOT, "disposed", disposed).await?;
    let gone = stage.until_completed("disposed").await?;
    stage.delete(SNAPSHOT, "disposed").await?;
    stage.until_gone(SNAPSHOT, "disposed").await?;
    let checkpoint = json!({ "jobReference": { "kind": SESSION_JOB, "name": "moves" }, "checkpoint": {} });
    stage.create(SNAPSHOT, "checkpoint", checkpoint).await?;
    let checkpoint = stage.until_completed("checkpoint").await?;
    ensure!(checkpoint.contains(&format!("{moves}/chk-")), "{checkpoint}");

    // Suspended, and back from its own savepoint.
    let state = |state: &str| json!({ "spec": { "job": { "state": state } } });
    stage.patch(SESSION_JOB, "moves", state("suspended")).await?;
    let suspended = |object: &Value| object["status"]["lifecycleState"] == "SUSPENDED";
    let suspended = stage.until(SESSION_JOB, "moves", "suspended", suspended).await?;
    let last = suspended["status"]["jobStatus"]["upgradeSavepointPath"].clone();
    stage.patch(SESSION_JOB, "moves", state("running")).await?;
    let moves = id_of(&stage.until_running("moves").await?)?;
    let checkpoints = stage.ask("first", &format!("/jobs/{moves}/checkpoints")).await?;
    ensure!(
        restored(&checkpoints) == last.as_str(),
        "{last}: {}",
        checkpoints["latest"]["restored"]
    );

    // Another cluster goes on from the savepoint; the one that was disposed of is of no use.
    stage.create(DEPLOYMENT, "second", cluster()).await?;
    let mut moved = job("second", &jar, "savepoint");
    moved["job"]["initialSavepointPath"] = json!(path);
    stage.create(SESSION_JOB, "moved", moved.clone()).await?;
    moved["job"]["initialSavepointPath"] = json!(gone);
    stage.create(SESSION_JOB, "empty", moved).await?;
    let moved = id_of(&stage.until_running("moved").await?)?;
    let checkpoints = stage.ask("second", &format!("/jobs/{moved}/checkpoints")).await?;
    ensure!(
        restored(&checkpoints) == Some(path.as_str()),
        "{path}: {}",
        checkpoints["latest"]["restored"]
    );
    let failing =
        |object: &Value| object["status"]["error"].is_string() || object["status"]["jobStatus"]["state"] == "FAILED";
    stage.until(SESSION_JOB, "empty", "failing", failing).await?;

    // In the right order, and in the other one: there the cluster waits.
    for name in ["moves", "stays", "empty"] {
        stage.delete(SESSION_JOB, name).await?;
    }
    for name in ["moves", "stays", "empty"] {
        stage.until_gone(SESSION_JOB, name).await?;
    }
    stage.delete(DEPLOYMENT, "first").await?;
    stage.until_gone(DEPLOYMENT, "first").await?;
    stage.delete(DEPLOYMENT, "second").await?;
    stage
        .until_told(DEPLOYMENT, "second", "The session jobs [moved] should be deleted first")
        .await?;
    stage.delete(SESSION_JOB, "moved").await?;
    stage.until_gone(SESSION_JOB, "moved").await?;
    stage.until_gone(DEPLOYMENT, "second").await
}
