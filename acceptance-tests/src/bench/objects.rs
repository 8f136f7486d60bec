//! One contestant with a number of objects: planned, applied, planned again without a change, destroyed.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use tempfile::TempDir;

use super::contestant::Contestant;
use super::statistics::Sample;
use super::traffic::{Counter, Traffic};
use super::usage::{self, Usage};
use crate::sandbox::{Namespace, Sandbox};
use crate::terraform::Workspace;

/// What was measured.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Plans of nothing but new objects.
    pub plan_new: Sample,
    /// The apply that made them, from its plan on. One only: it leaves objects behind.
    pub apply: Duration,
    /// Plans that find everything as it is.
    pub plan_unchanged: Sample,
    /// Their destruction.
    pub destroy: Duration,
    /// What the provider's processes took for the apply.
    pub apply_usage: Usage,
    /// What they took for a plan that finds everything as it is.
    pub plan_usage: Usage,
    /// What such a plan asks of the API server, where it asks anything.
    pub traffic: Traffic,
}

/// A contestant with a configuration, a state, and a namespace where its objects are in the cluster.
#[derive(Debug)]
pub struct Field<'a> {
    /// Who it is.
    pub contestant: &'a Contestant,
    workspace: Workspace,
    namespace: Option<Namespace>,
    folders: TempDir,
    times: Times,
    measured: Measured,
}

#[derive(Debug, Default)]
struct Times {
    plan_new: Vec<Duration>,
    plan_unchanged: Vec<Duration>,
}

/// Whether the provider is started as it is, or under a program that notes what it takes.
#[derive(Clone, Copy, Debug)]
enum Start {
    Plain,
    Noted,
}

impl<'a> Field<'a> {
    /// A field with the configuration of so many objects.
    ///
    /// # Errors
    /// The namespace cannot be made, or a folder cannot be written.
    pub async fn new(contestant: &'a Contestant, objects: usize, sandbox: &Sandbox) -> Result<Self> {
        let folders = tempfile::Builder::new().prefix("flink-bench-").tempdir()?;
        let namespace = if contestant.in_cluster {
            Some(sandbox.labelled_namespace("bench", &[FLINK_NONE]).await?)
        } else {
            None
        };
        let mut workspace = Workspace::overriding(&[])?;
        for (name, text) in contestant.configuration(objects, namespace.as_ref().map_or("bench", Namespace::name)) {
            workspace.write(&name, &text)?;
        }
        use_cluster(&mut workspace, sandbox.kubeconfig());
        let field = Self {
            contestant,
            workspace,
            namespace,
            folders,
            times: Times::default(),
            measured: Measured::default(),
        };
        field.put_binaries()?;
        field.start_provider(Start::Plain)?;
        Ok(field)
    }

    /// Times one plan of the objects that are not there yet.
    ///
    /// # Errors
    /// The plan fails, or finds nothing to do.
    pub async fn plan_new(&mut self) -> Result<()> {
        let time = self.plan(PlanEnd::Changes).await?;
        self.times.plan_new.push(time);
        Ok(())
    }

    /// Times the apply.
    ///
    /// # Errors
    /// The apply fails.
    pub async fn apply(&mut self) -> Result<()> {
        self.start_provider(Start::Noted)?;
        self.measured.apply = self
            .time(&["apply", "-input=false", "-no-color", "-auto-approve"], &[0])
            .await?;
        self.measured.apply_usage = usage::take(&self.notes())?;
        self.start_provider(Start::Plain)
    }

    /// Times one plan that finds everything as it is.
    ///
    /// # Errors
    /// The plan fails, or finds a change.
    pub async fn plan_unchanged(&mut self) -> Result<()> {
        let time = self.plan(PlanEnd::NoChanges).await?;
        self.times.plan_unchanged.push(time);
        Ok(())
    }

    /// Plans twice more, without timing: for what the provider takes, and for what it asks of the API server.
    ///
    /// # Errors
    /// A plan fails, or finds a change.
    pub async fn look_closer(&mut self, counter: &Counter, kubeconfig: &Path) -> Result<()> {
        self.start_provider(Start::Noted)?;
        self.plan(PlanEnd::NoChanges).await?;
        self.measured.plan_usage = usage::take(&self.notes())?;
        self.start_provider(Start::Plain)?;
        if self.contestant.in_cluster {
            let counted = self.folders.path().join("counted-kubeconfig");
            counter.write_kubeconfig(&counted)?;
            use_cluster(&mut self.workspace, &counted);
            counter.take();
            self.plan(PlanEnd::NoChanges).await?;
            self.measured.traffic = counter.take();
            use_cluster(&mut self.workspace, kubeconfig);
        }
        Ok(())
    }

    /// Destroys everything, and gives what was measured.
    ///
    /// # Errors
    /// The destroy fails.
    pub async fn destroy(mut self) -> Result<Measured> {
        self.measured.destroy = self
            .time(&["destroy", "-input=false", "-no-color", "-auto-approve"], &[0])
            .await?;
        Ok(Measured {
            plan_new: self.times.plan_new.into_iter().collect(),
            plan_unchanged: self.times.plan_unchanged.into_iter().collect(),
            ..self.measured
        })
    }

    /// The namespace, where the objects are in the cluster.
    pub fn namespace(&self) -> Option<&Namespace> {
        self.namespace.as_ref()
    }

    async fn plan(&self, end: PlanEnd) -> Result<Duration> {
        let arguments = ["plan", "-input=false", "-no-color", "-detailed-exitcode"];
        self.time(&arguments, &[end as i32]).await
    }

    async fn time(&self, arguments: &[&str], expected: &[i32]) -> Result<Duration> {
        let begun = Instant::now();
        let output = self
            .workspace
            .command(arguments)
            .output()
            .await
            .context("failed to run Terraform")?;
        let time = begun.elapsed();
        ensure!(
            output.status.code().is_some_and(|code| expected.contains(&code)),
            "{}: `{}` did not end as it should ({}):\n{}{}",
            self.contestant.name,
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(time)
    }

    fn notes(&self) -> PathBuf {
        self.folders.path().join("notes")
    }

    fn folder(&self, start: Start) -> PathBuf {
        self.folders.path().join(match start {
            Start::Plain => "plain",
            Start::Noted => "noted",
        })
    }

    /// Two folders with the provider as Terraform looks for it: itself, and a script that notes what it takes.
    fn put_binaries(&self) -> Result<()> {
        let Some(provider) = &self.contestant.provider else {
            return Ok(());
        };
        let kind = provider.source.rsplit('/').next().unwrap_or_default();
        let name = format!("terraform-provider-{kind}");
        for start in [Start::Plain, Start::Noted] {
            let folder = self.folder(start);
            std::fs::create_dir_all(&folder)?;
            match start {
                Start::Plain => std::os::unix::fs::symlink(&provider.program, folder.join(&name))?,
                Start::Noted => usage::shim(&folder.join(&name), &provider.program, &self.notes())?,
            }
        }
        Ok(())
    }

    fn start_provider(&self, start: Start) -> Result<()> {
        let Some(provider) = &self.contestant.provider else {
            return Ok(());
        };
        self.workspace
            .take_providers_from(&[(&provider.source, &self.folder(start))])
    }
}

/// How a plan ends: its exit code with `-detailed-exitcode`.
#[derive(Clone, Copy, Debug)]
enum PlanEnd {
    NoChanges = 0,
    Changes = 2,
}

/// No Flink runs: the jobs of a bench are statuses.
const FLINK_NONE: (&str, &str) = ("sandbox.terraform-provider-flink/flink", "none");

/// Names the cluster to the provider, whichever of the two usual variables it looks at.
fn use_cluster(workspace: &mut Workspace, kubeconfig: &Path) {
    for name in ["KUBECONFIG", "KUBE_CONFIG_PATH"] {
        workspace.environment(name, &kubeconfig.display().to_string());
    }
}

/// Stops the operator's stand-in in a namespace, or lets it work again: two hundred deployments that it looks at twice a
/// second would take a part of the machine that is not theirs in a plan.
///
/// # Errors
/// The namespace cannot be changed.
pub async fn rest(namespace: &Namespace, sandbox: &Sandbox, rest: bool) -> Result<()> {
    let value = if rest { json!("down") } else { json!(null) };
    let patch = json!({ "metadata": { "labels": { "sandbox.terraform-provider-flink/operator": value } } });
    Api::<k8s_openapi::api::core::v1::Namespace>::all(sandbox.client().await?)
        .patch(namespace.name(), &PatchParams::default(), &Patch::Merge(patch))
        .await
        .with_context(|| format!("failed to label the namespace {}", namespace.name()))?;
    Ok(())
}
