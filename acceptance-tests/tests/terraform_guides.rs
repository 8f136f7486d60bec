//! Every piece of configuration in a guide is one that Terraform and the provider accept; and what functions make in a plan.

use std::path::Path;

use acceptance_tests::terraform::{Workspace, has_ephemeral_values};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn every_configuration_in_a_guide_validates() -> Result<()> {
    let guides = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guides");
    let mut validated = 0;
    for entry in std::fs::read_dir(&guides)? {
        let path = entry?.path();
        let guide = std::fs::read_to_string(&path)?;
        for piece in guide.split("```terraform\n").skip(1) {
            let (piece, _) = piece.split_once("```").context("the piece ends")?;
            if piece.contains("ephemeral = true") && !has_ephemeral_values().await? {
                continue;
            }
            let workspace = Workspace::new(piece).await?;
            let outcome = workspace.validate().await?;
            ensure!(outcome.success, "{}:\n{piece}\n{}", path.display(), outcome.stdout);
            let format = workspace.run(&["fmt", "-check", "-diff", "main.tf"]).await?;
            ensure!(format.success, "{}:\n{}", path.display(), format.stdout);
            validated += 1;
        }
    }
    ensure!(validated >= 8, "the guides are where they were");
    Ok(())
}

/// The examples of the functions, planned: their results are in the plan.
#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_a_function_plans() -> Result<()> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/functions");
    let example = async |name: &str| -> Result<Workspace> {
        let workspace = Workspace::of(&examples.join(name), str::to_owned).await?;
        workspace.plan(&[]).await?.expect_success()?;
        Ok(workspace)
    };
    let shown = example("duration_ms")
        .await?
        .run(&["show", "-json", "plan.bin"])
        .await?;
    let shown: Value = serde_json::from_str(&shown.stdout)?;
    assert_eq!(shown["planned_values"]["outputs"]["checkpoints_per_hour"]["value"], 120);

    let memory = example("memory_bytes").await?;
    let refused = memory.plan(&["-var", "task_manager_memory=1g"]).await?;
    ensure!(
        refused.expect_one_error()?.detail.contains("2 GiB"),
        "{}",
        refused.stdout
    );
    let wrong = memory.plan(&["-var", "task_manager_memory=a lot"]).await?;
    let error = wrong.expect_one_error()?;
    ensure!(
        error.detail.contains("`a lot` is no amount of memory"),
        "{}",
        error.detail
    );

    let from_manifest = example("from_manifest").await?;
    let change = from_manifest.planned("flink_deployment.orders").await?;
    assert_eq!(change.after["job"]["parallelism"], 4);
    assert_eq!(
        change.after["flink_configuration"]["taskmanager.numberOfTaskSlots"],
        "2"
    );
    assert_eq!(change.after["namespace"], "data-team-flink");
    let folders = std::fs::read_dir(&examples)?.count();
    assert_eq!(folders, 3, "each example is planned");
    Ok(())
}
