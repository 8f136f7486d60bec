//! `examples/session-jobs` with real clusters: three jobs share one, and the state of one of them moves to the other.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::flink::{Installation, Version};
use acceptance_tests::jars::JarServer;
use acceptance_tests::terraform::Workspace;
use anyhow::{Context as _, Result, ensure};
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams};
use serde_json::{Value, json};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

async fn objects(case: &Case, kind: &str) -> Result<Vec<String>> {
    let all = case.objects(kind).await?.list(&ListParams::default()).await?;
    Ok(all
        .items
        .into_iter()
        .filter_map(|object| object.metadata.name)
        .collect())
}

async fn state(workspace: &Workspace, address: &str) -> Result<Value> {
    let state = workspace.state(address).await?;
    state.with_context(|| format!("{address} is in state"))
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_share_a_cluster_and_the_state_of_one_moves_to_another() -> Result<()> {
    let mut case = Case::new("session-move", Jobs::Real, "").await?;
    jar_server_is_taken(&case).await?;
    let installation = tokio::task::spawn_blocking(|| Installation::ensure(Version::V1_20)).await??;
    let jars = JarServer::start(&installation).await?;
    case.workspace = Workspace::of(&examples().join("session-jobs"), |text| {
        text.replace("data-team-flink", case.namespace())
    })
    .await?;
    case.workspace.write("override.tf", &case.provider_block())?;
    let server = jars.uri("");
    let variables = format!("jar_server = \"{}\"\n", server.trim_end_matches('/'));
    case.workspace.write("terraform.tfvars", &variables)?;
    case.workspace.apply(&[]).await?.expect_success()?;
    case.workspace.expect_no_changes().await?;

    // All three run on one JobManager.
    let overview = case.rest("session-blue", "jobs/overview").await?;
    let running: BTreeSet<_> = overview["jobs"]
        .as_array()
        .context("jobs")?
        .iter()
        .filter(|job| job["state"] == "RUNNING")
        .map(|job| job["jid"].clone().to_string())
        .collect();
    let mut expected = BTreeSet::new();
    for name in ["clicks", "orders", "payments"] {
        let job = state(&case.workspace, &format!("flink_session_job.blue[\"{name}\"]")).await?;
        assert_eq!(
            (&job["job_state"], &job["ready"]),
            (&json!("RUNNING"), &json!(true)),
            "{name}"
        );
        expected.insert(job["job_id"].to_string());
    }
    assert_eq!(running, expected);

    // The JobManager of the other one says what its job began with.
    let savepoint = state(&case.workspace, "flink_savepoint.orders").await?;
    let green = state(&case.workspace, "flink_session_job.green").await?;
    let id = green["job_id"].as_str().context("a job has an id")?;
    ensure!(!expected.contains(&green["job_id"].to_string()), "it is another job");
    let checkpoints = case.rest("session-green", &format!("jobs/{id}/checkpoints")).await?;
    let restored = &checkpoints["latest"]["restored"];
    assert_eq!(
        (&restored["external_path"], &restored["is_savepoint"]),
        (&savepoint["location"], &json!(true)),
        "{restored}"
    );
    let seen = state(&case.workspace, "data.flink_checkpoints.green").await?;
    assert_eq!(seen["latest_restored"]["id"], restored["id"]);
    ensure!(restored["id"].as_i64().is_some_and(|id| id > 0), "{restored}");

    data_source_reads(&case).await?;

    case.workspace.destroy().await?.expect_success()?;
    for kind in ["FlinkDeployment", "FlinkSessionJob"] {
        assert_eq!(objects(&case, kind).await?, Vec::<String>::new(), "{kind}");
    }
    // Those that are left the operator took itself: the last state of each job.
    let left = objects(&case, "FlinkStateSnapshot").await?;
    let name = savepoint["name"].as_str().context("the savepoint has a name")?;
    ensure!(!left.iter().any(|left| left == name), "{left:?}");
    for job in ["clicks", "orders", "payments", "orders-green"] {
        let last = format!("{job}-savepoint-upgrade-");
        ensure!(left.iter().any(|left| left.starts_with(&last)), "{left:?}");
    }
    Ok(())
}

/// The example of the data source, whose job is here.
async fn data_source_reads(case: &Case) -> Result<()> {
    let folder = examples().join("data-sources/flink_session_job");
    let workspace = Workspace::of(&folder, |text| text.replace("data-team-flink", case.namespace())).await?;
    workspace.write("provider.tf", &case.provider_block())?;
    workspace.apply(&[]).await?.expect_success()?;
    let found = state(&workspace, "data.flink_session_job.orders").await?;
    let job = state(&case.workspace, "flink_session_job.blue[\"orders\"]").await?;
    for same in ["uid", "deployment_name", "job_id", "job_state", "lifecycle_state"] {
        assert_eq!(found[same], job[same], "{same}");
    }
    assert_eq!(
        (
            &found["effective_parallelism"],
            &found["job"]["upgrade_mode"],
            &found["error"]
        ),
        (&json!(1), &json!("savepoint"), &Value::Null)
    );
    Ok(())
}

/// Kubernetes takes the jar server of the example. Nobody runs its pods here: the test serves the jars itself.
async fn jar_server_is_taken(case: &Case) -> Result<()> {
    let text = std::fs::read_to_string(examples().join("session-jobs/jar-server.yaml"))?;
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text)?;
    assert_eq!(documents.len(), 2);
    let parameters = PatchParams {
        dry_run: true,
        field_manager: Some("test".to_owned()),
        field_validation: Some(kube::api::ValidationDirective::Strict),
        ..PatchParams::default()
    };
    for document in documents {
        let version = document["apiVersion"].as_str().context("apiVersion")?;
        let kind = document["kind"].as_str().context("kind")?;
        let (group, version) = version.rsplit_once('/').unwrap_or(("", version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        let api: Api<DynamicObject> = Api::namespaced_with(case.client().await?, case.namespace(), &resource);
        let name = document["metadata"]["name"].as_str().context("a name")?;
        api.patch(name, &parameters, &Patch::Apply(&document)).await?;
    }
    Ok(())
}
