//! What plans ask of the API server. It does not depend on the machine; `make bench` has the figures for many.

use std::collections::BTreeMap;

use acceptance_tests::bench::traffic::{Counter, Traffic};
use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::configurations::{APPLICATION, with};
use anyhow::{Context as _, Result};

/// Lets the provider of this case reach its cluster through a proxy that counts.
async fn counted(case: &Case) -> Result<Counter> {
    let counter = Counter::start(case.client().await?).await?;
    let kubeconfig = case.workspace.path().join("counted-kubeconfig");
    counter.write_kubeconfig(&kubeconfig)?;
    let block = case.provider_block().replace(
        &case.kubeconfig().display().to_string(),
        &kubeconfig.display().to_string(),
    );
    case.workspace.write("provider.tf", &block)?;
    Ok(counter)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_deployment_is_planned_without_any_request() -> Result<()> {
    let case = Case::new("requests", Jobs::StatusOnly, APPLICATION).await?;
    let counter = counted(&case).await?;
    case.workspace.plan(&[]).await?.expect_success()?;
    assert_eq!(counter.take(), Traffic::default());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_costs_each_later_plan_one_request_and_a_change_of_it_another() -> Result<()> {
    let case = Case::new("requests", Jobs::StatusOnly, APPLICATION).await?;
    case.apply(APPLICATION).await?;
    let counter = counted(&case).await?;
    let one_look = BTreeMap::from([("get flinkdeployments".to_owned(), 1)]);

    case.workspace.expect_no_changes().await?;
    let unchanged = counter.take();
    assert_eq!(unchanged.requests, one_look);
    assert!(unchanged.sent > 0 && unchanged.received > 0, "{unchanged:?}");

    case.configure(&with(APPLICATION, &[("parallelism = 1", "parallelism = 2")]))?;
    case.workspace.plan(&[]).await?.expect_success()?;
    let changed = counter.take().requests;
    let and_tried = BTreeMap::from([("patch flinkdeployments".to_owned(), 1)]);
    assert_eq!(changed, one_look.into_iter().chain(and_tried).collect());
    let live = case.deployment("orders").await?.context("it is there")?;
    assert_eq!(live["spec"]["job"]["parallelism"], 1, "nothing of it was kept");
    Ok(())
}
