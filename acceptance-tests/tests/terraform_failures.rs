//! What Terraform shows of a deployment that fails in the cluster: the stand-in fails as recordings of the operator do.

use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::configurations::{APPLICATION, SESSION, STATEFUL, with};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

const SWITCH: &str = "sandbox.terraform-provider-flink";

/// One more deployment like `orders`, with another name and changes, and little time to start.
fn broken(name: &str, replacements: &[(&str, &str)]) -> String {
    let configuration = with(APPLICATION, &[("\"orders\" {", &format!("\"{name}\" {{"))]);
    let configuration = with(&configuration, &[("= \"orders\"", &format!("= \"{name}\""))]);
    let configuration = with(
        &configuration,
        &[("  job {", "  timeouts {\n    create = \"20s\"\n  }\n\n  job {")],
    );
    with(&configuration, replacements)
}

/// All in one apply: each fails on its own, with its own cause, and stays in state.
#[tokio::test(flavor = "multi_thread")]
async fn each_failure_has_its_cause() -> Result<()> {
    let settings = "  flink_configuration = {";
    let cases = [
        (
            "crash",
            vec![(
                "parallelism = 1",
                "parallelism = 1\n    entry_class = \"com.example.Missing\"",
            )],
            "CrashLoopBackOff",
        ),
        (
            "refused",
            vec![(
                settings,
                "  pod_template = {\n    metadata = { labels = { team = \"not a label\" } }\n  }\n\n  flink_configuration = {",
            )],
            "a valid label must be",
        ),
        (
            "unschedulable",
            vec![(
                "task_manager {\n    resource {\n      cpu    = 0.1",
                "task_manager {\n    resource {\n      cpu    = 64",
            )],
            "NoResourceAvailableException",
        ),
        (
            "rejected",
            vec![(
                settings,
                "  flink_configuration = {\n    \"kubernetes.operator.deployment.rollback.enabled\" = \"true\"",
            )],
            "HA must be enabled for rollback support",
        ),
        ("rights", vec![("\"flink\"\n", "\"default\"\n")], "CrashLoopBackOff"),
    ];
    let configuration: String = cases
        .iter()
        .map(|(name, replacements, _)| broken(name, replacements))
        .collect();
    let case = Case::new("failures", Jobs::StatusOnly, &configuration).await?;
    if !case.sandbox().is_own() {
        eprintln!("passed over: a real cluster needs more time to fail");
        return Ok(());
    }
    let outcome = case.workspace.apply(&[]).await?;
    assert!(!outcome.success);
    for (name, _, words) in &cases {
        let address = format!("flink_deployment.{name}");
        let mut errors = outcome
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == "error");
        let error = errors
            .find(|error| error.address.as_deref() == Some(&address))
            .with_context(|| format!("{address} failed: {}", outcome.stdout))?;
        assert!(
            error.detail.contains(words),
            "{name}: `{words}` is not in: {}",
            error.detail
        );
        let state = case
            .workspace
            .state(&address)
            .await?
            .context("what exists is in state")?;
        assert_eq!(state["ready"], json!(false), "{name}");
    }
    case.workspace.destroy().await?.expect_success()?;
    for (name, _, _) in &cases {
        assert!(case.deployment(name).await?.is_none(), "{name}");
    }
    Ok(())
}

/// The operator went back to the old image. That is a failed apply, and the deployment is not ready.
#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_is_a_failure() -> Result<()> {
    let highly_available = with(
        STATEFUL,
        &[
            (
                "  flink_configuration = {",
                "  flink_configuration = {\n    \"high-availability.type\" = \"kubernetes\"\n    \
                 \"high-availability.storageDir\" = \"file:///flink-data/ha\"\n    \
                 \"kubernetes.operator.deployment.rollback.enabled\" = \"true\"\n    \
                 \"kubernetes.operator.deployment.readiness.timeout\" = \"30 s\"",
            ),
            ("\"savepoint\"", "\"last-state\""),
        ],
    );
    let case = Case::new("rollback", Jobs::StatusOnly, &highly_available).await?;
    case.workspace.apply(&[]).await?.expect_success()?;
    case.configure(&with(&highly_available, &[("flink:1.20", "flink:does-not-exist")]))?;
    let outcome = case.workspace.apply(&[]).await?;
    let error = outcome.expect_one_error()?;
    assert!(
        error.detail.contains("rolled back"),
        "{} {}",
        error.summary,
        error.detail
    );
    let state = case
        .workspace
        .state("flink_deployment.orders")
        .await?
        .context("in state")?;
    assert_eq!(
        (&state["ready"], &state["lifecycle_state"]),
        (&json!(false), &json!("ROLLED_BACK"))
    );
    // The next plan says which generation runs; the same specification again fails at once.
    let planned = case.workspace.plan(&[]).await?.expect_success()?;
    let warning = planned.warnings().next().context("the plan says what runs")?;
    assert!(
        warning.detail.contains("gone back to generation 1, which runs now"),
        "{}",
        warning.detail
    );
    let again = case.workspace.apply(&[]).await?;
    assert!(again.expect_one_error()?.detail.contains("rolled back"));
    case.apply(&highly_available).await.context("the old image again")
}

/// With `wait_failure = "warn"` a wait that fails is a warning, also after a change that does nothing to the job: nothing is
/// tainted, `ready` says how it is, and a read that finds it well is enough.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_wait_can_be_a_warning() -> Result<()> {
    let warns = with(
        APPLICATION,
        &[(
            "  job {",
            "  wait_failure = \"warn\"\n\n  timeouts {\n    create = \"3s\"\n    update = \"3s\"\n  }\n\n  job {",
        )],
    );
    let case = Case::new("warns", Jobs::StatusOnly, &warns).await?;
    if !case.sandbox().is_own() {
        eprintln!("passed over: a real operator does not go away");
        return Ok(());
    }
    let down = |value: Value| json!({ "metadata": { "labels": { format!("{SWITCH}/operator"): value } } });
    case.edit_namespace(down(json!("down"))).await?;
    let created = case.workspace.apply(&[]).await?.expect_success()?;
    let warning = created.warnings().next().context("a warning")?;
    assert_eq!(
        warning.summary,
        format!("FlinkDeployment {}/orders is not ready yet", case.namespace())
    );
    assert!(
        warning.detail.contains("No operator has taken it up"),
        "{}",
        warning.detail
    );
    let ready = async || -> Result<(Value, Value)> {
        let state = case
            .workspace
            .state("flink_deployment.orders")
            .await?
            .context("in state")?;
        Ok((state["ready"].clone(), state["tainted"].clone()))
    };
    assert_eq!(ready().await?, (json!(false), json!(false)));

    case.edit_namespace(down(Value::Null)).await?;
    let patient = with(
        &warns,
        &[("\"3s\"\n    update = \"3s\"", "\"1m\"\n    update = \"1m\"")],
    );
    case.apply(&patient).await.context("the next apply waits again")?;
    assert_eq!(ready().await?, (json!(true), json!(false)));

    // A change that restarts nothing, which nobody takes up.
    case.edit_namespace(down(json!("down"))).await?;
    let ignored = with(
        &warns,
        &[(
            "flink_configuration = {",
            "flink_configuration = {\n    \"kubernetes.operator.savepoint.history.max.count\" = \"5\"",
        )],
    );
    case.configure(&ignored)?;
    let warning = case.workspace.apply(&[]).await?.expect_success()?;
    let warning = warning.warnings().next().context("a warning")?;
    assert!(
        warning.detail.contains("has not taken up the last change"),
        "{}",
        warning.detail
    );
    assert_eq!(ready().await?, (json!(false), json!(false)));
    case.edit_namespace(down(Value::Null)).await?;
    let patient = with(
        &ignored,
        &[("\"3s\"\n    update = \"3s\"", "\"1m\"\n    update = \"1m\"")],
    );
    case.apply(&patient).await.context("taken up at last")?;
    assert_eq!(ready().await?, (json!(true), json!(false)));
    Ok(())
}

/// Whoever runs jobs on a session cluster is asked to end them; the destroy says so, and keeps the cluster in state.
#[tokio::test(flavor = "multi_thread")]
async fn a_destroy_that_jobs_block_says_which() -> Result<()> {
    let brief = with(
        SESSION,
        &[(
            "  job_manager {",
            "  timeouts {\n    delete = \"5s\"\n  }\n\n  job_manager {",
        )],
    );
    let case = Case::new("held", Jobs::StatusOnly, &brief).await?;
    if !case.sandbox().is_own() {
        eprintln!("passed over: nobody runs a job on a real cluster for this");
        return Ok(());
    }
    case.workspace.apply(&[]).await?.expect_success()?;
    let job = "10c7d43d64622fddfd8c7ba668f507a1";
    let hold = |value: Value| json!({ "metadata": { "annotations": { format!("{SWITCH}/unmanaged-jobs"): value } } });
    case.edit("session", hold(json!(job))).await?;
    let outcome = case.workspace.destroy().await?;
    let error = outcome.expect_one_error()?;
    assert!(error.detail.contains(job), "{}", error.detail);
    let address = "flink_deployment.session";
    assert!(case.workspace.state(address).await?.is_some(), "it is there still");
    case.edit("session", hold(Value::Null)).await?;
    case.workspace.destroy().await?.expect_success()?;
    assert!(case.deployment("session").await?.is_none());
    Ok(())
}

/// The savepoint of an upgrade fails: the old version runs on, and the apply says why.
#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_without_its_savepoint_leaves_the_job_running() -> Result<()> {
    let brief = with(
        STATEFUL,
        &[("  job {", "  timeouts {\n    update = \"8s\"\n  }\n\n  job {")],
    );
    let case = Case::new("no-savepoint", Jobs::StatusOnly, &brief).await?;
    if !case.sandbox().is_own() {
        eprintln!("passed over: savepoints of a real operator do not fail at will");
        return Ok(());
    }
    case.workspace.apply(&[]).await?.expect_success()?;
    let fail = |value: Value| json!({ "metadata": { "annotations": { format!("{SWITCH}/savepoint"): value } } });
    case.edit("orders", fail(json!("fail"))).await?;
    let wider = with(&brief, &[("parallelism  = 1", "parallelism  = 2")]);
    case.configure(&wider)?;
    let outcome = case.workspace.apply(&[]).await?;
    let error = outcome.expect_one_error()?;
    assert!(error.detail.contains("Savepoint Error"), "{}", error.detail);
    let live = case.deployment("orders").await?.context("it is there")?;
    assert_eq!(live["status"]["jobStatus"]["state"], "RUNNING");
    case.edit("orders", fail(Value::Null)).await?;
    case.apply(&wider).await.context("once savepoints can be taken")
}
