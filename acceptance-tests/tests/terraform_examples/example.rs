//! A folder below `examples`, and what every one of them has to bear.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::terraform::{Change, Outcome, Workspace};
use anyhow::{Context as _, Result, ensure};
use kube::api::ListParams;
use serde_json::Value;

use crate::pods::{dry_run, pod_template};

/// A folder below `examples`.
pub struct Example {
    pub folder: PathBuf,
    /// Its path below `examples`.
    pub name: String,
}

impl Example {
    pub fn named(name: &str) -> Self {
        let folder = examples().join(name);
        let name = name.to_owned();
        Self { folder, name }
    }

    /// All that hold a configuration, wherever they lie.
    pub fn all() -> Result<Vec<Self>> {
        let mut all = BTreeSet::new();
        folders(Path::new(""), &mut all)?;
        ensure!(!all.is_empty(), "there are examples");
        Ok(all.iter().map(|name| Self::named(name)).collect())
    }

    /// A workspace with it. Ways to import are alternatives to each other, which the reference page shows one by one.
    pub async fn workspace(&self, namespace: &str) -> Result<Workspace> {
        let workspace = Workspace::of(&self.folder, |text| text.replace("data-team-flink", namespace)).await?;
        for entry in std::fs::read_dir(workspace.path())? {
            let path = entry?.path();
            if path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("import"))
            {
                std::fs::remove_file(path)?;
            }
        }
        if self.name == "provider" {
            workspace.write("terraform.tfvars", "staging_token = \"secret\"\n")?;
        }
        Ok(workspace)
    }

    /// A case with it, in which its provider block leads to the case's cluster and namespace.
    pub async fn case(&self, jobs: Jobs) -> Result<Case> {
        let mut case = Case::new("example", jobs, "").await?;
        case.workspace = self.workspace(case.namespace()).await?;
        let block = case.provider_block();
        let has_one = self.text()?.contains("\nprovider \"flink\"");
        case.workspace
            .write(if has_one { "override.tf" } else { "provider.tf" }, &block)?;
        Ok(case)
    }

    /// How many deployments its plan has: as many as it has resources, but for `for_each`.
    pub fn deployments(&self) -> Result<usize> {
        Ok(match self.name.as_str() {
            "application-per-job" => 5,
            // The other one comes in a later stage.
            "standalone-to-native" => 1,
            _ => self.text()?.matches("\nresource \"flink_deployment\"").count(),
        })
    }

    /// Whether it reads what must be there: `terraform_data_sources.rs` applies it.
    pub fn reads(&self) -> Result<bool> {
        Ok(self.text()?.contains("\ndata \"flink_"))
    }

    /// Its configuration in one piece.
    pub fn text(&self) -> Result<String> {
        let mut text = String::from("\n");
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "tf") {
                text += &std::fs::read_to_string(&path)?;
            }
        }
        Ok(text)
    }

    /// Validates and plans without any cluster.
    pub async fn plans_offline(&self) -> Result<()> {
        let workspace = self.workspace("data-team-flink").await?;
        silent(workspace.validate().await?)?;
        if self.reads()? {
            return Ok(());
        }
        silent(workspace.plan(&[]).await?)?;
        let changes = workspace.changes().await?;
        let expected = self.deployments()?;
        let planned = changes
            .keys()
            .filter(|address| address.starts_with("flink_deployment."));
        let planned = planned.count();
        ensure!(planned == expected, "{planned} deployments, not {expected}");
        for (address, change) in &changes {
            let planned = &change.after;
            ensure!(change.actions == ["create"], "{address}: {:?}", change.actions);
            let id = format!("{}/{}", text(planned, "namespace")?, text(planned, "name")?);
            ensure!(text(planned, "id")? == id, "{address}: {}", planned["id"]);
            ensure!(change.after_unknown["job_id"] == true, "{address}: {change:?}");
        }
        Ok(())
    }

    /// Applies it; another plan is empty then, and Kubernetes takes the pods that were described.
    pub async fn started(&self, jobs: Jobs, variables: &str) -> Result<Case> {
        let case = self.case(jobs).await?;
        apply(&case, variables).await?;
        let live = case.deployments().await?.list(&ListParams::default()).await?;
        ensure!(
            live.items.len() == self.deployments()?,
            "{} are there",
            live.items.len()
        );
        for deployment in live {
            let deployment = serde_json::to_value(deployment)?;
            let status = &deployment["status"];
            ensure!(status["lifecycleState"] == "STABLE", "{status}");
            ensure!(status["jobManagerDeploymentStatus"] == "READY", "{status}");
            for process in ["jobManager", "taskManager"] {
                if let Some(template) = pod_template(&deployment["spec"], process) {
                    let template = dry_run(&case, case.namespace(), template).await;
                    template.with_context(|| format!("the pods of the {process}"))?;
                }
            }
        }
        Ok(case)
    }
}

/// Destroys everything, and sees that nothing is left.
pub async fn end(case: &Case) -> Result<()> {
    case.workspace.destroy().await?.expect_success()?;
    let left = case.deployments().await?.list(&ListParams::default()).await?;
    ensure!(left.items.is_empty(), "left behind: {:?}", left.items);
    Ok(())
}

/// Applies with these variables, without a warning; another plan is empty then.
pub async fn apply(case: &Case, variables: &str) -> Result<()> {
    case.workspace.write("terraform.tfvars", variables)?;
    silent(case.workspace.apply(&[]).await?)?;
    case.workspace.expect_no_changes().await
}

/// Suspends the old job of the example `standalone-to-native`, which is said, and starts the new one.
pub async fn move_out(case: &Case, variables: &str) -> Result<()> {
    case.workspace
        .write("terraform.tfvars", &format!("{variables}stage = \"moving\"\n"))?;
    let applied = case.workspace.apply(&[]).await?.expect_success()?;
    let said: Vec<&str> = applied.diagnostics.iter().map(|said| said.summary.as_str()).collect();
    ensure!(
        !said.is_empty() && said.iter().all(|summary| *summary == "Job is suspended"),
        "{said:?}"
    );
    case.workspace.expect_no_changes().await
}

/// What a plan with these variables would do, without what stays as it is.
pub async fn planned(case: &Case, variables: &str) -> Result<BTreeMap<String, Change>> {
    case.workspace.write("terraform.tfvars", variables)?;
    silent(case.workspace.plan(&[]).await?)?;
    let mut changes = case.workspace.changes().await?;
    changes.retain(|_, change| change.actions != ["no-op"]);
    Ok(changes)
}

/// Expects success without any warning.
pub fn silent(outcome: Outcome) -> Result<()> {
    let outcome = outcome.expect_success()?;
    let said = outcome.diagnostics.iter();
    let said: Vec<_> = said.map(|said| format!("{}: {}", said.summary, said.detail)).collect();
    ensure!(said.is_empty(), "{}", said.join("\n"));
    Ok(())
}

/// The folder of all examples.
pub fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

fn folders(below: &Path, found: &mut BTreeSet<String>) -> Result<()> {
    for entry in std::fs::read_dir(examples().join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            folders(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "tf") {
            found.insert(below.to_str().context("a name in UTF-8")?.to_owned());
        }
    }
    Ok(())
}

/// The text of a member.
pub fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value[name]
        .as_str()
        .with_context(|| format!("`{name}` is no text: {value}"))
}

/// A resource as Terraform has it.
pub async fn in_state(case: &Case, address: &str) -> Result<Value> {
    let state = case.workspace.state(address).await?;
    state.with_context(|| format!("{address} is not in state"))
}

/// A deployment as Kubernetes has it.
pub async fn object(case: &Case, name: &str) -> Result<Value> {
    let object = case.deployment(name).await?;
    object.with_context(|| format!("there is no deployment {name}"))
}
