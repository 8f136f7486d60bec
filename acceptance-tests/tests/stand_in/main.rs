//! The stand-in operator in the sandbox, seen from a client of the API server.

mod stage;

use std::time::{Duration, Instant};

use acceptance_tests::flink::{Installation, Version};
use acceptance_tests::jars::JarServer;
use acceptance_tests::sandbox::{self, Options, Sandbox};
use acceptance_tests::stand_in::rehearsal::Sight;
use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::{Namespace as NamespaceObject, Pod, Service};
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use stage::{PATIENCE, Stage, application, resource};

fn job_id(object: &Value) -> Result<String> {
    let id = object["status"]["jobStatus"]["jobId"].as_str();
    id.map(str::to_owned).context("a job id")
}

const STATUS_ONLY: (&str, &str) = ("sandbox.terraform-provider-flink/flink", "none");

#[tokio::test(flavor = "multi_thread")]
async fn a_real_job_runs_and_is_upgraded_suspended_resumed_and_deleted() -> Result<()> {
    let stage = Stage::new("stand-in-real", &[]).await?;
    stage.create(application()).await?;
    let object = stage.until_running(1).await?;
    let first = object["status"]["jobStatus"]["jobId"]
        .as_str()
        .context("a job id")?
        .to_owned();
    let overview = stage.rest("overview").await?;
    assert_eq!(
        (&overview["jobs-running"], &overview["slots-total"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(stage.rest("jobs").await?["jobs"][0]["id"], json!(first));

    let generation = stage.patch(json!({ "spec": { "job": { "parallelism": 2 } } })).await?;
    let object = stage.until_running(generation).await?;
    let job = &object["status"]["jobStatus"];
    assert_ne!(job["jobId"], json!(first));
    let path = job["upgradeSavepointPath"].as_str().context("a savepoint")?;
    assert!(
        path.starts_with(&format!("file:/flink-data/savepoints/savepoint-{}", &first[..6])),
        "{path}"
    );
    let id = job["jobId"].as_str().context("a job id")?;
    let checkpoints = stage.rest(&format!("jobs/{id}/checkpoints")).await?;
    assert_eq!(checkpoints["latest"]["restored"]["external_path"], json!(path));

    stage
        .patch(json!({ "spec": { "job": { "state": "suspended" } } }))
        .await?;
    let object = stage
        .until("suspended", |sight| sight.observed && sight.lifecycle == "SUSPENDED")
        .await?;
    assert_eq!(
        object["status"]["jobManagerDeploymentStatus"], "READY",
        "native keeps the JobManager"
    );
    let saved = object["status"]["jobStatus"]["upgradeSavepointPath"].clone();
    assert_ne!(saved, json!(path));
    assert_eq!(stage.rest("jobs").await?["jobs"][0]["status"], "FINISHED");

    let generation = stage
        .patch(json!({ "spec": { "job": { "state": "running", "upgradeMode": "stateless" } } }))
        .await?;
    stage.until_running(generation).await?;
    let generation = stage.patch(json!({ "spec": { "restartNonce": 1 } })).await?;
    let object = stage.until_running(generation).await?;
    let id = object["status"]["jobStatus"]["jobId"].as_str().context("a job id")?;
    let checkpoints = stage.rest(&format!("jobs/{id}/checkpoints")).await?;
    assert_eq!(
        checkpoints["latest"]["restored"],
        Value::Null,
        "a stateless upgrade starts from nothing"
    );

    stage.delete().await?;
    let pods: Api<Pod> = Api::namespaced(stage.client.clone(), stage.namespace.name());
    assert_eq!(pods.list(&ListParams::default()).await?.items.len(), 0);
    let services: Api<Service> = Api::namespaced(stage.client.clone(), stage.namespace.name());
    assert!(services.get_opt("app-rest").await?.is_none());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_not_there_crashes_and_can_be_mended() -> Result<()> {
    let stage = Stage::new("stand-in-crash", &[]).await?;
    let mut spec = application();
    spec["job"]["jarURI"] = json!("local:///opt/flink/usrlib/orders.jar");
    stage.create(spec).await?;
    let object = stage.until("crashing", |sight| sight.job_manager == "ERROR").await?;
    let error = object["status"]["error"].as_str().unwrap_or_default();
    assert!(
        error.contains("DeploymentFailedException") && error.contains("CrashLoopBackOff"),
        "{error}"
    );
    assert!(stage.rest("overview").await.is_err());
    let jar = "local:///opt/flink/examples/streaming/TopSpeedWindowing.jar";
    let generation = stage.patch(json!({ "spec": { "job": { "jarURI": jar } } })).await?;
    stage.until_running(generation).await?;
    stage.delete().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_flink_only_statuses_are_written() -> Result<()> {
    let stage = Stage::new("stand-in-status", &[STATUS_ONLY]).await?;
    let begun = Instant::now();
    stage.create(application()).await?;
    stage.until_running(1).await?;
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert!(stage.rest("overview").await.is_err());
    assert_eq!(
        stage
            .reasons()
            .await?
            .iter()
            .filter(|reason| *reason == "Submit")
            .count(),
        1
    );

    stage
        .patch(json!({ "spec": { "flinkConfiguration": { "kubernetes.cluster-id": "x" } } }))
        .await?;
    let refused = |sight: &Sight| sight.error == "ValidationException" && !sight.observed;
    let object = stage.until("refused", refused).await?;
    assert_eq!(object["status"]["lifecycleState"], "STABLE");
    let generation = stage
        .patch(json!({ "spec": { "flinkConfiguration": { "kubernetes.cluster-id": null } } }))
        .await?;
    stage.until_running(generation).await?;

    stage
        .patch(json!({ "spec": { "job": { "state": "suspended" } } }))
        .await?;
    let object = stage.until("suspended", |sight| sight.lifecycle == "SUSPENDED").await?;
    let snapshots: Api<DynamicObject> = Api::namespaced_with(
        stage.client.clone(),
        stage.namespace.name(),
        &resource("FlinkStateSnapshot"),
    );
    // It is looked at apart from its job.
    let deadline = Instant::now() + PATIENCE;
    let snapshot = loop {
        let [snapshot] = <[_; 1]>::try_from(snapshots.list(&ListParams::default()).await?.items)
            .map_err(|all| anyhow::anyhow!("one savepoint, not {}", all.len()))?;
        if snapshot.data["status"]["path"].is_string() {
            break snapshot;
        }
        ensure!(Instant::now() < deadline, "the savepoint is not on record");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(
        snapshot.data["status"]["path"],
        object["status"]["jobStatus"]["upgradeSavepointPath"]
    );
    assert_eq!(snapshot.labels()["job-reference.name"], "app");
    stage.delete().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_cluster_becomes_ready_and_waits_for_its_jobs_to_be_deleted() -> Result<()> {
    let stage = Stage::new("stand-in-session", &[]).await?;
    let mut spec = application();
    spec.as_object_mut().context("a spec is an object")?.remove("job");
    stage.create(spec).await?;
    stage
        .until("ready", |sight| {
            sight.lifecycle == "STABLE" && sight.job_manager == "READY"
        })
        .await?;

    let jobs: Api<DynamicObject> = Api::namespaced_with(
        stage.client.clone(),
        stage.namespace.name(),
        &resource("FlinkSessionJob"),
    );
    let job = json!({
        "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkSessionJob", "metadata": { "name": "job" },
        "spec": { "deploymentName": "app", "job": { "jarURI": "https://example.com/a.jar", "parallelism": 1 } },
    });
    jobs.create(&PostParams::default(), &serde_json::from_value(job)?)
        .await?;
    stage.deployments.delete("app", &DeleteParams::default()).await?;
    stage.until("deleting", |sight| sight.lifecycle == "DELETING").await?;
    assert!(stage.reasons().await?.contains(&"CleanupFailed".to_owned()));
    jobs.delete("job", &DeleteParams::default()).await?;
    stage.delete().await.or_else(|error| {
        let gone = error.chain().any(|cause| cause.to_string().contains("not found"));
        if gone { Ok(()) } else { Err(error) }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_account_is_reported_at_once() -> Result<()> {
    let stage = Stage::new("stand-in-account", &[]).await?;
    let mut spec = application();
    spec["serviceAccount"] = json!("nobody");
    stage.create(spec).await?;
    let object = stage.until("failing", |sight| sight.job_manager == "ERROR").await?;
    let error = object["status"]["error"].as_str().unwrap_or_default();
    assert!(
        error.contains("FailedCreate") && error.contains("serviceaccount \\\"nobody\\\" not found"),
        "{error}"
    );
    stage.delete().await
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_can_stop_the_operator_and_hold_it() -> Result<()> {
    let down = ("sandbox.terraform-provider-flink/operator", "down");
    let stage = Stage::new("stand-in-switch", &[STATUS_ONLY, down]).await?;
    stage.create(application()).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let object = stage.deployments.get("app").await?;
    assert!(object.finalizers().is_empty() && object.data.get("status").is_none_or(Value::is_null));

    let namespaces: Api<NamespaceObject> = Api::all(stage.client.clone());
    let labels = |labels: Value| Patch::Merge(json!({ "metadata": { "labels": labels } }));
    let up = labels(json!({ down.0: null }));
    namespaces
        .patch(stage.namespace.name(), &PatchParams::default(), &up)
        .await?;
    stage.until_running(1).await?;

    let hold = "sandbox.terraform-provider-flink/hold";
    stage
        .patch(json!({ "metadata": { "annotations": { hold: "deploying" } } }))
        .await?;
    stage.patch(json!({ "spec": { "restartNonce": 1 } })).await?;
    stage
        .until("deploying", |sight| sight.observed && sight.job_manager == "DEPLOYING")
        .await?;
    tokio::time::sleep(Duration::from_secs(4)).await;
    stage
        .until("still deploying", |sight| sight.job_manager == "DEPLOYING")
        .await?;
    stage
        .patch(json!({ "metadata": { "annotations": { hold: "deleting" } } }))
        .await?;
    stage.until_running(2).await?;

    stage.deployments.delete("app", &DeleteParams::default()).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(stage.deployments.get_opt("app").await?.is_some(), "held");
    stage
        .patch(json!({ "metadata": { "annotations": { hold: null } } }))
        .await?;
    let deadline = Instant::now() + PATIENCE;
    while stage.deployments.get_opt("app").await?.is_some() {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_real_cluster_waits_for_a_place() -> Result<()> {
    let stage = Stage::new("stand-in-places", &[]).await?;
    let names = ["app-1", "app-2", "app-3"];
    for name in names {
        let body = json!({
            "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
            "metadata": { "name": name }, "spec": application(),
        });
        let deployment = serde_json::from_value(body)?;
        stage.deployments.create(&PostParams::default(), &deployment).await?;
    }
    let pods: Api<Pod> = Api::namespaced(stage.client.clone(), stage.namespace.name());
    let deadline = Instant::now() + PATIENCE;
    let mut ran = Vec::new();
    // Each makes room for the next once it runs.
    while ran.len() < names.len() {
        ensure!(Instant::now() < deadline, "only {ran:?} ran in time");
        let running = pods.list(&ListParams::default()).await?.items.len();
        assert!(running <= 2, "{running} clusters at once");
        for object in stage.deployments.list(&ListParams::default()).await? {
            let (name, object) = (object.name_any(), serde_json::to_value(&object)?);
            if !ran.contains(&name) && Sight::of(&object).job == "RUNNING" {
                stage.deployments.delete(&name, &DeleteParams::default()).await?;
                ran.push(name);
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(stage.reasons().await?.contains(&"SandboxFull".to_owned()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ran_goes_on_after_a_restart() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let state = directory.path().join("sandbox");
    let flink = Version::V1_20.name().to_owned();
    let options = Options {
        state: state.clone(),
        keep: true,
        flink,
        ..Options::acceptance("restart")?
    };
    let stage = Stage::on(Sandbox::start(options.clone()).await?, "restart", &[]).await?;
    stage.create(application()).await?;
    let object = stage.until_running(1).await?;
    let installation = tokio::task::spawn_blocking(|| Installation::ensure(Version::V1_20)).await??;
    let jars = JarServer::start(&installation).await?;
    stage.create_session(&jars.uri("TopSpeedWindowing.jar")).await?;
    let id = job_id(&object)?;
    let session_id = job_id(&stage.until_session_job_runs().await?)?;
    let completed = |checkpoints: &Value| checkpoints["counts"]["completed"].as_i64().unwrap_or_default();
    for (cluster, id) in [("app", &id), ("session", &session_id)] {
        while completed(&stage.ask(cluster, &format!("jobs/{id}/checkpoints")).await?) == 0 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    let stopped = {
        let state = state.clone();
        tokio::task::spawn_blocking(move || sandbox::down(&state, false)).await??
    };
    assert!(stopped);
    let processes = std::process::Command::new("ps").args(["-eo", "args"]).output()?;
    let left = String::from_utf8_lossy(&processes.stdout).contains(&state.display().to_string());
    assert!(!left, "no process of Flink outlives the sandbox");

    let again = Sandbox::start(options.clone()).await?;
    for (cluster, id) in [("app", &id), ("session", &session_id)] {
        let deadline = Instant::now() + PATIENCE;
        let checkpoints = loop {
            match stage.ask(cluster, &format!("jobs/{id}/checkpoints")).await {
                Ok(checkpoints) => break checkpoints,
                Err(error) => ensure!(Instant::now() < deadline, "the job does not come back: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        let from = checkpoints["latest"]["restored"]["external_path"]
            .as_str()
            .unwrap_or_default();
        assert!(
            from.starts_with(&format!("file:/flink-data/checkpoints/{id}/chk-")),
            "{checkpoints}"
        );
    }
    let job = stage.until_session_job_runs().await?;
    assert_eq!(job["status"]["error"], Value::Null);
    stage.until_running(1).await?;

    // The JobManager of a suspended job comes back, too, and the job from its savepoint.
    stage
        .patch(json!({ "spec": { "job": { "state": "suspended" } } }))
        .await?;
    let suspended = |sight: &Sight| sight.observed && sight.lifecycle == "SUSPENDED";
    let object = stage.until("suspended", suspended).await?;
    let saved = object["status"]["jobStatus"]["upgradeSavepointPath"].clone();
    drop(again);
    let stop = state.clone();
    tokio::task::spawn_blocking(move || sandbox::down(&stop, false)).await??;
    let again = Sandbox::start(options).await?;
    let deadline = Instant::now() + PATIENCE;
    let overview = loop {
        match stage.rest("overview").await {
            Ok(overview) => break overview,
            Err(error) => ensure!(Instant::now() < deadline, "the JobManager does not come back: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(
        (&overview["jobs-running"], &overview["taskmanagers"]),
        (&json!(0), &json!(0))
    );
    let object = stage.until("still suspended", suspended).await?;
    assert_eq!(object["status"]["jobManagerDeploymentStatus"], "READY");
    let generation = stage
        .patch(json!({ "spec": { "job": { "state": "running" } } }))
        .await?;
    let object = stage.until_running(generation).await?;
    let id = object["status"]["jobStatus"]["jobId"].as_str().context("a job id")?;
    let checkpoints = stage.rest(&format!("jobs/{id}/checkpoints")).await?;
    assert_eq!(checkpoints["latest"]["restored"]["external_path"], saved);
    stage.delete().await?;
    drop((stage, again));
    tokio::task::spawn_blocking(move || sandbox::down(&state, true)).await??;
    Ok(())
}
