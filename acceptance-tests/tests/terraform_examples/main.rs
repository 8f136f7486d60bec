//! Every example is what a user may copy: it validates, plans without any cluster, is applied, plans empty and is
//! destroyed. A new folder below `examples` joins by itself, and `examples/README.md` has to name what proves it.
//!
//! Statuses are the stand-in's, but for the tests in [`real`].

mod example;
mod pods;
mod real;
mod steps;

use std::collections::BTreeSet;
use std::path::Path;

use acceptance_tests::case::Jobs;
use acceptance_tests::terraform::has_actions;
use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;

use example::{Example, end, examples};
use pods::dry_run;

/// How many examples are worked on at the same time.
const AT_ONCE: usize = 4;

/// Examples that are not applied, each with the reason.
const NOT_APPLIED: [(&str, &str); 1] = [("provider", "nothing to apply: it has provider blocks only")];

/// Examples that a test of their own applies, in steps.
const IN_STEPS: [&str; 5] = [
    "application-per-job",
    "autoscaler",
    "image-rollout",
    "standalone-reactive",
    "standalone-to-native",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_example_plans_without_a_cluster() -> Result<()> {
    let mut all = Example::all()?;
    pass_over_actions(&mut all).await?;
    let plans = all.into_iter().map(|example| async move {
        let plans = example.plans_offline().await;
        plans.with_context(|| format!("examples/{}", example.name))
    });
    futures::stream::iter(plans)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_is_applied_and_destroyed() -> Result<()> {
    let elsewhere: Vec<_> = NOT_APPLIED.iter().map(|(name, _)| *name).chain(IN_STEPS).collect();
    let mut all = Example::all()?;
    all.retain(|example| !elsewhere.contains(&example.name.as_str()) && !example.reads().unwrap_or_default());
    pass_over_actions(&mut all).await?;
    let lives = all.into_iter().map(|example| async move {
        let lives = async { end(&example.started(Jobs::StatusOnly, "").await?).await };
        lives.await.with_context(|| format!("examples/{}", example.name))
    });
    futures::stream::iter(lives)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

/// Leaves out what this program cannot even read.
async fn pass_over_actions(all: &mut Vec<Example>) -> Result<()> {
    if !has_actions().await? {
        all.retain(|example| !example.name.starts_with("actions/"));
    }
    Ok(())
}

/// The admission of Kubernetes itself says so, in a namespace that enforces the standard.
#[tokio::test(flavor = "multi_thread")]
async fn non_root_pods_meet_the_restricted_standard() -> Result<()> {
    let case = Example::named("non-root").case(Jobs::StatusOnly).await?;
    let enforce = json!({ "metadata": { "labels": { "pod-security.kubernetes.io/enforce": "restricted" } } });
    let namespaces: Api<Namespace> = Api::all(case.client().await?);
    namespaces
        .patch(case.namespace(), &PatchParams::default(), &Patch::Merge(enforce))
        .await?;
    let refused = dry_run(&case, case.namespace(), json!({})).await;
    let refused = refused
        .err()
        .context("a pod without any context is refused")?
        .to_string();
    assert!(refused.contains("violates PodSecurity \"restricted"), "{refused}");
    let change = case.workspace.planned("flink_deployment.orders").await?;
    dry_run(&case, case.namespace(), change.after["pod_template"].clone()).await
}

/// Every folder is in the table of `examples/README.md`, and every row names a folder and a test that there are.
#[test]
fn the_table_of_the_examples_is_complete() -> Result<()> {
    let readme = std::fs::read_to_string(examples().join("README.md"))?;
    let mut sources = String::new();
    for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terraform_examples"))? {
        sources += &std::fs::read_to_string(file?.path())?;
    }
    let mut listed = BTreeSet::new();
    for row in readme.lines().filter(|line| line.starts_with("| [")) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [link, _, proof] = cells[..] else {
            anyhow::bail!("three cells: {row}");
        };
        let folder = link
            .strip_prefix('[')
            .and_then(|link| link.split_once("]("))
            .context("a link")?;
        ensure!(
            folder.1 == format!("{}/)", folder.0),
            "the link leads to the folder: {link}"
        );
        listed.insert(folder.0.to_owned());
        let named = proof.split('`').skip(1).step_by(2);
        // `make demo` proves something, too.
        let tests: Vec<_> = named.filter(|name| !name.starts_with("make ")).collect();
        ensure!(!tests.is_empty(), "{}: no test is named", folder.0);
        for test in tests {
            let is_there = sources.contains(&format!("fn {test}("));
            ensure!(
                is_there || test.ends_with(".rs"),
                "{}: there is no test {test}",
                folder.0
            );
        }
        let reason = NOT_APPLIED.iter().find(|(name, _)| *name == folder.0);
        ensure!(
            reason.is_none_or(|(_, reason)| proof.contains(reason)),
            "{}: say why not",
            folder.0
        );
    }
    let there: BTreeSet<_> = Example::all()?.into_iter().map(|example| example.name).collect();
    assert_eq!(listed, there);
    Ok(())
}
