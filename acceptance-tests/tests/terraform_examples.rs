//! Every example is a configuration that Terraform and the provider accept.

use std::path::{Path, PathBuf};

use acceptance_tests::terraform::Workspace;
use anyhow::{Context as _, Result, ensure};

/// The folders with configurations, wherever they lie below `examples`.
fn folders(below: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let mut configured = false;
    for entry in std::fs::read_dir(below)? {
        let path = entry?.path();
        if path.is_dir() {
            folders(&path, found)?;
        }
        configured |= path.extension().is_some_and(|extension| extension == "tf");
    }
    if configured {
        found.push(below.to_owned());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_validates() -> Result<()> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut found = Vec::new();
    folders(&examples, &mut found)?;
    ensure!(found.len() >= 3, "the examples are where they were: {found:?}");
    for folder in found {
        let workspace = Workspace::new("").await?;
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .context("a name in UTF-8")?;
            // Ways to import are alternatives to each other; the reference page shows them one by one.
            if path.extension().is_some_and(|extension| extension == "tf") && !name.starts_with("import") {
                let content = std::fs::read_to_string(&path)?;
                if content.contains("required_providers") {
                    std::fs::remove_file(workspace.path().join("terraform.tf"))?;
                }
                workspace.write(name, &content)?;
            }
        }
        let outcome = workspace.validate().await?;
        let said: Vec<_> = outcome
            .diagnostics
            .iter()
            .map(|said| format!("{}: {}", said.summary, said.detail))
            .collect();
        ensure!(outcome.success && said.is_empty(), "{}: {said:?}", folder.display());
    }
    Ok(())
}
