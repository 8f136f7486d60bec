//! What goes wrong on a cluster, as a user of the sandbox meets it: through the API server, without Flink.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use acceptance_tests::objects::objects;
use acceptance_tests::sandbox::{Namespace, Options, Sandbox};
use acceptance_tests::stand_in::rehearsal::{Sight, merge};
use anyhow::{Context, Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Event, Namespace as NamespaceObject, ServiceAccount};
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(180);
const SWITCH: &str = "sandbox.terraform-provider-flink";

/// A namespace in which no Flink runs.
struct Stage {
    client: Client,
    deployments: Api<DynamicObject>,
    namespace: Namespace,
    _sandbox: Sandbox,
}

impl Stage {
    async fn new(prefix: &str) -> Result<Self> {
        let sandbox = Sandbox::start(Options::acceptance("acceptance")?).await?;
        let client = sandbox.client().await?;
        let switch = format!("{SWITCH}/flink");
        let namespace = sandbox.labelled_namespace(prefix, &[(&switch, "none")]).await?;
        Ok(Self {
            deployments: objects(&client, namespace.name(), "FlinkDeployment"),
            client,
            namespace,
            _sandbox: sandbox,
        })
    }

    async fn create(&self, name: &str, change: Value) -> Result<()> {
        let body = json!({
            "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
            "metadata": { "name": name }, "spec": application(&change),
        });
        let body = serde_json::from_value(body)?;
        self.deployments.create(&PostParams::default(), &body).await?;
        Ok(())
    }

    async fn patch(&self, name: &str, change: Value) -> Result<()> {
        let patch = Patch::Merge(change);
        self.deployments.patch(name, &PatchParams::default(), &patch).await?;
        Ok(())
    }

    async fn annotate(&self, name: &str, switch: &str, value: Value) -> Result<()> {
        let switch = format!("{SWITCH}/{switch}");
        self.patch(name, json!({ "metadata": { "annotations": { switch: value } } }))
            .await
    }

    /// Waits until the object looks as wanted.
    async fn until(&self, name: &str, what: &str, wanted: impl Fn(&Sight) -> bool) -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let object = serde_json::to_value(self.deployments.get(name).await?)?;
            let sight = Sight::of(&object);
            if wanted(&sight) {
                return Ok(object);
            }
            ensure!(
                Instant::now() < deadline,
                "{name} is not {what} in time; last seen: {sight:?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn until_stable(&self, name: &str) -> Result<Value> {
        let stable = |sight: &Sight| sight.observed && sight.lifecycle == "STABLE" && sight.job_manager == "READY";
        self.until(name, "stable", |sight| {
            stable(sight) && matches!(sight.job.as_str(), "" | "RUNNING")
        })
        .await
    }

    async fn until_gone(&self, name: &str) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.deployments.get_opt(name).await?.is_some() {
            ensure!(Instant::now() < deadline, "{name} does not go");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Names of the ConfigMaps of a cluster.
    async fn config_maps(&self, name: &str) -> Result<BTreeSet<String>> {
        let maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), self.namespace.name());
        let ours = ListParams::default().labels(&format!("app={name}"));
        Ok(maps.list(&ours).await?.iter().map(ResourceExt::name_any).collect())
    }

    async fn reasons(&self, name: &str) -> Result<Vec<String>> {
        let events: Api<Event> = Api::namespaced(self.client.clone(), self.namespace.name());
        let about = ListParams::default().fields(&format!("involvedObject.name={name}"));
        let events = events.list(&about).await?;
        Ok(events.iter().filter_map(|event| event.reason.clone()).collect())
    }
}

/// A spec with changes; `job: null` makes it a session cluster.
fn application(change: &Value) -> Value {
    let mut spec = json!({
        "image": "flink:1.20",
        "flinkVersion": "v1_20",
        "serviceAccount": "flink",
        "flinkConfiguration": {
            "execution.checkpointing.interval": "1 s",
            "state.checkpoints.dir": "file:///flink-data/checkpoints",
            "state.savepoints.dir": "file:///flink-data/savepoints",
        },
        "jobManager": { "resource": { "memory": "900m", "cpu": 0.1 } },
        "taskManager": { "resource": { "memory": "1100m", "cpu": 0.1 } },
        "job": { "jarURI": "local:///opt/flink/examples/a.jar", "parallelism": 1, "upgradeMode": "stateless" },
    });
    merge(&mut spec, change);
    spec
}

fn error(object: &Value) -> &str {
    object["status"]["error"].as_str().unwrap_or_default()
}

/// Each in an object of its own, all at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_start_says_why() -> Result<()> {
    let stage = Stage::new("stand-in-failures").await?;
    let powerless = json!({ "metadata": { "name": "powerless" } });
    let accounts: Api<ServiceAccount> = Api::namespaced(stage.client.clone(), stage.namespace.name());
    accounts
        .create(&PostParams::default(), &serde_json::from_value(powerless)?)
        .await?;
    let without_restarts = json!({ "execution.checkpointing.interval": null });
    let label = json!({ "metadata": { "labels": { "team": "not a label" } } });
    let cases = [
        ("pull", json!({ "image": "flink:does-not-exist" }), "ErrImagePull"),
        (
            "crash",
            json!({ "job": { "entryClass": "com.example.Missing" } }),
            "CrashLoopBackOff",
        ),
        ("account", json!({ "serviceAccount": "nobody" }), "FailedCreate"),
        ("rights", json!({ "serviceAccount": "powerless" }), "CrashLoopBackOff"),
        ("refused", json!({ "podTemplate": label }), "a valid label must be"),
        (
            "invalid",
            json!({ "job": { "parallelism": 0 } }),
            "Job parallelism must be larger than 0",
        ),
        (
            "unschedulable",
            json!({ "taskManager": { "resource": { "cpu": 64 } }, "flinkConfiguration": without_restarts }),
            "NoResourceAvailableException",
        ),
    ];
    for (name, change, _) in &cases {
        stage.create(name, change.clone()).await?;
    }
    for (name, _, words) in &cases {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let object = stage.until(name, "failing", |sight| !sight.error.is_empty()).await?;
            if error(&object).contains(words) {
                break;
            }
            ensure!(
                Instant::now() < deadline,
                "{name}: `{words}` is not in {}",
                error(&object)
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let rejected = stage.deployments.get("invalid").await?;
    assert!(error(&serde_json::to_value(rejected)?).contains("ValidationException"));
    // What is corrected starts.
    stage
        .patch("refused", json!({ "spec": { "podTemplate": null } }))
        .await?;
    stage.until_stable("refused").await?;
    stage
        .patch("rights", json!({ "spec": { "serviceAccount": "flink" } }))
        .await?;
    stage.until_stable("rights").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn high_availability_is_kept_in_config_maps() -> Result<()> {
    let stage = Stage::new("stand-in-ha").await?;
    let change = json!({
        "flinkConfiguration": { "high-availability.type": "kubernetes" },
        "podTemplate": { "metadata": { "labels": { "team": "data" } } },
        "job": { "upgradeMode": "last-state" },
    });
    stage.create("app", change).await?;
    let object = stage.until_stable("app").await?;
    let id = object["status"]["jobStatus"]["jobId"]
        .as_str()
        .context("a job id")?
        .to_owned();
    let job_map = format!("app-{id}-config-map");
    let all = [
        "app-cluster-config-map",
        "autoscaler-app",
        "flink-config-app",
        "pod-template-app",
        &job_map,
    ];
    let all: BTreeSet<String> = all.map(str::to_owned).into();
    assert_eq!(stage.config_maps("app").await?, all);
    let maps: Api<ConfigMap> = Api::namespaced(stage.client.clone(), stage.namespace.name());
    let deployments: Api<Deployment> = Api::namespaced(stage.client.clone(), stage.namespace.name());
    let job_manager = deployments.get("app").await?;
    assert_eq!(job_manager.owner_references()[0].kind, "FlinkDeployment");
    let before = maps.get(&job_map).await?;

    stage
        .patch("app", json!({ "spec": { "image": "flink:1.20.5" } }))
        .await?;
    let object = stage
        .until("app", "upgraded", |sight| sight.observed && sight.job == "RUNNING")
        .await?;
    assert_eq!(
        object["status"]["jobStatus"]["jobId"],
        json!(id),
        "the same job goes on"
    );
    let after = maps.get(&job_map).await?;
    assert_eq!(after.uid(), before.uid(), "kept");
    assert_ne!(deployments.get("app").await?.uid(), job_manager.uid(), "made again");
    assert_eq!(stage.config_maps("app").await?, all);

    // Somebody removes the metadata: the state of the job is then only in its checkpoint.
    maps.delete(&job_map, &DeleteParams::default()).await?;
    stage.patch("app", json!({ "spec": { "image": "flink:1.20" } })).await?;
    let running = |sight: &Sight| sight.observed && sight.lifecycle == "STABLE" && sight.job == "RUNNING";
    let object = stage.until("app", "upgraded", running).await?;
    let path = object["status"]["jobStatus"]["upgradeSavepointPath"]
        .as_str()
        .unwrap_or_default();
    assert!(path.contains("/chk-"), "{path}");

    // And somebody removes the JobManager: it comes back.
    let lost = deployments.get("app").await?;
    deployments.delete("app", &DeleteParams::background()).await?;
    let deadline = Instant::now() + PATIENCE;
    while deployments
        .get_opt("app")
        .await?
        .is_none_or(|found| found.uid() == lost.uid())
    {
        ensure!(Instant::now() < deadline, "the JobManager does not come back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(stage.reasons("app").await?.contains(&"RecoverDeployment".to_owned()));
    stage.until_stable("app").await?;

    stage.deployments.delete("app", &DeleteParams::default()).await?;
    stage.until_gone("app").await?;
    assert!(deployments.get_opt("app").await?.is_none());
    let left = stage.config_maps("app").await?;
    // The garbage collector takes the autoscaler's, when it comes to it.
    assert!(left.iter().all(|name| name == "autoscaler-app"), "{left:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn deletions_that_hang() -> Result<()> {
    let stage = Stage::new("stand-in-hangs").await?;
    let session = json!({ "job": null });
    stage.create("busy", session.clone()).await?;
    stage.create("lost", session).await?;
    let on_deletion = json!({
        "flinkConfiguration": { "kubernetes.operator.job.savepoint-on-deletion": "true" },
        "job": { "upgradeMode": "savepoint" },
    });
    stage.create("blocked", on_deletion).await?;
    for name in ["busy", "lost", "blocked"] {
        stage.until_stable(name).await?;
    }

    // A job that was run over REST holds its session cluster.
    stage
        .annotate("busy", "unmanaged-jobs", json!("10c7d43d64622fddfd8c7ba668f507a1"))
        .await?;
    stage.deployments.delete("busy", &DeleteParams::default()).await?;
    stage
        .until("busy", "deleting", |sight| sight.lifecycle == "DELETING")
        .await?;
    assert!(stage.reasons("busy").await?.contains(&"CleanupFailed".to_owned()));

    // A savepoint is asked for, and there is no job that could take it. Nothing in the status says so.
    stage.annotate("blocked", "job", json!("RESTARTING")).await?;
    stage
        .until("blocked", "restarting", |sight| sight.job == "RESTARTING")
        .await?;
    stage.deployments.delete("blocked", &DeleteParams::default()).await?;

    // While nobody looks, a JobManager is removed: its jobs are asked for until the time is up.
    stage.annotate("lost", "operator", json!("down")).await?;
    let deployments: Api<Deployment> = Api::namespaced(stage.client.clone(), stage.namespace.name());
    deployments.delete("lost", &DeleteParams::background()).await?;
    stage.deployments.delete("lost", &DeleteParams::default()).await?;
    stage.annotate("lost", "operator", Value::Null).await?;
    let deleting = stage
        .until("lost", "deleting", |sight| sight.lifecycle == "DELETING")
        .await?;
    assert_eq!(deleting["status"]["jobManagerDeploymentStatus"], "MISSING");
    stage.until_gone("lost").await?;

    let blocked = serde_json::to_value(stage.deployments.get("blocked").await?)?;
    assert_eq!(Sight::of(&blocked).lifecycle, "STABLE");
    stage.annotate("blocked", "job", Value::Null).await?;
    stage.until_gone("blocked").await?;
    assert!(stage.deployments.get_opt("busy").await?.is_some(), "it is held still");
    stage.annotate("busy", "unmanaged-jobs", Value::Null).await?;
    stage.until_gone("busy").await
}

#[tokio::test(flavor = "multi_thread")]
async fn rollback_and_scaling_in_place() -> Result<()> {
    let stage = Stage::new("stand-in-changes").await?;
    let back = json!({
        "flinkConfiguration": {
            "high-availability.type": "kubernetes",
            "kubernetes.operator.deployment.rollback.enabled": "true",
            "kubernetes.operator.deployment.readiness.timeout": "30 s",
        },
        "job": { "upgradeMode": "last-state" },
    });
    stage.create("back", back).await?;
    let reactive = json!({
        "mode": "standalone", "taskManager": { "replicas": 1 }, "flinkConfiguration": { "scheduler-mode": "reactive" },
    });
    stage.create("reactive", reactive).await?;
    stage.until_stable("back").await?;
    let object = stage.until_stable("reactive").await?;
    let id = object["status"]["jobStatus"]["jobId"].clone();

    stage
        .patch("back", json!({ "spec": { "image": "flink:does-not-exist" } }))
        .await?;
    stage
        .patch("reactive", json!({ "spec": { "taskManager": { "replicas": 2 } } }))
        .await?;
    let object = stage.until_stable("reactive").await?;
    assert_eq!(object["status"]["jobStatus"]["jobId"], id, "in place");
    assert_eq!(object["status"]["taskManager"]["replicas"], 2);
    let deployments: Api<Deployment> = Api::namespaced(stage.client.clone(), stage.namespace.name());
    assert!(deployments.get_opt("reactive-taskmanager").await?.is_some());
    let rolled_back = |sight: &Sight| sight.lifecycle == "ROLLED_BACK" && sight.job == "RUNNING";
    stage.until("back", "rolled back", rolled_back).await?;
    Ok(())
}

/// A namespace that no operator watches, until one does.
#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_is_not_watched() -> Result<()> {
    let stage = Stage::new("stand-in-unwatched").await?;
    let namespaces: Api<NamespaceObject> = Api::all(stage.client.clone());
    let label =
        |value: Value| Patch::Merge(json!({ "metadata": { "labels": { format!("{SWITCH}/operator"): value } } }));
    let parameters = PatchParams::default();
    stage.create("before", json!({})).await?;
    stage.until_stable("before").await?;
    namespaces
        .patch(stage.namespace.name(), &parameters, &label(json!("down")))
        .await?;
    // The stand-in learns of the label by a watch. An object that it takes no notice of shows that it has.
    let deadline = Instant::now() + PATIENCE;
    for number in 0.. {
        let name = format!("after-{number}");
        stage.create(&name, json!({})).await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let object = stage.deployments.get(&name).await?;
        if object.finalizers().is_empty() && object.data.get("status").is_none_or(Value::is_null) {
            break;
        }
        ensure!(Instant::now() < deadline, "the namespace is still watched");
    }
    stage.deployments.delete("before", &DeleteParams::default()).await?;
    stage
        .until("before", "left alone", |sight| sight.lifecycle == "STABLE")
        .await?;
    namespaces
        .patch(stage.namespace.name(), &parameters, &label(Value::Null))
        .await?;
    stage.until_gone("before").await
}
