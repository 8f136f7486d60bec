//! Every piece of configuration in a guide is one that Terraform and the provider accept.

use std::path::Path;

use acceptance_tests::terraform::Workspace;
use anyhow::{Context as _, Result, ensure};

#[tokio::test(flavor = "multi_thread")]
async fn every_configuration_in_a_guide_validates() -> Result<()> {
    let guides = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guides");
    let mut validated = 0;
    for entry in std::fs::read_dir(&guides)? {
        let path = entry?.path();
        let guide = std::fs::read_to_string(&path)?;
        for piece in guide.split("```terraform\n").skip(1) {
            let (piece, _) = piece.split_once("```").context("the piece ends")?;
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
