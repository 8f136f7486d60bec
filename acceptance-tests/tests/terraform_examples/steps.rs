//! Examples that are about a change: what it does to the jobs.

use std::collections::BTreeMap;

use acceptance_tests::case::Jobs;
use anyhow::Result;
use kube::api::ListParams;
use serde_json::Value;

use crate::example::{Example, apply, end, in_state, move_out, object, planned, text};

#[tokio::test(flavor = "multi_thread")]
async fn another_instance_of_for_each_leaves_the_other_jobs_alone() -> Result<()> {
    let case = Example::named("application-per-job")
        .started(Jobs::StatusOnly, "")
        .await?;
    let jobs = async || -> Result<BTreeMap<String, Value>> {
        let live = case.deployments().await?.list(&ListParams::default()).await?;
        let ids = live.into_iter().map(|mut job| {
            let id = job.data["status"]["jobStatus"]["jobId"].take();
            (job.metadata.name.unwrap_or_default(), id)
        });
        Ok(ids.collect())
    };
    let before = jobs().await?;
    // One source more, one less.
    let sources = "ingestion = {\n  clicks  = { topic = \"web.clicks\", parallelism = 4 }\n  orders  = { topic = \
                   \"shop.orders\", memory = \"4096m\" }\n  returns = { topic = \"shop.returns\" }\n}\n";
    let changes = planned(&case, sources).await?;
    let changes: Vec<_> = changes
        .iter()
        .map(|(at, change)| (at.as_str(), change.actions.join(" ")))
        .collect();
    let expected = [("returns", "create"), ("stock", "delete")]
        .map(|(source, action)| (format!("flink_deployment.ingestion[\"{source}\"]"), action.to_owned()));
    assert_eq!(
        changes,
        expected.each_ref().map(|(at, action)| (at.as_str(), action.clone()))
    );
    let applied = case.workspace.apply(&[]).await?.expect_success()?;
    let warnings: Vec<_> = applied.warnings().collect();
    assert!(
        matches!(warnings[..], [kept] if kept.detail.contains("/flink/ingestion-stock/savepoints/savepoint-")),
        "the state of the job that ended is named: {warnings:?}"
    );
    case.workspace.expect_no_changes().await?;
    let mut after = jobs().await?;
    assert!(after.remove("ingestion-returns").is_some_and(|id| id.is_string()));
    let mut expected = before;
    expected.remove("ingestion-stock");
    assert_eq!(after, expected, "the other jobs run on");
    end(&case).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_rolled_out_from_a_savepoint() -> Result<()> {
    const ADDRESS: &str = "flink_deployment.customer_analytics";
    let case = Example::named("image-rollout").started(Jobs::StatusOnly, "").await?;
    let before = in_state(&case, ADDRESS).await?;

    case.workspace.write("terraform.tfvars", "image_tag = \"latest\"\n")?;
    let refused = case.workspace.plan(&[]).await?;
    assert_eq!(refused.expect_one_error()?.summary, "Invalid value for variable");

    let tag = "image_tag = \"1.4.3\"\n";
    let changes = planned(&case, tag).await?;
    let change = &changes[ADDRESS];
    assert_eq!(
        (changes.len(), change.actions.join(" ").as_str()),
        (1, "update"),
        "in place"
    );
    assert_eq!(change.after_unknown["job_id"], true, "another job is announced");
    apply(&case, tag).await?;
    let (after, live) = (
        in_state(&case, ADDRESS).await?,
        object(&case, "customer-analytics").await?,
    );
    assert!(text(&after, "image")?.ends_with("/customer-analytics:1.4.3"), "{after}");
    assert_eq!(after["uid"], before["uid"]);
    assert_ne!(after["job_id"], before["job_id"]);
    let from = text(&live["status"]["jobStatus"], "upgradeSavepointPath")?;
    assert!(
        from.starts_with("s3://example-bucket/flink/customer-analytics/savepoints/savepoint-"),
        "{from}"
    );
    let deployed = text(&live["status"]["reconciliationStatus"], "lastReconciledSpec")?;
    let deployed: Value = serde_json::from_str(deployed)?;
    assert_eq!(
        deployed["spec"]["job"]["upgradeMode"], "savepoint",
        "it was started from that"
    );
    end(&case).await
}

/// From two TaskManagers to ten and back: the same job all the time.
#[tokio::test(flavor = "multi_thread")]
async fn reactive_scaling_does_not_restart_the_job() -> Result<()> {
    const ADDRESS: &str = "flink_deployment.enrichment";
    let case = Example::named("standalone-reactive")
        .started(Jobs::StatusOnly, "")
        .await?;
    let started = object(&case, "enrichment").await?;
    let job = |object: &Value| {
        let job = &object["status"]["jobStatus"];
        (job["jobId"].clone(), job["startTime"].clone())
    };
    assert_eq!(started["status"]["taskManager"]["replicas"], 2);
    for number in [10, 2] {
        let variables = format!("task_managers = {number}\n");
        let changes = planned(&case, &variables).await?;
        assert_eq!(changes[ADDRESS].actions, ["update"]);
        apply(&case, &variables).await?;
        let scaled = object(&case, "enrichment").await?;
        assert_eq!(scaled["status"]["taskManager"]["replicas"], number);
        assert_eq!(job(&scaled), job(&started), "{number} TaskManagers");
    }
    end(&case).await
}

/// The savepoint, then the old job stops, then the new one starts from it; and the old one goes.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_moves_to_a_native_cluster_with_its_state() -> Result<()> {
    let case = Example::named("standalone-to-native")
        .started(Jobs::StatusOnly, "")
        .await?;
    move_out(&case, "").await?;
    let (old, new) = (
        object(&case, "orders-standalone").await?,
        object(&case, "orders").await?,
    );
    assert_eq!(old["status"]["lifecycleState"], "SUSPENDED", "{old}");
    assert_eq!(new["status"]["jobStatus"]["state"], "RUNNING", "{new}");
    let savepoint = in_state(&case, "flink_savepoint.move[0]").await?;
    let location = text(&savepoint, "location")?;
    assert_eq!(new["spec"]["job"]["initialSavepointPath"], location);
    let id = new["status"]["jobStatus"]["jobId"].clone();

    // The place of the old job's last savepoint is a warning.
    case.workspace.write("terraform.tfvars", "stage = \"native\"\n")?;
    case.workspace.apply(&[]).await?.expect_success()?;
    case.workspace.expect_no_changes().await?;
    assert!(
        case.deployment("orders-standalone").await?.is_none(),
        "the old one is gone"
    );
    let new = object(&case, "orders").await?;
    assert_eq!(new["status"]["jobStatus"]["jobId"], id, "the job runs on");
    end(&case).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_autoscaler_is_switched_without_a_restart() -> Result<()> {
    const ADDRESS: &str = "flink_deployment.clickstream";
    let off = "autoscaler_enabled = false\n";
    let case = Example::named("autoscaler").started(Jobs::StatusOnly, off).await?;
    let before = in_state(&case, ADDRESS).await?;
    for (variables, enabled) in [("", "true"), ("max_parallelism = 48\n", "true"), (off, "false")] {
        let change = &planned(&case, variables).await?[ADDRESS];
        assert_eq!(change.actions, ["update"]);
        assert_eq!(
            change.after["job_id"], before["job_id"],
            "the plan knows that the job stays"
        );
        apply(&case, variables).await?;
        let live = object(&case, "clickstream").await?;
        assert_eq!(live["spec"]["flinkConfiguration"]["job.autoscaler.enabled"], enabled);
        assert_eq!(live["status"]["jobStatus"]["jobId"], before["job_id"]);
    }
    end(&case).await
}
