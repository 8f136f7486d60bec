//! Savepoints and checkpoints as resources: taken once, taken again when triggers change, and never in the way of a destroy.
//!
//! Statuses are the stand-in's here; [`real`] has those that a real Flink takes.

mod real;

use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::configurations::{STATEFUL, with};
use acceptance_tests::terraform::Outcome;
use anyhow::{Context as _, Result};
use kube::api::{DeleteParams, ListParams};
use serde_json::{Value, json};

const SAVEPOINT: &str = "flink_savepoint.it";
const SNAPSHOT: &str = "FlinkStateSnapshot";

/// A savepoint of the job of [`STATEFUL`].
const TAKEN: &str = r#"
resource "flink_savepoint" "it" {
  deployment_name = flink_deployment.orders.name

  triggers = {
    release = "1"
  }
}
"#;

async fn state(case: &Case, address: &str) -> Result<Value> {
    let state = case.workspace.state(address).await?;
    state.with_context(|| format!("{address} is in state"))
}

/// The snapshots that Terraform has made: their names and specifications.
async fn ours(case: &Case) -> Result<Vec<(String, Value)>> {
    let all = case.objects(SNAPSHOT).await?.list(&ListParams::default()).await?;
    let ours = all.into_iter().map(|mut one| {
        let name = one.metadata.name.clone().unwrap_or_default();
        (name, one.data["spec"].take())
    });
    Ok(ours.filter(|(name, _)| !name.contains("-upgrade-")).collect())
}

/// One error, in one line.
fn said(outcome: &Outcome) -> Result<String> {
    let error = outcome.expect_one_error()?;
    let text = format!("{}: {}", error.summary, error.detail);
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_taken_once_and_again_when_a_trigger_changes() -> Result<()> {
    let configuration = format!("{STATEFUL}{TAKEN}");
    let case = Case::new("savepoint", Jobs::StatusOnly, &configuration).await?;
    case.apply(&configuration).await?;
    let first = state(&case, SAVEPOINT).await?;
    assert_eq!(first["state"], "COMPLETED", "{first}");
    let location = first["location"].as_str().context("a location")?;
    assert!(location.contains("/savepoints/savepoint-"), "{location}");
    assert_eq!(
        first["job_id"],
        state(&case, "flink_deployment.orders").await?["job_id"]
    );
    assert!(
        first["triggered_at"].is_string() && first["completed_at"].is_string(),
        "{first}"
    );
    let [(name, spec)] = &ours(&case).await?[..] else {
        anyhow::bail!("one snapshot");
    };
    assert_eq!((name, &first["name"]), (&name.clone(), &json!(name)));
    assert_eq!(
        *spec,
        json!({"backoffLimit": 2, "jobReference": {"kind": "FlinkDeployment", "name": "orders"},
               "savepoint": {"disposeOnDelete": false}})
    );

    // What becomes of the files is changed in place, and takes nothing.
    let disposed = with(
        &configuration,
        &[("  triggers =", "  dispose_on_destroy = true\n\n  triggers =")],
    );
    case.apply(&disposed).await.context("dispose_on_destroy")?;
    assert_eq!(state(&case, SAVEPOINT).await?["location"], first["location"]);
    assert_eq!(ours(&case).await?[0].1["savepoint"]["disposeOnDelete"], true);

    let again = with(&configuration, &[("release = \"1\"", "release = \"2\"")]);
    case.configure(&again)?;
    let change = case.workspace.planned(SAVEPOINT).await?;
    assert_eq!(change.actions, ["delete", "create"]);
    assert_eq!(change.after_unknown["location"], true);
    case.apply(&again).await.context("other triggers")?;
    assert_ne!(state(&case, SAVEPOINT).await?["location"], first["location"]);
    assert_eq!(ours(&case).await?.len(), 1);

    // Asked for in the same way, and another one all the same.
    let second = state(&case, SAVEPOINT).await?;
    case.workspace.apply(&["-replace", SAVEPOINT]).await?.expect_success()?;
    let third = state(&case, SAVEPOINT).await?;
    assert_ne!(third["location"], second["location"]);

    // Created before it is destroyed, there is nothing to tell it from the former one: that one is kept, and it is said.
    let before = with(
        &again,
        &[(
            "  triggers =",
            "  lifecycle {\n    create_before_destroy = true\n  }\n\n  triggers =",
        )],
    );
    case.apply(&before).await.context("create_before_destroy")?;
    let replaced = case.workspace.apply(&["-replace", SAVEPOINT]).await?.expect_success()?;
    let warning = replaced.warnings().next().context("it is said")?;
    assert_eq!(warning.summary, "The savepoint was there already");
    case.workspace.expect_no_changes().await.context("it is still there")?;
    assert_eq!(state(&case, SAVEPOINT).await?["location"], third["location"]);
    let newer = with(&before, &[("release = \"2\"", "release = \"3\"")]);
    case.apply(&newer).await.context("other triggers, created before")?;
    assert_ne!(state(&case, SAVEPOINT).await?["location"], third["location"]);
    assert_eq!(ours(&case).await?.len(), 1);

    case.workspace.destroy().await?.expect_success()?;
    assert_eq!(ours(&case).await?, []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_is_taken_and_imported() -> Result<()> {
    let configuration = format!(
        "{STATEFUL}\nresource \"flink_checkpoint\" \"it\" {{\n  name            = \"now\"\n  deployment_name = \
         flink_deployment.orders.name\n}}\n"
    );
    let case = Case::new("checkpoint", Jobs::StatusOnly, &configuration).await?;
    case.apply(&configuration).await?;
    let taken = state(&case, "flink_checkpoint.it").await?;
    assert_eq!(taken["state"], "COMPLETED", "{taken}");
    assert_eq!(ours(&case).await?[0].1["checkpoint"], json!({}));

    let address = "flink_checkpoint.it";
    case.workspace.run(&["state", "rm", address]).await?.expect_success()?;
    let id = format!("{}/now", case.namespace());
    case.workspace
        .run(&["import", "-input=false", address, &id])
        .await?
        .expect_success()?;
    case.workspace.expect_no_changes().await.context("after the import")?;
    assert_eq!(state(&case, address).await?["location"], taken["location"]);
    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroy_ends_although_the_job_is_gone() -> Result<()> {
    let taken = with(
        TAKEN,
        &[("  triggers =", "  dispose_on_destroy = true\n\n  triggers =")],
    );
    // By its name alone: the deployment goes first here.
    let taken = with(&taken, &[("flink_deployment.orders.name", "\"orders\"")]);
    let case = Case::new("savepoint-orphan", Jobs::StatusOnly, STATEFUL).await?;
    case.apply(STATEFUL).await?;
    let both = format!("{STATEFUL}{taken}");
    case.apply(&both).await?;
    let location = state(&case, SAVEPOINT).await?["location"].clone();
    case.configure(&taken)?;
    case.workspace.apply(&[]).await?.expect_success()?;
    assert!(case.deployment("orders").await?.is_none());

    let destroyed = case.workspace.destroy().await?.expect_success()?;
    let warning = destroyed.warnings().next().context("it is said")?;
    assert_eq!(warning.summary, "Files of the savepoint are kept");
    assert!(
        warning.detail.contains(location.as_str().context("a path")?),
        "{}",
        warning.detail
    );
    assert_eq!(ours(&case).await?, []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_explained_and_mended() -> Result<()> {
    let wrong = with(
        TAKEN,
        &[(
            "  triggers =",
            "  path          = \"file:///proc/nowhere\"\n  backoff_limit = 0\n\n  triggers =",
        )],
    );
    let case = Case::new("savepoint-fails", Jobs::StatusOnly, STATEFUL).await?;
    case.apply(STATEFUL).await?;
    case.configure(&format!("{STATEFUL}{wrong}"))?;
    let failed = said(&case.workspace.apply(&[]).await?)?;
    assert!(
        failed.starts_with("The savepoint was not taken: FlinkStateSnapshot "),
        "{failed}"
    );
    let tainted = state(&case, SAVEPOINT).await?;
    assert_eq!(
        (&tainted["tainted"], &tainted["state"]),
        (&json!(true), &json!("FAILED")),
        "{tainted}"
    );
    assert_eq!(tainted["location"], Value::Null);

    case.apply(&format!("{STATEFUL}{TAKEN}"))
        .await
        .context("with a path that works")?;
    assert_eq!(state(&case, SAVEPOINT).await?["state"], "COMPLETED");
    assert_eq!(ours(&case).await?.len(), 1, "what failed is gone");
    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_for_of_a_job_that_does_not_run() -> Result<()> {
    let suspended = with(STATEFUL, &[("  job {", "  job {\n    state = \"suspended\"")]);
    let case = Case::new("savepoint-suspended", Jobs::StatusOnly, STATEFUL).await?;
    case.apply(STATEFUL).await?;
    case.apply(&suspended).await?;
    case.configure(&format!("{suspended}{TAKEN}"))?;
    let refused = said(&case.workspace.apply(&[]).await?)?;
    assert!(
        refused.starts_with("No savepoint of a job that does not run: ") && refused.contains("its job is suspended"),
        "{refused}"
    );
    let nobody = with(TAKEN, &[("flink_deployment.orders.name", "\"nobody\"")]);
    case.configure(&format!("{suspended}{nobody}"))?;
    let refused = said(&case.workspace.apply(&[]).await?)?;
    assert!(
        refused.starts_with("No such job: There is no FlinkDeployment "),
        "{refused}"
    );
    assert_eq!(ours(&case).await?, []);
    assert!(case.workspace.state(SAVEPOINT).await?.is_none());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_exists_already_gets_an_object_and_nothing_is_taken() -> Result<()> {
    let known = r#"
resource "flink_savepoint" "it" {
  already_exists = true
  path           = "s3://example-bucket/savepoints/savepoint-1"
}
"#;
    let case = Case::new("savepoint-known", Jobs::StatusOnly, known).await?;
    case.apply(known).await?;
    let adopted = state(&case, SAVEPOINT).await?;
    assert_eq!(adopted["location"], "s3://example-bucket/savepoints/savepoint-1");
    assert_eq!(
        (&adopted["state"], &adopted["job_id"]),
        (&json!("COMPLETED"), &Value::Null)
    );
    let name = adopted["name"].as_str().context("a name")?;
    assert!(name.starts_with("savepoint-"), "{name}");

    // Somebody deletes the object: the next plan makes another one.
    case.objects(SNAPSHOT)
        .await?
        .delete(name, &DeleteParams::default())
        .await?;
    let change = case.workspace.planned(SAVEPOINT).await?;
    assert_eq!(change.actions, ["create"]);
    case.apply(known).await?;
    case.workspace.destroy().await?.expect_success()?;
    assert_eq!(ours(&case).await?, []);
    Ok(())
}

/// Whatever an apply that was killed has written is found, and no second one is taken.
#[tokio::test(flavor = "multi_thread")]
async fn an_apply_whose_result_was_lost_takes_no_second_one() -> Result<()> {
    let configuration = format!("{STATEFUL}{TAKEN}");
    let case = Case::new("savepoint-lost", Jobs::StatusOnly, &configuration).await?;
    case.apply(&configuration).await?;
    let taken = state(&case, SAVEPOINT).await?;
    case.workspace
        .run(&["state", "rm", SAVEPOINT])
        .await?
        .expect_success()?;
    let again = case.workspace.apply(&[]).await?.expect_success()?;
    let warning = again.warnings().next().context("it is said")?;
    assert_eq!(warning.summary, "The savepoint was there already");
    let found = state(&case, SAVEPOINT).await?;
    for same in ["name", "location", "completed_at"] {
        assert_eq!(found[same], taken[same], "{same}");
    }
    // A tainted one that is complete is not thrown away.
    case.workspace.run(&["taint", SAVEPOINT]).await?.expect_success()?;
    let refused = said(&case.workspace.apply(&[]).await?)?;
    assert!(refused.starts_with("Tainted savepoint is complete: "), "{refused}");
    case.workspace.run(&["untaint", SAVEPOINT]).await?.expect_success()?;
    case.workspace.expect_no_changes().await?;
    Ok(())
}
