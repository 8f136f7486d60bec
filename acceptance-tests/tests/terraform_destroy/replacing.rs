//! Replacing a deployment without losing the state of its job, in one apply, or in two of which one was killed.

use std::time::{Duration, Instant};

use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::configurations::{STATEFUL, with};
use acceptance_tests::terraform::Outcome;
use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, ListParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::ORDERS;

const HOLD: &str = "sandbox.terraform-provider-flink/hold";

fn standalone() -> String {
    with(
        STATEFUL,
        &[("  image ", "  mode              = \"standalone\"\n  image ")],
    )
}

fn named(name: &str) -> String {
    with(STATEFUL, &[("= \"orders\"", &format!("= \"{name}\""))])
}

async fn state(case: &Case) -> Result<Value> {
    case.workspace.state(ORDERS).await?.context("it is in state")
}

/// The hand-overs of the namespace, each with its path.
async fn hand_overs(case: &Case) -> Result<Vec<String>> {
    let all = case
        .objects("FlinkStateSnapshot")
        .await?
        .list(&ListParams::default())
        .await?;
    let left = all.items.into_iter().filter(|object| {
        let annotations = object.metadata.annotations.as_ref();
        object.metadata.deletion_timestamp.is_none()
            && annotations.is_some_and(|annotations| annotations.contains_key("terraform-provider-flink/hand-over"))
    });
    left.map(|object| {
        let path = object.data["spec"]["savepoint"]["path"].as_str();
        path.map(str::to_owned).context("a hand-over has a path")
    })
    .collect()
}

fn warning<'a>(outcome: &'a Outcome, summary: &str) -> Result<&'a str> {
    let found = outcome.warnings().find(|warning| warning.summary.contains(summary));
    Ok(&found
        .with_context(|| format!("no `{summary}` in {}", outcome.stdout))?
        .detail)
}

/// The job of this name began with a savepoint, and everybody knows with which.
async fn began_with_its_state(case: &Case, name: &str) -> Result<String> {
    let state = state(case).await?;
    assert_eq!(
        (&state["ready"], &state["job_state"]),
        (&json!(true), &json!("RUNNING"))
    );
    let path = state["restored_from"].as_str().context("it began with a savepoint")?;
    ensure!(path.contains("/flink-data/savepoints/savepoint-"), "{path}");
    assert_eq!(
        state["job"]["initial_savepoint_path"],
        Value::Null,
        "nobody has configured it"
    );
    let live = case.deployment(name).await?.context("it is there")?;
    assert_eq!(live["spec"]["job"]["initialSavepointPath"], path);
    assert_eq!(hand_overs(case).await?, Vec::<String>::new(), "it has done its work");
    case.workspace.expect_no_changes().await?;
    Ok(path.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_mode_or_name_keeps_the_state() -> Result<()> {
    let case = Case::new("replace", Jobs::StatusOnly, "").await?;
    case.apply(&standalone()).await?;
    assert_eq!(state(&case).await?["restored_from"], Value::Null);

    case.configure(STATEFUL)?;
    assert_eq!(case.workspace.planned(ORDERS).await?.actions, ["delete", "create"]);
    let applied = case.workspace.apply(&[]).await?.expect_success()?;
    let first = began_with_its_state(&case, "orders").await?;
    for summary in [
        "/orders is handed over",
        "/orders begins with the state that was handed over",
    ] {
        let detail = warning(&applied, summary)?;
        ensure!(detail.contains(&first), "{detail}");
    }

    // A change in place leaves it so.
    case.apply(&with(STATEFUL, &[("parallelism  = 1", "parallelism  = 2")]))
        .await?;
    assert_eq!(state(&case).await?["restored_from"], first);

    case.configure(&named("orders-v2"))?;
    case.workspace.apply(&[]).await?.expect_success()?;
    let second = began_with_its_state(&case, "orders-v2").await?;
    assert_ne!(first, second, "the state of now");

    // Without a reason in the configuration, too.
    case.workspace.apply(&["-replace", ORDERS]).await?.expect_success()?;
    assert_ne!(began_with_its_state(&case, "orders-v2").await?, second);

    // The new one first: it begins without state, and that of the old one is told.
    let order = "  lifecycle {\n    create_before_destroy = true\n  }\n\n  job {";
    let beside = with(&named("orders-v3"), &[("  job {", order)]);
    case.configure(&beside)?;
    let applied = case.workspace.apply(&[]).await?.expect_success()?;
    warning(&applied, "State is handed over only if the former job is stopped first")?;
    ensure!(warning(&applied, "-v2 is kept")?.contains("/savepoints/savepoint-"));
    assert_eq!(state(&case).await?["restored_from"], Value::Null);
    assert_eq!(hand_overs(&case).await?, Vec::<String>::new());
    ensure!(case.deployment("orders-v2").await?.is_none());
    // Two cannot have one name.
    case.configure(&with(
        &beside,
        &[("  image ", "  mode              = \"standalone\"\n  image ")],
    ))?;
    let refused = case.workspace.apply(&[]).await?;
    let error = refused.expect_one_error()?;
    ensure!(error.detail.contains("create_before_destroy"), "{}", error.detail);
    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}

/// Makes a moment in the life of all objects last, or with `None` lets them go on.
async fn hold(case: &Case, moment: Option<&str>) -> Result<()> {
    let namespaces: Api<Namespace> = Api::all(case.client().await?);
    let patch = json!({"metadata": {"labels": {HOLD: moment}}});
    namespaces
        .patch(case.namespace(), &PatchParams::default(), &Patch::Merge(patch))
        .await?;
    Ok(())
}

async fn until_gone(case: &Case) -> Result<()> {
    let began = Instant::now();
    while case.deployment("orders").await?.is_some() {
        ensure!(began.elapsed() < Duration::from_secs(60), "it stays");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_that_was_killed_is_finished_by_the_next_apply() -> Result<()> {
    let case = Case::new("replace-killed", Jobs::StatusOnly, "").await?;
    if !case.sandbox().is_own() {
        eprintln!("passed over: a real operator does not hold still");
        return Ok(());
    }
    case.apply(&standalone()).await?;

    // Between the two legs: the old one goes, and Terraform does not know it.
    hold(&case, Some("deleting")).await?;
    case.configure(STATEFUL)?;
    case.killed_when(|live| live.is_some_and(|live| live["metadata"].get("deletionTimestamp").is_some()))
        .await?;
    let left = hand_overs(&case).await?;
    assert_eq!(left.len(), 1, "{left:?}");
    hold(&case, None).await?;
    until_gone(&case).await?;
    case.workspace.apply(&[]).await?.expect_success()?;
    assert_eq!(began_with_its_state(&case, "orders").await?, left[0]);

    // In the second leg: the new one exists, its job does not run yet, and Terraform does not know of it.
    case.configure(&standalone())?;
    case.killed_when(|live| live.is_some_and(|live| live["spec"]["mode"] == "standalone"))
        .await?;
    let left = hand_overs(&case).await?;
    assert_eq!(left.len(), 1, "{left:?}");
    let uid = case.deployment("orders").await?.context("it is there")?["metadata"]["uid"].clone();
    case.workspace.apply(&[]).await?.expect_success()?;
    assert_eq!(began_with_its_state(&case, "orders").await?, left[0]);
    assert_eq!(state(&case).await?["uid"], uid, "no second one was made");

    // While the job was being stopped, and the change is given up then: it runs on, and nothing old waits for anybody.
    hold(&case, Some("suspending")).await?;
    case.configure(STATEFUL)?;
    case.killed_when(|live| live.is_some_and(|live| live["spec"]["job"]["state"] == "suspended"))
        .await?;
    hold(&case, None).await?;
    case.apply(&standalone()).await?;
    assert_eq!(state(&case).await?["job_state"], "RUNNING");
    assert_eq!(hand_overs(&case).await?, Vec::<String>::new());
    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}
