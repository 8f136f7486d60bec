//! Clusters on which the operator is old, missing, or looks elsewhere.

use std::time::Duration;

use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::configurations::{APPLICATION, with};
use acceptance_tests::sandbox::Options;
use anyhow::{Context as _, Result};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, DeleteParams, PostParams};

const ORDERS: &str = "flink_deployment.orders";

/// The oldest operator that we support, then one field that it does not know, then no definitions at all.
#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_operator_and_none_at_all() -> Result<()> {
    let options = Options {
        crds: "1.11.0".to_owned(),
        ..Options::acceptance("acceptance-oldest")?
    };
    let mut case = Case::on(options, "oldest", Jobs::StatusOnly, APPLICATION).await?;
    if !case.sandbox().is_own() {
        eprintln!("passed over: the definitions of a cluster that is not ours are left alone");
        return Ok(());
    }
    case.apply(APPLICATION).await?;

    let newer = with(
        APPLICATION,
        &[(
            "task_manager {\n    resource {\n      cpu    = 0.1\n      memory = \"1024m\"\n    }",
            "task_manager {\n    resources {\n      requests = { cpu = \"0.1\", memory = \"1Gi\" }\n    }",
        )],
    );
    case.configure(&newer)?;
    let outcome = case.workspace.plan(&[]).await?;
    let error = outcome.expect_one_error()?;
    let text = format!("{} {}", error.summary, error.detail);
    assert!(
        text.contains("resources") && text.contains("1.16"),
        "names the field and the version that has it: {text}"
    );
    case.configure(APPLICATION)?;
    case.workspace
        .expect_no_changes()
        .await
        .context("what was refused is not in state")?;

    let definitions: Api<CustomResourceDefinition> = Api::all(case.client().await?);
    let mut definition = definitions.get("flinkdeployments.flink.apache.org").await?;
    definition.metadata = ObjectMeta {
        name: definition.metadata.name,
        annotations: definition.metadata.annotations,
        ..ObjectMeta::default()
    };
    definition.status = None;
    definitions
        .delete("flinkdeployments.flink.apache.org", &DeleteParams::background())
        .await?;
    for _ in 0..200 {
        if definitions
            .get_opt("flinkdeployments.flink.apache.org")
            .await?
            .is_none()
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let outcome = case.workspace.plan(&[]).await?;
    let error = outcome.expect_one_error()?;
    assert!(error.detail.contains("CustomResourceDefinition"), "{}", error.detail);
    assert!(
        case.workspace.state(ORDERS).await?.is_some(),
        "missing definitions do not mean that the job is gone"
    );

    // Nothing is left of the job. The definition comes back while an apply wants to create it.
    case.workspace.run(&["state", "rm", ORDERS]).await?.expect_success()?;
    let log = case.workspace.path().join("log");
    case.workspace.environment("TF_LOG", "INFO");
    case.workspace.environment("TF_LOG_PATH", &log.display().to_string());
    let install = async {
        let said = || std::fs::read_to_string(&log).unwrap_or_default();
        while !said().contains("waiting to create it: the cluster at") {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        definitions.create(&PostParams::default(), &definition).await
    };
    let apply = case.workspace.apply(&[]);
    tokio::pin!(apply);
    tokio::select! {
        outcome = &mut apply => anyhow::bail!("did not wait for the definition: {outcome:?}"),
        installed = install => drop(installed?),
    }
    apply.await?.expect_success()?;
    case.workspace.expect_no_changes().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_does_not_watch_the_namespace() -> Result<()> {
    let unwatched = with(
        APPLICATION,
        &[(
            "  job {",
            "  annotations = { \"sandbox.terraform-provider-flink/operator\" = \"down\" }\n  timeouts {\n    create = \"5s\"\n  \
             }\n\n  job {",
        )],
    );
    let case = Case::new("unwatched", Jobs::StatusOnly, &unwatched).await?;
    if !case.sandbox().is_own() {
        eprintln!("passed over: a real operator does not look away");
        return Ok(());
    }
    let outcome = case.workspace.apply(&[]).await?;
    let error = outcome.expect_one_error()?;
    assert!(
        error.detail.contains("operator") && error.detail.contains("watch"),
        "{}",
        error.detail
    );
    assert!(case.workspace.state(ORDERS).await?.is_some(), "what exists is in state");
    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}
