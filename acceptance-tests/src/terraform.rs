//! Drives the real `terraform` or `tofu` with the provider of this checkout.
//!
//! A [`Workspace`] is a folder with configuration and state. Its commands give back what a user or a CI system would
//! read: exit code, diagnostics, the plan as JSON, the state as JSON.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

mod outcome;
mod program;

pub use outcome::{Diagnostic, Outcome, Snippet};
use program::program;
pub use program::{
    has_actions, has_ephemeral_values, has_identities, moves_between_providers, programs, provider_binary,
};

/// A folder with a configuration, its state, and the environment that its commands run in.
#[derive(Debug)]
pub struct Workspace {
    folder: TempDir,
    program: String,
    environment: Vec<(String, String)>,
}

/// What a plan does to one resource.
#[derive(Clone, Debug)]
pub struct Change {
    /// `["create"]`, `["update"]`, `["delete","create"]`, `["no-op"]`.
    pub actions: Vec<String>,
    /// The state before.
    pub before: Value,
    /// The state after, without what is unknown.
    pub after: Value,
    /// `true` wherever a value is known only after apply.
    pub after_unknown: Value,
}

impl Workspace {
    /// A workspace with this configuration in `main.tf`, after a `terraform` block that names the provider.
    ///
    /// # Errors
    /// The provider does not build, or the folder cannot be written.
    pub async fn new(configuration: &str) -> Result<Self> {
        let binary = provider_binary().await?;
        let folder = binary.parent().context("the binary lies in a folder")?;
        let mut workspace = Self::overriding(&[("terraform-flink/flink", folder)])?;
        // What the provider would mend, and log as a bug of its own, fails a test.
        workspace.environment("TERRAFORM_PLUGIN_STRICT", "1");
        workspace.write(
            "terraform.tf",
            "terraform {\n  required_providers {\n    flink = {\n      source = \"terraform-flink/flink\"\n    }\n  }\n}\n",
        )?;
        workspace.write("main.tf", configuration)?;
        Ok(workspace)
    }

    /// A workspace with the files of a folder, as whoever copies them has it; `edit` changes their content on the way. A
    /// `terraform` block is added where none of them has one.
    ///
    /// # Errors
    /// As [`Self::new`], or the folder cannot be read.
    pub async fn of(folder: &Path, edit: impl Fn(&str) -> String) -> Result<Self> {
        let workspace = Self::new("").await?;
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).with_context(|| format!("failed to read {}", folder.display()))? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
            let name = name.with_context(|| format!("{} has a name in UTF-8", path.display()))?;
            if path.is_file() {
                files.push((name, edit(&std::fs::read_to_string(&path)?)));
            }
        }
        if files.iter().any(|(_, content)| content.contains("required_providers")) {
            std::fs::remove_file(workspace.folder.path().join("terraform.tf"))?;
        }
        for (name, content) in files {
            workspace.write(&name, &content)?;
        }
        Ok(workspace)
    }

    /// An empty workspace that takes providers, by source address, from the folders that hold their binaries.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn overriding(providers: &[(&str, &Path)]) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("flink-acceptance-").tempdir()?;
        let cli_config = folder.path().join("cli.tfrc");
        let mut workspace = Self {
            folder,
            program: program(),
            environment: Vec::new(),
        };
        workspace.environment("TF_CLI_CONFIG_FILE", &cli_config.display().to_string());
        // What the machine's own configuration says must not reach a test.
        for name in ["KUBECONFIG", "KUBE_CONFIG_PATH"] {
            workspace.environment(name, "");
        }
        workspace.take_providers_from(providers)?;
        Ok(workspace)
    }

    /// Takes providers from other folders from here on.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn take_providers_from(&self, providers: &[(&str, &Path)]) -> Result<()> {
        // OpenTofu's addresses begin with its own registry's name; each program takes the line that it knows.
        let overrides: String = providers
            .iter()
            .map(|(source, folder)| (source, folder.display()))
            .map(|(source, folder)| {
                format!("    \"{source}\" = \"{folder}\"\n    \"registry.opentofu.org/{source}\" = \"{folder}\"\n")
            })
            .collect();
        self.write(
            "cli.tfrc",
            &format!("provider_installation {{\n  dev_overrides {{\n{overrides}  }}\n  direct {{}}\n}}\n"),
        )
    }

    /// Drives another program from here on: one of [`programs`].
    pub fn drive(&mut self, program: &str) {
        program.clone_into(&mut self.program);
    }

    /// Sets an environment variable for every command from here on.
    pub fn environment(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Writes a file of the configuration.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, name: &str, content: &str) -> Result<()> {
        std::fs::write(self.folder.path().join(name), content).with_context(|| format!("failed to write {name}"))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A command that is ready to start, for tests that want to interrupt it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        for (name, value) in &self.environment {
            if value.is_empty() {
                command.env_remove(name)
            } else {
                command.env(name, value)
            };
        }
        command
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// The program cannot be started.
    pub async fn run(&self, arguments: &[&str]) -> Result<Outcome> {
        let output = self
            .command(arguments)
            .output()
            .await
            .with_context(|| format!("failed to run {}", self.program))?;
        Ok(Outcome::of(
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ))
    }

    /// `validate`, with its diagnostics.
    ///
    /// # Errors
    /// The program cannot be started.
    pub async fn validate(&self) -> Result<Outcome> {
        self.run(&["validate", "-json"]).await
    }

    /// `plan`, with its diagnostics; the plan is kept for [`Self::planned`].
    ///
    /// # Errors
    /// The program cannot be started.
    pub async fn plan(&self, more: &[&str]) -> Result<Outcome> {
        self.run(&[&["plan", "-json", "-input=false", "-out=plan.bin"], more].concat())
            .await
    }

    /// `apply -auto-approve`, with its diagnostics.
    ///
    /// # Errors
    /// The program cannot be started.
    pub async fn apply(&self, more: &[&str]) -> Result<Outcome> {
        self.run(&[&["apply", "-json", "-input=false", "-auto-approve"], more].concat())
            .await
    }

    /// `destroy -auto-approve`, with its diagnostics.
    ///
    /// # Errors
    /// The program cannot be started.
    pub async fn destroy(&self) -> Result<Outcome> {
        self.run(&["destroy", "-json", "-input=false", "-auto-approve"]).await
    }

    /// Plans, and says what that plan does to a resource.
    ///
    /// # Errors
    /// The plan fails, or does not mention the resource.
    pub async fn planned(&self, address: &str) -> Result<Change> {
        self.plan(&[]).await?.expect_success()?;
        let mut changes = self.changes().await?;
        changes
            .remove(address)
            .with_context(|| format!("the plan does not mention {address}"))
    }

    /// What the last [`Self::plan`] does, by the address of the resource.
    ///
    /// # Errors
    /// There is no plan.
    pub async fn changes(&self) -> Result<BTreeMap<String, Change>> {
        let shown = self.run(&["show", "-json", "plan.bin"]).await?.expect_success()?;
        let plan: Value = serde_json::from_str(&shown.stdout)?;
        let changes = plan["resource_changes"].as_array().into_iter().flatten();
        changes
            .map(|resource| {
                let address = resource["address"].as_str().context("a resource has an address")?;
                let change = &resource["change"];
                let change = Change {
                    actions: serde_json::from_value(change["actions"].clone())?,
                    before: change["before"].clone(),
                    after: change["after"].clone(),
                    after_unknown: change["after_unknown"].clone(),
                };
                Ok((address.to_owned(), change))
            })
            .collect()
    }

    /// Plans, and fails where that plan would change anything.
    ///
    /// # Errors
    /// The plan fails or is not empty; the message holds it.
    pub async fn expect_no_changes(&self) -> Result<()> {
        let outcome = self
            .run(&["plan", "-input=false", "-no-color", "-detailed-exitcode"])
            .await?;
        if !outcome.success {
            bail!("expected a plan without changes:\n{}{}", outcome.stdout, outcome.stderr);
        }
        Ok(())
    }

    /// The attributes of a resource in state, or nothing where it is not there.
    ///
    /// # Errors
    /// The state cannot be read.
    pub async fn state(&self, address: &str) -> Result<Option<Value>> {
        let shown = self.run(&["show", "-json"]).await?.expect_success()?;
        let state: Value = serde_json::from_str(&shown.stdout)?;
        let resources = state["values"]["root_module"]["resources"].as_array();
        Ok(resources
            .and_then(|resources| resources.iter().find(|resource| resource["address"] == address))
            .map(|resource| {
                let mut values = resource["values"].clone();
                if let Some(values) = values.as_object_mut() {
                    values.insert(
                        "tainted".into(),
                        resource["tainted"].as_bool().unwrap_or_default().into(),
                    );
                }
                values
            }))
    }
}
