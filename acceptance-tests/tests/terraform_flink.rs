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
    case.apply(&with(
        &stateless,
        &[("numberOfTaskSlots\"    = \"2\"", "numberOfTaskSlots\"    = \"4\"")],
    ))
    .await?;
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
