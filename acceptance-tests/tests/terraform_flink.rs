//! `flink_deployment` with jobs that really run.

use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::configurations::{STATEFUL, with};
use anyhow::{Context as _, Result};
use serde_json::Value;

async fn running(case: &Case) -> Result<Value> {
    let state = case
        .workspace
        .state("flink_deployment.orders")
        .await?
        .context("orders is not in state")?;
    let overview = case.rest("orders", "jobs/overview").await?;
    let job = overview["jobs"]
        .as_array()
        .and_then(|jobs| jobs.iter().find(|job| job["state"] == "RUNNING"))
        .with_context(|| format!("no job runs: {overview}"))?
        .clone();
    assert_eq!(
        job["jid"], state["job_id"],
        "the job in state is the one that the JobManager runs"
    );
    Ok(job)
}

async fn restored(case: &Case, job: &Value) -> Result<Value> {
    let id = job["jid"].as_str().context("a job has an id")?;
    Ok(case.rest("orders", &format!("jobs/{id}/checkpoints")).await?["latest"]["restored"].clone())
}

/// The configuration with its job on Flink 2.1.
fn on_flink_2(configuration: &str) -> String {
    with(
        configuration,
        &[("\"flink:1.20\"", "\"flink:2.1\""), ("\"v1_20\"", "\"v2_1\"")],
    )
}

async fn flink_version(case: &Case) -> Result<String> {
    let overview = case.rest("orders", "overview").await?;
    let version = overview["flink-version"]
        .as_str()
        .context("a JobManager has a version")?;
    Ok(version.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_job_keeps_its_state_through_upgrade_suspend_and_resume() -> Result<()> {
    let case = Case::new("real", Jobs::Real, STATEFUL).await?;
    case.apply(STATEFUL).await?;
    let first = running(&case).await?;
    assert_eq!(
        restored(&case, &first).await?,
        Value::Null,
        "a new job starts from nothing"
    );

    let upgraded = with(STATEFUL, &[("parallelism  = 1", "parallelism  = 2")]);
    case.apply(&upgraded).await?;
    let second = running(&case).await?;
    assert_ne!(first["jid"], second["jid"]);
    assert_eq!(
        restored(&case, &second).await?["is_savepoint"],
        true,
        "the upgrade took a savepoint"
    );

    let suspended = with(
        &upgraded,
        &[("parallelism  = 2", "parallelism  = 2\n    state        = \"suspended\"")],
    );
    case.apply(&suspended).await?;
    let object = case.deployment("orders").await?.context("the object stays")?;
    let savepoint = object["status"]["jobStatus"]["upgradeSavepointPath"]
        .as_str()
        .context("a savepoint")?
        .to_owned();
    assert!(savepoint.contains("/savepoints/savepoint-"), "{savepoint}");

    case.apply(&upgraded).await?;
    let third = running(&case).await?;
    let from = restored(&case, &third).await?;
    let name = savepoint.rsplit('/').next().context("a path has a last part")?;
    assert!(
        from["external_path"].as_str().is_some_and(|path| path.ends_with(name)),
        "{from} is not {savepoint}"
    );

    let stateless = with(
        &upgraded,
        &[("upgrade_mode = \"savepoint\"", "upgrade_mode = \"stateless\"")],
    );
    case.apply(&stateless).await?;
    assert_eq!(
        running(&case).await?["jid"],
        third["jid"],
        "the mode alone restarts nothing"
    );
    let slots = with(
        &stateless,
        &[("numberOfTaskSlots\"    = \"2\"", "numberOfTaskSlots\"    = \"4\"")],
    );
    // What the last read of the job knows: it still kept its state then, in the other mode.
    let at_once = with(
        &upgraded,
        &[
            ("upgrade_mode = \"savepoint\"", "upgrade_mode = \"stateless\""),
            ("numberOfTaskSlots\"    = \"2\"", "numberOfTaskSlots\"    = \"4\""),
        ],
    );
    case.apply(&upgraded).await?;
    case.configure(&at_once)?;
    let refused = case.workspace.plan(&[]).await?;
    let error = refused.expect_one_error()?;
    assert_eq!(error.summary, "State of the job would be lost");
    assert!(
        error.detail.contains("last completed checkpoint of 2"),
        "{}",
        error.detail
    );
    case.apply(&stateless).await?;
    case.configure(&slots)?;
    let planned = case.workspace.plan(&[]).await?.expect_success()?;
    assert!(
        planned
            .warnings()
            .any(|warning| warning.summary == "State of the job is dropped")
    );
    case.apply(&slots).await?;
    let fourth = running(&case).await?;
    assert_eq!(
        restored(&case, &fourth).await?,
        Value::Null,
        "a stateless upgrade starts from nothing"
    );

    case.workspace.destroy().await?.expect_success()?;
    assert!(case.deployment("orders").await?.is_none());
    Ok(())
}

/// Flink 2.1 from the first apply to a destroy that leaves a savepoint.
#[tokio::test(flavor = "multi_thread")]
async fn flink_2_runs_upgrades_with_state_and_ends_with_a_savepoint() -> Result<()> {
    let configuration = on_flink_2(STATEFUL);
    let case = Case::new("flink-2", Jobs::Real, &configuration).await?;
    case.apply(&configuration).await?;
    let first = running(&case).await?;
    assert!(flink_version(&case).await?.starts_with("2.1."));
    assert_eq!(restored(&case, &first).await?, Value::Null);

    // A drained job ends all of its windows before the savepoint of its destroy.
    let drained = with(
        &configuration,
        &[
            ("parallelism  = 1", "parallelism  = 2"),
            ("  job {", "  drain_on_destroy = true\n\n  job {"),
        ],
    );
    case.apply(&drained).await?;
    let second = running(&case).await?;
    assert_ne!(first["jid"], second["jid"]);
    let from = restored(&case, &second).await?;
    assert_eq!(from["is_savepoint"], true, "the upgrade took a savepoint: {from}");

    let destroyed = case.workspace.destroy().await?.expect_success()?;
    let warning = destroyed.warnings().next().context("the path is a warning")?;
    assert!(
        warning.summary.starts_with("State of the job of "),
        "{}",
        warning.summary
    );
    let upgraded_from = from["external_path"].as_str().context("a path")?;
    assert!(
        warning.detail.contains("/flink-data/savepoints/savepoint-") && !warning.detail.contains(upgraded_from),
        "a savepoint of its own: {}",
        warning.detail
    );
    assert!(case.deployment("orders").await?.is_none());
    Ok(())
}

/// A newer Flink is an upgrade like others: in place, and from a savepoint of the older one.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_moves_from_flink_1_20_to_2_1_with_its_state() -> Result<()> {
    let case = Case::new("to-flink-2", Jobs::Real, STATEFUL).await?;
    case.apply(STATEFUL).await?;
    let first = running(&case).await?;
    assert!(flink_version(&case).await?.starts_with("1.20."));
    let uid = case.deployment("orders").await?.context("it is there")?["metadata"]["uid"].clone();

    case.apply(&on_flink_2(STATEFUL)).await?;
    let second = running(&case).await?;
    assert!(flink_version(&case).await?.starts_with("2.1."));
    let object = case.deployment("orders").await?.context("it stays")?;
    assert_eq!(object["metadata"]["uid"], uid, "changed in place");
    let savepoint = object["status"]["jobStatus"]["upgradeSavepointPath"]
        .as_str()
        .context("a savepoint")?;
    let taken_of = first["jid"].as_str().and_then(|id| id.get(..6)).context("an id")?;
    assert!(savepoint.contains(&format!("/savepoint-{taken_of}-")), "{savepoint}");
    let from = restored(&case, &second).await?;
    assert_eq!(from["external_path"], savepoint);

    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}

/// The JobManager of the native cluster says what its job began with: the last savepoint of the standalone one.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_job_goes_from_standalone_to_native_in_one_apply_with_its_state() -> Result<()> {
    let standalone = with(
        STATEFUL,
        &[("  image ", "  mode              = \"standalone\"\n  image ")],
    );
    let case = Case::new("to-native", Jobs::Real, &standalone).await?;
    case.apply(&standalone).await?;
    let first = running(&case).await?;
    let uid = case.deployment("orders").await?.context("it is there")?["metadata"]["uid"].clone();

    case.apply(STATEFUL).await?;
    let second = running(&case).await?;
    assert_ne!(first["jid"], second["jid"]);
    assert_ne!(
        case.deployment("orders").await?.context("it is there")?["metadata"]["uid"],
        uid
    );
    let from = restored(&case, &second).await?;
    let taken_of = first["jid"].as_str().and_then(|id| id.get(..6)).context("an id")?;
    let path = from["external_path"].as_str().context("a path")?;
    assert!(path.contains(&format!("/savepoints/savepoint-{taken_of}-")), "{path}");
    assert!(
        from["id"].as_i64().is_some_and(|id| id > 0) && from["is_savepoint"] == true,
        "{from}"
    );
    let state = case
        .workspace
        .state("flink_deployment.orders")
        .await?
        .context("in state")?;
    assert_eq!(state["restored_from"], path);

    case.workspace.destroy().await?.expect_success()?;
    assert!(case.deployment("orders").await?.is_none());
    Ok(())
}
